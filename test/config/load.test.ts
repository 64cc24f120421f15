import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatProblem, loadConfig } from '../../src/config/load.ts';
import { issueCertificate } from '../../src/protect/issue.ts';

/** Loading whole files: what a right one becomes, and what each wrong one is told. */

let folder = '';
const key = createHash('sha256').update('a test key').digest();
const environment = { POSTERN_KEY: key.toString('base64'), DB_URL: 'postgres://u:geheim@db/postern' };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-config-'));
  for (const name of ['data', 'policies', 'tls', 'secrets']) mkdirSync(join(folder, name));
  const write = (name: string, content: string | Buffer) => writeFileSync(join(folder, name), content, { mode: 0o600 });
  write('data/master.key', `${key.toString('base64')}\n`);
  write('data/raw.key', key);
  write('data/hex.key', `${key.toString('hex')}\n`);
  write('data/short.key', 'c2hvcnQ=\n');
  write('data/zero.key', `${'0'.repeat(64)}\n`);
  write('data/password.key', 'correct horse battery staple 123');
  write('policies/default.yaml', 'version: 1\nrules: []\ndefault: { protect: none }\n');
  write('secrets/header', 'a secret of enough length\n');
  write('secrets/short', 'short\n');
  write('secrets/empty', '\n');
  const one = issueCertificate({ subject: 'gw.postern.example' });
  const two = issueCertificate({ subject: 'other.example' });
  const old = issueCertificate({ subject: 'old.example', notBefore: Date.UTC(2020, 0), notAfter: Date.UTC(2021, 0) });
  write('tls/key.pem', one.keyPem);
  write('tls/cert.pem', one.certPem);
  write('tls/other-key.pem', two.keyPem);
  write('tls/old-key.pem', old.keyPem);
  write('tls/old-cert.pem', old.certPem);
  write('tls/broken.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  write('tls/roots.pem', `comment\n${one.certPem}${two.certPem}`);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(text: string, env: Record<string, string> = environment) {
  writeFileSync(join(folder, 'config.yaml'), text);
  return loadConfig(join(folder, 'config.yaml'), { environment: env });
}

function complaints(text: string, env?: Record<string, string>): string[] {
  const result = load(text, env);
  const problems = result.ok ? [] : result.problems;
  return problems.map((problem) =>
    formatProblem(problem).replace(`${folder}/config.yaml:`, '').replaceAll(folder, 'DIR'),
  );
}

function warnings(text: string): string[] {
  return load(text).warnings.map((problem) => formatProblem(problem).replace(`${folder}/config.yaml:`, ''));
}

const minimal = `hostname: gw.postern.example
roles: [work]
tenants:
  - id: corp
    domains: [corp.example]
    proof: { networks: ["10.0.0.0/8"] }
    policy: policies/default.yaml
`;

/** The whole contract, as its page writes it. */
const complete = `hostname: gw.postern.example
data: ./data
database: sqlite
roles: [smtp, work, web]
masterKey: { file: ./data/master.key }
smtp:
  listen: ["0.0.0.0:25", "[::1]:2525"]
  tls: { key: tls/key.pem, cert: tls/cert.pem, minVersion: TLSv1.2 }
  maxMessageBytes: 157286400
  maxRecipients: 1000
delivery:
  port: 25
  trust: [tls/roots.pem]
  retry: { first: 5m, max: 67m, giveUpAfter: 5d, warnAfter: 4h }
dns: { servers: ["127.0.0.1:53"], trustAd: false }
egress: { allowPrivate: false }
web: { listen: "0.0.0.0:443", tls: { key: tls/key.pem, cert: tls/cert.pem }, portalUrl: "https://secure.corp.example" }
tenants:
  - id: corp
    domains: [Corp.Example, bücher.example]
    platform: microsoft365
    proof: { networks: ["10.0.0.0/8", "2001:db8::1"], secretHeader: { name: X-Postern-Key, values: [secrets/header] } }
    policy: policies/default.yaml
    inbound: { host: corp-example.mail.protection.outlook.com, port: 25, tls: verify }
    minimumTls: verify
`;

