/** What the listener agrees to in a TLS handshake, seen with OpenSSL's own client and with Node's; tickets; a renewal while a session is open. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { issueCertificate } from '../../src/protect/issue.ts';
import { Client, plainMessage, startGateway } from './gateway.ts';

const root = issueCertificate({ subject: 'Postern Root', ca: true });
const middle = issueCertificate({ subject: 'Postern CA', ca: true, issuer: root });
const issue = () =>
  issueCertificate({
    subject: 'gw.postern.example',
    san: { dns: ['gw.postern.example'] },
    issuer: middle,
    keyType: 'rsa2048',
  });
const own = issue();
const tls = {
  key: own.keyPem,
  cert: own.certPem + middle.certPem,
  files: { key: '', cert: '' },
  minVersion: 'TLSv1.2' as const,
};

const openssl = ['/usr/bin/openssl', '/usr/local/bin/openssl'].find((path) => existsSync(path));

/** What `openssl s_client` prints when it says STARTTLS and then `typed`. */
async function sClient(port: number, options: readonly string[], typed = 'QUIT'): Promise<string> {
  const args = ['s_client', '-starttls', 'smtp', '-connect', `127.0.0.1:${port}`, '-crlf', ...options];
  const child = spawn(openssl ?? 'openssl', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${typed}\n`);
  await new Promise((resolve) => child.once('close', resolve));
  return text;
}

describe.skipIf(openssl === undefined && !process.env['CI'])('a handshake with openssl s_client', () => {
  const weak = ['-cipher', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'];
  const table: readonly [string, readonly string[], RegExp][] = [
    ['TLS 1.3', ['-tls1_3'], /New, TLSv1\.3, Cipher is TLS_AES_256_GCM_SHA384/],
    ['TLS 1.2', ['-tls1_2'], /New, TLSv1\.2, Cipher is ECDHE-RSA-AES256-GCM-SHA384/],
    [
      'TLS 1.2 with ChaCha20 alone',
      ['-tls1_2', '-cipher', 'ECDHE-RSA-CHACHA20-POLY1305'],
      /Cipher is ECDHE-RSA-CHACHA20/,
    ],
    ['without SNI', ['-noservername'], /Cipher is TLS_AES_256_GCM_SHA384/],
    ['with a name we do not have', ['-servername', 'mx.other.example'], /Cipher is TLS_AES_256_GCM_SHA384/],
    ['TLS 1.1', ['-tls1_1', ...weak], /Cipher is \(NONE\)/],
    ['TLS 1.0', ['-tls1', ...weak], /Cipher is \(NONE\)/],
    [
      'CBC',
      ['-tls1_2', '-cipher', 'ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES128-SHA'],
      /Cipher is \(NONE\)/,
    ],
    [
      'RSA key exchange',
      ['-tls1_2', '-cipher', 'AES256-GCM-SHA384:AES128-GCM-SHA256:AES128-SHA'],
      /Cipher is \(NONE\)/,
    ],
    ['3DES, RC4 and NULL', ['-tls1_2', '-cipher', '3DES:RC4:eNULL:@SECLEVEL=0'], /Cipher is \(NONE\)|no cipher match/],
    ['anonymous', ['-tls1_2', '-cipher', 'aNULL:@SECLEVEL=0'], /Cipher is \(NONE\)/],
  ];
  test.each(table)('%s', async (_what, options, expected) => {
    await using gateway = await startGateway({ smtp: { tls } });
    expect(await sClient(gateway.port, options)).toMatch(expected);
  });

  test('no version but 1.3, where that is set', async () => {
    await using gateway = await startGateway({ smtp: { tls: { ...tls, minVersion: 'TLSv1.3' } } });
    expect(await sClient(gateway.port, ['-tls1_2'])).toMatch(/Cipher is \(NONE\)/);
    expect(await sClient(gateway.port, ['-tls1_3'])).toMatch(/Cipher is TLS_AES_256/);
  });

  test('shows the whole chain', async () => {
    await using gateway = await startGateway({ smtp: { tls } });
    const text = await sClient(gateway.port, ['-tls1_2', '-showcerts']);
    expect(text.match(/-----BEGIN CERTIFICATE-----/g)).toHaveLength(2);
  });

  test('starts no new handshake for a client', async () => {
    await using gateway = await startGateway({ smtp: { tls } });
    const text = await sClient(gateway.port, ['-tls1_2', '-msg'], 'R');
    expect(text.match(/<<< .*ServerHello\b/g)).toHaveLength(1);
    expect(text).toMatch(/RENEGOTIATING/);
  });

  test('a client is asked for a certificate only where a partner is to show one', async () => {
    const partner = { name: 'bank', networks: ['127.0.0.1/32'], domains: [], certificateNames: [], trust: [] };
    const sha = { certificateSha256: ['0'.repeat(64)] };
    for (const [asked, partners] of [
      [false, []],
      [false, [{ ...partner, tls: 'required', certificateSha256: [] }]],
      [false, [{ ...partner, tls: 'certificate', ...sha, networks: ['192.0.2.1/32'] }]],
      [true, [{ ...partner, tls: 'certificate', ...sha }]],
      [true, [{ ...partner, tls: 'certificate', ...sha, networks: [], domains: ['bank.example'] }]],
      [false, [{ ...partner, tls: 'required', certificateSha256: [], networks: [], domains: ['bank.example'] }]],
    ] as const) {
      await using gateway = await startGateway({ smtp: { tls, partners } });
      for (const version of ['-tls1_2', '-tls1_3'])
        expect(/CertificateRequest/.test(await sClient(gateway.port, [version, '-msg']))).toBe(asked);
    }
  });
});

describe('session tickets', () => {
  const versions = ['TLSv1.2', 'TLSv1.3'] as const;

  /** Whether a session of before is taken up again. */
  async function resumes(port: number, maxVersion: 'TLSv1.2' | 'TLSv1.3', between: () => unknown): Promise<boolean> {
    const first = await Client.secured(port, root.certPem, { maxVersion });
    await first.client.ask('NOOP');
    const { session } = first.client;
    first.client.close();
    await between();
    const second = await Client.secured(port, root.certPem, { maxVersion, ...session });
    const reused = second.socket.isSessionReused();
    second.client.close();
    return reused;
  }

  test.each(versions)('are taken, and not once their keys were changed (%s)', async (version) => {
    await using gateway = await startGateway({ smtp: { tls } });
    expect(await resumes(gateway.port, version, () => undefined)).toBe(true);
    expect(await resumes(gateway.port, version, () => gateway.listener.renew(tls))).toBe(false);
  });

  test('change their keys by themselves', async () => {
    await using gateway = await startGateway({ smtp: { tls }, limits: { ticketKeysLive: 20 } });
    const wait = () => new Promise((resolve) => setTimeout(resolve, 60));
    expect(await resumes(gateway.port, 'TLSv1.3', wait)).toBe(false);
  });
});

describe('a renewed certificate', () => {
  test('is shown to new connections, while an open one goes on', async () => {
    await using gateway = await startGateway({ smtp: { tls } });
    const shown = (socket: { getPeerX509Certificate(): { fingerprint256: string } | undefined }) =>
      socket.getPeerX509Certificate()?.fingerprint256;
    const before = await Client.secured(gateway.port, root.certPem);
    const halfway = await Client.greeted(gateway.port);
    await before.client.ask('MAIL FROM:<a@corp.example>');
    const next = issue();
    gateway.listener.renew({ key: next.keyPem, cert: next.certPem + middle.certPem });
    const after = await Client.secured(gateway.port, root.certPem);
    expect(shown(after.socket)).not.toBe(shown(before.socket));
    expect(await after.client.send(plainMessage)).toMatch(/^250 /);
    expect(await before.client.ask('RCPT TO:<b@dest.example>')).toMatch(/^250 /);
    expect(await before.client.ask('DATA')).toMatch(/^354 /);
    before.client.write(`${plainMessage}.\r\n`);
    expect(await before.client.reply()).toMatch(/^250 /);
    await halfway.ask('STARTTLS');
    expect(shown(await halfway.startTls(root.certPem))).toBe(shown(after.socket));
    for (const client of [before.client, after.client, halfway]) client.close();
  });
});
