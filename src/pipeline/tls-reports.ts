/**
 * TLS reports to the domains that ask for them: when a day (UTC) is over, its counts become one report for each domain, which goes to where the
 * domain's DNS says: by mail, as a message of our own, or by HTTPS.
 *
 * Each report has a moment of its own within the four hours after midnight (RFC 8460 section 4.1), so that neither we nor those who take reports for
 * many domains do all at once. One process does it: whoever claims the counts first. The claim comes before the report, so a crash in between loses one
 * report; nobody gets two. Counts that nobody asked for are dropped the same way.
 *
 * The message leaves with opportunistic TLS whatever the domain demands (`asAsked` in deliver/pool.ts), and its session is not counted. What HTTPS does
 * not take is tried once more an hour later; mail has its own queue.
 *
 * Limits: of the places a domain names, the first two that can be used. No report is made of a day that is more than three days over.
 */
import { createHash, randomUUIDv7 } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Config, Reporting } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import { domainOf } from '../mail/address.ts';
import { signMessage } from '../mail/dkim.ts';
import { type ReportTarget, readReportRecord, reportJson, type TlsTally, tallied } from '../mail/tls-report.ts';
import { tlsReportMessage } from '../mail/tls-report-mail.ts';
import type { HttpsAnswer, HttpsRequest } from '../net/https.ts';
import type { Resolver } from '../net/resolver.ts';
import type { Store } from '../store/store.ts';
import { type Accept, describe } from './accept.ts';

export type TlsReporter = {
  /** Sends some of what is due; for every few seconds (one at a time: others return at once). Rejects for trouble of the database. */
  turn(): Promise<void>;
};

export type TlsReporterPorts = {
  readonly reporting: Reporting;
  readonly config: Pick<Config, 'hostname' | 'tenants'>;
  readonly store: Pick<Store, 'unreportedTls' | 'claimTlsReport' | 'forgetTls'>;
  readonly resolver: Pick<Resolver, 'txt'>;
  readonly ask: (request: HttpsRequest) => Promise<HttpsAnswer>;
  readonly submit: Accept['submit'];
  readonly emit: (event: Event) => void;
  readonly now: () => number;
};

type Due = { readonly day: string; readonly domain: string };

/** A report that is made, on its way to one place. */
type Parcel = Due & {
  readonly to: ReportTarget;
  readonly id: string;
  readonly fileName: string;
  readonly gzip: Buffer;
};

const dayLength = 86_400_000;
/** Milliseconds after midnight: no sooner, since the last counts of the day must be on disk; and how long the reports of a day are spread. */
const settling = 15 * 60_000;
const spread = 4 * 60 * 60_000;
const lookEvery = 5 * 60_000;
const tryAgainAfter = 60 * 60_000;
/** Reports in one turn, so that a turn has an end; at once, so that a slow server does not hold up the others. */
const inOneTurn = 50;
const atOnce = 10;
const maxWaiting = 1_000;
const maxTargets = 2;
const keptDays = 3;
const postTimeout = 20_000;

export function createTlsReporter(ports: TlsReporterPorts): TlsReporter {
  let busy = false;
  let lookAt = 0;
  let due: Due[] = [];
  let again: { readonly parcel: Parcel; readonly at: number }[] = [];

  const look = async (): Promise<void> => {
    const now = ports.now();
    if (now < lookAt) return;
    await ports.store.forgetTls(dayOf(now - (keptDays + 1) * dayLength));
    due = (await ports.store.unreportedTls(dayOf(now))).filter((each) => now >= momentOf(each, ports.config.hostname));
    lookAt = now + lookEvery;
  };

  const send = async (parcel: Parcel, last: boolean): Promise<void> => {
    const reason = await deliver(parcel, ports);
    const { day, domain } = parcel;
    const to = placeOf(parcel.to);
    if (reason === null) return ports.emit({ kind: 'tlsReport.sent', domain, day, recipient: to });
    ports.emit({ kind: 'tlsReport.failed', domain, day, recipient: to, reason });
    if (!last && again.length < maxWaiting) again.push({ parcel, at: ports.now() + tryAgainAfter });
  };

  return {
    turn: async () => {
      if (busy) return;
      busy = true;
      try {
        await look();
        const now = ports.now();
        const second = again.filter(({ at }) => at <= now);
        again = again.filter(({ at }) => at > now);
        await inGroups(second, ({ parcel }) => send(parcel, true));
        await inGroups(due.splice(0, inOneTurn), async (each) => {
          for (const parcel of await parcelsOf(each, ports)) await send(parcel, false);
        });
      } finally {
        busy = false;
      }
    },
  };
}

