/** WKD over real TLS from a web server on loopback, well-behaved and in every way not (T-20). */
import { describe, expect, test } from 'vitest';
import { wkdSource } from '../../../src/keys/sources/wkd.ts';
import { issueCertificate } from '../../../src/protect/issue.ts';
import type { Conduct, ZoneRecord } from '../../../src/sandbox/dns-server.ts';
import type { PolicySite } from '../../../src/sandbox/policy-host.ts';
import { anna, authority, directPath, hashPath, publicKey, searching, site, startInternet } from '../internet.ts';

const advanced = 'openpgpkey.partner.example';
const at = (name: string, data = '127.0.0.1'): ZoneRecord => ({ name, type: 'A', data });
const both = [at(advanced), at('partner.example')];
const key = await publicKey(anna);
const other = await publicKey('bert@partner.example');

/** Looks for anna's key; `requests` are what the web hosts saw. */
async function look(
  zone: readonly ZoneRecord[],
  sites: readonly PolicySite[],
  options: { conduct?: Conduct; allowPrivate?: boolean; deadline?: number; address?: string } = {},
) {
  await using internet = await startInternet(zone, sites, options);
  const deadline = options.deadline ?? 5_000;
  await using search = await searching([wkdSource(internet.hosts.port, internet)], { deadline });
  const { rows, notes } = await search.look(options.address ?? anna);
  return { rows, notes, requests: [...internet.hosts.requests], events: search.events };
}

test('the advanced method: a key is found, vouched for and told', async () => {
  const { rows, notes, requests, events } = await look(both, [site(advanced, hashPath, key.binary)]);
  expect(rows).toMatchObject([
    { fingerprint: key.fingerprint, address: anna, state: 'trusted', trust: 'vouched', source: 'wkd' },
  ]);
  expect(rows[0]?.where).toContain(`https://${advanced}`);
  expect(notes.join('\n')).toMatch(
    new RegExp(`^WKD of partner.example gave the OpenPGP key ${key.fingerprint.slice(-16)} .*vouched: the web server`),
  );
  expect(requests).toEqual([`GET ${advanced}${hashPath}?l=anna`]);
  expect(events).toMatchObject([{ kind: 'key.found', source: 'wkd', trust: 'vouched' }]);
});

test('the local part is hashed in lower case and said as it is', async () => {
  const { rows, requests } = await look(both, [site(advanced, hashPath, key.binary)], {
    address: 'Anna@partner.example',
  });
  expect(requests).toEqual([`GET ${advanced}${hashPath}?l=Anna`]);
  expect(rows).toHaveLength(1);
});

describe('which method', () => {
  const direct = site('partner.example', directPath, key.binary);

  test('no advanced host: the direct one', async () => {
    const { rows, requests } = await look([at('partner.example')], [direct]);
    expect(requests).toEqual([`GET partner.example${directPath}?l=anna`]);
    expect(rows).toHaveLength(1);
  });

  test('a name with another record only is no host, as the draft says of wildcards', async () => {
    const { rows } = await look([{ name: advanced, type: 'TXT', data: '' }, at('partner.example')], [direct]);
    expect(rows).toHaveLength(1);
  });

  test.each<[string, ZoneRecord[], Conduct, PolicySite[]]>([
    ['does not have the file', both, {}, [direct]],
    [
      'has a certificate for another name',
      both,
      {},
      [direct, site(advanced, hashPath, key.binary, { identity: direct.identity })],
    ],
    ['hangs up', both, {}, [direct, site(advanced, hashPath, key.binary, { hangsUp: 'at once' })]],
    ['fails', both, {}, [direct, site(advanced, hashPath, '', { status: 503 })]],
    ['cannot be looked up', both, { faults: { [advanced]: { rcode: 'SERVFAIL' } } }, [direct]],
    [
      'is an alias to nowhere',
      [{ name: advanced, type: 'CNAME', data: 'gone.example' }, at('partner.example')],
      {},
      [direct],
    ],
  ])('never the direct one when the advanced host %s', async (_, zone, conduct, sites) => {
    const { rows, requests } = await look(zone, sites, { conduct });
    expect(rows).toEqual([]);
    expect(requests.filter((each) => each.startsWith('GET partner.example'))).toEqual([]);
  });
});

