/** A real directory: slapd with an entry for each person, on loopback, by ldaps and by ldap with StartTLS. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Identity } from '../../src/config/config.ts';
import { freePort, waitForPort } from '../bench/ports.ts';

export type Entry = {
  readonly uid: string;
  readonly mail: string;
  /** DER. */
  readonly certificates?: readonly Buffer[];
  /** Signed messages without content. */
  readonly smime?: readonly Buffer[];
};

export type Directory = AsyncDisposable & {
  readonly ldap: number;
  readonly ldaps: number;
  readonly base: string;
  /** Who may read, and with what. */
  readonly reader: { readonly dn: string; readonly password: string };
};

const daemon = '/usr/sbin/slapd';

/** What is not installed, in words, or null. */
export function slapdMissing(): string | null {
  return existsSync(daemon) ? null : `${daemon} is not installed (Debian package slapd)`;
}

const base = 'dc=partner,dc=example';
const reader = { dn: `cn=reader,${base}`, password: 'only for the test' };

/** `open`: everybody may read; else only the reader. */
export async function startDirectory(
  entries: readonly Entry[],
  identity: Identity,
  options: { readonly open?: boolean } = {},
): Promise<Directory> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'postern-slapd-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'key.pem'), identity.key, { mode: 0o600 });
  writeFileSync(join(folder, 'cert.pem'), identity.cert);
  writeFileSync(join(folder, 'slapd.conf'), settings(folder, options.open ?? true));
  writeFileSync(join(folder, 'entries.ldif'), ldif(entries));
  execFileSync('/usr/sbin/slapadd', ['-f', join(folder, 'slapd.conf'), '-l', join(folder, 'entries.ldif')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [ldap, ldaps] = [await freePort(), await freePort()];
  const urls = `ldap://127.0.0.1:${ldap} ldaps://127.0.0.1:${ldaps}`;
  const child = spawn(daemon, ['-f', join(folder, 'slapd.conf'), '-h', urls, '-d', '0'], { stdio: 'ignore' });
  const exit = once(child, 'exit');
  stack.defer(async () => {
    child.kill();
    await exit;
  });
  await Promise.all([waitForPort(ldap), waitForPort(ldaps)]);
  const running = stack.move();
  return { ldap, ldaps, base, reader, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function settings(folder: string, open: boolean): string {
  const schema = ['core', 'cosine', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`);
  return `${schema.join('\n')}
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${folder}/slapd.pid
TLSCertificateFile ${folder}/cert.pem
TLSCertificateKeyFile ${folder}/key.pem
access to attrs=userPassword by anonymous auth by * none
access to * by dn="${reader.dn}" read by * ${open ? 'read' : 'none'}
database mdb
suffix "${base}"
directory ${folder}/data
maxsize 10485760
`;
}

function ldif(entries: readonly Entry[]): string {
  const values = (name: string, all: readonly Buffer[] = []) =>
    all.map((each) => `${name}:: ${each.toString('base64')}`);
  const people = entries.map(({ uid, mail, certificates, smime }) =>
    [
      `dn: uid=${uid},${base}`,
      'objectClass: inetOrgPerson',
      `cn: ${uid}`,
      `sn: ${uid}`,
      `mail: ${mail}`,
      ...values('userCertificate;binary', certificates),
      ...values('userSMIMECertificate', smime),
    ].join('\n'),
  );
  const top = [`dn: ${base}`, 'objectClass: dcObject', 'objectClass: organization', 'o: Partner', 'dc: partner'];
  const login = [`dn: ${reader.dn}`, 'objectClass: person', 'cn: reader', 'sn: reader'];
  return [top.join('\n'), [...login, `userPassword: ${reader.password}`].join('\n'), ...people, ''].join('\n\n');
}
