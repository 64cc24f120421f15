/** OpenPGP made and forged packet by packet (threat T-18), and by the library in every version. */
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { deflateRawSync, deflateSync } from 'node:zlib';
import * as openpgp from 'openpgp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OwnKey, SignerKey } from '../../../src/protect/open/opened.ts';
import { generateKey } from '../../../src/protect/openpgp.ts';
import { open, openPool, ownKey } from './stage.ts';

const pool = openPool([], 1);
afterAll(() => pool.close());

const author = 'paul@partner.example';
let anna: Awaited<ReturnType<typeof generateKey>>;
let paul: Awaited<ReturnType<typeof generateKey>>;
let keys: OwnKey[];
let signers: SignerKey[];
beforeAll(async () => {
  anna = await generateKey({ email: 'anna@corp.example' });
  paul = await generateKey({ email: author });
  keys = [ownKey('anna', 'pgp', anna.publicKey, anna.privateKey)];
  signers = [{ kind: 'pgp', material: paul.publicKey, trusted: true }];
});

const entity = 'Content-Type: text/html\r\n\r\n<p>The numbers are 4711.</p>\r\n';
const sessionKey = randomBytes(32);

const packet = (tag: number, ...data: Uint8Array[]): Buffer => {
  const body = Buffer.concat(data);
  const header = Buffer.from([0xc0 | tag, 0xff, 0, 0, 0, 0]);
  header.writeUInt32BE(body.length, 2);
  return Buffer.concat([header, body]);
};
const literal = (text: string | Buffer = entity): Buffer =>
  packet(11, Buffer.from([0x62, 0, 0, 0, 0, 0]), Buffer.from(text));

/** The session key, encrypted to Anna. */
async function toAnna(): Promise<Buffer> {
  const encryptionKeys = await openpgp.readKey({ armoredKey: anna.publicKey });
  const made = await openpgp.encryptSessionKey({
    data: sessionKey,
    algorithm: 'aes256',
    encryptionKeys,
    format: 'binary',
  });
  return Buffer.from(made);
}

/** Version 1 of the data packet, its code made or forged by `ending`. */
function protectedData(plain: Buffer, ending: (hashed: Buffer) => Buffer = code): Buffer {
  const prefix = randomBytes(18);
  prefix.copy(prefix, 16, 14, 16);
  const text = Buffer.concat([prefix, plain]);
  const cfb = createCipheriv('aes-256-cfb', sessionKey, Buffer.alloc(16));
  return packet(18, Buffer.from([1]), cfb.update(Buffer.concat([text, ending(text)])));
}
const code = (hashed: Buffer): Buffer => {
  const header = Buffer.from([0xd3, 0x14]);
  return Buffer.concat([header, createHash('sha1').update(hashed).update(header).digest()]);
};

const inMime = (octets: Uint8Array): string =>
  `From: Paul <${author}>\r\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\r\n\r\n` +
  '--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n' +
  `Content-Transfer-Encoding: base64\r\n\r\n${Buffer.from(octets).toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n--b--\r\n`;

const tried = (octets: Uint8Array) => open(inMime(octets), pool, { keys, signers });

describe('the integrity of what is encrypted', () => {
  test('a message with its code opens', async () => {
    const { text, layers } = await tried(Buffer.concat([await toAnna(), protectedData(literal())]));
    expect(text).toBe(entity);
    expect(layers).toEqual([{ method: 'pgp', kind: 'encrypted', key: 'anna' }]);
  });

  test.each<[string, (key: Buffer) => Buffer]>([
    ['without any (tag 9)', (key) => Buffer.concat([key, unprotected(literal())])],
    ['its packet renamed to one without any', (key) => renamed(Buffer.concat([key, protectedData(literal())]))],
    ['the code missing', (key) => Buffer.concat([key, protectedData(literal(), () => Buffer.alloc(0))])],
    ['the code altered', (key) => Buffer.concat([key, protectedData(literal(), (text) => flipped(code(text), 9))])],
    [
      'the header of the code altered',
      (key) => Buffer.concat([key, protectedData(literal(), (text) => flipped(code(text), 1))]),
    ],
    ['the end cut off', (key) => cut(Buffer.concat([key, protectedData(literal())]), 30)],
    ['a packet after it', (key) => Buffer.concat([key, protectedData(literal()), literal('<p>Pay Mallory.</p>')])],
    [
      'compressed and cut',
      (key) =>
        Buffer.concat([
          key,
          protectedData(packet(8, Buffer.from([1]), cut(deflateRawSync(literal('x'.repeat(1_000))), 4))),
        ]),
    ],
    ['two literals', (key) => Buffer.concat([key, protectedData(Buffer.concat([literal(), literal()]))])],
    ['no literal', (key) => Buffer.concat([key, protectedData(packet(10, Buffer.from('PGP')))])],
    ['a literal whose length lies', (key) => Buffer.concat([key, protectedData(literal().fill(0x7f, 2, 3))])],
    ['nothing after the session key', (key) => key],
    ['only a literal, not encrypted', () => literal()],
    ['nothing', () => Buffer.alloc(0)],
  ])('%s: stays closed, and nothing of it is kept', async (_name, make) => {
    const { content, layers, places } = await tried(make(await toAnna()));
    expect(content).toBeNull();
    expect(layers).toMatchObject([{ kind: 'closed' }]);
    expect(places.finished).toBe(0);
  });

  test('each octet altered: nothing comes out', async () => {
    const octets = Buffer.concat([await toAnna(), protectedData(literal())]);
    for (let at = 0; at < octets.length; at += 3) {
      const { content } = await tried(flipped(octets, at));
      expect(content, `octet ${at}`).toBeNull();
    }
  });
});

