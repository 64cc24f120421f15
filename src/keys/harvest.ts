/**
 * Keys out of mail that passes through: the certificate of a signature that was verified, and the key in an Autocrypt field. They go the way of
 * everything that is found (findings.ts): a certificate is worth its path to a root, and what an Autocrypt field says, anybody could have written.
 *
 * Limits: keys that came along with an OpenPGP signature are not taken: what verified it is in the keyring already.
 */
import { createHash } from 'node:crypto';
import type { Event } from '../event/event.ts';
import { addressKey, sameAddress } from '../mail/address.ts';
import { autocryptKey } from '../mail/autocrypt.ts';
import { authorsOf, type Field } from '../mail/header.ts';
import type { KeyStore } from '../store/key-port.ts';
import { keep } from './discover.ts';
import { type Brought, type CheckCertificate, findingOf } from './findings.ts';

/** What is read of a message; `signature` is the verdict on it (protect/open/), null when nobody verified any. */
export type Mail = {
  readonly fields: readonly Field[];
  readonly messageId: string;
  readonly signature: {
    readonly status: string;
    readonly signer: string | null;
    /** PEM, the signer's first. */
    readonly certificates: readonly string[];
    readonly gcm: boolean;
  } | null;
};

export type Harvest = (mail: Mail) => Promise<void>;

/** The same keys come with every mail of their owner: for this long they are not looked at again. Milliseconds. */
const seenFor = 3_600_000;
const mostSeen = 10_000;

/** Rejects only for trouble of the database. */
export function createHarvest(ports: {
  readonly store: Pick<KeyStore, 'keysFor' | 'insertKeys' | 'updateKey'>;
  readonly check: CheckCertificate;
  readonly emit: (event: Event) => void;
  readonly now: () => number;
}): Harvest {
  const seen = new Map<string, number>();
  const isNew = (brought: Brought, address: string): boolean => {
    const hash = createHash('sha256').update(`${brought.source} ${address} ${brought.features?.gcm === true}`);
    for (const { octets } of brought.keys) hash.update(octets);
    const id = hash.digest('base64');
    if ((seen.get(id) ?? 0) > ports.now()) return false;
    if (seen.size >= mostSeen) seen.clear();
    seen.set(id, ports.now() + seenFor);
    return true;
  };
  return async (mail) => {
    for (const { address, brought } of carriedBy(mail)) {
      if (!isNew(brought, address)) continue;
      const rows = await ports.store.keysFor(addressKey(address));
      await keep(await findingOf(brought, address, rows, { check: ports.check, now: ports.now() }), ports);
    }
  };
}

/** What a message carries of its author's keys. Pure. */
export function carriedBy({ fields, messageId, signature }: Mail): { address: string; brought: Brought }[] {
  const carried: { address: string; brought: Brought }[] = [];
  const { mailboxes, ambiguous } = authorsOf(fields);
  const author = mailboxes[0]?.address;
  if (ambiguous || author === undefined) return carried;
  if (signature?.status === 'valid' && signature.signer !== null && sameAddress(signature.signer, author)) {
    const keys = signature.certificates.map((pem) => ({ kind: 'x509' as const, octets: Buffer.from(pem, 'latin1') }));
    const brought: Brought = { source: 'signed-mail', title: 'Signed mail', keys, where: messageId };
    const features = signature.gcm ? { features: { gcm: true as const } } : {};
    if (keys.length > 0) carried.push({ address: author, brought: { ...brought, ...features } });
  }
  const autocrypt = autocryptKey(fields);
  if (autocrypt !== null) {
    const keys = [{ kind: 'pgp' as const, octets: autocrypt.keydata }];
    const brought: Brought = { source: 'autocrypt', title: 'An Autocrypt field', keys, where: messageId };
    carried.push({ address: author, brought });
  }
  return carried;
}
