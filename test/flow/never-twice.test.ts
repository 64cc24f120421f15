/**
 * Mail that is encrypted already leaves as it is, and is not encrypted again; mail that only looks as if it were is encrypted like any other. The encrypted
 * messages are made by gpg and openssl, and each of them is sent under a rule that demands protection to somebody with a certificate.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { issueCertificate } from '../../src/protect/issue.ts';
import { addressOf } from '../../src/sandbox/world.ts';
import { sqlite } from '../engines.ts';
import { openFlow } from './stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-twice-'));
afterAll(() => {
  spawnSync('gpgconf', ['--kill', 'all'], { env: { ...process.env, GNUPGHOME: folder } });
  rmSync(folder, { recursive: true, force: true });
});

function run(tool: string, args: readonly string[], input: string): Buffer {
  const environment = { ...process.env, GNUPGHOME: folder };
  const { stdout, stderr, status } = spawnSync(tool, args, { cwd: folder, env: environment, input });
  if (status !== 0) throw new Error(`${tool}: ${stderr.toString('latin1')}`);
  return stdout;
}

const present = ['gpg', 'openssl'].every((tool) => spawnSync('which', [tool]).status === 0);
const to = addressOf('Simon');
const secret = 'the merger is on Friday';
const entity = `Content-Type: text/plain\r\n\r\n${secret}\r\n`;

const lines = (octets: Buffer): string => octets.toString('base64').replaceAll(/(.{76})/g, '$1\r\n');
const multipart = (type: string, ...parts: readonly string[]): string =>
  `Content-Type: ${type}; boundary="b"\r\n\r\n${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`;
const cms = (type: string, octets: Buffer): string =>
  `Content-Type: application/pkcs7-mime${type}; name="smime.p7m"\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines(octets)}\r\n`;
const pgpMime = (second: string, ...more: readonly string[]): string =>
  multipart(
    'multipart/encrypted; protocol="application/pgp-encrypted"',
    'Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n',
    `Content-Type: application/octet-stream; name="encrypted.asc"\r\n\r\n${second}`,
    ...more,
  );
const rights = Buffer.concat([Buffer.from('76e80460c411e386a00f0000', 'hex'), Buffer.alloc(500, 0xa7)]);
const rpmsg = `Content-Type: application/x-microsoft-rpmsg-message; name="message.rpmsg"\r\nContent-Disposition: attachment; filename="message.rpmsg"\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines(rights)}`;
const text = (words: string): string => `Content-Type: text/plain\r\n\r\n${words}`;

/** By somebody else's key, as the gateway has nothing to do with it. */
function made() {
  const { certPem, keyPem } = issueCertificate({ subject: 'Simon', san: { email: [to] }, keyType: 'rsa2048' });
  writeFileSync(join(folder, 'cert.pem'), certPem);
  writeFileSync(join(folder, 'key.pem'), keyPem);
  const openssl = (...args: string[]): Buffer => run('openssl', ['cms', '-outform', 'DER', '-binary', ...args], entity);
  run('gpg', ['--batch', '--passphrase', '', '--quick-gen-key', to, 'default', 'default'], '');
  const pgp = run('gpg', ['--batch', '--armor', '--trust-model', 'always', '--encrypt', '-r', to], entity)
    .toString()
    .replaceAll('\n', '\r\n');
  const enveloped = openssl('-encrypt', '-aes256', 'cert.pem');
  const opaque = openssl('-sign', '-nodetach', '-signer', 'cert.pem', '-inkey', 'key.pem');
  return {
    asItIs: {
      'S/MIME': cms('; smime-type=enveloped-data', enveloped),
      'S/MIME of old, which does not say what it is': cms('', enveloped),
      'S/MIME authenticated': cms('; smime-type=authEnveloped-data', openssl('-encrypt', '-aes-256-gcm', 'cert.pem')),
      'PGP/MIME': pgpMime(pgp),
      'rights-protected': `Content-Class: rpmsg.message\r\n${multipart('multipart/mixed', text('Open it with Outlook.'), rpmsg)}`,
    },
    encrypted: {
      'S/MIME that is signed only and does not say so': cms('', opaque),
      'S/MIME that is signed only and says it is encrypted': cms('; smime-type=enveloped-data', opaque),
      'multipart/encrypted with plain text in it': pgpMime(secret),
      'armor around plain text': pgpMime(
        `-----BEGIN PGP MESSAGE-----\r\n\r\n${lines(Buffer.from(secret))}\r\n-----END PGP MESSAGE-----\r\n`,
      ),
      'PGP/MIME with a text beside it': pgpMime(pgp, text(secret)),
      'a protected message passed on with a text of its own': multipart('multipart/mixed', text(secret), rpmsg),
      'encrypted S/MIME as an attachment': multipart(
        'multipart/mixed',
        text(secret),
        cms('; smime-type=enveloped-data', enveloped),
      ),
      'an empty claim': `Content-Class: rpmsg.message\r\n${text(secret)}\r\n`,
    },
  };
}

const policy = 'version: 1\nrules: []\ndefault: { protect: message }\n';

describe.skipIf(!present && process.env['CI'] === undefined)('a message that is', () => {
  test('encrypted leaves as it is, one that only says so is encrypted', async () => {
    const { asItIs, encrypted } = made();
    await using stage = await openFlow(sqlite, policy);
    const sent = async (name: string, rest: string) => {
      const messageId = `<${Buffer.from(name).toString('hex')}@corp.example>`;
      const octets = `From: anna@corp.example\r\nTo: ${to}\r\nSubject: Friday\r\nMessage-ID: ${messageId}\r\nMIME-Version: 1.0\r\n${rest}`;
      await using client = await stage.connect();
      const { reply } = await client.send({ from: 'anna@corp.example', to: [to] }, Buffer.from(octets, 'latin1'));
      expect(reply.code).toBe(250);
      const { deliveries } = await stage.trace(messageId);
      const [received, ...more] = stage.sinks.mailbox(to).filter(({ bytes }) => bytes.includes(messageId));
      expect(more).toEqual([]);
      const bytes = received?.bytes.toString('latin1') ?? '';
      return { method: deliveries[0]?.method, state: deliveries[0]?.state, bytes, octets };
    };
    for (const [name, rest] of Object.entries(asItIs)) {
      const { method, state, bytes, octets } = await sent(name, rest);
      expect([name, method, state]).toEqual([name, 'none', 'delivered']);
      expect(bytes.endsWith(octets)).toBe(true);
    }
    for (const [name, rest] of Object.entries(encrypted)) {
      const { method, state, bytes } = await sent(name, rest);
      expect([name, method, state]).toEqual([name, 'smime', 'delivered']);
      expect(bytes).not.toContain(secret);
      expect(bytes).not.toContain(lines(Buffer.from(secret)).slice(0, 20));
    }
  });
});
