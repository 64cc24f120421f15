/**
 * Web hosts of MTA-STS policies that misbehave (T-9), and why each gives no policy. sts-fetch.test.ts asserts it, the measurement tls-matrix prints it.
 */
import type { Fetched } from '../../src/deliver/sts-fetch.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { type PolicySite, policyText } from '../../src/sandbox/policy-host.ts';
import { identityFor, name, root } from './one-domain.ts';

type Result = Extract<Fetched, { kind: 'failed' }>['result'];

export type PolicyCase = {
  readonly site: PolicySite;
  /** PEM roots that the asker trusts. */
  readonly roots: readonly string[];
  /** Words of the reason, and the word for it in TLS reports. */
  readonly words: string;
  readonly result: Result;
  /** Whether the host got to see a request. */
  readonly asked: boolean;
};

export const body = policyText('enforce', ['mx.b.example']);
export const goodSite: PolicySite = { domain: name, identity: identityFor(`mta-sts.${name}`), body };

const answered = (words: string, result: Result, changes: Partial<PolicySite>): PolicyCase => {
  return { site: { ...goodSite, ...changes }, roots: [root.certPem], words, result, asked: true };
};
const unproved = (identity: PolicySite['identity'], roots = [root.certPem]): PolicyCase => {
  const words = `mta-sts.${name} shows`;
  return { site: { ...goodSite, identity }, roots, words, result: 'sts-webpki-invalid', asked: false };
};
const hour = 3_600_000;
const expired = { notBefore: Date.now() - 2 * hour, notAfter: Date.now() - hour };

export const policyCases: Record<string, PolicyCase> = {
  'a redirect': answered('redirects are not followed', 'sts-policy-fetch-error', {
    status: 301,
    headers: { 'content-type': 'text/plain', location: 'https://evil.example/policy.txt' },
  }),
  '404': answered('answered 404', 'sts-policy-fetch-error', { status: 404 }),
  '203': answered('answered 203', 'sts-policy-fetch-error', { status: 203 }),
  'a web page': answered('not as text/plain', 'sts-policy-invalid', { headers: { 'content-type': 'text/html' } }),
  'no media type': answered('not as text/plain', 'sts-policy-invalid', { headers: {} }),
  'too much of it': answered('more than 65536', 'sts-policy-fetch-error', { body: body + ' '.repeat(70_000) }),
  nonsense: answered(`The policy of ${name} has a line`, 'sts-policy-invalid', { body: 'hello' }),
  'a connection cut short': answered(`mta-sts.${name}`, 'sts-policy-fetch-error', { hangsUp: 'at once' }),
  // Cut anywhere, it could pass for a policy of a few seconds.
  'an answer that only the connection ends': answered('did not say how long', 'sts-policy-fetch-error', {
    hangsUp: 'at the end',
  }),
  'an answer that takes too long': answered('did not answer in time', 'sts-policy-fetch-error', { delay: 60_000 }),
  'an expired certificate': unproved(identityFor(`mta-sts.${name}`, expired)),
  'a certificate for another name': unproved(identityFor(name)),
  'a certificate of a stranger': unproved(goodSite.identity, [
    issueCertificate({ subject: 'Other', ca: true }).certPem,
  ]),
};

/** Addresses at which no policy host is asked. */
export const privateAddresses = [
  '127.0.0.1',
  '10.0.0.1',
  '169.254.169.254',
  '::1',
  '::ffff:127.0.0.1',
  '0.0.0.0',
  '64:ff9b::7f00:1',
];
