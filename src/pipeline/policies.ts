/**
 * The tenants' policies and groups, read from their files. At the start everything must parse; later a file that does not leaves what was read
 * before in force, since a gateway that forgets its policy would have to hold everything. A tenant's policy and groups change together, between
 * two messages.
 *
 * Read again on `reload` (SIGHUP) and, while `watch` is on, when any file that was read changed: the policy, what it extends, its lists, the groups.
 * What is broken is said at once, and again every hour until it is mended.
 */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Tenant } from '../config/config.ts';
import { formatProblem } from '../config/load.ts';
import type { Problem } from '../config/yaml.ts';
import type { Event } from '../event/event.ts';
import { type Groups, parseGroups } from '../policy/groups.ts';
import { type Policy, type PolicyResult, parsePolicy } from '../policy/schema.ts';
import { describe } from './accept.ts';
import { keepWatch, type Stamps, stampOf } from './watch.ts';

/** What decides about a tenant's mail. */
export type InForce = {
  readonly policy: Policy;
  /** Null when no file of groups is set. */
  readonly groups: Groups | null;
};

export type Policies = {
  of(tenant: string): InForce | undefined;
  /** Reads everything again and says of each tenant what came of it. */
  reload(): void;
  /** Reloads what changes from now on; returns the end of it. `every`: milliseconds between two looks. */
  watch(every?: number): () => void;
};

/** A policy does not parse or cannot be read; the message names each place and its remedy. */
export class PolicyBroken extends Error {}

/** What a tenant's files held when they were read last; `problems` are of a reading that is not in force. */
type Loaded = { readonly tenant: Tenant; inForce: InForce; stamps: Stamps; problems: readonly Problem[] };

export function loadPolicies(tenants: readonly Tenant[], emit: (event: Event) => void = () => {}): Policies {
  const all = tenants.map((tenant): Loaded => {
    const reading = readTenant(tenant);
    if (!reading.ok) throw new PolicyBroken(reading.problems.map(formatProblem).join('\n'));
    return { tenant, inForce: reading.inForce, stamps: reading.stamps, problems: [] };
  });
  const byTenant = new Map(all.map((loaded) => [loaded.tenant.id, loaded]));
  return {
    of: (tenant) => byTenant.get(tenant)?.inForce,
    reload: () => {
      for (const loaded of all) reload(loaded, emit);
    },
    watch: (every) => {
      const watched = all.map((loaded) => ({
        stamps: () => loaded.stamps,
        changed: () => reload(loaded, emit),
        remind: () => complain(loaded, emit),
      }));
      return keepWatch(watched, every);
    },
  };
}

function reload(loaded: Loaded, emit: (event: Event) => void): void {
  let reading: TenantReading;
  try {
    reading = readTenant(loaded.tenant);
  } catch (error) {
    // A fault of ours over a file must not end the gateway; it is said at every look until the file is another.
    emit({ kind: 'service.failed', component: 'policy', error: describe(error) });
    return;
  }
  loaded.stamps = reading.stamps;
  if (!reading.ok) {
    loaded.problems = reading.problems;
    complain(loaded, emit);
    return;
  }
  loaded.problems = [];
  loaded.inForce = reading.inForce;
  emit({ kind: 'policy.loaded', tenant: loaded.tenant.id, version: reading.inForce.policy.version });
}

function complain({ tenant, problems, inForce }: Loaded, emit: (event: Event) => void): void {
  const [first] = problems;
  if (first === undefined) return;
  emit({
    kind: 'policy.broken',
    tenant: tenant.id,
    file: first.file,
    line: first.line,
    column: first.column,
    error: `${formatProblem(first)} The policy read before stays in force.`,
    problems: problems.length,
    version: inForce.policy.version,
  });
}

export type TenantReading = { readonly stamps: Stamps } & (
  | { readonly ok: true; readonly inForce: InForce }
  | { readonly ok: false; readonly problems: readonly Problem[] }
);

/** Reads a tenant's policy and groups. `stamps` are of every file that was asked for, also of one that is missing. */
export function readTenant(tenant: Pick<Tenant, 'policy' | 'groups'>): TenantReading {
  const stamps = new Map<string, string>();
  const policy = readPolicy(tenant.policy, stamps);
  const groups = tenant.groups === null ? null : readGroups(tenant.groups, stamps);
  if (policy.ok && groups?.ok !== false)
    return { ok: true, stamps, inForce: { policy: policy.policy, groups: groups?.groups ?? null } };
  const problems = [...(policy.ok ? [] : policy.problems), ...(groups === null || groups.ok ? [] : groups.problems)];
  return { ok: false, stamps, problems };
}

/** Reads a policy file and the files it names, whose paths start at its folder. `stamps` gets what each file was when it was read. */
export function readPolicy(file: string, stamps: Map<string, string> = new Map()): PolicyResult {
  const read = (name: string): string => readStamped(path.resolve(path.dirname(file), name), stamps);
  const text = readOr(() => readStamped(path.resolve(file), stamps));
  return text === null ? unreadable(file, 'the policy file') : parsePolicy(text, file, read);
}

function readGroups(file: string, stamps: Map<string, string>): ReturnType<typeof parseGroups> {
  const text = readOr(() => readStamped(file, stamps));
  return text === null ? unreadable(file, 'the file of groups') : parseGroups(text, file);
}

/** Octets. */
const maxFile = 16 * 1024 * 1024;

/** Throws for what cannot be read, is no file (it could block) or is too large to be one of these. */
function readStamped(file: string, stamps: Map<string, string>): string {
  if (!stamps.has(file)) stamps.set(file, stampOf(file));
  const found = statSync(file);
  if (!found.isFile() || found.size > maxFile) throw new Error('not a file of a policy');
  return readFileSync(file, 'utf8');
}

function readOr(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function unreadable(file: string, what: string): { ok: false; problems: Problem[] } {
  const remedy = 'Check the path and who may read the file.';
  return { ok: false, problems: [{ file, line: 1, column: 1, path: '', message: `${what} cannot be read`, remedy }] };
}
