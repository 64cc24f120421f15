/** What an operator publishes, read by the very code that reads what others publish. */
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { verifyDane } from '../../src/deliver/dane.ts';
import { type DnsLine, publicationFor, type ToPublish } from '../../src/deliver/publish.ts';
import { namesHost, readPolicy, readRecord } from '../../src/deliver/sts-policy.ts';
import { readReportRecord } from '../../src/mail/tls-report.ts';
import { issueCertificate } from '../../src/protect/issue.ts';

const certificate = issueCertificate({ subject: 'gw.b.example', san: { dns: ['gw.b.example'] } });
const wanted: ToPublish = {
  domain: 'b.example',
  mx: ['mx.b.example', '*.pool.example'],
  mailbox: 'tls-reports@b.example',
  server: null,
  dkim: [],
};

const lineOf = (records: readonly DnsLine[], name: string) => records.find((record) => record.name === name);
/** The text of a TXT record as a resolver gives it. */
const textOf = (line: DnsLine | undefined) =>
  [...(line?.value ?? '').matchAll(/"([^"]*)"/g)].map((string) => string[1]).join('');

test('the policy and its record are what senders understand', () => {
  const { policy, records, enforced } = publicationFor(wanted);
  expect(policy.url).toBe('https://mta-sts.b.example/.well-known/mta-sts.txt');
  const reading = readPolicy(policy.text);
  expect(reading).toEqual({ ok: true, policy: { mode: 'testing', mx: wanted.mx, maxAge: 604_800 } });
  expect(reading.ok && namesHost(reading.policy, 'a.pool.example')).toBe(true);
  expect(readPolicy(enforced.text)).toMatchObject({ ok: true, policy: { mode: 'enforce' } });
  const ids = [lineOf(records, '_mta-sts.b.example'), enforced.record].map((line) => readRecord([textOf(line)]));
  expect(ids[0]).toMatch(/^[a-f0-9]{16}$/);
  expect(ids[1]).toMatch(/^[a-f0-9]{16}$/);
  expect(ids[0]).not.toBe(ids[1]);
});

test('the id changes with the policy, and only then', () => {
  const id = (changes: Partial<ToPublish>) =>
    textOf(lineOf(publicationFor({ ...wanted, ...changes }).records, '_mta-sts.b.example'));
  expect(id({})).toBe(id({ mailbox: 'else@b.example' }));
  expect(id({})).not.toBe(id({ mx: ['mx.b.example'] }));
});

test.each(['tls-reports@b.example', 'a!b@b.example', '"a,b;c?d"@b.example', "o'neil+x@b.example"])(
  'reports are asked for at %s',
  (mailbox) => {
    const { records } = publicationFor({ ...wanted, mailbox });
    expect(readReportRecord([textOf(lineOf(records, '_smtp._tls.b.example'))])).toEqual([
      { kind: 'mailto', address: mailbox },
    ]);
  },
);

test('the TLSA record matches the certificate, and no other', () => {
  const server = { host: 'gw.b.example', port: 2525, certPem: certificate.certPem };
  const line = lineOf(publicationFor({ ...wanted, server }).records, '_2525._tcp.gw.b.example');
  const [usage, selector, matching, data] = (line?.value ?? '').split(' ');
  expect(line?.type).toBe('TLSA');
  const record = {
    usage: Number(usage),
    selector: Number(selector),
    matching: Number(matching),
    data: Buffer.from(data ?? '', 'hex'),
  };
  const verify = (certPem: string) =>
    verifyDane([record], [new X509Certificate(certPem)], ['gw.b.example'], new Date());
  expect(verify(certificate.certPem).kind).toBe('matched');
  expect(verify(issueCertificate({ subject: 'gw.b.example' }).certPem).kind).toBe('mismatch');
});

test.each(['rsa', 'ed25519'] as const)(
  'the DKIM record of a key with %s holds the public half, for reports only',
  (kind) => {
    const { privateKey, publicKey } =
      kind === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
    const dkim = [{ selector: 'tlsrpt', domain: 'b.example', key: privateKey, signs: 'reports' }] as const;
    const line = lineOf(publicationFor({ ...wanted, dkim }).records, 'tlsrpt._domainkey.b.example');
    const [, type, p] = /^v=DKIM1; k=(\w+); s=tlsrpt; p=([A-Za-z0-9+/=]+)$/.exec(textOf(line)) ?? [];
    expect(type).toBe(kind);
    const octets = Buffer.from(p ?? '', 'base64');
    const read =
      kind === 'rsa'
        ? createPublicKey({ key: octets, type: 'spki', format: 'der' })
        : createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: octets.toString('base64url') }, format: 'jwk' });
    expect(read.equals(publicKey)).toBe(true);
    for (const [, string = ''] of (line?.value ?? '').matchAll(/"([^"]*)"/g))
      expect(string.length).toBeLessThanOrEqual(255);
  },
);
