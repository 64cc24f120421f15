/**
 * A portal in which very much waits: messages taken the way of the pipeline in large batches, received, decided, attempted and published. Every row is as
 * the pipeline writes it. Octets are written once per conversation and shared by its messages: nobody reads more than one of them at a time.
 */
import { randomBytes, randomUUIDv7 } from 'node:crypto';
import type { Storage } from '../../src/command/storage.ts';
import type { Config } from '../../src/config/config.ts';
import { addressKey } from '../../src/mail/address.ts';
import { hashToken, portalKeyOf, sealCard } from '../../src/pipeline/portal.ts';
import { noActions, usualPriority } from '../../src/policy/verdict.ts';
import { itemKey } from '../../src/spool/items.ts';
import type { SpoolRef } from '../../src/spool/spool.ts';
import type { NewDelivery, NewMessage, Settlement } from '../../src/store/store.ts';

/** Messages in one transaction. */
const batch = 500;
const day = 86_400_000;

/** Octets that were written. */
export type Content = { readonly spool: SpoolRef; readonly headerSize: number };
/** A conversation to be made: `messages` for one recipient, all with the octets of `content`. */
export type Planned = { readonly recipient: string; readonly messages: number; readonly content: Content };
/** A message that waits, and the secret part of its link. */
export type Waiting = {
  readonly token: string;
  readonly deliveryId: string;
  readonly recipient: string;
  readonly thread: string;
};

/** The first chunk begins with the header and holds all of it. */
export async function keepContent({ spool }: Storage, chunks: Iterable<Buffer>): Promise<Content> {
  const writer = await spool.create();
  let headerSize = 0;
  for (const chunk of chunks) {
    if (headerSize === 0) headerSize = chunk.indexOf('\r\n\r\n') + 4;
    await writer.write(chunk);
  }
  return { spool: await writer.commit(), headerSize };
}

/** Makes them all wait, and calls `made` with each. */
export async function publishAll(
  storage: Storage,
  config: Config,
  planned: Iterable<Planned>,
  made: (waiting: Waiting) => void,
): Promise<void> {
  const keys = { master: config.masterKey, portal: portalKeyOf(config) };
  let some: Made[] = [];
  const write = async (): Promise<void> => {
    await publishSome(storage, some);
    for (const { waiting } of some) made(waiting);
    some = [];
  };
  for (const { recipient, messages, content } of planned) {
    const thread = randomUUIDv7();
    for (let index = 0; index < messages; index++) {
      some.push(make(keys, { recipient, content, thread }));
      if (some.length === batch) await write();
    }
  }
  await write();
}

type Made = {
  readonly waiting: Waiting;
  readonly message: NewMessage;
  readonly delivery: NewDelivery;
  readonly settlement: Settlement;
};
type Keys = { readonly master: Buffer; readonly portal: Buffer };
type Wanted = Omit<Planned, 'messages'> & { readonly thread: string };

function make(keys: Keys, { recipient, content, thread }: Wanted): Made {
  const [messageId, id, now] = [randomUUIDv7(), randomUUIDv7(), Date.now()];
  const token = randomBytes(32).toString('base64url');
  const mailFrom = 'anna@corp.example';
  const ownId = `<${messageId}@corp.example>`;
  const from = { name: 'Anna Müller', address: mailFrom };
  const card = { subject: 'Your laboratory results', subjectChanged: false, from, messageId: ownId, references: [] };
  const smtp = { eightBit: true, utf8: false, ret: null, envid: null, dsn: {} };
  const { spool, headerSize } = content;
  const whose = { tenant: 'corp', mailFrom, recipients: [recipient] };
  const destination = recipient.slice(recipient.indexOf('@') + 1);
  const judged = { level: 'portal', rules: ['The sender asked for it'], because: [], actions: noActions } as const;
  const steps = [{ method: 'portal', tls: 'verify', keys: [] }] as const;
  const waits = { state: 'waiting', step: 0, attempts: 1, nextAt: 0, status: '2.0.0', reason: '' } as const;
  return {
    waiting: { token, deliveryId: id, recipient, thread },
    message: {
      id: messageId,
      kind: 'submitted',
      messageId: ownId,
      receivedAt: now,
      spool,
      smtp,
      size: spool.size,
      headerSize,
      ...whose,
    },
    delivery: {
      id,
      messageId,
      recipient,
      destination,
      ...judged,
      steps,
      otherwise: 'bounce',
      subject: null,
      priority: usualPriority,
      state: 'queued',
      status: '',
    },
    settlement: {
      id,
      ...waits,
      remote: null,
      warned: false,
      portal: {
        tenant: 'corp',
        address: addressKey(recipient),
        tokenHash: hashToken(token),
        publishedAt: now,
        expiresAt: now + 30 * day,
        itemKey: itemKey(keys, { delivery: id, spool }),
        link: '',
        remindAt: null,
        card: sealCard(keys.portal, id, card),
        thread,
        demand: 'code',
        passphrase: null,
      },
    },
  };
}

async function publishSome({ store }: Storage, made: readonly Made[]): Promise<void> {
  if (made.length === 0) return;
  const leaseUntil = Date.now() + 3_600_000;
  await store.insertMessages(
    made.map(({ message }) => message),
    [],
  );
  await store.claimMessages(made.length, leaseUntil);
  await store.decided(
    made.map(({ message, delivery }) => ({
      messageId: message.id,
      sealedFacts: 'x'.repeat(600),
      policyVersion: '1',
      deliveries: [delivery],
      events: [],
    })),
  );
  await store.claimDeliveries(made.length, leaseUntil, () => made.length);
  await store.settle(
    made.map(({ settlement }) => settlement),
    [],
    [],
  );
}
