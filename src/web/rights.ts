/**
 * Who may read what: what a session has proved, against what a message demands. Pure, so that every room asks the same question and gets the same
 * answer.
 *
 * A message is read by who proved its address, as strongly as it demands, and one whose sender agreed on a passphrase by who knows that. The proof of one
 * tenant's address is worth nothing at another tenant, and a link alone opens nothing.
 */
import { type Proof, proofs } from '../policy/verdict.ts';
import type { PortalAddress, PortalRow, PortalSession, Reach } from '../store/portal-port.ts';
import type { Visitor } from './session.ts';

export type Right =
  | { readonly may: true; readonly reader: string | null; readonly proof: Proof }
  /** `proved`: the strongest that was shown for the address, or null. */
  | { readonly may: false; readonly proved: Proof | null };

type Asked = Pick<PortalRow, 'tenant' | 'address' | 'demand' | 'delivery'>;

export function rightTo(row: Asked, session: PortalSession | null): Right {
  const best = bestAt(row, session);
  if (row.demand === 'passphrase') {
    const knows = session?.passphrases.includes(row.delivery.id) === true;
    const reader = best?.member?.name ?? null;
    return knows ? { may: true, reader, proof: 'passphrase' } : { may: false, proved: best?.method ?? null };
  }
  if (best === null) return { may: false, proved: null };
  if (strength(best.method) < strength(row.demand)) return { may: false, proved: best.method };
  return { may: true, reader: best.member?.name ?? null, proof: best.method };
}

/** Whether the person may know that the message waits: they brought its link, or proved its address. */
export function mayKnow(row: PortalAddress & Pick<PortalRow, 'tokenHash'>, visitor: Visitor): boolean {
  return visitor.links.includes(row.tokenHash) || bestAt(row, visitor.session) !== null;
}

/** The strongest that was proved for an address; of equals the one with a name. */
export function bestAt({ tenant, address }: PortalAddress, session: PortalSession | null): Reach | null {
  let best: Reach | null = null;
  for (const reach of session?.reach ?? []) {
    if (reach.tenant !== tenant || reach.address !== address) continue;
    const more = best === null ? 1 : strength(reach.method) - strength(best.method);
    if (more > 0 || (more === 0 && best?.member === null)) best = reach;
  }
  return best;
}

/** Each address that was proved, once, with the strongest proof. */
export function addressesOf(session: PortalSession | null): Reach[] {
  const all = session?.reach ?? [];
  return all.filter((reach) => bestAt(reach, session) === reach);
}

/** Weakest first; a passphrase is above all, as nothing stands in for it. */
export function strength(proof: Proof): number {
  return proofs.indexOf(proof);
}
