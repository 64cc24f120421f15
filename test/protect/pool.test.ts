import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { issueCertificate } from '../../src/protect/issue.ts';
import { decryptPgp, generateKey } from '../../src/protect/openpgp.ts';
import { createProtectPool, ProtectFailed } from '../../src/protect/pool.ts';
import { CannotProtect, type SigningKey } from '../../src/protect/protected.ts';
import { sealText } from '../../src/protect/seal.ts';
import { decryptSmime } from '../../src/protect/smime-open.ts';

const ownKeys = Buffer.alloc(32, 7);
const anna = issueCertificate({ subject: 'Anna', keyType: 'rsa2048', san: { email: ['anna@example.org'] } });
const boris = await generateKey({ email: 'boris@example.org' });
const pool = createProtectPool({ ownKeys, size: 1 });
afterAll(() => pool.close());
afterEach(() => vi.restoreAllMocks());

const smime = (entitySize: number) =>
  ({ method: 'smime', entitySize, recipients: [{ material: anna.certPem }], signer: null }) as const;
const pgp = (entitySize: number) =>
  ({ method: 'pgp', entitySize, recipients: [{ material: boris.publicKey }], signer: null }) as const;

/** `size` octets that differ everywhere, in chunks of odd sizes; counts what was asked for and whether it was let go. */
function source(size: number) {
  const state = { given: 0, released: false };
  const octets = (async function* () {
    try {
      for (let n = 0; state.given < size; n += 1) {
        const chunk = Buffer.alloc(Math.min(50_000 + (n % 7) * 10_001, size - state.given), `line ${n}\r\n`);
        state.given += chunk.length;
        yield chunk;
      }
    } finally {
      state.released = true;
    }
  })();
  return { state, octets };
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const hash = (octets: Buffer): string => createHash('sha256').update(octets).digest('hex');

async function opened(method: 'smime' | 'pgp', body: Buffer): Promise<Buffer> {
  const text = body.toString('latin1');
  if (method === 'smime') return decryptSmime(anna, Buffer.from(text, 'base64'));
  return decryptPgp(
    boris.privateKey,
    text.slice(text.indexOf('-----BEGIN'), text.indexOf('-----END PGP MESSAGE-----') + 25),
  );
}

describe('the protection pool', () => {
  test.each([
    ['smime', 1000],
    ['pgp', 1000],
    ['smime', 3_000_000],
    ['pgp', 3_000_000],
  ] as const)('%s of %i octets opens to the same', async (method, size) => {
    const job = method === 'smime' ? smime(size) : pgp(size);
    const made = await pool.protect(job, source(size).octets);
    const body = await collect(made.body);
    if (made.size !== null) expect(body.length).toBe(made.size);
    expect(hash(await opened(method, body))).toBe(hash(await collect(source(size).octets)));
  });

  const context = 'own key 1';
  const signer: SigningKey = {
    method: 'smime',
    certificates: [anna.certPem],
    sealed: sealText(ownKeys, anna.keyPem, context),
    context,
  };

  test('signs with a key that only the worker opens', async () => {
    const made = await pool.protect({ ...smime(1000), recipients: [], signer }, source(1000).octets);
    expect(made.headerLines).toContain('multipart/signed');
    expect((await collect(made.body)).length).toBe(made.size);
    const inner = await pool.protect({ ...smime(400_000), signer, form: 'opaque' }, source(400_000).octets);
    expect((await opened('smime', await collect(inner.body))).toString('latin1')).toMatch(
      /^Content-Type: application\/pkcs7-mime; smime-type=signed-data;/,
    );
  });

  test.each<[string, SigningKey, RegExp]>([
    [
      'sealed under another key',
      { ...signer, sealed: sealText(Buffer.alloc(32), anna.keyPem, context) },
      /cannot be opened/,
    ],
    ['sealed for another place', { ...signer, context: 'own key 2' }, /cannot be opened/],
    ['for OpenPGP', { ...signer, method: 'pgp' }, /another method/],
  ])('a key to sign with that is %s is refused in words, and nothing leaves unsigned', async (_, wrong, why) => {
    const copy = pool.protect({ ...smime(10), signer: wrong }, source(10).octets);
    await expect(copy).rejects.toThrow(why);
    await expect(copy).rejects.toThrow(CannotProtect);
  });

  test('octets that are a small part of much memory do not take all of it along', async () => {
    const much = Buffer.alloc(20_000_000, 'line\r\n');
    const parts = (async function* () {
      for (let at = 0; at < 1_000_000; at += 1000) yield much.subarray(at, at + 1000);
    })();
    const posted = vi.spyOn(Worker.prototype, 'postMessage');
    await collect((await pool.protect(smime(1_000_000), parts)).body);
    const inputs = posted.mock.calls.flatMap(([message]) => ('chunk' in message ? [message.chunk] : []));
    expect(inputs.length).toBeLessThan(20);
    // Whatever was posted has moved away: nothing was cloned.
    for (const chunk of inputs) expect(chunk.buffer.detached).toBe(true);
  });

  test('makes many at a time in one worker', async () => {
    const sizes = [10, 500_000, 20_000, 900_000, 0, 262_144, 262_145];
    const bodies = await Promise.all(
      sizes.map(async (size) => collect((await pool.protect(smime(size), source(size).octets)).body)),
    );
    for (const [index, size] of sizes.entries()) {
      const plain = await opened('smime', bodies[index] ?? Buffer.alloc(0));
      expect(hash(plain)).toBe(hash(await collect(source(size).octets)));
    }
  });

  test.each(['smime', 'pgp'] as const)(
    '%s: a slow reader holds the source back, one that leaves lets it go',
    async (method) => {
      const { state, octets } = source(30_000_000);
      const made = await pool.protect(method === 'smime' ? smime(30_000_000) : pgp(30_000_000), octets);
      const reader = made.body[Symbol.asyncIterator]();
      await reader.next();
      // Everything that can move without the reader has moved once this round trip through the same worker is over, several times.
      for (let i = 0; i < 20; i += 1) await pool.protect(smime(10), source(10).octets);
      expect(state.given).toBeLessThan(3_000_000);
      await reader.return?.();
      await vi.waitFor(() => expect(state.released).toBe(true), 60_000);
      expect((await reader.next()).done).toBe(true);
    },
  );

  test.each([100, 1_000_000])('refused keys reject in words, at %i octets', async (size) => {
    const bad = { ...smime(size), recipients: [{ material: issueCertificate({ subject: 'CA', ca: true }).certPem }] };
    await expect(pool.protect(bad, source(size).octets)).rejects.toThrow(CannotProtect);
    await expect(pool.protect(bad, source(size).octets)).rejects.toThrow(/certificate authority/);
    await expect(
      pool.protect({ ...pgp(size), recipients: [{ material: 'nonsense' }] }, source(size).octets),
    ).rejects.toThrow(CannotProtect);
  });

  test.each(['smime', 'pgp'] as const)(
    '%s: a source that breaks rejects the body with its own error',
    async (method) => {
      const breaking = (async function* () {
        yield* source(600_000).octets;
        throw new Error('disk broke');
      })();
      const job = method === 'smime' ? smime(1_000_000) : pgp(1_000_000);
      await expect((async () => collect((await pool.protect(job, breaking)).body))()).rejects.toThrow('disk broke');
    },
  );

  test('an entity of another size than announced is no message', async () => {
    await expect(pool.protect(smime(11), source(10).octets)).rejects.toThrow(ProtectFailed);
  });

  test('a worker that dies rejects its copies and is replaced', async () => {
    const posted = vi.spyOn(Worker.prototype, 'postMessage');
    const { state, octets } = source(30_000_000);
    const made = await pool.protect(smime(30_000_000), octets);
    const reader = made.body[Symbol.asyncIterator]();
    await reader.next();
    for (const worker of new Set(posted.mock.contexts)) if (worker instanceof Worker) await worker.terminate();
    const rest = async () => {
      while ((await reader.next()).done !== true);
    };
    await expect(rest()).rejects.toThrow(ProtectFailed);
    await vi.waitFor(() => expect(state.released).toBe(true), 60_000);
    const again = await pool.protect(smime(100), source(100).octets);
    expect((await opened('smime', await collect(again.body))).length).toBe(100);
  });

  test('a worker without progress is given up', async () => {
    await using hasty = {
      ...createProtectPool({ ownKeys, size: 1, stallAfter: 1 }),
      [Symbol.asyncDispose]: () => hasty.close(),
    };
    // No worker starts within a millisecond, so this one stalls by definition.
    await expect(hasty.protect(smime(10), source(10).octets)).rejects.toThrow(/no progress/);
  });

  test('closing rejects what is under way', async () => {
    const closing = createProtectPool({ ownKeys, size: 1 });
    const made = await closing.protect(smime(30_000_000), source(30_000_000).octets);
    const all = collect(made.body);
    const [result] = await Promise.allSettled([all, closing.close()]);
    expect(result).toMatchObject({ status: 'rejected', reason: expect.any(ProtectFailed) });
    await expect(closing.protect(smime(1), source(1).octets)).rejects.toThrow(ProtectFailed);
  });
});
