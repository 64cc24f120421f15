/** `postern keys own` as an admin types it: one process for each word, on a data folder that no gateway runs on. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { issueCertificate } from '../../src/protect/issue.ts';
import { generateKey } from '../../src/protect/openpgp.ts';
import { writeConfig } from '../../src/sandbox/config.ts';
import { type Ran, run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-keys-own-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { config } = writeConfig({
  folder,
  smtpPort: 2525,
  webPort: 8443,
  deliveryPort: 25,
  dns: '127.0.0.1:53',
  authority: issueCertificate({ subject: 'Test', ca: true }),
  policy: 'version: 1\nrules: []\ndefault: { protect: none }\n',
  retry: { first: '1s', max: '5s', giveUpAfter: '1h', warnAfter: '30m' },
  signs: true,
});
const own = (...words: string[]): Promise<Ran> => run(['keys', '--config', config, 'own', ...words]);
const ids = async (kind: string): Promise<string[]> => {
  const { keys } = JSON.parse((await own('list', '--json')).stdout);
  return keys.filter((key: { kind: string }) => key.kind === kind).map((key: { id: string }) => key.id);
};

test('from nothing to a revoked certificate, told so that anybody understands', async () => {
  expect((await own()).stdout).toContain('There are no keys of your own.');
  expect(await own('issue', 'anna@corp.example')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('own ca'),
  });
  expect(await own('ca', '--name', 'Corp CA')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^made: authority/),
  });
  expect((await own('issue', 'anna@corp.example', '--name', 'Anna')).stdout).toMatch(
    /^made: certificate for anna@corp.example/,
  );
  const { publicKey, privateKey } = await generateKey(
    { email: 'bob@corp.example' },
    { createdAt: Date.now() - 60_000 },
  );
  const file = join(folder, 'bob.asc');
  writeFileSync(file, publicKey);
  expect(await own('import', file)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('only its public part'),
  });
  writeFileSync(file, privateKey);
  expect((await own('import', file)).stdout).toMatch(/^imported: OpenPGP key for bob@corp.example/);
  expect(await own('import', file)).toMatchObject({ status: 1, stderr: expect.stringContaining('is here already') });

  const [certificate = ''] = await ids('x509');
  expect((await own('revoke', certificate, '--reason', 'left')).stdout).toMatch(/^revoked: certificate/);
  const { stdout } = await own();
  expect(stdout).toMatch(/anna@corp\.example +certificate +revoked on [\d-]+, the person left/);
  expect(stdout).toMatch(/bob@corp\.example +OpenPGP key +signs and opens/);
  expect(stdout).toMatch(/authority +issues, revocation list until/);

  const [bob = ''] = await ids('pgp');
  const shown = await Promise.all([own('show', bob), own('show', bob, '--json'), own('list', '--json')]);
  expect(shown[0].stdout).toMatch(/^-----BEGIN PGP PUBLIC KEY BLOCK-----/);
  for (const each of shown) expect(each.stdout).not.toMatch(/PRIVATE|sealed|v1\./);
  // A dozen processes, one after the other.
}, 180_000);

test('wrong words are told, and a private key is not to be had', async () => {
  const all = await Promise.all([
    own('export', 'x'),
    own('generate'),
    own('generate', 'nobody'),
    own('list', 'x'),
    own('revoke', 'x', '--reason', 'fun'),
    own('frobnicate'),
  ]);
  expect(all.map(({ status }) => status)).toEqual([2, 2, 2, 2, 2, 2]);
  expect(all[0].stderr).toContain('Private keys are not given out');
  expect(all[4].stderr).toContain('--reason is one of compromised, left, replaced, unused.');
  expect(await own('renew', 'x')).toMatchObject({ status: 1, stderr: expect.stringContaining('No key has the ID x') });
});
