/**
 * Other people's S/MIME as judges of ours: OpenSSL, GnuPG (gpgsm), NSS (the engine of Thunderbird) and Bouncy Castle (Java). A case is a kind of key
 * and what is done with it; a cell of the table is good when the judge finds every layer sound and the entity equal, octet for octet.
 *
 * What a judge of this version cannot read at all is said with the judge, in words, and shown in the table as such.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Issued, issueCertificate } from '../../src/protect/issue.ts';
import type { ProtectPool } from '../../src/protect/pool.ts';
import type { SignatureForm } from '../../src/protect/protected.ts';
import { sealText } from '../../src/protect/seal.ts';

type KeyType = NonNullable<Parameters<typeof issueCertificate>[0]['keyType']>;

export type Case = {
  readonly name: string;
  readonly keyType: KeyType;
  readonly gcm: boolean;
  readonly encrypted: boolean;
  readonly form: SignatureForm | null;
};

const encryptedTo = (keyType: KeyType, gcm = false): Case => ({
  name: `${keyType}, ${gcm ? 'AES-GCM' : 'AES-CBC'}`,
  keyType,
  gcm,
  encrypted: true,
  form: null,
});
const signedBy = (keyType: KeyType, form: SignatureForm, encrypted = false): Case => ({
  name: `${keyType}, signed ${form}${encrypted ? ', encrypted' : ''}`,
  keyType,
  gcm: false,
  encrypted,
  form,
});

export const cases: readonly Case[] = [
  ...(['rsa2048', 'rsa4096', 'rsaOaep2048', 'p256', 'p384', 'p521', 'brainpoolP256r1', 'x25519'] as const).map((type) =>
    encryptedTo(type),
  ),
  encryptedTo('rsa2048', true),
  encryptedTo('p256', true),
  encryptedTo('x25519', true),
  ...(['rsa2048', 'rsaPss2048', 'p256', 'p384', 'p521', 'ed25519'] as const).flatMap((type) => [
    signedBy(type, 'clear'),
    signedBy(type, 'opaque'),
  ]),
  signedBy('rsa2048', 'clear', true),
  signedBy('rsa2048', 'opaque', true),
  signedBy('p256', 'clear', true),
];

/** One layer, taken apart as a mail program would. */
type Layer = {
  readonly kind: 'encrypted' | 'signed';
  /** The entity with its header. */
  readonly message: Buffer;
  readonly cms: Buffer;
  /** What a clear signature is about. */
  readonly content: Buffer | null;
};

export type Judge = {
  readonly name: string;
  readonly missing: boolean;
  /** Why it cannot read this case at all, or null. */
  readonly cannot: (each: Case) => string | null;
  /** Takes over a person's key; `files` are in `folder`. */
  readonly prepare: (person: Person) => void;
  /** The content, or an exception. */
  readonly open: (layer: Layer, person: Person) => Buffer | Promise<Buffer>;
};

export type Person = Issued & { readonly name: string; readonly pem: string; readonly p12: string };

const javaClasses = ['prov', 'pkix', 'util', 'mail'].map((part) => `/usr/share/java/bc${part}.jar`).join(':');

