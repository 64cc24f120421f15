/** Certificates out of a real directory, slapd from Debian: by ldaps and StartTLS, as nobody and as somebody. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LdapDirectory } from '../../src/config/config.ts';
import { ldapSource } from '../../src/keys/sources/ldap.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { anna, authority, identityFor, searching, startInternet } from '../keys/internet.ts';
import { type Directory, slapdMissing, startDirectory } from './directory.ts';

const missing = slapdMissing();
const host = 'ldap.partner.example';
const zone = [
  { name: host, type: 'A' as const, data: '127.0.0.1' },
  { name: 'other.example', type: 'A' as const, data: '127.0.0.1' },
];

const mailAuthority = issueCertificate({ subject: 'mail authority', ca: true });
const issued = (email: string, more: Partial<Parameters<typeof issueCertificate>[0]> = {}) =>
  issueCertificate({ subject: email, issuer: mailAuthority, san: { email: [email] }, keyType: 'rsa2048', ...more });
const der = (pem: string) => new X509Certificate(pem).raw;
const yesterday = { notBefore: Date.now() - 9 * 86_400_000, notAfter: Date.now() - 86_400_000 };

const current = issued(anna);
const older = issued(anna, { notBefore: Date.now() - 30 * 86_400_000, days: 60 });
const bert = issued('bert@partner.example');

/** A signed message without content, as Outlook writes it, made by OpenSSL. */
function bundle(pem: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bundle-'));
  try {
    writeFileSync(join(folder, 'certs.pem'), pem + mailAuthority.certPem);
    return execFileSync('openssl', ['crl2pkcs7', '-nocrl', '-certfile', join(folder, 'certs.pem'), '-outform', 'DER']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.skipIf(missing !== null && !process.env['CI'])('a directory', () => {
  let directory: Directory;
  beforeAll(async () => {
    const entries = [
      {
        uid: 'anna',
        mail: anna,
        certificates: [der(older.certPem), der(current.certPem), der(issued(anna, yesterday).certPem)],
      },
      { uid: 'bert', mail: 'bert@partner.example', smime: [bundle(bert.certPem)] },
      { uid: 'carl', mail: 'carl@partner.example', certificates: [der(bert.certPem)] },
      { uid: 'dora', mail: 'dora@partner.example' },
      ...Array.from({ length: 7 }, (_, index) => ({
        uid: `e${index}`,
        mail: 'everybody@partner.example',
        certificates: [der(issued('everybody@partner.example').certPem)],
      })),
      { uid: 'star', mail: 'star*)(mail=*@partner.example', certificates: [der(bert.certPem)] },
    ];
    directory = await startDirectory(entries, identityFor(host));
  });
  afterAll(() => directory[Symbol.asyncDispose]());

  const settings = (more: Partial<LdapDirectory> = {}): LdapDirectory => ({
    url: `ldaps://${host}`,
    host,
    port: directory.ldaps,
    secure: true,
    base: directory.base,
    domains: null,
    tls: 'verify',
    trust: [],
    bind: null,
    private: false,
    ...more,
  });

  async function look(more: Partial<LdapDirectory> = {}, address = anna, allowPrivate = true) {
    await using internet = await startInternet(zone, [], { allowPrivate });
    const ports = { resolver: internet.resolver, egress: internet.egress, roots: [authority.certPem] };
    await using search = await searching([ldapSource(settings(more), ports)], { deadline: 3_000 });
    const { rows, notes } = await search.look(address);
    return { notes: notes.join('\n'), trust: rows.map((row) => row.trust), rows };
  }

  const startTls = () => ({ url: `ldap://${host}`, port: directory.ldap, secure: false });

  test.each([
    ['ldaps', () => ({})],
    ['StartTLS', startTls],
    ['ldap in the clear, where the settings say so', () => ({ ...startTls(), tls: 'none' as const })],
    ['ldaps, as somebody', () => ({ bind: directory.reader })],
    ['StartTLS, as somebody', () => ({ ...startTls(), bind: directory.reader })],
    ['ldaps at an address in our own network', () => ({ private: true })],
  ])('by %s: of three certificates the newest that is valid', async (_, more) => {
    const { rows, notes, trust } = await look(more());
    expect(rows.map(({ material }) => der(material))).toEqual([der(current.certPem)]);
    expect(trust).toEqual(['vouched']);
    expect(notes).toMatch(
      /^The directory ldaps?:\/\/ldap\.partner\.example gave the certificate .*vouched: it leads to the root/,
    );
    expect(notes).toContain('which is older and not taken');
    expect(notes).toContain('it expired on');
  });

  test('a bundle with its issuer', async () => {
    const { rows } = await look({}, 'bert@partner.example');
    expect(rows.map(({ material, issuers }) => [der(material), der(issuers)])).toEqual([
      [der(bert.certPem), der(mailAuthority.certPem)],
    ]);
  });

  test.each([
    ['somebody else’s certificate', 'carl@partner.example', 'which does not name this address'],
    ['nothing in the entry', 'dora@partner.example', 'has no certificate for this address'],
    ['nobody of that name', 'nobody@partner.example', 'does not know this address'],
    ['a crowd with one address', 'everybody@partner.example', 'so none is believed'],
    ['a filter in an address', '"*)(uid=*"@partner.example', 'does not know this address'],
  ])('%s: no certificate', async (_, address, words) => {
    const { rows, notes } = await look({}, address);
    expect(rows).toEqual([]);
    expect(notes).toContain(words);
  });

  test.each<[string, () => Partial<LdapDirectory>, string]>([
    ['for another name', () => ({ host: 'other.example' }), 'shows a certificate for another name'],
    [
      'for another name, after StartTLS',
      () => ({ ...startTls(), host: 'other.example' }),
      'shows a certificate for another name',
    ],
    [
      'with a wrong password',
      () => ({ bind: { ...directory.reader, password: 'guessed' } }),
      'does not take the password',
    ],
    ['that is not there', () => ({ port: 1 }), 'refused the connection'],
    ['whose base is wrong', () => ({ base: 'dc=nowhere,dc=example' }), 'has no such entry'],
  ])('a directory %s gives nothing', async (_, more, words) => {
    const { rows, notes } = await look(more());
    expect(rows).toEqual([]);
    expect(notes).toContain(words);
  });

  test('a private address is not asked', async () => {
    const { rows, notes } = await look({}, anna, false);
    expect(rows).toEqual([]);
    expect(notes).toContain('has only private addresses');
    const { rows: own } = await look({ private: true }, anna, false);
    expect(own).toHaveLength(1);
  });
});
