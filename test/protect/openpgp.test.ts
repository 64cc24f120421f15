import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import * as openpgp from 'openpgp';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { encryptPgp, signPgp } from '../../src/protect/openpgp/message.ts';
import { decryptPgp, generateKey, inspectKeys } from '../../src/protect/openpgp.ts';
import { CannotProtect } from '../../src/protect/protected.ts';

const day = 86_400_000;
const now = Date.now();
const anna = await generateKey({ name: 'Anna Berg', email: 'anna@example.org' });
const boris = await generateKey({ email: 'boris@example.org' });

afterEach(() => vi.useRealTimers());

async function* pieces(whole: Buffer, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
}

async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

const armorOf = (body: string): string =>
  body.slice(body.indexOf('-----BEGIN'), body.indexOf('-----END PGP MESSAGE-----') + 25);

describe('encryptPgp', () => {
  test.each([0, 1, 10_000, 262_144, 262_145, 1_000_000])('%i octets come back, in RFC 3156 form', async (size) => {
    const entity = Buffer.alloc(size, 'Content-Type: text/plain\r\n\r\n\xff\0 lines\n');
    const made = await encryptPgp([anna.publicKey], null, pieces(entity), size);
    const body = await text(made.body);
    expect(made.headerLines).toMatch(
      /^MIME-Version: 1.0\r\nContent-Type: multipart\/encrypted; protocol="application\/pgp-encrypted";\r\n boundary="[\w-]+"\r\n$/,
    );
    const boundary = /boundary="([^"]+)"/.exec(made.headerLines)?.[1] ?? '';
    const parts = body.split(`--${boundary}`);
    expect(parts).toHaveLength(4);
    expect(parts[1]).toMatch(/^\r\nContent-Type: application\/pgp-encrypted\r\n[^]*\r\n\r\nVersion: 1\r\n/);
    expect(parts[2]).toMatch(/^\r\nContent-Type: application\/octet-stream;/);
    expect(body.replaceAll('\r\n', '')).not.toMatch(/[\r\n\x80-\xff]/);
    if (made.size !== null) expect(body.length).toBe(made.size);
    expect((await decryptPgp(anna.privateKey, armorOf(body))).equals(entity)).toBe(true);
  });

  test('a copy for one tells nothing of another', async () => {
    const body = await text((await encryptPgp([anna.publicKey], null, pieces(Buffer.from('x')), 1)).body);
    const { keys } = await inspectKeys(Buffer.from(boris.publicKey), now);
    const octets = Buffer.from(armorOf(body).replaceAll(/-----.*-----/g, ''), 'base64').toString('hex');
    expect(keys[0]?.fingerprint).toBe(boris.fingerprint);
    expect(octets).not.toContain(boris.fingerprint.slice(-16));
    await expect(decryptPgp(boris.privateKey, armorOf(body))).rejects.toThrow();
  });

  test('refuses in words what cannot be used now', async () => {
    const expired = await generateKey({ email: 'e@example.org' }, { createdAt: now - 10 * day, expiresAfter: 86_400 });
    const refusals = [[], [expired.publicKey], ['no key'], [anna.publicKey, expired.publicKey]];
    for (const keys of refusals) {
      await expect(encryptPgp(keys, null, pieces(Buffer.from('x')), 1)).rejects.toThrow(CannotProtect);
    }
    await expect(encryptPgp([expired.publicKey], null, pieces(Buffer.from('x')), 1)).rejects.toThrow(
      /expired on \d{4}-/,
    );
  });

  const signers = [
    ['unsigned', null],
    ['signed', { certificates: [], privateKey: anna.privateKey }],
  ] as const;

  describe.each(signers)('%s', (_name, signer) => {
    test.each([0, 1, 100_000, 1_500_000])('passes on that the source broke after %i octets', async (size) => {
      const broken = (async function* () {
        yield* pieces(Buffer.alloc(size));
        throw new Error('disk broke');
      })();
      const made = async () => text((await encryptPgp([anna.publicKey], signer, broken, 2_000_000)).body);
      await expect(made()).rejects.toThrow('disk broke');
    });

    test.each([10, 2_000_000])('makes nothing of more or fewer octets than announced (%i)', async (size) => {
      for (const wrong of [size - 1, size + 1]) {
        const entity = pieces(Buffer.alloc(wrong));
        const made = async () => text((await encryptPgp([anna.publicKey], signer, entity, size)).body);
        await expect(made()).rejects.toThrow('were announced');
      }
    });

    test('lets the source go when left early', async () => {
      let released = false;
      const endless = (async function* () {
        try {
          for (;;) yield Buffer.alloc(65_536);
        } finally {
          released = true;
        }
      })();
      let taken = 0;
      for await (const chunk of (await encryptPgp([anna.publicKey], signer, endless, 1e9)).body) {
        taken += chunk.length;
        if (taken > 200_000) break;
      }
      await vi.waitFor(() => expect(released).toBe(true), 60_000);
    });
  });
});

