/**
 * The signed and encrypted test messages of Thunderbird, OpenSSL and RNP get the verdict that their names claim; the list is printed. What a name leaves
 * open is decided by who made it: `openssl cms -verify` and `gpg --verify` say the same of the signatures called wrong here.
 *
 * Half of each set is here, and of Thunderbird's people only some private keys: what is encrypted to Bob must be refused for want of a key.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as openpgp from 'openpgp';
import { afterAll, describe, expect, test } from 'vitest';
import type { OwnKey, SignerKey } from '../../../src/protect/open/opened.ts';
import { verifyPgp } from '../../../src/protect/open/pgp.ts';
import type { OpenPool } from '../../../src/protect/open/pool.ts';
import { verdictOf } from '../../../src/protect/open/verdict.ts';
import { blobOf, fromPkcs12, open, openPool, ownKey } from './stage.ts';

const corpora = new URL('../../../../shared/corpora/', import.meta.url).pathname;
const thunderbird = `${corpora}thunderbird-comm/`;
const smime = `${thunderbird}mailnews/test/data/smime/`;
const manual = `${thunderbird}mailnews/test/data/smime-manual/`;
const interop = `${thunderbird}mailnews/test/data/smime-interop/`;
const browserSmime = `${thunderbird}mail/test/browser/smime/data/`;
const pgp = `${thunderbird}mail/test/browser/openpgp/data/`;
const openssl = `${corpora}openssl/test/recipes/`;
const present = existsSync(thunderbird) && hasOpenssl();

function hasOpenssl(): boolean {
  try {
    return execFileSync('openssl', ['version'], { stdio: 'pipe' }).length > 0;
  } catch {
    return false;
  }
}

/** Within the lives of most of the certificates. */
const now = Date.parse('2026-06-01');
const pools: OpenPool[] = [];
const seen: string[] = [];
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  if (present) process.stdout.write(`${seen.toSorted().join('\n')}\n${seen.length} messages\n`);
});

type Set = {
  readonly pool: OpenPool;
  readonly keys: readonly OwnKey[];
  readonly signers?: readonly SignerKey[];
};

/** "encryption signature", as the header field has them. */
async function verdict(name: string, message: Uint8Array | string, { pool, keys, signers = [] }: Set) {
  const opened = await open(message, pool, { keys, signers, now });
  const { encryption, signature, why } = verdictOf(opened, false);
  const said = `${encryption} ${signature.status}`;
  seen.push(`${said.padEnd(20)} ${name.padEnd(80)} ${why}`);
  return said;
}

const files = (folder: string, pattern: RegExp): string[] =>
  present
    ? readdirSync(folder)
        .filter((name) => pattern.test(name))
        .toSorted()
    : [];

function withRoot(folder: string): Set {
  const pool = openPool([readFileSync(`${folder}TestCA.pem`, 'latin1')]);
  pools.push(pool);
  const people = ['Alice', 'Eve', 'Fran', 'Fran-ec'].filter((name) => existsSync(`${folder}${name}.p12`));
  const keys = people.flatMap((name) => {
    const { key, certificates } = fromPkcs12(`${folder}${name}.p12`, 'nss');
    return certificates.map((pem, at) => ownKey(`${name} ${at}`, 'smime', pem, key));
  });
  return { pool, keys };
}

/** What the name of one of Thunderbird's S/MIME messages claims. */
function claimed(name: string): string {
  // To Bob, whose key is not here.
  if (/\.env(\.eml)?$/.test(name)) return 'closed none';
  if (/\.(bad|mismatch-econtent)\b/.test(name)) return 'none invalid';
  // SHA-1 is refused whatever it signs; around something wrapped, nothing is taken out of it.
  if (/SHA1\.opaque(\.dave.*|)\.eml$/.test(name) && !/dsig/.test(name)) return 'none invalid';
  if (/dave\.sig\.SHA1\.opaque/.test(name)) return 'none invalid';
  if (/alice\.env\./.test(name)) return 'closed none';
  if (/SHA1/.test(name)) return 'none invalid';
  // Signed by Alice inside, and by Dave outside, who is the author.
  if (/alice\.plain\..*dave/.test(name)) return 'none mismatch';
  return 'none valid';
}

