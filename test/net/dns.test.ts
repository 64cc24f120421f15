import { describe, expect, test } from 'vitest';
import { createResolver, type OwnResolver, type ResolverOptions } from '../../src/net/dns.ts';
import { type DnsRecord, encodeAnswer, type Query, type Reply } from '../../src/net/dns-message.ts';
import { type Answerer, nothing, startNameServer } from './name-server.ts';

type Peer = { readonly resolver: OwnResolver; readonly asked: readonly string[] };

async function withServer(
  answerer: Answerer,
  run: (peer: Peer) => Promise<void>,
  options: Partial<ResolverOptions> = {},
) {
  await using server = await startNameServer(answerer);
  const resolver = createResolver({
    servers: [server.address],
    trustAd: false,
    timeoutMs: 2_000,
    attempts: 1,
    ...options,
  });
  try {
    await run({ resolver, asked: server.asked });
  } finally {
    resolver.close();
  }
}

const soa: DnsRecord = { name: 'example', ttl: 900, type: 'SOA', minimum: 60 };
const a = (name: string, data: string, ttl = 300): DnsRecord => ({ name, ttl, type: 'A', data });
const alias = (name: string, data: string, ttl = 300): DnsRecord => ({ name, ttl, type: 'CNAME', data });
const found = (...answers: DnsRecord[]): Reply => ({ ...nothing, answers });
const none = { ...nothing, authority: [soa] };
const noName: Reply = { ...none, rcode: 'NXDOMAIN' };

describe('what an answer says', () => {
  const zone: Record<string, Reply> = {
    'MX corp.example': found(
      { name: 'corp.example', ttl: 60, type: 'MX', preference: 10, exchange: 'mx1.corp.example' },
      { name: 'corp.example', ttl: 60, type: 'MX', preference: 20, exchange: 'mx2.corp.example' },
      a('mx1.corp.example', '192.0.2.9'),
    ),
    'A mx1.corp.example': found(a('mx1.corp.example', '192.0.2.1')),
    'AAAA mx1.corp.example': none,
    'A gone.example': noName,
    'A www.example': found(
      alias('www.example', 'web.example'),
      alias('web.example', 'host.example'),
      a('host.example', '192.0.2.7'),
    ),
    'A split.example': found(alias('split.example', 'far.example')),
    'A far.example': found(a('far.example', '192.0.2.8')),
    'A dangling.example': { ...found(alias('dangling.example', 'gone.example')), authority: [soa], rcode: 'NXDOMAIN' },
    'A empty-alias.example': { ...found(alias('empty-alias.example', 'mx1.corp.example')), authority: [soa] },
    'TXT corp.example': found({ name: 'corp.example', ttl: 60, type: 'TXT', data: `v=spf1 ${'x'.repeat(400)} -all` }),
    'A other.example': found(a('unrelated.example', '192.0.2.66')),
  };
  const answerer = (query: Query) => zone[`${query.type} ${query.name}`] ?? noName;
  const from = { authenticated: false };

  test.each<[string, (resolver: OwnResolver) => Promise<unknown>, object]>([
    [
      'MX with preferences, extra records ignored',
      (resolver) => resolver.mx('Corp.Example.'),
      {
        kind: 'found',
        records: [
          { preference: 10, exchange: 'mx1.corp.example' },
          { preference: 20, exchange: 'mx2.corp.example' },
        ],
        name: 'corp.example',
        ...from,
      },
    ],
    [
      'NODATA',
      (resolver) => resolver.aaaa('mx1.corp.example'),
      { kind: 'none', exists: true, name: 'mx1.corp.example', ...from },
    ],
    [
      'NXDOMAIN',
      (resolver) => resolver.a('gone.example'),
      { kind: 'none', exists: false, name: 'gone.example', ...from },
    ],
    [
      'aliases',
      (resolver) => resolver.a('www.example'),
      { kind: 'found', records: ['192.0.2.7'], name: 'host.example', ...from },
    ],
    [
      'an alias that the server does not follow',
      (resolver) => resolver.a('split.example'),
      { kind: 'found', records: ['192.0.2.8'], name: 'far.example', ...from },
    ],
    [
      'an alias to nowhere',
      (resolver) => resolver.a('dangling.example'),
      { kind: 'none', exists: false, name: 'gone.example', ...from },
    ],
    [
      'an alias without records',
      (resolver) => resolver.a('empty-alias.example'),
      { kind: 'none', exists: true, name: 'mx1.corp.example', ...from },
    ],
    [
      'TXT in one piece',
      (resolver) => resolver.txt('corp.example'),
      { kind: 'found', records: [`v=spf1 ${'x'.repeat(400)} -all`], name: 'corp.example', ...from },
    ],
    [
      'records of another name',
      (resolver) => resolver.a('other.example'),
      { kind: 'none', exists: true, name: 'other.example', ...from },
    ],
    [
      'a name that cannot exist',
      (resolver) => resolver.a('a b.example'),
      { kind: 'none', exists: false, name: 'a b.example', ...from },
    ],
  ])('%s', async (_, ask, expected) => {
    await withServer(answerer, async ({ resolver }) => expect(await ask(resolver)).toEqual(expected));
  });

  test('MX records that name nothing usable are not absence', async () => {
    const answer = (query: Query) => {
      const bytes = encodeAnswer(
        query,
        found({ name: query.name, ttl: 60, type: 'MX', preference: 1, exchange: 'm_.x.example' }),
      );
      bytes[bytes.lastIndexOf(Buffer.from('m_')) + 1] = 0x20;
      return bytes;
    };
    await withServer(answer, async ({ resolver }) => {
      expect(await resolver.mx('corp.example')).toMatchObject({ kind: 'found', records: [] });
    });
  });
});

