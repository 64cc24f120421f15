/** Which key each delivered copy was encrypted to, where that key is from and how far it was trusted: one event for each, for the auditor and for `postern trace`. */
import type { Event } from '../event/event.ts';
import { addressKey } from '../mail/address.ts';
import type { Store } from '../store/store.ts';
import type { Ended } from './notices.ts';

type KeyUsePorts = {
  readonly store: Pick<Store, 'keysFor' | 'noteKeysUsed'>;
  readonly now: () => number;
};

/** Empty for what left unencrypted or did not leave. Notes, too, that the keys were used. */
export async function keyUses(ended: readonly Ended[], { store, now }: KeyUsePorts): Promise<Event[]> {
  const events: Event[] = [];
  for (const { delivery, outcome } of ended) {
    const step = delivery.steps[delivery.step];
    if (outcome.kind !== 'delivered' || (step?.method !== 'smime' && step?.method !== 'pgp')) continue;
    const rows = await store.keysFor(addressKey(delivery.recipient));
    const used = rows.filter(({ id }) => step.keys.includes(id));
    store.noteKeysUsed(
      used.map(({ id }) => id),
      now(),
    );
    const { messageId: message, id, recipient } = delivery;
    const about = { kind: 'delivery.protected', message, delivery: id, recipient, method: step.method } as const;
    events.push(
      ...used.map(({ id: key, fingerprint, source, trust }) => ({ ...about, key, fingerprint, source, trust })),
    );
  }
  return events;
}