describe.skipIf(!present)("Thunderbird's S/MIME messages", () => {
  const set = present ? withRoot(smime) : null;
  const names = files(smime, /\.(eml|env)$/);

  test.each(names)('%s', async (name) => {
    if (set === null) throw new Error('no keys');
    const message = readFileSync(smime + name);
    expect(await verdict(name, name.endsWith('.env') ? wrapped(message) : message, set)).toBe(claimed(name));
  });

  test('are all there', () => {
    const claims = Map.groupBy(names.map(claimed), (claim) => claim);
    expect(Object.fromEntries([...claims].map(([claim, all]) => [claim, all.length]))).toEqual({
      'closed none': 21,
      'none invalid': 9,
      'none mismatch': 8,
      'none valid': 5,
    });
  });
});

/** CMS as it is in a file, in a message; some files have their MIME header already. */
function wrapped(cms: Buffer): string {
  const text = cms.toString('latin1');
  if (text.startsWith('MIME-Version')) return `From: Alice@example.com\r\n${text}`;
  return `From: Alice@example.com\r\nContent-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n${cms.toString('base64')}\r\n`;
}

describe.skipIf(!present)('S/MIME messages made by hand, and by others for NSS', () => {
  const set = present ? { ...withRoot(smime), ...keysOf(interop) } : null;

  test.each([
    // Its signature does not fit either, which openssl agrees with, and something lies beside what is encrypted.
    [manual, 'alice.env.mixed.dsig.SHA256.multipart.eml', 'part invalid'],
    [manual, 'outer-pgp-sig-inner-smime-enc-sig.eml', 'closed none'],
    [manual, 'outer-smime-bad-sig-inner-smime-enc-sig.eml', 'closed none'],
    [interop, 'fran-ec_ossl-aes256-sha512.env', 'smime none'],
    [interop, 'fran-oaep-label_ossl.env', 'smime none'],
    [interop, 'fran-oaep-sha256hash-sha256mgf_ossl.env', 'smime none'],
    [openssl, '80-test_cms_data/authenticated_attrs.pem', 'closed none'],
    [openssl, '80-test_cms_data/bad_authenveloped_attrs.pem', 'closed none'],
    [openssl, '80-test_cms_data/ciphertext_from_1_1_1.cms', 'closed none'],
    [openssl, '80-test_cms_data/ecdh-malformed.der', 'closed none'],
    [openssl, '80-test_cms_data/rsa-malformed.der', 'closed none'],
    [openssl, '80-test_cms_data/no_md_attr.cms', 'none invalid'],
    [openssl, '25-test_pkcs7_data/malformed.pkcs7', 'closed none'],
  ])('%s%s', async (folder, name, expected) => {
    if (set === null) throw new Error('no keys');
    const message = readFileSync(folder + name);
    expect(await verdict(name, name.endsWith('.eml') ? message : wrapped(binaryOf(message)), set)).toBe(expected);
  });

  const inBrowser = present ? withRoot(browserSmime) : null;
  test.each([
    ['alice.dsig.SHA256.multipart.env.eml', 'closed none'],
    ['alice.dsig.SHA256.multipart.in.mixed.eml', 'part none'],
    ['alice.dsig.SHA256.multipart.in.mixed.with.header.eml', 'part none'],
    // Older than the authority beside it: openssl cannot build its path either.
    ['alice.html.sig.SHA256.opaque.eml', 'none untrusted'],
    ['alice.html.sig.SHA256.opaque.env.eml', 'closed none'],
    ['alice.sig.SHA256.opaque.eml', 'none valid'],
    ['alice.sig.SHA256.opaque.env.eml', 'closed none'],
    ['nested-sigs.eml', 'part invalid'],
  ])('%s', async (name, expected) => {
    if (inBrowser === null) throw new Error('no keys');
    expect(await verdict(name, readFileSync(browserSmime + name), inBrowser)).toBe(expected);
  });
});

function keysOf(folder: string): Pick<Set, 'keys'> {
  return {
    keys: ['Fran', 'Fran-ec'].flatMap((name) => {
      const { key, certificates } = fromPkcs12(`${folder}${name}.p12`, 'nss');
      return certificates.map((pem, at) => ownKey(`${name} ${at}`, 'smime', pem, key));
    }),
  };
}

/** DER, from whatever form a file has. */
function binaryOf(file: Buffer): Buffer {
  const text = file.toString('latin1');
  if (!text.startsWith('-----BEGIN')) return file;
  return Buffer.from(text.replaceAll(/-----[^-]+-----/g, ''), 'base64');
}