describe('the AD bit', () => {
  const signed = { ...found(a('s.example', '192.0.2.1')), authenticated: true };
  const chain =
    (signedLink: string) =>
    (query: Query): Reply => ({
      ...(query.name === 'half.example'
        ? found(alias('half.example', 'u.example'))
        : found(a('u.example', '192.0.2.2'))),
      authenticated: query.name === signedLink,
    });

  test.each([
    [true, true],
    [false, false],
  ])('trustAd %s: authenticated %s', async (trustAd, authenticated) => {
    await withServer(
      () => signed,
      async ({ resolver }) => expect(await resolver.a('s.example')).toMatchObject({ kind: 'found', authenticated }),
      { trustAd },
    );
  });

  test.each(['half.example', 'u.example'])('one unsigned link spoils the chain (signed: %s)', async (link) => {
    await withServer(
      chain(link),
      async ({ resolver }) =>
        expect(await resolver.a('half.example')).toMatchObject({ kind: 'found', authenticated: false }),
      { trustAd: true },
    );
  });
});

describe('no clear answer is a failure, not absence', () => {
  const good = found(a('x.example', '192.0.2.1'));
  const forged = (query: Query, change: Partial<Query>) =>
    encodeAnswer({ ...query, ...change }, found(a(query.name, '192.0.2.66')));

  test.each<[string, Answerer, string]>([
    ['SERVFAIL', () => ({ ...nothing, rcode: 'SERVFAIL' }), 'said SERVFAIL'],
    ['REFUSED', () => ({ ...nothing, rcode: 'REFUSED' }), 'said REFUSED'],
    ['silence', () => null, 'did not answer in time'],
    ['garbage', (query) => encodeAnswer(query, good).subarray(0, 40), 'unreadable'],
    [
      'an alias loop in one answer',
      () => found(alias('x.example', 'y.example'), alias('y.example', 'x.example')),
      'do not end',
    ],
    [
      'an alias loop over several answers',
      (query) => found(alias(query.name, query.name === 'x.example' ? 'y.example' : 'x.example')),
      'do not end',
    ],
    ['aliases without end', (query) => found(alias(query.name, `a.${query.name}`)), 'do not end'],
    ['an answer to another question', (query) => forged(query, { name: 'evil.example' }), 'did not answer in time'],
    [
      'a flood with wrong ids',
      (query) => Array.from({ length: 150 }, () => forged(query, { id: query.id ^ 1 })),
      'other questions',
    ],
    [
      'cut off on UDP and TCP',
      (query) => encodeAnswer(query, found(...Array.from({ length: 99 }, () => a('x.example', '192.0.2.1'))), 99),
      'TCP',
    ],
  ])('%s', async (_, answerer, reason) => {
    await withServer(
      answerer,
      async ({ resolver }) => {
        expect(await resolver.a('x.example')).toEqual({ kind: 'failed', reason: expect.stringContaining(reason) });
      },
      { timeoutMs: 300 },
    );
  });

  test('nobody listens', async () => {
    const server = await startNameServer(() => null);
    await server[Symbol.asyncDispose]();
    const resolver = createResolver({ servers: [server.address], trustAd: false, attempts: 1 });
    expect(await resolver.a('x.example')).toEqual({
      kind: 'failed',
      reason: expect.stringContaining('cannot be reached'),
    });
  });

  test('closing ends a question under way', async () => {
    await withServer(
      () => null,
      async ({ resolver, asked }) => {
        const answer = resolver.a('x.example');
        while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
        resolver.close();
        expect(await answer).toMatchObject({ kind: 'failed' });
      },
      { timeoutMs: 60_000 },
    );
  });
});