function unprotected(plain: Buffer): Buffer {
  const prefix = randomBytes(18);
  prefix.copy(prefix, 16, 14, 16);
  const cfb = createCipheriv('aes-256-cfb', sessionKey, Buffer.alloc(16));
  return packet(9, cfb.update(Buffer.concat([prefix, plain])));
}

/** The attack of EFAIL on the type of the packet: the octet of the version becomes ciphertext. */
function renamed(octets: Buffer): Buffer {
  const copy = Buffer.from(octets);
  copy[copy.lastIndexOf(Buffer.from([0xd2, 0xff]))] = 0xc9;
  return copy;
}

function flipped(octets: Buffer, at: number): Buffer {
  const copy = Buffer.from(octets);
  copy[at] = (copy[at] ?? 0) ^ 0x10;
  return copy;
}

const cut = (octets: Buffer, by: number): Buffer => octets.subarray(0, octets.length - by);

describe('the forms of encrypted data', () => {
  const aead = openpgp.enums.aead;
  test.each([
    ['version 1', {}],
    ['version 2 with OCB', { aeadProtect: true, preferredAEADAlgorithm: aead.ocb }],
    ['version 2 with GCM', { aeadProtect: true, preferredAEADAlgorithm: aead.gcm }],
    ['version 2 with EAX', { aeadProtect: true, preferredAEADAlgorithm: aead.eax }],
    ['small chunks', { aeadProtect: true, preferredAEADAlgorithm: aead.eax, aeadChunkSizeByte: 0 }],
  ])('%s opens with its signature, and altered it does not', async (_name, config) => {
    const made = await openpgp.generateKey({ userIDs: [{ email: 'a@b.example' }], format: 'object', config });
    const own = [ownKey('k', 'pgp', made.publicKey.armor(), made.privateKey.armor())];
    for (const size of [0, 1, 5_000, 70_000]) {
      const text = `Content-Type: text/plain\r\n\r\n${'0123456789ABCDE\n'.repeat(size / 16)}`;
      const message = await openpgp.createMessage({ binary: Buffer.from(text) });
      const signingKeys = await openpgp.readPrivateKey({ armoredKey: paul.privateKey });
      const octets = Buffer.from(
        await openpgp.encrypt({ message, encryptionKeys: made.publicKey, signingKeys, format: 'binary', config }),
      );
      const opened = await open(inMime(octets), pool, { keys: own, signers });
      expect(opened.text).toBe(text);
      expect(opened.signature).toMatchObject({ status: 'valid', signer: author });
      for (const at of [octets.length - 1, octets.length - 40, octets.length >> 1]) {
        const { content } = await open(inMime(flipped(octets, at)), pool, { keys: own, signers });
        expect(content, `octet ${at} of ${octets.length}`).toBeNull();
      }
      const { content } = await open(inMime(cut(octets, 16)), pool, { keys: own, signers });
      expect(content).toBeNull();
    }
  });

  test('what unpacks without end is refused', async () => {
    // 600 MB of zeros, deflated twice.
    const inner = packet(8, Buffer.from([2]), deflateSync(literal(Buffer.alloc(600 * 2 ** 20))));
    const octets = Buffer.concat([await toAnna(), protectedData(packet(8, Buffer.from([1]), deflateRawSync(inner)))]);
    expect(octets.length).toBeLessThan(100_000);
    const { layers, content } = await tried(octets);
    expect(content).toBeNull();
    expect(layers).toMatchObject([{ refusal: { code: 'too-large' } }]);
  }, 240_000);

  test('packed again and again is refused', async () => {
    let inner = literal();
    for (let depth = 0; depth < 40; depth += 1) inner = packet(8, Buffer.from([1]), deflateRawSync(inner));
    expect((await tried(Buffer.concat([await toAnna(), protectedData(inner)]))).content).toBeNull();
  });

  test('to many recipients without a name is not tried without end', async () => {
    const one = packet(1, Buffer.from([3]), Buffer.alloc(8), Buffer.from([1, 8, 0, 0xff]), randomBytes(255));
    const octets = Buffer.concat([...Array.from({ length: 900 }, () => one), protectedData(literal())]);
    expect((await tried(octets)).layers).toMatchObject([{ refusal: { code: 'too-large' } }]);
  });
});

