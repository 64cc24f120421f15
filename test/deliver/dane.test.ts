/** DANE findings over certificates made here: each combination of usage, selector and matching, and each way in which it must not match. */
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { usable, verifyDane } from '../../src/deliver/dane.ts';
import type { TlsaRecord } from '../../src/net/resolver.ts';
import { type Issued, issueCertificate } from '../../src/protect/issue.ts';

const day = 86_400_000;
const now = new Date();
const authority = issueCertificate({ subject: 'Its own CA', ca: true });
const stranger = issueCertificate({ subject: 'Its own CA', ca: true });
const server = leaf('mx.good.example', authority);
const x509 = (issued: Issued) => new X509Certificate(issued.certPem);
const chain = [x509(server), x509(authority)];
const names = ['mx.good.example', 'good.example'];

function leaf(name: string, issuer: Issued, notAfter = Date.now() + day): Issued {
  return issueCertificate({ subject: name, issuer, san: { dns: [name] }, notBefore: Date.now() - 2 * day, notAfter });
}

function record(usage: number, selector: number, matching: number, of: Issued): TlsaRecord {
  const certificate = x509(of);
  const content = selector === 0 ? certificate.raw : certificate.publicKey.export({ type: 'spki', format: 'der' });
  const digest = (name: string) => createHash(name).update(content).digest();
  const data = matching === 0 ? content : digest(matching === 1 ? 'sha256' : 'sha512');
  return { usage, selector, matching, data };
}

describe('a record matches', () => {
  const cases = [3, 2].flatMap((usage) => [0, 1].flatMap((s) => [0, 1, 2].map((m) => [usage, s, m] as const)));
  test.each(cases)('%i %i %i', (usage, selector, matching) => {
    const published = record(usage, selector, matching, usage === 3 ? server : authority);
    expect(usable([published])).toEqual([published]);
    expect(verifyDane([published], chain, names, now)).toEqual({ kind: 'matched', record: published });
  });

  test('3: whatever the name, whatever the date, whoever issued it', () => {
    const odd = leaf('elsewhere.example', stranger, Date.now() - day);
    expect(verifyDane([record(3, 1, 1, odd)], [x509(odd)], names, now).kind).toBe('matched');
  });

  test.each([0, 1])('2 %i 0: an authority in full need not be in the chain', (selector) => {
    expect(verifyDane([record(2, selector, 0, authority)], [x509(server)], names, now).kind).toBe('matched');
  });

  test('one of several: a rollover', () => {
    const old = leaf('mx.good.example', authority);
    const both = usable([record(3, 1, 1, old), record(3, 1, 1, server)]);
    expect(verifyDane(both, chain, names, now).kind).toBe('matched');
  });

  test('2: the chain may come in any order, with strangers in it', () => {
    const mixed = [x509(server), x509(stranger), x509(authority)];
    expect(verifyDane([record(2, 0, 1, authority)], mixed, names, now).kind).toBe('matched');
  });
});

describe('a record does not match', () => {
  const expired = leaf('mx.good.example', authority, Date.now() - day);
  const other = leaf('mx.other.example', authority);
  const noAuthority = issueCertificate({
    subject: 'mx.good.example',
    issuer: server,
    san: { dns: ['mx.good.example'] },
  });
  test.each([
    ['3 of another key', record(3, 1, 1, other), chain],
    ['3 of the authority', record(3, 1, 1, authority), chain],
    ['2 of a stranger with the same name', record(2, 1, 1, stranger), chain],
    ['2 of an authority that the server did not send', record(2, 1, 1, authority), [x509(server)]],
    ['2 with an expired certificate', record(2, 1, 1, authority), [x509(expired), x509(authority)]],
    ['2 with another name', record(2, 1, 1, authority), [x509(other), x509(authority)]],
    ['2 of a certificate that may not issue', record(2, 1, 1, server), [x509(noAuthority), x509(server)]],
    ['2 0 0 of a stranger in full', record(2, 0, 0, stranger), [x509(server)]],
    ['2 1 0 of a stranger in full', record(2, 1, 0, stranger), [x509(server)]],
    ['no certificate at all', record(3, 1, 1, server), []],
  ])('%s', (_, published, shown) => {
    expect(verifyDane([published], shown, names, now).kind).toBe('mismatch');
  });

  test('2 with another name says so', () => {
    const finding = verifyDane([record(2, 1, 1, authority)], [x509(other), x509(authority)], names, now);
    expect(finding).toMatchObject({ reason: expect.stringContaining('does not name mx.good.example') });
  });
});

describe('weak keys and signatures', () => {
  const rsa = (bits: number, hash: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-dane-'));
    try {
      const options = [
        '-newkey',
        `rsa:${bits}`,
        `-${hash}`,
        '-subj',
        '/CN=Weak',
        '-addext',
        'subjectAltName=DNS:mx.good.example',
      ];
      const files = ['-keyout', 'key.pem', '-out', 'cert.pem'];
      writeFileSync(join(folder, 'ca.pem'), authority.certPem);
      writeFileSync(join(folder, 'ca.key'), authority.keyPem);
      const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'basicConstraints=critical,CA:FALSE'];
      execFileSync('openssl', ['req', '-x509', '-nodes', '-days', '2', ...options, ...signed, ...files], {
        cwd: folder,
        stdio: 'ignore',
      });
      return readFileSync(join(folder, 'cert.pem'), 'utf8');
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const issued = (certPem: string): Issued => ({ ...server, certPem });
  const openssl = process.env['CI'] !== undefined || existsSync('/usr/bin/openssl');
  test.skipIf(!openssl).each([
    ['3 1 1 of a short key', 3, 1024, 'sha256', 'mismatch'],
    ['3 1 1 of a certificate with SHA-1, whose signature says nothing', 3, 2048, 'sha1', 'matched'],
    ['2 1 1 above a certificate with SHA-1', 2, 2048, 'sha1', 'mismatch'],
    ['2 1 1 above a short key', 2, 1024, 'sha256', 'mismatch'],
    ['2 1 1 above a good one', 2, 2048, 'sha256', 'matched'],
  ] as const)('%s', (_, usage, bits, hash, kind) => {
    const weak = issued(rsa(bits, hash));
    const published = record(usage, 1, 1, usage === 3 ? weak : authority);
    expect(verifyDane([published], [x509(weak), x509(authority)], names, new Date()).kind).toBe(kind);
  });
});

test('records that cannot be used are passed over', () => {
  const good = record(3, 1, 1, server);
  const bad: TlsaRecord[] = [
    { ...good, usage: 0 },
    { ...good, usage: 1 },
    { ...good, usage: 255 },
    { ...good, selector: 2 },
    { ...good, matching: 3 },
    { ...good, data: good.data.subarray(1) },
    { ...good, matching: 2 },
    { ...good, matching: 0 },
    { usage: 2, selector: 0, matching: 0, data: Buffer.from('no certificate') },
  ];
  expect(usable(bad)).toEqual([]);
  expect(usable([record(2, 1, 1, authority), ...bad, good]).map(({ usage }) => usage)).toEqual([3, 2]);
});
