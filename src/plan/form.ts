/**
 * What a protected copy is like: what the rules say for this delivery, and where they say nothing the tenant's settings. One answer for the copy
 * that is made, and for `postern explain`, which tells the Subject as it will be seen on the way.
 */
import type { Protection } from '../config/config.ts';
import type { Actions } from '../policy/verdict.ts';
import type { Step } from './plan.ts';

export type CopyForm = {
  /** The real Subject only inside. */
  readonly hideSubject: boolean;
  /** A hidden Subject is repeated in the text. */
  readonly legacyDisplay: boolean;
  /** Signed, if there is a key for it. */
  readonly sign: boolean;
};

/** What leaves by `method`. What is not encrypted hides nothing, and is signed only when a rule says so: else it leaves as it was written. */
export function formOf(
  method: Step['method'],
  actions: Pick<Actions, 'hideSubject' | 'legacyDisplay' | 'sign'>,
  protection: Protection,
): CopyForm {
  if (method !== 'smime' && method !== 'pgp')
    return { hideSubject: false, legacyDisplay: false, sign: actions.sign === true && method !== 'portal' };
  const hideSubject = actions.hideSubject ?? protection.hideSubject.includes(method);
  return {
    hideSubject,
    legacyDisplay: hideSubject && (actions.legacyDisplay ?? protection.legacyDisplay),
    sign: actions.sign ?? protection.sign,
  };
}
