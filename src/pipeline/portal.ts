/**
 * The portal's part of an attempt: `publish` makes a link and the notification that carries it, while the message stays sealed where it is;
 * `withdraw` ends the wait when the notification could not be delivered, since nobody would ever come for the message. `publicationOf` is what the
 * portal is to know of a delivery; linked.ts uses it, too, for files that wait while the rest of the message leaves.
 *
 * The portal never has the master key. What it needs of a message is wrapped for its own key as the message is published: the data key, and a card with
 * what a list shows.
 */
import { createHash, hkdfSync } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { addressKey } from '../mail/address.ts';
import { agreedIn } from '../mail/agreed.ts';
import { authorsOf, type Field, parseHeader, valuesOf } from '../mail/header.ts';
import type { Outcome } from '../plan/delivery.ts';
import type { Proof } from '../policy/verdict.ts';
import { hashPassword } from '../protect/password.ts';
import { openText, sealText } from '../protect/seal.ts';
import { itemKey } from '../spool/items.ts';
import type { Passphrase, Publication } from '../store/portal-port.ts';
import type { ClaimedDelivery, Settlement, Store } from '../store/store.ts';
import type { Conclusion } from './attempt.ts';
import { openSubject } from './decide.ts';
import { threadHash } from './examine.ts';
import { type Ended, type NoticePorts, noticesFor, portalNotice } from './notices.ts';
import { nextReminder } from './reminder-time.ts';
import { readHeader } from './stored-header.ts';
import type { VoicePorts } from './voice.ts';

type PortalPorts = NoticePorts & { readonly store: Pick<Store, 'findMessages'> };

/** What lists and threads show of a message without its octets being read. Content, so it is stored sealed. */
export type PortalCard = {
  /** As policy chose it. */
  readonly subject: string;
  /** Whether that is not what the sender wrote. */
  readonly subjectChanged: boolean;
  readonly from: { readonly name: string; readonly address: string };
  /** Of the message itself, with its angle brackets, or empty. */
  readonly messageId: string;
  /** Of what it answers, oldest first. */
  readonly references: readonly string[];
};

/** What seals for the portal: the setting `web.key`, or derived from the master key. RFC 5869 section 3.2. */
export function portalKeyOf({ web, masterKey }: Pick<Config, 'web' | 'masterKey'>): Buffer {
  if (web !== null && web.key !== null) return web.key;
  if (masterKey.length !== 32) throw new Error('a process without master key needs the setting web.key');
  return Buffer.from(hkdfSync('sha256', masterKey, '', 'postern portal', 32));
}

export function sealCard(portalKey: Buffer, delivery: string, card: PortalCard): string {
  return sealText(portalKey, JSON.stringify(card), `card ${delivery}`);
}

/** Throws SealBroken. */
export function openCard(portalKey: Buffer, delivery: string, sealed: string): PortalCard {
  return JSON.parse(openText(portalKey, sealed, `card ${delivery}`)) as PortalCard;
}

/** What the portal is to know of a delivery, and the token of its link. */
export type NewPublication = {
  readonly row: Publication;
  readonly card: PortalCard;
  readonly token: string;
};

/** Null when a rule demands a passphrase and none was agreed. Nothing is published by this alone. */
export async function publicationOf(delivery: ClaimedDelivery, ports: NoticePorts): Promise<NewPublication | null> {
  const { web, masterKey } = ports.config;
  if (web === null) throw new Error('something is to wait in the portal but the gateway has none');
  const { id, recipient, actions, message } = delivery;
  const fields = parseHeader(await readHeader(message, ports.spool));
  const passphrase = await hashAgreed(fields);
  const demand: Proof = passphrase === null ? (actions.proof ?? 'code') : 'passphrase';
  if (demand === 'passphrase' && passphrase === null) return null;
  const token = tokenOf(masterKey, id);
  const publishedAt = ports.now();
  const expiresAt = publishedAt + (actions.expires ?? web.keepFor);
  const key = portalKeyOf(ports.config);
  const card = cardOf(delivery, fields, ports);
  const row = {
    tenant: message.tenant,
    address: addressKey(recipient),
    tokenHash: hashToken(token),
    publishedAt,
    expiresAt,
    itemKey: itemKey({ master: masterKey, portal: key }, { delivery: id, spool: message.spool }),
    card: sealCard(key, id, card),
    thread: threadOf(delivery, fields),
    demand,
    passphrase,
    link: sealText(masterKey, token, linkContext(id)),
    remindAt: nextReminder(remindersOf(message.tenant, ports.config), { publishedAt, expiresAt }, publishedAt),
  };
  return { row, card, token };
}

/** Of a delivery the same at each attempt: a copy that left before a crash has a link that works. RFC 5869 section 3.2. */
function tokenOf(masterKey: Buffer, delivery: string): string {
  return Buffer.from(hkdfSync('sha256', masterKey, '', `portal link ${delivery}`, 32)).toString('base64url');
}

