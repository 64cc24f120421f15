import type { Facts } from './facts.ts';
import type { Policy } from './schema.ts';
import type { Verdict } from './verdict.ts';

/** What the policy says about one recipient. Pure; never throws on any facts. */
export function evaluate(policy: Policy, facts: Facts, recipient: string): Verdict {
  throw new Error(`not written yet ${policy.file} ${facts.tenant} ${recipient}`);
}
