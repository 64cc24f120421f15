/**
 * SignedData, opaque (`readSigned`, its content streams through) and detached (`verifyDetached`, beside what it covers). Here the structure is read;
 * cms-signature.ts computes the signature, and what the signer's certificate is worth, and whether it is the author's, says signer.ts.
 *
 * There is one way for a signature to count, and every other is invalid with its reason (threat T-19): exactly one signer, content of type
 * data that is where it has to be, attributes that name this content and its type, each once, and digests and keys that cannot be forged.
 *
 * Limits: countersignatures and time stamps are not looked at.
 */
import { createHash, type Hash, type X509Certificate } from 'node:crypto';
import { BerReader, type Value } from './ber.ts';
import { broken, checkSignature, Invalid, readSigner } from './cms-signature.ts';
import { algorithmOf, contentTypes, digests, oidOf } from './identifiers.ts';
import { type LayerReport, noSignature, Refused, type SignatureVerdict, type Signing } from './opened.ts';
import { noRevocationInfo, type RevocationInfo, readRevocationInfo } from './revocation-info.ts';
import { findSigner, judgeSigner } from './signer.ts';

const mostDigests = 6;
const mostCertificates = 40;

type Signed = {
  readonly contentType: string;
  /** Null when the content is elsewhere. */
  readonly hashes: ReadonlyMap<string, Hash> | null;
  /** First octet of the content, if it is here. */
  readonly first: number | null;
  readonly certificates: readonly Buffer[];
  readonly revocation: RevocationInfo;
  readonly signers: readonly Value[];
  /** Digests that the structure announces. */
  readonly announced: readonly string[];
};

/** The content of a SignedData whose ContentInfo `reader` has entered. RFC 5652 section 5.1. */
export async function* readSigned(
  reader: BerReader,
  signing: Signing,
  roots: readonly X509Certificate[],
): AsyncGenerator<Uint8Array, LayerReport> {
  const signed = yield* readStructure(reader);
  if (signed.signers.length === 0) {
    const why = 'The S/MIME part only carries certificates; it is no signature.';
    return { kind: 'signed', signature: { ...noSignature, why } };
  }
  const { hashes, first } = signed;
  if (hashes === null) throw new Refused('damaged', 'The S/MIME signature covers nothing: its content is missing.');
  return { kind: 'signed', signature: verdictOn(signed, { hashes, first }, signing, roots) };
}

/** Whether `signature`, a whole CMS structure, is one over the octets of `covered`. Reads `covered` to its end. */
export async function verifyDetached(
  signature: Uint8Array,
  covered: AsyncIterable<Uint8Array>,
  signing: Signing,
  roots: readonly X509Certificate[],
): Promise<LayerReport> {
  const invalid = (why: string): LayerReport => ({
    kind: 'signed',
    signature: { ...noSignature, status: 'invalid', why },
  });
  let signed: Signed | null = null;
  try {
    signed = await readDetached(signature);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
  const hashes = hashesFor(signed?.announced ?? []);
  let first: number | null = null;
  for await (const chunk of covered) {
    first ??= chunk[0] ?? null;
    for (const hash of hashes.values()) hash.update(chunk);
  }
  if (signed === null) return invalid('The S/MIME signature is damaged.');
  if (signed.signers.length === 0) return invalid('The S/MIME signature holds no signature.');
  if (signed.hashes !== null)
    return invalid('The S/MIME signature brings content of its own besides the text that it stands beside.');
  return { kind: 'signed', signature: verdictOn(signed, { hashes, first }, signing, roots) };
}

async function readDetached(signature: Uint8Array): Promise<Signed> {
  const reader = new BerReader(
    (async function* () {
      yield signature;
    })(),
  );
  await reader.enter(0x30);
  if (oidOf(await reader.value()) !== contentTypes.signedData) throw new Refused('damaged', 'It is no signature.');
  await reader.enter(0xa0);
  const structure = readStructure(reader);
  for (;;) {
    const next = await structure.next();
    if (next.done === true) return next.value;
  }
}

async function* readStructure(reader: BerReader): AsyncGenerator<Uint8Array, Signed> {
  const signedData = await reader.enter(0x30);
  await reader.value();
  const announced = (await reader.value()).children
    .slice(0, mostDigests)
    .map((each) => digests[algorithmOf(each).id] ?? '');
  const encapsulated = await reader.enter(0x30);
  const contentType = oidOf(await reader.value());
  let hashes: Map<string, Hash> | null = null;
  let first: number | null = null;
  if (!(await reader.atEnd(encapsulated))) {
    hashes = hashesFor(announced);
    const explicit = await reader.enter(0xa0);
    for await (const piece of reader.octets(0x04)) {
      first ??= piece[0] ?? null;
      for (const hash of hashes.values()) hash.update(piece);
      yield piece;
    }
    await reader.leave(explicit);
  }
  await reader.leave(encapsulated);
  let certificates: Buffer[] = [];
  if ((await reader.tag()) === 0xa0)
    certificates = (await reader.value()).children.filter(({ tag }) => tag === 0x30).map(({ raw }) => raw);
  const revocation = (await reader.tag()) === 0xa1 ? await readRevocationInfo(reader) : noRevocationInfo;
  const signers = await reader.value();
  if (signers.tag !== 0x31) throw new Refused('damaged', 'The CMS structure is damaged: it has no list of signers.');
  await reader.leave(signedData);
  return {
    contentType,
    hashes,
    first,
    certificates: certificates.slice(0, mostCertificates),
    revocation,
    signers: signers.children,
    announced,
  };
}

function hashesFor(names: readonly string[]): Map<string, Hash> {
  const good = names.filter((name) => name !== '' && !broken.has(name));
  return new Map([...new Set(good)].map((name) => [name, createHash(name)]));
}

type Content = { readonly hashes: ReadonlyMap<string, Hash>; readonly first: number | null };

function verdictOn(
  signed: Signed,
  content: Content,
  signing: Signing,
  roots: readonly X509Certificate[],
): SignatureVerdict {
  try {
    const [signer, ...more] = signed.signers;
    if (signer === undefined || more.length > 0)
      throw new Invalid(`The S/MIME part has ${signed.signers.length} signatures where there must be one.`);
    const info = readSigner(signer);
    const certificate = findSigner(info.sid, signed.certificates, signing.keys);
    if (certificate === null) {
      const why = 'The S/MIME signature comes without the certificate of its signer, and it is not known here.';
      return { ...noSignature, status: 'unknown-key', why };
    }
    checkSignature(info, certificate, { contentType: signed.contentType, ...content });
    return judgeSigner(certificate, { signedAt: info.signedAt, gcm: info.gcm }, signed, signing, roots);
  } catch (error) {
    const why = error instanceof Invalid ? error.message : 'The S/MIME signature is damaged.';
    return { ...noSignature, status: 'invalid', why };
  }
}
