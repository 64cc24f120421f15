/**
 * TLS reports: what senders tell a domain, once a day, of their TLS sessions with its mail servers.
 *
 * - `readReportRecord`: whether a domain asks for them, and where they go.
 * - `tallied`, `reportJson`: the counts of a day as the JSON of a report. How it travels is tls-report-mail.ts.
 * - `readReportJson`: a report about us. Everything in it is a stranger's word: it is checked field by field and has limits.
 *
 * Standards: RFC 8460.
 * Limits: our own address (sending-mta-ip) is not told; behind a NAT it would be wrong. Of a report, the first 1,000 policies and, of each,
 * the 1,000 most frequent failures are written and read.
 */
import { canonicalAddress } from './address.ts';
import { withoutControls } from './encoded-word.ts';

/** RFC 8460 section 4.3: what can be wrong. */
export type TlsFailure =
  | 'starttls-not-supported'
  | 'certificate-host-mismatch'
  | 'certificate-expired'
  | 'certificate-not-trusted'
  | 'validation-failure'
  | 'tlsa-invalid'
  | 'dnssec-invalid'
  | 'dane-required'
  | 'sts-policy-fetch-error'
  | 'sts-policy-invalid'
  | 'sts-webpki-invalid';

/** The policy that applied to a session. */
export type TlsPolicy = {
  readonly type: 'tlsa' | 'sts' | 'no-policy-found';
  /** The policy as published: TLSA records ("3 1 1 ab12…"), or the lines of an MTA-STS policy; empty for none. RFC 8460 section 4.5. */
  readonly lines: readonly string[];
  /** The domain it is published for: the recipients' own, or the mail server's for TLSA records. */
  readonly domain: string;
  /** The mail servers that an MTA-STS policy names; empty for the others. */
  readonly mx: readonly string[];
};

export type TlsFault = {
  readonly result: TlsFailure;
  /** An error code of few possible ones, or null when the result says it all. */
  readonly code: string | null;
};

/** A session that did not go as its policy wants, and where. */
export type TlsMiss = TlsFault & { readonly mx: string | null; readonly ip: string | null };

/** One TLS session, as reports count it. */
export type TlsSession = {
  /** Of the recipients, lower-case A-labels: who is told. */
  readonly domain: string;
  readonly policy: TlsPolicy;
  /** Null when it went as the policy wants. */
  readonly miss: TlsMiss | null;
};

/** Sessions that are alike. */
export type TlsTally = Omit<TlsSession, 'domain'> & { readonly sessions: number };

export type TlsReport = {
  readonly organization: string;
  readonly contact: string;
  readonly id: string;
  /** Epoch milliseconds; both within the report. */
  readonly start: number;
  readonly end: number;
  readonly policies: readonly PolicyTotals[];
};

export type PolicyTotals = {
  readonly policy: Omit<TlsPolicy, 'type'> & { readonly type: string };
  readonly successes: number;
  readonly failures: number;
  readonly details: readonly FailureTotals[];
};

export type FailureTotals = {
  /** A `TlsFailure`, or a newer word. */
  readonly result: string;
  readonly code: string | null;
  readonly mx: string | null;
  readonly ip: string | null;
  /** The address of the sending server. */
  readonly sender: string | null;
  readonly sessions: number;
};

const maxPolicies = 1_000;
const maxDetails = 1_000;
const maxLines = 200;
const maxText = 1_000;

/** Where a domain wants its reports. */
export type ReportTarget =
  | { readonly kind: 'mailto'; readonly address: string }
  | { readonly kind: 'https'; readonly url: URL };

/**
 * The places named by the TXT records of _smtp._tls.DOMAIN, in their order; empty when the domain does not ask for reports. RFC 8460 section 3:
 * other records do not count, and two are as good as none.
 */
export function readReportRecord(texts: readonly string[]): ReportTarget[] {
  const records = texts.filter((text) => /^v=TLSRPTv1[ \t]*;/.test(text));
  const [record] = records;
  if (records.length !== 1 || record === undefined) return [];
  const field = record
    .split(';')
    .slice(1)
    .map((each) => each.trim())
    .find((each) => each.startsWith('rua='));
  return (field?.slice('rua='.length) ?? '').split(',').flatMap((uri) => readTarget(uri.trim()) ?? []);
}

function readTarget(uri: string): ReportTarget | null {
  const url = uri.length > 2_000 ? null : URL.parse(uri);
  if (url?.protocol === 'https:') {
    const plain = url.username === '' && url.password === '' && /^[a-z0-9.-]+$/.test(url.hostname);
    return plain ? { kind: 'https', url } : null;
  }
  if (url?.protocol !== 'mailto:') return null;
  try {
    // RFC 6068: what follows the question mark are fields of a message; ours has its own.
    const address = canonicalAddress(decodeURIComponent(url.pathname));
    return address === null || address.includes('[') ? null : { kind: 'mailto', address };
  } catch {
    return null;
  }
}

