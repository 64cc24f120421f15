/** The encrypted data packet, read by the library: both versions, every cipher, at the edges of chunks and of parts. */
import { randomBytes } from 'node:crypto';
import * as openpgp from 'openpgp';
import { describe, expect, test } from 'vitest';
import { encryptedPacket, encryptedPacketSize, packetHeader, type Suite } from '../../src/protect/openpgp/encrypted.ts';

async function* pieces(whole: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
}

async function made(content: Buffer, suite: Suite, known: boolean, pieceSize: number) {
  const literal = Buffer.concat([packetHeader(0xcb, 6 + content.length), Buffer.from('b\0\0\0\0\0'), content]);
  const key = randomBytes(suite.cipher === 'aes256' ? 32 : 16);
  const chunks: Uint8Array[] = [];
  const size = known ? literal.length : null;
  for await (const chunk of encryptedPacket(pieces(literal, pieceSize), size, key, suite)) chunks.push(chunk);
  const packet = Buffer.concat(chunks);
  if (known) expect(packet.length).toBe(encryptedPacketSize(literal.length, suite));
  return { packet, key };
}

async function opened(packet: Buffer, key: Buffer, { cipher, aead }: Suite): Promise<Buffer> {
  const session = { data: new Uint8Array(key), algorithm: cipher, ...(aead === null ? {} : { aeadAlgorithm: aead }) };
  const message = await openpgp.readMessage({ binaryMessage: new Uint8Array(packet) });
  const { data } = await openpgp.decrypt({ message, sessionKeys: [session], format: 'binary' });
  return Buffer.from(data);
}

const suites: Suite[] = (['aes128', 'aes256'] as const).flatMap((cipher) =>
  ([null, 'ocb', 'gcm'] as const).map((aead) => ({ cipher, aead })),
);

describe.each(suites)('$cipher, $aead', (suite) => {
  // With its header of 8 or 12 octets the literal packet fills a partial length of 65,536 octets, or a chunk of four times that, or nearly.
  test.each([0, 1, 183, 184, 185, 8_000, 65_523, 65_524, 65_525, 131_061, 262_132, 262_133, 300_000])(
    '%i octets',
    async (size) => {
      const content = Buffer.alloc(size, 'some octets');
      for (const known of [true, false]) {
        for (const pieceSize of [70_001, 1_000]) {
          const { packet, key } = await made(content, suite, known, pieceSize);
          expect((await opened(packet, key, suite)).equals(content)).toBe(true);
        }
      }
    },
  );

  test('no octet can be changed, and no end cut off', async () => {
    const content = Buffer.alloc(300_000, 'some octets');
    const { packet, key } = await made(content, suite, true, 65_536);
    for (const at of [60, 280_000, packet.length - 30, packet.length - 1]) {
      const changed = Buffer.from(packet);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(opened(changed, key, suite)).rejects.toThrow();
    }
    const body = packet.subarray(6);
    // The last of these leaves the first chunk.
    for (const shorter of [1, 16, 22, 9_000, body.length - (36 + 262_144 + 16)]) {
      const cut = body.subarray(0, body.length - shorter);
      await expect(opened(Buffer.concat([packetHeader(0xd2, cut.length), cut]), key, suite)).rejects.toThrow();
    }
  });
});
