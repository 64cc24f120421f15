/** What a look at a domain finds, over real DNS, HTTPS and SMTP. */
import { describe, expect, test } from 'vitest';
import { domains, servers } from './domain-cases.ts';
import { host, startDomain } from './one-domain.ts';
import type { Script } from './scripted-server.ts';

const silent: Script = { ...servers['trusted'], handshake: 'silence' };

describe('domain | server', () => {
  test.each<[string, string, object]>([
    ['nothing', 'trusted', { level: 'verify', defects: [], dane: false }],
    ['nothing', 'self-signed', { level: 'encrypt', defects: [`The certificate of ${host} is self-signed.`] }],
    ['nothing', 'plain', { level: 'may', defects: [`${host} does not offer STARTTLS.`], keyRecord: null }],
    ['nothing', 'STARTTLS refused', { level: 'may', defects: [expect.stringContaining('refuses it: 454 4.7.0 No')] }],
    ['nothing', 'handshake cut', { level: 'may', defects: [expect.stringContaining('during the TLS handshake')] }],
    ['nothing', 'silent', { level: null, defects: [expect.stringContaining('did not finish the TLS handshake')] }],
    ['STS enforce', 'trusted', { level: 'secure', defects: [] }],
    ['STS enforce, another host', 'trusted', { level: 'verify', defects: [expect.stringContaining('not among')] }],
    ['TLSA of the key', 'trusted', { level: 'dane', dane: true, defects: [] }],
    ['TLSA of another key', 'trusted', { level: 'encrypt', dane: true, defects: [expect.stringContaining('none of')] }],
    ['TLSA of the key', 'plain', { level: 'may', dane: true, defects: [`${host} does not offer STARTTLS.`] }],
    ['TLSA that cannot be looked up', 'trusted', { level: null, dane: null }],
  ])('%s | %s', async (domain, server, expected) => {
    await using internet = await startDomain(
      domains[domain] ?? {},
      server === 'silent' ? silent : (servers[server] ?? {}),
    );
    expect(await internet.probe()).toMatchObject({ hosts: [{ host, ...expected }] });
    expect(internet.server.connections.map(({ plain, secret }) => plain + secret).join('')).not.toMatch(/MAIL|RCPT/);
  });

  test('the record it tells of is the one that would be true', async () => {
    await using published = await startDomain(domains['TLSA of the key'] ?? {}, servers['trusted'] ?? {});
    const { port } = published.server;
    const found = await published.probe();
    const [told] = typeof found === 'string' ? [] : found.hosts;
    expect(told?.keyRecord).toMatch(new RegExp(`^_${port}\\._tcp\\.mx\\.b\\.example\\. IN TLSA 3 1 1 [0-9a-f]{64}$`));
    await using wrong = await startDomain(domains['TLSA of another key'] ?? {}, servers['trusted'] ?? {});
    const other = await wrong.probe();
    const line = typeof other === 'string' ? '' : (other.hosts[0]?.keyRecord ?? '');
    expect(line.split(' ').at(-1)).toBe(told?.keyRecord?.split(' ').at(-1));
  });
});
