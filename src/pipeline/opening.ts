/**
 * The octets handed to a tenant's mailbox of a message that came in: opened with the recipient's own keys where it is protected (protect/open/), or as it
 * came, and in either case with our verdict before it.
 *
 * Opened anew at every attempt, so nothing of it outlives the attempt but the sealed original: what comes out lies in memory while it is small, else in
 * temporary blobs of the spool, sealed like all others, which are removed with the attempt (and by the sweep after a crash). It is read through once
 * before the connection is made, so that its size is known and what mail cannot carry is found in time.
 *
 * What cannot be opened, for whatever reason, is handed on as it came: it is never lost, and its reader may have a key that we do not have.
 */
import type { Tenant } from '../config/config.ts';
import type { Harvest } from '../keys/harvest.ts';
import { isBelieved } from '../keys/keyring.ts';
import type { OwnKeys } from '../keys/own.ts';
import type { CheckSigner } from '../keys/signers.ts';
import { addressKey } from '../mail/address.ts';
import { encodeField, parseHeader } from '../mail/header.ts';
import { LineEnds } from '../mail/line-ends.ts';
import { type Entity, withCrlf } from '../protect/open/entity.ts';
import { namesAnotherAuthor, openedHeader, protectionOf } from '../protect/open/headers.ts';
import { type Opened, openMessage } from '../protect/open/message.ts';
import { type Blob, noSignature, type SignerKey, type TemporaryWriter } from '../protect/open/opened.ts';
import type { OpenPool } from '../protect/open/pool.ts';
import { sentencesOn, type Verdict, verdictField, verdictOf, verdictText } from '../protect/open/verdict.ts';
import type { Spool, SpoolRef } from '../spool/spool.ts';
import type { ClaimedDelivery, MessageRow, Store } from '../store/store.ts';

export type OpeningPorts = {
  readonly spool: Pick<Spool, 'read' | 'create' | 'remove'>;
  readonly store: Pick<Store, 'keysFor'>;
  readonly pool: Pick<OpenPool, 'open'>;
  readonly decryptionKeys: OwnKeys['decryptionKeys'];
  /** Whether the signer's certificate was revoked. */
  readonly checkSigner: CheckSigner;
  /** Null where the settings say not to take keys out of mail. */
  readonly harvest: Harvest | null;
  readonly now: () => number;
};

export type HandedOn = {
  readonly size: number;
  readonly body: () => AsyncIterable<Uint8Array>;
  /** There are octets beyond ASCII in it. */
  readonly eightBit: boolean;
  /** What was found, for the trace: sentences, the verdict last. */
  readonly found: readonly string[];
  readonly verdict: Verdict;
  /** Removes what is temporary. `body` must not be read any more. */
  readonly release: () => Promise<void>;
};

/** Octets that lie in memory before they go to the spool. */
const inMemory = 1_048_576;

/** Rejects only for trouble of the spool or the database. */
export async function handOn(
  { message, recipient, steps, step }: ClaimedDelivery,
  tenant: Pick<Tenant, 'opening'> | undefined,
  ports: OpeningPorts,
): Promise<HandedOn> {
  const header = await whole(ports.spool.read(message.spool, { start: 0, end: message.headerSize }));
  const returns = tenant?.opening?.returnHeader ?? null;
  const marks = (verdict: Verdict): Buffer =>
    Buffer.from(
      encodeField(verdictField, verdictText(verdict)) +
        (returns === null ? '' : encodeField(returns.name, returns.value)),
    );
  const asItCame = (verdict: Verdict, found: readonly string[], release: () => Promise<void>): HandedOn => {
    const mark = marks(verdict);
    const read = (): AsyncIterable<Uint8Array> => ports.spool.read(message.spool);
    const size = mark.length + message.size;
    return { size, body: () => joined(mark, read()), eightBit: message.smtp.eightBit, found, verdict, release };
  };
  if (steps[step]?.opens !== true) return asItCame(unprotected, [], async () => {});

  const places = createPlaces(ports.spool);
  try {
    const opened = await open(message, recipient, places, ports);
    const { content, payload } = opened;
    const inner = payload === null ? null : await innerHeader(payload);
    const protection = inner === null ? 'none' : protectionOf(inner);
    const otherAuthor = inner !== null && protection !== 'none' && namesAnotherAuthor(inner, opened.author);
    const verdict = verdictOf(opened, otherAuthor);
    await harvested(message, header, verdict, ports);
    if (content === null || inner === null) return asItCame(verdict, sentencesOn(opened, verdict), places.release);
    const outer = openedHeader(header, await innerHeader(content), inner, protection);
    const body = (): AsyncIterable<Uint8Array> =>
      withCrlf(content.blob.read({ start: content.structure.root.header.end, end: content.blob.size }));
    const measured = await measure(body());
    if (measured === null) {
      const closed: Verdict = { ...verdict, encryption: 'closed', why: binaryInside };
      return asItCame(closed, sentencesOn(opened, closed), places.release);
    }
    const before = Buffer.concat([marks(verdict), outer]);
    return {
      size: before.length + measured.size,
      body: () => joined(before, body()),
      eightBit: measured.eightBit,
      found: sentencesOn(opened, verdict),
      verdict,
      release: places.release,
    };
  } catch (error) {
    await places.release();
    throw error;
  }
}

