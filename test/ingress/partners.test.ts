/** Networks, and senders' domains, that must use TLS or show a client certificate, over real sockets. */
import { createHash, X509Certificate } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import { describe, expect, test } from 'vitest';
import type { Partner } from '../../src/config/config.ts';
import { type Issued, type IssueRequest, issueCertificate } from '../../src/protect/issue.ts';
import { Client, plainMessage, startGateway, tenant } from './gateway.ts';

const { certPem, keyPem } = issueCertificate({ subject: 'gw.postern.example', san: { dns: ['gw.postern.example'] } });
const tls = { key: keyPem, cert: certPem, files: { key: '', cert: '' }, minVersion: 'TLSv1.2' as const };

const name = 'mx.bank.example';
const root = issueCertificate({ subject: 'Bank Root', ca: true });
const middle = issueCertificate({ subject: 'Bank CA', ca: true, issuer: root });
const rogue = issueCertificate({ subject: 'Bank Root', ca: true });

function leaf(issuer: Issued | null, more: Partial<IssueRequest> = {}): Issued {
  const signed = issuer === null ? {} : { issuer };
  return issueCertificate({ subject: name, san: { dns: [name] }, eku: ['clientAuth'], ...signed, ...more });
}

function partner(more: Partial<Partner> = {}): Partner {
  return {
    name: 'bank',
    networks: ['127.0.0.0/8'],
    domains: [],
    tls: 'required',
    certificateSha256: [],
    certificateNames: [],
    trust: [],
    ...more,
  };
}

const good = leaf(middle);
const fingerprint = new X509Certificate(good.certPem).fingerprint256.replaceAll(':', '').toLowerCase();
const spki = createHash('sha256')
  .update(new X509Certificate(good.certPem).publicKey.export({ type: 'spki', format: 'der' }))
  .digest('hex');

function showing(issued: Issued, ...others: readonly Issued[]): ConnectionOptions {
  return { key: issued.keyPem, cert: [issued, ...others].map((each) => each.certPem).join('') };
}

describe('a partner that must use TLS', () => {
  test('is refused before MAIL without it, and served with it', async () => {
    await using gateway = await startGateway({ smtp: { tls, partners: [partner()] } });
    const plain = await Client.greeted(gateway.port);
    expect(await plain.ask('MAIL FROM:<a@corp.example>')).toMatch(/^530 5\.7\.0 .*STARTTLS/);
    expect(await plain.ask('RCPT TO:<b@dest.example>')).toMatch(/^503 /);
    const reason = expect.stringMatching(/^Partner "bank": .*STARTTLS/) as unknown;
    expect(gateway.events).toEqual([
      { kind: 'message.refused', tenant: null, status: '5.7.0', client: '127.0.0.1', reason },
    ]);
    plain.close();
    const { client } = await Client.secured(gateway.port, certPem);
    expect(await client.send(plainMessage)).toMatch(/^250 /);
    client.close();
  });

  test('is nobody else', async () => {
    await using gateway = await startGateway({ smtp: { tls, partners: [partner({ networks: ['192.0.2.0/24'] })] } });
    const client = await Client.greeted(gateway.port);
    expect(await client.send(plainMessage)).toMatch(/^250 /);
    client.close();
  });

  test('is the first whose network holds the client', async () => {
    const partners = [
      partner({ name: 'elsewhere', networks: ['192.0.2.0/24', '2001:db8::/32'] }),
      partner({ networks: ['127.0.0.1/32'] }),
      partner({ name: 'later', tls: 'certificate', certificateSha256: [fingerprint] }),
    ];
    await using gateway = await startGateway({ smtp: { tls, partners } });
    const { client } = await Client.secured(gateway.port, certPem);
    expect(await client.send(plainMessage)).toMatch(/^250 /);
    client.close();
  });
});

