/**
 * What a mail server must prove before it gets a message: the level asked for, lifted by what its domain has published and by what it has
 * shown before. Asked once per host, before the connection; connection.ts holds it to it.
 *
 *   what is known                                       | the server must show
 *   ----------------------------------------------------+------------------------------------------------------------
 *   usable TLSA records in signed DNS                   | a certificate that matches one of them (`dane`)
 *   TLSA records in signed DNS, none of them usable     | TLS, with any certificate (RFC 7672 section 2.2)
 *   TLSA records that cannot be looked up               | nothing is sent there now: an attacker could be the reason
 *   an MTA-STS policy that is enforced                  | that the policy names it, and a good chain for its name (`secure`)
 *   the domain was reached at a level before            | that level at least, as far as a certificate can show it (`verify`)
 *   none of these                                       | what was asked
 *
 * DANE goes before MTA-STS (RFC 8461 section 2); a pin goes before both, and what it does not name gets nothing. What was asked always holds as well: `dane` without records, and `secure` for a name
 * that nothing vouches for, cannot be met. A name is vouched for by MTA-STS, by signed DNS, or by the admin's own pin.
 */
import { type TlsLevel, tlsLevels } from '../config/config.ts';
import type { TlsFault } from '../mail/tls-report.ts';
import type { Resolver, TlsaRecord } from '../net/resolver.ts';
import { usable } from './dane.ts';
import type { Host } from './route.ts';
import { namesHost, type StsPolicy } from './sts-policy.ts';
import { notNamed } from './tls-session.ts';

export type Demand = {
  readonly level: TlsLevel;
  /** For level `dane`: one of these must match. Empty otherwise. */
  readonly tlsa: readonly TlsaRecord[];
  /** Names that a certificate under TLSA usage 2 may carry. */
  readonly names: readonly string[];
  /** What vouches for the server's name, for the evidence: "MTA-STS policy 2026a", "DNSSEC", "pin"; null when nothing does. */
  readonly vouchedBy: string | null;
  /** Who wants more than was asked: "the MTA-STS policy of b.example", or null when it is as asked. */
  readonly liftedBy: string | null;
};

export type Demanded = {
  /** The TLSA records in signed DNS, usable or not. */
  readonly published: readonly TlsaRecord[];
} & (
  | { readonly kind: 'demand'; readonly demand: Demand }
  /** `unmet`: this server can never meet it; `unreachable`: nobody knows now. `reason` is a sentence. */
  | {
      readonly kind: 'unmet' | 'unreachable';
      readonly status: string;
      readonly reason: string;
      readonly liftedBy: string | null;
      /** What the domain did wrong, in the words of reports; null where it is our own demand that cannot be met. */
      readonly fault: TlsFault | null;
    }
);

/** A domain's MTA-STS policy as it is remembered (sts.ts). */
export type Sts = { readonly id: string; readonly policy: StsPolicy };

export type Known = {
  /** The recipients' domain. */
  readonly domain: string;
  readonly asked: TlsLevel;
  /** What the names of the hosts come from when it can be relied on: signed DNS, or the admin's configuration; else null. */
  readonly namedBy: 'DNSSEC' | 'configuration' | null;
  /** The port, which is part of the name of TLSA records. */
  readonly port: number;
  readonly sts: Sts | null;
  /** Host names that the admin pinned for the domain ("mx.b.example", "*.b.example"); null without a pin. */
  readonly pin: readonly string[] | null;
  /** The level at which the domain was reached before, or null. */
  readonly floor: TlsLevel | null;
};

