/**
 * What a sender may say about TLS on the way, besides what policy says: demand it to the last server, or waive what others demand. Pure.
 *
 * REQUIRETLS in MAIL makes every step over the network ask for level `secure` at least; the next server must promise the same (deliver/pool.ts),
 * and a report about the message is held to it as well, but for the promise (section 5), as are the link and the code that open it in the portal. The header field `TLS-Required: No` lets a message that
 * no rule protects go where a domain's own demands (DANE, MTA-STS, what it has shown before) could not be met; it counts only where the tenant's
 * settings honour it, and never against REQUIRETLS.
 *
 * Standards: RFC 8689.
 */
import type { Field } from '../mail/header.ts';
import { valuesOf } from '../mail/header.ts';
import { type Step, stricter } from './plan.ts';

export type Wish = 'require' | 'waive' | null;

/** The sender's wish; `honoured` is the tenant's setting. A field that is there twice, or says anything but No, says nothing. */
export function wishOf(requireTls: boolean, fields: readonly Field[], honoured: boolean): Wish {
  if (requireTls) return 'require';
  const [value, ...more] = honoured ? valuesOf(fields, 'tls-required') : [];
  return more.length === 0 && value?.trim().toLowerCase() === 'no' ? 'waive' : null;
}

/** The steps with the wish, and a sentence about it when it changes something. */
export function asWished(steps: readonly Step[], wish: Wish): { readonly steps: readonly Step[]; because: string[] } {
  if (wish === 'require') {
    const because =
      'the sender demands TLS on the whole way (REQUIRETLS): secure at least, to servers that promise the same';
    const lifted = steps.map((step) =>
      step.method === 'portal' ? step : { ...step, tls: stricter(step.tls, 'secure') },
    );
    return { steps: lifted, because: [because] };
  }
  const waives = (step: Step): boolean => wish === 'waive' && step.method === 'none' && step.tls === 'may';
  if (!steps.some(waives)) return { steps, because: [] };
  const because = 'the sender waives what the domain of the recipient demands of TLS (TLS-Required: No)';
  return { steps: steps.map((step) => (waives(step) ? { ...step, waived: true } : step)), because: [because] };
}
