/** The OpenPGP rows of crypto.ts. The peer is `gpg`, without compression as we go without it. */
import {
  constants,
  createCipheriv,
  createHash,
  diffieHellman,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  sign,
} from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as openpgp from 'openpgp';
import type { SigningKey } from '../../src/protect/protected.ts';
import { sealText } from '../../src/protect/seal.ts';
import { pieces, program, type Row } from './crypto-row.ts';

const unasked = ['--yes', '--trust-model', 'always', '--compress-algo', 'none', '--armor'];

/** `folder` takes the keys for the peer; `ownKeys` is the pool's. */
export async function pgpRows(folder: string, ownKeys: Buffer): Promise<Row[]> {
  const home = join(folder, 'gnupg');
  mkdirSync(home, { mode: 0o700 });
  const gpg = (...args: readonly string[]): void => program('gpg', ['--homedir', home, '--batch', '--quiet', ...args]);
  const person = async (name: string, options: Omit<openpgp.KeyOptions, 'userIDs'>) => {
    const email = `${name}@example.org`;
    const made = await openpgp.generateKey({ ...options, userIDs: [{ email }], format: 'armored' });
    const file = join(folder, `${name}.key`);
    writeFileSync(file, made.privateKey);
    return { email, file, ...made };
  };
  const curve = await person('curve', { type: 'ecc', curve: 'curve25519Legacy' });
  const rsa = await person('rsa', { type: 'rsa', rsaBits: 2048 });
  const modern = await person('modern', { type: 'curve25519', config: { v6Keys: true, aeadProtect: true } });
  for (const { file } of [curve, rsa]) gpg('--import', file);
  const signer: SigningKey = {
    method: 'pgp',
    certificates: [],
    sealed: sealText(ownKeys, curve.privateKey, 'own key bench'),
    context: 'own key bench',
  };
  const row = (
    name: string,
    to: { readonly publicKey: string },
    by: SigningKey | null,
    bare: Row['bare'],
    peer: readonly string[] | null,
  ): Row => ({
    name,
    job: (entitySize) => ({ method: 'pgp', entitySize, recipients: [{ material: to.publicKey }], signer: by }),
    bare,
    peer:
      peer === null
        ? null
        : {
            name: 'gpg',
            run: (file) => gpg(...unasked, ...peer, '--output', `${file}.out`, '--encrypt', file),
          },
    asked: 3,
  });
  const own = generateKeyPairSync('ed25519').privateKey;
  return [
    row('OpenPGP, Curve25519, AES-256 with MDC', curve, null, (entity) => cfb(entity, agreed), ['-r', curve.email]),
    row('OpenPGP, RSA-2048, AES-256 with MDC', rsa, null, (entity) => cfb(entity, transported), ['-r', rsa.email]),
    row('OpenPGP, X25519 (v6), AES-256-GCM', modern, null, (entity) => gcm(entity, agreed), null),
    row(
      'OpenPGP, signed (Ed25519), AES-256 with MDC',
      curve,
      signer,
      (entity) => {
        const hash = createHash('sha512');
        for (const piece of pieces(entity)) hash.update(piece);
        sign(null, hash.digest(), own);
        cfb(entity, agreed);
      },
      ['-r', curve.email, '-u', curve.email, '--sign'],
    ),
  ];
}

const theirs = generateKeyPairSync('x25519').publicKey;

function agreed(): void {
  diffieHellman({ privateKey: generateKeyPairSync('x25519').privateKey, publicKey: theirs });
}

const recipient = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;

function transported(): void {
  publicEncrypt({ key: recipient, padding: constants.RSA_PKCS1_PADDING }, randomBytes(35));
}

function cfb(entity: Buffer, wrap: () => void): void {
  wrap();
  const hash = createHash('sha1');
  const cipher = createCipheriv('aes-256-cfb', randomBytes(32), randomBytes(16));
  for (const piece of pieces(entity)) {
    hash.update(piece);
    cipher.update(piece).toString('base64');
  }
  hash.digest();
}

function gcm(entity: Buffer, wrap: () => void): void {
  wrap();
  const key = randomBytes(32);
  for (const piece of pieces(entity)) {
    const cipher = createCipheriv('aes-256-gcm', key, randomBytes(12));
    cipher.update(piece).toString('base64');
    cipher.final();
    cipher.getAuthTag();
  }
}
