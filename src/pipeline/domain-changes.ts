/**
 * What is new since the last look at a domain's mail servers: a probe (deliver/probe.ts) and what was known before in, what is known now and the
 * events to tell out. Pure.
 *
 *   changed                                              | told as
 *   -----------------------------------------------------+--------------------------------------------------------------------
 *   MX records name other servers                        | servers, with the level of each
 *   a server shows more or less than before              | level; `secure` and `dane` count as `verify`, since what lifts them is told below
 *   an MTA-STS policy appears, vanishes or changes mode  | mta-sts
 *   TLSA records that can be used appear or vanish       | dane
 *   a certificate has come within 14 days of its end     | certificate, once
 *
 * A server that could not be asked has not changed: what it showed before stays known. The first look at a domain tells of certificates only.
 */
import { type TlsLevel, tlsLevels } from '../config/config.ts';
import type { DomainProbe, Probed } from '../deliver/probe.ts';
import type { Event } from '../event/event.ts';
import type { CheckedHost, DomainCheck } from '../store/store.ts';

/** Milliseconds before the end of a certificate. */
export const endsSoon = 14 * 86_400_000;

/** What is known after a probe, or after the sentence why there was nothing to probe. */
export function checkOf(found: DomainProbe | string, before: DomainCheck | null): DomainCheck {
  if (typeof found === 'string')
    return { ...(before ?? { hosts: [], sts: null, signed: false }), trouble: found.slice(0, maxText) };
  const { sts, signed } = found;
  return {
    hosts: found.hosts.map((host) => hostOf(host, before?.hosts.find((known) => known.host === host.host) ?? null)),
    sts: sts === null ? null : { id: sts.id, mode: sts.policy.mode },
    signed,
    trouble: null,
  };
}

/** Characters of a sentence about a stranger's server that are kept. */
const maxText = 500;

function hostOf(probed: Probed, before: CheckedHost | null): CheckedHost {
  const { host, preference, ip, level } = probed;
  return {
    host,
    preference,
    ip,
    level: level ?? before?.level ?? null,
    dane: probed.dane ?? before?.dane ?? null,
    certificateUntil: level === null ? (before?.certificateUntil ?? null) : probed.certificateUntil,
    defect: probed.defects[0]?.slice(0, maxText) ?? null,
  };
}

type Changed = Extract<Event, { kind: 'domain.changed' }>;

export function changesIn(
  domain: string,
  before: { readonly check: DomainCheck | null; readonly at: number },
  after: DomainCheck,
  now: number,
): Changed[] {
  if (after.trouble !== null) return [];
  const known = before.check === null || before.check.hosts.length === 0 ? null : before.check;
  const changes = [
    ...(known === null ? [] : changesSince(known, after)),
    ...certificates(known, before.at, after, now),
  ];
  return changes.map((change) => ({ kind: 'domain.changed', domain, ...change }));
}

type Change = Omit<Changed, 'kind' | 'domain'>;

function changesSince(before: DomainCheck, after: DomainCheck): Change[] {
  const changes: Change[] = [];
  if (namesOf(before) !== namesOf(after))
    changes.push({ what: 'servers', host: null, was: serversOf(before), is: serversOf(after) });
  for (const { host, level } of after.hosts) {
    const was = before.hosts.find((known) => known.host === host)?.level ?? null;
    if (was !== null && level !== null && ownRank(was) !== ownRank(level))
      changes.push({ what: 'level', host, was, is: level });
  }
  const [wasMode, isMode] = [before.sts?.mode ?? null, after.sts?.mode ?? null];
  if (wasMode !== isMode) changes.push({ what: 'mta-sts', host: null, was: wasMode, is: isMode });
  const [wasDane, isDane] = [daneOf(before), daneOf(after)];
  if (wasDane !== isDane && wasDane !== null && isDane !== null)
    changes.push({ what: 'dane', host: null, was: wasDane ? 'TLSA' : null, is: isDane ? 'TLSA' : null });
  return changes;
}

function certificates(before: DomainCheck | null, beforeAt: number, after: DomainCheck, now: number): Change[] {
  return after.hosts.flatMap(({ host, certificateUntil: until }) => {
    if (until === null || until <= now || until - now > endsSoon) return [];
    const known = before?.hosts.find((each) => each.host === host)?.certificateUntil ?? null;
    const told = known === until && until - beforeAt <= endsSoon;
    return told ? [] : [{ what: 'certificate', host, was: null, is: new Date(until).toISOString().slice(0, 10) }];
  });
}

const namesOf = ({ hosts }: DomainCheck): string =>
  hosts
    .map(({ host }) => host)
    .toSorted()
    .join(' ');

function serversOf({ hosts }: DomainCheck): string {
  return hosts.map(({ host, level }) => `${host} (${level ?? 'not reached'})`).join(', ');
}

/** Null when it is not known of every server. */
function daneOf({ hosts }: DomainCheck): boolean | null {
  return hosts.some(({ dane }) => dane === null) ? null : hosts.some(({ dane }) => dane === true);
}

/** The level that a server shows by itself. */
function ownRank(level: TlsLevel): number {
  return Math.min(tlsLevels.indexOf(level), tlsLevels.indexOf('verify'));
}