export async function publish(delivery: ClaimedDelivery, ports: NoticePorts & VoicePorts): Promise<Conclusion> {
  const { id, messageId, recipient, step, attempts, warned, actions } = delivery;
  const publication = await publicationOf(delivery, ports);
  if (publication === null) return nothingAgreed(delivery, ports);
  const { row: portal, card, token } = publication;
  const { expiresAt, demand } = portal;
  // The notification travels as any mail: it names the Subject only where a rule says that it may be read outside.
  const subject = actions.hideSubject === false ? card.subject : null;
  return {
    settlements: [
      {
        id,
        step,
        warned,
        state: 'waiting',
        attempts: attempts + 1,
        nextAt: 0,
        status: '2.0.0',
        reason: 'Waiting in the portal.',
        remote: delivery.remote,
        portal,
      },
    ],
    messages: [await portalNotice(delivery, { token, expiresAt, demand, subject }, ports)],
    events: [{ kind: 'delivery.waiting', message: messageId, delivery: id, recipient, expiresAt }],
  };
}

function cardOf({ message, subject }: ClaimedDelivery, fields: readonly Field[], ports: NoticePorts): PortalCard {
  const [author] = authorsOf(fields).mailboxes;
  const chosen = subject === null ? null : openSubject(ports.config.masterKey, message.id, subject);
  return {
    subject: chosen ?? valuesOf(fields, 'subject')[0] ?? '',
    subjectChanged: chosen !== null,
    from: { name: author?.name ?? '', address: author?.address ?? message.mailFrom },
    messageId: message.messageId,
    references: answeredBy(fields).slice(-50),
  };
}

/** The Message-IDs a message refers to, oldest first. RFC 5322 section 3.6.4. */
function answeredBy(fields: readonly Field[]): string[] {
  const named = [...valuesOf(fields, 'references'), ...valuesOf(fields, 'in-reply-to')].join(' ');
  return [...new Set(named.match(/<[^<>\s]{1,250}>/g) ?? [])];
}

/** A conversation goes by the message that began it, as far as its headers say. */
function threadOf({ message, id }: ClaimedDelivery, fields: readonly Field[]): string {
  const root = answeredBy(fields)[0] ?? message.messageId;
  return threadHash(message.tenant, root === '' ? id : root);
}

async function hashAgreed(fields: readonly Field[]): Promise<Passphrase | null> {
  const agreed = agreedIn(fields);
  return agreed === null ? null : { question: agreed.question, hash: await hashPassword(agreed.answer) };
}

/** A rule demands what nobody agreed on: better back to its sender than open to whoever reads the mailbox. */
export const notAgreed = {
  kind: 'failed',
  scope: 'recipient',
  status: '5.7.0',
  reason: 'Policy asks for a passphrase agreed with the recipient, and this message came without one.',
  remote: null,
} as const satisfies Outcome;

async function nothingAgreed(delivery: ClaimedDelivery, ports: NoticePorts): Promise<Conclusion> {
  const { id, messageId, recipient, step, attempts, warned, message, remote } = delivery;
  const { status, reason } = notAgreed;
  const settled = { state: 'failed', step, attempts: attempts + 1, nextAt: 0, status, reason, warned } as const;
  const outcome = notAgreed;
  const settlement: Settlement = { id, remote, ...settled };
  const next: Ended['next'] = { ...settled, notify: 'failure', fellBackTo: null };
  return {
    settlements: [settlement],
    messages: await noticesFor(message, [{ delivery, outcome, next }], ports),
    events: [
      { kind: 'delivery.failed', message: messageId, delivery: id, recipient, method: 'portal', status, reason },
    ],
  };
}

function remindersOf(tenant: string, { tenants }: Pick<Config, 'tenants'>): readonly number[] {
  return tenants.find(({ id }) => id === tenant)?.senders.reminders ?? [];
}

export function linkContext(delivery: string): string {
  return `link ${delivery}`;
}

/** What looks for a link knows its token by this; the token itself is kept sealed, for reminders. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/**
 * When what ended is a notification that failed: the delivery it announced fails too, and the sender's report is about that. Null when it is
 * something else, or nobody waits for it any more.
 */
export async function withdraw(ended: readonly Ended[], ports: PortalPorts): Promise<Conclusion | null> {
  const [notification] = ended;
  const about = notification?.delivery.message.about;
  if (notification === undefined || about === undefined || notification.next.state !== 'failed') return null;
  const waiting = await waitingDelivery(about, ports);
  if (waiting === null) return null;
  const { outcome, next } = notification;
  const reason = `The notification that the message waits in the portal could not be delivered: ${next.reason}`;
  return failWaiting(waiting, { ...next, reason }, outcome, ports);
}

async function waitingDelivery(id: string, ports: PortalPorts): Promise<ClaimedDelivery | null> {
  const [found] = await ports.store.findMessages(id);
  const delivery = found?.deliveries.find((row) => row.id === id && row.state === 'waiting');
  return found === undefined || delivery === undefined ? null : { ...delivery, message: found.message };
}

async function failWaiting(
  delivery: ClaimedDelivery,
  next: Ended['next'],
  outcome: Outcome,
  ports: NoticePorts,
): Promise<Conclusion> {
  const { id, messageId, recipient, step, attempts, warned, message } = delivery;
  const { status, reason } = next;
  const remote = outcome.kind === 'waiting' ? null : outcome.remote;
  return {
    settlements: [{ id, state: 'failed', step, attempts, nextAt: 0, status, reason, remote, warned }],
    messages: await noticesFor(message, [{ delivery, outcome, next }], ports),
    events: [
      { kind: 'delivery.failed', message: messageId, delivery: id, recipient, method: 'portal', status, reason },
    ],
  };
}
