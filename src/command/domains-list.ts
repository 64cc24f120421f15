/**
 * The table of `postern domains`: every domain mailed so far, what it has shown at best and last, what it publishes, when the first certificate of
 * its servers ends, and what troubles it. `--json` has all that is known, times as text.
 */
import type { DomainCheck, DomainRow } from '../store/store.ts';
import { table, time } from './output.ts';

const head = ['DOMAIN', 'SHOWN', 'LAST', 'POLICY', 'CERTIFICATE', 'LOOKED AT (UTC)', 'WAITING', 'TROUBLE'];

export function domainsTable(rows: readonly DomainRow[], now: number): string {
  return table(
    head,
    rows.map((row) => [
      row.domain,
      levelOf(row.bestTls),
      levelOf(row.lastTls),
      policyOf(row, now),
      row.checked === null ? '-' : certificateOf(row.checked),
      time(row.checkedAt),
      row.waiting === 0 ? '' : String(row.waiting),
      troubleOf(row),
    ]),
  );
}

function levelOf(level: string | null): string {
  return level === 'may' ? 'plain text' : (level ?? '-');
}

export function domainDocument({ checked, ...row }: DomainRow) {
  return {
    ...row,
    lastDeliveredAt: moment(row.lastDeliveredAt),
    mailedAt: moment(row.mailedAt),
    downgradedAt: moment(row.downgradedAt),
    checkedAt: moment(row.checkedAt),
    sts: row.sts === null ? null : { ...row.sts, expiresAt: moment(row.sts.expiresAt) },
    checked: checked === null ? null : { ...checked, hosts: checked.hosts.map(hostDocument) },
  };
}

function hostDocument(host: DomainCheck['hosts'][number]) {
  return { ...host, certificateUntil: moment(host.certificateUntil) };
}

/** Null for never. */
function moment(at: number | null): string | null {
  return at === null || at === 0 ? null : new Date(at).toISOString();
}

/** What the domain obliges senders to, as far as it is known: from the last look, and from the last mail. */
function policyOf({ checked, sts, lastTls }: DomainRow, now: number): string {
  const dane = lastTls === 'dane' || checked?.hosts.some((host) => host.dane === true) === true;
  const mode = sts !== null && sts.expiresAt > now ? sts.mode : (checked?.sts?.mode ?? 'none');
  const published = [...(dane ? ['DANE'] : []), ...(mode === 'none' ? [] : [`MTA-STS ${mode}`])];
  if (published.length > 0) return published.join(', ');
  return checked === null && sts === null ? '-' : 'none';
}

/** The day on which the first of its servers' certificates ends. */
function certificateOf({ hosts }: DomainCheck): string {
  const ends = hosts.flatMap(({ certificateUntil }) => certificateUntil ?? []);
  return ends.length === 0 ? '-' : new Date(Math.min(...ends)).toISOString().slice(0, 10);
}

/** What mail met last; without trouble of its own, what the last look found. */
function troubleOf({ lastFailure, checked }: DomainRow): string {
  return lastFailure ?? checked?.trouble ?? checked?.hosts.find(({ defect }) => defect !== null)?.defect ?? '';
}
