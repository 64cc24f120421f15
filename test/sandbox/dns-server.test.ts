import { describe, expect, test } from 'vitest';
import { createResolver } from '../../src/net/dns.ts';
import { startDnsServer, type ZoneRecord } from '../../src/sandbox/dns-server.ts';

const zone: ZoneRecord[] = [
  { name: 'corp.example', type: 'MX', preference: 10, exchange: 'mx.corp.example' },
  { name: 'corp.example', type: 'TXT', data: 'v=spf1 -all' },
  { name: 'mx.corp.example', type: 'A', data: '127.20.0.1' },
  { name: 'null.example', type: 'MX', preference: 0, exchange: '.' },
  { name: 'alias.example', type: 'CNAME', data: 'corp.example' },
  { name: 'round.example', type: 'CNAME', data: 'about.example' },
  { name: 'about.example', type: 'CNAME', data: 'round.example' },
  { name: '_25._tcp.mx.corp.example', type: 'TLSA', usage: 3, selector: 1, matching: 1, data: Buffer.from('abcd') },
  { name: 'mx.signed.example', type: 'A', data: '127.20.0.2' },
  { name: 'strays.signed.example', type: 'CNAME', data: 'mx.corp.example' },
  { name: 'joins.example', type: 'CNAME', data: 'mx.signed.example' },
  ...Array.from({ length: 200 }, (_, index) => ({
    name: 'many.example',
    type: 'A' as const,
    data: `127.20.1.${index}`,
  })),
];

describe('the pretend DNS', () => {
  test.each([
    ['MX', 'corp.example', { kind: 'found', records: [{ preference: 10, exchange: 'mx.corp.example' }] }],
    ['MX', 'alias.example', { kind: 'found', records: [{ preference: 10, exchange: 'mx.corp.example' }] }],
    ['A', 'mx.corp.example', { kind: 'found', records: ['127.20.0.1'] }],
    ['TXT', 'CORP.example', { kind: 'found', records: ['v=spf1 -all'] }],
    ['A', 'corp.example', { kind: 'none', exists: true }],
    ['A', 'example', { kind: 'none', exists: true }],
    ['MX', 'elsewhere.test', { kind: 'none', exists: false }],
    ['A', 'round.example', { kind: 'failed' }],
    [
      'TLSA',
      '_25._tcp.mx.corp.example',
      { kind: 'found', records: [{ usage: 3, selector: 1, matching: 1, data: Buffer.from('abcd') }] },
    ],
  ])('%s of %s', async (type, name, expected) => {
    await using server = await startDnsServer(zone);
    const resolver = createResolver({ servers: [server.address], trustAd: false });
    const answers = {
      MX: () => resolver.mx(name),
      A: () => resolver.a(name),
      TXT: () => resolver.txt(name),
      TLSA: () => resolver.tlsa(name),
    };
    expect(await answers[type as keyof typeof answers]()).toMatchObject(expected);
    resolver.close();
  });

  test('an answer too long for UDP comes over TCP', async () => {
    await using server = await startDnsServer(zone);
    const resolver = createResolver({ servers: [server.address], trustAd: false });
    const answer = await resolver.a('many.example');
    expect(answer.kind === 'found' ? answer.records.length : answer).toBe(200);
    resolver.close();
  });

  test('broken, it fails; mended, it answers from the new zone', async () => {
    await using server = await startDnsServer(zone);
    // A resolver each, because they remember answers and failures.
    const ask = async () => {
      const resolver = createResolver({ servers: [server.address], trustAd: false });
      const answer = await resolver.a('mx.corp.example');
      resolver.close();
      return answer;
    };
    server.setBroken(true);
    expect((await ask()).kind).toBe('failed');
    server.setBroken(false);
    server.setZone([{ name: 'mx.corp.example', type: 'A', data: '127.20.0.9' }]);
    expect(await ask()).toMatchObject({ kind: 'found', records: ['127.20.0.9'] });
  });

  test.each([
    ['mx.signed.example', true],
    ['nowhere.signed.example', true],
    ['mx.corp.example', false],
    ['strays.signed.example', false],
    ['joins.example', false],
    ['unsigned.example', false],
  ])('the answer about %s has AD: %s', async (name, authenticated) => {
    await using server = await startDnsServer(zone, { signed: ['signed.example'] });
    const resolver = createResolver({ servers: [server.address], trustAd: true });
    expect(await resolver.a(name)).toMatchObject({ authenticated });
    resolver.close();
  });

  test('names fare as they are told to, and the others as ever', async () => {
    const faults = {
      'corp.example': { rcode: 'SERVFAIL' },
      'mx.signed.example': { delay: 10_000 },
      'mx.corp.example': { truncated: true },
    } as const;
    await using server = await startDnsServer(zone, { faults });
    const resolver = createResolver({ servers: [server.address], trustAd: false, timeoutMs: 200, attempts: 1 });
    const reason = (words: string) => ({ kind: 'failed', reason: expect.stringContaining(words) });
    expect(await resolver.mx('corp.example')).toEqual(reason('SERVFAIL'));
    expect(await resolver.a('mx.signed.example')).toEqual(reason('in time'));
    // Cut off over UDP, whole over TCP.
    expect(await resolver.a('mx.corp.example')).toMatchObject({ kind: 'found', records: ['127.20.0.1'] });
    expect(await resolver.mx('null.example')).toMatchObject({ kind: 'found' });
    resolver.close();
  });
});
