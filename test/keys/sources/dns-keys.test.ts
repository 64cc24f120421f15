/** OPENPGPKEY and SMIMEA records from a name server on loopback, with and without DNSSEC's word for them. */
import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { dnsSource } from '../../../src/keys/sources/dns-keys.ts';
import { issueCertificate } from '../../../src/protect/issue.ts';
import type { Conduct, ZoneRecord } from '../../../src/sandbox/dns-server.ts';
import type { KeyStatus } from '../../../src/store/key-port.ts';
import { anna, publicKey, searching, startInternet } from '../internet.ts';

/** RFC 7929 section 3: `echo -n anna | sha256sum | cut -c1-56`. */
const label = '55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d8';
const pgpName = `${label}._openpgpkey.partner.example`;
const certificateName = `${label}._smimecert.partner.example`;
const key = await publicKey(anna);
const der = (email: string) =>
  new X509Certificate(issueCertificate({ subject: 'Anna', san: { email: [email] }, keyType: 'rsa2048' }).certPem).raw;
const certificate = der(anna);

const openpgpkey = (data: Uint8Array, name = pgpName): ZoneRecord => ({ name, type: 'OPENPGPKEY', data });
const smimea = (data: Uint8Array, [usage = 3, selector = 0, matching = 0] = []): ZoneRecord => ({
  name: certificateName,
  type: 'SMIMEA',
  usage,
  selector,
  matching,
  data,
});
const signed: Conduct = { signed: ['partner.example'] };

async function look(
  zone: readonly ZoneRecord[],
  conduct: Conduct,
  address = anna,
  { trustAd = true, status = {} }: { trustAd?: boolean; status?: KeyStatus } = {},
) {
  await using internet = await startInternet(zone, [], { conduct, trustAd });
  // A path is not what makes a certificate from signed DNS good.
  await using search = await searching([dnsSource(internet.resolver)], { check: async () => status });
  return await search.look(address);
}

test('both are found and vouched for when they are signed', async () => {
  const { rows, notes } = await look([openpgpkey(key.binary), smimea(certificate)], signed);
  expect(rows.map(({ kind, trust, source, state }) => ({ kind, trust, source, state }))).toEqual([
    { kind: 'pgp', trust: 'vouched', source: 'dns', state: 'trusted' },
    { kind: 'x509', trust: 'vouched', source: 'dns', state: 'trusted' },
  ]);
  expect(notes.join('\n')).toMatch(
    /^The DNS of partner\.example gave the OpenPGP key .*the signed DNS of the address's own domain holds it/,
  );
});

test('a key with long records comes over TCP', async () => {
  const many = Array.from({ length: 3 }, () => openpgpkey(key.binary));
  const { rows } = await look([...many, openpgpkey(Buffer.concat([key.binary, key.binary]))], signed);
  expect(rows).toHaveLength(1);
});

test('capitals are tried as they are and as small letters', async () => {
  const { rows } = await look([openpgpkey(key.binary)], signed, 'Anna@partner.example');
  expect(rows).toHaveLength(1);
});

describe('a certificate that is to count only with a path to a root (1 0 0)', () => {
  const pkix = smimea(certificate, [1, 0, 0]);
  test.each<[string, ZoneRecord[], boolean, boolean]>([
    ['does with one', [pkix], true, true],
    ['does not without one', [pkix], false, false],
    ['does when it is published without that condition as well', [pkix, smimea(certificate)], false, true],
    ['in whatever order', [smimea(certificate), pkix], false, true],
  ])('%s', async (_name, zone, ok, counts) => {
    const path = ok ? { ok, root: 'Root' } : { ok, why: 'is self-signed' };
    const { rows, notes } = await look(zone, signed, anna, { status: { path } });
    expect(rows).toHaveLength(counts ? 1 : 0);
    expect(rows).toMatchObject(counts ? [{ kind: 'x509', trust: 'vouched', source: 'dns' }] : []);
    if (!counts) expect(notes.join()).toContain('only where it leads to a trusted root, and it is self-signed');
  });
});

describe('do not count', () => {
  const wrongName = { ...smimea(der('bert@partner.example')) };
  test.each<[string, ZoneRecord[], Conduct, string]>([
    ['without a signature', [openpgpkey(key.binary), smimea(certificate)], {}, 'not signed (DNSSEC)'],
    ['when there are none', [], signed, 'has neither key nor certificate'],
    [
      'when the server fails',
      [openpgpkey(key.binary)],
      { faults: { [pgpName]: { rcode: 'SERVFAIL' } } },
      'gave no answer',
    ],
    ['a digest of a certificate', [smimea(certificate.subarray(0, 32), [3, 0, 1])], signed, 'a digest (3 0 1)'],
    ['the certificate of an authority', [smimea(certificate, [2, 0, 0])], signed, 'an authority (2 0 0)'],
    ['an authority that public roots vouch for', [smimea(certificate, [0, 0, 0])], signed, 'an authority (0 0 0)'],
    ['a public key instead of a certificate', [smimea(certificate, [3, 1, 0])], signed, 'a public key without'],
    ['what nobody knows', [smimea(certificate, [9, 0, 0])], signed, 'not known (9 0 0)'],
    ['a certificate for somebody else', [wrongName], signed, 'which does not name this address'],
    ['noise', [openpgpkey(Buffer.alloc(300, 7)), smimea(Buffer.alloc(300, 7))], signed, 'gave no key that is taken'],
    [
      'an alias out of the signed domain',
      [{ name: pgpName, type: 'CNAME', data: 'k.evil.example' }, openpgpkey(key.binary, 'k.evil.example')],
      signed,
      'not signed (DNSSEC)',
    ],
  ])('%s', async (_, zone, conduct, words) => {
    const { rows, notes } = await look(zone, conduct);
    expect(rows).toEqual([]);
    expect(notes.join('\n')).toContain(words);
  });

  test('the AD bit of a resolver that may not vouch', async () => {
    const { rows, notes } = await look([openpgpkey(key.binary)], signed, anna, { trustAd: false });
    expect(rows).toEqual([]);
    expect(notes.join('\n')).toContain('not signed (DNSSEC)');
  });
});
