/**
 * Sending a draft: whom it goes to is asked again, the message is made of the text and the files as they stream by, and then the draft becomes a sent one and
 * the message is handed to the work role, in one transaction. Whoever presses twice sends once. What could not be sent stays a draft.
 */
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import type { Context } from 'hono';
import type { Event } from '../event/event.ts';
import { addressKey, canonicalAddress, domainOf, type Mailbox } from '../mail/address.ts';
import { composeAnswer, receiptMessage, replySubject } from '../mail/answer.ts';
import { serviceAddress } from '../mail/compose.ts';
import { authorsOf } from '../mail/header.ts';
import { threadHash } from '../pipeline/examine.ts';
import { storeAnswer } from '../pipeline/portal-answer.ts';
import type { NewMessage } from '../store/store.ts';
import { type Addressees, isOfTenant, mostAddressees, nameIn, ownCopyOf, replyTo, replyToAll } from './answer-rules.ts';
import { answered, knownWriters, serviceName } from './answer-whom.ts';
import { type Content, removeBlobs, sealContent, type Written, writingOf } from './drafts.ts';
import { viewOf } from './message.ts';
import type { Problem } from './pages/answer.ts';
import { cardOf, domainsOf } from './ports.ts';
import type { ReadingShared } from './reading.ts';
import { clientOf, type Env } from './request.ts';
import { bestAt } from './rights.ts';
import { filesOf, type KeptFile, octetsOf } from './uploads.ts';

/** Octets of what is answered that stand below an answer. */
const maxQuote = 100_000;

/** What was made, before it is handed over. */
type Made = {
  readonly message: NewMessage;
  readonly content: Content;
  readonly thread: string;
  readonly expiresAt: number;
};

export async function sendAnswer(c: Context<Env>, shared: ReadingShared, draft: Written): Promise<'sent' | Problem> {
  const { ports, now } = shared;
  const { answer, content } = draft;
  const files = await filesOf(ports, answer.id);
  if (content.text.trim() === '' && files.length === 0) return 'empty';
  if (files.some(({ size, stored }) => size !== stored)) return 'incomplete';
  const whom = await addressees(shared, draft);
  if (typeof whom === 'string') return whom;
  const { perHour } = writingOf(answer.tenant, ports);
  const times = await ports.store.countFailure(`answers ${answer.tenant} ${answer.address}`, now());
  if (times > perHour) {
    ports.emit({ kind: 'portal.limited', delivery: answer.delivery, client: clientOf(c), reason: 'answers' });
    return 'often';
  }
  let made: Made;
  try {
    made = await make(shared, draft, whom, files);
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown error';
    ports.emit({ kind: 'service.failed', component: 'web', error: name });
    return 'failed';
  }
  const events = [eventOf(c, draft)];
  const sent = await ports.answers.send(answer.id, {
    ...made,
    content: sealContent(ports.key, answer.id, made.content),
    files: new Map(files.map(({ id, stored }) => [id, stored])),
    now: now(),
    events,
  });
  if (!sent) {
    await removeBlobs(ports, [made.message.spool.id]);
    // Sent by another press of the button, or its files changed.
    return (await ports.answers.find(answer.id, now()))?.state === 'sent' ? 'sent' : 'changed';
  }
  for (const event of events) ports.emit(event);
  ports.wake();
  if (content.receipt && ownCopyOf(draft.row, writingOf(answer.tenant, ports)) === 'receipt')
    await mailReceipt(c, shared, draft, made, files.length);
  return 'sent';
}

async function addressees(shared: ReadingShared, draft: Written): Promise<Addressees | 'nobody' | 'address'> {
  const { ports } = shared;
  const { answer, content, row } = draft;
  if (row !== null) {
    const message = await answered(shared, row);
    const whom = content.kind === 'all' ? replyToAll(message) : replyTo(message);
    return whom.to.length + whom.cc.length === 0 ? 'nobody' : whom;
  }
  const rule = writingOf(answer.tenant, ports).newMessages;
  if (rule === 'off') return 'nobody';
  const place = { domains: domainsOf(answer.tenant, ports), service: serviceName(answer.tenant, ports) };
  const typed = content.to.split(/[,;\s]+/).filter((text) => text !== '');
  const found = typed.map((text) => canonicalAddress(text));
  const known = rule === 'known' ? new Set((await knownWriters(shared, answer)).map(addressKey)) : null;
  const fine = found.filter(
    (address) => address !== null && isOfTenant(address, place) && (known === null || known.has(addressKey(address))),
  );
  if (typed.length === 0 || fine.length !== found.length || fine.length > mostAddressees) return 'address';
  const to = new Map(fine.map((address) => [addressKey(address ?? ''), { name: '', address: address ?? '' }]));
  return { to: [...to.values()], cc: [] };
}

