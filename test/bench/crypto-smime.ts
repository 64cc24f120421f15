/** The S/MIME rows of crypto.ts. The peer is `openssl cms`. */
import {
  constants,
  createCipheriv,
  createHash,
  createPrivateKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Issued, issueCertificate } from '../../src/protect/issue.ts';
import type { SigningKey } from '../../src/protect/protected.ts';
import { sealText } from '../../src/protect/seal.ts';
import { pieces, program, type Row } from './crypto-row.ts';

/** `folder` takes the keys for the peer; `ownKeys` is the pool's. */
export function smimeRows(folder: string, ownKeys: Buffer): Row[] {
  const authority = issueCertificate({ subject: 'Bench CA', ca: true });
  const person = (name: string, keyType: 'rsa2048' | 'p256', aesGcm = false): Issued & { readonly file: string } => {
    const san = { email: [`${name}@example.org`] };
    const issued = issueCertificate({ subject: name, issuer: authority, keyType, san, aesGcm });
    const file = join(folder, `${name}.pem`);
    writeFileSync(file, issued.certPem + issued.keyPem);
    return { ...issued, file };
  };
  const rsa = person('rsa', 'rsa2048');
  const modern = person('modern', 'rsa2048', true);
  const curve = person('curve', 'p256');
  const signer: SigningKey = {
    method: 'smime',
    certificates: [rsa.certPem],
    sealed: sealText(ownKeys, rsa.keyPem, 'own key bench'),
    context: 'own key bench',
  };
  const transport = transportTo(new X509Certificate(rsa.certPem).publicKey);
  const agreement = agreementWith(new X509Certificate(curve.certPem).publicKey);
  const key = createPrivateKey(rsa.keyPem);
  const encrypted = (name: string, to: typeof rsa, cipher: string, wrap: () => Buffer): Row => ({
    name,
    job: (entitySize) => ({ method: 'smime', entitySize, recipients: [{ material: to.certPem }], signer: null }),
    bare: (entity) => encrypt(entity, cipher, wrap()),
    peer: {
      name: 'openssl cms',
      run: (file) => program('openssl', ['cms', '-encrypt', '-binary', `-${cipher}`, ...inOut(file), to.file]),
    },
    asked: 1.5,
  });
  return [
    encrypted('S/MIME, RSA-2048, AES-256-CBC', rsa, 'aes-256-cbc', transport),
    encrypted('S/MIME, RSA-2048, AES-256-GCM', modern, 'aes-256-gcm', transport),
    encrypted('S/MIME, P-256, AES-256-CBC', curve, 'aes-256-cbc', agreement),
    {
      name: 'S/MIME, signed (RSA-2048), then AES-256-CBC',
      job: (entitySize) => ({ method: 'smime', entitySize, recipients: [{ material: rsa.certPem }], signer }),
      bare: (entity) => {
        const hash = createHash('sha256');
        for (const piece of pieces(entity)) hash.update(piece);
        sign('sha256', hash.digest(), key);
        encrypt(entity, 'aes-256-cbc', transport());
      },
      peer: {
        name: 'openssl cms',
        run: (file) => {
          program('openssl', ['cms', '-sign', '-binary', '-signer', rsa.file, ...inOut(file)]);
          program('openssl', ['cms', '-encrypt', '-binary', '-aes-256-cbc', ...inOut(`${file}.out`), rsa.file]);
        },
      },
      asked: 1.5,
    },
  ];
}

const inOut = (file: string): string[] => ['-in', file, '-out', `${file}.out`];

function transportTo(key: KeyObject): () => Buffer {
  return () => {
    const contentKey = randomBytes(32);
    publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, contentKey);
    return contentKey;
  };
}

function agreementWith(publicKey: KeyObject): () => Buffer {
  return () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return createHash('sha256').update(diffieHellman({ privateKey, publicKey })).digest();
  };
}

function encrypt(entity: Buffer, name: string, key: Buffer): void {
  const cipher = createCipheriv(name as 'aes-256-gcm', key, randomBytes(name.endsWith('gcm') ? 12 : 16));
  for (const piece of pieces(entity)) Buffer.from(cipher.update(piece).toString('base64'), 'latin1');
  Buffer.from(cipher.final().toString('base64'), 'latin1');
}
