/** Rows for tests of the store, with something sensible in every field. */
import { randomUUIDv7 } from 'node:crypto';
import { noActions, usualPriority } from '../../src/policy/verdict.ts';
import type { Publication } from '../../src/store/portal-port.ts';
import type { ClaimedDelivery, NewDelivery, NewMessage, Settlement, Store } from '../../src/store/store.ts';

export function message(changes: Partial<NewMessage> = {}): NewMessage {
  const id = randomUUIDv7();
  return {
    id,
    tenant: 'corp',
    kind: 'submitted',
    mailFrom: 'alice@corp.example',
    recipients: ['bob@partner.example'],
    messageId: `<${id}@corp.example>`,
    size: 10_240,
    headerSize: 512,
    receivedAt: 1_700_000_000_000,
    spool: { id: randomUUIDv7(), wrappedKey: 'v1.key', size: 10_240 },
    smtp: { eightBit: true, utf8: false, ret: null, envid: null, dsn: {} },
    ...changes,
  };
}

export function delivery(of: NewMessage, changes: Partial<NewDelivery> = {}): NewDelivery {
  const recipient = changes.recipient ?? of.recipients[0] ?? 'bob@partner.example';
  return {
    id: randomUUIDv7(),
    messageId: of.id,
    recipient,
    destination: recipient.slice(recipient.indexOf('@') + 1),
    level: 'transport',
    rules: ['Banks by verified TLS'],
    because: ['the rule “Banks by verified TLS” matched'],
    steps: [{ method: 'tls', tls: 'verify', keys: [] }],
    otherwise: 'bounce',
    subject: null,
    actions: noActions,
    priority: usualPriority,
    state: 'queued',
    status: '',
    ...changes,
  };
}

/** What an attempt on a claimed delivery came to. */
export function settlement(
  of: { readonly id: string; readonly step?: number; readonly attempts?: number },
  changes: Partial<Settlement> = {},
): Settlement {
  return {
    id: of.id,
    state: 'delivered',
    step: of.step ?? 0,
    attempts: (of.attempts ?? 0) + 1,
    nextAt: 0,
    status: '2.0.0',
    reason: '250 OK',
    remote: null,
    warned: false,
    ...changes,
  };
}

/** Accepts and decides one message with these recipients; returns it and its deliveries. */
export async function decide(
  store: Store,
  recipients: readonly string[],
  changes: Partial<NewDelivery> = {},
): Promise<{ message: NewMessage; deliveries: NewDelivery[] }> {
  const row = message({ recipients });
  await store.insertMessages([row], []);
  await store.claimMessages(10_000, Date.now() + 60_000);
  const deliveries = recipients.map((recipient) => delivery(row, { ...changes, recipient }));
  await store.decided([{ messageId: row.id, sealedFacts: 'v1.facts', policyVersion: 'p1', deliveries, events: [] }]);
  return { message: row, deliveries };
}

/** Claims everything that is ready. */
export async function claimAll(store: Store): Promise<ClaimedDelivery[]> {
  return await store.claimDeliveries(1_000, Date.now() + 60_000, () => 1_000);
}

/** What begins to wait for bob@partner.example. */
export function publication(changes: Partial<Publication> = {}): Publication {
  return {
    tenant: 'corp',
    address: 'bob@partner.example',
    tokenHash: 'token',
    publishedAt: 1_700_000_000_000,
    expiresAt: 1_900_000_000_000,
    itemKey: 'v1.item',
    link: 'v1.link',
    remindAt: null,
    card: 'v1.card',
    thread: 'thread',
    demand: 'code',
    passphrase: null,
    ...changes,
  };
}