/** The message, sealed in the spool. */
async function make(
  shared: ReadingShared,
  draft: Written,
  whom: Addressees,
  files: readonly KeptFile[],
): Promise<Made> {
  const { ports, now } = shared;
  const { answer, content, row, session } = draft;
  const { id, tenant } = answer;
  const branding = ports.tenants.find((known) => known.id === tenant)?.branding;
  if (branding === undefined) throw new Error('an answer to a tenant that is gone');
  const card = row === null ? null : cardOf(row, ports);
  const fields = row === null ? [] : (await shared.messages.structure(row)).fields;
  const own = row?.delivery.recipient ?? answer.address;
  const first = [...whom.to, ...whom.cc][0]?.address ?? '';
  const from = serviceAddress(row?.message.mailFrom ?? first, domainsOf(tenant, ports), branding.from);
  // Not the id: nobody is to know it, and with it the boundaries of the message, before it is made.
  const messageId = `<${randomUUID()}@${domainOf(from)}>`;
  const subject = card === null ? content.subject : replySubject(card.subject);
  const { header, body } = composeAnswer({
    from,
    person: { name: bestAt(answer, session)?.member?.name ?? nameIn(fields, own), address: own },
    ...whom,
    subject,
    text: content.text,
    quote: content.quote ? await quoteOf(shared, draft) : null,
    messageId,
    thread: card === null ? [] : [...card.references, card.messageId],
    date: now(),
    language: branding.language,
    timeZone: branding.timeZone,
    files: files.map(({ id: file, name, type }) => ({ name, type, octets: octetsOf(ports, file) })),
  });
  const copies = content.receipt && ownCopyOf(row, writingOf(tenant, ports)) === 'whole' ? [own] : [];
  const recipients = [...new Set([...[...whom.to, ...whom.cc].map(({ address }) => address), ...copies])];
  const requireTls = row?.message.smtp.requireTls === true;
  const message = await storeAnswer(
    { id, tenant, mailFrom: from, recipients, header, body, requireTls },
    ports.items,
    now(),
  );
  return {
    message,
    content: { ...content, subject, sentTo: whom.to, sentCc: whom.cc },
    thread: row?.thread ?? threadHash(tenant, messageId),
    expiresAt: row?.expiresAt ?? now() + ports.keepFor,
  };
}

/** What is answered, as far as it is text; null when there is none. */
async function quoteOf(
  { messages, ports }: ReadingShared,
  { row }: Written,
): Promise<{ who: string; at: number; text: string } | null> {
  if (row === null) return null;
  const structure = await messages.structure(row);
  const { plain } = viewOf(structure, null);
  const { text } = await messages.text(row, plain, maxQuote);
  if (text.trim() === '') return null;
  const author: Mailbox = authorsOf(structure.fields).mailboxes[0] ?? cardOf(row, ports).from;
  return { who: author.name === '' ? author.address : author.name, at: row.message.receivedAt, text };
}

function eventOf(c: Context<Env>, { answer, row, session }: Written): Event {
  const client = clientOf(c);
  const reader = bestAt(answer, session)?.member?.name ?? null;
  const { id, tenant, address } = answer;
  if (row === null) return { kind: 'portal.wrote', tenant, address, client, reader, message: id };
  const { id: delivery, messageId, recipient } = row.delivery;
  return { kind: 'delivery.answered', message: messageId, delivery, recipient, client, reader, by: 'mail', answer: id };
}

/** The person is told by mail what the page says too; that it was sent does not depend on it. */
async function mailReceipt(
  c: Context<Env>,
  { ports, now, looks }: ReadingShared,
  { answer, row }: Written,
  { message, expiresAt }: Made,
  files: number,
): Promise<void> {
  const { tenant } = answer;
  const to = row?.delivery.recipient ?? answer.address;
  const bytes = receiptMessage({
    from: message.mailFrom,
    to,
    whom: message.recipients,
    sentAt: now(),
    voice: looks.voice(c, tenant),
    messageId: `<${randomUUID()}@${domainOf(message.mailFrom)}>`,
    date: now(),
    files,
    expiresAt,
  });
  try {
    const requireTls = row?.message.smtp.requireTls === true;
    await ports.submit({ id: randomUUIDv7(), tenant, kind: 'notice', mailFrom: '', to, bytes, requireTls });
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown error';
    ports.emit({ kind: 'service.failed', component: 'web', error: name });
  }
}
