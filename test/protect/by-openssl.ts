/** Certificates with extensions that only openssl writes, for tests of what is done with them. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Issued } from '../../src/protect/issue.ts';

export const hasOpenssl = ['/usr/bin/openssl', '/usr/local/bin/openssl'].some((path) => existsSync(path));

type Wishes = {
  /** A distinguished name as openssl takes it; CN only when absent. */
  readonly subject?: string;
  /** Options for the key and the signature. */
  readonly options?: readonly string[];
  /** Sections that extensions refer to. */
  readonly sections?: string;
};

/** Issued by `issuer` now, for thirty days, with these extensions; signs itself without an issuer. */
export function byOpenssl(
  name: string,
  issuer: Issued | null,
  extensions: readonly string[],
  { subject = `/CN=${name}`, options = [], sections = '' }: Wishes = {},
): Issued {
  const folder = mkdtempSync(join(tmpdir(), 'postern-openssl-'));
  using _folder = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
  const file = (end: string) => join(folder, end);
  const lines = ['subjectKeyIdentifier=none', ...extensions].join('\n');
  const request = '[req]\ndistinguished_name=dn\nutf8=yes\nx509_extensions=ext\n[dn]\nO=Partner\n';
  writeFileSync(file('cnf'), `${request}[ext]\n${lines}\n${sections}`);
  const key = options.includes('-newkey') ? [] : ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const signer: string[] = [];
  if (issuer !== null) {
    writeFileSync(file('ca.pem'), issuer.certPem);
    writeFileSync(file('ca-key.pem'), issuer.keyPem);
    signer.push('-CA', file('ca.pem'), '-CAkey', file('ca-key.pem'));
  }
  const results = ['-out', file('cert.pem'), '-keyout', file('key.pem')];
  const asked = ['req', '-x509', ...key, '-nodes', '-days', '30', '-config', file('cnf'), '-utf8', '-subj', subject];
  execFileSync('openssl', [...asked, ...options, ...signer, ...results], { stdio: 'pipe' });
  return { certPem: readFileSync(file('cert.pem'), 'latin1'), keyPem: readFileSync(file('key.pem'), 'latin1') };
}
