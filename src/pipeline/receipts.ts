/**
 * Receipts: what happened to a message in the portal, told to its sender once, at once or with the day's digest, or not at all, as a rule or the tenant
 * says. What somebody asks of the sender, and what became of a message that was taken back, is told at once in any case.
 *
 * News lie in the database (store/news.ts) since the transaction in which they happened. A letter takes its news out in the transaction that puts the
 * letter into the queue, so after a crash nothing is told twice and nothing is missing. It goes where all mail for the tenant's people goes.
 */
import { randomUUIDv7 } from 'node:crypto';
import type { ReceiptRule, Tenant } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import { domainOf } from '../mail/address.ts';
import { serviceAddress } from '../mail/compose.ts';
import { parseHeader, valuesOf } from '../mail/header.ts';
import { type Line, type Receipt, receiptMessage } from '../mail/receipt.ts';
import type { DeliveryState } from '../plan/delivery.ts';
import type { AccessRequest } from '../store/portal-port.ts';
import type { News } from '../store/sender-port.ts';
import type { NewMessage, Store } from '../store/store.ts';
import { acceptedEvent } from './accept.ts';
import type { NoticePorts } from './notices.ts';
import { portalKeyOf } from './portal.ts';
import { nextDigest } from './reminder-time.ts';
import { senderToken } from './sender-link.ts';
import { readHeader } from './stored-header.ts';

export type ReceiptPorts = Pick<NoticePorts, 'config' | 'own' | 'spool'> & {
  readonly store: Pick<Store, 'news' | 'senders' | 'greetings'>;
  readonly emit: (event: Event) => void;
  readonly now: () => number;
};

/** News looked at in one turn, and told in one digest. */
const atOnce = 500;

/** Whatever the rules say: somebody waits for the sender, or the sender for this. */
const urgent: ReadonlySet<Event['kind']> = new Set<Event['kind']>([
  'delivery.withdrawn',
  'portal.accessAsked',
  'portal.timeAsked',
]);

/** Tells what is due. Resolves with whether there may be more. */
export async function tellSenders(ports: ReceiptPorts): Promise<boolean> {
  const now = ports.now();
  const due = await ports.store.news.due(now, atOnce);
  const sorted = Map.groupBy(due, (news) => fateOf(news, ports));
  await ports.store.news.told(idsOf(sorted.get('silent') ?? []), null, []);
  for (const news of Map.groupBy(
    sorted.get('each') ?? [],
    ({ message, at, event }) => `${message.id} ${at} ${event.kind}`,
  ).values())
    await tell(news, ports);
  for (const news of Map.groupBy(sorted.get('digest') ?? [], senderOf).values()) await postpone(news, now, ports);
  for (const [first] of Map.groupBy(sorted.get('due') ?? [], senderOf).values()) {
    if (first === undefined) continue;
    const { tenant, mailFrom } = first.message;
    await tell(await ports.store.news.digest(tenant, mailFrom, atOnce), ports);
  }
  return due.length === atOnce;
}

/** `due`: its digest is. */
function fateOf(news: News, { config }: ReceiptPorts): ReceiptRule | 'due' {
  const { message, delivery, event } = news;
  const tenant = config.tenants.find(({ id }) => id === message.tenant);
  const own = tenant?.domains.includes(domainOf(message.mailFrom)) === true;
  // Forwarded mail: a stranger is told nothing of who reads what here.
  if (tenant === undefined || !own || config.web === null) return 'silent';
  if (urgent.has(event.kind)) return 'each';
  const rule = delivery.actions.receipts ?? tenant.senders.receipts;
  return rule === 'digest' && news.waited ? 'due' : rule;
}

async function postpone(news: readonly News[], now: number, { store, config }: ReceiptPorts): Promise<void> {
  const [first] = news;
  const tenant = tenantOf(first, config.tenants);
  if (first === undefined || tenant === undefined) return;
  const dueAt = nextDigest(now, tenant.senders.digestHour, tenant.branding.timeZone);
  await store.news.postpone(idsOf(news), { tenant: tenant.id, sender: first.message.mailFrom, dueAt });
}

async function tell(news: readonly News[], ports: ReceiptPorts): Promise<void> {
  const letter = await letterAbout(news, ports);
  const event = letter === null ? null : acceptedEvent(letter, 'postern');
  const mine = await ports.store.news.told(idsOf(news), letter, event === null ? [] : [event]);
  if (mine && event !== null) ports.emit(event);
}

