/**
 * Decide: message -> structure -> facts (examine.ts) -> for each recipient verdict, capability, plan -> one delivery row each.
 *
 * Reads the sealed message as a stream. The decisions themselves are pure (policy/, plan/, keys/keyring.ts); planning.ts joins them, and has keys looked
 * for where a plan could use them. Whatever the policy says, the deed is done in attempt.ts: a refused message or a plan without steps
 * becomes a queued delivery with nothing to try, whose attempt fails at once and tells the sender, in one transaction.
 */

import { randomUUIDv7 } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Tenant } from '../config/config.ts';
import type { Discovery } from '../keys/discover.ts';
import type { Harvest } from '../keys/harvest.ts';
import { addressKey, domainOf } from '../mail/address.ts';
import { agreedFields } from '../mail/agreed.ts';
import { type Structure, StructureParser } from '../mail/structure.ts';
import type { Plan } from '../plan/plan.ts';
import { wishOf } from '../plan/require-tls.ts';
import type { Facts } from '../policy/facts.ts';
import { levels, usualPriority, type Verdict } from '../policy/verdict.ts';
import { openText, sealText } from '../protect/seal.ts';
import type { Spool, SpoolRef } from '../spool/spool.ts';
import type { AnswerStore } from '../store/answer-port.ts';
import type { MessageRow, NewDelivery, Store } from '../store/store.ts';
import { type ExaminePorts, examineMessage, threadHash } from './examine.ts';
import { decideInbound, passedOn } from './inbound.ts';
import { sealKept } from './kept.ts';
import { atLeast, lookedFor, minimaOf, type Planned, planRecipient, type ToPlan, withLinks } from './planning.ts';
import type { InForce } from './policies.ts';
import { decideAnswer } from './portal-answer.ts';
import { type ToldPorts, toldOf } from './told.ts';

export type Decision = Parameters<Store['decided']>[0][number];

export type DecidePorts = ExaminePorts &
  ToldPorts & {
    readonly spool: Pick<Spool, 'read'>;
    readonly store: Pick<Store, 'keysFor' | 'threadLevel' | 'findMessages'> & {
      readonly answers: Pick<AnswerStore, 'audience'>;
    };
    readonly tenant: (id: string) => Tenant | undefined;
    readonly policy: (tenant: string) => InForce | undefined;
    /** Whether this gateway has a portal to wait in. */
    readonly portal: boolean;
    readonly masterKey: Buffer;
    /** Finds recipients' keys; null where no source of keys is set up. */
    readonly discovery: Discovery | null;
    /** Takes keys out of mail that passes; null where the settings say not to. */
    readonly harvest: Harvest | null;
  };

/** A message that cannot be decided at all (its tenant or policy is gone, its bytes are damaged) waits for a person, with the reason. */
export type Decided = { kind: 'decided'; decision: Decision } | { kind: 'held'; reason: string };

