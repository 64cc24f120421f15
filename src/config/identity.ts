/**
 * A private key and its certificate chain, from PEM texts: what references.ts reads at the start, and what is read again when the files change.
 * Pure.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Identity } from './config.ts';

export type Paired =
  | { readonly ok: true; readonly identity: Identity; readonly leaf: X509Certificate }
  | { readonly ok: false; readonly problems: readonly PairProblem[] };

/** `part`: which of the two is wrong. `message` has no full stop, `remedy` is a sentence. */
type PairProblem = { readonly part: 'key' | 'cert'; readonly message: string; readonly remedy: string };

/** Both, when each can be read and they belong together. */
export function pairUp({ key, cert }: Identity): Paired {
  const privateKey = readKey(key);
  const leaf = certificatesIn(cert)?.[0]?.certificate ?? null;
  const problems: PairProblem[] = [];
  if (privateKey === null) {
    const message = 'not a private key in PEM without a passphrase';
    problems.push({ part: 'key', message, remedy: 'It begins with -----BEGIN PRIVATE KEY-----.' });
  }
  if (leaf === null) {
    const remedy = 'It begins with -----BEGIN CERTIFICATE-----.';
    problems.push({ part: 'cert', message: 'not a certificate in PEM', remedy });
  }
  if (privateKey !== null && leaf?.checkPrivateKey(privateKey) === true)
    return { ok: true, identity: { key, cert }, leaf };
  if (privateKey !== null && leaf !== null) {
    const remedy = 'Name the key and the certificate that were made together.';
    problems.push({ part: 'cert', message: 'the certificate is not of this key', remedy });
  }
  return { ok: false, problems };
}

/** Every certificate of a PEM text; null when there is none or one cannot be read. */
export function certificatesIn(text: string): { certificate: X509Certificate; pem: string }[] | null {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    const certificates = blocks.map((pem) => ({ certificate: new X509Certificate(pem), pem: `${pem}\n` }));
    return certificates.length === 0 ? null : certificates;
  } catch {
    return null;
  }
}

export function readKey(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
}
