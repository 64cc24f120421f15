/**
 * One layer of S/MIME: what a CMS structure turns out to be decides what is done with it, never what the message says that it is (smime-type). An
 * envelope is decrypted (cms-envelope.ts), a signature is verified (cms-signed.ts).
 */
import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { BerReader } from './ber.ts';
import { openEnvelope } from './cms-envelope.ts';
import { type Holder, holderOf } from './cms-keys.ts';
import { readSigned } from './cms-signed.ts';
import { contentTypes, oidOf } from './identifiers.ts';
import { type LayerReport, type OwnKey, Refused, type Signing } from './opened.ts';

/** An own key with its private part, inside the worker. */
export type OpenedKey = Pick<OwnKey, 'id' | 'method' | 'material'> & { readonly privateKey: string };

/** The octets inside `input`, to be kept apart until the report. Throws Refused. */
export async function* openCms(
  input: AsyncIterable<Uint8Array>,
  keys: readonly OpenedKey[],
  signing: Signing,
  roots: readonly X509Certificate[],
): AsyncGenerator<Uint8Array, LayerReport> {
  const reader = new BerReader(input);
  if ((await reader.tag()) !== 0x30) throw new Refused('damaged', 'The part that should be S/MIME is something else.');
  const outer = await reader.enter(0x30);
  const type = oidOf(await reader.value());
  if (await reader.atEnd(outer)) throw new Refused('damaged', 'The CMS structure is damaged: it holds no content.');
  await reader.enter(0xa0);
  switch (type) {
    case contentTypes.envelopedData:
    case contentTypes.authEnvelopedData:
      return yield* openEnvelope(reader, type === contentTypes.authEnvelopedData, holders(keys));
    case contentTypes.signedData:
      return yield* readSigned(reader, signing, roots);
    case contentTypes.compressedData:
      throw new Refused('unsupported', 'The S/MIME part is compressed, which is not read here.');
    default:
      throw new Refused('unsupported', 'The S/MIME part is of a kind that is not read here.');
  }
}

/** Keys that cannot be read open nothing; another of them still may. */
function holders(keys: readonly OpenedKey[]): Holder[] {
  return keys.flatMap(({ id, method, material, privateKey }) => {
    if (method !== 'smime') return [];
    try {
      const key: KeyObject = createPrivateKey(privateKey);
      return [holderOf(id, material, key)];
    } catch {
      return [];
    }
  });
}
