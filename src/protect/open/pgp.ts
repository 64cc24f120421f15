/**
 * One layer of OpenPGP: a message encrypted to one of our keys, with what was signed inside it (`openPgp`), and a signature beside what it
 * covers (`verifyPgp`).
 *
 * The library opens the session key; the data are decrypted by pgp-data.ts and read by pgp-content.ts while they stream through. Octets are given out
 * before the integrity check at their end, so the caller keeps them apart until the generator has returned. Data without an integrity check (packet
 * tag 9) are not opened at all (threat T-18). Section numbers are those of RFC 9580, which openpgp.ts follows.
 *
 * Limits: messages to a password, and keys of post-quantum algorithms, are not opened.
 */
import * as openpgp from 'openpgp';
import { withoutArmor } from './armor.ts';
import type { OpenedKey } from './cms.ts';
import { OctetReader } from './octet-reader.ts';
import { type LayerReport, noSignature, Refused, type Signing } from './opened.ts';
import { packetHeader, readContent, readSignature } from './pgp-content.ts';
import { nonceSize, openGnupg, openVersion1, openVersion2, pgpDoesNotOpen, type SessionKey } from './pgp-data.ts';
import { type Packet, PacketReader, tags } from './pgp-packets.ts';
import { Digests, mannerOf, verdictOn } from './pgp-signatures.ts';

/** Session keys in one message; those without a name must each be tried with every key of ours. */
const mostRecipients = 1_000;
const mostUnnamed = 20;

/** The octets inside `input`, armored or not. Throws Refused. */
export async function* openPgp(
  input: AsyncIterable<Uint8Array>,
  keys: readonly OpenedKey[],
  signing: Signing,
): AsyncGenerator<Uint8Array, LayerReport> {
  const reader = new PacketReader(withoutArmor(input, 'MESSAGE'));
  const { sessionKeys, encrypted } = await beginning(reader);
  const octets = new OctetReader(encrypted.data());
  const head = await headOf(encrypted.tag, octets);
  const { key, id } = await sessionKeyOf(sessionKeys, head, keys);
  const plaintext = decrypted(head, octets, key);
  const signature = yield* readContent(plaintext, signing);
  // What follows the data would be protected by nothing.
  if ((await reader.next()) !== null) throw new Refused('altered', pgpDoesNotOpen);
  const integrity = head.kind === 'version1' ? 'mdc' : 'aead';
  return { kind: 'decrypted', key: id, integrity, noise: false, signature };
}

/** Whether `signature`, armored or not, is one over the octets of `covered`. Reads `covered` to its end. */
export async function verifyPgp(
  signature: Uint8Array,
  covered: AsyncIterable<Uint8Array>,
  signing: Signing,
): Promise<LayerReport> {
  const read = await readSignature(await binary(signature));
  const digests = new Digests((read?.packets ?? []).map(mannerOf));
  for await (const chunk of covered) digests.update(chunk);
  digests.end();
  const damaged = { ...noSignature, status: 'invalid', why: 'The OpenPGP signature is damaged.' } as const;
  return { kind: 'signed', signature: read === null ? damaged : await verdictOn(read, digests, signing) };
}

/** Without its armor; empty when that is damaged. */
async function binary(signature: Uint8Array): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const source = (async function* () {
    yield signature;
  })();
  try {
    for await (const chunk of withoutArmor(source, 'SIGNATURE')) chunks.push(chunk);
  } catch (error) {
    if (error instanceof Refused) return Buffer.alloc(0);
    throw error;
  }
  return Buffer.concat(chunks);
}

/** The packets before the data, and the packet of the data. Section 10.3.1. */
async function beginning(
  reader: PacketReader,
): Promise<{ readonly sessionKeys: readonly Buffer[]; readonly encrypted: Packet }> {
  const sessionKeys: Buffer[] = [];
  for (let packet = await reader.next(); packet !== null; packet = await reader.next()) {
    const { tag } = packet;
    if (tag === tags.protected || tag === tags.aead) return { sessionKeys, encrypted: packet };
    if (tag === tags.encrypted)
      throw new Refused('altered', 'The message has no protection against being altered, so it is not opened.');
    const skipped = tag === tags.passwordKey || tag === tags.marker || tag === tags.padding;
    if (!skipped && tag !== tags.sessionKey) break;
    const octets = await packet.whole();
    if (!skipped) sessionKeys.push(Buffer.concat([packetHeader(tag, octets.length), octets]));
    if (sessionKeys.length > mostRecipients) throw tooMany();
  }
  throw new Refused('damaged', 'The OpenPGP message is not encrypted.');
}

