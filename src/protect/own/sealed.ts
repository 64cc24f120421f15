/** A private key on its way out of the thread it was made or read in: sealed for the row it will be in, beside what is public of it. */
import { randomUUIDv7, X509Certificate } from 'node:crypto';
import { addressKey, sameAddress } from '../../mail/address.ts';
import type { OpenedPgp } from '../openpgp/own.ts';
import { sealText } from '../seal.ts';
import { type CertificateFacts, inspectCertificate } from '../x509.ts';
import { ownKeyContext, type SealedKey } from './jobs.ts';

/** One row for each of these addresses of the key, or one for the whole tenant; `keepId` for a key that has its row already. */
export function sealedPgp(
  key: OpenedPgp,
  addresses: readonly string[],
  wholeTenant: boolean,
  ownKeys: Buffer,
  keepId?: string,
): SealedKey[] {
  const rows = key.publicKeys.filter(({ address }) => addresses.some((each) => sameAddress(each, address)));
  return (wholeTenant ? rows.slice(0, 1) : rows).map(({ address, armored: material }) => {
    const id = keepId ?? randomUUIDv7();
    return {
      id,
      kind: 'pgp',
      address: wholeTenant ? '' : addressKey(address),
      use: 'both',
      fingerprint: key.fingerprint,
      material,
      sealed: sealText(ownKeys, key.armored, ownKeyContext(id)),
      serial: null,
      notBefore: key.notBefore,
      notAfter: key.notAfter,
    };
  });
}

/** `keyPem`: PKCS #8. */
export function sealedX509(
  kind: 'x509' | 'ca',
  address: string,
  use: SealedKey['use'],
  facts: CertificateFacts,
  material: string,
  keyPem: string,
  ownKeys: Buffer,
): SealedKey {
  const id = randomUUIDv7();
  const { fingerprint, notBefore, notAfter } = facts;
  const serial = new X509Certificate(facts.pem).serialNumber.toLowerCase();
  const sealed = sealText(ownKeys, keyPem, ownKeyContext(id));
  return { id, kind, address, use, fingerprint, material, sealed, serial, notBefore, notAfter };
}

/** Of a certificate that was read before. */
export function factsOf(pem: string, now: number): CertificateFacts {
  const read = inspectCertificate(pem, now);
  if (!read.ok) throw new Error(read.why);
  return read.certificate;
}
