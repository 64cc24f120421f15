import { describe, expect, test } from 'vitest';
import { type Route, type RoutePorts, route, routeTo } from '../../src/deliver/route.ts';
import { createEgress } from '../../src/net/egress.ts';
import type { DnsAnswer, MxRecord } from '../../src/net/resolver.ts';

const none = { kind: 'none', exists: true, authenticated: false, name: '' } as const;
const noName = { ...none, exists: false } as const;
const servfail = { kind: 'failed', reason: 'the name server said SERVFAIL' } as const;
const found = <T>(...records: T[]): DnsAnswer<T> => ({ kind: 'found', records, authenticated: false, name: '' });
const mx = (preference: number, exchange: string): MxRecord => ({ preference, exchange });

type Zone = {
  readonly mx?: DnsAnswer<MxRecord>;
  readonly a?: Record<string, DnsAnswer<string>>;
  readonly aaaa?: Record<string, DnsAnswer<string>>;
  readonly allowPrivate?: boolean;
};

function ports(zone: Zone): RoutePorts {
  return {
    resolver: {
      mx: async () => zone.mx ?? none,
      a: async (host) => zone.a?.[host] ?? none,
      aaaa: async (host) => zone.aaaa?.[host] ?? none,
    },
    egress: createEgress({ allowPrivate: zone.allowPrivate ?? false }),
    hostname: 'gw.postern.example',
    random: () => 0.5,
  };
}

const hosts = (result: Route) =>
  result.kind === 'hosts' ? result.hosts.map(({ name, addresses }) => [name, ...addresses].join(' ')) : result;

