import { type Facts, noGroups } from '../../src/policy/facts.ts';
import { type Policy, parsePolicy } from '../../src/policy/schema.ts';

/** An ordinary message from Anna, with whatever a test changes. */
export function facts(changes: Partial<Facts> = {}): Facts {
  return {
    tenant: 'corp',
    tenantDomains: ['corp.example'],
    receivedAt: Date.UTC(2026, 10, 20, 12),
    envelope: { from: 'anna@corp.example', recipients: ['bob@other.example'] },
    size: 10_000,
    subject: 'Hello',
    from: ['anna@corp.example'],
    to: ['bob@other.example'],
    cc: [],
    headers: [],
    attachments: [],
    forwarded: false,
    autoSubmitted: false,
    report: null,
    calendar: false,
    signed: false,
    encrypted: false,
    rightsProtected: false,
    sealed: false,
    tnef: false,
    sensitivity: 'normal',
    importance: 'normal',
    labels: [],
    thread: null,
    groups: noGroups,
    findings: [],
    probes: {},
    unscannable: null,
    // What could not be looked through at all, unless a test says that it is only ambiguous.
    doubts: changes.unscannable == null ? [] : ['limits'],
    ...changes,
  };
}

/** A policy that must parse. `rules` and `lists` are YAML. */
export function policy(rules: string, byDefault = 'none', lists = '{}'): Policy {
  const text = `version: 1\nlists: ${lists}\nrules: ${rules}\ndefault: { protect: ${byDefault} }\n`;
  const result = parsePolicy(text, 'p.yaml', () => {
    throw new Error('no list files here');
  });
  if (!result.ok) throw new Error(result.problems.map((problem) => `${problem.line}: ${problem.message}`).join('\n'));
  return result.policy;
}
