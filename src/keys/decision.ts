/**
 * A person's word about a key -> what changes in the keyring (`postern keys trust|pin|reject`). Pure.
 *
 * To trust a key that came as a change is to give up the one it changed: that one is rejected, so that nobody brings it back. There is one pin of a
 * kind: another one that was pinned stays trusted. What is not pinned is not used while a pin stands, of whichever kind (keyring.ts).
 */
import type { Event } from '../event/event.ts';
import type { KeyChange, KeyDecision, KeyRow } from '../store/key-port.ts';

export type Word = 'trust' | 'pin' | 'reject';

const kinds = { trust: 'key.trusted', pin: 'key.pinned', reject: 'key.rejected' } as const;

/** `rows`: all of the key's address. The key's own change comes first. */
export function decisionOn(row: KeyRow, rows: readonly KeyRow[], word: Word, now: number): KeyDecision[] {
  const eventOf = ({ id, address, fingerprint }: KeyRow, said: Word): Event => {
    return { kind: kinds[said], key: id, address, fingerprint };
  };
  const decided = (about: KeyRow, said: Word, change: KeyChange): KeyDecision => {
    return { id: about.id, change, events: [eventOf(about, said)] };
  };
  if (word === 'reject') return [decided(row, 'reject', { state: 'rejected', stateSince: now })];
  const trust = word === 'pin' || (row.trust === 'pinned' && row.state === 'trusted') ? 'pinned' : 'confirmed';
  const others = rows.filter(({ id, kind, state }) => id !== row.id && kind === row.kind && state === 'trusted');
  const changes = [decided(row, word, { state: 'trusted', stateSince: now, trust, replaces: null })];
  for (const other of others) {
    if (other.id === row.replaces) changes.push(decided(other, 'reject', { state: 'rejected', stateSince: now }));
    else if (word === 'pin' && other.trust === 'pinned') changes.push(decided(other, 'trust', { trust: 'confirmed' }));
  }
  return changes;
}
