import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/plan/delivery.ts';
import { type IssueRequest, issueCertificate } from '../../src/protect/x509.ts';
import { type Script, startServer } from './scripted-server.ts';
import { message, transmitterTo } from './transmit.ts';

const root = issueCertificate({ subject: 'Test Root', ca: true });
const host = 'mx.example';
const issued = (changes: Partial<IssueRequest> = {}) => {
  const { certPem, keyPem } = issueCertificate({ subject: host, issuer: root, san: { dns: [host] }, ...changes });
  return { cert: certPem, key: keyPem };
};
const day = 86_400_000;
const expired = Date.now() - 3 * day;
const good = issued();
const selfSigned = issueCertificate({ subject: host, san: { dns: [host] } });
const intermediate = issueCertificate({ subject: 'Test Intermediate', issuer: root, ca: true });
const deep = issued({ issuer: intermediate });

/** What our own issuer refuses to make: by openssl, as old servers have it. */
function weak(...options: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'postern-weak-'));
  try {
    const files = ['-keyout', 'key.pem', '-out', 'cert.pem'];
    const names = [
      '-subj',
      `/CN=${host}`,
      '-addext',
      `subjectAltName=DNS:${host}`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
    ];
    writeFileSync(join(folder, 'ca.pem'), root.certPem);
    writeFileSync(join(folder, 'ca.key'), root.keyPem);
    execFileSync('openssl', ['req', '-x509', '-nodes', '-days', '2', ...options, ...names, ...files], {
      cwd: folder,
      stdio: 'ignore',
    });
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    return { cert: read('cert.pem'), key: read('key.pem'), ciphers: 'DEFAULT@SECLEVEL=0' };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const openssl =
  process.env['CI'] !== undefined || ['/usr/bin/openssl', '/usr/local/bin/openssl'].some((path) => existsSync(path));

/** The usual answer to everything but one verb. */
const refusing = (verb: string, reply: string) => (heard: string) => (heard === verb ? reply : undefined);

type Expected = {
  /** may, encrypt, verify: how each level ends, and whether the message travelled under TLS. */
  readonly may: 'secret' | 'plain' | 'deferred';
  readonly encrypt: 'secret' | 'unmet' | 'deferred';
  readonly verify: 'secret' | 'unmet' | 'deferred';
  readonly status?: string;
  readonly reason?: string | RegExp;
};

const cases: Record<string, { readonly script: Script; readonly expected: Expected }> = {
  'a good certificate': { script: { tls: good }, expected: { may: 'secret', encrypt: 'secret', verify: 'secret' } },
  'a good chain': {
    script: { tls: { cert: deep.cert + intermediate.certPem, key: deep.key } },
    expected: { may: 'secret', encrypt: 'secret', verify: 'secret' },
  },
  // OpenSSL takes no wildcard for a whole top-level domain; a good one is tested below.
  'a wildcard for a top-level domain': {
    script: { tls: issued({ san: { dns: ['*.example'] } }) },
    expected: { may: 'secret', encrypt: 'secret', verify: 'unmet', reason: /is made out to \*\.example/ },
  },
  'a missing intermediate': {
    script: { tls: deep },
    expected: {
      may: 'secret',
      encrypt: 'secret',
      verify: 'unmet',
      reason: 'The certificate of mx.example was issued by "Test Intermediate" and leads to no trusted root.',
    },
  },
  'an expired certificate': {
    script: { tls: issued({ notBefore: expired - day, notAfter: expired }) },
    expected: {
      may: 'secret',
      encrypt: 'secret',
      verify: 'unmet',
      reason: `The certificate of mx.example expired on ${new Date(expired).toISOString().slice(0, 10)}.`,
    },
  },
  'a certificate for tomorrow': {
    script: { tls: issued({ notBefore: Date.now() + day }) },
    expected: { may: 'secret', encrypt: 'secret', verify: 'unmet', reason: /is not valid before/ },
  },
  'a wrong name': {
    script: { tls: issued({ subject: 'mx.example', san: { dns: ['other.example', 'a.b.example'] } }) },
    expected: {
      may: 'secret',
      encrypt: 'secret',
      verify: 'unmet',
      reason: 'The certificate of mx.example is made out to other.example, a.b.example.',
    },
  },
  'the name as common name only': {
    script: { tls: issued({ san: { email: ['a@b.example'] }, eku: ['serverAuth'] }) },
    expected: {
      may: 'secret',
      encrypt: 'secret',
      verify: 'unmet',
      reason: 'The certificate of mx.example names no host.',
    },
  },
  'a self-signed certificate': {
    script: { tls: { cert: selfSigned.certPem, key: selfSigned.keyPem } },
    expected: {
      may: 'secret',
      encrypt: 'secret',
      verify: 'unmet',
      reason: 'The certificate of mx.example is self-signed.',
    },
  },
  'a certificate for mail, not for servers': {
    script: { tls: issued({ eku: ['emailProtection'] }) },
    expected: { may: 'secret', encrypt: 'secret', verify: 'unmet', reason: /is not meant for a server/ },
  },
  ...(openssl
    ? {
        'an RSA key of 1,024 bits': {
          script: { tls: weak('-newkey', 'rsa:1024') },
          expected: {
            may: 'secret',
            encrypt: 'secret',
            verify: 'unmet',
            reason: 'The certificate of mx.example rests on a key of 1024 bits, which is too short.',
          } as const,
        },
        'a signature with SHA-1': {
          script: { tls: weak('-newkey', 'rsa:2048', '-sha1') },
          expected: { may: 'secret', encrypt: 'secret', verify: 'unmet', reason: /SHA1.*can be forged/ } as const,
        },
        'TLS 1.2 without forward secrecy': {
          script: { tls: { ...weak('-newkey', 'rsa:2048'), maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' } },
          expected: { may: 'plain', encrypt: 'unmet', verify: 'unmet', reason: /failed in the TLS handshake/ } as const,
        },
        'TLS 1.2 with CBC only': {
          script: { tls: { ...weak('-newkey', 'rsa:2048'), maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA' } },
          expected: { may: 'plain', encrypt: 'unmet', verify: 'unmet', reason: /failed in the TLS handshake/ } as const,
        },
      }
    : {}),
  'no STARTTLS': {
    script: {},
    expected: {
      may: 'plain',
      encrypt: 'unmet',
      verify: 'unmet',
      status: '5.7.4',
      reason: 'mx.example does not offer STARTTLS.',
    },
  },
  'STARTTLS in the name line only': {
    script: { answer: refusing('EHLO', '250 STARTTLS mx.example STARTTLS') },
    expected: {
      may: 'plain',
      encrypt: 'unmet',
      verify: 'unmet',
      status: '5.7.4',
      reason: 'mx.example does not offer STARTTLS.',
    },
  },
  'HELO only': {
    script: { answer: refusing('EHLO', '502 5.5.1 Unknown') },
    expected: {
      may: 'plain',
      encrypt: 'unmet',
      verify: 'unmet',
      status: '5.7.4',
      reason: 'mx.example does not offer STARTTLS.',
    },
  },
  '454 to STARTTLS': {
    script: { tls: good, answer: refusing('STARTTLS', '454 4.7.0 Not now') },
    expected: {
      may: 'plain',
      encrypt: 'unmet',
      verify: 'unmet',
      status: '5.7.4',
      reason: /refuses it: 454 4\.7\.0 Not now/,
    },
  },
  '502 to STARTTLS': {
    script: { tls: good, answer: refusing('STARTTLS', '502 5.5.1 No') },
    expected: { may: 'plain', encrypt: 'unmet', verify: 'unmet', status: '5.7.4', reason: /refuses it: 502/ },
  },
  'a handshake that is cut off': {
    script: { tls: good, handshake: 'close' },
    expected: {
      may: 'plain',
      encrypt: 'unmet',
      verify: 'unmet',
      reason: 'mx.example closed the connection during the TLS handshake.',
    },
  },
  'a handshake that hangs': {
    script: { tls: good, handshake: 'silence' },
    expected: {
      may: 'plain',
      encrypt: 'deferred',
      verify: 'deferred',
      status: '4.4.2',
      reason: 'mx.example did not finish the TLS handshake in time.',
    },
  },
  'TLS 1.0 and 1.1 only': {
    script: { tls: { ...good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } },
    expected: {
      may: 'plain',
      encrypt: 'unmet',
      verify: 'unmet',
      reason: 'mx.example offers only TLS versions older than 1.2.',
    },
  },
  'a response injected before TLS': {
    script: { tls: good, answer: refusing('STARTTLS', '220 Go\r\n250-evil\r\n250 SMTPUTF8') },
    expected: {
      may: 'plain',
      encrypt: 'unmet',
      verify: 'unmet',
      reason: /sent more than the reply to STARTTLS before/,
    },
  },
  'half a response injected before TLS': {
    script: { tls: good, answer: refusing('STARTTLS', '220 Go\r\n250-evil') },
    expected: {
      may: 'plain',
      encrypt: 'unmet',
      verify: 'unmet',
      reason: /sent more than the reply to STARTTLS before/,
    },
  },
  'a dropped connection instead of the STARTTLS reply': {
    script: { tls: good, answer: refusing('STARTTLS', 'close') },
    expected: {
      may: 'deferred',
      encrypt: 'deferred',
      verify: 'deferred',
      status: '4.4.2',
      reason: 'mx.example closed the connection.',
    },
  },
  '421 to STARTTLS': {
    script: { tls: good, answer: refusing('STARTTLS', '421 4.3.2 Later') },
    expected: { may: 'deferred', encrypt: 'deferred', verify: 'deferred', status: '4.3.2' },
  },
  'a temporary greeting': {
    script: { tls: good, greeting: '421 4.7.0 Too busy' },
    expected: { may: 'deferred', encrypt: 'deferred', verify: 'deferred', status: '4.7.0', reason: /Too busy/ },
  },
  'a refusing greeting': {
    script: { tls: good, greeting: '554 5.7.1 Blocked' },
    expected: { may: 'deferred', encrypt: 'deferred', verify: 'deferred', status: '4.3.2', reason: /Blocked/ },
  },
  'no greeting': {
    script: { tls: good, greeting: null },
    expected: {
      may: 'deferred',
      encrypt: 'deferred',
      verify: 'deferred',
      status: '4.4.2',
      reason: 'mx.example did not answer in time.',
    },
  },
  'a greeting in another protocol': {
    script: { tls: good, greeting: 'SSH-2.0-OpenSSH_10' },
    expected: { may: 'deferred', encrypt: 'deferred', verify: 'deferred', status: '4.5.0' },
  },
};

const kinds: Record<string, Outcome['kind']> = {
  secret: 'delivered',
  plain: 'delivered',
  unmet: 'failed',
  deferred: 'deferred',
};
const secretWords = /MAIL FROM|RCPT TO|DATA|Subject/;

describe.each(['may', 'encrypt', 'verify'] as const)('level %s', (tls) => {
  test.each(Object.entries(cases))('%s', async (_, { script, expected }) => {
    await using server = await startServer(script);
    const options = { trust: [root.certPem], timeouts: { connect: 2_000, command: 300, data: 2_000 } };
    await using transmitter = transmitterTo(server.port, options);
    const [outcome] = await transmitter.send(message({ tls }));
    const end = expected[tls];
    expect(outcome).toMatchObject({ kind: kinds[end] });
    const received = server.connections.map(({ plain }) => plain).join('');
    if (end === 'plain') expect(received).toContain('Subject: Hello');
    else expect(received).not.toMatch(secretWords);
    const secret = server.connections.map(({ secret }) => secret).join('');
    expect(secret.includes('Subject: Hello')).toBe(end === 'secret');
    if (outcome?.kind === 'failed') expect(outcome.scope).toBe('method');
    if (end === 'unmet' || end === 'deferred') {
      expect(outcome).toMatchObject({ status: expected.status ?? '5.7.5' });
      if (expected.reason !== undefined)
        expect(outcome).toHaveProperty('reason', expect.stringMatching(expected.reason));
    }
  });
});

describe('a second connection', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('takes the %s session up again and proves as much', async (version) => {
    let resumed = 0;
    await using server = await startServer({
      tls: { cert: deep.cert + intermediate.certPem, key: deep.key, minVersion: version, maxVersion: version },
      secured: (socket) => (resumed += socket.isSessionReused() ? 1 : 0),
      // The next message needs a connection of its own.
      message: () => '421 2.0.0 Bye',
    });
    await using transmitter = transmitterTo(server.port, { trust: [root.certPem] });
    const first = await transmitter.send(message({ tls: 'verify' }));
    const second = await transmitter.send(message({ tls: 'verify' }));
    expect(server.connections.length).toBe(2);
    expect(resumed).toBe(1);
    const [one, two] = [first, second].map(([outcome]) => outcome?.kind !== 'waiting' && outcome?.remote);
    expect(two).toMatchObject({ verifiedBy: 'root Test Root', level: 'verify' });
    expect({ ...two, at: 0 }).toEqual({ ...one, at: 0 });
  });
});

describe('evidence', () => {
  test('of a verified connection names protocol, cipher, root and certificate', async () => {
    await using server = await startServer({
      tls: { cert: deep.cert + intermediate.certPem, key: deep.key, maxVersion: 'TLSv1.2' },
    });
    await using transmitter = transmitterTo(server.port, {
      trust: [`# my roots\n${selfSigned.certPem}${root.certPem}`],
    });
    const [outcome] = await transmitter.send(message({ tls: 'verify' }));
    expect(outcome).toMatchObject({
      kind: 'delivered',
      status: '2.0.0',
      remote: {
        mx: 'mx.example',
        ip: '127.0.0.1',
        tls: 'TLSv1.2',
        cipher: expect.stringMatching(/^ECDHE-ECDSA-/),
        verifiedBy: 'root Test Root',
        certificateSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        reply: '250 2.0.0 Queued',
      },
    });
  });

  test('of an unverified one claims no root but shows the certificate', async () => {
    await using server = await startServer({ tls: good });
    await using transmitter = transmitterTo(server.port);
    const [outcome] = await transmitter.send(message({ tls: 'encrypt' }));
    expect(outcome).toMatchObject({
      remote: { tls: 'TLSv1.3', verifiedBy: null, certificateSha256: expect.any(String) },
    });
    const [refused] = await transmitter.send(message({ tls: 'verify' }));
    expect(refused).toMatchObject({
      kind: 'failed',
      remote: { tls: 'TLSv1.3', verifiedBy: null, certificateSha256: expect.any(String) },
    });
  });

  test('of a plain one is empty', async () => {
    await using server = await startServer({});
    await using transmitter = transmitterTo(server.port);
    const [outcome] = await transmitter.send(message());
    expect(outcome).toMatchObject({ remote: { tls: null, cipher: null, verifiedBy: null, certificateSha256: null } });
  });

  test('an address literal is verified by its IP address', async () => {
    await using server = await startServer({ tls: issued({ san: { ip: ['127.0.0.1'] } }) });
    await using transmitter = transmitterTo(server.port, { trust: [root.certPem] });
    const literal = message({ tls: 'verify', destination: '[127.0.0.1]', to: ['bob@[127.0.0.1]'] });
    expect(await transmitter.send(literal)).toMatchObject([
      { kind: 'delivered', remote: { verifiedBy: 'root Test Root' } },
    ]);
  });
});

test.each([
  ['mx.corp.example', 'delivered'],
  ['a.mx.corp.example', 'failed'],
  ['corp.example', 'failed'],
])('a wildcard stands for one label: %s is %s', async (name, kind) => {
  await using server = await startServer({ tls: issued({ san: { dns: ['*.corp.example'] } }) });
  const zone = { mx: { 'mx.example': [{ preference: 1, exchange: name }] } };
  await using transmitter = transmitterTo(server.port, { trust: [root.certPem], zone });
  expect(await transmitter.send(message({ tls: 'verify' }))).toMatchObject([{ kind }]);
});

test('what was offered before TLS is forgotten', async () => {
  const offers = (secure: boolean) =>
    secure ? '250-mx.example\r\n250 SIZE 100000' : '250-mx.example\r\n250-DSN\r\n250-STARTTLS\r\n250 SIZE 1';
  await using server = await startServer({
    tls: good,
    answer: (verb, _, connection) => (verb === 'EHLO' ? offers(connection.secret !== '') : undefined),
  });
  await using transmitter = transmitterTo(server.port, { trust: [root.certPem] });
  expect(await transmitter.send(message({ tls: 'verify', ret: 'HDRS' }))).toMatchObject([{ kind: 'delivered' }]);
  expect(server.commands().filter((line) => /^(EHLO|MAIL)/.test(line))).toEqual([
    'EHLO gw.postern.example',
    'EHLO gw.postern.example',
    'MAIL FROM:<alice@corp.example> SIZE=46',
  ]);
});
