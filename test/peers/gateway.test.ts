/** The whole gateway as its neighbours see it: what leaves is judged by other people's tools, and by comparing octets. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { authorsOf, parseHeader } from '../../src/mail/header.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { encryptPgp } from '../../src/protect/openpgp/message.ts';
import { generateKey } from '../../src/protect/openpgp.ts';
import type { SmtpClient } from '../../src/sandbox/client.ts';
import { importKeys, type Stage, setStage } from './stage.ts';

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
function run(tool: string, args: readonly string[], at: { cwd?: string; env?: Record<string, string> } = {}): Buffer {
  const env = { ...process.env, ...at.env };
  return execFileSync(tool, args, { ...at, env, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 });
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
    expect(pgp.bytes.toString('latin1')).toMatch(/^Subject: \[\.\.\.\]\r$/m);
    expect(smime.bytes.toString('latin1')).toMatch(/^Subject: results\r$/m);
    for (const { bytes } of [pgp, smime]) expect(bytes.toString('latin1')).not.toMatch(/[^\r]\n|preamble|=_b/);
    for (const opened of [
      openedByGpg(pgp.bytes, petra.pgp?.privateKey ?? ''),
      openedByOpenssl(smime.bytes, simon.smime),
    ]) {
      const blank = opened.indexOf('\r\n\r\n');
      expect(opened.subarray(blank).equals(Buffer.from(mime.slice(mime.indexOf('\r\n\r\n'))))).toBe(true);
      const header = opened.toString('latin1', 0, blank + 2);
      expect(header).toMatch(
        /^MIME-Version: 1.0\r\nContent-Type: multipart\/mixed; boundary="=_b";\r\n .*hp="cipher"\r\n/,
      );
      expect(header).toContain('\r\nSubject: results\r\n');
    }
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
    const at = { env: { GNUPGHOME: home } };
    run('gpg', ['--batch', '--import', join(home, 'key.asc')], at);
    return run('gpg', ['--batch', '--decrypt', join(home, 'message.asc')], at);
  } finally {
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    rmSync(home, { recursive: true, force: true });
  }
}

function openedByOpenssl(message: Buffer, holder: { certPem: string; keyPem: string } | null): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'cms-'));
  try {
    const files = { 'message.eml': message, 'cert.pem': holder?.certPem ?? '', 'key.pem': holder?.keyPem ?? '' };
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const options = '-decrypt -binary -inform SMIME -in message.eml -recip cert.pem -inkey key.pem';
    return run('openssl', ['cms', ...options.split(' ')], { cwd: folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.skipIf(!existsSync(corpora))('level none', { timeout: 240_000 }, () => {
  const secret = randomBytes(16).toString('hex');
  const policy = `version: 1
rules:
  - name: Also what cannot be looked through
    when: { unscannable: true }
    then: { protect: none }
default: { protect: none }
`;

  test('every message of the corpora leaves as it came, but for our trace', async () => {
    await using stage = await setStage({ policy, secretHeader: { name: 'X-Postern-Key', value: secret } });
    await stage.serve();
    const files = globSync('**/*.{eml,raw,msg}', { cwd: corpora }).sort();
    const all = files.map((file, index) => {
      return { file, recipient: `c${index}@home.example`, sent: asSent(readFileSync(join(corpora, file))) };
    });
    const queue = [...all];
    const replies = new Map<string, string>();
    const send = async (client: SmtpClient) => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const stamped = Buffer.concat([Buffer.from(`X-Postern-Key: ${secret}\r\n`), next.sent]);
        const { reply } = await client.send({ from: 'anna@corp.example', to: [next.recipient] }, stamped);
        replies.set(next.file, `${reply.code} ${reply.text}`);
      }
    };
    await using stack = new AsyncDisposableStack();
    await Promise.all(Array.from({ length: 8 }, async () => send(stack.use(await stage.connect()))));

    let same = 0;
    for (const { file, recipient, sent } of all) {
      const expected = refusal(sent);
      expect([file, replies.get(file)]).toEqual([file, expect.stringMatching(expected ?? /^250 /)]);
      if (expected !== null) continue;
      const { bytes } = await stage.sinks.wait(({ recipients }) => recipients.includes(recipient));
      const { own, rest } = withoutTrace(bytes);
      expect([file, own]).toEqual([file, ['Received', 'X-Postern-Trace']]);
      expect([file, digest(rest)]).toEqual([file, digest(sent)]);
      same += 1;
    }
    expect(same).toBeGreaterThan(700);
  });
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