describe.skipIf(!present)("Thunderbird's OpenPGP messages", () => {
  const set = present ? openpgpSet() : null;

  const expected: Readonly<Record<string, string>> = {
    'alice-signed.eml': 'none valid',
    // HTML around armor is no OpenPGP message, and nothing is taken out of it.
    'bob-enc-html-nbsp.eml': 'none none',
    // Two signatures, one around the other; both sign another text, as openssl and gpg agree.
    'dual-signed-uncommon-content-type.eml': 'none invalid',
    'forwarded-eml-signed-by-alice.eml': 'part none',
    'fwd-unsigned-encrypted.eml': 'part none',
    'inline-signed-latin1.eml': 'none unknown-key',
    'multiple-signatures.eml': 'part none',
    'openpgp__stripped_sig.eml': 'none invalid',
    'outer-pgp-sig-inner-pgp-enc-sig.eml': 'pgp valid',
    'outer-pgp-sig-inner-pgp-enc.eml': 'pgp none',
    'outer-smime-bad-sig-inner-pgp-enc-sig-with-mixed.eml': 'part invalid',
    'outer-smime-bad-sig-inner-pgp-enc-sig.eml': 'pgp valid',
    'partial-encrypt-for-carol-html.eml': 'none none',
    'signed-by-0x3099ff1238852b9f-to-0xf231550c4f47e38e-unencrypted.eml': 'none valid',
    'signed-by-0xfbfcc82a015e7330-encrypted-to-0xf231550c4f47e38e-multi-from.eml': 'pgp mismatch',
    'signed-by-0xfbfcc82a015e7330-encrypted-to-0xf231550c4f47e38e-with-key.eml': 'pgp valid',
    'signed-by-0xfbfcc82a015e7330-encrypted-to-0xf231550c4f47e38e.eml': 'pgp valid',
    'signed-by-0xfbfcc82a015e7330-to-0xf231550c4f47e38e-unencrypted-with-key.eml': 'none valid',
    'signed-by-0xfbfcc82a015e7330-to-0xf231550c4f47e38e-unencrypted.eml': 'none valid',
    'signed-mismatch-email-date.eml': 'none mismatch',
    'unsigned-encrypted-to-0xf231550c4f47e38e-from-0x3099ff1238852b9f-with-key.eml': 'pgp none',
    'unsigned-encrypted-to-0xf231550c4f47e38e-from-0x3099ff1238852b9f.eml': 'pgp none',
    'unsigned-encrypted-to-0xf231550c4f47e38e-from-0xfbfcc82a015e7330-with-key.eml': 'pgp none',
    'unsigned-unencrypted-from-bob-to-alice.eml': 'none none',
    'unsigned-unencrypted-key-0x1f10171bfb881b1c-attached.eml': 'none none',
  };

  test.each(Object.entries(expected))('%s', async (name, said) => {
    if (set === null) throw new Error('no keys');
    expect(await verdict(name, readFileSync(`${pgp}eml/${name}`), set)).toBe(said);
  });

  test('are all there', () => {
    expect(files(`${pgp}eml`, /\.eml$/)).toEqual(Object.keys(expected).toSorted());
  });

  test('by somebody else than the author are a mismatch, and by an unconfirmed key untrusted', async () => {
    if (set === null) throw new Error('no keys');
    const name = 'signed-by-0xfbfcc82a015e7330-encrypted-to-0xf231550c4f47e38e.eml';
    const text = readFileSync(`${pgp}eml/${name}`, 'latin1');
    expect(await verdict(`${name} from Eve`, text.replace('bob@openpgp', 'eve@openpgp'), set)).toBe('pgp mismatch');
    const signers = set.signers?.map((each) => ({ ...each, trusted: false })) ?? [];
    expect(await verdict(`${name} unconfirmed`, text, { ...set, signers })).toBe('pgp untrusted');
  });
});

function openpgpSet(): Set {
  const pool = openPool();
  pools.push(pool);
  const armored = files(`${pgp}keys`, /\.asc$/).map(
    (name) => [name, readFileSync(`${pgp}keys/${name}`, 'latin1')] as const,
  );
  const secret = armored.filter(([name, text]) => text.includes('PRIVATE KEY') && !name.includes('with-pp'));
  return {
    pool,
    keys: secret.map(([name, text]) => ownKey(name, 'pgp', text, text)),
    signers: armored.map(([, material]) => ({ kind: 'pgp', material, trusted: true })),
  };
}

const rnp = `${corpora}rnp/src/tests/data/`;

