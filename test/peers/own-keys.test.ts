/** Keys and certificates made here, judged by the programs that others meet them with: openssl, gpgsm, NSS, gpg and sq. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { createAuthority, generatePgp, issue, type Made, renew, revoke } from '../../src/keys/own-maker.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { ownKeyContext } from '../../src/protect/own/jobs.ts';
import { openText } from '../../src/protect/seal.ts';
import type { OwnKeyRow } from '../../src/store/own-key-port.ts';
import { sqlite } from '../engines.ts';
import { anna, ownPlace, sealingKey, tenant } from '../keys/own-place.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-own-peers-'));
const home = join(folder, 'gnupg');
mkdirSync(home, { mode: 0o700 });
const environment = { ...process.env, GNUPGHOME: home };

type Ran = { readonly ok: boolean; readonly text: string };

function run(tool: string, ...args: string[]): Ran {
  const { status, stdout, stderr } = spawnSync(tool, args, { cwd: folder, env: environment, encoding: 'utf8' });
  return { ok: status === 0, text: `${stdout}${stderr}` };
}

const present = (tool: string): boolean => spawnSync('which', [tool]).status === 0;
const missing = (...tools: string[]): boolean => !tools.every(present) && process.env['CI'] === undefined;

const write = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content);
  return name;
};

afterAll(() => {
  if (present('gpgconf')) run('gpgconf', '--kill', 'all');
  rmSync(folder, { recursive: true, force: true });
});

function only(made: Made): OwnKeyRow {
  if (!made.ok || made.rows[0] === undefined) throw new Error(made.ok ? 'nothing was made' : made.why);
  return made.rows[0];
}

const privateKey = ({ id, sealed }: OwnKeyRow): string => openText(sealingKey, sealed, ownKeyContext(id));

describe.each(['rsa3072', 'p256'] as const)('a certificate with %s', (algorithm) => {
  const ours = { ...tenant, ownKeys: { ...tenant.ownKeys, algorithm } };

  async function issued() {
    const place = await ownPlace(sqlite);
    const ca = only(await createAuthority(ours, `Corp CA ${algorithm}`, place.ports));
    const certificate = only(await issue(ours, anna, place.ports));
    write('ca.pem', ca.material);
    write('anna.pem', certificate.material);
    const list = async () => {
      const der = (await place.store.ownKeys.revocationList(ca.id))?.der ?? Buffer.alloc(0);
      return write('list.der', der);
    };
    return { ...place, certificate, list, [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() };
  }

  test.skipIf(missing('openssl'))('openssl: path, purpose, list before and after it is revoked', async () => {
    await using made = await issued();
    const verify = (...more: string[]): Ran =>
      run('openssl', 'verify', '-x509_strict', '-purpose', 'smimesign', '-CAfile', 'ca.pem', ...more, 'anna.pem');
    expect(verify('-verify_email', anna.address)).toEqual({ ok: true, text: 'anna.pem: OK\n' });
    expect(verify('-verify_email', 'bob@corp.example').ok).toBe(false);
    const checked = async (): Promise<Ran> => {
      expect(
        run('openssl', 'crl', '-inform', 'DER', '-in', await made.list(), '-CAfile', 'ca.pem', '-noout').text,
      ).toBe('verify OK\n');
      run('openssl', 'crl', '-inform', 'DER', '-in', 'list.der', '-out', 'list.pem');
      return verify('-crl_check', '-CRLfile', 'list.pem');
    };
    expect(await checked()).toEqual({ ok: true, text: 'anna.pem: OK\n' });
    expect((await revoke(ours, made.certificate, 'keyCompromise', made.ports)).ok).toBe(true);
    const after = await checked();
    expect(after.ok).toBe(false);
    expect(after.text).toContain('certificate revoked');
    expect(run('openssl', 'crl', '-inform', 'DER', '-in', 'list.der', '-noout', '-text').text).toContain(
      'Key Compromise',
    );
  });

  test.skipIf(missing('openssl'))('openssl: the authority is good for the tenant’s addresses alone', async () => {
    await using made = await issued();
    const [row] = (await made.store.ownKeys.list('corp')).filter(({ kind }) => kind === 'ca');
    if (row === undefined) throw new Error('no authority');
    const issuer = { certPem: row.material, keyPem: privateKey(row) };
    const stray = issueCertificate({ subject: 'Mallory', issuer, san: { email: ['ceo@bank.example'] } });
    write('stray.pem', stray.certPem);
    const ran = run('openssl', 'verify', '-CAfile', 'ca.pem', 'stray.pem');
    expect(ran.text).toContain('permitted subtree violation');
  });

  test.skipIf(missing('certutil', 'crlutil'))(
    'NSS, as in Thunderbird: for signing and for encryption, until it is revoked',
    async () => {
      await using made = await issued();
      const db = `nss-${algorithm}`;
      mkdirSync(join(folder, db));
      run('certutil', '-N', '-d', db, '--empty-password');
      expect(run('certutil', '-A', '-d', db, '-n', 'ca', '-t', ',C,', '-i', 'ca.pem').ok).toBe(true);
      expect(run('certutil', '-A', '-d', db, '-n', 'anna', '-t', ',,', '-i', 'anna.pem').ok).toBe(true);
      for (const usage of ['S', 'R']) {
        const { text } = run('certutil', '-V', '-d', db, '-n', 'anna', '-u', usage);
        expect(text).toContain('certificate is valid');
      }
      expect((await revoke(ours, made.certificate, 'superseded', made.ports)).ok).toBe(true);
      expect(run('crlutil', '-I', '-i', await made.list(), '-d', db).text).not.toContain('unable');
      expect(run('certutil', '-V', '-d', db, '-n', 'anna', '-u', 'S').text).toMatch(/revoked/i);
    },
  );

  test.skipIf(missing('gpgsm'))('gpgsm: trusted once its authority is', async () => {
    await using _ = await issued();
    rmSync(home, { recursive: true, force: true });
    mkdirSync(home, { mode: 0o700 });
    const gpgsm = (...args: string[]): Ran => run('gpgsm', '--batch', '--disable-crl-checks', ...args);
    gpgsm('--import', 'anna.pem');
    const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(gpgsm('--with-colons', '--list-keys', 'Corp CA').text)?.[1] ?? '';
    writeFileSync(join(home, 'trustlist.txt'), `${fingerprint} S relax\n`);
    run('gpgconf', '--kill', 'all');
    const { text } = gpgsm('--with-validation', '--list-keys', anna.address);
    expect(text).toContain('certificate is good');
    expect(text).toContain('aka: anna@corp.example');
    run('gpgconf', '--kill', 'all');
  });
});

describe('an OpenPGP key', () => {
  test.skipIf(missing('gpg'))(
    'gpg: opens and signs, its end moves when it is renewed, and it knows when it is revoked',
    async () => {
      await using place = await ownPlace(sqlite);
      rmSync(home, { recursive: true, force: true });
      mkdirSync(home, { mode: 0o700 });
      const gpg = (...args: string[]): Ran => run('gpg', '--batch', '--quiet', '--trust-model', 'always', ...args);
      const made = only(await generatePgp(tenant, anna, place.ports));
      // As the pool will have it.
      expect(gpg('--import', write('private.asc', privateKey(made))).ok).toBe(true);
      write('text', 'hello\n');
      expect(gpg('-r', anna.address, '-u', anna.address, '-o', 'text.gpg', '--yes', '-se', 'text').ok).toBe(true);
      expect(gpg('-d', 'text.gpg').text).toMatch(/hello[\s\S]*Good signature from "Anna Example <anna@corp.example>"/);
      const ends = (...options: string[]): number =>
        Number(
          gpg(...options, '--with-colons', '-k')
            .text.split('\n')
            .find((line) => line.startsWith('pub:'))
            ?.split(':')[6],
        );
      expect(ends()).toBe(Math.floor((made.notAfter ?? 0) / 1000));
      place.clock.now += 2000;
      const longer = { ...tenant, ownKeys: { ...tenant.ownKeys, validFor: 500 * 86_400_000 } };
      const renewed = only(await renew(longer, made, place.ports));
      expect(renewed.fingerprint).toBe(made.fingerprint);
      const later = ['--faked-system-time', `${Math.floor(place.clock.now / 1000) + 10}`];
      gpg(...later, '--import', write('renewed.asc', renewed.material));
      expect(ends(...later)).toBe(Math.floor((renewed.notAfter ?? 0) / 1000));
      expect(Math.round((renewed.notAfter ?? 0) - (made.notAfter ?? 0))).toBeGreaterThan(99 * 86_400_000);
      const stored = await place.ports.store.find(made.id);
      if (stored === null) throw new Error('the key is gone');
      expect((await revoke(tenant, stored, 'keyCompromise', place.ports)).ok).toBe(true);
      const revoked = await place.ports.store.find(made.id);
      gpg(...later, '--import', write('revoked.asc', revoked?.material ?? ''));
      expect(gpg('--with-colons', '-k').text).toMatch(/^pub:r:/m);
      run('gpgconf', '--kill', 'all');
    },
  );

  test.skipIf(missing('sq'))('sq: finds nothing to complain about', async () => {
    await using place = await ownPlace(sqlite);
    const made = only(await generatePgp(tenant, anna, place.ports));
    const { text } = run('sq', 'inspect', write('public.asc', made.material));
    expect(text).toContain('OpenPGP Certificate');
    expect(text).toContain('UserID: Anna Example <anna@corp.example>');
    expect(text).not.toMatch(/invalid|Invalid|weak/);
  });

  /** A network and a view of /etc of our own, in which corp.example is this machine; both tools insist on port 443 and the system's roots. */
  const alone = (): boolean => {
    const roots = '/etc/ssl/certs/ca-certificates.crt';
    const may =
      present('unshare') && existsSync(roots) && spawnSync('unshare', ['-r', '-n', '-m', 'true']).status === 0;
    return may || process.env['CI'] !== undefined;
  };

  test.skipIf(missing('gpg', 'dirmngr', 'sq') || !alone())('gpg and sq find it in the Web Key Directory', async () => {
    await using place = await ownPlace(sqlite);
    const made = only(await generatePgp(tenant, anna, place.ports));
    const authority = issueCertificate({ subject: 'Web CA', ca: true });
    const dns = ['corp.example', 'openpgpkey.corp.example'];
    const web = issueCertificate({ subject: 'web', issuer: authority, san: { dns } });
    write('web-ca.pem', authority.certPem);
    write('cert.pem', web.certPem + authority.certPem);
    write('key.pem', web.keyPem);
    write('anna.asc', made.material);
    const script = fileURLToPath(new URL('locate.sh', import.meta.url));
    const server = fileURLToPath(new URL('wkd-server.ts', import.meta.url));
    const locate = (hosts: string): string =>
      execFileSync('unshare', ['-r', '-n', '-m', 'bash', script, folder, hosts, process.execPath, server], {
        encoding: 'utf8',
        timeout: 60_000,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    const fingerprint = made.fingerprint.toUpperCase();
    const advanced = locate('openpgpkey.corp.example');
    expect(advanced).toContain(`gpg: ${fingerprint}`);
    expect(advanced).toContain(`sq: ${fingerprint}`);
    const direct = locate('corp.example');
    expect(direct).toContain(`gpg: ${fingerprint}`);
    expect(direct).toContain(`sq: ${fingerprint}`);
  });
});
