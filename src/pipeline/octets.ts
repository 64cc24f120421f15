/**
 * The octets that leave, for one delivery and one of its steps: as sent, or a protected copy.
 *
 * As sent means the stored octets, with at most the header fields changed that policy asked to change: the Subject without its keyword, fields
 * added and taken out (promise 3 of the design). A protected copy is made for one recipient while it is being sent: the header is changed the same
 * way and split (protect/entity.ts), the content goes through a worker of the pool, and nothing is whole in memory.
 */
import type { Config } from '../config/config.ts';
import { materialsOf } from '../keys/keyring.ts';
import { addressKey } from '../mail/address.ts';
import { editHeader, encodeField, type HeaderEdit, parseHeader } from '../mail/header.ts';
import type { Outcome } from '../plan/delivery.ts';
import type { Step } from '../plan/plan.ts';
import { splitForProtection } from '../protect/entity.ts';
import type { ProtectPool } from '../protect/pool.ts';
import { CannotProtect } from '../protect/protected.ts';
import type { Spool } from '../spool/spool.ts';
import type { ClaimedDelivery, MessageRow, Store } from '../store/store.ts';
import { openSubject } from './decide.ts';

export type OctetPorts = {
  readonly config: Pick<Config, 'masterKey'>;
  readonly spool: Pick<Spool, 'read'>;
  readonly store: Pick<Store, 'keysFor' | 'findMessages'>;
  readonly protect: Pick<ProtectPool, 'protect'>;
};

export type Prepared =
  | {
      readonly kind: 'ready';
      readonly size: number | null;
      readonly eightBit: boolean;
      readonly body: () => AsyncIterable<Uint8Array>;
      /** Set when making the octets failed for good while they were being sent. */
      readonly failure: () => Outcome | null;
    }
  | { readonly kind: 'impossible'; readonly outcome: Outcome };

export async function prepare(delivery: ClaimedDelivery, step: Step, ports: OctetPorts): Promise<Prepared> {
  return step.method === 'none' || step.method === 'tls'
    ? asSent(delivery, ports)
    : protectedCopy(delivery, step, ports);
}

/** The stored octets, with the header changed where policy asked for it. */
async function asSent(delivery: ClaimedDelivery, ports: OctetPorts): Promise<Prepared> {
  const { message, subject, actions } = delivery;
  const common = { kind: 'ready', eightBit: true, failure: () => null } as const;
  const untouched = subject === null && actions.headers.add.length === 0 && actions.headers.remove.length === 0;
  if (untouched) return { ...common, size: message.size, body: () => ports.spool.read(message.spool) };
  const header = edited(await readHeader(message, ports.spool), delivery, ports);
  return {
    ...common,
    size: message.size - message.headerSize + header.length,
    body: () => headerThenBody(header, message, ports.spool),
  };
}

async function protectedCopy(delivery: ClaimedDelivery, step: Step, ports: OctetPorts): Promise<Prepared> {
  const { message, recipient } = delivery;
  const rows = await ports.store.keysFor(addressKey(recipient));
  const materials = materialsOf(rows, step.keys);
  if (materials.length < step.keys.length || materials.length === 0) {
    return {
      kind: 'impossible',
      outcome: cannotProtect('The key planned for this recipient is no longer in the keyring.'),
    };
  }
  const stored = await readHeader(message, ports.spool);
  const { outer, inner } = splitForProtection(edited(stored, delivery, ports));
  const entitySize = inner.length + message.size - message.headerSize;
  let failure: Outcome | null = null;
  const method = step.method === 'smime' ? 'smime' : 'pgp';
  const body = async function* (): AsyncGenerator<Uint8Array> {
    try {
      const made = await ports.protect.protect(
        { method, entitySize, recipients: materials.map((material) => ({ material })), signer: null },
        headerThenBody(inner, message, ports.spool),
      );
      yield Buffer.concat([outer, Buffer.from(`${made.headerLines}\r\n`, 'latin1')]);
      yield* made.body;
    } catch (error) {
      if (error instanceof CannotProtect) failure = cannotProtect(error.message);
      throw error;
    }
  };
  return { kind: 'ready', size: null, eightBit: false, body, failure: () => failure };
}

function cannotProtect(reason: string): Outcome {
  return { kind: 'failed', scope: 'method', status: '5.7.5', reason, remote: null };
}

async function* headerThenBody(
  header: Buffer,
  message: MessageRow,
  spool: Pick<Spool, 'read'>,
): AsyncGenerator<Uint8Array> {
  yield header;
  if (message.size > message.headerSize)
    yield* spool.read(message.spool, { start: message.headerSize, end: message.size });
}

export async function readHeader(message: MessageRow, spool: Pick<Spool, 'read'>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of spool.read(message.spool, { start: 0, end: message.headerSize })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * The header with what policy changes for this delivery: its own Subject in place of the sender's, fields taken out, and fields added at the top,
 * where every relay adds its own. A field that is named in both is replaced.
 */
function edited(header: Buffer, { message, subject, actions }: ClaimedDelivery, { config }: OctetPorts): Buffer {
  const fields = parseHeader(header);
  const edits: HeaderEdit[] = actions.headers.add.map(({ name, value }) => ({
    kind: 'prepend',
    text: encodeField(name, value),
  }));
  const unwanted = new Set(actions.headers.remove.map((name) => name.toLowerCase()));
  const opened = subject === null ? null : openSubject(config.masterKey, message.id, subject);
  for (const field of fields) {
    const name = field.name.toLowerCase();
    if (unwanted.has(name)) edits.push({ kind: 'remove', field });
    else if (opened !== null && name === 'subject')
      edits.push({ kind: 'replace', field, text: encodeField(field.name, opened) });
  }
  return edits.length === 0 ? header : editHeader(header, edits);
}