/** When the report of a day is due. Two gateways of one organisation differ, and so do the domains. */
function momentOf({ day, domain }: Due, hostname: string): number {
  const share = createHash('sha256').update(`${day} ${domain} ${hostname}`).digest().readUInt32BE(0) / 2 ** 32;
  return Date.parse(day) + dayLength + settling + share * spread;
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

async function inGroups<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += atOnce) {
    await Promise.all(items.slice(start, start + atOnce).map(work));
  }
}

/** The report of a domain and day, once for each place it goes to; none when the domain does not ask, or somebody else has taken it. */
async function parcelsOf({ day, domain }: Due, ports: TlsReporterPorts): Promise<Parcel[]> {
  const record = await ports.resolver.txt(`_smtp._tls.${domain}`);
  // Nobody knows now; it stays due.
  if (record.kind === 'failed') return [];
  const targets = record.kind === 'found' ? readReportRecord(record.records).slice(0, maxTargets) : [];
  const tallies = await ports.store.claimTlsReport(day, domain, ports.now());
  if (tallies === null || targets.length === 0) return [];
  const made = reportOf({ day, domain }, tallies, ports.reporting);
  return targets.map((to) => ({ day, domain, to, ...made }));
}

function reportOf({ day, domain }: Due, tallies: readonly TlsTally[], { contact, organization }: Reporting) {
  const id = randomUUIDv7();
  const start = Date.parse(day);
  const end = start + dayLength - 1_000;
  const json = reportJson({ organization, contact, id, start, end, policies: tallied(tallies) });
  // RFC 8460 section 5.1.
  const fileName = `${domainOf(contact)}!${domain}!${start / 1_000}!${end / 1_000}!${id.slice(-12)}.json.gz`;
  return { id, fileName, gzip: gzipSync(json) };
}

/** Null when it was taken, else why not: a clause that continues with the place as its subject. */
function deliver(parcel: Parcel, ports: TlsReporterPorts): Promise<string | null> {
  const { to } = parcel;
  return to.kind === 'https' ? post(to.url, parcel, ports) : mail(to.address, parcel, ports);
}

async function post(url: URL, parcel: Parcel, ports: TlsReporterPorts): Promise<string | null> {
  const answer = await ports.ask({
    host: url.hostname,
    port: url.port === '' ? 443 : Number(url.port),
    path: `${url.pathname}${url.search}`,
    method: 'POST',
    headers: { 'content-type': 'application/tlsrpt+gzip' },
    body: parcel.gzip,
    maxBytes: 65_536,
    timeout: postTimeout,
  });
  if (answer.kind === 'failed') return answer.reason;
  return answer.status >= 200 && answer.status < 300 ? null : `answered ${answer.status}`;
}

async function mail(to: string, parcel: Parcel, ports: TlsReporterPorts): Promise<string | null> {
  const { reporting, config, now } = ports;
  const { from, contact, dkim } = reporting;
  const { day, domain, id, fileName, gzip: compressed } = parcel;
  const { hostname } = config;
  const date = now();
  const plain = tlsReportMessage({ from, to, domain, contact, id, hostname, day, fileName, compressed, date });
  const bytes = dkim === null ? plain : signMessage(plain, { ...dkim, domain: domainOf(from) }, date);
  try {
    await ports.submit({ tenant: tenantOf(from, config), kind: 'report', mailFrom: '', to, bytes });
    return null;
  } catch (error) {
    return `could not be written to: ${describe(error)}`;
  }
}

/** Reports are about the mail of all tenants; the one who owns the sender's domain, or else the first, stands for them. */
function tenantOf(from: string, { tenants }: Pick<Config, 'tenants'>): string {
  return (tenants.find(({ domains }) => domains.includes(domainOf(from))) ?? tenants[0])?.id ?? '';
}

function placeOf(target: ReportTarget): string {
  return target.kind === 'mailto' ? target.address : target.url.origin;
}