describe('signatures', () => {
  const signer = { certificates: [], privateKey: boris.privateKey };

  async function signersOf(armoredMessage: string): Promise<string[]> {
    const opened = await openpgp.decrypt({
      message: await openpgp.readMessage({ armoredMessage }),
      decryptionKeys: await openpgp.readPrivateKey({ armoredKey: anna.privateKey }),
      verificationKeys: await openpgp.readKey({ armoredKey: boris.publicKey }),
      format: 'binary',
    });
    return Promise.all(opened.signatures.map(async (each) => ((await each.verified) ? each.keyID.toHex() : 'bad')));
  }

  test.each([0, 1, 10_000, 1_048_576, 1_048_577, 1_500_000])('%i octets are signed inside', async (size) => {
    const entity = Buffer.alloc(size, 'Content-Type: text/plain\r\n\r\n\xff\0 lines\n');
    const armored = armorOf(await text((await encryptPgp([anna.publicKey], signer, pieces(entity), size)).body));
    expect((await decryptPgp(anna.privateKey, armored)).equals(entity)).toBe(true);
    expect(await signersOf(armored)).toEqual([boris.fingerprint.slice(-16)]);
  });

  test.each([10, 1_500_000])('%i octets are signed only, in RFC 3156 form', async (size) => {
    const entity = Buffer.alloc(size, 'Content-Type: text/plain\r\n\r\nlines\r\n');
    const { headerLines, body } = await signPgp(signer, pieces(entity), size);
    expect(headerLines).toMatch(
      /^MIME-Version: 1.0\r\nContent-Type: multipart\/signed; protocol="application\/pgp-signature";\r\n micalg=pgp-sha512; boundary="pgp-\w+"\r\n$/,
    );
    const boundary = /boundary="([^"]+)"/.exec(headerLines)?.[1] ?? '';
    const [before, signed, signature, after] = (await text(body)).split(
      new RegExp(`(?:^|\r\n)--${boundary}(?:--)?\r\n`),
    );
    expect([before, after]).toEqual(['', '']);
    expect(signed).toBe(entity.toString('latin1'));
    expect(signature).toMatch(/^Content-Type: application\/pgp-signature; name="signature.asc"\r\n/);
    const result = await openpgp.verify({
      message: await openpgp.createMessage({ binary: new Uint8Array(entity) }),
      signature: await openpgp.readSignature({
        armoredSignature: signature?.split('\r\n\r\n').slice(1).join('\r\n\r\n') ?? '',
      }),
      verificationKeys: await openpgp.readKey({ armoredKey: boris.publicKey }),
    });
    expect(await result.signatures[0]?.verified).toBe(true);
  });

  test('a key that cannot sign is refused in words', async () => {
    const expired = await generateKey({ email: 'e@example.org' }, { createdAt: now - 10 * day, expiresAfter: 86_400 });
    for (const [privateKey, words] of [
      ['no key', /cannot be read/],
      [expired.privateKey, /cannot be used to sign/],
    ] as const) {
      const by = { certificates: [], privateKey };
      await expect(signPgp(by, pieces(Buffer.from('x')), 1)).rejects.toThrow(CannotProtect);
      await expect(encryptPgp([anna.publicKey], by, pieces(Buffer.from('x')), 1)).rejects.toThrow(words);
    }
  });
});

test('a key that expires while it is in use is used no more', async () => {
  const soon = await generateKey({ email: 's@example.org' }, { createdAt: now - day, expiresAfter: 2 * 86_400 });
  await encryptPgp([soon.publicKey], null, pieces(Buffer.from('x')), 1);
  vi.useFakeTimers({ toFake: ['Date'], now: now + 2 * day });
  await expect(encryptPgp([soon.publicKey], null, pieces(Buffer.from('x')), 1)).rejects.toThrow(/expired on/);
});