/** `folder`: an empty one for their files. Ends what was started with `stop`. */
export function createJudges(
  folder: string,
  authority: Issued,
): { readonly judges: readonly Judge[]; readonly stop: () => Promise<void> } {
  const file = (name: string): string => join(folder, name);
  writeFileSync(file('ca.pem'), authority.certPem);
  const home = file('gnupg');
  mkdirSync(home, { mode: 0o700 });
  mkdirSync(file('nss'));
  const run = (program: string, args: readonly string[], input?: string): Buffer =>
    execFileSync(program, args, {
      cwd: folder,
      input: input ?? '',
      stdio: ['pipe', 'pipe', 'pipe'],
      maxBuffer: 1e9,
      env: { ...process.env, GNUPGHOME: home },
    });

  const openssl: Judge = {
    name: 'openssl cms',
    missing: !runs('openssl', 'version'),
    cannot: ({ keyType }) =>
      keyType === 'x25519' || keyType === 'ed25519' ? 'OpenSSL 3.0 has no such keys in CMS' : null,
    prepare: () => {},
    open: ({ kind, message }, { pem }) => {
      writeFileSync(file('message'), message);
      return kind === 'encrypted'
        ? run('openssl', ['cms', '-decrypt', '-binary', '-in', 'message', '-inkey', pem, '-recip', pem])
        : run('openssl', ['cms', '-verify', '-in', 'message', '-CAfile', 'ca.pem']);
    },
  };

  const gpgsmRun = (...args: string[]): Buffer =>
    run('gpgsm', ['--batch', '--yes', '--pinentry-mode', 'loopback', '--passphrase-fd', '0', ...args], 'secret\n');
  const gpgsm: Judge = {
    name: 'gpgsm',
    missing: !runs('gpgsm', '--version'),
    cannot: ({ keyType, gcm, encrypted }) => {
      if (gcm) return 'gpgsm 2.2 stumbles over the parameters of GCM, those of OpenSSL too';
      if (encrypted && !keyType.match(/^rsa\d/)) return 'gpgsm 2.2 imports private keys of plain RSA only';
      if (keyType === 'p521' || keyType === 'ed25519')
        return 'gpgsm 2.2 wants hashes in a length these keys do not have';
      return null;
    },
    prepare: ({ p12, name }) => {
      if (!rootTrusted) {
        const fingerprint = run('openssl', ['x509', '-in', 'ca.pem', '-noout', '-fingerprint', '-sha1'])
          .toString()
          .replace(/^.*=/, '')
          .trim();
        writeFileSync(join(home, 'trustlist.txt'), `${fingerprint} S relax\n`);
        writeFileSync(join(home, 'gpgsm.conf'), 'disable-crl-checks\ndisable-policy-checks\n');
        gpgsmRun('--import', 'ca.pem');
        rootTrusted = true;
      }
      // To check a signature the certificate in the message is enough.
      if (name.match(/^rsa\d/)) gpgsmRun('--import', p12);
    },
    open: ({ kind, cms, content }) => {
      writeFileSync(file('cms'), cms);
      if (kind === 'encrypted') return gpgsmRun('--decrypt', 'cms');
      if (content === null) {
        gpgsmRun('--output', 'out', '--verify', 'cms');
        return readFileSync(file('out'));
      }
      writeFileSync(file('content'), content);
      gpgsmRun('--verify', 'cms', 'content');
      return content;
    },
  };
  let rootTrusted = false;

  let database = false;
  const nss: Judge = {
    name: 'NSS cmsutil',
    missing: !runs('certutil', '-H'),
    cannot: ({ keyType, gcm, encrypted }) => {
      if (gcm) return 'NSS 3.87 does not know AuthEnvelopedData';
      if (keyType === 'rsaPss2048') return 'NSS 3.87 takes PSS signatures of plain RSA keys only';
      if (keyType === 'ed25519') return 'NSS 3.87 has no such keys';
      if (encrypted && !keyType.match(/^rsa\d/))
        return 'NSS 3.87 reads no key agreement and no OAEP, those of OpenSSL neither';
      return null;
    },
    prepare: ({ p12, name }) => {
      if (!database) {
        run('certutil', ['-N', '-d', 'sql:nss', '--empty-password']);
        run('certutil', ['-A', '-d', 'sql:nss', '-n', 'authority', '-t', 'CT,C,C', '-i', 'ca.pem']);
        database = true;
      }
      if (name.match(/^rsa\d/)) run('pk12util', ['-i', p12, '-d', 'sql:nss', '-W', 'secret', '-K', '']);
    },
    open: ({ cms, content }) => {
      writeFileSync(file('cms'), cms);
      if (content !== null) writeFileSync(file('content'), content);
      const detached = content === null ? [] : ['-c', 'content'];
      run('cmsutil', ['-D', '-d', 'sql:nss', '-i', 'cms', '-o', 'out', '-u', '5', ...detached]);
      return readFileSync(file('out'));
    },
  };

  let java: Promise<Java> | null = null;
  const bouncyCastle: Judge = {
    name: 'Bouncy Castle',
    missing: !runs('javac', '-version') || !javaClasses.split(':').every((jar) => existsSync(jar)),
    cannot: ({ keyType }) => (keyType === 'x25519' ? 'Bouncy Castle 1.72 does not know RFC 8418' : null),
    prepare: () => {},
    open: async ({ kind, cms, content }, { pem }) => {
      writeFileSync(file('cms'), cms);
      if (content !== null) writeFileSync(file('content'), content);
      java ??= startJava(folder);
      const { ask } = await java;
      await ask(
        kind === 'encrypted'
          ? ['decrypt', 'cms', pem, 'out']
          : ['verify', 'cms', content === null ? '-' : 'content', 'ca.pem', 'out'],
      );
      return readFileSync(file('out'));
    },
  };

  return {
    judges: [openssl, gpgsm, nss, bouncyCastle],
    stop: async () => {
      if (!gpgsm.missing) run('gpgconf', ['--kill', 'all']);
      await (await java)?.stop();
    },
  };
}

type Java = { readonly ask: (words: readonly string[]) => Promise<void>; readonly stop: () => Promise<void> };

