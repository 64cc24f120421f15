/** To whom answers and new messages may go, asked of the message, the settings and the database: what answer-rules.ts judges, gathered. */
import type { PortalAddress, PortalRow } from '../store/portal-port.ts';
import { type Addressees, type Answered, isOfTenant, replyTo, replyToAll, ruleFor } from './answer-rules.ts';
import { writingOf } from './drafts.ts';
import type { Answering } from './pages/answer.ts';
import { domainsOf, type PortalPorts } from './ports.ts';
import type { ReadingShared } from './reading.ts';

/** What the rules on addressees need to know of a message. */
export async function answered(shared: ReadingShared, row: PortalRow): Promise<Answered> {
  const { ports, messages, now } = shared;
  const { tenant, delivery, message } = row;
  const rule = ruleFor(writingOf(tenant, ports), delivery);
  const readers = rule === 'everyone' ? await ports.answers.audience(message.id, now()) : [];
  return {
    fields: (await messages.structure(row)).fields,
    mailFrom: message.mailFrom,
    own: delivery.recipient,
    rule,
    domains: domainsOf(tenant, ports),
    service: serviceName(tenant, ports),
    // What a passphrase guards was agreed for one message only.
    audience: new Set(readers.filter(({ demand }) => demand !== 'passphrase').map(({ address }) => address)),
  };
}

/** Local part of our own addresses in a tenant's domains. */
export function serviceName(tenant: string, { tenants }: Pick<PortalPorts, 'tenants'>): string {
  return tenants.find(({ id }) => id === tenant)?.branding.from ?? '';
}

/** What may be written by who reads this message. */
export async function mayAnswer(shared: ReadingShared, row: PortalRow): Promise<Answering> {
  const { ports, now } = shared;
  const message = await answered(shared, row);
  const one = count(replyTo(message));
  return {
    reply: one > 0,
    all: count(replyToAll(message)) > one,
    write: writingOf(row.tenant, ports).newMessages !== 'off',
    drafts: (await ports.answers.drafts([row], now())).length > 0,
  };
}

function count({ to, cc }: Addressees): number {
  return to.length + cc.length;
}

/** Who of the tenant has written to an address here. */
export async function knownWriters(
  { ports, now }: Pick<ReadingShared, 'ports' | 'now'>,
  { tenant, address }: PortalAddress,
): Promise<string[]> {
  const place = { domains: domainsOf(tenant, ports), service: serviceName(tenant, ports) };
  const writers = await ports.answers.writersTo({ tenant, address }, now());
  return writers.filter((writer) => isOfTenant(writer, place)).toSorted();
}
