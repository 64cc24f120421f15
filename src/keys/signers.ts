/**
 * Was the certificate of a good signature revoked? `createSignerCheck` asks as it is asked of a certificate that mail is to be encrypted to (check.ts): with
 * the same deadline, and with the same setting for those who do not answer. What came along with the signature is used first.
 *
 * Only a verdict that would otherwise be "valid" is asked about: no other says anything good that a revocation could take away. Of an OpenPGP key only
 * its owner can say it, so the keyring knows (findings.ts) or nobody does, and the signature was judged with that.
 *
 * Limits: a certificate that a person trusts and that leads to no root has nobody who could revoke it.
 */
import { addressKey } from '../mail/address.ts';
import type { SignatureVerdict } from '../protect/open/opened.ts';
import type { KeyStatus, KeyStore } from '../store/key-port.ts';
import type { CertificateCheck } from './check.ts';
import { nobodyToAsk } from './revocation.ts';

/** The verdict as it is with that known. Rejects for trouble of the database only. */
export type CheckSigner = (signature: SignatureVerdict) => Promise<SignatureVerdict>;

export function createSignerCheck(
  { statusOf, fresh }: CertificateCheck,
  store: Pick<KeyStore, 'keysFor'>,
): CheckSigner {
  return async (signature) => {
    const { status, signer, fingerprint, certificates } = signature;
    const [material, ...issuers] = certificates;
    if (status !== 'valid' || signer === null || material === undefined) return signature;
    const rows = await store.keysFor(addressKey(signer));
    const row = rows.find((each) => each.kind === 'x509' && each.fingerprint === fingerprint);
    if (row?.status.revocation === 'revoked') return judged(signature, row.status);
    const asked = { material, issuers: issuers.join(''), address: signer, purpose: 'sign' } as const;
    const found = await statusOf({ ...asked, came: signature.revocation });
    // The keyring learns it at once, not only when the next look at the certificate is due.
    if (row !== undefined && found.revocation === 'revoked') await fresh([row], 'now');
    return judged(signature, found);
  };
}

function judged(signature: SignatureVerdict, { revocation, revocationWhy: why, refused }: KeyStatus): SignatureVerdict {
  const because = why === undefined ? '' : `: ${why}`;
  if (revocation === 'revoked')
    return { ...signature, status: 'revoked', why: `The certificate of the S/MIME signature is revoked${because}.` };
  if (revocation !== 'unknown' || why === nobodyToAsk) return signature;
  const unknown = `Whether the certificate of the S/MIME signature is revoked is not known${because}.`;
  if (refused === true) return { ...signature, status: 'untrusted', why: unknown };
  return { ...signature, why: `${signature.why} ${unknown}` };
}