describe('inspectKeys', () => {
  test('says what a key says, and leaves the private part out', async () => {
    const { keys, problems } = await inspectKeys(Buffer.from(anna.privateKey), now);
    expect(problems).toEqual([]);
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatchObject({
      fingerprint: anna.fingerprint,
      addresses: ['anna@example.org'],
      expiresAt: null,
      revoked: false,
      hadPrivatePart: true,
      usableForEncryption: { ok: true },
    });
    expect(keys[0]?.armored).toContain('PUBLIC KEY BLOCK');
    expect(keys[0]?.armored).not.toContain('PRIVATE');
  });

  test('reads several keys around other text, and not what a damaged one spoils', async () => {
    const file = `Dear admin,\n${anna.publicKey}\nand\n${boris.publicKey.replace('=', '!')}\n-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n${boris.publicKey}`;
    const { keys } = await inspectKeys(Buffer.from(file), now);
    expect(keys.map((key) => key.fingerprint)).toContain(anna.fingerprint);
  });

  test('tells time', async () => {
    const key = await generateKey({ email: 't@example.org' }, { createdAt: now - 10 * day, expiresAfter: 5 * 86_400 });
    const why = async (at: number) => (await inspectKeys(Buffer.from(key.publicKey), at)).keys[0]?.usableForEncryption;
    expect(await why(now)).toEqual({ ok: false, why: expect.stringMatching(/^it expired on /) });
    expect(await why(now - 7 * day)).toEqual({ ok: true });
    expect(await why(now - 20 * day)).toEqual({ ok: false, why: expect.stringMatching(/^it is valid only from /) });
  });

  test('refuses poisoned keys', async () => {
    const binary = Buffer.from(anna.publicKey.replaceAll(/-----.*-----|^=.*$/gm, ''), 'base64');
    const userId = (name: string) => Buffer.concat([Buffer.from([0xcd, name.length]), Buffer.from(name)]);
    const many = Buffer.concat([binary, ...Array.from({ length: 60 }, (_, i) => userId(`u${i}@example.org`))]);
    const huge = Buffer.concat([binary, ...Array.from({ length: 400 }, () => userId('x'.repeat(180)))]);
    expect((await inspectKeys(many, now)).problems[0]).toMatch(/61 user ids, 50 is the most/);
    expect((await inspectKeys(huge, now)).problems[0]).toMatch(/65536 is the most/);
    // Each is verified again: three hundred of the slowest kind take a second.
    const whole = await openpgp.readKey({ binaryKey: binary });
    const piled = (times: number) => {
      const packets = new openpgp.PacketList<openpgp.AnyPacket>();
      for (const packet of whole.toPacketList()) {
        const certifies =
          packet instanceof openpgp.SignaturePacket && packet.signatureType === openpgp.enums.signature.certPositive;
        for (let n = certifies ? times : 1; n > 0; n--) packets.push(packet);
      }
      return packets.write();
    };
    expect((await inspectKeys(piled(16), now)).keys).toHaveLength(1);
    expect((await inspectKeys(piled(17), now)).problems[0]).toMatch(
      /17 signatures by itself in one place, 16 is the most/,
    );
    const added = (await inspectKeys(Buffer.concat([binary, userId('chef@bank.example')]), now)).keys[0];
    expect(added?.addresses).toEqual(['anna@example.org']);
  });

  test('answers any octets', async () => {
    const binary = Buffer.from(anna.publicKey.replaceAll(/-----.*-----|^=.*$/gm, ''), 'base64');
    await fc.assert(
      fc.asyncProperty(fc.nat(binary.length - 1), fc.nat(255), fc.boolean(), async (at, octet, cut) => {
        const damaged = cut ? binary.subarray(0, at) : Buffer.from(binary).fill(octet, at, at + 1);
        const { keys } = await inspectKeys(damaged, now);
        // Whatever opens is still the key's own word.
        for (const key of keys) if (key.usableForEncryption.ok) expect(key.addresses).toEqual(['anna@example.org']);
      }),
      { numRuns: 60 },
    );
  });
});

const corpora = new URL('../../../shared/corpora/rnp/src/tests/data/', import.meta.url);
describe.skipIf(!existsSync(corpora))('keys of rnp', () => {
  const verdict = async (name: string): Promise<string> => {
    const { keys, problems } = await inspectKeys(readFileSync(new URL(name, corpora)), now);
    return (
      keys.map((key) => (key.usableForEncryption.ok ? 'ok' : key.usableForEncryption.why)).join() || problems.join()
    );
  };

  test('forged, expired and malformed ones are never usable', async () => {
    const folder = new URL('test_forged_keys/', corpora);
    const names = readdirSync(folder).filter((name) => /forged|expired|future|malf|no-/.test(name));
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) expect([name, await verdict(`test_forged_keys/${name}`)]).not.toContain('ok');
  });

  test.each([
    ['test_forged_keys/ecc-p256-pub-expired-key.pgp', /^it expired on 2019-02-04$/],
    ['test_forged_keys/ecc-p256-pub-expired-subkey.pgp', /encryption part has expired/],
    ['test_stream_key_load/ecc-p256-revoked-key.asc', /^it was revoked$/],
    ['test_forged_keys/rsa-rsa-pub-forged-subkey.pgp', /SHA-1 or MD5 only, which can be forged/],
    ['cli_EncryptSign/GnuPG_rsa_1024_1024.gpg', /too short/],
    ['cli_EncryptSign/GnuPG_rsa_2048_2048.gpg', /^ok$/],
    ['keyrings/4/pubring.pgp', /cannot be read/],
  ])('%s', async (name, expected) => {
    if (existsSync(new URL(name, corpora))) expect(await verdict(name)).toMatch(expected);
  });
});
