/**
 * One recipient of one message: verdict, capability, plan, joined. `planRecipient` is what `postern explain` shows too, so that the explanation can
 * never differ from the deed; `planWith` is what `postern replay` repeats. Both are pure; `lookedFor` plans again with what a look for keys brought, and
 * `withLinks` says which of the message's files stay behind in the portal.
 */
import type { KeyTrust, Tenant, TlsLevel } from '../config/config.ts';
import type { Discovery } from '../keys/discover.ts';
import { capabilityOf } from '../keys/keyring.ts';
import { readableSize } from '../mail/language.ts';
import { largeFiles } from '../mail/linked-files.ts';
import type { Structure } from '../mail/structure.ts';
import { type Capability, type Plan, planFor, type Step, usefulKeys } from '../plan/plan.ts';
import { asWished, type Wish } from '../plan/require-tls.ts';
import { evaluate } from '../policy/evaluate.ts';
import type { Facts } from '../policy/facts.ts';
import type { Policy } from '../policy/schema.ts';
import { type Level, levels, type Verdict } from '../policy/verdict.ts';
import type { KeyRow } from '../store/key-port.ts';

export type Planned = {
  readonly verdict: Verdict;
  readonly capability: Capability;
  readonly plan: Plan;
  readonly steps: readonly Step[];
};

/** The whole decision for one recipient, as a value. */
export function planRecipient(input: {
  readonly policy: Policy;
  readonly facts: Facts;
  readonly recipient: string;
  readonly rows: readonly KeyRow[];
  readonly tenant: Pick<Tenant, 'minimumTls' | 'keys'>;
  /** What the sender wants of TLS on the way. */
  readonly wish: Wish;
  readonly portal: boolean;
  readonly now: number;
  /** What came of a look for keys, in words. */
  readonly notes?: readonly string[];
}): Planned {
  const { policy, facts, recipient, tenant, notes = [] } = input;
  const known = capabilityOf(input.rows, recipient, input.now, input.portal);
  const capability = { ...known, notes: [...notes, ...known.notes] };
  const planned = planWith({ policy, facts, recipient, capability, ...minimaOf(tenant) });
  const { steps, because } = asWished(planned.steps, input.wish);
  const { plan } = planned;
  const wished = plan.kind === 'deliver' ? { ...plan, steps } : plan;
  return { ...planned, steps, plan: { ...wished, because: [...because, ...plan.because] } };
}

/** What the tenant's settings demand where no rule does. */
export function minimaOf({ minimumTls, keys }: Pick<Tenant, 'minimumTls' | 'keys'>) {
  return { minimumTls, minimumTrust: keys.minimumTrust };
}

/** The same without the sender's wish, with what is known of the recipient already. */
export function planWith(input: {
  readonly policy: Policy;
  readonly facts: Facts;
  readonly recipient: string;
  readonly capability: Capability;
  readonly minimumTls: TlsLevel;
  readonly minimumTrust: KeyTrust;
}): Planned {
  const { capability, minimumTls, minimumTrust } = input;
  const verdict = evaluate(input.policy, input.facts, input.recipient);
  const already = isEncrypted(input.facts);
  const plan = planFor(verdict, capability, minimumTls, minimumTrust, already);
  if (plan.kind === 'deliver') return { verdict, capability, plan, steps: plan.steps };
  if (plan.kind === 'refuse') return { verdict, capability, plan, steps: [] };
  // What happens if a person releases it: what the level would be without the hold, but protected on the way at least.
  const releasedVerdict = { ...verdict, level: atLeast(verdict.released, 'transport') };
  const released = planFor(releasedVerdict, capability, minimumTls, minimumTrust, already);
  return { verdict, capability, plan, steps: released.kind === 'deliver' ? released.steps : [] };
}

/** `planned` with `linkFilesOver` only where the message has such files and a copy without them will leave. */
export function withLinks(planned: Planned, { root, problems }: Structure, portal: boolean): Planned {
  const { verdict, plan, steps } = planned;
  const over = verdict.linkFilesOver;
  if (over === null) return planned;
  const size = readableSize(over, 'en').replaceAll('\u00a0', ' ');
  // The last sentence of what is held says why it is.
  const because = (sentence: string): Plan =>
    plan.kind === 'deliver'
      ? { ...plan, because: [...plan.because, sentence] }
      : { ...plan, because: [sentence, ...plan.because] };
  const without = { ...planned, verdict: { ...verdict, linkFilesOver: null } };
  if (!steps.some(({ method }) => method !== 'portal')) return without;
  if (!portal) return { ...without, plan: because('files are not linked: this gateway has no portal') };
  // What can be read in two ways is left as it is.
  const files = problems.length > 0 ? 0 : largeFiles(root, over).length;
  if (files === 0)
    return { ...without, plan: because(`files are not linked: none that can be is larger than ${size}`) };
  const which = files === 1 ? 'one file' : `${files} files`;
  return { ...planned, plan: because(`${which} larger than ${size} will wait in the portal, with a link in the copy`) };
}

/** Encrypted, or protected by rights, by who wrote it; but not while something was found beside it, or while two readers could see different parts. */
function isEncrypted({ sealed, findings, doubts }: Facts): boolean {
  return sealed && findings?.length === 0 && !doubts.includes('structure');
}

export function atLeast(level: Level, floor: Level): Level {
  return levels.indexOf(level) > levels.indexOf(floor) ? level : floor;
}

export type ToPlan = Omit<Parameters<typeof planRecipient>[0], 'notes'>;

/**
 * `planned` again, with what a look for keys brought; `planned` itself where keys make no difference, so that mail which needs no protection tells
 * nobody of its recipients. Rejects for trouble of the database only.
 */
export async function lookedFor(planned: Planned, input: ToPlan, discovery: Discovery | null): Promise<Planned> {
  const kinds = isEncrypted(input.facts) ? [] : usefulKeys(planned.verdict);
  if (discovery === null || kinds.length === 0) return planned;
  const { rows, notes } = await discovery.of(input.recipient, kinds);
  return planRecipient({ ...input, rows, notes });
}
