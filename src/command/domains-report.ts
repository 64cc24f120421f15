/**
 * `postern domains report`: what other domains report of TLS with our mail servers, in plain words. A file is one report: who sent it, how many
 * connections it counts, which of them did not go as our policies want, where and why. A folder is a mailbox of them: domains-mailbox.ts.
 */
import type { FailureTotals, PolicyTotals, TlsFailure, TlsReport } from '../mail/tls-report.ts';
import { printable, printFailure, printJson, table } from './output.ts';
import { readTlsReportFile } from './tls-report-file.ts';

export async function domainsReport(file: string, json: boolean): Promise<number> {
  const reading = await readTlsReportFile(file);
  if (!reading.ok) {
    printFailure(`${printable(file)}: the report ${reading.reason}.`, json);
    return 1;
  }
  if (json) printJson(reading.report);
  else process.stdout.write(reportPage(reading.report));
  return 0;
}

/** For a terminal. */
export function reportPage(report: TlsReport): string {
  const contact = report.contact === '' ? '' : ` (questions to ${report.contact})`;
  const lines = [
    `${printable(report.organization)} reports on TLS with your mail servers${contact}.`,
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

export function moment(at: number): string {
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

export function policyName(type: string, domain: string, mode: string | null): string {
  if (type === 'sts') return `MTA-STS policy of ${domain}${mode === null ? '' : ` (mode ${mode})`}`;
  if (type === 'tlsa') return `TLSA records of ${domain} (DANE)`;
  return type === 'no-policy-found' ? `${domain}, without a policy` : `${domain}, policy ${type}`;
}

export function failureTable(details: readonly FailureTotals[]): string {
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
