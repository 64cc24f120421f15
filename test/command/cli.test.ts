/** The command line as an admin and a script see it: exit status, standard output, standard error. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issueCertificate } from '../../src/protect/issue.ts';
import { importKeys, type Stage, setStage } from '../peers/stage.ts';
import { run } from './run.ts';

const policy = `version: 1
rules:
  - name: The sender asked for it
    when: { subject: { keyword: ["[secure]"] } }
    then: { protect: message, stripKeyword: true }
  - name: Large mail waits for a person
    when: { subject: { keyword: ["[wait]"] } }
    then: { protect: hold }
default: { protect: none }
`;

function message(subject: string): Buffer {
  return Buffer.from(
    `From: anna@corp.example\r\nTo: someone@portal.example\r\nSubject: ${subject}\r\nMessage-ID: <cli-test@corp.example>\r\n\r\nHello.\r\n`,
  );
}

describe('wrong words', () => {
  const table: [name: string, args: string[]][] = [
    ['no command', []],
    ['an unknown command', ['deliver']],
    ['a command without its configuration', ['serve']],
    ['an unknown option', ['serve', '--config', 'x', '--force']],
    ['a word too many', ['sandbox', 'now']],
  ];
  test.each(table)('%s: status 2 and the usage, nothing on standard output', async (_name, args) => {
    const ran = await run(args);
    expect(ran.status).toBe(2);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toContain('postern serve   --config FILE');
  });

  test('--help is no mistake', async () => {
    const ran = await run(['--help']);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).toContain('postern migrate --config FILE');
  });
});

describe('commands', () => {
  let stage: Stage;
  const postern = (...words: string[]) => run([words[0] ?? '', '--config', stage.config, ...words.slice(1)]);
  const json = async (...words: string[]) => {
    const ran = await postern(...words, '--json');
    return { ...ran, document: JSON.parse(ran.stdout) };
  };

  beforeAll(async () => {
    stage = await setStage({ policy });
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  test.each([
    ['queue list', ['queue', 'release']],
    ['queue', ['queue', 'frobnicate']],
    ['keys', ['keys', 'import']],
    ['keys', ['keys', 'trust']],
    ['trace', ['trace']],
    ['explain', ['explain', 'x.eml']],
    ['domains', ['domains', 'check']],
    ['check', ['check', 'everything']],
    ['queue list', ['queue', 'list', 'x']],
  ])('%s called with the wrong words: status 2', async (_name, words) => {
    const ran = await postern(...words);
    expect(ran.status).toBe(2);
    expect(ran.stdout).toBe('');
  });

  test('a wrong setting is named with its file, line and column, and what to do', async () => {
    const broken = join(stage.folder, 'broken.yaml');
    writeFileSync(broken, readFileSync(stage.config, 'utf8').replace('  port: ', '  prot: '));
    const ran = await run(['check', '--config', broken]);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(/broken\.yaml:\d+:\d+: .*prot.*port/);
    const document = await run(['check', '--config', broken, '--json']);
    expect(document).toMatchObject({ status: 1, stderr: '' });
    expect(JSON.parse(document.stdout).error).toBe(ran.stderr.trimEnd());
  });

  test('check finds the configuration good, and a policy that does not parse bad', async () => {
    const good = await postern('check');
    expect(good.stdout).toContain('smtp.tls: the certificate names gw.postern.example');
    expect(good.stdout).not.toContain('root');
    expect(good.status).toBe(0);
    const file = join(stage.folder, 'policy.yaml');
    writeFileSync(file, policy.replace('protect: message', 'protect: massage'));
    const bad = await postern('check');
    const serve = await postern('serve');
    writeFileSync(file, policy);
    expect(bad.status).toBe(1);
    expect(bad.stdout).toMatch(/error {4}.*policy\.yaml:5:\d+: .*massage/);
    expect(serve).toMatchObject({ status: 1, stdout: '' });
    expect(serve.stderr).toMatch(/policy\.yaml:5:\d+/);
  });

  test('check misses the issuers in a certificate file', async () => {
    const root = issueCertificate({ subject: 'Root', ca: true });
    const issuer = issueCertificate({ subject: 'Issuing CA', ca: true, issuer: root });
    const { certPem, keyPem } = issueCertificate({
      subject: 'gw.postern.example',
      san: { dns: ['gw.postern.example'] },
      issuer,
    });
    const text = readFileSync(stage.config, 'utf8');
    const config = join(stage.folder, 'chain.yaml');
    for (const [name, pem] of Object.entries({ 'key.pem': keyPem, 'root.pem': root.certPem }))
      writeFileSync(join(stage.folder, name), pem, { mode: 0o600 });
    writeFileSync(
      config,
      text
        .replace(/tls: \{ key: [^}]*smtp[^}]*\}/, 'tls: { key: ./key.pem, cert: ./chain.pem }')
        .replace(/trust: \[.*\]/, 'trust: [./root.pem]'),
    );
    writeFileSync(join(stage.folder, 'chain.pem'), certPem);
    const leaf = await run(['check', '--config', config]);
    writeFileSync(join(stage.folder, 'chain.pem'), certPem + issuer.certPem);
    const whole = await run(['check', '--config', config]);
    expect(leaf.stdout).toMatch(
      /warning {2}smtp\.tls: the certificate was issued by "Issuing CA" and leads to no trusted root; add the/,
    );
    expect(whole.stdout).not.toMatch(/warning {2}smtp\.tls/);
  });

  test('check runs the cases beside a policy and fails on a difference', async () => {
    const cases = join(stage.folder, 'policy.cases.yaml');
    const text = `cases:
  - name: A keyword asks for protection
    from: anna@corp.example
    to: [bob@other.example]
    subject: "[secure] hello"
    expect: { level: portal }
`;
    writeFileSync(cases, text);
    const bad = await postern('check');
    writeFileSync(cases, text.replace('portal', 'message'));
    const good = await postern('check');
    writeFileSync(cases, '');
    expect(bad.status).toBe(1);
    expect(bad.stdout).toMatch(/error {4}.*policy\.cases\.yaml:\d+:\d+/);
    expect(good.status).toBe(0);
  });

  test('explain says what would happen to each recipient, and sends nothing', async () => {
    await importKeys(stage);
    const file = join(stage.folder, 'message.eml');
    writeFileSync(file, message('[secure] Your results'));
    const petra = stage.person('Petra').address;
    const { status, stderr, document } = await json(
      'explain',
      '--from',
      'anna@corp.example',
      '--to',
      petra,
      '--to',
      'x@nokey.example',
      file,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(document.facts).toMatchObject({ subject: '[secure] Your results', from: ['anna@corp.example'] });
    expect(document.policy.version).toMatch(/^[0-9a-f]+$/);
    expect(document.deliveries).toMatchObject([
      {
        recipient: petra,
        level: 'message',
        rules: ['The sender asked for it'],
        methods: ['pgp', 'portal'],
        // The keyword is gone from what travels inside; this is what stands outside.
        subject: '[...]',
      },
      { recipient: 'x@nokey.example', level: 'message', methods: ['portal'] },
    ]);
    expect(document.deliveries[0].because.join(' ')).toContain('The sender asked for it');
    expect(document.deliveries[0].because.join(' ')).toContain('The subject "Your results" travels inside');
    const page = await postern('explain', '--from', 'anna@corp.example', '--to', petra, file);
    expect(page.stdout).toContain('The sender asked for it');
    const gone = await json('explain', '--from', 'anna@corp.example', '--to', petra, `${file}.gone`);
    expect(gone).toMatchObject({ status: 1, document: { error: expect.stringContaining('cannot be read') } });
    const stranger = await postern('explain', '--from', 'a@stranger.example', '--to', petra, file);
    expect(stranger).toMatchObject({ status: 1, stdout: '' });
    expect(stranger.stderr).toMatch(/has the domain of a@stranger\.example\..*: corp\.example/);
  });

  test('keys: a second key for an address waits for a person', async () => {
    const { document } = await json('keys', 'list');
    const petra = document.keys.find((key: { address: string }) => key.address === stage.person('Petra').address);
    expect(petra).toMatchObject({ kind: 'pgp', state: 'trusted', source: 'import' });
    const rejected = await json('keys', 'reject', petra.id);
    expect(rejected.document).toMatchObject({ key: petra.id, state: 'rejected', used: false });
    expect((await postern('keys', 'trust', 'no-such-id')).status).toBe(1);
    expect((await json('keys', 'trust', petra.id)).document).toMatchObject({ state: 'trusted', used: true });
    expect((await json('keys', 'pin', petra.id)).document).toMatchObject({ trust: 'pinned', used: true });
    expect((await postern('keys', 'list', petra.address)).stdout).toContain('this one and no other');
    expect((await postern('keys', 'show', petra.id)).stdout).toContain('-----BEGIN PGP PUBLIC KEY BLOCK-----');
    expect((await json('keys', 'list', '--waiting')).document).toEqual({ keys: [] });
    expect((await json('keys', 'check')).document.keys.length).toBe(document.keys.length);
    expect((await postern('keys', 'check', 'no address')).status).toBe(2);
    const nothing = join(stage.folder, 'nothing.txt');
    writeFileSync(nothing, 'no key at all');
    const ran = await postern('keys', 'import', nothing);
    expect(ran.status).toBe(1);
    expect(ran.stderr).not.toBe('');
  });

  test('serve says ready, a held message is seen, released and traced, SIGTERM drains and exits 0', async () => {
    const running = await stage.serve();
    expect(running.ready).toMatch(/^smtp=127\.0\.0\.1:\d+ web=https:\/\/127\.0\.0\.1:\d+$/);
    {
      await using client = await stage.connect();
      const { reply } = await client.send(
        { from: 'anna@corp.example', to: ['paula@portal.example'] },
        message('[wait] Hello'),
      );
      expect(reply.code).toBe(250);
    }
    const held = await waitFor(
      async () => (await json('queue', 'list')).document.deliveries[0],
      (row) => row?.state === 'held',
    );
    expect(held).toMatchObject({ recipient: 'paula@portal.example', level: 'hold' });
    expect((await postern('queue', 'release', held.id)).stdout).toBe('release: 1 delivery\n');
    const traced = await waitFor(
      async () => (await json('trace', '<cli-test@corp.example>')).document,
      (document) =>
        document.deliveries[0].state !== 'held' &&
        document.deliveries[0].state !== 'queued' &&
        document.deliveries[0].state !== 'sending',
    );
    const policyVersion = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(traced).toMatchObject({
      policyVersion,
      messageId: '<cli-test@corp.example>',
      tenant: 'corp',
      from: 'anna@corp.example',
    });
    expect(traced.deliveries[0]).toMatchObject({
      recipient: 'paula@portal.example',
      level: 'hold',
      rules: ['Large mail waits for a person'],
      method: 'tls',
      state: 'delivered',
      attempts: 1,
      remote: {
        mx: 'mx.portal.example',
        ip: expect.stringMatching(/^127\./),
        tls: 'TLSv1.3',
        cipher: expect.stringMatching(/^TLS_/),
        level: 'verify',
        verifiedBy: 'root Postern sandbox CA',
        certificateSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        certificateNames: ['mx.portal.example'],
        at: expect.stringMatching(/^\d{4}-.*Z$/),
        reply: expect.stringMatching(/^250 /),
      },
    });
    const page = (await postern('trace', 'cli-test@corp.example')).stdout;
    for (const line of [
      /^ {10}server {7}mx\.portal\.example \[127\.[\d.]+\], \d{4}-[-\d]+ [:\d]+ UTC$/m,
      /^ {10}connection {3}TLSv1\.3 TLS_\w+, level verify$/m,
      /^ {10}proved by {4}root Postern sandbox CA$/m,
      /^ {10}certificate {2}of mx\.portal\.example\n {23}SHA-256 [0-9a-f]{64}$/m,
      /^ {10}it said {6}250 /m,
    ])
      expect(page).toMatch(line);
    expect((await postern('queue')).stdout).toBe('The queue is empty.\n');
    const known = await waitFor(
      async () => (await json('domains')).document,
      (document) => document.domains.length > 0,
    );
    expect(known.domains).toMatchObject([{ domain: 'portal.example', lastTls: 'verify' }]);
    const checked = await json('domains', 'check', 'portal.example');
    expect(checked.document.hosts).toMatchObject([{ level: 'verify', defects: [] }]);
    expect((await json('domains', 'check', 'expired-cert.example')).status).toBe(1);
    expect((await postern('trace', 'unknown')).status).toBe(1);
    expect(await running.stop()).toBe(0);
  });

  test('a second gateway on the same folder, a port in use, another master key: one line each, no stack', async () => {
    const running = await stage.serve();
    const second = await postern('serve');
    expect(second).toMatchObject({ status: 1, stdout: '' });
    expect(second.stderr).toMatch(/another postern serve is at work/);
    const elsewhere = join(stage.folder, 'elsewhere.yaml');
    writeFileSync(elsewhere, readFileSync(stage.config, 'utf8').replace('data: ./data', 'data: ./data2'));
    const port = await run(['serve', '--config', elsewhere]);
    expect(port.stderr).toMatch(/address already in use .*smtp\.listen/);
    await running.stop();
    const key = join(stage.folder, 'master.key');
    const right = readFileSync(key, 'utf8');
    writeFileSync(key, `${randomBytes(32).toString('base64')}\n`);
    const wrong = await postern('serve');
    const checked = await postern('check', '--json');
    writeFileSync(key, right);
    expect(wrong).toMatchObject({ status: 1, stdout: '' });
    expect(wrong.stderr).toMatch(/masterKey: this is not the key that sealed/);
    expect(checked.status).toBe(1);
    expect(JSON.parse(checked.stdout).errors.join(' ')).toContain('masterKey');
    for (const { stderr } of [second, port, wrong]) expect(stderr).not.toMatch(/^ {4}at /m);
  });

  test('migrate is done before serve needs it', async () => {
    expect(await postern('migrate')).toMatchObject({ status: 0 });
  });
});

async function waitFor<T>(look: () => Promise<T>, good: (seen: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const seen = await look();
    if (good(seen) || tries > 600) return seen;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
