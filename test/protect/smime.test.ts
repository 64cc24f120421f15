import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { base64LinesSize, inBase64Lines } from '../../src/protect/base64-lines.ts';
import { type Issued, issueCertificate } from '../../src/protect/issue.ts';
import { CannotProtect, type SignatureForm } from '../../src/protect/protected.ts';
import { protectSmime, type SmimeJob } from '../../src/protect/smime.ts';
import { decryptSmime } from '../../src/protect/smime-open.ts';

const day = 86_400_000;
const email = ['a@example.org'];
const ca = issueCertificate({ subject: 'CA', ca: true });
const rsa = issueCertificate({ subject: 'Anna', keyType: 'rsa2048', san: { email: ['anna@example.org'] } });
const other = issueCertificate({ subject: 'Boris the other', san: { email: ['boris@example.org'] } });

afterEach(() => vi.useRealTimers());

async function* pieces(whole: Buffer, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
}

function job(recipients: readonly string[], more: Partial<SmimeJob> & Pick<SmimeJob, 'entitySize'>): SmimeJob {
  return { recipients: recipients.map((material) => ({ material })), signer: null, form: 'clear', ...more };
}

const protect = (certificates: readonly string[], entity: AsyncIterable<Uint8Array>, entitySize: number) =>
  protectSmime(job(certificates, { entitySize }), entity);

const signerOf = ({ certPem, keyPem }: Issued) => ({ certificates: [certPem], privateKey: keyPem });

/** The message signed, and encrypted to `to` when given. */
const sign = (entity: Buffer, signer: Issued, form: SignatureForm, to: readonly string[] = []) =>
  protectSmime(job(to, { signer: signerOf(signer), form, entitySize: entity.length }), pieces(entity));

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const derOf = (body: Buffer): Buffer => Buffer.from(body.toString('latin1'), 'base64');
const mailLines = /^([A-Za-z0-9+/]{76}\r\n)*[A-Za-z0-9+/]{1,76}={0,2}\r\n$/;

