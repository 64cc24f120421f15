/**
 * Protected messages changed at random: octets flipped, cut out, doubled, put in. Each must end in time with a verdict, and never with other plaintext
 * than the original's. `node test/protect/open/mutations.ts --count 5000` goes on for longer than the test does.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as openpgp from 'openpgp';
import { issueCertificate } from '../../../src/protect/issue.ts';
import type { OwnKey, SignerKey } from '../../../src/protect/open/opened.ts';
import type { OpenPool } from '../../../src/protect/open/pool.ts';
import { generateKey } from '../../../src/protect/openpgp.ts';
import { open, openPool, ownKey } from './stage.ts';

export type Samples = {
  readonly pool: OpenPool;
  readonly keys: readonly OwnKey[];
  readonly signers: readonly SignerKey[];
  readonly messages: readonly { readonly name: string; readonly octets: Buffer; readonly method: 'smime' | 'pgp' }[];
  readonly entity: string;
};

/** Made once: S/MIME by openssl where it is there, OpenPGP by the library. */
export async function samples(): Promise<Samples> {
  const root = issueCertificate({ subject: 'Root', ca: true });
  const paul = issueCertificate({
    subject: 'Paul',
    issuer: root,
    san: { email: ['paul@partner.example'] },
    keyType: 'rsa2048',
  });
  const anna = issueCertificate({
    subject: 'Anna',
    issuer: root,
    san: { email: ['anna@corp.example'] },
    keyType: 'rsa2048',
  });
  const annaEc = issueCertificate({ subject: 'Anna', issuer: root, san: { email: ['anna@corp.example'] } });
  const annaPgp = await generateKey({ email: 'anna@corp.example' });
  const paulPgp = await generateKey({ email: 'paul@partner.example' });
  const entity = `Content-Type: text/plain\r\n\r\n${'The numbers are 4711 and 4712.\r\n'.repeat(20)}`;
  const folder = mkdtempSync(join(tmpdir(), 'postern-mutations-'));
  const messages: { name: string; octets: Buffer; method: 'smime' | 'pgp' }[] = [];
  try {
    const file = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const cms = (...args: string[]): Buffer =>
      execFileSync('openssl', ['cms', '-binary', '-outform', 'DER', ...args], {
        input: entity,
        stdio: ['pipe', 'pipe', 'ignore'],
      });
    const [to, toEc, by] = [
      file('to', anna.certPem),
      file('toEc', annaEc.certPem),
      file('by', paul.certPem + paul.keyPem),
    ];
    for (const [name, ...args] of [
      ['CBC, RSA', '-encrypt', '-aes256', to],
      ['CBC, streamed', '-encrypt', '-aes256', '-stream', to],
      ['CBC, ECDH', '-encrypt', '-aes128', toEc],
      ['GCM, RSA', '-encrypt', '-aes-256-gcm', to],
      ['GCM, ECDH', '-encrypt', '-aes-256-gcm', '-stream', toEc],
      ['signed', '-sign', '-nodetach', '-signer', by],
      ['signed, streamed', '-sign', '-nodetach', '-stream', '-signer', by],
    ] as const)
      messages.push({ name, octets: cms(...args), method: 'smime' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  for (const config of [{}, { aeadProtect: true }]) {
    const signingKeys = await openpgp.readPrivateKey({ armoredKey: paulPgp.privateKey });
    const encryptionKeys = await openpgp.readKey({ armoredKey: annaPgp.publicKey });
    const message = await openpgp.createMessage({ binary: Buffer.from(entity) });
    const octets = Buffer.from(
      await openpgp.encrypt({ message, encryptionKeys, signingKeys, format: 'binary', config }),
    );
    messages.push({ name: `OpenPGP ${JSON.stringify(config)}`, octets, method: 'pgp' });
  }
  return {
    pool: openPool([root.certPem]),
    keys: [
      ownKey('rsa', 'smime', anna.certPem, anna.keyPem),
      ownKey('ec', 'smime', annaEc.certPem, annaEc.keyPem),
      ownKey('pgp', 'pgp', annaPgp.publicKey, annaPgp.privateKey),
    ],
    signers: [{ kind: 'pgp', material: paulPgp.publicKey, trusted: true }],
    messages,
    entity,
  };
}

/** A number in [0, below), from a generator that can be repeated. */
export type Random = (below: number) => number;

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

export function mutated(octets: Buffer, random: Random): Buffer {
  let out = Buffer.from(octets);
  for (let changes = 1 + random(4); changes > 0; changes -= 1) {
    const at = random(out.length);
    const length = 1 + random(24);
    switch (random(6)) {
      case 0:
        out[at] = (out[at] ?? 0) ^ (1 << random(8));
        break;
      case 1:
        out[at] = random(256);
        break;
      case 2:
        out = out.subarray(0, Math.max(1, at));
        break;
      case 3:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + length)]);
        break;
      case 4:
        out = Buffer.concat([out.subarray(0, at + length), out.subarray(at)]);
        break;
      default:
        out = Buffer.concat([
          out.subarray(0, at),
          Buffer.from(Array.from({ length }, () => random(256))),
          out.subarray(at),
        ]);
    }
    if (out.length === 0) out = Buffer.from([0]);
  }
  return out;
}

/** Null when all is well, else what is not. */
export async function wrongWith(octets: Buffer, method: 'smime' | 'pgp', set: Samples): Promise<string | null> {
  const headed =
    method === 'smime'
      ? 'Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n'
      : 'Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n' +
        '--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n';
  const message = `From: paul@partner.example\r\n${headed}${octets.toString('base64')}\r\n${method === 'pgp' ? '--b--\r\n' : ''}`;
  const before = performance.now();
  const { text, layers, signature } = await open(message, set.pool, set);
  const took = performance.now() - before;
  if (took > 10_000) return `took ${Math.round(took)} ms`;
  if (text !== null && text !== set.entity && signature.status === 'valid') return 'other text with a good signature';
  // The first block of CBC can be changed by its initialisation vector, and blocks before it cut off (noise.ts).
  if (text !== null && set.entity.endsWith(text.slice(16)) && method === 'smime') return null;
  if (text !== null && text !== set.entity && layers.some(({ kind }) => kind === 'encrypted'))
    return `other plaintext: ${text.slice(0, 60)}`;
  return null;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { count: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
  });
  const set = await samples();
  let bad = 0;
  let opened = 0;
  for (const { name, octets, method } of set.messages) {
    const random = randomFrom(Number(values.seed) * 7_919 + 1);
    for (let count = 0; count < Number(values.count); count += 1) {
      const changed = mutated(octets, random);
      const wrong = await wrongWith(changed, method, set);
      opened += 1;
      if (wrong === null) continue;
      bad += 1;
      process.stdout.write(`${name}, number ${count}: ${wrong}\n${changed.toString('base64')}\n`);
    }
    process.stdout.write(`${name}: ${values.count} tried\n`);
  }
  await set.pool.close();
  process.stdout.write(`${opened} messages, ${bad} wrong\n`);
  process.exitCode = bad === 0 ? 0 : 1;
}
