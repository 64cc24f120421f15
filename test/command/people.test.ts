import { randomUUIDv7 } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import type { Credential } from '../../src/store/portal-port.ts';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'people-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('who reads at an address is listed, and forgotten with all they signed in by', async () => {
  const config = join(folder, 'postern.yaml');
  writeFileSync(join(folder, 'policy.yaml'), 'version: 1\nrules: []\ndefault: { protect: none }\n');
  writeFileSync(join(folder, 'master.key'), '0123456789abcdef'.repeat(4), { mode: 0o600 });
  writeFileSync(
    config,
    `hostname: gw.postern.example\nmasterKey: { file: master.key }\nroles: [work]\ntenants:\n  - { id: corp, domains: [corp.example], proof: { networks: ["10.0.0.0/8"] }, policy: policy.yaml }\n`,
  );
  const { store } = await openStore({ database: 'sqlite', folder: join(folder, 'data') });
  const member = { id: randomUUIDv7(), tenant: 'corp', name: 'Ann\u001b[31m', createdAt: 1_800_000_000_000 };
  const at = { tenant: 'corp', address: 'bob@partner.example' };
  const credential: Credential = {
    id: randomUUIDv7(),
    member: member.id,
    tenant: 'corp',
    kind: 'passkey',
    lookup: 'p',
    secret: '{}',
    label: '',
    counter: 0,
    createdAt: 1,
    lastUsedAt: null,
  };
  await store.portal.enrol(member, { ...at, role: 'owner' }, credential, []);
  const listed = await run(['people', '--config', config, 'list', 'Bob@partner.example']);
  expect([listed.status, listed.stderr]).toEqual([0, '']);
  expect(listed.stdout).toMatch(/Ann.*owner.*2027-01-15.*passkey/);
  expect(listed.stdout).not.toContain('\u001b');
  const forgotten = await run(['people', '--config', config, 'forget', 'bob@partner.example', '--json']);
  expect(JSON.parse(forgotten.stdout)).toMatchObject({ ...at, forgotten: true, people: [{ methods: ['passkey'] }] });
  expect(await store.portal.members(at)).toEqual([]);
  expect(await store.portal.credentialBy('passkey', 'p')).toBeNull();
  expect((await run(['people', '--config', config, 'list', 'nonsense'])).status).toBe(2);
  await store.close();
});
