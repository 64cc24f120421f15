/** What this gateway protects, another one opens: every kind of key and form that protect/ makes. */

import * as openpgp from 'openpgp';
import { afterAll, describe, expect, test } from 'vitest';
import { type IssueRequest, issueCertificate } from '../../../src/protect/issue.ts';
import { generateKey } from '../../../src/protect/openpgp.ts';
import { createProtectPool } from '../../../src/protect/pool.ts';
import type { ProtectJob, SigningKey } from '../../../src/protect/protected.ts';
import { sealText } from '../../../src/protect/seal.ts';
import { open, openPool, ownKey, ownKeysSecret } from './stage.ts';

const root = issueCertificate({ subject: 'Root', ca: true });
const protect = createProtectPool({ ownKeys: ownKeysSecret, size: 1 });
const pool = openPool([root.certPem], 1);
afterAll(async () => {
  await protect.close();
  await pool.close();
});

const author = 'paul@partner.example';
const sealed = (method: 'smime' | 'pgp', certificates: string[], key: string): SigningKey => {
  return { method, certificates, sealed: sealText(ownKeysSecret, key, 'paul'), context: 'paul' };
};
const text = (size: number): Buffer =>
  Buffer.from(
    `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${'Grüße, 4711\r\n'.repeat(size)}`,
  );

async function message(job: Omit<ProtectJob, 'entitySize'>, entity: Buffer): Promise<Buffer> {
  const made = await protect.protect(
    { ...job, entitySize: entity.length },
    (async function* () {
      yield entity;
    })(),
  );
  const chunks: Uint8Array[] = [Buffer.from(`From: ${author}\r\n${made.headerLines}\r\n`)];
  for await (const chunk of made.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

type KeyType = NonNullable<IssueRequest['keyType']>;

describe('S/MIME', () => {
  const issued = (keyType: KeyType, email: string) =>
    issueCertificate({ subject: email, issuer: root, san: { email: [email] }, keyType });
  const recipients: KeyType[] = ['rsa2048', 'rsaOaep2048', 'p256', 'p384', 'x25519'];
  const cells = recipients.flatMap((keyType) => [false, true].map((gcm) => ({ keyType, gcm })));

  test.each(cells)('to $keyType, GCM $gcm, signed inside', async ({ keyType, gcm }) => {
    const anna = issued(keyType, 'anna@corp.example');
    const paul = issued('p256', author);
    for (const size of [1, 40_000]) {
      const job = {
        method: 'smime',
        recipients: [{ material: anna.certPem, gcm }],
        signer: sealed('smime', [paul.certPem], paul.keyPem),
      } as const;
      const keys = [ownKey('anna', 'smime', anna.certPem, anna.keyPem)];
      const opened = await open(await message(job, text(size)), pool, { keys });
      expect(opened.layers.map(({ kind }) => kind)).toEqual(['encrypted', 'signed']);
      expect(opened.signature).toMatchObject({ status: 'valid', signer: author });
      expect(opened.text).toContain('Gr\xc3\xbc\xc3\x9fe, 4711');
    }
  });

  const signers: KeyType[] = ['rsa2048', 'rsaPss2048', 'p256', 'p384', 'ed25519'];
  test.each(signers.flatMap((keyType) => (['clear', 'opaque'] as const).map((form) => ({ keyType, form }))))(
    'signed by $keyType, $form',
    async ({ keyType, form }) => {
      const paul = issued(keyType, author);
      const job = {
        method: 'smime',
        recipients: [],
        signer: sealed('smime', [paul.certPem], paul.keyPem),
        form,
      } as const;
      const opened = await open(await message(job, text(3)), pool);
      expect(opened.signature).toMatchObject({ status: 'valid', signer: author });
      expect(opened.content === null).toBe(form === 'clear');
    },
  );
});

describe('OpenPGP', () => {
  test.each([
    ['version 4', {}],
    ['version 4 that takes authenticated encryption', { aeadProtect: true }],
    ['version 6', { v6Keys: true, aeadProtect: true }],
  ])('to a key of %s, signed inside and beside', async (_name, config) => {
    const anna = await openpgp.generateKey({
      userIDs: [{ email: 'anna@corp.example' }],
      type: 'curve25519',
      format: 'object',
      config,
    });
    const paul = await generateKey({ email: author });
    const signer = sealed('pgp', [], paul.privateKey);
    const signers = [{ kind: 'pgp', material: paul.publicKey, trusted: true }] as const;
    const keys = [ownKey('anna', 'pgp', anna.publicKey.armor(), anna.privateKey.armor())];
    for (const size of [1, 40_000]) {
      const made = await message(
        { method: 'pgp', recipients: [{ material: anna.publicKey.armor() }], signer },
        text(size),
      );
      const opened = await open(made, pool, { keys, signers });
      expect(opened.text).toBe(text(size).toString('latin1'));
      expect(opened.signature).toMatchObject({ status: 'valid', signer: author });
      const beside = await open(await message({ method: 'pgp', recipients: [], signer }, text(size)), pool, {
        signers,
      });
      expect(beside.signature).toMatchObject({ status: 'valid', signer: author });
      expect(beside.content).toBeNull();
    }
  });
});