export async function decide(message: MessageRow, ports: DecidePorts): Promise<Decided> {
  if (message.kind !== 'submitted' && message.kind !== 'inbound' && message.kind !== 'answer')
    return { kind: 'decided', decision: decideOwn(message) };
  const tenant = ports.tenant(message.tenant);
  if (tenant === undefined)
    return { kind: 'held', reason: `Tenant "${message.tenant}" is no longer in the configuration.` };
  if (message.kind === 'answer') return await decideAnswer(message, tenant, ports);
  if (message.kind === 'inbound')
    return { kind: 'decided', decision: await decideInbound(message, tenant, ports.spool) };
  const inForce = ports.policy(message.tenant);
  if (inForce === undefined)
    return { kind: 'held', reason: `The policy of tenant "${message.tenant}" could not be loaded.` };

  const { policy } = inForce;
  const structure = await readStructure(ports.spool, message.spool);
  const facts = await factsOfMessage(structure, message, tenant, inForce, ports);
  const { fields } = structure;
  await ports.harvest?.({ fields, messageId: message.messageId, signature: null });
  const wish = wishOf(message.smtp.requireTls === true, fields, tenant.honourTlsRequiredNo);
  const all = await planAll({ facts, policy, tenant, wish }, ports);
  const planned = all.map((each) => withLinks(each, structure, ports.portal));
  const seal = subjectSealer(message.id, ports.masterKey);
  const deliveries = planned.map((each) => deliveryOf(message.id, withoutAgreed(each, facts), seal));
  const capabilities = Object.fromEntries(planned.map(({ verdict, capability }) => [verdict.recipient, capability]));
  return {
    kind: 'decided',
    decision: {
      messageId: message.id,
      sealedFacts: sealKept(ports.masterKey, message.id, {
        facts,
        capabilities,
        ...minimaOf(tenant),
        portal: ports.portal,
      }),
      policyVersion: policy.version,
      deliveries,
      thread: threadOf(message, planned),
      messages: await toldOf({ message, tenant, facts, planned }, ports),
      events: [
        {
          kind: 'message.decided',
          tenant: tenant.id,
          message: message.id,
          policy: policy.version,
          deliveries: deliveries.length,
        },
        ...deliveries.filter((delivery) => delivery.state === 'held').map((delivery) => heldEvent(delivery)),
      ],
    },
  };
}

async function factsOfMessage(
  structure: Structure,
  message: MessageRow,
  tenant: Tenant,
  { policy, groups }: InForce,
  ports: DecidePorts,
): Promise<Facts> {
  const envelope = { from: message.mailFrom, recipients: message.recipients };
  const read = (range: { start: number; end: number }): AsyncIterable<Uint8Array> =>
    ports.spool.read(message.spool, range);
  const { receivedAt } = message;
  return examineMessage({ structure, read, tenant, envelope, receivedAt, policy, groups }, ports);
}

/** Milliseconds of one go at the recipients of a message; in between others have their turn. */
const turn = 20;

type Common = Pick<ToPlan, 'facts' | 'policy' | 'tenant' | 'wish'>;

async function planAll(common: Common, ports: DecidePorts): Promise<Planned[]> {
  const planned: { readonly first: Planned; readonly input: ToPlan }[] = [];
  let since = performance.now();
  for (const recipient of common.facts.envelope.recipients) {
    if (performance.now() - since > turn) {
      await setImmediate();
      since = performance.now();
    }
    const rows = await ports.store.keysFor(addressKey(recipient));
    const input = { ...common, recipient, rows, portal: ports.portal, now: ports.now() };
    planned.push({ first: planRecipient(input), input });
  }
  return Promise.all(planned.map(({ first, input }) => lookedFor(first, input, ports.discovery)));
}

/** What an answer to this message is to know: how strictly it left at most, or will leave once a person releases it. */
function threadOf(message: MessageRow, planned: readonly Planned[]): NonNullable<Decision['thread']> | null {
  const leaving = planned.map(({ verdict: { level, released } }) =>
    level === 'hold' ? atLeast(released, 'transport') : level,
  );
  const level = levels.findLast((each) => each !== 'refuse' && leaving.includes(each)) ?? 'none';
  if (level === 'none' || message.messageId === '') return null;
  return { hash: threadHash(message.tenant, message.messageId), level };
}

async function readStructure(spool: Pick<Spool, 'read'>, ref: SpoolRef): Promise<Structure> {
  const parser = new StructureParser();
  for await (const chunk of spool.read(ref)) parser.push(chunk);
  return parser.end();
}

/** A new Subject is content, so it is stored sealed; the same for all recipients who get the same, so that they can share a transaction. */
function subjectSealer(messageId: string, masterKey: Buffer): (subject: string) => string {
  const sealed = new Map<string, string>();
  return (subject) => {
    const known = sealed.get(subject) ?? sealText(masterKey, subject, subjectContext(messageId));
    sealed.set(subject, known);
    return known;
  };
}