async function letterAbout(news: readonly News[], ports: ReceiptPorts): Promise<NewMessage | null> {
  const [first] = news;
  const { web, hostname } = ports.config;
  const tenant = tenantOf(first, ports.config.tenants);
  if (first === undefined || tenant === undefined || web === null) return null;
  const about: Receipt['about'][number][] = [];
  for (const ofMessage of Map.groupBy(news, ({ message }) => message.id).values()) {
    const part = await aboutMessage(ofMessage, web.portalUrl, ports);
    if (part !== null) about.push(part);
  }
  if (about.length === 0) return null;
  const { mailFrom } = first.message;
  const bytes = receiptMessage({
    from: serviceAddress(mailFrom, tenant.domains, tenant.branding.from),
    to: mailFrom,
    voice: tenant.branding,
    about,
    messageId: `<${randomUUIDv7()}@${hostname}>`,
    date: ports.now(),
  });
  const requireTls = news.some(({ message }) => message.smtp.requireTls === true);
  return ports.own({ tenant: tenant.id, kind: 'notice', mailFrom: '', to: mailFrom, bytes, requireTls });
}

async function aboutMessage(
  news: readonly News[],
  portalUrl: string,
  ports: ReceiptPorts,
): Promise<Receipt['about'][number] | null> {
  const [first] = news;
  if (first === undefined) return null;
  const key = portalKeyOf(ports.config);
  const lines: Line[] = [];
  let asked: AccessRequest | null = null;
  for (const one of news) {
    const line = await lineOf(one, ports);
    if (line === null) continue;
    lines.push(line.line);
    asked = line.asked ?? asked;
  }
  if (lines.length === 0) return null;
  const { message } = first;
  const link =
    asked !== null && lines.length === 1
      ? `${portalUrl}/let-in/link/${senderToken(key, { to: 'access', id: asked.id })}`
      : `${portalUrl}/sent/link/${senderToken(key, { to: 'sent', id: message.id })}`;
  const { receivedAt: sentAt, messageId: originalMessageId } = message;
  return { sentAt, subject: await subjectOf(news, ports), originalMessageId, lines, link };
}

/** How what was taken back had been; what had not left was stopped. */
const before: Partial<Record<DeliveryState, 'read' | 'unread' | 'linked'>> = {
  opened: 'read',
  waiting: 'unread',
  delivered: 'linked',
};

/** Null for what was overtaken: a request that was decided meanwhile. */
async function lineOf(
  { at, event, delivery }: News,
  { store }: ReceiptPorts,
): Promise<{ readonly line: Line; readonly asked?: AccessRequest } | null> {
  const to = delivery.recipient;
  switch (event.kind) {
    case 'delivery.waiting':
      return { line: { kind: 'waiting', to, at } };
    case 'delivery.opened':
      return { line: { kind: 'opened', to, at, reader: event.reader } };
    case 'delivery.answered':
      return { line: { kind: 'answered', to, at, reader: event.reader } };
    case 'delivery.reminded':
      return { line: { kind: 'expiring', to, until: event.expiresAt } };
    case 'delivery.withdrawn': {
      return { line: { kind: 'withdrawn', to, before: before[event.was] ?? 'stopped' } };
    }
    case 'portal.timeAsked': {
      const sent = await store.senders.sent(delivery.messageId);
      const portal = sent?.deliveries.find(({ id }) => id === delivery.id)?.portal ?? null;
      return portal === null ? null : { line: { kind: 'timeAsked', to, until: portal.expiresAt } };
    }
    case 'portal.accessAsked': {
      const sent = await store.senders.sent(delivery.messageId);
      const requests = sent?.deliveries.find(({ id }) => id === delivery.id)?.requests ?? [];
      const asked = requests.find(({ colleague, state }) => colleague === event.address && state === 'asked');
      if (asked === undefined) return null;
      // Without a name it was asked in the name of the address.
      const reader = asked.askedBy === asked.address ? null : asked.askedBy;
      return { line: { kind: 'accessAsked', to, reader, colleague: asked.colleague }, asked };
    }
    default:
      return null;
  }
}

/** Where a rule lets it be read outside, and the message is still there. Receipts travel like any mail. */
async function subjectOf(news: readonly News[], ports: ReceiptPorts): Promise<string | null> {
  const [first] = news;
  const open = news.every(({ delivery }) => delivery.level === 'none' || delivery.actions.hideSubject === false);
  if (first === undefined || !open || first.message.spool.wrappedKey === '') return null;
  // A blob that cannot be read costs a line, not the receipt.
  const header = await readHeader(first.message, ports.spool).catch(() => Buffer.alloc(0));
  return valuesOf(parseHeader(header), 'subject')[0] ?? null;
}

function tenantOf(news: News | undefined, tenants: readonly Tenant[]): Tenant | undefined {
  return tenants.find(({ id }) => id === news?.message.tenant);
}

function senderOf({ message }: News): string {
  return `${message.tenant} ${message.mailFrom}`;
}

function idsOf(news: readonly News[]): string[] {
  return news.map(({ id }) => id);
}