/** Counts of a day, joined by policy. */
export function tallied(tallies: readonly TlsTally[]): PolicyTotals[] {
  const byPolicy = Map.groupBy(tallies, ({ policy }) => JSON.stringify(policy));
  return [...byPolicy.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const details = same.flatMap(({ miss, sessions }) => (miss === null ? [] : [{ ...miss, sender: null, sessions }]));
    const failures = total(details);
    return [{ policy: first.policy, successes: total(same) - failures, failures, details }];
  });
}

function total(counted: readonly { readonly sessions: number }[]): number {
  return counted.reduce((sum, { sessions }) => sum + sessions, 0);
}

/** RFC 8460 section 4.4. */
export function reportJson(report: TlsReport): string {
  return JSON.stringify({
    'organization-name': report.organization,
    'date-range': { 'start-datetime': dateTime(report.start), 'end-datetime': dateTime(report.end) },
    'contact-info': report.contact,
    'report-id': report.id,
    policies: report.policies.slice(0, maxPolicies).map(({ policy, successes, failures, details }) => ({
      policy: {
        'policy-type': policy.type,
        ...(policy.lines.length === 0 ? {} : { 'policy-string': policy.lines }),
        'policy-domain': policy.domain,
        ...(policy.mx.length === 0 ? {} : { 'mx-host': policy.mx }),
      },
      summary: { 'total-successful-session-count': successes, 'total-failure-session-count': failures },
      ...(details.length === 0 ? {} : { 'failure-details': detailsJson(details) }),
    })),
  });
}

function detailsJson(details: readonly FailureTotals[]) {
  const often = [...details].sort((a, b) => b.sessions - a.sessions).slice(0, maxDetails);
  return often.map(({ result, code, mx, ip, sender, sessions }) => ({
    'result-type': result,
    ...(sender === null ? {} : { 'sending-mta-ip': sender }),
    ...(mx === null ? {} : { 'receiving-mx-hostname': mx }),
    ...(ip === null ? {} : { 'receiving-ip': ip }),
    'failed-session-count': sessions,
    ...(code === null ? {} : { 'failure-reason-code': code }),
  }));
}

/** RFC 3339, whole seconds. */
function dateTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

export type TlsReportReading =
  | { readonly ok: true; readonly report: TlsReport }
  /** `reason` continues "the report ". */
  | { readonly ok: false; readonly reason: string };

class Unreadable extends Error {}

/** Reads the JSON of a report, which anybody can have written. */
export function readReportJson(text: string): TlsReportReading {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'is not JSON' };
  }
  try {
    return { ok: true, report: readReport(json) };
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, reason: error.message };
    throw error;
  }
}

function readReport(json: unknown): TlsReport {
  const report = fieldsOf(json, 'the whole');
  const range = fieldsOf(report['date-range'], 'date-range');
  return {
    organization: required(report, 'organization-name'),
    contact: optional(report, 'contact-info') ?? '',
    id: required(report, 'report-id'),
    start: time(range, 'start-datetime'),
    end: time(range, 'end-datetime'),
    policies: listOf(report, 'policies', maxPolicies).map(readTotals),
  };
}

function readTotals(json: unknown): PolicyTotals {
  const entry = fieldsOf(json, 'policies');
  const policy = fieldsOf(entry['policy'], 'policy');
  const summary = fieldsOf(entry['summary'], 'summary');
  return {
    policy: {
      type: required(policy, 'policy-type'),
      lines: texts(policy, 'policy-string'),
      domain: required(policy, 'policy-domain').toLowerCase(),
      mx: texts(policy, 'mx-host'),
    },
    successes: count(summary, 'total-successful-session-count'),
    failures: count(summary, 'total-failure-session-count'),
    details: listOf(entry, 'failure-details', maxDetails).map(readDetail),
  };
}

function readDetail(json: unknown): FailureTotals {
  const detail = fieldsOf(json, 'failure-details');
  return {
    result: required(detail, 'result-type'),
    code: optional(detail, 'failure-reason-code'),
    mx: optional(detail, 'receiving-mx-hostname'),
    ip: optional(detail, 'receiving-ip'),
    sender: optional(detail, 'sending-mta-ip'),
    sessions: count(detail, 'failed-session-count'),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Unreadable(`has no object where ${name} belongs`);
}

function optional(fields: Fields, name: string): string | null {
  const value = fields[name];
  return typeof value === 'string' ? clean(value) : null;
}

function required(fields: Fields, name: string): string {
  const value = optional(fields, name);
  if (value === null || value === '') throw new Unreadable(`has no ${name}`);
  return value;
}

function clean(value: string): string {
  return withoutControls(value.slice(0, maxText)).trim().toWellFormed();
}

function count(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Unreadable(`has no whole number as ${name}`);
}

function time(fields: Fields, name: string): number {
  const value = Date.parse(required(fields, name));
  if (Number.isNaN(value)) throw new Unreadable(`has no time as ${name}`);
  return value;
}

function listOf(fields: Fields, name: string, most: number): readonly unknown[] {
  const value = fields[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Unreadable(`has no list as ${name}`);
  return value.slice(0, most);
}

/** Where the text of the RFC says a list, its own example has one string (appendix B), and so do senders. */
function texts(fields: Fields, name: string): string[] {
  const value = fields[name];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.slice(0, maxLines).flatMap((each) => (typeof each === 'string' ? [clean(each)] : []));
}
