/**
 * What a person wrote in the portal, on its way (kind `answer`). It is content, as secret as the message it answers.
 *
 * `storeAnswer` is the portal's side: the octets, sealed for the portal as they stream by. `decideAnswer` is the work role's, which trusts the portal with
 * nothing: to the tenant's own people it goes over the TLS that the setting `inbound` demands, verified at least; to others only where they wait for, or have
 * opened, the very message it answers, and then into the portal. As mail it goes outside only to who wrote it, where the tenant gives copies, and over
 * verified TLS or not at all. Everything else goes nowhere. `answerNotices` tells the person when it could not be delivered. Until then it is tried again like all mail, since what lacks on the way an admin can mend.
 *
 * The answer joins the threads that left protected, at the level of what it answers and `message` at least, so that what staff write back is protected
 * by the rule about threads, keyword or not: it will quote what was written for nobody else's eyes.
 */
import { randomUUIDv7 } from 'node:crypto';
import type { Tenant, Writing } from '../config/config.ts';
import { addressKey, domainOf, parseMailboxes } from '../mail/address.ts';
import { undeliveredMessage } from '../mail/answer.ts';
import { type Field, fieldsNamed, parseHeader, valuesOf } from '../mail/header.ts';
import type { Step } from '../plan/plan.ts';
import { threadIdsOf } from '../policy/facts.ts';
import { noActions, type Proof, usualPriority } from '../policy/verdict.ts';
import type { ItemSpool } from '../spool/items.ts';
import type { Spool } from '../spool/spool.ts';
import type { AnswerStore } from '../store/answer-port.ts';
import type { MessageRow, NewDelivery, NewMessage, Store } from '../store/store.ts';
import type { Decided } from './decide.ts';
import { threadHash } from './examine.ts';
import { passedOn } from './inbound.ts';
import type { Ended, NoticePorts } from './notices.ts';
import { atLeast } from './planning.ts';
import { readHeader } from './stored-header.ts';

export type PortalAnswer = {
  readonly id: string;
  readonly tenant: string;
  /** Reverse-path: our own address in the tenant's domain. */
  readonly mailFrom: string;
  readonly recipients: readonly string[];
  /** With the blank line; from composeAnswer. */
  readonly header: Buffer;
  readonly body: AsyncIterable<Uint8Array>;
  /** As for the message it answers. */
  readonly requireTls: boolean;
};

/** Resolves when the octets are on stable storage; whoever wants them delivered hands the row to the work role. Rejects with SpoolFull, and leaves nothing. */
export async function storeAnswer(
  answer: PortalAnswer,
  items: Pick<ItemSpool, 'create'>,
  receivedAt: number,
): Promise<NewMessage> {
  const { id, tenant, mailFrom, recipients, header } = answer;
  const writer = await items.create();
  try {
    await writer.write(header);
    for await (const chunk of answer.body) await writer.write(chunk);
    const spool = await writer.commit();
    const utf8 = [mailFrom, ...recipients].some((address) => /[^\x20-\x7e]/.test(address));
    const smtp = { eightBit: false, utf8, ret: null, envid: null, dsn: {} } as const;
    return {
      id,
      tenant,
      kind: 'answer',
      mailFrom,
      recipients,
      messageId: valuesOf(parseHeader(header), 'message-id')[0] ?? '',
      size: spool.size,
      headerSize: header.length,
      receivedAt,
      spool,
      smtp: answer.requireTls ? { ...smtp, requireTls: true } : smtp,
    };
  } catch (error) {
    await writer.abort().catch(() => {});
    throw error;
  }
}

type AnswerPorts = {
  readonly spool: Pick<Spool, 'read'>;
  readonly store: Pick<Store, 'threadLevel' | 'findMessages'> & { readonly answers: Pick<AnswerStore, 'audience'> };
  readonly now: () => number;
};

