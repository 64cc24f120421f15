/** The roots that certificates for mail may lead to: the admin's, and this system's. Read once, when the process starts. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import type { KeySettings } from '../config/config.ts';

/** Where Debian and its kin keep theirs. */
const bundle = '/etc/ssl/certs/ca-certificates.crt';

/** What cannot be read as a certificate is left out of the system's; the admin's were checked with the settings. */
export function mailRoots({ systemRoots, roots }: Pick<KeySettings, 'systemRoots' | 'roots'>): X509Certificate[] {
  return [...roots, ...(systemRoots ? systemPems() : [])].flatMap((pem) => certificatesOf(pem));
}

function systemPems(): readonly string[] {
  try {
    return [readFileSync(bundle, 'latin1')];
  } catch {
    return rootCertificates;
  }
}

/** The certificates in a PEM text, one after the other; what is none is passed over. */
export function certificatesOf(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}
