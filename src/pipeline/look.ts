/**
 * The plan for a recipient whose keys may have to be found first. Keys are looked for only where the verdict's methods could use them, so mail that needs
 * no protection tells nobody of its recipients.
 */
import type { Discovery } from '../keys/discover.ts';
import { mayUseKeys } from '../plan/plan.ts';
import { type Planned, planRecipient } from './decide.ts';

export type ToPlan = Omit<Parameters<typeof planRecipient>[0], 'notes'>;

/** `planned` again, with what a look for keys brought; `planned` itself where keys make no difference. Rejects for trouble of the database only. */
export async function lookedFor(planned: Planned, input: ToPlan, discovery: Discovery | null): Promise<Planned> {
  if (discovery === null || !mayUseKeys(planned.verdict)) return planned;
  const { rows, notes } = await discovery.of(input.recipient);
  return planRecipient({ ...input, rows, notes });
}
