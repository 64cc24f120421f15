/**
 * MTA-STS as text: the record that says that a domain has a policy (`readRecord`), the policy (`readPolicy`), and which mail servers it
 * names (`namesHost`). Fetching is sts-fetch.ts; what is remembered, and when it is asked for again, is sts.ts.
 *
 * Reading is as strict as the RFC: a policy that is not understood in full is no policy, and a domain without one is treated as before.
 *
 * Standards: RFC 8461.
 */

export type StsPolicy = {
  readonly mode: 'enforce' | 'testing' | 'none';
  /** Host names in lower case, or "*.example.com" for exactly one label more. Empty only in mode none. */
  readonly mx: readonly string[];
  /** Seconds. */
  readonly maxAge: number;
};

/** Octets of a policy that are read. RFC 8461 section 3.3 suggests 64 kilobytes. */
export const maxPolicyBytes = 65_536;
/** RFC 8461 section 3.2: about one year. */
const longestAge = 31_557_600;

/**
 * The policy's id from the TXT records of _mta-sts.DOMAIN; null when there is no record, or more than one, or it cannot be read: then the
 * domain has none (RFC 8461 section 3.1).
 */
export function readRecord(texts: readonly string[]): string | null {
  const records = texts.filter((text) => /^v=STSv1[ \t]*(?:;|$)/.test(text));
  const [record] = records;
  if (records.length !== 1 || record === undefined) return null;
  for (const field of record.split(';').slice(1)) {
    const [, name, value] = /^[ \t]*([A-Za-z0-9][A-Za-z0-9_.-]{0,31})=([^\s;]*)[ \t]*$/.exec(field) ?? [];
    if (name === 'id') return /^[A-Za-z0-9]{1,32}$/.test(value ?? '') ? (value ?? null) : null;
  }
  return null;
}

export type StsReading =
  | { readonly ok: true; readonly policy: StsPolicy }
  /** `reason` continues "the policy ". */
  | { readonly ok: false; readonly reason: string };

/** Reads the text of a policy. */
export function readPolicy(text: string): StsReading {
  const fields = new Map<string, string>();
  const mx: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const [, name, value] = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31})[ \t]*:[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return bad('has a line that is not "name: value"');
    if (name === 'mx') mx.push(value.toLowerCase().replace(/\.$/, ''));
    // RFC 8461 section 3.2: of a field that is there twice, all but the first are ignored.
    else if (!fields.has(name)) fields.set(name, value);
  }
  if (fields.get('version') !== 'STSv1') return bad('is not of version STSv1');
  const mode = fields.get('mode');
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') return bad('has no mode: enforce, testing or none');
  const age = fields.get('max_age') ?? '';
  if (!/^\d{1,10}$/.test(age)) return bad('has no max_age in seconds');
  if (!mx.every(isPattern)) return bad('names a mail server that is no host name');
  if (mode !== 'none' && mx.length === 0) return bad('names no mail server');
  return { ok: true, policy: { mode, mx, maxAge: Math.min(Number(age), longestAge) } };
}

function bad(reason: string): StsReading {
  return { ok: false, reason };
}

function isPattern(pattern: string): boolean {
  return /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(
    pattern,
  );
}

/** Whether the policy names this mail server (a name in lower-case A-labels). RFC 8461 section 4.1: the wildcard stands for one label. */
export function namesHost(policy: StsPolicy, host: string): boolean {
  const name = host.toLowerCase();
  const parent = name.slice(name.indexOf('.') + 1);
  return policy.mx.some((pattern) =>
    pattern.startsWith('*.') ? name.includes('.') && pattern.slice(2) === parent : pattern === name,
  );
}
