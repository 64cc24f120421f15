/** Protected answers that come back, made by gpg and openssl, over real sockets: what lies in the mailbox afterwards, and what the trace says. */
import { execFileSync } from 'node:child_process';
import { randomUUIDv7, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readKeyFile } from '../../src/keys/import.ts';
import { rowsForImport } from '../../src/keys/trust.ts';
import { type Issued, issueCertificate, issueRevocationList } from '../../src/protect/issue.ts';
import { generateKey } from '../../src/protect/openpgp.ts';
import { ownKeyContext, ownKeysKey } from '../../src/protect/own/jobs.ts';
import { sealText } from '../../src/protect/seal.ts';
import type { OwnKeyRow } from '../../src/store/own-key-port.ts';
import { eachEngine, sqlite } from '../engines.ts';
import { type FlowStage, openFlow, until } from './stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-opening-'));
const home = join(folder, 'gnupg');
mkdirSync(home, { mode: 0o700 });
afterAll(() => {
  if (present('gpg')) execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
  rmSync(folder, { recursive: true, force: true });
});

function present(tool: string): boolean {
  try {
    return execFileSync(tool, [tool === 'openssl' ? 'version' : '--version'], { stdio: 'pipe' }).length > 0;
  } catch {
    return false;
  }
}
const missing = (tool: string): boolean => !present(tool) && process.env['CI'] === undefined;
const run = (tool: string, args: readonly string[], input: string): Buffer =>
  execFileSync(tool, args, {
    input,
    maxBuffer: 1e9,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, GNUPGHOME: home },
  });
const gpg = (args: readonly string[], input = ''): Buffer =>
  run(
    'gpg',
    ['--batch', '--quiet', '--trust-model', 'always', '--pinentry-mode', 'loopback', '--passphrase', '', ...args],
    input,
  );
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

const root = issueCertificate({ subject: 'Partner CA', ca: true });
const paul = issueCertificate({ subject: 'Paul', issuer: root, san: { email: ['paul@partner.example'] } });
const anna = issueCertificate({
  subject: 'Anna',
  issuer: root,
  san: { email: ['anna@corp.example'] },
  keyType: 'rsa2048',
});
let annaPgp: Awaited<ReturnType<typeof generateKey>>;

beforeAll(async () => {
  annaPgp = await generateKey({ email: 'anna@corp.example' });
  if (missing('gpg')) return;
  gpg(['--quick-gen-key', 'paul@partner.example', 'default', 'default', 'never']);
  gpg(['--import'], annaPgp.publicKey);
});

const policy = 'version: 1\nrules: []\ndefault: { protect: none }\n';

/** The gateway with Anna's keys, Paul's OpenPGP key in the keyring, and the setting. */
async function stage(engine = sqlite): Promise<FlowStage> {
  const flow = await openFlow(engine, policy, {
    change: (config) => ({
      ...config,
      keys: { ...config.keys, systemRoots: false, roots: [root.certPem] },
      tenants: config.tenants.map((each) => ({
        ...each,
        opening: { returnHeader: { name: 'X-Postern-Return', value: 'known to both of us' } },
      })),
    }),
  });
  const add = (kind: 'pgp' | 'x509', material: string, privateKey: string) => {
    const id = randomUUIDv7();
    const sealed = sealText(ownKeysKey(flow.config.masterKey), privateKey, ownKeyContext(id));
    const row: OwnKeyRow = {
      id,
      tenant: 'corp',
      kind,
      address: 'anna@corp.example',
      use: 'both',
      origin: 'imported',
      fingerprint: id,
      material,
      sealed,
      state: 'active',
      serial: null,
      issuerId: null,
      createdAt: 1,
      notBefore: 1,
      notAfter: null,
      revokedAt: null,
      reason: null,
    };
    return flow.gateway.store.ownKeys.add(row, {}, []);
  };
  await add('pgp', annaPgp.publicKey, annaPgp.privateKey);
  await add('x509', anna.certPem, anna.keyPem);
  if (!missing('gpg')) {
    const { entries } = await readKeyFile(gpg(['--armor', '--export', 'paul@partner.example']), null);
    await flow.gateway.store.insertKeys(rowsForImport(entries, [], { where: 'test', now: Date.now() }), []);
  }
  return flow;
}