/** What `host` must prove to get mail for the domain. */
export async function demandOf(host: Host, known: Known, resolver: Pick<Resolver, 'tlsa'>): Promise<Demanded> {
  const { domain, asked, sts, pin } = known;
  const vouchedBy = voucher(host.name, known);
  // RFC 7672 section 3.2.2: the name where aliases ended counts only where each of them is signed; others may be an attacker's.
  const names = [...new Set([host.name, ...(host.signed ? [host.canonical] : []), domain])];
  const lookedUp = known.namedBy !== null ? await tlsaOf(host, known.port, resolver) : null;
  if (lookedUp?.kind === 'failed') {
    const { reason } = lookedUp;
    const fault = { result: 'dnssec-invalid', code: null } as const;
    return { kind: 'unreachable', status: '4.7.5', reason, liftedBy: daneOf(host), fault, published: [] };
  }
  const published = lookedUp?.records ?? [];
  if (pin !== null && !namesHost({ mode: 'enforce', mx: pin, maxAge: 0 }, host.name)) {
    const reason = `${host.name} is not among the mail servers pinned for ${domain}.`;
    const liftedBy = rank(asked) >= rank('secure') ? null : `the pin for ${domain}`;
    return { kind: 'unmet', status: '5.7.5', reason, liftedBy, fault: null, published };
  }
  const records = usable(published);
  if (records.length > 0) {
    const liftedBy = asked === 'dane' ? null : daneOf(host);
    return { kind: 'demand', demand: { level: 'dane', tlsa: records, names, vouchedBy, liftedBy }, published };
  }
  if (asked === 'dane') {
    const reason = `${host.name} has no usable TLSA records in signed DNS.`;
    const fault = { result: 'dane-required', code: null } as const;
    return { kind: 'unmet', status: '5.7.4', reason, liftedBy: null, fault, published };
  }
  const lifted = liftOf(host, known, published.length > 0);
  const stsOf = `the MTA-STS policy of ${domain}`;
  if (sts?.policy.mode === 'enforce' && !namesHost(sts.policy, host.name)) {
    const reason = `${host.name} is not among the mail servers that ${stsOf} names.`;
    const liftedBy = asked === 'secure' ? null : stsOf;
    return { kind: 'unmet', status: '5.7.5', reason, liftedBy, fault: notNamed, published };
  }
  if (asked === 'secure' && vouchedBy === null) {
    const reason = `Nothing vouches for ${host.name} as a mail server of ${domain}: no MTA-STS policy, no signed DNS, no pin.`;
    return { kind: 'unmet', status: '5.7.4', reason, liftedBy: null, fault: null, published };
  }
  return { kind: 'demand', demand: { ...lifted, tlsa: [], names, vouchedBy }, published };
}

const daneOf = (host: Host): string => `the TLSA records of ${host.name}`;

/** The strictest of what is asked, what the domain enforces and what it has shown; who wants it, when that is more than was asked. */
function liftOf(host: Host, known: Known, tlsaUnusable: boolean): Pick<Demand, 'level' | 'liftedBy'> {
  const { asked, domain, sts, pin, floor } = known;
  const wishes: { level: TlsLevel; liftedBy: string | null }[] = [{ level: asked, liftedBy: null }];
  if (tlsaUnusable) wishes.push({ level: 'encrypt', liftedBy: daneOf(host) });
  if (sts?.policy.mode === 'enforce') wishes.push({ level: 'secure', liftedBy: `the MTA-STS policy of ${domain}` });
  if (pin !== null) wishes.push({ level: 'secure', liftedBy: `the pin for ${domain}` });
  if (floor !== null) {
    // Records and policies that are gone cannot be demanded again; a certificate that was good can.
    const level = rank(floor) > rank('verify') ? 'verify' : floor;
    wishes.push({ level, liftedBy: `what ${domain} has shown before` });
  }
  return wishes.reduce((strictest, wish) => (rank(wish.level) > rank(strictest.level) ? wish : strictest));
}

function voucher(host: string, { sts, pin, namedBy }: Known): string | null {
  if (sts !== null && sts.policy.mode !== 'none' && namesHost(sts.policy, host)) return `MTA-STS policy ${sts.id}`;
  if (pin !== null && namesHost({ mode: 'enforce', mx: pin, maxAge: 0 }, host)) return 'pin';
  return namedBy;
}

type LookedUp =
  | { readonly kind: 'records'; readonly records: readonly TlsaRecord[] }
  | { readonly kind: 'failed'; readonly reason: string };

/** RFC 7672 section 2.2.2: under the name where signed aliases ended, then under the name in the MX record. */
async function tlsaOf(host: Host, port: number, resolver: Pick<Resolver, 'tlsa'>): Promise<LookedUp> {
  // RFC 7672 section 2.2.2: with addresses in an unsigned zone there can be records only where the alias itself is signed.
  if (!host.signed && host.canonical === host.name) return { kind: 'records', records: [] };
  const names = host.signed ? [...new Set([host.canonical, host.name])] : [host.name];
  for (const name of names) {
    const answer = await resolver.tlsa(`_${port}._tcp.${name}`);
    if (answer.kind === 'failed') {
      return { kind: 'failed', reason: `The TLSA records of ${name} cannot be looked up: ${answer.reason}.` };
    }
    if (answer.kind === 'found' && answer.authenticated) return { kind: 'records', records: answer.records };
  }
  return { kind: 'records', records: [] };
}

function rank(level: TlsLevel): number {
  return tlsLevels.indexOf(level);
}
