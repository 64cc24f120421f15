/** The end of every proof: it is written down, the session gets a new secret, and the browser is told. */
import type { Context } from 'hono';
import type { Event } from '../../event/event.ts';
import type { NewProof } from '../../store/portal-port.ts';
import type { Shared } from '../ports.ts';
import { clientOf, type Env } from '../request.ts';
import type { Visitor } from '../session.ts';

/** Adds the proofs to the visitor's session, begun if need be. `delivery`: the message it was shown for, if any. */
export async function prove(
  c: Context<Env>,
  { ports, now, sessions }: Shared,
  visitor: Visitor,
  proofs: readonly NewProof[],
  delivery: string | null,
): Promise<void> {
  const { visitor: renewed, secretHash } = sessions.renewed(await sessions.begun(c, visitor));
  const session = renewed.session?.id ?? '';
  for (const proof of proofs) {
    const event = provedEvent(proof, delivery, clientOf(c));
    if (await ports.store.prove(proof, { session, newSecretHash: secretHash, now: now() }, [event])) ports.emit(event);
  }
  sessions.keep(c, renewed);
}

function provedEvent(proof: NewProof, delivery: string | null, client: string): Event {
  const address = 'address' in proof ? proof.address : '';
  const member = 'member' in proof ? proof.member : null;
  const about = proof.method === 'passphrase' ? proof.delivery : delivery;
  return {
    kind: 'portal.proved',
    tenant: proof.tenant,
    address,
    client,
    delivery: about,
    member,
    method: proof.method,
  };
}
