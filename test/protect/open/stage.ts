/**
 * What tests of opening need: a pool with keys, a message in memory, and temporary places that count what was left lying in them.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { LineEnds } from '../../../src/mail/line-ends.ts';
import { type Opened, openMessage } from '../../../src/protect/open/message.ts';
import type { Blob, OwnKey, SignerKey, TemporaryWriter } from '../../../src/protect/open/opened.ts';
import { createOpenPool, type OpenPool } from '../../../src/protect/open/pool.ts';
import { sealText } from '../../../src/protect/seal.ts';

export const ownKeysSecret: Buffer = randomBytes(32);

export function openPool(roots: readonly string[] = [], size = 2): OpenPool {
  return createOpenPool({ ownKeys: ownKeysSecret, roots, size });
}

/** A private key as the store has it. */
export function ownKey(id: string, method: OwnKey['method'], material: string, privateKey: string): OwnKey {
  const context = `own key ${id}`;
  return { id, method, material, sealed: sealText(ownKeysSecret, privateKey, context), context };
}

/** The key and the certificates of a PKCS #12 file, PEM. */
export function fromPkcs12(file: string, password: string): { readonly key: string; readonly certificates: string[] } {
  const args = ['pkcs12', '-in', file, '-passin', `pass:${password}`, '-nodes', '-legacy'];
  const pem = execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const blocks = (name: string): string[] =>
    [...pem.matchAll(new RegExp(`-----BEGIN ${name}-----[\\s\\S]*?-----END ${name}-----\n`, 'g'))].map(
      ([block]) => block,
    );
  return { key: blocks('PRIVATE KEY')[0] ?? '', certificates: blocks('CERTIFICATE') };
}

/** As the listener stores it: CRLF at the end of each line. */
export function asStored(message: Uint8Array | string): Buffer {
  const ends = new LineEnds();
  return Buffer.concat([ends.push(Buffer.from(message)), ends.end()]);
}

export function blobOf(octets: Buffer, pieces = 65_536): Blob {
  return {
    size: octets.length,
    async *read({ start, end } = { start: 0, end: octets.length }) {
      for (let at = start; at < end; at += pieces) yield octets.subarray(at, Math.min(end, at + pieces));
    },
  };
}

export async function octetsOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export type Places = { readonly create: () => Promise<TemporaryWriter>; finished: number; aborted: number };

/** Places in memory. What was finished may be believed, what was aborted is lost. */
export function places(): Places {
  const counted: Places = {
    finished: 0,
    aborted: 0,
    create: async () => {
      const chunks: Buffer[] = [];
      return {
        write: async (chunk) => {
          chunks.push(Buffer.from(chunk));
        },
        finish: async () => {
          counted.finished += 1;
          return blobOf(Buffer.concat(chunks));
        },
        abort: async () => {
          counted.aborted += 1;
        },
      };
    },
  };
  return counted;
}

export type Asked = {
  readonly keys?: readonly OwnKey[];
  readonly signers?: readonly SignerKey[];
  readonly now?: number;
};

/** Opens a message given whole; `text` is what takes the place of its body, null when it stays as it came. */
export async function open(
  message: Uint8Array | string,
  pool: OpenPool,
  { keys = [], signers = [], now = Date.now() }: Asked = {},
): Promise<Opened & { readonly text: string | null; readonly places: Places }> {
  const places_ = places();
  const opened = await openMessage(
    blobOf(asStored(message)),
    { keys, signersOf: async () => signers, checkSigner: async (signature) => signature, now },
    { pool, temporary: places_.create },
  );
  const text = opened.content === null ? null : (await octetsOf(opened.content.blob.read())).toString('latin1');
  return { ...opened, text, places: places_ };
}
