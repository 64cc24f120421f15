import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { issueCertificate } from '../../src/protect/issue.ts';
import { CannotProtect } from '../../src/protect/protected.ts';
import { protectSmime } from '../../src/protect/smime.ts';
import { decryptSmime } from '../../src/protect/smime-open.ts';

const day = 86_400_000;
const rsa = issueCertificate({ subject: 'Anna', keyType: 'rsa2048', san: { email: ['anna@example.org'] } });
const other = issueCertificate({ subject: 'Boris the other', san: { email: ['boris@example.org'] } });

afterEach(() => vi.useRealTimers());

async function* pieces(whole: Buffer, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
}

const protect = (certificates: readonly string[], entity: AsyncIterable<Uint8Array>, entitySize: number) =>
  protectSmime(
    { recipients: certificates.map((material) => ({ material })), signer: null, form: 'clear', entitySize },
    entity,
  );

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const derOf = (body: Buffer): Buffer => Buffer.from(body.toString('latin1'), 'base64');

describe('protectSmime', () => {
  test.each([0, 1, 15, 16, 17, 57, 10_000, 29_184, 300_001])(
    '%i octets come back, at the size foretold',
    async (size) => {
      const entity = randomBytes(size);
      const made = protect([rsa.certPem], pieces(entity), size);
      const body = await collect(made.body);
      expect(body.length).toBe(made.size);
      expect(body.toString('latin1')).toMatch(/^([A-Za-z0-9+/]{76}\r\n)*[A-Za-z0-9+/]{1,76}={0,2}\r\n$/);
      expect(decryptSmime(rsa, derOf(body)).equals(entity)).toBe(true);
    },
  );

  test('says in the header what it is', () => {
    expect(protect([rsa.certPem], pieces(Buffer.alloc(0)), 0).headerLines).toBe(
      'MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data;\r\n name="smime.p7m"\r\n' +
        'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7m"\r\n',
    );
  });

  test('a copy for one tells nothing of another', async () => {
    const der = derOf(await collect(protect([rsa.certPem], pieces(Buffer.from('x')), 1).body));
    expect(der.includes('Boris')).toBe(false);
    expect(der.includes('Anna')).toBe(true);
    expect(() => decryptSmime(other, der)).toThrow();
  });

  const email = ['a@example.org'];
  test.each([
    ['none', []],
    ['no certificate', ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']],
    ['expired', [issueCertificate({ subject: 'x', san: { email }, notBefore: Date.now() - 9 * day, days: 3 }).certPem]],
    ['a server', [issueCertificate({ subject: 'x', san: { email, dns: ['x.example'] }, eku: ['serverAuth'] }).certPem]],
    ['one good, one bad', [rsa.certPem, issueCertificate({ subject: 'CA', ca: true }).certPem]],
  ])('refuses in words: %s', (_, certificates) => {
    expect(() => protect(certificates, pieces(Buffer.from('x')), 1)).toThrow(CannotProtect);
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
