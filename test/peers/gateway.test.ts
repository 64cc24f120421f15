/** The whole gateway as its neighbours see it: what leaves is judged by other people's tools, and by comparing octets. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { authorsOf, parseHeader } from '../../src/mail/header.ts';
import type { SmtpClient } from '../../src/sandbox/client.ts';
import { importKeys, setStage } from './stage.ts';

const has = (tool: string) => spawnSync(tool, ['--version']).status === 0 || spawnSync(tool, ['version']).status === 0;
const corpora = fileURLToPath(new URL('../../../shared/corpora/', import.meta.url));

const keywordPolicy = `version: 1
rules:
  - name: The sender asked for it
    when: { subject: { keyword: ["[secure]"] } }
    then: { protect: message, stripKeyword: true }
default: { protect: none }
`;

const mime = [
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary="=_b"',
  '',
  'preamble',
  '--=_b',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: 8bit',
  '',
  '. dots and trailing blanks  ',
  'für dich',
  '--=_b',
  'Content-Type: application/octet-stream; name=blob',
  'Content-Disposition: attachment; filename=blob',
  'Content-Transfer-Encoding: base64',
  '',
  randomBytes(200_000).toString('base64').replace(/.{76}/g, '$&\r\n'),
  '--=_b--',
  'epilogue',
  '',
].join('\r\n');

/** Lets a tool read a message from a file and returns what it writes. */
function run(tool: string, args: readonly string[], env: Record<string, string> = {}): Buffer {
  return execFileSync(tool, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
  });
}

describe.skipIf(!(has('gpg') && has('openssl')) && !process.env.CI)('protected copies', () => {
  test('gpg and openssl open them and find what was sent', async () => {
    await using stage = await setStage({ policy: keywordPolicy });
    await importKeys(stage);
    await stage.serve();
    await using client = await stage.connect();
    const [petra, simon] = [stage.person('Petra'), stage.person('Simon')];
    const outer = `From: Anna <anna@corp.example>\r\nTo: Petra <${petra.address}>\r\nSubject: [secure] results\r\n`;
    const sent = Buffer.from(outer + mime);
    const envelope = { from: 'anna@corp.example', to: [petra.address, simon.address] };
    expect((await client.send(envelope, sent)).reply.code).toBe(250);
    const pgp = await stage.sinks.wait(({ recipients }) => recipients.includes(petra.address));
    const smime = await stage.sinks.wait(({ recipients }) => recipients.includes(simon.address));
    for (const { bytes } of [pgp, smime]) {
      expect(bytes.toString('latin1')).toMatch(/^Subject: results\r$/m);
      expect(bytes.toString('latin1')).not.toMatch(/[^\r]\n|preamble|=_b/);
    }
    expect(openedByGpg(pgp.bytes, petra.pgp?.privateKey ?? '').equals(Buffer.from(mime))).toBe(true);
    expect(openedByOpenssl(smime.bytes, simon.smime).equals(Buffer.from(mime))).toBe(true);
  });
});

function openedByGpg(message: Buffer, privateKey: string): Buffer {
  const home = mkdtempSync(join(tmpdir(), 'gpg-'));
  try {
    writeFileSync(join(home, 'key.asc'), privateKey);
    const text = message.toString('latin1');
    const end = '-----END PGP MESSAGE-----';
    writeFileSync(
      join(home, 'message.asc'),
      text.slice(text.indexOf('-----BEGIN PGP MESSAGE'), text.indexOf(end) + end.length),
    );
    const env = { GNUPGHOME: home };
    run('gpg', ['--batch', '--import', join(home, 'key.asc')], env);
    return run('gpg', ['--batch', '--decrypt', join(home, 'message.asc')], env);
  } finally {
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    rmSync(home, { recursive: true, force: true });
  }
}