const tooMany = (): Refused => new Refused('too-large', 'The message names more recipients than are read.');

/** What stands before the encrypted octets. */
type Head =
  | { readonly kind: 'version1' }
  | ({ readonly kind: 'version2'; readonly salt: Buffer } & Chunked)
  | ({ readonly kind: 'gnupg'; readonly nonce: Buffer } & Chunked);

type Chunked = { readonly cipher: number; readonly aead: number; readonly chunk: number };

/** Sections 5.13.1 and 5.13.2; GnuPG's packet by draft-koch-librepgp section 5.16. */
async function headOf(tag: number, octets: OctetReader): Promise<Head> {
  const [version] = await taken(octets, 1);
  if (tag === tags.protected && version === 1) return { kind: 'version1' };
  const chunked = (tag === tags.protected && version === 2) || (tag === tags.aead && version === 1);
  if (!chunked) throw new Refused('unsupported', 'The message is encrypted in a version that is not read here.');
  const [cipher = 0, aead = 0, chunk = 0] = await taken(octets, 3);
  if (tag === tags.aead) return { kind: 'gnupg', cipher, aead, chunk, nonce: await taken(octets, nonceSize(aead)) };
  return { kind: 'version2', cipher, aead, chunk, salt: await taken(octets, 32) };
}

async function taken(octets: OctetReader, count: number): Promise<Buffer> {
  if (!(await octets.has(count))) throw new Refused('damaged', 'The OpenPGP message is damaged.');
  return octets.take(count);
}

function decrypted(head: Head, octets: OctetReader, key: SessionKey): AsyncGenerator<Buffer> {
  if (head.kind === 'version1') return openVersion1(octets.rest(), key);
  return head.kind === 'version2' ? openVersion2(octets.rest(), key, head) : openGnupg(octets.rest(), key, head);
}

/** A recipient that the sender did not want to name. Section 5.1.8. */
const isUnnamed = (id: { toHex(): string }): boolean => /^0*$/.test(id.toHex());

/** The session key, opened by the library with the first of our keys that can. */
async function sessionKeyOf(
  sessionKeys: readonly Buffer[],
  head: Head,
  keys: readonly OpenedKey[],
): Promise<{ readonly key: SessionKey; readonly id: string }> {
  const message = await messageOf(sessionKeys, head);
  const named = message.getEncryptionKeyIDs();
  const unnamed = named.filter(isUnnamed).length;
  const repeated = named.length - new Set(named.map((id) => id.toHex())).size - Math.max(0, unnamed - 1);
  if (unnamed > mostUnnamed || repeated > mostUnnamed) throw tooMany();
  let tried = false;
  for (const { id, method, privateKey } of keys) {
    if (method !== 'pgp') continue;
    const key = await openpgp.readPrivateKey({ armoredKey: privateKey }).catch(() => null);
    const isNamed = named.some((name) => !isUnnamed(name) && (key?.getKeys(name).length ?? 0) > 0);
    if (key === null || (!isNamed && unnamed === 0)) continue;
    tried ||= isNamed;
    const [opened] = await openpgp.decryptSessionKeys({ message, decryptionKeys: key }).catch(() => []);
    if (opened === undefined) continue;
    const cipher = opened.algorithm === null ? null : openpgp.enums.symmetric[opened.algorithm];
    return { key: { key: opened.data, cipher }, id };
  }
  if (tried) throw new Refused('altered', pgpDoesNotOpen);
  throw new Refused('no-key', 'The message is not encrypted to a key that this gateway holds.');
}

/** The session keys with a data packet of the same kind and no data, as that is all that the library needs to see. */
async function messageOf(sessionKeys: readonly Buffer[], head: Head): Promise<openpgp.Message<Uint8Array>> {
  const nothing = Buffer.alloc(48);
  const body =
    head.kind === 'version1'
      ? Buffer.concat([Buffer.from([1]), nothing])
      : head.kind === 'version2'
        ? Buffer.concat([Buffer.from([2, head.cipher, head.aead, head.chunk]), head.salt, nothing])
        : Buffer.concat([Buffer.from([1, head.cipher, head.aead, head.chunk]), head.nonce, nothing]);
  const tag = head.kind === 'gnupg' ? tags.aead : tags.protected;
  const octets = Buffer.concat([...sessionKeys, packetHeader(tag, body.length), body]);
  try {
    return await openpgp.readMessage({ binaryMessage: new Uint8Array(octets) });
  } catch {
    throw new Refused('damaged', 'The OpenPGP message is damaged.');
  }
}
