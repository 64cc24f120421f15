/** The setting `opening`: what it needs besides, and its complaints. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
for (const [name, content] of [
  ['key', randomBytes(32).toString('base64')],
  ['policy', 'version: 1\nrules: []\n'],
  ['secret', 'a secret of the header'],
  ['two-lines', 'a secret\nof two lines'],
] as const)
  writeFileSync(join(folder, name), content);

function load(...tenant: string[]) {
  const head = ['hostname: gw.example', 'roles: [work]', 'masterKey: { file: key }', 'tenants:'];
  const lines = ['id: corp', 'domains: [corp.example]', 'policy: policy', ...tenant];
  const file = join(folder, 'postern.yaml');
  writeFileSync(file, [...head, ...lines.map((line, at) => `  ${at === 0 ? '-' : ' '} ${line}`), ''].join('\n'));
  const loaded = loadConfig(file, { environment: {} });
  return loaded.ok
    ? loaded.config.tenants[0]?.opening
    : loaded.problems.map(({ path, message, remedy }) => `${path}: ${message}. ${remedy}`);
}

const inbound = 'inbound: { host: mx.corp.example }';
const proof = 'proof: { secretHeader: { name: X-Key, values: [secret] } }';
const network = 'proof: { networks: ["10.0.0.0/8"] }';

describe('opening', () => {
  test('is off unless asked for', () => expect(load(proof)).toBeNull());

  test('may mark what it hands back', () => {
    expect(load(proof, inbound, 'opening: {}')).toEqual({ returnHeader: null });
    expect(load(proof, inbound, 'opening: { returnHeader: { name: X-Return, value: secret } }')).toEqual({
      returnHeader: { name: 'X-Return', value: 'a secret of the header' },
    });
    expect(load(network, inbound, 'opening: {}')).toEqual({ returnHeader: null });
  });

  test.each<[string, string[], string]>([
    [
      'nowhere to go',
      [proof, 'opening: {}'],
      'tenants[0].opening: opened mail has nowhere to go. Add inbound with the server of its mailboxes.',
    ],
    [
      'an unsafe way',
      [proof, 'inbound: { host: mx.corp.example, tls: encrypt }', 'opening: {}'],
      'tenants[0].inbound.tls: opened mail would travel on with tls: encrypt, which anybody on the way can read. Write verify, secure or dane, or leave it out.',
    ],
    [
      'networks that others share',
      [network, 'platform: google', inbound, 'opening: {}'],
      'tenants[0].opening: mail that comes in is told from that of other customers of google by the secret header alone. Add proof.secretHeader, stamped by a rule of the tenant.',
    ],
    [
      'no name of a field',
      [proof, inbound, 'opening: { returnHeader: { name: "X Return:", value: secret } }'],
      'the name of a header field',
    ],
    [
      'a value of two lines',
      [proof, inbound, 'opening: { returnHeader: { name: X-Return, value: two-lines } }'],
      'tenants[0].opening.returnHeader.value: the secret is empty, has several lines or has characters a header cannot carry',
    ],
  ])('%s is a complaint', (_name, tenant, expected) => {
    expect(load(...tenant)).toEqual([expect.stringContaining(expected)]);
  });
});
