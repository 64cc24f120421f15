/**
 * `postern domains report FOLDER`: the TLS reports that arrived in a mailbox (a Maildir, or a folder of files; the setting reporting.maildir when none is
 * named), added up: a line for each sender and policy, and what went wrong most often. Anybody can write to such a mailbox, so files, kinds of
 * lines and lines shown have limits, and one report is held at a time. A report that came twice, by its id, counts once.
 *
 * Limits: the gateway takes mail of the tenants only, so a mailbox elsewhere receives the reports; one on this machine, or fetched to it.
 */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { FailureTotals, TlsReport } from '../mail/tls-report.ts';
import { failureTable, moment, policyName } from './domains-report.ts';
import { printable, printFailure, printJson, table } from './output.ts';
import { readTlsReportFile } from './tls-report-file.ts';

/** Files that are read, the newest: a year of reports from a hundred domains. */
const mostFiles = 40_000;
/** Kinds of lines that are told apart. What comes beyond is left out, and said to be. */
const mostKinds = 10_000;
const mostShown = 50;

type Sums = { readonly sender: string; readonly policy: string; readonly successes: number; readonly failures: number };

/** The whole mailbox; times are epoch milliseconds, null without a report. */
export type MailboxTotals = {
  readonly reports: number;
  /** Files that hold no report. */
  readonly others: number;
  /** Something was left out, since the mailbox holds too much. */
  readonly cut: boolean;
  readonly start: number | null;
  readonly end: number | null;
  /** Most failures first. */
  readonly senders: readonly Sums[];
  /** Most sessions first. */
  readonly failures: readonly FailureTotals[];
};

export async function reportMailbox(folder: string, json: boolean): Promise<number> {
  const files = await filesOf(folder);
  if (files === null) {
    printFailure(`${printable(folder)} cannot be read. Check who may read the folder.`, json);
    return 1;
  }
  const tally = new Tally();
  for (const file of files.slice(0, mostFiles)) {
    const reading = await readTlsReportFile(file);
    if (reading.ok) tally.add(reading.report);
    else tally.others += 1;
  }
  const totals = tally.totals(files.length > mostFiles);
  if (json) printJson(totals);
  else process.stdout.write(page(totals));
  return 0;
}

/** What lies in a Maildir (new and cur) or in an ordinary folder, newest first: names in a Maildir begin with the time. Null when it cannot be read. */
async function filesOf(folder: string): Promise<string[] | null> {
  try {
    const top = await readdir(folder, { withFileTypes: true });
    const boxes = top.filter((entry) => entry.isDirectory() && (entry.name === 'new' || entry.name === 'cur'));
    const inside = await Promise.all(boxes.map(({ name }) => readdir(join(folder, name), { withFileTypes: true })));
    const files = [...top, ...inside.flat()].filter((entry) => entry.isFile());
    return files
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort((a, b) => (basename(a) < basename(b) ? 1 : -1));
  } catch {
    return null;
  }
}

class Tally {
  others = 0;
  #start = Number.POSITIVE_INFINITY;
  #end = Number.NEGATIVE_INFINITY;
  #cut = false;
  readonly #seen = new Set<string>();
  readonly #senders = new Map<string, Sums>();
  readonly #failures = new Map<string, FailureTotals>();

  add(report: TlsReport): void {
    const { organization: sender, id, start, end, policies } = report;
    const known = JSON.stringify([sender, id]);
    if (this.#seen.has(known)) return;
    this.#seen.add(known);
    this.#start = Math.min(this.#start, start);
    this.#end = Math.max(this.#end, end);
    for (const { policy, successes, failures, details } of policies) {
      const name = policyName(policy.type, policy.domain, null);
      this.#sum(this.#senders, [sender, name], (before) => ({
        sender,
        policy: name,
        successes: successes + (before?.successes ?? 0),
        failures: failures + (before?.failures ?? 0),
      }));
      for (const detail of details) {
        const { mx, ip, sender: theirs, result, code, sessions } = detail;
        this.#sum(this.#failures, [mx, ip, theirs, result, code], (before) => ({
          ...detail,
          sessions: sessions + (before?.sessions ?? 0),
        }));
      }
    }
  }

  #sum<T>(sums: Map<string, T>, kind: readonly unknown[], add: (before: T | undefined) => T): void {
    const key = JSON.stringify(kind);
    if (sums.size < mostKinds || sums.has(key)) sums.set(key, add(sums.get(key)));
    else this.#cut = true;
  }

  totals(cut: boolean): MailboxTotals {
    const none = this.#seen.size === 0;
    return {
      reports: this.#seen.size,
      others: this.others,
      cut: cut || this.#cut,
      start: none ? null : this.#start,
      end: none ? null : this.#end,
      senders: [...this.#senders.values()].sort((a, b) => b.failures - a.failures || b.successes - a.successes),
      failures: [...this.#failures.values()].sort((a, b) => b.sessions - a.sessions),
    };
  }
}

/** For a terminal. */
function page({ reports, others, cut, start, end, senders, failures }: MailboxTotals): string {
  const period = start === null || end === null ? '' : ` from ${moment(start)} to ${moment(end)} UTC`;
  const cells = senders
    .slice(0, mostShown)
    .map((sums) => [sums.sender, sums.policy, String(sums.successes), String(sums.failures)]);
  const more = Math.max(0, senders.length - mostShown) + Math.max(0, failures.length - mostShown);
  const lines = [
    `${reports} ${reports === 1 ? 'report' : 'reports'}${period}.`,
    ...(others === 0 ? [] : [`${others} ${others === 1 ? 'file holds' : 'files hold'} no report.`]),
    ...(cut ? ['There is more in the folder than is counted here. Move old reports elsewhere.'] : []),
    ...(cells.length === 0 ? [] : ['', table(['FROM', 'ABOUT', 'WENT WELL', 'DID NOT'], cells)]),
    ...(failures.length === 0 ? [] : ['', failureTable(failures.slice(0, mostShown))]),
    ...(more === 0 ? [] : ['', `And ${more} more lines; --json has them all.`]),
  ];
  return `${lines.join('\n')}\n`;
}
