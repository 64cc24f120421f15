/** Fetching MTA-STS policies from a real HTTPS server on loopback that misbehaves in every way (T-9). */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { fetchPolicy } from '../../src/deliver/sts-fetch.ts';
import { createEgress } from '../../src/net/egress.ts';
import type { DnsAnswer } from '../../src/net/resolver.ts';
import { startPolicyHost } from '../../src/sandbox/policy-host.ts';
import { name, root } from './one-domain.ts';
import { goodSite, policyCases, privateAddresses } from './policy-cases.ts';

const found = (ip: string): DnsAnswer<string> => ({ kind: 'found', records: [ip], authenticated: false, name: 'x' });
const none: DnsAnswer<string> = { kind: 'none', exists: true, authenticated: false, name: 'x' };

function ports(ip = '127.0.0.1', allowPrivate = true, roots: readonly string[] = [root.certPem]) {
  const six = ip.includes(':');
  return {
    resolver: { a: async () => (six ? none : found(ip)), aaaa: async () => (six ? found(ip) : none) },
    egress: createEgress({ allowPrivate }),
    roots,
  };
}

test('a good policy, asked for once at the well-known place', async () => {
  await using server = await startPolicyHost([
    { ...goodSite, headers: { 'content-type': 'text/plain; charset=utf-8' } },
  ]);
  const fetched = await fetchPolicy(name, server.port, ports());
  expect(fetched).toEqual({ kind: 'policy', policy: { mode: 'enforce', mx: ['mx.b.example'], maxAge: 86_400 } });
  expect(server.requests).toEqual(['GET mta-sts.b.example/.well-known/mta-sts.txt']);
});

describe('is no policy', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each(Object.entries(policyCases))('%s', async (_, { site, roots, words, result, asked }) => {
    await using server = await startPolicyHost([site]);
    // Nobody waits here for a host that takes its time.
    if (site.delay !== undefined) vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const fetching = fetchPolicy(name, server.port, ports('127.0.0.1', true, roots));
    if (site.delay !== undefined) {
      while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(site.delay / 2);
    }
    expect(await fetching).toEqual({ kind: 'failed', reason: expect.stringContaining(words), result });
    expect(server.requests.length).toBe(asked ? 1 : 0);
  });
});

test.each(privateAddresses)('a policy host at %s is not asked', async (ip) => {
  const fetched = await fetchPolicy(name, 443, ports(ip, false));
  expect(fetched).toMatchObject({ kind: 'failed', reason: expect.stringContaining('only private addresses') });
});

test('a name that leads to a private address only after the check is not asked there', async () => {
  await using server = await startPolicyHost([goodSite]);
  // The first answer is public, every later one would be loopback; nobody may ask again.
  let asked = 0;
  const resolver = { a: async () => found((asked++ > 0 && '127.0.0.1') || '192.0.2.1'), aaaa: async () => none };
  const guarded = { ...ports(), resolver, egress: { permits: (ip: string) => ip === '192.0.2.1' } };
  const fetched = fetchPolicy(name, server.port, guarded);
  await Promise.race([fetched, new Promise((resolve) => setTimeout(resolve, 300))]);
  expect(asked).toBe(1);
  expect(server.requests).toEqual([]);
});