describe('a domain leads to', () => {
  const a = {
    'mx1.example': found('8.8.4.1', '8.8.4.2'),
    'mx2.example': found('8.8.4.3'),
    'corp.example': found('8.8.4.9'),
  };
  const aaaa = { 'mx1.example': found('2600::1') };

  test.each<[string, Zone, string[]]>([
    [
      'its MX hosts by preference',
      { mx: found(mx(20, 'mx2.example'), mx(10, 'mx1.example')), a },
      ['mx1.example 8.8.4.1 8.8.4.2', 'mx2.example 8.8.4.3'],
    ],
    ['both families in turn', { mx: found(mx(1, 'mx1.example')), a, aaaa }, ['mx1.example 2600::1 8.8.4.1 8.8.4.2']],
    ['itself without MX', { mx: none, a }, ['corp.example 8.8.4.9']],
    [
      'hosts that have addresses',
      { mx: found(mx(1, 'gone.example'), mx(2, 'mx2.example')), a },
      ['mx2.example 8.8.4.3'],
    ],
    [
      'hosts whose look-up failed, to be counted',
      { mx: found(mx(1, 'lost.example'), mx(2, 'mx2.example')), a: { ...a, 'lost.example': servfail } },
      ['lost.example', 'mx2.example 8.8.4.3'],
    ],
    [
      'one family when the other fails',
      { mx: found(mx(1, 'mx2.example')), a, aaaa: { 'mx2.example': servfail } },
      ['mx2.example 8.8.4.3'],
    ],
    [
      'public addresses only',
      { mx: found(mx(1, 'mx2.example')), a: { 'mx2.example': found('10.0.0.1', '8.8.4.3', '127.0.0.1') } },
      ['mx2.example 8.8.4.3'],
    ],
    [
      'private ones when they are allowed',
      { mx: found(mx(1, 'mx2.example')), a: { 'mx2.example': found('127.0.0.1') }, allowPrivate: true },
      ['mx2.example 127.0.0.1'],
    ],
    [
      'hosts that are better than we',
      { mx: found(mx(5, 'mx1.example'), mx(10, 'gw.postern.example'), mx(20, 'mx2.example')), a },
      ['mx1.example 8.8.4.1 8.8.4.2'],
    ],
    ['the usable MX beside a stray "."', { mx: found(mx(0, '.'), mx(10, 'mx2.example')), a }, ['mx2.example 8.8.4.3']],
  ])('%s', async (_, zone, expected) => expect(hosts(await route('corp.example', ports(zone)))).toEqual(expected));

  test('at most ten hosts and four addresses of a family', async () => {
    const many = Array.from({ length: 30 }, (_, index) => `8.8.4.${index}`);
    const records = Array.from({ length: 30 }, (_, index) => mx(30 - index, `h${index}.example`));
    const zone = {
      mx: found(...records),
      a: Object.fromEntries(records.map(({ exchange }) => [exchange, found(...many)])),
      aaaa: Object.fromEntries(
        records.map(({ exchange }) => [exchange, found(...many.map((_, index) => `2600::${index}`))]),
      ),
    };
    const result = await route('corp.example', ports(zone));
    if (result.kind !== 'hosts') throw new Error('no route');
    expect(result.hosts.map(({ preference }) => preference)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(result.hosts.every(({ addresses }) => addresses.length === 8)).toBe(true);
  });

  test('equals in any order', async () => {
    const zone = { mx: found(mx(1, 'mx1.example'), mx(1, 'mx2.example')), a };
    const drawn = [
      [0.1, 0.9],
      [0.9, 0.1],
    ].map(async (numbers) => {
      const result = await route('corp.example', { ...ports(zone), random: () => numbers.shift() ?? 0 });
      return result.kind === 'hosts' ? result.hosts.map(({ name }) => name) : [];
    });
    expect(await Promise.all(drawn)).toEqual([
      ['mx1.example', 'mx2.example'],
      ['mx2.example', 'mx1.example'],
    ]);
  });
});

describe('a domain leads nowhere', () => {
  const loopback = { 'mx.example': found('127.0.0.1', '::ffff:10.0.0.1') };

  test.each<[string, Zone, string, string, RegExp]>([
    [
      'MX look-up failed, though it has an address',
      { mx: servfail, a: { 'corp.example': found('8.8.4.9') } },
      'deferred',
      '4.4.3',
      /MX records of corp\.example cannot be looked up: .*SERVFAIL/,
    ],
    ['no such domain', { mx: noName }, 'failed', '5.1.2', /does not exist/],
    [
      'null MX, though it has an address',
      { mx: found(mx(0, '.')), a: { 'corp.example': found('8.8.4.9') } },
      'failed',
      '5.1.10',
      /takes no mail/,
    ],
    ['MX that name nothing usable', { mx: found() }, 'failed', '5.4.4', /no usable host/],
    ['no MX and no address', { mx: none }, 'failed', '5.4.4', /has an address/],
    [
      'MX hosts that do not exist',
      { mx: found(mx(1, 'gone.example')), a: { 'gone.example': noName } },
      'failed',
      '5.4.4',
      /has an address/,
    ],
    [
      'addresses that cannot be looked up',
      { mx: found(mx(1, 'mx.example')), a: { 'mx.example': servfail } },
      'deferred',
      '4.4.3',
      /address of mx\.example/,
    ],
    ['private addresses', { mx: found(mx(1, 'mx.example')), a: loopback }, 'failed', '5.4.4', /egress\.allowPrivate/],
    [
      'private, and one unknown',
      { mx: found(mx(1, 'mx.example'), mx(2, 'lost.example')), a: { ...loopback, 'lost.example': servfail } },
      'deferred',
      '4.4.3',
      /lost/,
    ],
    [
      'only our own host',
      { mx: found(mx(1, 'gw.postern.example'), mx(2, 'mx.example')), a: loopback },
      'failed',
      '5.4.6',
      /come back to this gateway/,
    ],
  ])('%s', async (_, zone, kind, status, reason) => {
    const result = await route('corp.example', ports(zone));
    expect(result).toMatchObject({ kind, status, reason: expect.stringMatching(reason) });
  });
});

describe('an address literal', () => {
  test.each([
    ['[8.8.4.1]', '8.8.4.1'],
    ['[IPv6:2600::1]', '2600::1'],
    ['[ipv6:2600::1]', '2600::1'],
  ])('%s', async (literal, ip) => expect(hosts(await route(literal, ports({})))).toEqual([`${ip} ${ip}`]));

  test.each([
    ['[127.0.0.1]', '5.4.4'],
    ['[IPv6:::1]', '5.4.4'],
    ['[IPv6:::ffff:127.0.0.1]', '5.4.4'],
    ['[127.1]', '5.1.2'],
    ['[2130706433]', '5.1.2'],
    ['[mx.example]', '5.1.2'],
    ['[', '5.1.2'],
  ])('%s is refused with %s', async (literal, status) => {
    expect(await route(literal, ports({}))).toMatchObject({ kind: 'failed', status });
  });
});

describe('a host that the admin named', () => {
  test.each<[string, string, Zone, string[]]>([
    ['by address, even a private one', '127.0.0.1', {}, ['127.0.0.1 127.0.0.1']],
    [
      'by name, even with a private address',
      'relay.corp',
      { a: { 'relay.corp': found('10.0.0.1') } },
      ['relay.corp 10.0.0.1'],
    ],
  ])('%s', async (_, host, zone, expected) => expect(hosts(await routeTo(host, ports(zone)))).toEqual(expected));

  test('defers while its name cannot be looked up', async () => {
    expect(await routeTo('relay.corp', ports({ a: { 'relay.corp': servfail } }))).toMatchObject({
      kind: 'deferred',
      status: '4.4.3',
    });
  });
});