const inside = (text: string): string =>
  `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${text}\r\n`;
const secret = 'Grüße, die Zahlen: 4711.';

type Answer = { readonly text: Buffer; readonly messageId: string };

/** `headed`: Content-* fields, empty line, body. */
function answer(headed: string, more = ''): Answer {
  const messageId = `<${randomUUIDv7()}@partner.example>`;
  const text =
    `From: Paul <paul@partner.example>\r\nTo: anna@corp.example\r\nSubject: Re: Zahlen\r\nMessage-ID: ${messageId}\r\n` +
    `Date: ${new Date().toUTCString()}\r\n${more}MIME-Version: 1.0\r\n${headed}`;
  return { messageId, text: Buffer.from(text.replace(/\r?\n/g, '\r\n')) };
}

function byGpg(entity: string, ...args: string[]): Answer {
  const armored = gpg(
    ['--armor', '--encrypt', '--sign', '-u', 'paul@partner.example', '-r', 'anna@corp.example', ...args],
    entity,
  );
  return answer(
    'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\r\n\r\n--b\r\n' +
      'Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n' +
      `${armored.toString('latin1')}\r\n--b--\r\n`,
  );
}

function byOpenssl(
  entity: string,
  { signer = paul, to = anna, cipher = '-aes256' }: { signer?: Issued; to?: Issued; cipher?: string } = {},
): Answer {
  const cert = file('signer.pem', signer.certPem + signer.keyPem);
  const signed = run(
    'openssl',
    ['cms', '-sign', '-signer', cert, '-binary', '-stream', '-nodetach', '-outform', 'SMIME'],
    entity,
  );
  const entityOf = signed.toString('latin1').replace(/^MIME-Version: 1.0\r?\n/, '');
  const sealed = run(
    'openssl',
    ['cms', '-encrypt', cipher, '-stream', '-outform', 'SMIME', file('to.pem', to.certPem)],
    entityOf,
  );
  return answer(sealed.toString('latin1').replace(/^MIME-Version: 1.0\r?\n/, ''));
}

async function arrive(flow: FlowStage, { text, messageId }: Answer, to = ['anna@corp.example']): Promise<string> {
  await using client = await flow.connect();
  const { reply } = await client.send({ from: 'paul@partner.example', to }, text);
  expect(reply.text + reply.code).toMatch(/250$/);
  return messageId;
}

/** What lies in a mailbox of one message: its verdict, and the octets. */
async function delivered(flow: FlowStage, messageId: string, to = 'anna@corp.example') {
  const { bytes, tls, recipients } = await flow.sinks.wait(
    (each) => each.recipients.includes(to) && each.bytes.includes(messageId),
  );
  const text = bytes.toString('utf8');
  const blank = text.indexOf('\r\n\r\n');
  const header = text.slice(0, blank);
  const verdicts = [...header.replace(/\r\n[ \t]/g, ' ').matchAll(/^X-Postern-Verdict: (.*)$/gim)].map(
    ([, value]) => value ?? '',
  );
  return { header, body: text.slice(blank + 4), bytes, verdicts, tls, recipients };
}

const listOf = (revoked: readonly Issued[]): Buffer =>
  issueRevocationList(root, {
    number: 1,
    thisUpdate: Date.now() - 60_000,
    nextUpdate: Date.now() + 3_600_000,
    revoked: revoked.map(({ certPem }) => ({
      serial: new X509Certificate(certPem).serialNumber,
      at: Date.now() - 60_000,
      reason: 1,
    })),
  });