describe('a partner that must show a certificate', () => {
  const byName = partner({ tls: 'certificate', certificateNames: ['mx2.bank.example', name], trust: [root.certPem] });
  const byDigest = partner({ tls: 'certificate', certificateSha256: ['0'.repeat(64), fingerprint] });
  const byKey = partner({ tls: 'certificate', certificateSha256: [spki] });
  const day = 86_400_000;
  const expired = leaf(root, { notBefore: Date.now() - 2 * day, notAfter: Date.now() - day });
  const expiredDigest = new X509Certificate(expired.certPem).fingerprint256.replaceAll(':', '').toLowerCase();

  const table: readonly [string, Partner, ConnectionOptions, RegExp][] = [
    ['by name: with its chain', byName, showing(good, middle), /^250 /],
    ['by name: from the root itself', byName, showing(leaf(root)), /^250 /],
    ['by name: meant for servers only', byName, showing(leaf(root, { eku: ['serverAuth'] })), /^250 /],
    ['by name: without its chain', byName, showing(good), /^550 5\.7\.1 .* issued by "Bank CA" and leads to no/],
    ['by name: self-signed', byName, showing(leaf(null)), /^550 5\.7\.1 .*yours is self-signed$/],
    ['by name: from a rogue authority', byName, showing(leaf(rogue)), /^550 5\.7\.1 .*leads to no trusted root$/],
    [
      'by name: with the rogue authority',
      byName,
      showing(leaf(rogue), rogue),
      /^550 5\.7\.1 .*leads to no trusted root$/,
    ],
    ['by name: expired', byName, showing(expired), /^550 5\.7\.1 .*yours expired on /],
    [
      'by name: another name',
      byName,
      showing(leaf(root, { san: { dns: ['mx.evil.example'] } })),
      /^550 5\.7\.1 .*not made out to/,
    ],
    [
      'by name: of another purpose',
      byName,
      showing(leaf(root, { eku: ['codeSigning'] })),
      /^550 5\.7\.1 .*not meant for TLS/,
    ],
    ['by name: none', byName, {}, /^550 5\.7\.1 .*your server showed none$/],
    [
      'by name, with the bundled roots: a private one',
      { ...byName, trust: [] },
      showing(good, middle),
      /^550 5\.7\.1 /,
    ],
    ['by its digest', byDigest, showing(good), /^250 /],
    ['by the digest of its key', byKey, showing(good), /^250 /],
    [
      'by the digest of its key: renewed with a new one',
      byKey,
      showing(leaf(middle), middle),
      /^550 5\.7\.1 .*yours is another$/,
    ],
    [
      'by its digest: expired all the same',
      { ...byDigest, certificateSha256: [expiredDigest] },
      showing(expired),
      /^250 /,
    ],
    [
      'by its digest: another of the same name',
      byDigest,
      showing(leaf(middle), middle),
      /^550 5\.7\.1 .*yours is another$/,
    ],
    ['by its digest: none', byDigest, {}, /^550 5\.7\.1 /],
  ];
  test.each(table)('%s', async (_what, held, options, expected) => {
    await using gateway = await startGateway({ smtp: { tls, partners: [held] } });
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const { client } = await Client.secured(gateway.port, certPem, { ...options, maxVersion: version });
      expect(await client.send(plainMessage)).toMatch(expected);
      client.close();
    }
    const accepted = expected.test('250 ') ? 2 : 0;
    expect(gateway.accepted).toHaveLength(accepted);
    expect(gateway.events.filter(({ kind }) => kind === 'message.refused')).toHaveLength(2 - accepted);
  });

  test('without TLS is told to use it', async () => {
    await using gateway = await startGateway({ smtp: { tls, partners: [byName] } });
    const client = await Client.greeted(gateway.port);
    expect(await client.ask('MAIL FROM:<a@corp.example>')).toMatch(/^530 5\.7\.0 /);
    client.close();
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('is asked again although it offers a session (%s)', async (maxVersion) => {
    await using gateway = await startGateway({ smtp: { tls, partners: [byName] } });
    const options = { ...showing(good, middle), maxVersion };
    const { client: first } = await Client.secured(gateway.port, certPem, options);
    expect(await first.send(plainMessage)).toMatch(/^250 /);
    const { session } = first;
    first.close();
    const second = await Client.secured(gateway.port, certPem, { ...options, ...session });
    expect(second.socket.isSessionReused()).toBe(false);
    expect(await second.client.send(plainMessage)).toMatch(/^250 /);
    second.client.close();
    const { client } = await Client.secured(gateway.port, certPem, { maxVersion, ...session });
    expect(await client.send(plainMessage)).toMatch(/^550 5\.7\.1 /);
    client.close();
  });
});

describe('a partner known by the domain of its senders', () => {
  const domains = ['bank.example', '*.bank.example', 'xn--bcher-kva.example'];
  const tenants = [tenant({ domains: ['corp.example', 'bank.example', 'a.b.bank.example', 'evilbank.example'] })];
  const held = partner({ networks: [], domains });
  const certified = { ...held, tls: 'certificate', certificateNames: [name], trust: [root.certPem] } as const;

  test.each([
    ['<a@bank.example>', true],
    ['<a@BANK.Example>', true],
    ['<@relay.example:a@bank.example> BODY=8BITMIME', true],
    ['<a@a.b.bank.example>', true],
    ['<a@b\u00fccher.example> SMTPUTF8', true],
    ['<a@xn--bcher-kva.example>', true],
    ['<a@XN--BCHER-KVA.example>', true],
    ['<a@corp.example>', false],
    ['<bank.example@corp.example>', false],
    ['<a@evilbank.example>', false],
    ['<>', false],
  ])('is told to use TLS when the sender is its own: %s', async (path, isHeld) => {
    await using gateway = await startGateway({ tenants, smtp: { tls, partners: [held] } });
    const client = await Client.greeted(gateway.port);
    client.write(Buffer.from(`MAIL FROM:${path}\r\n`));
    expect(await client.reply()).toMatch(isHeld ? /^530 5\.7\.0 .*STARTTLS/ : /^250 /);
    const reason = expect.stringMatching(/^Partner "bank": .*STARTTLS/) as unknown;
    const event = { kind: 'message.refused', tenant: null, status: '5.7.0', client: '127.0.0.1', reason };
    expect(gateway.events).toEqual(isHeld ? [event] : []);
    client.close();
  });

  test.each([
    '<a.bank.example>',
    '<"a b"@bank.example>',
    '<a@bank.example.>',
    'a@bank.example',
    '<a@bank.example> BODY=8BITMIME BODY=8BITMIME',
  ])('is not let in by an address that is hard to read: %s', async (path) => {
    await using gateway = await startGateway({ tenants, smtp: { tls, partners: [held] } });
    const client = await Client.greeted(gateway.port);
    expect(await client.ask(`MAIL FROM:${path}`)).toMatch(/^5/);
    expect(await client.ask('RCPT TO:<b@dest.example>')).toMatch(/^503 /);
    client.close();
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('shows its certificate; others need none (%s)', async (maxVersion) => {
    await using gateway = await startGateway({ tenants, smtp: { tls, partners: [certified] } });
    const table = [
      ['a@bank.example', showing(good, middle), /^250 /],
      ['a@bank.example', showing(leaf(rogue)), /^550 5\.7\.1 .*leads to no trusted root$/],
      ['a@bank.example', {}, /^550 5\.7\.1 .*your server showed none$/],
      ['a@corp.example', {}, /^250 /],
      ['a@corp.example', showing(leaf(rogue)), /^250 /],
    ] as const;
    for (const [from, options, expected] of table) {
      const { client } = await Client.secured(gateway.port, certPem, { ...options, maxVersion });
      const content = plainMessage.replace('a@corp.example', from);
      expect(await client.send(content, from)).toMatch(expected);
      client.close();
    }
    const plain = await Client.greeted(gateway.port);
    expect(await plain.send(plainMessage)).toMatch(/^250 /);
    plain.close();
  });

  test('shows its certificate for each message that is its own on one connection', async () => {
    await using gateway = await startGateway({ tenants, smtp: { tls, partners: [certified] } });
    const { client } = await Client.secured(gateway.port, certPem);
    expect(await client.send(plainMessage)).toMatch(/^250 /);
    expect(await client.ask('MAIL FROM:<a@bank.example>')).toMatch(/^550 5\.7\.1 /);
    expect(await client.send(plainMessage)).toMatch(/^250 /);
    client.close();
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('is asked again although it offers a session (%s)', async (maxVersion) => {
    await using gateway = await startGateway({ tenants, smtp: { tls, partners: [certified] } });
    const options = { ...showing(good, middle), maxVersion };
    const { client: first } = await Client.secured(gateway.port, certPem, options);
    expect(await first.ask('MAIL FROM:<a@bank.example>')).toMatch(/^250 /);
    const { session } = first;
    first.close();
    const second = await Client.secured(gateway.port, certPem, { ...options, ...session });
    expect(second.socket.isSessionReused()).toBe(false);
    expect(await second.client.ask('MAIL FROM:<a@bank.example>')).toMatch(/^250 /);
    second.client.close();
  });

  test('is held to what its network must do as well', async () => {
    const network = partner({ name: 'network', tls: 'certificate', certificateSha256: ['0'.repeat(64)] });
    for (const partners of [
      [{ ...certified, tls: 'required' as const }, network],
      [partner(), certified],
    ]) {
      await using gateway = await startGateway({ tenants, smtp: { tls, partners } });
      const { client } = await Client.secured(gateway.port, certPem);
      expect(await client.ask('MAIL FROM:<a@bank.example>')).toMatch(/^550 5\.7\.1 /);
      client.close();
    }
  });
});
