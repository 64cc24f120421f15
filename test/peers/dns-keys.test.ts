/** Keys in DNS that is really signed: ldns signs, unbound validates, and only what it vouches for is taken. */
import { createHash, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dnsSource } from '../../src/keys/sources/dns-keys.ts';
import { createResolver } from '../../src/net/dns.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { publicKey, searching } from '../keys/internet.ts';
import { dnssecMissing, startSignedZones, type Zone } from './signed-zones.ts';

const label = createHash('sha256').update('anna').digest('hex').slice(0, 56);

/** A record in the form that every tool reads (RFC 3597 section 5). */
const record = (name: string, type: number, data: Buffer): string =>
  `${name} IN TYPE${type} \\# ${data.length} ${data.toString('hex')}`;

async function zone(name: string, signed: Zone['signed'], tamper?: Zone['tamper']): Promise<Zone> {
  const key = await publicKey(`anna@${name}`);
  const { certPem } = issueCertificate({ subject: 'Anna', san: { email: [`anna@${name}`] }, keyType: 'rsa2048' });
  const certificate = Buffer.concat([Buffer.from([3, 0, 0]), new X509Certificate(certPem).raw]);
  const lines = [record(`${label}._openpgpkey`, 61, key.binary), record(`${label}._smimecert`, 53, certificate)];
  return { name, signed, lines, ...(tamper === undefined ? {} : { tamper }) };
}

describe.skipIf(dnssecMissing() !== null && !process.env['CI'])('keys in DNS, validated by unbound', () => {
  const stack = new AsyncDisposableStack();
  let address = '';

  beforeAll(async () => {
    const zones = [
      await zone('signed.example', 'yes'),
      await zone('unsigned.example', 'no'),
      await zone('expired.example', 'until yesterday'),
    ];
    address = stack.use(await startSignedZones(zones)).address;
  });
  afterAll(() => stack.disposeAsync());

  test.each([
    ['signed.example', true, ['pgp', 'x509'], 'the signed DNS of the address'],
    ['signed.example', false, [], 'not signed (DNSSEC)'],
    ['unsigned.example', true, [], 'not signed (DNSSEC)'],
    ['expired.example', true, [], 'SERVFAIL'],
    ['nowhere.signed.example', true, [], 'has neither key nor certificate'],
  ])('anna@%s, the AD bit believed: %s', async (domain, trustAd, kinds, words) => {
    const resolver = createResolver({ servers: [address], trustAd });
    stack.defer(() => resolver.close());
    await using search = await searching([dnsSource(resolver)], { check: async () => ({}) });
    const { rows, notes } = await search.look(`anna@${domain}`);
    expect(rows.map(({ kind }) => kind)).toEqual(kinds);
    expect(notes.join('\n')).toContain(words);
  });
});
