/**
 * What TLS reports are told of one session: which policy applied to the host, and whether the session kept it. Pure: what demand.ts and
 * connection.ts found in, one value out.
 *
 *   policy that applied          | the session kept it when
 *   -----------------------------+------------------------------------------------------------------------------------------
 *   TLSA records                 | the certificate matches one of them; records that nobody can use are a miss, although mail goes on
 *   MTA-STS, enforced or testing | the policy names the host and its certificate is good; under `testing` mail goes on without
 *   none                         | there was TLS, unless more was asked of it here and not met
 *   MTA-STS, not to be had       | never (`withoutPolicy`)
 *
 * Hosts that were not reached, and what our own admin demands of names (pins), are nobody's TLS and not told. RFC 8460 section 4.3.4.
 */
import type { TlsFault, TlsPolicy, TlsSession } from '../mail/tls-report.ts';
import type { TlsaRecord } from '../net/resolver.ts';
import type { Connection, Refused } from './connection.ts';
import { recordText } from './dane.ts';
import type { Demand, Sts } from './demand.ts';
import type { Host } from './route.ts';
import type { FetchFailed } from './sts-fetch.ts';
import { namesHost } from './sts-policy.ts';

/** What the domain has published for a host. RFC 8461 section 2: DANE goes first. */
export type Published = {
  /** The recipients' domain. */
  readonly domain: string;
  readonly host: Host;
  readonly sts: Sts | null;
  /** All in signed DNS, usable or not. */
  readonly tlsa: readonly TlsaRecord[];
};

/** A connection that was opened, or refused, after `demand`; null when there is nothing to tell. */
export function sessionOf(published: Published, demand: Demand, connection: Connection | Refused): TlsSession | null {
  if (connection.kind !== 'open') {
    return connection.fault === null ? null : missed(published, connection.fault, connection.remote.ip);
  }
  const fault = faultOf(published, demand, connection);
  if (fault !== null) return missed(published, fault, connection.target.ip);
  return { domain: published.domain, policy: policyOf(published), miss: null };
}

/** A host to which no connection was opened, because of what its domain published. */
export function missed(published: Published, fault: TlsFault, ip: string | null): TlsSession {
  const { domain, host } = published;
  const policy = fault.result === 'dnssec-invalid' ? tlsaPolicy(host, []) : policyOf(published);
  return { domain, policy, miss: { result: fault.result, code: fault.code, mx: host.name, ip } };
}

/** The session of a domain that says it has an MTA-STS policy, when that could not be had and no other applied. */
export function withoutPolicy(session: TlsSession, trouble: FetchFailed): TlsSession {
  const { domain, policy } = session;
  if (policy.type !== 'no-policy-found') return session;
  return {
    domain,
    policy: { type: 'sts', lines: [], domain, mx: [] },
    miss: { result: trouble.result, code: null, mx: null, ip: null },
  };
}

function faultOf({ host, sts, tlsa }: Published, demand: Demand, connection: Connection): TlsFault | null {
  if (tlsa.length > 0) return demand.level === 'dane' ? null : { result: 'tlsa-invalid', code: null };
  if (sts === null || connection.fault !== null) return connection.fault;
  return namesHost(sts.policy, host.name) ? (connection.shown?.defect ?? null) : notNamed;
}

/** The RFC has no word for a host that an MTA-STS policy does not name. */
export const notNamed: TlsFault = { result: 'validation-failure', code: 'MX_NOT_IN_STS_POLICY' };

function policyOf({ domain, host, sts, tlsa }: Published): TlsPolicy {
  if (tlsa.length > 0) return tlsaPolicy(host, tlsa);
  if (sts === null) return { type: 'no-policy-found', lines: [], domain, mx: [] };
  const { mode, mx, maxAge } = sts.policy;
  const lines = ['version: STSv1', `mode: ${mode}`, ...mx.map((name) => `mx: ${name}`), `max_age: ${maxAge}`];
  return { type: 'sts', lines, domain, mx };
}

function tlsaPolicy(host: Host, records: readonly TlsaRecord[]): TlsPolicy {
  return { type: 'tlsa', lines: records.map(recordText), domain: host.name, mx: [] };
}