describe('a right file', () => {
  test('a process that only shows the portal, with its own key, reads no master key', () => {
    const alone = complete
      .replace('roles: [smtp, work, web]', 'roles: [web]')
      .replace('./data/master.key', './data/none.key')
      .replace('web: { ', 'web: { key: { file: data/hex.key }, ');
    const result = load(alone);
    expect(result.ok && [result.config.masterKey.length, result.config.web?.key]).toEqual([0, key]);
    expect(complaints(alone.replace('roles: [web]', 'roles: [web, work]'))).toHaveLength(1);
    expect(complaints(alone.replace('key: { file: data/hex.key }, ', ''))).toHaveLength(1);
  });

  test('the whole contract', () => {
    const result = load(complete);
    if (!result.ok) throw new Error(complaints(complete).join('\n'));
    const { config } = result;
    expect(result.warnings).toEqual([]);
    expect(config.masterKey).toEqual(key);
    expect(config.data).toBe(join(folder, 'data'));
    expect(config.smtp.listen).toEqual([
      { host: '0.0.0.0', port: 25 },
      { host: '::1', port: 2525 },
    ]);
    expect(config.smtp.tls?.minVersion).toBe('TLSv1.2');
    expect(config.smtp.tls?.key).toContain('PRIVATE KEY');
    expect(config.delivery.trust).toHaveLength(2);
    const minute = 60_000;
    expect(config.delivery.retry).toEqual({
      first: 5 * minute,
      max: 67 * minute,
      giveUpAfter: 5 * 24 * 60 * minute,
      warnAfter: 240 * minute,
    });
    expect(config.web?.portalUrl).toBe('https://secure.corp.example');
    const [tenant] = config.tenants;
    expect(tenant?.domains).toEqual(['corp.example', 'xn--bcher-kva.example']);
    expect(tenant?.proof.networks).toEqual(['10.0.0.0/8', '2001:db8::1/128']);
    const hash = createHash('sha256').update('a secret of enough length').digest('hex');
    expect(tenant?.proof.secretHeader).toEqual({ name: 'X-Postern-Key', valueHashes: [hash] });
    expect(tenant?.policy).toBe(join(folder, 'policies/default.yaml'));
    expect(tenant?.inbound).toEqual({ host: 'corp-example.mail.protection.outlook.com', port: 25, tls: 'verify' });
  });

  test('what is left out takes its default', () => {
    const result = load(minimal);
    if (!result.ok) throw new Error(complaints(minimal).join('\n'));
    const { config } = result;
    expect(config.database).toBe('sqlite');
    expect(config.smtp).toMatchObject({ tls: null, maxMessageBytes: 157_286_400, maxRecipients: 1000 });
    expect(config.dns).toEqual({ servers: ['127.0.0.1:53'], trustAd: false });
    expect(config.egress.allowPrivate).toBe(false);
    expect(config.web).toBeNull();
    expect(config.log).toEqual({ level: 'info', addresses: 'full' });
    expect(config.tenants[0]).toMatchObject({ platform: 'generic', groups: null, inbound: null, minimumTls: 'verify' });
    expect(config.retention).toEqual({ facts: 30 * 86_400_000, threads: 365 * 86_400_000, history: 2190 * 86_400_000 });
  });

  test('a file of groups, and how long things are kept', () => {
    const result = load(`${minimal}    groups: policies/default.yaml\nretention: { facts: 7d }\n`);
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.config.tenants[0]?.groups).toBe(join(folder, 'policies/default.yaml'));
    expect(result.config.retention).toEqual({
      facts: 7 * 86_400_000,
      threads: 365 * 86_400_000,
      history: 2190 * 86_400_000,
    });
  });

  test('a partner by its domains alone', () => {
    const partner = '{ name: bank, domains: [Bücher.example, "*.BANK.example"] }';
    const tls = 'tls: { key: tls/key.pem, cert: tls/cert.pem }';
    const result = load(`${minimal}smtp: { ${tls}, partners: [${partner}] }\n`);
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.config.smtp.partners).toMatchObject([
      { networks: [], domains: ['xn--bcher-kva.example', '*.bank.example'], tls: 'required' },
    ]);
  });

  test.each([
    ['a file of 32 octets', 'masterKey: { file: data/raw.key }'],
    ['a file of hexadecimal', 'masterKey: { file: data/hex.key }'],
    ['an environment variable', 'masterKey: { env: POSTERN_KEY }'],
    ['a systemd credential', 'masterKey: { credential: raw.key }'],
  ])('the master key from %s', (_name, line) => {
    const result = load(`${minimal}${line}\n`, { ...environment, CREDENTIALS_DIRECTORY: join(folder, 'data') });
    expect(result.ok && result.config.masterKey).toEqual(key);
  });

  test('sizes with units, and a database URL from the environment', () => {
    const result = load(`${minimal}database: { env: DB_URL }\nsmtp: { maxMessageBytes: 36MB, minFreeBytes: 0 }\n`);
    expect(result.ok && result.config.database).toBe('postgres://u:geheim@db/postern');
    expect(result.ok && result.config.smtp.maxMessageBytes).toBe(36 * 1024 * 1024);
  });
});

