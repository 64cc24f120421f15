/** Our way out against other people's TLS: Postfix as the receiving server, and OpenSSL's s_server behind a STARTTLS of ours. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TlsLevel } from '../../src/config/config.ts';
import { keyRecord } from '../../src/deliver/dane.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { freePort, waitForPort } from '../bench/ports.ts';
import { type Postfix, postfixMissing, startPostfix } from '../bench/postfix.ts';
import { endOf } from '../deliver/ends.ts';
import { type ScriptedServer, startServer } from '../deliver/scripted-server.ts';
import { message, transmitterTo } from '../deliver/transmit.ts';

const host = 'mx.example';
const root = issueCertificate({ subject: 'Test Root', ca: true });
const good = issueCertificate({ subject: host, issuer: root, san: { dns: [host] } });
const selfSigned = issueCertificate({ subject: host, san: { dns: [host] } });
const pem = ({ keyPem, certPem }: typeof good): string => `${keyPem}${certPem}`;

/** DNS that is signed and holds the TLSA record (3 1 1) of this certificate. */
const published = ({ certPem }: typeof good, port: number) => {
  const mx = { [host]: [{ preference: 1, exchange: host }] };
  return { signed: true, mx, tlsa: { [`_${port}._tcp.${host}`]: [keyRecord(certPem)] } };
};

describe.skipIf(postfixMissing() !== null && !process.env.CI)('Postfix', () => {
  const stack = new AsyncDisposableStack();
  /** Where Postfix hands on what it took: its Received field tells of the TLS it saw. */
  let behind: ScriptedServer;
  const running = new Map<string, Postfix>();

  beforeAll(async () => {
    behind = stack.use(await startServer({}));
    for (const [name, settings] of Object.entries({
      good: tlsSettings(good),
      'self-signed': tlsSettings(selfSigned),
      'TLS 1.2': [...tlsSettings(good), 'smtpd_tls_mandatory_protocols = TLSv1.2'],
      'TLS 1.1': [
        ...tlsSettings(good),
        'smtpd_tls_mandatory_protocols = TLSv1.1',
        'tls_medium_cipherlist = DEFAULT@SECLEVEL=0',
      ],
      plain: ['smtpd_tls_security_level = none'],
    })) {
      const folder = mkdtempSync(join(tmpdir(), 'postern-postfix-'));
      stack.defer(() => rmSync(folder, { recursive: true, force: true }));
      const postfix = await startPostfix(folder, behind.port, settings);
      stack.defer(() => postfix.stop());
      running.set(name, postfix);
    }
  });
  afterAll(() => stack.disposeAsync());

  function tlsSettings(issued: typeof good): string[] {
    const folder = mkdtempSync(join(tmpdir(), 'postern-pem-'));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'chain.pem'), pem(issued), { mode: 0o600 });
    return [
      'smtpd_tls_security_level = encrypt',
      `smtpd_tls_chain_files = ${folder}/chain.pem`,
      'smtpd_tls_received_header = yes',
    ];
  }

  test.each<[string, TlsLevel, string, string, object]>([
    ['good', 'may', '', 'secret', { level: 'verify', tls: 'TLSv1.3' }],
    ['good', 'verify', '', 'secret', { level: 'verify', verifiedBy: 'root Test Root' }],
    ['good', 'secure', 'a pin', 'secret', { level: 'secure', verifiedBy: 'root Test Root, pin' }],
    ['good', 'dane', 'TLSA of good', 'secret', { level: 'dane', verifiedBy: 'TLSA 3 1 1' }],
    ['good', 'dane', 'TLSA of self-signed', 'unmet', {}],
    ['self-signed', 'may', '', 'secret', { level: 'encrypt' }],
    ['self-signed', 'verify', '', 'unmet', {}],
    ['self-signed', 'dane', 'TLSA of self-signed', 'secret', { level: 'dane' }],
    ['TLS 1.2', 'verify', '', 'secret', { level: 'verify', tls: 'TLSv1.2' }],
    ['TLS 1.1', 'verify', '', 'unmet', {}],
    ['plain', 'may', '', 'plain', { level: 'may', tls: null }],
    ['plain', 'encrypt', '', 'unmet', {}],
  ])('%s, level %s %s: %s', async (name, tls, known, end, remote) => {
    const port = running.get(name)?.port ?? 0;
    const zone = known.startsWith('TLSA') ? published(known.endsWith('good') ? good : selfSigned, port) : {};
    await using transmitter = transmitterTo(port, { trust: [root.certPem], zone });
    const before = behind.messages().length;
    const [outcome] = await transmitter.send(message({ tls, pin: known === 'a pin' ? [host] : null }));
    expect(endOf(outcome), JSON.stringify(outcome)).toBe(end);
    if (outcome?.kind !== 'delivered') return expect(behind.messages().length).toBe(before);
    expect(outcome.remote).toMatchObject(remote);
    await expect.poll(() => behind.messages().length).toBe(before + 1);
    const [arrived = ''] = behind.messages().slice(-1);
    const { tls: version = null, cipher = null } = outcome.remote ?? {};
    if (end === 'plain') expect(arrived).not.toContain('using TLS');
    else expect(arrived).toContain(`(using ${version} with cipher ${cipher} `);
  });
});

const openssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** s_server cannot speak SMTP, so we do: in the clear up to STARTTLS, and then on its standard input and output. */
describe.skipIf(!openssl && !process.env.CI)('openssl s_server', () => {
  test.each<[string[], TlsLevel, string, object]>([
    [[], 'verify', 'secret', { tls: 'TLSv1.3', level: 'verify' }],
    [['-tls1_2'], 'verify', 'secret', { tls: 'TLSv1.2' }],
    [['-tls1_2', '-cipher', 'ECDHE-ECDSA-CHACHA20-POLY1305'], 'verify', 'secret', { tls: 'TLSv1.2' }],
    [['-groups', 'P-384'], 'verify', 'secret', { tls: 'TLSv1.3' }],
    [['-no_ticket'], 'verify', 'secret', { tls: 'TLSv1.3' }],
    [['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA'], 'encrypt', 'unmet', {}],
    [['-tls1_1', '-cipher', 'DEFAULT:@SECLEVEL=0'], 'encrypt', 'unmet', {}],
    [['-verify', '1'], 'verify', 'secret', {}],
    // In TLS 1.3 the refusal of a client without a certificate comes after the handshake, and looks like any broken connection.
    [['-Verify', '1', '-verify_return_error'], 'verify', 'deferred', {}],
  ])('%j, level %s: %s', async (options, tls, end, remote) => {
    await using server = await startOpenssl(options);
    const timeouts = { connect: 2_000, command: 5_000, data: 5_000 };
    await using transmitter = transmitterTo(server.port, { trust: [root.certPem], timeouts });
    const [outcome] = await transmitter.send(message({ tls }));
    expect(endOf(outcome), JSON.stringify(outcome)).toBe(end);
    expect(server.heard().includes('Subject: Hello')).toBe(end === 'secret');
    if (outcome?.kind === 'delivered') expect(outcome.remote).toMatchObject(remote);
    expect(server.plain()).not.toMatch(/MAIL|RCPT|DATA|Subject/);
  });
});

async function startOpenssl(options: readonly string[]) {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'postern-openssl-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'good.pem'), pem(good));
  const inner = await freePort();
  const words = ['s_server', '-quiet', '-accept', `127.0.0.1:${inner}`, '-cert', 'good.pem', '-key', 'good.pem'];
  const child = spawn('openssl', [...words, ...options], { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] });
  const exit = once(child, 'exit');
  stack.defer(async () => {
    child.kill();
    await exit;
  });
  let heard = '';
  child.stdin.on('error', () => {});
  child.stdout.on('data', (chunk: Buffer) => {
    const text = chunk.toString('latin1');
    heard += text;
    child.stdin.write(answersTo(text));
  });
  await waitForPort(inner);
  let plain = '';
  const front = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('220 mx.example\r\n');
    const onData = (chunk: Buffer): void => {
      plain += chunk.toString('latin1');
      if (!chunk.toString('latin1').startsWith('STARTTLS'))
        return void socket.write('250-mx.example\r\n250 STARTTLS\r\n');
      socket.off('data', onData);
      joinTo(socket, inner);
    };
    socket.on('data', onData);
  });
  const port = await freePort();
  front.listen(port, '127.0.0.1');
  await once(front, 'listening');
  stack.defer(() => void front.close());
  const running = stack.move();
  return {
    port,
    plain: () => plain,
    heard: () => heard,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** What a server says to these commands. */
function answersTo(text: string): string {
  const replies: Record<string, string> = { DATA: '354 Go ahead', '.': '250 2.0.0 Queued', QUIT: '221 2.0.0 Bye' };
  return text
    .split('\r\n')
    .filter((line) => /^(?:EHLO|MAIL|RCPT|DATA|QUIT|\.$)/.test(line))
    .map((line) => `${replies[line] ?? '250 2.0.0 OK'}\r\n`)
    .join('');
}

function joinTo(socket: Socket, port: number): void {
  const behind = connect(port, '127.0.0.1', () => {
    socket.write('220 Go\r\n');
    socket.pipe(behind).pipe(socket);
  });
  behind.on('error', () => socket.destroy());
  behind.on('close', () => socket.destroy());
  socket.on('close', () => behind.destroy());
}
