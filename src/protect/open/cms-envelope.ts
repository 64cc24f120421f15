/**
 * EnvelopedData and AuthEnvelopedData, opened while they stream through. Octets are given out before the end shows whether they are good, so the
 * caller keeps them apart until the generator has returned (message.ts): CBC shows damage at most in its padding, GCM in its tag.
 *
 * Limits: no attributes beside authenticated content (RFC 5083 section 2.2 wants them known before it is decrypted), no RC2 or single DES.
 */
import { createDecipheriv } from 'node:crypto';
import { type BerReader, octetsOf, type Value } from './ber.ts';
import { contentKey, doesNotOpen, type Holder } from './cms-keys.ts';
import { algorithmOf, ciphers } from './identifiers.ts';
import { NoiseDetector } from './noise.ts';
import { type LayerReport, noSignature, Refused } from './opened.ts';

/** The content of an envelope whose ContentInfo `reader` has entered. `authenticated`: AuthEnvelopedData. RFC 5652 section 6.1, RFC 5083 section 2.1. */
export async function* openEnvelope(
  reader: BerReader,
  authenticated: boolean,
  holders: readonly Holder[],
): AsyncGenerator<Uint8Array, LayerReport> {
  const enveloped = await reader.enter(0x30);
  await reader.value();
  if ((await reader.tag()) === 0xa0) await reader.value();
  const recipientInfos = await reader.value();
  if (recipientInfos.tag !== 0x31)
    throw new Refused('damaged', 'The CMS structure is damaged: it names no recipients.');
  const info = await reader.enter(0x30);
  await reader.value();
  const algorithm = algorithmOf(await reader.value());
  const cipher = ciphers[algorithm.id];
  // A cipher of the other structure would be an attempt to have one read as the other.
  if (cipher === undefined || cipher.gcm !== authenticated)
    throw new Refused('unsupported', 'The message is encrypted with a cipher that is not read here.');
  const { key, holder } = contentKey(recipientInfos, holders, cipher.key);
  if (await reader.atEnd(info)) throw new Refused('damaged', 'The CMS structure is damaged: it holds no content.');
  const opening = authenticated
    ? openGcm(reader, cipher.name, key, algorithm.parameters)
    : openCbc(reader, cipher.name, key, algorithm.parameters);
  if (!authenticated) {
    const noise = yield* opening.octets();
    return { kind: 'decrypted', key: holder, integrity: null, noise, signature: noSignature };
  }
  yield* opening.octets();
  await reader.leave(info);
  if ((await reader.tag()) === 0xa1)
    throw new Refused(
      'unsupported',
      'The message has authenticated attributes beside its content, which are not read here.',
    );
  opening.check(octetsOf(await reader.value()));
  await reader.leave(enveloped);
  return { kind: 'decrypted', key: holder, integrity: 'gcm', noise: false, signature: noSignature };
}

type Opening = {
  /** The plaintext; returns whether there was noise in it. */
  octets(): AsyncGenerator<Uint8Array, boolean>;
  /** Throws Refused unless the tag is that of what was decrypted. */
  check(tag: Buffer): void;
};

/** RFC 3565 section 2.3.1, RFC 5652 section 6.3. */
function openCbc(reader: BerReader, name: string, key: Buffer, parameters: Value | null): Opening {
  const iv = parameters?.content ?? Buffer.alloc(0);
  if (iv.length !== (name.startsWith('aes') ? 16 : 8)) throw new Refused('damaged', doesNotOpen);
  const cbc = createDecipheriv(name, key, iv);
  const noise = new NoiseDetector();
  return {
    async *octets() {
      for await (const piece of reader.octets(0x80)) {
        const plain = cbc.update(piece);
        noise.push(plain);
        yield plain;
      }
      const last = ended(() => cbc.final());
      noise.push(last);
      yield last;
      return noise.end();
    },
    check: () => {},
  };
}

/** RFC 5084 section 3.2. */
function openGcm(reader: BerReader, name: string, key: Buffer, parameters: Value | null): Opening {
  const [nonce, size] = parameters?.children ?? [];
  const authTagLength = size === undefined ? 12 : (size.content[0] ?? 0);
  if (
    nonce === undefined ||
    nonce.content.length < 12 ||
    nonce.content.length > 64 ||
    authTagLength < 12 ||
    authTagLength > 16
  )
    throw new Refused('damaged', doesNotOpen);
  const gcm = createDecipheriv(
    name === 'aes-128-gcm' || name === 'aes-192-gcm' ? name : 'aes-256-gcm',
    key,
    nonce.content,
    { authTagLength },
  );
  return {
    async *octets() {
      for await (const piece of reader.octets(0x80)) yield gcm.update(piece);
      return false;
    },
    check: (tag) => {
      ended(() => {
        gcm.setAuthTag(tag);
        return gcm.final();
      });
    },
  };
}

function ended(finish: () => Buffer): Buffer {
  try {
    return finish();
  } catch {
    throw new Refused('altered', doesNotOpen);
  }
}
