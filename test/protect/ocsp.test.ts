/** What an OCSP answer is worth, octet by octet; real responders are in test/keys/check.test.ts. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { namedBy } from '../../src/protect/crl.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { ocspRequest, readOcspResponse } from '../../src/protect/ocsp.ts';
import { hasOpenssl } from './by-openssl.ts';

const authority = issueCertificate({ subject: 'CA', ca: true });
const anna = issueCertificate({ subject: 'Anna', issuer: authority, san: { email: ['anna@partner.example'] } });
const certificate = new X509Certificate(anna.certPem);
const asked = namedBy(certificate, new X509Certificate(authority.certPem));
const now = Date.now() + 60_000;

/** What `openssl ocsp` answers to our question. */
function answerOf(state: 'V' | 'R'): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'postern-ocsp-'));
  using _folder = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
  const file = (name: string) => join(folder, name);
  writeFileSync(file('ca.pem'), authority.certPem);
  writeFileSync(file('ca.key'), authority.keyPem);
  writeFileSync(file('request'), ocspRequest(asked));
  const revoked = state === 'R' ? '250101000000Z,superseded' : '';
  writeFileSync(file('index'), `${state}\t400101000000Z\t${revoked}\t${certificate.serialNumber}\tunknown\t/CN=x\n`);
  const files = ['-index', file('index'), '-CA', file('ca.pem'), '-rsigner', file('ca.pem'), '-rkey', file('ca.key')];
  const options = ['-reqin', file('request'), '-respout', file('response'), '-ndays', '1', '-noverify'];
  execFileSync('openssl', ['ocsp', ...files, ...options], { stdio: 'pipe' });
  return readFileSync(file('response'));
}

describe.skipIf(!hasOpenssl && !process.env['CI'])('an answer', () => {
  test('is read', () => {
    expect(readOcspResponse(answerOf('V'), asked, now)).toMatchObject({ kind: 'good' });
    expect(readOcspResponse(answerOf('R'), asked, now)).toMatchObject({ kind: 'revoked', why: 'it was replaced' });
  });

  test('that is bent never makes a revoked certificate good, and brings nothing down', () => {
    const whole = answerOf('R');
    const kinds = new Set<string>();
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bent = Buffer.from(whole);
        bent[at] = (bent[at] ?? 0) ^ flip;
        const { kind } = readOcspResponse(bent, asked, now);
        kinds.add(kind);
        expect(kind).not.toBe('good');
      }),
      { numRuns: 3_000 },
    );
    expect(kinds).toContain('unknown');
    fc.assert(
      fc.property(fc.nat(whole.length - 1), (length) => {
        expect(readOcspResponse(whole.subarray(0, length), asked, now).kind).toBe('unknown');
      }),
    );
  });

  test.each<[string, string, RegExp]>([
    ['later', '30030a0103', /asks to try later$/],
    ['no', '30030a0106', /refuses to answer \(6\)$/],
    ['nothing', '', /cannot be read$/],
    ['a shrug', '30030a0100', /cannot be read$/],
  ])('that says %s', (_name, hex, expected) => {
    expect(readOcspResponse(Buffer.from(hex, 'hex'), asked, now)).toMatchObject({
      kind: 'unknown',
      why: expect.stringMatching(expected),
    });
  });
});

const corpus = '../shared/corpora/openssl/test/ocsp-tests';
test.skipIf(!existsSync(corpus))("of OpenSSL's, all signed with SHA-1, none is believed", () => {
  const files = readdirSync(corpus).filter((name) => name.endsWith('.ors'));
  const issuer = new X509Certificate(readFileSync(join(corpus, 'ND1_Issuer_ICA.pem')));
  const about = namedBy(new X509Certificate(readFileSync(join(corpus, 'ND1_Cert_EE.pem'))), issuer);
  const answers = files.map((name) => {
    const octets = Buffer.from(readFileSync(join(corpus, name), 'latin1'), 'base64');
    return readOcspResponse(octets, about, Date.parse('2012-10-11T12:00:00Z'));
  });
  expect(answers.length).toBeGreaterThan(20);
  expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['unknown']));
});