/** Where the partner's authority keeps its list. */
async function startSite(list: () => Buffer): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((_request, response) => void response.end(list()));
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const place = server.address();
  return {
    port: typeof place === 'object' && place !== null ? place.port : 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe.skipIf(missing('gpg') || missing('openssl'))('a protected answer', () => {
  eachEngine((engine) => {
    test('is opened for the mailbox, and the trace says how', async () => {
      await using flow = await stage(engine);
      const events: string[] = [];
      flow.gateway.events((event) => {
        if (event.kind === 'delivery.verdict') events.push(`${event.encryption} ${event.signature} ${event.signer}`);
      });
      for (const [made, encryption] of [
        [byGpg(inside(secret)), 'pgp'],
        [byOpenssl(inside(secret)), 'smime'],
      ] as const) {
        const messageId = await arrive(flow, made);
        const { header, body, verdicts, tls } = await delivered(flow, messageId);
        expect(verdicts).toEqual([
          expect.stringContaining(`encryption=${encryption}; signature=valid; signer="paul@partner.example"`),
        ]);
        expect(body).toBe(`${secret}\r\n`);
        expect(header).toMatch(/^Content-Type: text\/plain; charset=utf-8$/m);
        expect(header.match(/^Content-Type:/gim)).toHaveLength(1);
        expect(header).toMatch(/^X-Postern-Return: known to both of us$/m);
        expect(tls).not.toBeNull();
        const [delivery] = (await flow.trace(messageId)).deliveries;
        expect(delivery).toMatchObject({ state: 'delivered', method: 'tls', level: 'none' });
        expect(delivery?.because.join(' ')).toContain(`encryption=${encryption}; signature=valid`);
      }
      expect(events).toEqual(['pgp valid paul@partner.example', 'smime valid paul@partner.example']);

      // His other certificate was taken back by its issuer, and his key by himself.
      await using site = await startSite(() => listOf([other]));
      const other = issueCertificate({
        subject: 'Paul',
        issuer: root,
        san: { email: ['paul@partner.example'] },
        crlUrl: `http://openpgpkey.wkd.example:${site.port}/list`,
      });
      const rows = await flow.gateway.store.keysFor('paul@partner.example');
      // What an Autocrypt field brought is anybody's word, and so is a signature by it.
      const brought = { trust: 'found', source: 'autocrypt' } as const;
      await flow.gateway.store.decideKeys('paul@partner.example', (all) =>
        all.flatMap(({ id, kind }) => (kind === 'pgp' ? [{ id, change: brought, events: [] }] : [])),
      );
      const { verdicts: unvouched } = await delivered(flow, await arrive(flow, byGpg(inside(secret))));
      expect(unvouched).toEqual([expect.stringMatching(/; signature=untrusted; .*not trusted here/)]);
      const revoked = {
        state: 'rejected',
        status: { revocation: 'revoked', revocationWhy: 'its owner revoked it' },
      } as const;
      for (const { id, kind } of rows) if (kind === 'pgp') await flow.gateway.store.updateKey(id, revoked, []);
      for (const [made, why] of [
        [byGpg(inside(secret)), /The OpenPGP key [0-9a-f]{40} of the signature is revoked: its owner revoked it\."$/],
        [
          byOpenssl(inside(secret), { signer: other }),
          /of the S\/MIME signature is revoked: its key is compromised\."$/,
        ],
      ] as const) {
        const { body, verdicts } = await delivered(flow, await arrive(flow, made));
        expect(verdicts).toEqual([expect.stringMatching(/; signature=revoked; signer="paul@partner\.example"/)]);
        expect(verdicts[0]).toMatch(why);
        expect(body).toBe(`${secret}\r\n`);
      }
      expect(flow.log.join('')).not.toContain('4711');
    });
  });

  test('goes on as it came when it cannot be opened, and says why', async () => {
    await using flow = await stage();
    const altered = byGpg(inside(secret));
    const at = altered.text.indexOf('\r\n\r\n', altered.text.indexOf('BEGIN PGP')) + 250;
    altered.text[at] = altered.text[at] === 0x41 ? 0x42 : 0x41;
    const cases: [string, Answer, string][] = [
      ['for somebody else', byOpenssl(inside(secret), { to: paul }), 'not encrypted to a key that this gateway holds'],
      ['altered', altered, 'altered or damaged'],
      ['without protection against it, and altered', alteredCbc(), 'left closed'],
      [
        'no CMS',
        answer('Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nhello\r\n'),
        'something else',
      ],
    ];
    for (const [name, made, why] of cases) {
      const messageId = await arrive(flow, made);
      const { bytes, verdicts } = await delivered(flow, messageId);
      expect(verdicts, name).toEqual([expect.stringMatching(/^encryption=closed; signature=none; reason="/)]);
      expect(verdicts[0], name).toContain(why);
      expect(bytes.includes(made.text), name).toBe(true);
    }
  });

  test('is opened only for who holds the key, whoever else it was sent to', async () => {
    await using flow = await stage();
    const made = byGpg(inside(secret));
    const messageId = await arrive(flow, made, ['anna@corp.example', 'rita@corp.example']);
    expect((await delivered(flow, messageId)).body).toContain('4711');
    const ritas = await delivered(flow, messageId, 'rita@corp.example');
    expect(ritas.verdicts).toEqual([expect.stringContaining('encryption=closed')]);
    expect(ritas.bytes.includes(made.text)).toBe(true);
  });

  test('of megabytes leaves nothing behind in the spool', async () => {
    await using flow = await stage();
    const large = '0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ\r\n'.repeat(60_000);
    for (const made of [byGpg(inside(large), '-z', '0'), byOpenssl(inside(large), { cipher: '-aes-256-gcm' })]) {
      const messageId = await arrive(flow, made);
      const { body, verdicts } = await delivered(flow, messageId);
      expect(verdicts).toEqual([expect.stringContaining('signature=valid')]);
      expect(body === `${large}\r\n`).toBe(true);
    }
    const blobs = (): string[] =>
      readdirSync(join(flow.config.data, 'spool'), { recursive: true, withFileTypes: true })
        .filter((each) => each.isFile())
        .map(({ name }) => name);
    await until(async () => blobs().length === 0);
  });
});

/** One block of the ciphertext of a message without integrity, changed: the attack of EFAIL begins like this. */
function alteredCbc(): Answer {
  const text = inside(`${secret}\r\n`.repeat(20));
  const sealed = run('openssl', ['cms', '-encrypt', '-aes256', '-outform', 'DER', file('to.pem', anna.certPem)], text);
  const at = sealed.length - 200;
  sealed[at] = (sealed[at] ?? 0) ^ 1;
  const base64 = sealed.toString('base64').replace(/.{76}/g, '$&\r\n');
  return answer(`Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64}\r\n`);
}

describe('mail that came in', () => {
  const forged = 'X-Postern-Verdict: encryption=pgp; signature=valid\r\nx-postern-verdict : signature=valid\r\n';

  test('loses every verdict of others, and its recipients share one transaction', async () => {
    await using flow = await stage();
    const made = answer('Content-Type: text/plain\r\n\r\nhello\r\n', forged);
    const messageId = await arrive(flow, made, ['anna@corp.example', 'rita@corp.example']);
    const { verdicts, body, recipients, header } = await delivered(flow, messageId);
    expect(verdicts).toEqual([
      'encryption=none; signature=none; reason="The message is neither encrypted nor signed."',
    ]);
    expect(header).not.toContain('signature=valid');
    expect(body).toBe('hello\r\n');
    expect(recipients.toSorted()).toEqual(['anna@corp.example', 'rita@corp.example']);
  });

  test('is refused when it comes a second time, but may have gone out before', async () => {
    await using flow = await stage();
    const out = await flow.send('to a list', ['gina@good-tls.example']);
    const sent = await flow.sinks.wait(({ bytes }) => bytes.includes(out));
    const messageId = await arrive(flow, { text: sent.bytes, messageId: out });
    const back = await delivered(flow, messageId);
    await using client = await flow.connect();
    const { reply } = await client.send({ from: 'paul@partner.example', to: ['anna@corp.example'] }, back.bytes);
    expect(`${reply.code} ${reply.text}`).toMatch(/^554.*loop/i);
  });

  test('waits when the mailboxes cannot be reached safely', async () => {
    await using flow = await stage();
    flow.sinks.setOutage({ code: 451, text: 'later' });
    const messageId = await arrive(flow, answer('Content-Type: text/plain\r\n\r\nhello\r\n'));
    await until(async () => {
      const [found] = await flow.gateway.store.findMessages(messageId);
      return found?.deliveries[0]?.state === 'deferred';
    });
    flow.sinks.setOutage(null);
    expect((await delivered(flow, messageId)).body).toBe('hello\r\n');
  });
});
