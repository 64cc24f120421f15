/** The settings of the look for keys: defaults, directories, and what each mistake is told. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatProblem, loadConfig } from '../../src/config/load.ts';
import { issueCertificate } from '../../src/protect/issue.ts';

let folder = '';
const environment = { POSTERN_KEY: createHash('sha256').update('a test key').digest('base64') };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-config-'));
  const write = (name: string, content: string) => writeFileSync(join(folder, name), content, { mode: 0o600 });
  write('policy.yaml', 'version: 1\nrules: []\ndefault: { protect: none }\n');
  write('password', 'a secret\n');
  write('ca.pem', issueCertificate({ subject: 'ca', ca: true }).certPem);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(keys: string) {
  const file = join(folder, 'config.yaml');
  const text = `hostname: gw.postern.example
masterKey: { env: POSTERN_KEY }
roles: [work]
keys:
${keys}
tenants: [{ id: corp, domains: [corp.example], proof: { networks: [10.0.0.0/8] }, policy: policy.yaml }]
`;
  writeFileSync(file, text);
  return loadConfig(file, { environment });
}

function keysOf(keys: string) {
  const loaded = load(keys);
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  return loaded.config.keys;
}

test('what applies when nothing is said: the recipient’s own domain is asked, nobody else', () => {
  expect(keysOf('  deadline: 5s')).toMatchObject({
    deadline: 5_000,
    remember: { found: 86_400_000, none: 14_400_000, failed: 600_000 },
    wkd: true,
    dns: true,
    vks: [],
    hkp: [],
    ldap: [],
    harvest: true,
  });
});

test.each([
  ['ldaps://ldap.partner.example', { host: 'ldap.partner.example', port: 636, secure: true }],
  ['ldap://ldap.partner.example', { host: 'ldap.partner.example', port: 389, secure: false }],
  ['LDAPS://Ldap.Partner.example:3636/', { host: 'ldap.partner.example', port: 3636, secure: true }],
  ['ldaps://192.0.2.7', { host: '192.0.2.7', port: 636, secure: true }],
])('%s', (url, parts) => {
  expect(keysOf(`  ldap: [{ url: "${url}", base: "dc=x" }]`).ldap).toMatchObject([
    { ...parts, base: 'dc=x', domains: null, tls: 'verify', trust: [], bind: null, private: false },
  ]);
});

test('a directory of one’s own, with a password and a root', () => {
  const lines = [
    '  ldap:',
    '    - url: ldaps://ldap.corp.example',
    '      base: ou=people,dc=corp',
    '      domains: [partner.example, "*.partner.example"]',
    '      trust: [ca.pem]',
    '      bind: { dn: cn=reader, password: { file: password } }',
    '      private: true',
  ];
  expect(keysOf(lines.join('\n')).ldap).toMatchObject([
    {
      domains: ['partner.example', '*.partner.example'],
      trust: [expect.stringContaining('BEGIN CERTIFICATE')],
      bind: { dn: 'cn=reader', password: 'a secret' },
      private: true,
    },
  ]);
});

describe('mistakes', () => {
  test.each([
    ['ldap: [{ url: "https://x.example", base: "dc=x" }]', 'the URL of a directory', 'ldaps://ldap.example.com'],
    ['ldap: [{ url: "ldaps://x.example/dc=x", base: "dc=x" }]', 'the URL of a directory', 'without a path'],
    ['ldap: [{ url: "ldaps://u:p@x.example", base: "dc=x" }]', 'the URL of a directory', 'without a path'],
    ['ldap: [{ url: "ldaps://x.example:0", base: "dc=x" }]', 'the URL of a directory', 'without a path'],
    ['ldap: [{ url: ldaps://x.example }]', 'keys.ldap[0].base', 'base'],
    ['ldap: [{ url: ldaps://x.example, base: "dc=x", tls: none }]', 'an ldaps URL is never in the clear', 'ldap://'],
    [
      'ldap: [{ url: ldap://x.example, base: "dc=x", tls: none, bind: { dn: cn=a, password: { file: password } } }]',
      'the password would travel in the clear',
      'tls: verify',
    ],
    [
      'ldap: [{ url: ldap://x.example, base: "dc=x", bind: { dn: cn=a, password: { file: gone } } }]',
      'does not exist',
      'keys.ldap',
    ],
    ['vks: [keys.openpgp.org]', 'an https origin', 'https://secure.example.com'],
    ['hkp: ["http://keys.example"]', 'an https origin', 'without a path'],
    ['deadline: 5', 'a duration', '30s'],
  ])('%s', (keys, words, remedy) => {
    const loaded = load(`  ${keys}`);
    const said = loaded.ok ? '' : loaded.problems.map(formatProblem).join('\n');
    expect(said).toContain(words);
    expect(said).toContain(remedy);
    expect(said).toMatch(/config\.yaml:5:\d+: keys\./);
  });
});
