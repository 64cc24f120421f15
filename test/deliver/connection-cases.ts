/**
 * Mail servers whose STARTTLS, handshake or certificate is not what it should be (T-3, T-8), and how a message ends at each level, and under
 * what the domain itself demands. tls.test.ts asserts it, the measurement tls-matrix prints it.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsLevel } from '../../src/config/config.ts';
import { keyRecord } from '../../src/deliver/dane.ts';
import type { TransmitterOptions } from '../../src/deliver/pool.ts';
import { type IssueRequest, issueCertificate } from '../../src/protect/issue.ts';
import type { End } from './ends.ts';
import type { Script } from './scripted-server.ts';
import type { Zone } from './transmit.ts';

export const root = issueCertificate({ subject: 'Test Root', ca: true });
const host = 'mx.example';
export const issued = (changes: Partial<IssueRequest> = {}) => {
  const { certPem, keyPem } = issueCertificate({ subject: host, issuer: root, san: { dns: [host] }, ...changes });
  return { cert: certPem, key: keyPem };
};
const day = 86_400_000;
const expired = Date.now() - 3 * day;
export const good = issued();
export const selfSigned = issueCertificate({ subject: host, san: { dns: [host] } });
const intermediate = issueCertificate({ subject: 'Test Intermediate', issuer: root, ca: true });
const deep = issued({ issuer: intermediate });
export const chained = { cert: deep.cert + intermediate.certPem, key: deep.key };

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
  /** How each level ends. */
  readonly may: End;
  readonly encrypt: End;
  readonly verify: End;
  /** With the key published as a TLSA record, where that makes another end than `encrypt`. */
  readonly dane?: End;
  readonly status?: string;
  readonly reason?: string | RegExp;
};

export const cases: Record<string, { readonly script: Script; readonly expected: Expected }> = {
  'a good certificate': { script: { tls: good }, expected: { may: 'secret', encrypt: 'secret', verify: 'secret' } },
  'a good chain': {
    script: { tls: chained },
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
            dane: 'lifted',
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

/** What is asked of the server, or demanded by the domain; and what that makes of each case. */
export const demands: Record<
  string,
  {
    readonly asked: TlsLevel;
    readonly end: (expected: Expected) => End;
    /** What the domain has published, for a server on this port. */
    readonly published?: (script: Script, port: number) => Partial<TransmitterOptions> & { zone?: Zone };
  }
> = {
  may: { asked: 'may', end: ({ may }) => may },
  encrypt: { asked: 'encrypt', end: ({ encrypt }) => encrypt },
  verify: { asked: 'verify', end: ({ verify }) => verify },
  'MTA-STS enforce': { asked: 'may', end: ({ verify }) => promised(verify), published: () => stsOf('enforce') },
  'MTA-STS testing': { asked: 'may', end: ({ may }) => may, published: () => stsOf('testing') },
  // Whoever publishes the key need not care for authorities, names and dates: RFC 7671 section 5.1.
  'DANE, of the key shown': {
    asked: 'may',
    end: ({ encrypt, dane }) => dane ?? promised(encrypt),
    published: ({ tls }, port) => daneOf(leafOf(tls?.cert), port),
  },
  'DANE, of another key': {
    asked: 'may',
    end: ({ encrypt }) => (encrypt === 'deferred' ? 'deferred' : 'lifted'),
    published: (_, port) => daneOf(selfSignedToo.certPem, port),
  },
};

const promised = (end: End): End => (end === 'unmet' ? 'lifted' : end);
const selfSignedToo = issueCertificate({ subject: host, san: { dns: [host] } });
const leafOf = (pem: unknown): string => (typeof pem === 'string' ? pem : good.cert);

function stsOf(mode: 'enforce' | 'testing') {
  return { sts: async () => ({ id: '2026a', policy: { mode, mx: [host], maxAge: 86_400 } }) };
}

function daneOf(cert: string, port: number) {
  const mx = { [host]: [{ preference: 1, exchange: host }] };
  return { zone: { signed: true, mx, tlsa: { [`_${port}._tcp.${host}`]: [keyRecord(cert)] } } };
}
