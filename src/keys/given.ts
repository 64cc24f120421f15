/**
 * Keys that people give for their own address in the portal. What they give is read (import.ts) and judged like everything that comes in (trust.ts, source
 * `portal`): the first key is taken as a person's word, another one than is known waits for the organisation's. They may take back what they gave.
 *
 * Whoever calls has proof that the address is theirs. Only the key for that very address is kept, of a file with several the newest of each kind; a file
 * with a private key in it is refused whole, so that nothing of it stays here.
 *
 * Limits: 64 KiB; five keys of one address that wait. PKCS #12 is not opened: it is meant for private keys, and opening it costs as much as its maker likes.
 */
import type { Event } from '../event/event.ts';
import { addressKey } from '../mail/address.ts';
import { openPkcs7 } from '../protect/containers.ts';
import { inspectCertificate } from '../protect/x509.ts';
import type { KeyRow, KeyStore } from '../store/key-port.ts';
import { keep } from './discover.ts';
import { applied, revocations } from './findings.ts';
import { readKeyFile } from './import.ts';
import { mostOctets } from './sources/source.ts';
import { judgeFound } from './trust.ts';
import { type Standing, standingsOf } from './words.ts';

/** What became of a file. The kinds of one file with several keys: the one that most needs to be said. */
export type Given =
  | 'accepted'
  /** Another key is known: the organisation has to say which. */
  | 'waiting'
  /** It was there already, as it is. */
  | 'known'
  /** It was rejected or taken back before, and stays so. */
  | 'rejected'
  | 'empty'
  | 'large'
  | 'unreadable'
  | 'private'
  | 'elsewhere'
  | 'expired'
  | 'revoked'
  | 'unusable'
  /** Too many wait already. */
  | 'many';

export type KnownKey = Pick<KeyRow, 'id' | 'kind' | 'fingerprint' | 'source' | 'createdAt' | 'notAfter'> & {
  readonly standing: Standing['kind'];
  /** Whether who proved the address may take it back: they gave it, and no admin pinned it. */
  readonly own: boolean;
};

/** `address` in any spelling. Rejects for trouble of the database only. */
export type RecipientKeys = {
  known(address: string): Promise<readonly KnownKey[]>;
  /** `where`: how the address was proved, for the admin who reads it in the keyring. */
  give(address: string, octets: Buffer, where: string): Promise<Given>;
  /** False when there is no such key of theirs. */
  takeBack(address: string, id: string): Promise<boolean>;
};

const mostWaiting = 5;

export function createRecipientKeys(ports: {
  readonly store: Pick<KeyStore, 'keysFor' | 'insertKeys' | 'updateKey'>;
  readonly emit: (event: Event) => void;
  readonly now: () => number;
}): RecipientKeys {
  const { store, now, emit } = ports;
  return {
    known: async (address) => {
      const rows = await store.keysFor(addressKey(address));
      const standings = standingsOf(rows, now());
      return rows.map((row, index): KnownKey => {
        const { id, kind, fingerprint, source, createdAt, notAfter } = row;
        const standing = standings[index]?.kind ?? 'useless';
        return { id, kind, fingerprint, source, createdAt, notAfter, standing, own: isTheirs(row) };
      });
    },

    give: async (address, octets, where) => {
      const rows = await store.keysFor(addressKey(address));
      const read = await readGiven(octets, address, now());
      if (typeof read === 'string') return read;
      if (read.kind === 'revoked') {
        await keep(revocations(read.fingerprints, rows, 'what they gave in the portal', now()), ports);
        return 'revoked';
      }
      const waiting = rows.filter(({ state, source }) => state === 'pending' && source === 'portal');
      const known = read.keys.every((key) => rows.some((row) => same(row, key)));
      if (!known && waiting.length >= mostWaiting) return 'many';
      const judged = judgeFound(read.keys, rows, { source: 'portal', where, now: now() });
      await keep(judged, ports);
      const after = applied(rows, judged).filter((row) => read.keys.some((key) => same(row, key)));
      if (after.some(({ state }) => state === 'pending')) return 'waiting';
      if (after.some(({ state }) => state === 'rejected')) return 'rejected';
      return judged.rows.length + judged.changes.length === 0 ? 'known' : 'accepted';
    },

    takeBack: async (address, id) => {
      const row = (await store.keysFor(addressKey(address))).find((each) => each.id === id);
      if (row === undefined || !isTheirs(row)) return false;
      const { fingerprint, where } = row;
      const event: Event = { kind: 'key.rejected', key: id, address: row.address, fingerprint };
      const change = { state: 'rejected', stateSince: now(), where: `${where}; taken back by the recipient` } as const;
      if (!(await store.updateKey(id, change, [event]))) return false;
      emit(event);
      return true;
    },
  };
}

const isTheirs = ({ source, trust, state }: KeyRow): boolean =>
  source === 'portal' && trust !== 'pinned' && state !== 'rejected';

type Named = Pick<KeyRow, 'kind' | 'fingerprint'>;

const same = (row: Named, key: Named): boolean => row.kind === key.kind && row.fingerprint === key.fingerprint;

type Read =
  | { readonly kind: 'keys'; readonly keys: Awaited<ReturnType<typeof readKeyFile>>['entries'] }
  | { readonly kind: 'revoked'; readonly fingerprints: readonly string[] }
  | Given;

/** What a file says about keys of this address. Never rejects, whatever the octets are. */
async function readGiven(octets: Buffer, address: string, now: number): Promise<Read> {
  if (octets.length === 0) return 'empty';
  if (octets.length > mostOctets) return 'large';
  if (octets[0] === 0x30 && !inspectCertificate(octets, now).ok && !openPkcs7(octets).ok)
    return beginsWithVersion(octets) ? 'private' : 'unreadable';
  const { entries, unfit, privateKey } = await readKeyFile(octets, null, now);
  if (privateKey) return 'private';
  const own = addressKey(address);
  const theirs = entries.filter((entry) => entry.address === own);
  const newest = (['pgp', 'x509'] as const).flatMap((kind) => theirs.find((entry) => entry.kind === kind) ?? []);
  if (newest.length > 0) return { kind: 'keys', keys: newest };
  // A key that is too weak vouches for no address.
  const refused = unfit.filter(({ addresses }) => addresses.includes(own) || addresses.length === 0);
  const revoked = refused.filter(({ why }) => why === 'revoked').map(({ fingerprint }) => fingerprint);
  if (revoked.length > 0) return { kind: 'revoked', fingerprints: revoked };
  if (refused[0] !== undefined) return refused[0].why;
  return entries.length + unfit.length > 0 ? 'elsewhere' : 'unreadable';
}

/** PKCS #12, and every DER form of a private key that is not encrypted, begin with a small version number; nothing public does. */
function beginsWithVersion(der: Buffer): boolean {
  const length = der[1] ?? 0;
  const content = length > 0x80 ? 2 + (length & 0x7f) : 2;
  return der[content] === 2 && der[content + 1] === 1;
}