describe('a signature inside the encryption', () => {
  const signed = async (text: string, change: (parts: Buffer[]) => Buffer[]): Promise<string> => {
    const message = await openpgp.createMessage({ binary: Buffer.from(text) });
    const signingKeys = await openpgp.readPrivateKey({ armoredKey: paul.privateKey });
    const detached = Buffer.from(await openpgp.sign({ message, signingKeys, detached: true, format: 'binary' }));
    const whole = Buffer.from(await openpgp.sign({ message, signingKeys, format: 'binary' }));
    const onePass = whole.subarray(0, 2 + (whole[1] ?? 0));
    const parts = change([onePass, literal(text), detached]);
    const { signature, text: opened } = await tried(
      Buffer.concat([await toAnna(), protectedData(Buffer.concat(parts))]),
    );
    return `${signature.status}${opened === null ? '' : ' opened'}: ${signature.why}`;
  };

  test.each<[string, (parts: Buffer[]) => Buffer[], RegExp]>([
    ['as it should be', (parts) => parts, /^valid opened/],
    ['before the text, as of old', ([, text, signature]) => [signature, text] as Buffer[], /^valid opened/],
    [
      'over another text',
      ([onePass, , signature]) =>
        [onePass, literal('Content-Type: text/plain\r\n\r\nducks\r\n'), signature] as Buffer[],
      /^invalid opened: The message was altered/,
    ],
    ['announced and left out', ([onePass, text]) => [onePass, text] as Buffer[], /^invalid opened: .*missing/],
    ['not announced', ([, text, signature]) => [text, signature] as Buffer[], /^invalid opened/],
    ['none', ([, text]) => [text] as Buffer[], /^none opened/],
  ])('%s', async (_name, change, expected) => {
    expect(await signed(entity, change)).toMatch(expected);
  });
});

describe('text that is signed in its own form', () => {
  const clear = async (text: string): Promise<string> => {
    const message = await openpgp.createCleartextMessage({ text });
    const signingKeys = await openpgp.readPrivateKey({ armoredKey: paul.privateKey });
    return openpgp.sign({ message, signingKeys });
  };
  const said = async (body: string): Promise<string> => {
    const { signature, part, content } = await open(
      `From: ${author}\r\nContent-Type: text/plain\r\n\r\n${body}`,
      pool,
      { keys, signers },
    );
    expect(content).toBeNull();
    return part ? 'part' : signature.status;
  };

  test('counts when it is all there is', async () => {
    const text = await clear('Hello \n- dashed\n-- \nFrom here\t\n\nPaul\n');
    expect(await said(text)).toBe('valid');
    expect(await said(`\n\n${text}\n\n`)).toBe('valid');
    expect(await said(text.replace('Hello', 'Hallo'))).toBe('invalid');
  });

  test.each<[string, (text: string) => string]>([
    ['text before it', (text) => `Pay Mallory.\n${text}`],
    ['text after it', (text) => `${text}\nPay Mallory.\n`],
    ['text among its headers', (text) => text.replace('Hash: ', 'Comment: pay Mallory\nHash: ')],
    ['another one after it', (text) => `${text}\n${text}`],
    ['a dash that is not escaped', (text) => text.replace('- - dashed', '-dashed')],
  ])('does not with %s', async (_name, change) => {
    const text = await clear('Hello\n- dashed\n');
    expect(change(text)).not.toBe(text);
    expect(await said(change(text))).toBe('part');
  });
});
