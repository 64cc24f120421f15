/** Signed DNS as it is: ldns signs, unbound validates, and our resolver, routing and DANE go by what unbound says. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyRecord } from '../../src/deliver/dane.ts';
import { createResolver } from '../../src/net/dns.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { endOf } from '../deliver/ends.ts';
import { type ScriptedServer, startServer } from '../deliver/scripted-server.ts';
import { message, transmitterTo } from '../deliver/transmit.ts';
import { dnssecMissing, startSignedZones, type Zone } from './signed-zones.ts';

const identity = ({ certPem, keyPem }: ReturnType<typeof issueCertificate>) => ({ cert: certPem, key: keyPem });
const own = issueCertificate({ subject: 'self-signed' });
const old = issueCertificate({ subject: 'the one before' });

/** "3 1 1 <hex>", as a master file has it. */
function tlsaLine(host: string, port: number, { certPem }: typeof own): string {
  const { usage, selector, matching, data } = keyRecord(certPem);
  return `_${port}._tcp.${host} IN TLSA ${usage} ${selector} ${matching} ${Buffer.from(data).toString('hex')}`;
}

const usual = ['@ IN MX 10 mx', 'mx IN A 127.0.0.1'];

function zonesFor(port: number): Zone[] {
  const published = [...usual, tlsaLine('mx', port, own)];
  const stale = [...usual, tlsaLine('mx', port, old)];
  return [
    { name: 'signed.example', signed: 'yes', lines: [...published, 'other IN TXT "x"', 'alias IN CNAME mx'] },
    { name: 'stale.example', signed: 'yes', lines: stale },
    { name: 'unsigned.example', signed: 'no', lines: stale },
    {
      name: 'tampered.example',
      signed: 'yes',
      lines: [...published, 'evil IN A 127.0.0.1'],
      tamper: (text) => text.replace(/(MX\t10 )mx\./, '$1evil.'),
    },
    { name: 'expired.example', signed: 'until yesterday', lines: published },
    { name: 'guest.example', signed: 'yes', lines: ['@ IN MX 10 mx.unsigned.example.'] },
  ];
}

describe.skipIf(dnssecMissing() !== null && !process.env.CI)('validated by unbound', () => {
  let server: ScriptedServer;
  let address = '';
  const stack = new AsyncDisposableStack();

  beforeAll(async () => {
    server = stack.use(await startServer({ tls: identity(own) }));
    address = stack.use(await startSignedZones(zonesFor(server.port))).address;
  });
  afterAll(() => stack.disposeAsync());

  const resolverTo = (trustAd: boolean) => createResolver({ servers: [address], trustAd });

  test.each([
    ['MX', 'signed.example', { kind: 'found', authenticated: true }],
    ['TXT', 'other.signed.example', { kind: 'found', authenticated: true }],
    ['A', 'alias.signed.example', { kind: 'found', authenticated: true, name: 'mx.signed.example' }],
    ['A', 'nobody.signed.example', { kind: 'none', exists: false, authenticated: true }],
    ['A', 'other.signed.example', { kind: 'none', exists: true, authenticated: true }],
    ['MX', 'unsigned.example', { kind: 'found', authenticated: false }],
    ['A', 'nobody.unsigned.example', { kind: 'none', exists: false, authenticated: false }],
    ['MX', 'tampered.example', { kind: 'failed', reason: expect.stringContaining('SERVFAIL') }],
    ['A', 'mx.tampered.example', { kind: 'found', authenticated: true }],
    ['MX', 'expired.example', { kind: 'failed', reason: expect.stringContaining('SERVFAIL') }],
  ])('%s of %s', async (type, name, expected) => {
    const resolver = resolverTo(true);
    const answers = { MX: () => resolver.mx(name), A: () => resolver.a(name), TXT: () => resolver.txt(name) };
    expect(await answers[type as keyof typeof answers]()).toMatchObject(expected);
    resolver.close();
  });

  test.each([
    ['signed.example', true, 'secret', { remote: { level: 'dane', verifiedBy: 'TLSA 3 1 1' } }],
    ['stale.example', true, 'lifted', { reason: expect.stringContaining('none of the TLSA records') }],
    ['unsigned.example', true, 'secret', { remote: { level: 'encrypt' } }],
    ['tampered.example', true, 'deferred', { reason: expect.stringContaining('cannot be looked up') }],
    ['expired.example', true, 'deferred', { reason: expect.stringContaining('cannot be looked up') }],
    ['guest.example', true, 'secret', { remote: { mx: 'mx.unsigned.example', level: 'encrypt' } }],
    // A resolver that the configuration does not vouch for: its AD bit proves nothing, so DANE does not exist.
    ['signed.example', false, 'secret', { remote: { level: 'encrypt' } }],
    ['stale.example', false, 'secret', { remote: { level: 'encrypt' } }],
  ])('mail to %s, the AD bit believed: %s', async (domain, trustAd, end, expected) => {
    const resolver = resolverTo(trustAd);
    await using transmitter = transmitterTo(server.port, { resolver });
    const [outcome] = await transmitter.send(message({ destination: domain, to: [`bob@${domain}`] }));
    expect(endOf(outcome), JSON.stringify(outcome)).toBe(end);
    expect(outcome).toMatchObject(expected);
    resolver.close();
  });
});