describe('how it asks', () => {
  const good = found(a('x.example', '192.0.2.1'));

  test('the right datagram counts among forged ones', async () => {
    const answerer = (query: Query) => [
      encodeAnswer({ ...query, id: query.id ^ 1 }, found(a('x.example', '192.0.2.66'))),
      encodeAnswer(query, good),
    ];
    await withServer(answerer, async ({ resolver }) =>
      expect(await resolver.a('x.example')).toMatchObject({ records: ['192.0.2.1'] }),
    );
  });

  test('over TCP what is too long for a datagram', async () => {
    const many = found(...Array.from({ length: 200 }, (_, index) => a('x.example', `192.0.2.${index}`)));
    await withServer(
      () => many,
      async ({ resolver, asked }) => {
        const answer = await resolver.a('x.example');
        expect(answer.kind === 'found' && answer.records.length).toBe(200);
        expect(asked).toEqual(['udp A x.example', 'tcp A x.example']);
      },
    );
  });

  test('without EDNS a server that does not know it', async () => {
    await withServer(
      (query) => (query.udpBytes === 512 ? good : { ...nothing, rcode: 'FORMERR' }),
      async ({ resolver, asked }) => {
        expect(await resolver.a('x.example')).toMatchObject({ kind: 'found' });
        expect(asked).toEqual(['udp A x.example', 'udp A x.example without EDNS']);
      },
    );
  });

  test('the next server when one is broken', async () => {
    await using broken = await startNameServer(() => ({ ...nothing, rcode: 'SERVFAIL' }));
    await using healthy = await startNameServer(() => good);
    const resolver = createResolver({ servers: [broken.address, healthy.address], trustAd: false });
    expect(await resolver.a('x.example')).toMatchObject({ kind: 'found', records: ['192.0.2.1'] });
    expect([broken.asked.length, healthy.asked.length]).toEqual([1, 1]);
    resolver.close();
  });

  test('again when the first answer was lost', async () => {
    let lost = false;
    const answerer = () => {
      if (lost) return good;
      lost = true;
      return null;
    };
    await withServer(
      answerer,
      async ({ resolver }) => expect(await resolver.a('x.example')).toMatchObject({ kind: 'found' }),
      {
        attempts: 2,
        timeoutMs: 200,
      },
    );
  });
});

describe('what it remembers', () => {
  async function askedAt(reply: Reply, seconds: readonly number[]): Promise<number[]> {
    let clock = 0;
    const counts: number[] = [];
    await withServer(
      () => reply,
      async ({ resolver, asked }) => {
        for (const second of seconds) {
          clock = second * 1_000;
          await resolver.a('x.example');
          counts.push(asked.length);
        }
      },
      { now: () => clock },
    );
    return counts;
  }

  test.each<[string, Reply, number[], number[]]>([
    [
      'records for the smallest TTL',
      found(alias('x.example', 'y.example', 20), a('y.example', '192.0.2.1', 300)),
      [0, 19, 21],
      [1, 1, 2],
    ],
    ['nothing with TTL 0', found(a('x.example', '192.0.2.1', 0)), [0, 0], [1, 2]],
    ['absence for the minimum of the SOA', noName, [0, 59, 61], [1, 1, 2]],
    ['absence without SOA not at all', { ...nothing, rcode: 'NXDOMAIN' }, [0, 0], [1, 2]],
    ['failures for a few seconds', { ...nothing, rcode: 'SERVFAIL' }, [0, 4, 6], [1, 1, 2]],
    ['never longer than a day', found(a('x.example', '192.0.2.1', 2_000_000_000)), [0, 86_399, 86_401], [1, 1, 2]],
  ])('%s', async (_, reply, seconds, counts) => expect(await askedAt(reply, seconds)).toEqual(counts));

  test('a question asked by many at once is asked once', async () => {
    await withServer(
      () => found(a('x.example', '192.0.2.1')),
      async ({ resolver, asked }) => {
        const answers = await Promise.all(Array.from({ length: 50 }, () => resolver.a('X.example')));
        expect(new Set(answers.map((answer) => answer.kind))).toEqual(new Set(['found']));
        expect(asked).toEqual(['udp A x.example']);
      },
    );
  });
});