/** Each line replaces or follows the minimal file; the complaint must point at it and say what to do. */
describe('a wrong setting is named with its place and a remedy', () => {
  const after = minimal.split('\n').length;
  const tenant = (lines: string) => `hostname: gw.example\nroles: [work]\ntenants:\n  - id: corp\n${lines}`;
  test.each([
    [
      'smtp: { maxRecipients: many }',
      `${after}:24: smtp.maxRecipients: expected a whole number, found "many". Write a number from 1 to 1000.`,
    ],
    [
      'smtp: { maxRecipients: 1001 }',
      `${after}:24: smtp.maxRecipients: expected a whole number, found 1001. Write a number from 1 to 1000.`,
    ],
    [
      'smtp:\n  maxRecipient: 5',
      `${after + 1}:3: smtp.maxRecipient: unknown setting "maxRecipient". Did you mean "maxRecipients"?`,
    ],
    ['hostnam: x', `${after}:1: hostnam: unknown setting "hostnam". Did you mean "hostname"?`],
    ['__proto__: { data: x }', `${after}:1: __proto__: unknown setting "__proto__".`],
    ['roles: [work]', `${after}:1: this key is here twice. Keep one of the two.`],
    [
      'delivery: { retry: { first: 5 } }',
      `${after}:29: delivery.retry.first: expected a duration, found 5. Write a number with its unit`,
    ],
    [
      'delivery: { retry: { first: 2h } }',
      `${after}:29: delivery.retry.first: the first wait is longer than the longest. Make`,
    ],
    [
      'delivery: { retry: { warnAfter: 6d } }',
      `${after}:33: delivery.retry.warnAfter: the warning would come after giving up. Make`,
    ],
    [
      'delivery: { checkDomains: 1 }',
      `${after}:27: delivery.checkDomains: expected a duration, or off, found 1. Write a number with its unit`,
    ],
    [
      'delivery: { trust: [tls/none.pem] }',
      `${after}:21: delivery.trust[0]: DIR/tls/none.pem does not exist. Correct the path`,
    ],
    [
      'delivery: { trust: [tls/broken.pem] }',
      `${after}:21: delivery.trust[0]: not certificates in PEM. Each begins with`,
    ],
    [
      'delivery: { port: 70000 }',
      `${after}:19: delivery.port: expected a whole number, found 70000. Write a number from 1 to 65535.`,
    ],
    [
      'smtp: { listen: "0.0.0.0:25" }',
      `${after}:17: smtp.listen: expected a list of addresses, found "0.0.0.0:25". Write`,
    ],
    [
      'smtp: { listen: ["0.0.0.0"] }',
      `${after}:18: smtp.listen[0]: expected an address and a port, found "0.0.0.0". Write it like`,
    ],
    ['smtp: { listen: ["300.1.1.1:25"] }', `${after}:18: smtp.listen[0]: expected an address and a port`],
    [
      'smtp: { maxMessageBytes: 10 lightyears }',
      `${after}:26: smtp.maxMessageBytes: expected a size, found "10 lightyears". Write octets`,
    ],
    [
      'smtp: { tls: { key: tls/other-key.pem, cert: tls/cert.pem } }',
      `${after}:46: smtp.tls.cert: the certificate is not of this key. Name`,
    ],
    [
      'smtp: { tls: { key: tls/cert.pem, cert: tls/broken.pem } }',
      `${after}:21: smtp.tls.key: not a private key in PEM`,
    ],
    ...(
      [
        ['', 'bank must use TLS, which is not offered without smtp.tls. Add smtp.tls'],
        ['tls: certificate', 'smtp.partners[0].tls: no certificate of bank would be good. Add certificateSha256 or'],
        [
          `certificateSha256: ["${'0'.repeat(64)}"]`,
          'the certificates of bank would not be asked for. Write tls: cert',
        ],
        ['certificateNames: [mx.bank.example]', 'the certificates of bank would not be asked for. Write tls: cert'],
        ['tls: certificate, certificateSha256: [abc]', 'expected a SHA-256 value, found "abc". Write its 64 hex'],
        ['trust: [tls/cert.pem]', 'smtp.partners[0].trust: roots count only for certificateNames. Add certif'],
        ['tls: maybe', 'expected one of required, certificate, found "maybe". Write required or certificate.'],
        ['', '192.0.2.0/24 is listed for bank already, which counts. Remove it from one of the two.'],
        [
          'domains: [bank]',
          'smtp.partners[0].domains[0]: expected a domain, found "bank". Write it like example.com or',
        ],
        ['domains: ["*bank.example"]', 'expected a domain, found "*bank.example". Write it like example.com or'],
        ['domains: ["a@bank.example"]', 'expected a domain, found "a@bank.example". Write it like'],
        [
          'domains: []',
          'smtp.partners[0].domains: expected a list of domains, found an empty list. Write at least one',
        ],
      ] as const
    ).map(([more, message]): [string, string] => {
      const partner = `{ name: bank, networks: [192.0.2.0/24]${more === '' ? '' : `, ${more}`} }`;
      const tls = message.startsWith('bank must') ? '' : 'tls: { key: tls/key.pem, cert: tls/cert.pem }, ';
      const second = message.includes('already') ? `, ${partner}` : '';
      return [`smtp: { ${tls}partners: [${partner}${second}] }`, message];
    }),
    [
      'smtp: { tls: { key: tls/key.pem, cert: tls/cert.pem }, partners: [{ name: bank }] }',
      'smtp.partners[0]: nothing says what mail bank hands over. Add networks, domains or both.',
    ],
    [
      'smtp: { tls: { key: tls/key.pem, cert: tls/cert.pem }, partners: [{ name: a, domains: [B.example] }, { name: c, domains: [b.example] }] }',
      'smtp.partners[1].domains[0]: b.example is listed for a already, which counts. Remove it from one of the two.',
    ],
    [
      'smtp: { tls: { key: tls/key.pem } }',
      `${after}:9: smtp.tls.cert: missing: expected the path of a certificate chain in PEM. Write a path`,
    ],
    [
      'smtp: { tls: { key: tls/key.pem, cert: tls/cert.pem, minVersion: TLSv1 } }',
      'expected one of TLSv1.2, TLSv1.3, found "TLSv1". Write TLSv1.2 or TLSv1.3.',
    ],
    [
      'web: { portalUrl: "http://secure.example" }',
      `${after}:19: web.portalUrl: expected an https origin, found "http://secure.example". Write`,
    ],
    ['web: { portalUrl: "https://secure.example/x" }', `${after}:19: web.portalUrl: expected an https origin`],
    [
      'web: { portalUrl: "https://secure.example", key: { file: data/short.key } }',
      'web.key: the key of the portal is not 32 octets, raw, in hexadecimal or in base64.',
    ],
    [
      'web: { portalUrl: "https://secure.example", signIn: { google: { clientId: x, clientSecret: { file: data/none } } } }',
      'web.signIn.google.clientSecret.file: DIR/data/none does not exist.',
    ],
    [
      'web: { portalUrl: "https://secure.example", signIn: { microsoft: { clientId: x, clientSecret: { env: GONE }, authority: "http://x.example" } } }',
      'web.signIn.microsoft.authority: expected an https URL, found "http://x.example". Write it like',
    ],
    [
      'masterKey: { file: data/none.key }',
      'masterKey.file: DIR/data/none.key does not exist. If this is a new gateway, make one with: mkdir -p DIR/data && (umask 077; head -c 32 /dev/urandom | base64 > DIR/data/none.key)',
    ],
    [
      'masterKey: { file: data/short.key }',
      'masterKey: the master key is not 32 octets, raw, in hexadecimal or in base64. Restore your copy',
    ],
    ['masterKey: { file: data/zero.key }', 'masterKey: the master key is not 32 octets'],
    ['masterKey: { file: data/password.key }', 'masterKey: the master key is not 32 octets'],
    ['masterKey: { file: data }', 'masterKey.file: DIR/data is not a file'],
    [
      'masterKey: { env: NOT_SET }',
      `${after}:19: masterKey.env: the environment variable NOT_SET is not set. Make one with`,
    ],
    [
      'masterKey: { credential: key }',
      'masterKey.credential: no credentials were given to this process. Start the program by systemd',
    ],
    ['masterKey: {}', 'masterKey: expected exactly one place for the master key'],
    [
      'dns: { servers: [dns.example] }',
      `${after}:18: dns.servers[0]: expected the address of a DNS server, found "dns.example". Write it like`,
    ],
    [
      'dns: { trustAd: yes please }',
      `${after}:17: dns.trustAd: expected true or false, found "yes please". Write true or false`,
    ],
    ['retention: { facts: forever }', 'retention.facts: expected a duration, found "forever". Write a number'],
    ['retention: { fact: 1d }', 'retention.fact: unknown'],
    [
      'reporting: { contact: corp.example }',
      'reporting.contact: expected a mail address, found "corp.example". Write it',
    ],
    ['reporting: { contact: "a@[192.0.2.1]" }', 'reporting.contact: expected a mail address'],
    [
      'reporting: { contact: a@corp.example, from: b@other.example }',
      'reporting.from: from and contact are in different domains. Use addresses of one domain.',
    ],
    [
      'reporting: { contact: a@corp.example, dkim: { selector: "a;b", key: ./tls/key.pem } }',
      'reporting.dkim.selector: expected a selector',
    ],
    [
      'reporting: { contact: a@corp.example, dkim: { selector: a, key: ./tls/key.pem } }',
      'reporting.dkim.key: not an RSA or Ed25519 key in PEM without a passphrase. Make one with: openssl genrsa 2048',
    ],
    ['dns:', `${after}:1: dns: expected settings as "key: value" lines, found nothing. Known here: servers, trustAd.`],
    [
      'log: { level: &x info, addresses: *x }',
      `${after}:35: an alias ("*name"), which is not supported. Write the value out`,
    ],
    ['log: { level: !secret info }', `${after}:15: a tag ("!...") that means nothing here. Remove the tag`],
    [
      'log: { level: info',
      `${after + 1}:1: the indentation does not fit what stands above. Align it with its neighbours and close open brackets.`,
    ],
    ['\tlog: {}', `${after}:1: a tab used as indentation. Indent with spaces.`],
  ])('%s', (line, expected) => {
    expect(complaints(`${minimal}${line}\n`).join('\n')).toContain(expected);
  });

  test.each([
    ['roles: [smtp]', 'tenants', '1:1: hostname: missing: expected the name of this host. Write it like'],
    [
      'hostname: gw.example\nroles: [web]\ntenants: []',
      '',
      '3:10: tenants: expected a list of tenants, found an empty list. Write at least one',
    ],
    ['', '', '1:1: expected settings as "key: value" lines, found nothing'],
    ['just words', '', '1:1: expected settings as "key: value" lines, found "just words"'],
  ])('%s', (text, _name, expected) => {
    expect(complaints(text).join('\n')).toContain(expected);
  });

  test.each([
    [
      '    domains: [a.example]\n    policy: policies/default.yaml\n    proof: {}\n',
      '7:12: tenants[0].proof: nothing proves that mail comes from this tenant. Add proof.networks',
    ],
    [
      '    domains: [a.example]\n    policy: policies/default.yaml\n',
      '4:5: tenants[0].proof: missing: expected settings',
    ],
    [
      '    domains: ["a b.example"]\n    policy: policies/default.yaml\n    proof: { networks: [10.0.0.0/8] }\n',
      '5:15: tenants[0].domains[0]: expected a domain name, found "a b.example". Write',
    ],
    [
      '    domains: [a.example]\n    policy: policies/none.yaml\n    proof: { networks: [10.0.0.0/8] }\n',
      '6:13: tenants[0].policy: DIR/policies/none.yaml does not exist. Correct the path',
    ],
    [
      '    domains: [a.example]\n    policy: policies/default.yaml\n    groups: none.yaml\n    proof: { networks: [10.0.0.0/8] }\n',
      '7:13: tenants[0].groups: DIR/none.yaml does not exist. Correct the path',
    ],
    [
      '    domains: [a.example]\n    policy: policies/default.yaml\n    proof: { networks: [10.0.0.0/33] }\n',
      '7:25: tenants[0].proof.networks[0]: expected a network, found "10.0.0.0/33". Write it like 192.0.2.0/24',
    ],
    [
      '    domains: [a.example]\n    policy: policies/default.yaml\n    minimumTls: may\n    proof: { networks: [10.0.0.0/8] }\n',
      '7:17: tenants[0].minimumTls: expected one of encrypt, verify, secure, dane, found "may"',
    ],
    [
      '    domains: [a.example]\n    policy: policies/default.yaml\n    proof: { networks: [10.0.0.0/8] }\n  - id: b\n    domains: [b.example, A.example]\n    policy: policies/default.yaml\n    proof: { networks: [10.0.0.0/8] }\n',
      '9:26: tenants[1].domains[1]: a.example already belongs to tenant corp. A domain belongs to one tenant',
    ],
  ])('tenant %#', (lines, expected) => {
    expect(complaints(tenant(lines)).join('\n')).toContain(expected);
  });

  test('a role that lacks its settings', () => {
    const text = minimal.replace('[work]', '[work, web]');
    expect(complaints(text)).toEqual([
      '2:8: roles: the role web has no settings to work with. Add web: with portalUrl, or leave web out of roles.',
    ]);
  });

  test('a file that is not there', () => {
    const result = loadConfig(join(folder, 'nothing.yaml'));
    expect(result.ok ? [] : result.problems.map(formatProblem)).toEqual([
      `${folder}/nothing.yaml:1:1: cannot be read (ENOENT). Name the configuration with --config FILE; deploy/config.example.yaml is a start.`,
    ]);
  });

  test('every mistake is reported at once, in the order of the file', () => {
    const found = complaints('hostname: 5\nsmtp: { maxRecipients: no }\nlog: { level: loud }\ntenants: {}\n');
    expect(found.map((line) => line.split(':')[0])).toEqual(['1', '2', '3', '4']);
  });
});