function openedByOpenssl(message: Buffer, holder: { certPem: string; keyPem: string } | null): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'cms-'));
  const at = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  try {
    const files = [
      at('message.eml', message),
      at('cert.pem', holder?.certPem ?? ''),
      at('key.pem', holder?.keyPem ?? ''),
    ] as const;
    const [input, cert, key] = files;
    return run('openssl', [
      'cms',
      '-decrypt',
      '-binary',
      '-inform',
      'SMIME',
      '-in',
      input,
      '-recip',
      cert,
      '-inkey',
      key,
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.skipIf(!existsSync(corpora))('level none', () => {
  const secret = randomBytes(16).toString('hex');

  test('every message of the corpora leaves as it came, but for our trace', async () => {
    await using stage = await setStage({
      policy: 'version: 1\nrules: []\ndefault: { protect: none }\n',
      secretHeader: { name: 'X-Postern-Key', value: secret },
    });
    await stage.serve();
    const files = globSync('**/*.{eml,raw,msg}', { cwd: corpora }).sort();
    expect(files.length).toBeGreaterThan(500);
    const queue = files.map((file, index) => ({ file, index, sent: asSent(readFileSync(join(corpora, file))) }));
    const tally = { same: 0, refused: 0, held: [] as string[] };
    const waiting: { file: string; recipient: string; sent: Buffer }[] = [];
    const send = async (client: SmtpClient) => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { file, index, sent } = next;
        const recipient = `c${index}@home.example`;
        const stamped = Buffer.concat([Buffer.from(`X-Postern-Key: ${secret}\r\n`), sent]);
        const { reply } = await client.send({ from: 'anna@corp.example', to: [recipient] }, stamped);
        const expected = refusal(sent);
        if (expected === null) expect([file, reply.code]).toEqual([file, 250]);
        else expect([file, `${reply.code} ${reply.text}`]).toEqual([file, expect.stringMatching(expected)]);
        if (expected === null) waiting.push({ file, recipient, sent });
        else tally.refused += 1;
      }
    };
    await using stack = new AsyncDisposableStack();
    await Promise.all(Array.from({ length: 8 }, async () => send(stack.use(await stage.connect()))));
    for (const { file, recipient, sent } of waiting) {
      const got = await stage.sinks.wait(({ recipients }) => recipients.includes(recipient), 20_000).catch(() => null);
      if (got === null) {
        tally.held.push(file);
        continue;
      }
      const { own, rest } = withoutTrace(got.bytes);
      expect([file, own]).toEqual([file, ['Received', 'X-Postern-Trace']]);
      expect([file, digest(rest)]).toEqual([file, digest(sent)]);
      tally.same += 1;
    }
    expect(tally.held).toEqual([]);
    expect(tally.same).toBeGreaterThan(500);
  }, 300_000);
});

/** CRLF line ends, marked as sent on by a mailbox, since its author is no one of the tenant's. */
function asSent(original: Buffer): Buffer {
  const text = original.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n');
  const whole = text.endsWith('\r\n') ? text : `${text}\r\n`;
  const { mailboxes } = authorsOf(parseHeader(Buffer.from(whole, 'latin1')));
  const from = mailboxes.length === 0 ? 'From: Anna <anna@corp.example>\r\n' : '';
  return Buffer.from(`X-Forwarded-To: c@home.example\r\n${from}${whole}`, 'latin1');
}

/** What the gateway must answer instead of 250, or null. */
function refusal(sent: Buffer): RegExp | null {
  if (sent.includes(0)) return /^554 5\.6\.0/;
  const authors = authorsOf(parseHeader(sent));
  return authors.ambiguous || authors.mailboxes.length !== 1 ? /^550 5\.7\.1/ : null;
}

/** Takes the two fields off that the gateway puts before a message. */
function withoutTrace(message: Buffer): { own: string[]; rest: Buffer } {
  const fields = parseHeader(message).slice(0, 2);
  return { own: fields.map(({ name }) => name), rest: message.subarray(fields[1]?.end ?? 0) };
}

const digest = (bytes: Buffer): string => `${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`;