const unprotected: Verdict = {
  encryption: 'none',
  signature: { ...noSignature, why: '' },
  why: 'The message is neither encrypted nor signed.',
};
const binaryInside = 'The message holds binary content that mail cannot carry unprotected, so it was left closed.';

/** Opens with the keys of this recipient alone: what is encrypted to somebody else stays closed, whoever passed it on to them. */
async function open(
  message: MessageRow,
  recipient: string,
  places: Places,
  { spool, store, pool, decryptionKeys, checkSigner, now }: OpeningPorts,
): Promise<Opened> {
  const signersOf = async (author: string | null): Promise<SignerKey[]> => {
    const rows = author === null ? [] : await store.keysFor(addressKey(author));
    return rows
      .filter(({ state, status }) => state !== 'rejected' || status.revocation === 'revoked')
      .map((row) => {
        const { kind, material, status } = row;
        const { revocation, revocationWhy = 'no reason given' } = status;
        const revoked = revocation === 'revoked' ? { revoked: revocationWhy } : {};
        return { kind, material, trusted: isBelieved(rows, row, now()), ...revoked };
      });
  };
  const question = { keys: await decryptionKeys(message.tenant, [recipient]), signersOf, checkSigner, now: now() };
  return openMessage(spooled(message.spool, spool), question, { pool, temporary: places.create });
}

/** The certificate of a good signature lets mail be encrypted to its owner from now on. */
async function harvested(
  message: MessageRow,
  header: Buffer,
  { signature }: Verdict,
  ports: OpeningPorts,
): Promise<void> {
  await ports.harvest?.({ fields: parseHeader(header), messageId: message.messageId, signature });
}

/** The octets of a blob of the spool. */
export function spooled(ref: SpoolRef, spool: Pick<Spool, 'read'>): Blob {
  return { size: ref.size, read: (range) => spool.read(ref, range) };
}

/** The header block at the beginning of an entity, with CRLF line ends. */
async function innerHeader({ blob, structure }: Entity): Promise<Buffer> {
  return whole(withCrlf(blob.read({ start: 0, end: structure.root.header.end })));
}

/** Size, and whether it is more than ASCII; null for what mail cannot carry. */
async function measure(
  octets: AsyncIterable<Uint8Array>,
): Promise<{ readonly size: number; readonly eightBit: boolean } | null> {
  const lineEnds = new LineEnds();
  let size = 0;
  let eightBit = false;
  for await (const chunk of octets) {
    lineEnds.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    size += chunk.length;
    eightBit ||= chunk.some((octet) => octet > 0x7f);
  }
  return lineEnds.sawNul ? null : { size, eightBit };
}

async function whole(octets: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of octets) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* joined(before: Buffer, after: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield before;
  yield* after;
}

type Places = { readonly create: () => Promise<TemporaryWriter>; readonly release: () => Promise<void> };

/** Places for the layers of one message: in memory until `inMemory`, then in the spool. */
function createPlaces(spool: OpeningPorts['spool']): Places {
  const blobs: SpoolRef[] = [];
  const create = async (): Promise<TemporaryWriter> => {
    let held: Buffer[] = [];
    let size = 0;
    let writer: Awaited<ReturnType<Spool['create']>> | null = null;
    return {
      write: async (chunk) => {
        size += chunk.length;
        if (writer === null && size > inMemory) {
          writer = await spool.create();
          for (const each of held) await writer.write(each);
          held = [];
        }
        // The chunk may be part of a larger buffer that is used again.
        if (writer === null) held.push(Buffer.from(chunk));
        else await writer.write(Buffer.from(chunk));
      },
      finish: async () => {
        if (writer === null) return memory(Buffer.concat(held));
        const ref = await writer.commit();
        blobs.push(ref);
        return spooled(ref, spool);
      },
      abort: async () => {
        held = [];
        await writer?.abort();
      },
    };
  };
  const release = async (): Promise<void> => {
    for (const { id } of blobs.splice(0)) await spool.remove(id);
  };
  return { create, release };
}

function memory(octets: Buffer): Blob {
  return {
    size: octets.length,
    async *read({ start, end } = { start: 0, end: octets.length }) {
      if (start < end) yield octets.subarray(start, end);
    },
  };
}