/** An answer -> what is said about it. None of them is a key. */
const refusals: Record<string, [Partial<PolicySite> & { body?: string | Buffer }, string]> = {
  'there is none': [{ status: 404, body: 'not found' }, 'has no key for this address'],
  'a web page': [{ headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<html>' }, 'sent a web page'],
  'a picture': [{ headers: { 'content-type': 'image/png' } }, 'sent image/png, which is no key'],
  'a redirect to another host': [
    { status: 302, headers: { location: `https://evil.example${hashPath}` } },
    'answered 302, and redirects are not followed',
  ],
  'a redirect to itself': [
    { status: 301, headers: { location: hashPath } },
    'answered 301, and redirects are not followed',
  ],
  nothing: [{ body: '' }, 'sent nothing'],
  'too much': [{ body: Buffer.alloc(65_537, key.binary) }, 'answered with more than 65536 octets'],
  'an end that only the connection marks': [{ hangsUp: 'at the end' }, 'did not say how long its answer is'],
  noise: [{ body: Buffer.alloc(5_000, 0x99) }, 'gave no key that is taken'],
  'somebody else’s key': [{ body: other.binary }, 'which has no signed user id with this address'],
  'a key of twelve people': [
    { body: Buffer.concat(Array.from({ length: 12 }, () => other.binary)) },
    '12 OpenPGP keys at once, which is no one person',
  ],
  'an expired key': [
    { body: (await publicKey(anna, { createdAt: Date.now() - 86_400_000 * 3, expiresAfter: 86_400 })).binary },
    'which cannot be used: it expired on',
  ],
  'half a key': [{ body: key.binary.subarray(0, key.binary.length - 30) }, 'gave no key that is taken'],
  'a certificate that nobody trusts': [
    { identity: selfSigned(advanced) },
    'shows a certificate that cannot be verified',
  ],
  'an expired certificate': [{ identity: expired(advanced) }, 'shows an expired certificate'],
  'a server error': [{ status: 500 }, 'answered 500'],
};

function selfSigned(host: string) {
  const { keyPem, certPem } = issueCertificate({ subject: host, san: { dns: [host] } });
  return { key: keyPem, cert: certPem };
}

function expired(host: string) {
  const times = { notBefore: Date.now() - 2 * 86_400_000, notAfter: Date.now() - 86_400_000 };
  const { keyPem, certPem } = issueCertificate({ subject: host, issuer: authority, san: { dns: [host] }, ...times });
  return { key: keyPem, cert: certPem };
}

test.each(Object.entries(refusals))('is refused in words: %s', async (_, [more, words]) => {
  const { rows, notes, events } = await look(both, [site(advanced, hashPath, key.binary, more)]);
  expect(notes.join('\n')).toContain(words);
  expect(notes.join('\n')).toMatch(/^WKD of partner\.example /);
  expect(rows).toEqual([]);
  expect(events).toEqual([]);
});

test('a host that is silent costs the deadline and no more', async () => {
  const before = performance.now();
  const { rows, notes } = await look(both, [site(advanced, hashPath, key.binary, { delay: 60_000 })], {
    deadline: 300,
  });
  expect(performance.now() - before).toBeLessThan(3_000);
  expect(notes.join('\n')).toContain('did not answer in time');
  expect(rows).toEqual([]);
});

test('a private address is not asked', async () => {
  const { notes, requests } = await look([at(advanced, '127.0.0.1')], [site(advanced, hashPath, key.binary)], {
    allowPrivate: false,
  });
  expect(notes.join('\n')).toContain('has only private addresses');
  expect(requests).toEqual([]);
});

test('of two keys only the newest is taken, and the other is told', async () => {
  const old = await publicKey(anna, { createdAt: Date.now() - 90 * 86_400_000 });
  const { rows, notes } = await look(both, [site(advanced, hashPath, Buffer.concat([old.binary, key.binary]))]);
  expect(rows.map(({ fingerprint }) => fingerprint)).toEqual([key.fingerprint]);
  expect(notes.join('\n')).toContain(`${old.fingerprint.slice(-16)}, which is older and not taken`);
});

test('an armored key is read too', async () => {
  const { rows } = await look(both, [site(advanced, hashPath, key.armored)]);
  expect(rows).toHaveLength(1);
});