describe('encrypted', () => {
  test.each([0, 1, 15, 16, 17, 57, 10_000, 29_184, 300_001])(
    '%i octets come back, at the size foretold',
    async (size) => {
      const entity = randomBytes(size);
      const made = protect([rsa.certPem], pieces(entity), size);
      const body = await collect(made.body);
      expect(body.length).toBe(made.size);
      expect(body.toString('latin1')).toMatch(mailLines);
      expect(decryptSmime(rsa, derOf(body)).equals(entity)).toBe(true);
    },
  );

  test('whatever pieces it comes in, the lines are whole and the octets the same', async () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(chunks, async (given) => {
        const entity = Buffer.concat(given);
        const source = (async function* () {
          yield* given;
        })();
        const body = await collect(protect([rsa.certPem], source, entity.length).body);
        expect(body.toString('latin1')).toMatch(mailLines);
        expect(decryptSmime(rsa, derOf(body)).equals(entity)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('base64 has the same lines whatever pieces it comes in', async () => {
    const sizes = fc.array(fc.oneof(fc.nat(60), fc.integer({ min: 960, max: 1030 }), fc.nat(3000)), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(sizes, async (given) => {
        const octets = given.map((size, index) => Buffer.alloc(size, `${index} and more`));
        const lines = Buffer.concat(octets)
          .toString('base64')
          .replace(/.{1,76}/g, '$&\r\n');
        const source = (async function* () {
          yield* octets;
        })();
        expect((await collect(inBase64Lines(source))).toString('latin1')).toBe(lines);
        expect(base64LinesSize(Buffer.concat(octets).length)).toBe(lines.length);
      }),
      { numRuns: 200, examples: [[Array.from({ length: 3000 }, () => 1)]] },
    );
  });

  test('says in the header what it is', () => {
    const header = (type: string) =>
      `MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=${type};\r\n name="smime.p7m"\r\n` +
      'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7m"\r\n';
    const nothing = pieces(Buffer.alloc(0));
    expect(protect([rsa.certPem], nothing, 0).headerLines).toBe(header('enveloped-data'));
    const gcm = { recipients: [{ material: rsa.certPem, gcm: true }], entitySize: 0 };
    expect(protectSmime(job([], gcm), nothing).headerLines).toBe(header('authEnveloped-data'));
  });

  const capable = issueCertificate({ subject: 'Capable', aesGcm: true, san: { email } });
  test.each([
    ['the keyring knows it', [{ material: rsa.certPem, gcm: true }], true],
    ['the certificate says it', [{ material: capable.certPem }], true],
    ['one of each', [{ material: capable.certPem }, { material: rsa.certPem, gcm: true }], true],
    ['not of everybody', [{ material: capable.certPem }, { material: rsa.certPem }], false],
    ['of nobody', [{ material: other.certPem }], false],
  ])('AES-GCM only when all can open it: %s', async (_, recipients, gcm) => {
    const made = protectSmime(job([], { recipients, entitySize: 3 }), pieces(Buffer.from('abc')));
    expect(made.headerLines.includes('authEnveloped')).toBe(gcm);
    const body = await collect(made.body);
    expect(body.length).toBe(made.size);
    // id-aes256-GCM and id-aes256-CBC differ in their last octet.
    expect(derOf(body).includes(Buffer.from('60864801650304012e', 'hex'))).toBe(gcm);
  });

  test('a copy for one tells nothing of another', async () => {
    const der = derOf(await collect(protect([rsa.certPem], pieces(Buffer.from('x')), 1).body));
    expect(der.includes('Boris')).toBe(false);
    expect(der.includes('Anna')).toBe(true);
    expect(() => decryptSmime(other, der)).toThrow();
  });

  test('a copy names its recipients, by issuer and serial number, and nobody else', async () => {
    const people = Array.from({ length: 6 }, (_, index) => {
      const issuer = issueCertificate({ subject: `Authority ${index}`, ca: true });
      const { certPem } = issueCertificate({ subject: `Person ${index}`, issuer, san: { email } });
      return { index, certPem, serial: Buffer.from(new X509Certificate(certPem).serialNumber, 'hex') };
    });
    await fc.assert(
      fc.asyncProperty(fc.subarray(people, { minLength: 1 }), async (chosen) => {
        const certificates = chosen.map(({ certPem }) => certPem);
        const der = derOf(await collect(protect(certificates, pieces(Buffer.from('x')), 1).body));
        const named = people.filter(({ index, serial }) => der.includes(serial) && der.includes(`Authority ${index}`));
        const hinted = people.filter(({ index, serial }) => der.includes(serial) || der.includes(`Authority ${index}`));
        expect([named, hinted]).toEqual([chosen, chosen]);
        expect(der.includes('Person')).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['none', []],
    ['no certificate', ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']],
    ['far too long', ['x'.repeat(100_000)]],
    ['expired', [issueCertificate({ subject: 'x', san: { email }, notBefore: Date.now() - 9 * day, days: 3 }).certPem]],
    ['a server', [issueCertificate({ subject: 'x', san: { email, dns: ['x.example'] }, eku: ['serverAuth'] }).certPem]],
    ['a key for signing', [issueCertificate({ subject: 'x', issuer: ca, keyType: 'ed25519', san: { email } }).certPem]],
    ['RSA for PSS', [issueCertificate({ subject: 'x', issuer: ca, keyType: 'rsaPss2048', san: { email } }).certPem]],
    ['one good, one bad', [rsa.certPem, issueCertificate({ subject: 'CA', ca: true }).certPem]],
  ])('refuses in words: %s', (_, certificates) => {
    expect(() => protect(certificates, pieces(Buffer.from('x')), 1)).toThrow(CannotProtect);
  });

  test('certificates damaged anywhere are refused in words or encrypted to, and never crash', async () => {
    const good = Buffer.from(rsa.certPem.replace(/-----[A-Z ]+-----/g, ''), 'base64');
    const where = fc.nat({ max: good.length - 1 });
    await fc.assert(
      fc.asyncProperty(where, fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] ?? 0) ^ by;
        const pem = `-----BEGIN CERTIFICATE-----\n${bad.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
        try {
          await collect(protect([pem], pieces(Buffer.from('x')), 1).body);
        } catch (error) {
          expect(error).toBeInstanceOf(CannotProtect);
          expect((error as Error).message).toMatch(/^(The|There) .*\.$/);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a certificate that expires while it is in use is used no more', () => {
    const soon = issueCertificate({ subject: 'x', san: { email }, days: 1 });
    protect([soon.certPem], pieces(Buffer.from('x')), 1);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * day });
    expect(() => protect([soon.certPem], pieces(Buffer.from('x')), 1)).toThrow(/it expired on/);
  });

  test('makes no message of another size than announced', async () => {
    for (const announced of [9, 11]) {
      const body = protect([rsa.certPem], pieces(Buffer.alloc(10)), announced).body;
      await expect(collect(body)).rejects.toThrow(/10 octets/);
    }
  });
});

describe('signed', () => {
  const text = Buffer.from('Content-Type: text/plain\r\n\r\nDear Boris,\r\n\r\n--\r\nAnna');

  test('clear: the entity stays readable, and the hash is named', async () => {
    const made = sign(text, rsa, 'clear');
    expect(made.headerLines).toMatch(
      /^MIME-Version: 1\.0\r\nContent-Type: multipart\/signed; protocol="application\/pkcs7-signature";\r\n micalg=sha-256; boundary="[^"]+"\r\n$/,
    );
    const boundary = /boundary="([^"]+)"/.exec(made.headerLines)?.[1] ?? '';
    const body = (await collect(made.body)).toString('latin1');
    expect(body.length).toBe(made.size);
    const [before, entity, signature, after] = body.split(`--${boundary}`);
    expect([before, entity, after]).toEqual(['', `\r\n${text.toString('latin1')}\r\n`, '--\r\n']);
    expect(signature).toMatch(/^\r\nContent-Type: application\/pkcs7-signature; name="smime\.p7s"\r\n/);
  });

  const kinds = [
    'p256',
    'p384',
    'p521',
    'brainpoolP256r1',
    'brainpoolP512r1',
    'ed25519',
    'rsa2048',
    'rsaPss2048',
  ] as const;
  test.each(
    kinds.map((kind) => [kind, issueCertificate({ subject: 'x', issuer: ca, keyType: kind, san: { email } })] as const),
  )('with %s: every copy has the size foretold, in every form', async (kind, signer) => {
    const micalg = { p384: 'sha-384', p521: 'sha-512', brainpoolP512r1: 'sha-512', ed25519: 'sha-512' };
    for (const form of ['clear', 'opaque', 'clear', 'opaque'] as const) {
      for (const to of [[], [rsa.certPem]]) {
        const made = sign(text, signer, form, to);
        const body = await collect(made.body);
        expect(body.length).toBe(made.size);
        const inner = to.length === 0 ? made.headerLines : decryptSmime(rsa, derOf(body)).toString('latin1');
        if (form === 'clear') expect(inner).toContain(`micalg=${kind in micalg ? micalg[kind as 'p384'] : 'sha-256'};`);
        else expect(inner).toContain('smime-type=signed-data');
      }
    }
  });

  test('then encrypted: from outside no sign of who signed', async () => {
    const body = await collect(sign(text, rsa, 'opaque', [other.certPem]).body);
    expect(derOf(body).includes('Anna')).toBe(false);
  });

  test('the attributes tell the hash, the certificate, the time and what can be opened', async () => {
    const der = derOf(await collect(sign(text, rsa, 'opaque').body));
    const certificate = Buffer.from(rsa.certPem.replace(/-----[A-Z ]+-----/g, ''), 'base64');
    expect(der.includes(createHash('sha256').update(text).digest())).toBe(true);
    expect(der.includes(createHash('sha256').update(certificate).digest())).toBe(true);
    expect(der.includes(certificate)).toBe(true);
    // signingTime; id-aes256-GCM before id-aes256-CBC.
    expect(der.includes(Buffer.from('06092a864886f70d010905', 'hex'))).toBe(true);
    const [gcm, cbc] = ['2e', '2a'].map((last) => der.indexOf(Buffer.from(`300b06096086480165030401${last}`, 'hex')));
    expect(gcm).toBeGreaterThan(0);
    expect(cbc).toBeGreaterThan(gcm ?? 0);
  });

  const mail = { subject: 'x', san: { email } };
  const expired = { ...mail, notBefore: Date.now() - 9 * day, days: 3 };
  test.each<[string, Issued, RegExp]>([
    ['expired', issueCertificate(expired), /expired on/],
    ['for another purpose', issueCertificate({ ...mail, eku: ['serverAuth'] }), /another purpose \(serverAuth\)/],
    ['not for signatures', issueCertificate({ ...mail, keyUsage: ['keyAgreement'] }), /not meant for signatures/],
    [
      'a key that cannot sign',
      issueCertificate({ ...mail, issuer: ca, keyType: 'x25519', keyUsage: ['digitalSignature'] }),
      /X25519/,
    ],
    ['weak', issueCertificate({ ...mail, keyType: 'rsa1024' }), /only 1024 bits/],
    ['the key of another', { certPem: rsa.certPem, keyPem: other.keyPem }, /is not the one/],
    ['no key', { certPem: rsa.certPem, keyPem: 'nonsense' }, /is not the one/],
    ['no certificate', { certPem: 'nonsense', keyPem: rsa.keyPem }, /not well-formed/],
  ])('refuses in words: %s', (_, signer, why) => {
    expect(() => sign(text, signer, 'clear')).toThrow(CannotProtect);
    expect(() => sign(text, signer, 'clear')).toThrow(why);
  });

  test.each([
    ['a bare LF', 'a\nb'],
    ['a bare CR', 'a\rb\r\n'],
    ['LF first', '\na'],
    ['CR last', 'a\r'],
    ['two CR', 'a\r\r\n'],
  ])('signs no line end that would be changed on the way: %s', async (_, given) => {
    const entity = Buffer.from(given);
    for (const size of [1, 2, 1000]) {
      const made = protectSmime(job([], { signer: signerOf(rsa), entitySize: entity.length }), pieces(entity, size));
      await expect(collect(made.body)).rejects.toThrow(CannotProtect);
    }
  });

  test('CRLF may come in two pieces', async () => {
    const made = protectSmime(job([], { signer: signerOf(rsa), entitySize: text.length }), pieces(text, 1));
    expect((await collect(made.body)).length).toBe(made.size);
  });
});
