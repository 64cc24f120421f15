/**
 * Which of the tenant's own keys are used when: `signerFor` when a copy is signed, `decryptionKeys` when mail comes in. Both give keys closed, for the pool
 * that opens them in its worker threads (protect/pool.ts).
 *
 * A key of the sender's goes before one of the whole tenant; of several the newest. What expired or was revoked signs nothing, and still opens.
 */
import { addressKey } from '../mail/address.ts';
import { ownKeyContext } from '../protect/own/jobs.ts';
import type { SigningKey } from '../protect/protected.ts';
import type { OwnKeyRow, OwnKeyStore } from '../store/own-key-port.ts';

/** A private key that may open what came in, closed until it is in a worker thread. */
export type DecryptionKey = {
  readonly id: string;
  readonly method: 'smime' | 'pgp';
  /** Lower-case hex. */
  readonly fingerprint: string;
  /** PEM certificates, its own first, or the armored public key: what the message names its recipients by. */
  readonly material: string;
  /** As in SigningKey. */
  readonly sealed: string;
  readonly context: string;
};

export type OwnKeys = {
  /** Makes a key when there is none and the tenant's settings ask for it (`generate`). */
  readonly signerFor: (tenant: string, sender: string, method: 'smime' | 'pgp') => Promise<SigningKey | null>;
  /** Those of the addresses and of the whole tenant, newest first. */
  readonly decryptionKeys: (tenant: string, addresses: readonly string[]) => Promise<DecryptionKey[]>;
};

export type OwnKeyPorts = {
  readonly store: Pick<OwnKeyStore, 'of'>;
  /** Makes a key for a sender without one, or does not: null. */
  readonly generate: (tenant: string, sender: string, method: 'smime' | 'pgp') => Promise<OwnKeyRow | null>;
  readonly now: () => number;
};

export function createOwnKeys({ store, generate, now }: OwnKeyPorts): OwnKeys {
  return {
    signerFor: async (tenant, sender, method) => {
      if (sender === '') return null;
      const address = addressKey(sender);
      const row = signingRow(await store.of(tenant, [address]), address, method, now());
      const found = row ?? (await generate(tenant, address, method));
      return found === null ? null : signingKey(found);
    },
    decryptionKeys: async (tenant, addresses) => {
      const rows = await store.of(tenant, addresses.map(addressKey));
      return rows.filter(({ use }) => use !== 'sign').map(decryptionKey);
    },
  };
}

/** The row to sign with at `now`, of rows that are newest first. */
export function signingRow(
  rows: readonly OwnKeyRow[],
  address: string,
  method: 'smime' | 'pgp',
  now: number,
): OwnKeyRow | null {
  const kind = method === 'smime' ? 'x509' : 'pgp';
  const usable = rows.filter(
    (row) =>
      row.kind === kind &&
      row.state === 'active' &&
      row.use !== 'decrypt' &&
      row.notBefore <= now &&
      (row.notAfter === null || row.notAfter > now),
  );
  return usable.find((row) => row.address === address) ?? usable.find((row) => row.address === '') ?? null;
}

function signingKey({ id, kind, material, sealed }: OwnKeyRow): SigningKey {
  const context = ownKeyContext(id);
  if (kind === 'pgp') return { method: 'pgp', certificates: [], sealed, context };
  return { method: 'smime', certificates: certificatesOf(material), sealed, context };
}

function decryptionKey({ id, kind, fingerprint, material, sealed }: OwnKeyRow): DecryptionKey {
  const method = kind === 'pgp' ? 'pgp' : 'smime';
  return { id, method, fingerprint, material, sealed, context: ownKeyContext(id) };
}

/** The certificates of a chain in PEM, one by one. */
function certificatesOf(material: string): string[] {
  return material.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? [];
}
