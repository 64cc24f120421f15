/**
 * What the settings point at: secrets in files, environment variables and systemd credentials, PEM files, policies. Everything is
 * read and tried here, at start, so that a wrong path is a message with its line instead of a failure at the first message.
 *
 * No message holds what was read, nor the text of a setting that might be the secret itself instead of its path.
 */
import { createHash, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Identity } from './config.ts';
import { certificatesIn, pairUp, readKey } from './identity.ts';
import type { SecretReference } from './kinds.ts';
import { type Logo, readLogo } from './logo.ts';
import type { Path, Problem, ProblemAt } from './yaml.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Octets; keys, certificates and policies stay far below. */
const maxFile = 16 * 1024 * 1024;

export class References {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly #folder: string;
  readonly #environment: Environment;
  readonly #problemAt: ProblemAt;

  /** `folder`: of the configuration file; relative paths start there. */
  constructor(folder: string, environment: Environment, problemAt: ProblemAt) {
    this.#folder = folder;
    this.#environment = environment;
    this.#problemAt = problemAt;
  }

  absolute(path: string): string {
    return resolve(this.#folder, path);
  }

  /** The absolute path of a file that must be there and readable. */
  file(path: string, at: Path): string {
    this.#read(path, at, 'Correct the path, or put the file there.');
    return this.absolute(path);
  }

  /** 32 octets, or null after a problem. `what`: "the master key". */
  sealingKey(reference: SecretReference, at: Path, what: string): Buffer | null {
    const file = reference.file === undefined ? null : this.absolute(reference.file);
    // Nobody may be talked into overwriting the key of a gateway that has mail waiting.
    const keep = 'Restore your copy of it; do not make a new one while mail waits, which only the old one opens.';
    const make =
      file === null
        ? 'Make one with: head -c 32 /dev/urandom | base64'
        : existsSync(file)
          ? `Let the user of the gateway read it (chown, chmod). ${keep}`
          : `If this is a new gateway, make one with: mkdir -p ${dirname(file)} && (umask 077; head -c 32 /dev/urandom | base64 > ${file}). Else restore your copy.`;
    const octets = this.#secret(reference, at, make);
    if (octets === null) return null;
    const key = decodeKey(octets, reference.env === undefined);
    if (key === null) this.#report(at, `${what} is not 32 octets, raw, in hexadecimal or in base64`, keep);
    return key;
  }

  /** A secret of one line as its SHA-256 in hexadecimal, or null after a problem. */
  secretHash(setting: string | SecretReference, at: Path): string | null {
    const secret = this.headerSecret(setting, at);
    return secret === null ? null : createHash('sha256').update(secret).digest('hex');
  }

  /** A secret of one line that a header field can carry, or null after a problem. */
  headerSecret(setting: string | SecretReference, at: Path): string | null {
    const remedy = 'Write the path of a file that holds the secret on one line.';
    const octets =
      typeof setting === 'string' ? this.#secretFile(setting, at, remedy, false) : this.#secret(setting, at, remedy);
    if (octets === null) return null;
    const secret = octets.toString('utf8').trim();
    // What a header field can carry unchanged.
    if (!/^[!-~](?:[ -~]*[!-~])?$/.test(secret)) {
      this.#report(at, 'the secret is empty, has several lines or has characters a header cannot carry', remedy);
      return null;
    }
    if (secret.length < 16)
      this.#warn(at, 'the secret is short and can be guessed', 'Use at least 16 random characters.');
    return secret;
  }

  /** A secret of one line as text, or null after a problem. */
  secretText(reference: SecretReference, at: Path): string | null {
    return this.#secret(reference, at, 'Put it there, on one line.')?.toString('utf8').trim() ?? null;
  }

  /** A private key and its certificate chain; they must belong together. */
  identity(named: { readonly key: string; readonly cert: string }, at: Path): (Identity & { files: Identity }) | null {
    const remedy = 'Correct the path, or put the file there.';
    const key = this.#secretFile(named.key, [...at, 'key'], remedy, true)?.toString('latin1') ?? null;
    const cert = this.#read(named.cert, [...at, 'cert'], remedy)?.toString('latin1') ?? null;
    if (key === null || cert === null) return null;
    const paired = pairUp({ key, cert });
    if (!paired.ok) {
      for (const { part, message, remedy: mend } of paired.problems) this.#report([...at, part], message, mend);
      return null;
    }
    const until = paired.leaf.validToDate;
    if (until.getTime() < Date.now())
      this.#warn([...at, 'cert'], `the certificate expired on ${until.toISOString().slice(0, 10)}`, 'Renew it.');
    return { key, cert, files: { key: this.absolute(named.key), cert: this.absolute(named.cert) } };
  }

  /** A private key that signs for DKIM, or null after a problem. */
  signingKey(path: string, at: Path): KeyObject | null {
    const pem = this.#secretFile(path, at, 'Correct the path, or put the file there.', true);
    if (pem === null) return null;
    const key = readKey(pem.toString('latin1'));
    const bits = key?.asymmetricKeyDetails?.modulusLength ?? 0;
    if (key !== null && (key.asymmetricKeyType === 'ed25519' || bits >= 1024)) return key;
    this.#report(at, 'not an RSA or Ed25519 key in PEM without a passphrase', 'Make one with: openssl genrsa 2048');
    return null;
  }

  /** Every certificate in a PEM file of roots, each as its own PEM text. */
  roots(path: string, at: Path): string[] {
    const octets = this.#read(path, at, 'Correct the path, or put the file there.');
    if (octets === null) return [];
    const found = certificatesIn(octets.toString('latin1'));
    if (found === null) this.#report(at, 'not certificates in PEM', 'Each begins with -----BEGIN CERTIFICATE-----.');
    return (found ?? []).map(({ pem }) => pem);
  }

  /** A tenant's logo, or null after a problem. */
  logo(path: string, at: Path): Logo | null {
    const octets = this.#read(path, at, 'Correct the path, or put the file there.');
    const result = octets === null ? null : readLogo(octets);
    if (result === null || result.ok) return result?.logo ?? null;
    this.#report(at, result.why, result.remedy);
    return null;
  }

  #secret(reference: SecretReference, at: Path, remedy: string): Buffer | null {
    if (reference.file !== undefined) return this.#secretFile(reference.file, [...at, 'file'], remedy, true);
    if (reference.credential !== undefined) {
      const folder = this.#environment['CREDENTIALS_DIRECTORY'];
      if (folder !== undefined) {
        return this.#read(
          join(folder, reference.credential),
          [...at, 'credential'],
          'Add LoadCredential= to the unit.',
        );
      }
      const start = 'Start the program by systemd with LoadCredential=, or name a file.';
      this.#report([...at, 'credential'], 'no credentials were given to this process', start);
      return null;
    }
    const value = this.#environment[reference.env ?? ''] ?? '';
    if (value !== '') return Buffer.from(value, 'utf8');
    this.#report([...at, 'env'], `the environment variable ${reference.env} is not set`, remedy);
    return null;
  }

  #secretFile(path: string, at: Path, remedy: string, named: boolean): Buffer | null {
    const octets = this.#read(path, at, remedy, named);
    // Others on this machine could read the secret; containers often cannot do better, so this does not stop the start.
    if (octets !== null && (statSync(this.absolute(path)).mode & 0o004) !== 0) {
      this.#warn(at, 'this file can be read by everybody on this machine', 'chmod 600 it.');
    }
    return octets;
  }

  #read(path: string, at: Path, remedy: string, named = true): Buffer | null {
    const absolute = this.absolute(path);
    const what = named ? absolute : 'the file named here';
    try {
      const { size } = statSync(absolute);
      // Not a regular file would block; credentials and secrets in memory file systems are regular files too.
      if (statSync(absolute).isFile() && size <= maxFile) return readFileSync(absolute);
      this.#report(at, `${what} is not a file, or too large to be one of these`, remedy);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? 'unknown'})`;
      this.#report(at, `${what} ${reason}`, remedy);
    }
    return null;
  }

  #report(at: Path, message: string, remedy: string): void {
    this.problems.push(this.#problemAt(at, message, remedy));
  }

  #warn(at: Path, message: string, remedy: string): void {
    this.warnings.push(this.#problemAt(at, message, remedy));
  }
}

function decodeKey(octets: Buffer, raw: boolean): Buffer | null {
  // 32 octets that are all printable are a password or half a key in hexadecimal, never random octets.
  if (raw && octets.length === 32 && octets.some((octet) => octet < 0x20 || octet > 0x7e)) return usable(octets);
  const text = octets.toString('latin1').trim();
  if (/^[0-9A-Fa-f]{64}$/.test(text)) return usable(Buffer.from(text, 'hex'));
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return usable(Buffer.from(text, 'base64'));
  return null;
}

/** A key of one repeated octet is a placeholder. */
function usable(key: Buffer): Buffer | null {
  return key.length === 32 && key.some((octet) => octet !== key[0]) ? key : null;
}