describe('Bcc', { timeout: 240_000 }, () => {
  type Guest = {
    readonly address: string;
    /** The octets with which a message encrypted to this guest names the key. */
    readonly key: Buffer | null;
    readonly traces: readonly Buffer[];
  };

  test('no copy tells of another blind recipient', async () => {
    await using stage = await setStage({ policy: keywordPolicy });
    const guests = await invite(stage);
    await stage.serve();
    await using client = await stage.connect();
    let number = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(guests, { minLength: 2, maxLength: 6 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        async (chosen, blindCount, secure) => {
          const blind = chosen.slice(0, Math.min(blindCount, chosen.length - 1));
          const seen = chosen.slice(blind.length);
          const id = `<bcc-${number++}@corp.example>`;
          const header = `From: anna@corp.example\r\nTo: ${seen.map(({ address }) => address).join(', ')}\r\nMessage-ID: ${id}\r\n`;
          const sent = Buffer.from(`${header}Subject: ${secure ? '[secure] ' : ''}party\r\n\r\nSee you there.\r\n`);
          const to = chosen.map(({ address }) => address);
          expect((await client.send({ from: 'anna@corp.example', to }, sent)).reply.code).toBe(250);
          for (const { address, key } of chosen) {
            const got = await stage.sinks.wait((one) => one.recipients.includes(address) && one.bytes.includes(id));
            // A copy made for one person travels alone; what leaves as sent may share a transaction, as with any server.
            if (secure) expect(got.recipients).toEqual([address]);
            // What is looked for can be found: each copy does name its own key.
            if (secure && key !== null) expect(decoded(got.bytes).includes(key)).toBe(true);
            for (const other of blind) if (other.address !== address) expectNoTrace(got.bytes, other);
          }
        },
      ),
      { numRuns: 10 },
    );
  });

  function expectNoTrace(bytes: Buffer, guest: Guest): void {
    const text = bytes.toString('latin1');
    expect(text).not.toMatch(/^Bcc:|^Received:.*\bfor </ims);
    for (const trace of guest.traces)
      for (const place of [bytes, decoded(bytes)])
        expect([guest.address, place.includes(trace)]).toEqual([guest.address, false]);
  }

  /** The octets inside the base64 of a protected copy, armored or not. */
  function decoded(bytes: Buffer): Buffer {
    const text = bytes.toString('latin1');
    const armor = text.indexOf('-----BEGIN PGP MESSAGE-----');
    const body = text.slice(armor >= 0 ? armor : text.indexOf('\r\n\r\n'));
    return Buffer.from(body.replace(/^(?:--|[A-Za-z-]+:|=).*$/gm, ''), 'base64');
  }

  /** The key id in the first packet of a message to this key. RFC 9580 section 5.1.1. */
  async function keyIdOf(publicKey: string): Promise<Buffer> {
    const entity = Buffer.from('Content-Type: text/plain\r\n\r\nx\r\n');
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await encryptPgp([publicKey], null, Readable.from([entity]), entity.length)).body)
      chunks.push(chunk);
    return decoded(Buffer.concat(chunks)).subarray(3, 11);
  }

  /** Three people of each kind, their keys in the keyring, and what would give each of them away. */
  async function invite(stage: Stage): Promise<Guest[]> {
    const guests: Guest[] = [];
    for (const number of [1, 2, 3]) {
      const pgp = await generateKey({ email: `p${number}@openpgp.example` });
      const keyId = await keyIdOf(pgp.publicKey);
      guests.push({
        address: `p${number}@openpgp.example`,
        key: keyId,
        traces: [keyId, Buffer.from(`p${number}@openpgp`)],
      });
      await importFile(stage, pgp.publicKey);
      const smime = issueCertificate({
        subject: `S${number}`,
        san: { email: [`s${number}@smime.example`] },
        keyType: 'rsa2048',
      });
      const serial = Buffer.from(new X509Certificate(smime.certPem).serialNumber, 'hex');
      guests.push({
        address: `s${number}@smime.example`,
        key: serial,
        traces: [serial, Buffer.from(`s${number}@smime`)],
      });
      await importFile(stage, smime.certPem);
      guests.push({ address: `q${number}@portal.example`, key: null, traces: [Buffer.from(`q${number}@portal`)] });
    }
    return guests;
  }

  async function importFile(stage: Stage, text: string): Promise<void> {
    const file = join(stage.folder, 'import.key');
    writeFileSync(file, text);
    await stage.postern('keys', 'import', file);
  }
});
