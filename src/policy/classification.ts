/**
 * What the sender's program says about how a message is meant: Outlook's sensitivity, importance, and the sensitivity labels of
 * Microsoft Purview.
 *
 * Labels stand in `MSIP_Labels` as "MSIP_Label_<guid>_<Key>=<value>; ..." for every label the message has or had. A label counts
 * unless its `Enabled` says that it is off; its `Name` may be missing, because not every program writes it.
 *
 * Limits: at most `mostLabels` labels; a name ends after `longestName` characters and cannot hold ";". All of this is what the
 * message says of itself.
 */
import { type Field, valuesOf } from '../mail/header.ts';
import type { Facts } from './facts.ts';

const mostLabels = 50;
const longestName = 200;

type Classification = Pick<Facts, 'sensitivity' | 'importance' | 'labels'>;

export function classificationOf(fields: readonly Field[]): Classification {
  return { sensitivity: sensitivityOf(fields), importance: importanceOf(fields), labels: labelsOf(fields) };
}

/** RFC 4021 section 2.1.55. Of several values the one that hides most. */
function sensitivityOf(fields: readonly Field[]): Facts['sensitivity'] {
  const values = valuesOf(fields, 'sensitivity').map((value) => value.toLowerCase().replaceAll(/[\s_]+/g, '-'));
  const order = ['company-confidential', 'private', 'personal'] as const;
  return order.find((each) => values.includes(each)) ?? 'normal';
}

/** Importance decides; older programs write only one of the others. */
function importanceOf(fields: readonly Field[]): Facts['importance'] {
  for (const name of ['importance', 'x-priority', 'x-msmail-priority', 'priority']) {
    for (const value of valuesOf(fields, name)) {
      const word = /^[a-z0-9-]+/.exec(value.toLowerCase())?.[0] ?? '';
      const known = importances.get(word);
      if (known !== undefined) return known;
    }
  }
  return 'normal';
}

const importances: ReadonlyMap<string, Facts['importance']> = new Map([
  ...['high', 'urgent', '1', '2'].map((word) => [word, 'high'] as const),
  ...['normal', '3'].map((word) => [word, 'normal'] as const),
  ...['low', 'non-urgent', '4', '5'].map((word) => [word, 'low'] as const),
]);

function labelsOf(fields: readonly Field[]): Facts['labels'] {
  const labels = new Map<string, string>();
  // Each field by itself: a second one may not switch off what the first has.
  for (const value of valuesOf(fields, 'msip_labels')) {
    for (const [id, { name, enabled }] of labelsIn(value)) {
      if (enabled && (labels.has(id) || labels.size < mostLabels)) labels.set(id, labels.get(id) || name);
    }
  }
  return [...labels].map(([id, name]) => ({ id, name }));
}

function labelsIn(value: string): Map<string, { name: string; enabled: boolean }> {
  const found = new Map<string, { name: string; enabled: boolean }>();
  for (const assignment of value.split(';', mostLabels * 20)) {
    // A folded line may have been cut at any place; no key and no GUID holds white space.
    const equals = assignment.indexOf('=');
    if (equals === -1 || equals > 200) continue;
    const key = assignment.slice(0, equals).replaceAll(/\s+/g, '');
    const [, id, what] = /^MSIP_Label_([0-9a-f-]{36})_([A-Za-z]+)$/i.exec(key) ?? [];
    if (id === undefined || what === undefined) continue;
    const label = found.get(id.toLowerCase()) ?? { name: '', enabled: true };
    found.set(id.toLowerCase(), label);
    const text = assignment.slice(equals + 1, equals + 1 + longestName).trim();
    if (what.toLowerCase() === 'name') label.name ||= text;
    else if (what.toLowerCase() === 'enabled') label.enabled = text.toLowerCase() === 'true';
  }
  return found;
}
