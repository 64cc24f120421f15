/**
 * A message in PGP/MIME: encrypted for one or several people and signed inside if there is a key for it (`encryptPgp`), or signed only (`signPgp`).
 *
 * The library makes what depends on keys (session keys, signatures); the bulk is made by encrypted.ts. Each message takes the encryption that all of
 * its keys announce: version 2 (AEAD) if every one of them does, else version 1, with AES-256 where every key lists it, as nearly all of the last
 * twenty years do. Nothing is compressed, so that the size tells no more than the size.
 *
 * Standards: RFC 3156 (PGP/MIME).
 * Limits: what is signed only keeps its own lines, 8-bit ones and trailing spaces among them, although RFC 3156 section 3 would have them encoded.
 */
import { randomBytes } from 'node:crypto';
import * as openpgp from 'openpgp';
import type { OpenedSigningKey, Protected } from '../protected.ts';
import { CannotProtect } from '../protected.ts';
import { armored, armorSize } from './armor.ts';
import { encryptedPacket, encryptedPacketSize, packetHeader, type Suite } from './encrypted.ts';
import { encryptionConfig, readForEncryption } from './recipient.ts';
import { type Signed, sign } from './signed.ts';

/** Literal Data, new format. RFC 9580 section 5.9. */
const literalTag = 0xcb;
/** Binary, no name, no date: no signature covers these, and they tell what nobody needs. */
const literalHeader = Buffer.from('b\0\0\0\0\0', 'latin1');

/**
 * The message for whoever holds one of `armoredKeys`, signed inside by `signer`. `entity` yields exactly `entitySize` octets; the body's iteration
 * rejects when it yields another number. Rejects with CannotProtect when a key cannot be used now.
 */
export async function encryptPgp(
  armoredKeys: readonly string[],
  signer: OpenedSigningKey | null,
  entity: AsyncIterable<Uint8Array>,
  entitySize: number,
): Promise<Protected> {
  const { keys, encryptionKeyIDs } = await readAll(armoredKeys);
  const session = await openpgp.generateSessionKey({ encryptionKeys: keys, config: encryptionConfig });
  const suite = suiteOf(session);
  const sessionPackets = await openpgp.encryptSessionKey({
    ...session,
    encryptionKeys: keys,
    encryptionKeyIDs,
    format: 'binary',
    config: encryptionConfig,
  });
  const literalHead = Buffer.concat([packetHeader(literalTag, literalHeader.length + entitySize), literalHeader]);
  const plaintextSize = signer === null ? literalHead.length + entitySize : null;
  const plaintext =
    signer === null
      ? literalPacket(literalHead, entity, entitySize)
      : signedPackets(literalHead, await sign(signer.privateKey, entity, entitySize), entitySize);
  const packets = async function* (): AsyncGenerator<Uint8Array> {
    yield sessionPackets;
    yield* encryptedPacket(plaintext, plaintextSize, session.data, suite);
  };
  const { headerLines, before, after } = encryptedForm();
  const armor = { label: 'MESSAGE', checksum: suite.aead === null } as const;
  const size =
    plaintextSize === null
      ? null
      : before.length +
        armorSize(sessionPackets.length + encryptedPacketSize(plaintextSize, suite), armor) +
        after.length;
  return { headerLines, size, body: between(before, armored(packets(), armor), after) };
}

/** The entity as it is, and beside it a signature. RFC 3156 section 5. Rejects with CannotProtect when the key cannot sign. */
export async function signPgp(
  signer: OpenedSigningKey,
  entity: AsyncIterable<Uint8Array>,
  entitySize: number,
): Promise<Protected> {
  const { content, signature, hash } = await sign(signer.privateKey, entity, entitySize);
  const boundary = newBoundary();
  const body = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`--${boundary}\r\n`, 'latin1');
    yield* exactly(entitySize, content);
    const packet = await signature();
    yield Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: application/pgp-signature; name="signature.asc"\r\n` +
        `Content-Description: OpenPGP digital signature\r\nContent-Disposition: attachment; filename="signature.asc"\r\n\r\n`,
      'latin1',
    );
    yield* armored(only(packet), { label: 'SIGNATURE', checksum: true });
    yield Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1');
  };
  return {
    headerLines:
      'MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol="application/pgp-signature";\r\n' +
      ` micalg=${hash}; boundary="${boundary}"\r\n`,
    size: null,
    body: body(),
  };
}

async function readAll(armoredKeys: readonly string[]): Promise<{
  readonly keys: openpgp.PublicKey[];
  readonly encryptionKeyIDs: openpgp.KeyID[];
}> {
  const read = await Promise.all(armoredKeys.map((armoredKey) => readForEncryption(armoredKey, Date.now())));
  if (read.length === 0) throw new CannotProtect('There is no OpenPGP key to encrypt to.');
  return { keys: read.map(({ key }) => key), encryptionKeyIDs: read.map(({ keyId }) => keyId) };
}

/** What the library found that all keys announce. */
function suiteOf({ algorithm, aeadAlgorithm }: openpgp.SessionKey): Suite {
  const aead = aeadAlgorithm ?? null;
  if ((algorithm !== 'aes256' && algorithm !== 'aes128') || aead === 'eax')
    throw new Error('the library chose a cipher that was not asked for');
  return { cipher: algorithm, aead };
}

async function* literalPacket(
  head: Uint8Array,
  entity: AsyncIterable<Uint8Array>,
  entitySize: number,
): AsyncGenerator<Uint8Array> {
  yield head;
  yield* exactly(entitySize, entity);
}

/** RFC 9580 section 10.3: a one-pass signed message. */
async function* signedPackets(
  literalHead: Uint8Array,
  { onePass, content, signature }: Signed,
  entitySize: number,
): AsyncGenerator<Uint8Array> {
  yield onePass;
  yield literalHead;
  yield* exactly(entitySize, content);
  yield await signature();
}

/** Lengths are written before what they count: another number of octets would make a broken message, so none is made. */
async function* exactly(size: number, octets: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const piece of octets) {
    seen += piece.length;
    yield piece;
  }
  if (seen !== size) throw new Error(`there were ${seen} octets, ${size} were announced`);
}

async function* between(before: string, octets: AsyncIterable<Uint8Array>, after: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(before, 'latin1');
  yield* octets;
  yield Buffer.from(after, 'latin1');
}

async function* only(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  yield octets;
}

const newBoundary = (): string => `pgp-${randomBytes(18).toString('hex')}`;

/** What is around the armor. RFC 3156 section 4. */
function encryptedForm(): { readonly headerLines: string; readonly before: string; readonly after: string } {
  const boundary = newBoundary();
  return {
    headerLines:
      'MIME-Version: 1.0\r\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted";\r\n' +
      ` boundary="${boundary}"\r\n`,
    before:
      `--${boundary}\r\nContent-Type: application/pgp-encrypted\r\nContent-Description: PGP/MIME version identification\r\n\r\n` +
      `Version: 1\r\n\r\n--${boundary}\r\nContent-Type: application/octet-stream; name="encrypted.asc"\r\n` +
      `Content-Description: OpenPGP encrypted message\r\nContent-Disposition: inline; filename="encrypted.asc"\r\n\r\n`,
    after: `\r\n--${boundary}--\r\n`,
  };
}
