/**
 * What a domain has published or shown before, against what its server does: every combination of domain-cases.ts over real sockets, DNS and HTTPS included,
 * each with what reached the server.
 */
import { describe, expect, test } from 'vitest';
import type { TlsLevel } from '../../src/config/config.ts';
import type { Sts } from '../../src/deliver/demand.ts';
import { domains, rows, servers } from './domain-cases.ts';
import { endOf } from './ends.ts';
import { host, name, root, startDomain } from './one-domain.ts';
import { startServer } from './scripted-server.ts';
import { message, transmitterTo, type Zone } from './transmit.ts';

const secretWords = /MAIL FROM|RCPT TO|DATA|Subject/;

test('the table names every domain and every server', () => {
  expect(new Set(rows.map(([domain]) => domain))).toEqual(new Set(Object.keys(domains)));
  expect(new Set(rows.map(([, , server]) => server))).toEqual(new Set(Object.keys(servers)));
});

describe('domain | asked | server', () => {
  test.each(rows)('%s | %s | %s: %s', async (domainName = '', asked, serverName = '', end, words = '') => {
    const domain = domains[domainName] ?? {};
    await using internet = await startDomain(domain, servers[serverName] ?? {});
    const { server, transmitter } = internet;
    const pin = domain.pin ?? null;
    const [outcome] = await transmitter.send(
      message({ destination: name, to: [`bob@${name}`], tls: asked as TlsLevel, pin }),
    );
    expect(endOf(outcome), JSON.stringify(outcome)).toBe(end);
    const plain = server.connections.map((connection) => connection.plain).join('');
    const secret = server.connections.map((connection) => connection.secret).join('');
    expect(plain.includes('Subject: Hello')).toBe(end === 'plain');
    expect(secret.includes('Subject: Hello')).toBe(end === 'secret');
    if (end !== 'plain') expect(plain).not.toMatch(secretWords);
    if (end === 'secret') expect(outcome).toMatchObject({ remote: { level: words } });
    else if (outcome?.kind !== 'delivered') expect(outcome).toHaveProperty('reason', expect.stringContaining(words));
  });
});

test('many messages at once ask for the policy once', async () => {
  await using internet = await startDomain(domains['STS enforce'] ?? {}, servers['trusted'] ?? {});
  const to = (index: number) => message({ destination: name, to: [`bob${index}@${name}`] });
  const outcomes = await Promise.all(Array.from({ length: 20 }, (_, index) => internet.transmitter.send(to(index))));
  for (const outcome of outcomes) expect(outcome).toMatchObject([{ kind: 'delivered', remote: { level: 'secure' } }]);
  expect(internet.requests).toEqual([`GET mta-sts.${name}/.well-known/mta-sts.txt`]);
});

const sts = (mode: 'enforce' | 'testing' | 'none', mx: string): Sts => ({
  id: '2026a',
  policy: { mode, mx: [mx], maxAge: 86_400 },
});
const here = { destination: host, to: [`bob@${host}`] };

describe('one connection, several messages', () => {
  test('a connection opened for less is used for more when what it showed is enough, and not when it is not', async () => {
    for (const [shows, connections] of [
      ['trusted', 1],
      ['self-signed', 2],
    ] as const) {
      await using server = await startServer(servers[shows] ?? {});
      await using transmitter = transmitterTo(server.port, { trust: [root.certPem] });
      await transmitter.send(message({ ...here, tls: 'may' }));
      await transmitter.send(message({ ...here, tls: 'verify' }));
      expect(server.connections.length).toBe(connections);
      expect(server.messages().length).toBe(shows === 'trusted' ? 2 : 1);
    }
  });

  test('evidence is about the message: what vouched for the name of one says nothing of the other', async () => {
    await using server = await startServer(servers['trusted'] ?? {});
    let policy: Sts | null = null;
    await using transmitter = transmitterTo(server.port, { trust: [root.certPem], sts: async () => policy });
    const first = await transmitter.send(message({ ...here, tls: 'verify' }));
    policy = sts('enforce', host);
    const second = await transmitter.send(message({ ...here, tls: 'verify' }));
    expect(server.connections.length).toBe(1);
    expect(first).toMatchObject([{ remote: { level: 'verify', verifiedBy: 'root Test Root' } }]);
    expect(second).toMatchObject([{ remote: { level: 'secure', verifiedBy: 'root Test Root, MTA-STS policy 2026a' } }]);
  });
});

test('of two hosts, the one that the policy does not name is passed over', async () => {
  await using server = await startServer(servers['trusted'] ?? {});
  const zone: Zone = {
    mx: {
      [host]: [
        { preference: 1, exchange: 'stray.example' },
        { preference: 2, exchange: host },
      ],
    },
  };
  const options = { trust: [root.certPem], zone, sts: async () => sts('enforce', host) };
  await using transmitter = transmitterTo(server.port, options);
  expect(await transmitter.send(message(here))).toMatchObject([{ kind: 'delivered', remote: { mx: host } }]);
  expect(server.connections.length).toBe(1);
});
