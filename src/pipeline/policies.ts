/**
 * The tenants' policies, read from their files. At the start every policy must parse; on a reload one that does not leaves the old one in force,
 * since a gateway that forgets its policy would have to hold everything.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Tenant } from '../config/config.ts';
import { formatProblem } from '../config/load.ts';
import type { Event } from '../event/event.ts';
import { type Policy, type PolicyResult, parsePolicy } from '../policy/schema.ts';

export type Policies = {
  of(tenant: string): Policy | undefined;
  reload(emit: (event: Event) => void): void;
};

/** A policy does not parse or cannot be read; the message names each place and its remedy. */
export class PolicyBroken extends Error {}

export function loadPolicies(tenants: readonly Tenant[]): Policies {
  const byTenant = new Map<string, Policy>();
  for (const tenant of tenants) {
    const result = readPolicy(tenant.policy);
    if (!result.ok) throw new PolicyBroken(result.problems.map(formatProblem).join('\n'));
    byTenant.set(tenant.id, result.policy);
  }
  return {
    of: (tenant) => byTenant.get(tenant),
    reload: (emit) => {
      for (const tenant of tenants) {
        const result = readPolicy(tenant.policy);
        if (result.ok) byTenant.set(tenant.id, result.policy);
        else
          emit({
            kind: 'service.failed',
            component: 'policy',
            error: `${result.problems.map(formatProblem).join(' ')} The policy read before stays in force.`,
          });
      }
    },
  };
}

/** Reads a policy file and the lists it names, which lie beside it. */
export function readPolicy(file: string): PolicyResult {
  const read = (name: string): string => readFileSync(path.resolve(path.dirname(file), name), 'utf8');
  let text: string;
  try {
    text = read(file);
  } catch {
    const remedy = 'Check the path and who may read the file.';
    return {
      ok: false,
      problems: [{ file, line: 1, column: 1, path: '', message: 'the policy file cannot be read', remedy }],
    };
  }
  return parsePolicy(text, file, read);
}
