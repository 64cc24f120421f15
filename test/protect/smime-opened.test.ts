/** What is made for sending opens again by the way in (src/protect/open), which was written from the standards and not from this: every kind of key. */
import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Issued, issueCertificate } from '../../src/protect/issue.ts';
import { openCms } from '../../src/protect/open/cms.ts';
import { protectSmime, type SmimeJob } from '../../src/protect/smime.ts';

const authority = issueCertificate({ subject: 'CA', ca: true });
const address = 'anna@example.org';
const holder = (keyType: NonNullable<Parameters<typeof issueCertificate>[0]['keyType']>): Issued =>
  issueCertificate({ subject: 'Anna', issuer: authority, keyType, san: { email: [address] } });
const text = Buffer.from(`Content-Type: text/plain\r\n\r\n${'A line of text.\r\n'.repeat(5000)}`);

/** The content of what the job makes, and what the opener reports about it. */
async function around(job: Omit<SmimeJob, 'entitySize'>, own: Issued) {
  const source = (async function* () {
    for (let at = 0; at < text.length; at += 30_000) yield text.subarray(at, at + 30_000);
  })();
  const made = protectSmime({ ...job, entitySize: text.length }, source);
  const lines: string[] = [];
  for await (const chunk of made.body) lines.push(Buffer.from(chunk).toString('latin1'));
  const cms = (async function* () {
    yield Buffer.from(lines.join(''), 'base64');
  })();
  const key = { id: 'own', method: 'smime', material: own.certPem, privateKey: own.keyPem } as const;
  const now = Date.now();
  const opened = openCms(cms, [key], { author: address, date: now, keys: [], now }, [
    new X509Certificate(authority.certPem),
  ]);
  const octets: Uint8Array[] = [];
  for (;;) {
    const next = await opened.next();
    if (next.done === true) return { octets: Buffer.concat(octets), report: next.value };
    octets.push(next.value);
  }
}

describe('what leaves opens on the way in', () => {
  const encrypting = [
    'rsa2048',
    'rsaOaep2048',
    'p256',
    'p384',
    'p521',
    'brainpoolP256r1',
    'brainpoolP512r1',
    'x25519',
  ] as const;
  test.each(encrypting.flatMap((kind) => [[kind, false] as const, [kind, true] as const]))(
    'encrypted to %s, AES-GCM: %s',
    async (kind, gcm) => {
      const own = holder(kind);
      const recipients = [{ material: own.certPem, gcm }];
      const { octets, report } = await around({ recipients, signer: null, form: 'clear' }, own);
      expect(report).toMatchObject({ kind: 'decrypted', key: 'own', integrity: gcm ? 'gcm' : null });
      expect(octets.equals(text)).toBe(true);
    },
  );

  test('for two, either can open it', async () => {
    const [one, two] = [holder('rsa2048'), holder('x25519')];
    const recipients = [{ material: one.certPem }, { material: two.certPem }];
    for (const own of [one, two]) {
      const { octets } = await around({ recipients, signer: null, form: 'clear' }, own);
      expect(octets.equals(text)).toBe(true);
    }
  });

  test.each(['rsa2048', 'rsaPss2048', 'p256', 'p384', 'p521', 'ed25519'] as const)('signed with %s', async (kind) => {
    const own = holder(kind);
    const signer = { certificates: [own.certPem, authority.certPem], privateKey: own.keyPem };
    const { octets, report } = await around({ recipients: [], signer, form: 'opaque' }, own);
    expect(octets.equals(text)).toBe(true);
    expect(report).toMatchObject({ kind: 'signed', signature: { status: 'valid', signer: address, gcm: true } });
  });
});