/** The Subject that a delivery's `subject` holds sealed. */
export function openSubject(masterKey: Buffer, messageId: string, sealed: string): string {
  return openText(masterKey, sealed, subjectContext(messageId));
}

function subjectContext(messageId: string): string {
  return `subject ${messageId}`;
}

/** What was agreed with the recipient is for us alone, whatever the rules say. */
function withoutAgreed(planned: Planned, facts: Facts): Planned {
  const given = agreedFields.filter((name) => facts.headers.some((header) => header.name === name.toLowerCase()));
  if (given.length === 0) return planned;
  const { headers } = planned.verdict;
  return {
    ...planned,
    verdict: { ...planned.verdict, headers: { ...headers, remove: [...headers.remove, ...given] } },
  };
}

function deliveryOf(
  messageId: string,
  { verdict, plan, steps }: Planned,
  seal: (subject: string) => string,
): NewDelivery {
  return {
    id: randomUUIDv7(),
    messageId,
    recipient: verdict.recipient,
    destination: domainOf(verdict.recipient),
    level: verdict.level,
    rules: verdict.rules,
    because: reasonsOf(verdict, plan),
    steps,
    otherwise: plan.kind === 'deliver' ? plan.otherwise : 'bounce',
    subject: verdict.subjectChanged ? seal(verdict.subject) : null,
    actions: {
      headers: verdict.headers,
      expires: verdict.expires,
      reply: verdict.reply,
      hideSubject: verdict.hideSubject,
      sign: verdict.sign,
      legacyDisplay: verdict.legacyDisplay,
      proof: verdict.proof,
      receipts: verdict.receipts,
      linkFilesOver: verdict.linkFilesOver,
    },
    priority: verdict.priority ?? usualPriority,
    state: plan.kind === 'hold' ? 'held' : 'queued',
    status: plan.kind === 'hold' ? '4.7.0' : '',
  };
}

/** Sentences that a row holds about rules: all there are up to this many, else this many of rules that matched. */
const mostReasons = 100;

/**
 * Why, for the row. A policy of many rules would say nearly the same of each recipient of a message, in megabytes; then the rules that did not match
 * are only counted, as `postern explain` names them all.
 */
export function reasonsOf({ because }: Pick<Verdict, 'because'>, plan: Pick<Plan, 'because'>): string[] {
  const about = because.filter((sentence) => sentence.startsWith('Rule "'));
  if (about.length <= mostReasons) return [...because, ...plan.because];
  const matched = about.filter((sentence) => !tellsOfMiss(sentence));
  const misses = about.length - matched.length;
  const unsaid = matched.length - mostReasons;
  return [
    ...matched.slice(0, mostReasons),
    ...(unsaid > 0 ? [`${unsaid} more rules matched (postern explain names them).`] : []),
    ...(misses > 0 ? [`${misses} other rules did not match (postern explain names them).`] : []),
    ...because.filter((sentence) => !sentence.startsWith('Rule "')),
    ...plan.because,
  ];
}

/** evaluate.ts begins a sentence with the rule's name and whether it matched; what comes first counts, as the reason may quote anything. */
function tellsOfMiss(sentence: string): boolean {
  const miss = sentence.indexOf('" did not match: ');
  const match = sentence.indexOf('" matched: ');
  return miss >= 0 && (match < 0 || miss < match);
}

function heldEvent(delivery: NewDelivery): Decision['events'][number] {
  return {
    kind: 'delivery.held',
    message: delivery.messageId,
    delivery: delivery.id,
    recipient: delivery.recipient,
    reason: delivery.because.at(-1) ?? 'policy',
  };
}

/** Our own notices hold no content, so no policy is asked: opportunistic TLS to where they belong. */
function decideOwn(message: MessageRow): Decision {
  const because = [`Postern's own ${message.kind} message; it carries no content that needs protection.`];
  // Somebody sits before a browser and waits for a code.
  const priority = message.kind === 'code' ? 0 : usualPriority;
  return passedOn(message, { because, step: { method: 'none', tls: 'may', keys: [] }, priority });
}