describe('secrets never show', () => {
  const secret = 'k7Jd83hfKKw0smzPq5';
  test.each([
    [`masterKey: ${secret}`],
    [`masterKey: [${secret}]`],
    [`masterKey: { file: data/master.key, env: "${secret} " }`],
    [`masterKey: { env: "${secret}!" }`],
    [`database: mysql://root:${secret}@db/x`],
    [`database: { url: "mysql://root:${secret}@db/x" }`],
    [`log: { level: "${secret}`],
  ])('%s', (line) => {
    const found = complaints(`${minimal}${line}\n`);
    expect(found.length).toBeGreaterThan(0);
    expect(found.join('\n')).not.toContain(secret);
  });

  test.each([[`values: [${secret}]`], [`values: ${secret}`], [`value: ${secret}`]])('secretHeader %s', (setting) => {
    const found = complaints(minimal.replace('networks: ["10.0.0.0/8"]', `secretHeader: { name: X-Key, ${setting} }`));
    expect(found.length).toBeGreaterThan(0);
    expect(found.join('\n')).not.toContain(secret);
  });

  test('a secret header that is empty', () => {
    const found = complaints(
      minimal.replace('networks: ["10.0.0.0/8"]', 'secretHeader: { name: X-Key, values: [secrets/empty] }'),
    );
    expect(found.join('\n')).toContain(
      '6:52: tenants[0].proof.secretHeader.values[0]: the secret is empty, has several lines',
    );
  });
});