export async function decideAnswer(
  message: MessageRow,
  { domains, inbound, portal }: Pick<Tenant, 'domains' | 'inbound'> & { readonly portal: Pick<Writing, 'ownCopies'> },
  ports: AnswerPorts,
): Promise<Decided> {
  if (!domains.includes(domainOf(message.mailFrom)))
    return {
      kind: 'held',
      reason: 'An answer from the portal comes from an address outside the domains of its tenant.',
    };
  const fields = parseHeader(await readHeader(message, ports.spool));
  const ids = threadIdsOf(fields);
  const hashes = ids.map((id) => threadHash(message.tenant, id));
  const left = hashes.length === 0 ? null : await ports.store.threadLevel(message.tenant, hashes);
  const others = message.recipients.some((recipient) => !domains.includes(domainOf(recipient)));
  const audience = others ? await audienceOf(message.tenant, ids, ports) : new Map<string, Proof>();

  const person = portal.ownCopies === 'whole' ? writerOf(fields) : null;
  const writer = person === null ? '' : addressKey(person);
  const asked = inbound?.tls ?? 'verify';
  const step: Step = { method: 'tls', tls: asked === 'may' || asked === 'encrypt' ? 'verify' : asked, keys: [] };
  const because = [`What a person wrote in the portal, for the people of ${message.tenant}.`];
  const decision = passedOn(message, { because, step, priority: usualPriority });
  return {
    kind: 'decided',
    decision: {
      ...decision,
      deliveries: decision.deliveries.map((delivery) =>
        domains.includes(delivery.destination)
          ? { ...delivery, level: 'transport' }
          : toReader(delivery, audience.get(addressKey(delivery.recipient)) ?? null, writer),
      ),
      thread:
        message.messageId === ''
          ? null
          : { hash: threadHash(message.tenant, message.messageId), level: atLeast(left ?? 'message', 'message') },
    },
  };
}

/** Who else reads what is answered in the portal, and what each must prove for it. What a passphrase guards was agreed for one message only. */
async function audienceOf(
  tenant: string,
  ids: readonly string[],
  { store, now }: AnswerPorts,
): Promise<Map<string, Proof>> {
  const audience = new Map<string, Proof>();
  for (const id of ids) {
    for (const { message } of await store.findMessages(id)) {
      if (message.tenant !== tenant) continue;
      for (const { address, demand } of await store.answers.audience(message.id, now()))
        if (demand !== 'passphrase') audience.set(address, demand);
    }
  }
  return audience;
}

/** Somebody who is not the tenant's: in the portal, for as much proof as what is answered demands; without a right to that, not at all. */
function toReader(delivery: NewDelivery, demand: Proof | null, writer: string): NewDelivery {
  if (demand !== null && addressKey(delivery.recipient) === writer) {
    const because = [...delivery.because, 'The recipient wrote it, and asked for a copy.'];
    const steps: Step[] = [{ method: 'tls', tls: 'verify', keys: [] }];
    return { ...delivery, level: 'transport', otherwise: 'drop', steps, because };
  }
  const level = 'portal';
  if (demand === null) {
    const why =
      'The recipient is neither one of its people nor a reader of the message that is answered, so it is not sent there.';
    return { ...delivery, level, steps: [], because: [...delivery.because, why] };
  }
  const why = 'The recipient reads the message that is answered in the portal, and this there too.';
  const steps: Step[] = [{ method: 'portal', tls: 'verify', keys: [] }];
  return { ...delivery, level, steps, actions: { ...noActions, proof: demand }, because: [...delivery.because, why] };
}

/** The address that composeAnswer names for replies; null when there is none. */
function writerOf(fields: readonly Field[]): string | null {
  const [replyTo] = fieldsNamed(fields, 'reply-to');
  const [person] = replyTo === undefined ? [] : parseMailboxes(replyTo.raw).mailboxes;
  return person?.address ?? null;
}

/** The letter to the person whose answer could not be delivered. That it only takes longer, the portal says where the answer is shown. */
export async function answerNotices(
  message: MessageRow,
  ended: readonly Ended[],
  { config, spool, own, now }: NoticePorts,
): Promise<NewMessage[]> {
  const all = ended.filter(({ next }) => next.notify === 'failure');
  const tenant = config.tenants.find(({ id }) => id === message.tenant);
  // Without its octets nobody knows whose it was; the portal still says what became of it.
  if (all.length === 0 || tenant === undefined || message.spool.wrappedKey === '') return [];
  const person = writerOf(parseHeader(await readHeader(message, spool)));
  // Who does not get their own copy has what they wrote in the portal.
  const failed = all.filter(({ delivery }) => person !== null && addressKey(delivery.recipient) !== addressKey(person));
  if (person === null || failed.length === 0) return [];
  const bytes = undeliveredMessage({
    from: message.mailFrom,
    to: person,
    whom: failed.map(({ delivery }) => delivery.recipient),
    sentAt: message.receivedAt,
    voice: tenant.branding,
    messageId: `<${randomUUIDv7()}@${config.hostname}>`,
    date: now(),
  });
  const requireTls = message.smtp.requireTls === true;
  return [await own({ tenant: message.tenant, kind: 'notice', mailFrom: '', to: person, bytes, requireTls })];
}