describe.skipIf(!present)("RNP's messages", () => {
  const pool = openPool();
  pools.push(pool);
  const loaded = rnpKeys();

  /** What opens with the keys that are here; for all others that is the only reason, or the one that its name tells. */
  const expected: Readonly<Record<string, string>> = {
    'test_messages/data.enc.small-rsa': 'pgp none',
    'test_messages/message.aead-last-zero-chunk.enc': 'pgp none',
    'test_messages/message.compr-encr.31-rounds': 'closed none',
    'test_messages/message.compr.128-rounds': 'closed none',
    'test_messages/message.enc-password': 'closed none',
    'test_messages/message.txt.enc-3key-2p': 'pgp none',
    'test_messages/message.txt.enc-aead-eax': 'closed none',
    'test_messages/message.txt.enc-aead-ocb': 'closed none',
    'test_messages/message.txt.enc-eg-bad2': 'closed none',
    'test_messages/message.txt.enc-malf-1': 'closed none',
    'test_messages/message.txt.enc-malf-2': 'closed none',
    'test_messages/message.txt.enc-malf-5': 'closed none',
    'test_messages/message.txt.enc-mdc': 'closed none',
    // Its signer's key names no address.
    'test_messages/message.txt.enc-sign-25519': 'pgp mismatch',
    'test_messages/message.txt.marker': 'closed none',
    'test_messages/message.txt.marker.asc': 'closed none',
    'test_messages/message.txt.marker.malf': 'closed none',
    'test_messages/message.txt.pkesk-skesk-v10': 'pgp none',
    'test_messages/message.txt.pkesk-skesk-v10-only': 'closed none',
    'test_messages/message.txt.signed': 'closed none',
    'test_messages/message_mdc_8k_1.pgp': 'closed none',
    'test_messages/message_mdc_8k_cut1.pgp': 'closed none',
    'test_large_MPIs/message.enc.rsa16385.pgp': 'closed none',
    'test_large_packet/4g.bzip2.gpg': 'closed none',
    'test_stream_z/128mb.zip': 'closed none',
    'test_stream_z/4gb.bzip2': 'closed none',
  };
  test.each(Object.entries(expected))('%s', async (name, said) => {
    const { keys, signers } = await loaded;
    expect(keys.length).toBeGreaterThan(20);
    expect(await verdict(name, inPgpMime(readFileSync(rnp + name)), { pool, keys, signers })).toBe(said);
  });

  /** Signatures beside the text; those that fit are by a key of 1024 bits. */
  test.each([
    ['message.txt', 'message.txt.sig', 'can be forged'],
    ['message.txt', 'message.txt.asc', 'can be forged'],
    ['message-32k-crlf.txt', 'message-32k-crlf.txt.sig', 'can be forged'],
    ['message.txt', 'message-32k-crlf.txt.sig', 'altered'],
    ['message.txt', 'message.txt.sig.malf', 'not read'],
  ])('%s with %s', async (text, name, why) => {
    const { signers } = await loaded;
    const covered = readFileSync(`${rnp}test_messages/${text}`);
    const signature = readFileSync(`${rnp}test_messages/${name}`);
    const report = await verifyPgp(signature, blobOf(covered).read(), {
      author: 'a@b.example',
      date: null,
      keys: signers,
      now,
    });
    expect(report).toMatchObject({
      kind: 'signed',
      signature: { status: 'invalid', why: expect.stringContaining(why) },
    });
  });
});

/** RFC 3156 section 4. */
function inPgpMime(message: Buffer): string {
  const armored = message.includes('-----BEGIN');
  const [encoding, body] = armored ? ['8bit', message.toString('latin1')] : ['base64', message.toString('base64')];
  return (
    'From: a@b.example\r\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\r\n\r\n--b\r\n' +
    'Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n' +
    `Content-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n--b--\r\n`
  );
}

/** Whatever of RNP's test keys can be read; the private ones without their password. */
async function rnpKeys(): Promise<{ readonly keys: OwnKey[]; readonly signers: SignerKey[] }> {
  const found: { keys: OwnKey[]; signers: SignerKey[] } = { keys: [], signers: [] };
  if (!present) return found;
  const names = readdirSync(rnp, { recursive: true })
    .map(String)
    .filter((name) => /\.(pgp|asc|gpg)$/.test(name));
  for (const name of names) {
    const octets = readFileSync(rnp + name);
    const armored = octets.includes('-----BEGIN PGP P');
    const keys = await (armored
      ? openpgp.readKeys({ armoredKeys: octets.toString('latin1') })
      : openpgp.readKeys({ binaryKeys: new Uint8Array(octets) })
    ).catch(() => []);
    for (const key of keys) {
      const material = key.toPublic().armor();
      found.signers.push({ kind: 'pgp', material, trusted: true });
      if (!key.isPrivate()) continue;
      const opened = key.isDecrypted()
        ? key
        : await openpgp.decryptKey({ privateKey: key, passphrase: 'password' }).catch(() => null);
      if (opened !== null) found.keys.push(ownKey(name, 'pgp', material, opened.armor()));
    }
  }
  return found;
}
