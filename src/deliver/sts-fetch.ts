/**
 * Fetching a domain's MTA-STS policy: https://mta-sts.DOMAIN/.well-known/mta-sts.txt, through the guard of net/https.ts. RFC 8461 section 3.3: plain
 * text, answered with 200, from a host whose certificate is good for that very name; a redirect is no answer.
 */
import { askHttps, type HttpsPorts } from '../net/https.ts';
import { maxPolicyBytes, readPolicy, type StsPolicy } from './sts-policy.ts';

export type Fetched = { readonly kind: 'policy'; readonly policy: StsPolicy } | FetchFailed;

export type FetchFailed = {
  readonly kind: 'failed';
  /** A sentence. */
  readonly reason: string;
  /** The word that TLS reports use (RFC 8460 section 4.3.2.2). */
  readonly result: 'sts-policy-fetch-error' | 'sts-policy-invalid' | 'sts-webpki-invalid';
};

/** RFC 8461 section 3.3 suggests a minute; a message waits for this. */
const timeout = 20_000;

/** @param port 443, but for the sandbox and tests. */
export async function fetchPolicy(domain: string, port: number, ports: HttpsPorts): Promise<Fetched> {
  const host = `mta-sts.${domain}`;
  const path = '/.well-known/mta-sts.txt';
  const answer = await askHttps({ host, port, path, method: 'GET', maxBytes: maxPolicyBytes, timeout }, ports);
  if (answer.kind === 'failed') {
    const result = answer.reason.includes('certificate') ? 'sts-webpki-invalid' : 'sts-policy-fetch-error';
    return { kind: 'failed', reason: `${host} ${answer.reason}.`, result };
  }
  if (answer.status !== 200) {
    const why = answer.status >= 300 && answer.status < 400 ? ', and redirects are not followed' : '';
    return failed(`${host} answered ${answer.status} to the request for the policy${why}.`, 'sts-policy-fetch-error');
  }
  if (answer.type !== 'text/plain') return failed(`${host} sends the policy not as text/plain.`, 'sts-policy-invalid');
  const reading = readPolicy(answer.body.toString('latin1'));
  if (!reading.ok) return failed(`The policy of ${domain} ${reading.reason}.`, 'sts-policy-invalid');
  return { kind: 'policy', policy: reading.policy };
}

function failed(reason: string, result: FetchFailed['result']): Fetched {
  return { kind: 'failed', reason, result };
}