describe('warnings do not stop the start', () => {
  test('what is risky, and where', () => {
    chmodSync(join(folder, 'data/hex.key'), 0o644);
    const text = `hostname: gw.postern.example
roles: [smtp]
masterKey: { file: data/hex.key }
tenants:
  - id: corp
    platform: google
    domains: [corp.example]
    proof: { networks: ["0.0.0.0/0"] }
    policy: policies/default.yaml
  - id: two
    domains: [two.example]
    proof: { secretHeader: { name: X-Key, values: [secrets/short] } }
    policy: policies/default.yaml
`;
    const result = load(text);
    expect(result.ok).toBe(true);
    expect(warnings(text)).toEqual([
      '1:1: smtp: no smtp.tls: mail from the tenants comes in unencrypted. Add smtp.tls with key and cert.',
      '3:20: masterKey.file: this file can be read by everybody on this machine. chmod 600 it.',
      '8:12: tenants[0].proof: every customer of google sends from the same addresses; networks alone prove little. Add proof.secretHeader, stamped by a rule of the tenant.',
      '8:25: tenants[0].proof.networks[0]: this network is the whole internet and proves nothing. Write the networks the tenant really sends from.',
      '12:52: tenants[1].proof.secretHeader.values[0]: the secret is short and can be guessed. Use at least 16 random characters.',
    ]);
  });

  test('an expired certificate', () => {
    expect(warnings(`${minimal}smtp: { tls: { key: tls/old-key.pem, cert: tls/old-cert.pem } }\n`)).toEqual([
      '8:44: smtp.tls.cert: the certificate expired on 2021-01-01. Renew it.',
    ]);
  });
});