/** One process answers all questions, one after the other: it takes a second to start. */
async function startJava(folder: string): Promise<Java> {
  const source = fileURLToPath(new URL('BouncyCastle.java', import.meta.url));
  execFileSync('javac', ['-cp', javaClasses, '-d', folder, source], { stdio: 'ignore' });
  const child = spawn('java', ['-XX:TieredStopAtLevel=1', '-cp', `${javaClasses}:${folder}`, 'BouncyCastle'], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    ask: async (words) => {
      child.stdin.write(`${words.join('\t')}\n`);
      const { value = 'it ended' } = await answers.next();
      if (value !== 'done') throw new Error(value);
    },
    stop: async () => {
      child.stdin.end();
      await closed;
    },
  };
}

function runs(program: string, argument: string): boolean {
  return spawnSync(program, [argument], { stdio: 'ignore' }).error === undefined;
}

/** The people of the cases, one for each kind of key, their files in `folder`. */
export function createPeople(folder: string, authority: Issued): Map<KeyType, Person> {
  const kinds = new Set(cases.map(({ keyType }) => keyType));
  return new Map(
    [...kinds].map((keyType) => {
      const issued = issueCertificate({
        subject: `${keyType} user`,
        issuer: authority,
        keyType,
        san: { email: [`${keyType}@example.org`] },
      });
      const pem = `${keyType}.pem`;
      const p12 = `${keyType}.p12`;
      writeFileSync(join(folder, pem), issued.certPem + issued.keyPem);
      // A key bound to OAEP cannot be put into a file of this kind by OpenSSL, which does not know whose it is.
      if (keyType !== 'rsaOaep2048')
        execFileSync(
          'openssl',
          ['pkcs12', '-export', '-in', pem, '-out', p12, '-passout', 'pass:secret', '-name', keyType, '-legacy'],
          { cwd: folder, stdio: 'ignore' },
        );
      return [keyType, { ...issued, name: keyType, pem, p12 }];
    }),
  );
}

/** The case's message around `entity`, made by the pool. */
export async function make(
  pool: ProtectPool,
  ownKeys: Buffer,
  { gcm, encrypted, form }: Case,
  person: Person,
  authority: Issued,
  entity: Buffer,
): Promise<Buffer> {
  const context = `own key ${person.name}`;
  const signer = {
    method: 'smime',
    certificates: [person.certPem, authority.certPem],
    sealed: sealText(ownKeys, person.keyPem, context),
    context,
  } as const;
  const made = await pool.protect(
    {
      method: 'smime',
      entitySize: entity.length,
      recipients: encrypted ? [{ material: person.certPem, gcm }] : [],
      signer: form === null ? null : signer,
      form: form ?? 'clear',
    },
    (async function* () {
      yield entity;
    })(),
  );
  const chunks: Uint8Array[] = [Buffer.from(`From: someone@example.org\r\n${made.headerLines}\r\n`)];
  for await (const chunk of made.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The entity inside, every layer opened by the judge; throws when one does not open, or when there are other layers than the case has. */
export async function openAll(
  judge: Judge,
  { encrypted, form }: Case,
  person: Person,
  message: Buffer,
): Promise<Buffer> {
  const expected = [...(encrypted ? ['encrypted'] : []), ...(form === null ? [] : ['signed'])];
  const seen: string[] = [];
  let inner = message;
  for (let layer = takeApart(inner); layer !== null; layer = takeApart(inner)) {
    seen.push(layer.kind);
    inner = await judge.open(layer, person);
  }
  if (seen.join() !== expected.join()) throw new Error(`layers are ${seen.join()}, not ${expected.join()}`);
  return inner;
}

/** Null for what is no S/MIME layer. */
function takeApart(message: Buffer): Layer | null {
  const headerSize = message.indexOf('\r\n\r\n') + 4;
  const header = message.subarray(0, headerSize).toString('latin1').replaceAll('\r\n ', ' ');
  const [, type = '', smimeType = ''] =
    /^Content-Type: (application\/pkcs7-mime; smime-type=([a-zA-Z-]+)|multipart\/signed)/m.exec(header) ?? [];
  if (type.startsWith('application')) {
    const cms = Buffer.from(message.subarray(headerSize).toString('latin1'), 'base64');
    return { kind: smimeType === 'signed-data' ? 'signed' : 'encrypted', message, cms, content: null };
  }
  if (type === '') return null;
  const boundary = /boundary="([^"]+)"/.exec(header)?.[1] ?? '';
  const from = headerSize + boundary.length + 4;
  const to = message.indexOf(`\r\n--${boundary}\r\n`, from);
  const part = message.subarray(to + boundary.length + 6);
  const body = part.subarray(part.indexOf('\r\n\r\n') + 4).toString('latin1');
  const cms = Buffer.from(body.slice(0, body.indexOf('--')), 'base64');
  return { kind: 'signed', message, cms, content: message.subarray(from, to) };
}
