/**
 * `postern domains report`: what other domains report of TLS with our mail servers, in plain words. A file is one report: who sent it, how many
 * connections it counts, which of them did not go as our policies want, where and why. A folder is a mailbox (Maildir; the setting reporting.maildir when
 * none is named): all reports in it together, a line for each sender and policy, and what went wrong most often.
 *
 * Limits: the gateway takes mail of the tenants only, so a mailbox elsewhere receives the reports; one on this machine, or fetched to it.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FailureTotals, PolicyTotals, TlsFailure, TlsReport } from '../mail/tls-report.ts';
import { printable, printFailure, printJson, table } from './output.ts';
import { readTlsReportFile } from './tls-report-file.ts';

/** Files of a mailbox that are read, the newest: a year of reports from a hundred domains. */
const mostFiles = 40_000;

export async function domainsReport(file: string, json: boolean): Promise<number> {
  const found = await stat(file).catch(() => null);
  if (found?.isDirectory() === true) return reportMailbox(file, json);
  const reading = await readTlsReportFile(file);
  if (!reading.ok) {
    printFailure(`${printable(file)}: the report ${reading.reason}.`, json);
    return 1;
  }
  if (json) printJson(reading.report);
  else process.stdout.write(reportPage(reading.report));
  return 0;
}

async function reportMailbox(folder: string, json: boolean): Promise<number> {
  const files = await filesOf(folder);
  const reports: TlsReport[] = [];
  for (const file of files) {
    const reading = await readTlsReportFile(file);
    if (reading.ok) reports.push(reading.report);
  }
  const others = files.length - reports.length;
  if (json) printJson({ reports, others });
  else process.stdout.write(mailboxPage(reports, others));
  return 0;
}

/** What lies in a Maildir (new and cur), or in an ordinary folder. */
async function filesOf(folder: string): Promise<string[]> {
  const places = [join(folder, 'new'), join(folder, 'cur'), folder];
  const found = await Promise.all(
    places.map(async (place) => {
      const entries = await readdir(place, { withFileTypes: true }).catch(() => []);
      return entries.filter((entry) => entry.isFile()).map((entry) => join(place, entry.name));
    }),
  );
  return found.flat().sort().slice(-mostFiles);
}

/** For a terminal: every sender and policy with its sums, then each kind of failure. `others`: files that hold no report. */
export function mailboxPage(reports: readonly TlsReport[], others: number): string {
  const rows = new Map<string, { readonly cells: string[]; good: number; bad: number }>();
  const failures = new Map<string, FailureTotals>();
  for (const { organization, policies } of reports) {
    for (const { policy, successes, failures: bad, details } of policies) {
      const cells = [organization, policyName(policy.type, policy.domain, null)];
      const row = rows.get(cells.join('\n')) ?? { cells, good: 0, bad: 0 };
      rows.set(cells.join('\n'), { ...row, good: row.good + successes, bad: row.bad + bad });
      for (const detail of details) {
        const key = JSON.stringify([detail.mx, detail.ip, detail.sender, detail.result, detail.code]);
        failures.set(key, { ...detail, sessions: detail.sessions + (failures.get(key)?.sessions ?? 0) });
      }
    }
  }
  const worst = [...rows.values()].sort((a, b) => b.bad - a.bad || b.good - a.good);
  const cells = worst.map(({ cells, good, bad }) => [...cells, String(good), String(bad)]);
  const period = [Math.min(...reports.map(({ start }) => start)), Math.max(...reports.map(({ end }) => end))] as const;
  const lines = [
    `${reports.length} ${reports.length === 1 ? 'report' : 'reports'}${reports.length === 0 ? '' : ` from ${moment(period[0])} to ${moment(period[1])} UTC`}.`,
    ...(others === 0 ? [] : [`${others} ${others === 1 ? 'file holds' : 'files hold'} no report.`]),
    ...(cells.length === 0 ? [] : ['', table(['FROM', 'ABOUT', 'WENT WELL', 'DID NOT'], cells)]),
    ...(failures.size === 0 ? [] : ['', failureTable([...failures.values()])]),
  ];
  return `${lines.map(safely).join('\n')}\n`;
}

/** For a terminal. */
export function reportPage(report: TlsReport): string {
  const contact = report.contact === '' ? '' : ` (questions to ${report.contact})`;
  const lines = [
    `${report.organization} reports on TLS with your mail servers${contact}.`,
    `From ${moment(report.start)} to ${moment(report.end)} UTC; report ${report.id}.`,
    ...report.policies.flatMap((totals) => ['', ...policyLines(totals)]),
    ...(report.policies.length === 0 ? ['', 'It counts nothing.'] : []),
  ];
  return `${lines.map(safely).join('\n')}\n`;
}

/** Line by line: tables have lines of their own. */
function safely(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

function moment(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}

function policyLines(totals: PolicyTotals): string[] {
  const { policy, successes, failures, details } = totals;
  const mode =
    policy.lines
      .find((line) => line.startsWith('mode:'))
      ?.slice('mode:'.length)
      .trim() ?? null;
  const counted = `${successes} ${successes === 1 ? 'connection' : 'connections'} went well, ${failures} did not.`;
  const heading = `${policyName(policy.type, policy.domain, mode)}: ${counted}`;
  if (failures === 0 && details.length === 0) return [heading];
  return [heading, failureTable(details), consequence(policy.type, mode)];
}

function policyName(type: string, domain: string, mode: string | null): string {
  if (type === 'sts') return `MTA-STS policy of ${domain}${mode === null ? '' : ` (mode ${mode})`}`;
  if (type === 'tlsa') return `TLSA records of ${domain} (DANE)`;
  return type === 'no-policy-found' ? `${domain}, without a policy` : `${domain}, policy ${type}`;
}

function failureTable(details: readonly FailureTotals[]): string {
  const often = [...details].sort((a, b) => b.sessions - a.sessions);
  return table(
    ['CONNECTIONS', 'YOUR SERVER', 'THEIRS', 'WHAT WENT WRONG'],
    often.map(({ sessions, mx, ip, sender, result, code }) => [
      String(sessions),
      [mx, ip].filter((name) => name !== null).join(' ') || '-',
      sender ?? '-',
      `${meanings.get(result) ?? result}${code === null ? '' : ` (${code})`}`,
    ]),
  );
}

const words: Readonly<Record<TlsFailure, string>> = {
  'starttls-not-supported': 'STARTTLS was not offered, or refused',
  'certificate-host-mismatch': 'the certificate does not carry the name of the server',
  'certificate-expired': 'the certificate had expired',
  'certificate-not-trusted':
    'the certificate could not be trusted: a chain that is not complete, or no known authority',
  'validation-failure': 'TLS failed',
  'tlsa-invalid': 'the TLSA records cannot be used',
  'dnssec-invalid': 'the signatures in DNS (DNSSEC) could not be verified',
  'dane-required': 'the sender insists on DANE, and found no TLSA records',
  'sts-policy-fetch-error': 'the MTA-STS policy could not be fetched',
  'sts-policy-invalid': 'the MTA-STS policy cannot be understood',
  'sts-webpki-invalid': 'the certificate of the web server with the MTA-STS policy is not good',
};
const meanings: ReadonlyMap<string, string> = new Map(Object.entries(words));

function consequence(type: string, mode: string | null): string {
  if (type === 'tlsa' || mode === 'enforce')
    return 'Mail on those connections waited, and goes back if nothing changes.';
  return 'Mail went on, with less protection or none.';
}