test('the example a newcomer copies loads without a word', () => {
  const text = readFileSync(new URL('../../deploy/config.example.yaml', import.meta.url), 'utf8');
  writeFileSync(join(folder, 'secrets/corp-header'), 'a secret of enough length\n', { mode: 0o600 });
  expect(complaints(text)).toEqual([]);
  expect(load(text).warnings).toEqual([]);
});

test('TLS reports are off without their section; with it, what is left out follows from the contact', () => {
  const off = load(minimal);
  expect(off.ok && off.config.reporting).toBeNull();
  const on = load(`${minimal}reporting: { contact: Postmaster@CORP.example }\n`);
  expect(on.ok && on.config.reporting).toEqual({
    contact: 'Postmaster@corp.example',
    from: 'Postmaster@corp.example',
    mailbox: 'Postmaster@corp.example',
    organization: 'corp.example',
    dkim: null,
    maildir: null,
  });
  expect(warnings(`${minimal}reporting: { contact: a@corp.example }\n`).join('\n')).toContain(
    'reports by mail are not signed',
  );
});

test('how often domains are looked at: a duration, or never', () => {
  const every = (setting: string) => {
    const result = load(`${minimal}delivery: { checkDomains: ${setting} }\n`);
    return result.ok && result.config.delivery.checkDomains;
  };
  expect(['12h', 'off', '"off"', '0'].map(every)).toEqual([43_200_000, 0, 0, 0]);
  const usual = load(minimal);
  expect(usual.ok && usual.config.delivery).toMatchObject({ checkDomains: 86_400_000, evidenceHeader: false });
});

test('pins: one for each domain, and none that never counts', () => {
  const pins = (inbound: string, ...domains: string[]) =>
    complaints(
      `${minimal}    ${inbound}\n    pins: [${domains.map((domain) => `{ domain: ${domain}, hosts: [mx.b.example] }`).join(', ')}]\n`,
    );
  const inbound = 'inbound: { host: mx.corp.example }';
  expect(pins(inbound, 'b.example', 'c.example')).toEqual([]);
  expect(pins(inbound, 'b.example', 'B.example')).toEqual([
    '9:68: tenants[0].pins[1].domain: b.example is pinned twice. Put all its mail servers into one pin.',
  ]);
  expect(pins(inbound, 'corp.example')).toEqual([
    expect.stringContaining('tenants[0].pins[0].domain: mail to corp.example goes to the host named under inbound'),
  ]);
  expect(pins('', 'corp.example')).toEqual([]);
});
