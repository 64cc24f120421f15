/**
 * RC2 in CBC mode, decryption only: old PKCS #12 files keep their certificates under 40-bit RC2, and Node's OpenSSL no longer has it.
 * It protects nothing of ours; a file that uses it was never secret.
 *
 * Standards: RFC 2268.
 */

/** Section 2: the table of "random" octets from the digits of pi. */
const piTable = Buffer.from(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2179a59f587b34f1361456d8d09817d32' +
    'bd8f40eb86b77b0bf09521225c6b4e8254d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed708e8eade8052eef784aa72ac354d6a2a' +
    '961ad2715a1549744b9fd05e0418a4ecc2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a90d38341bab33ffb0bb480c5fb9b1cd2e' +
    'c5f3db47e5a59c770aa62068fe7fc1ad',
  'hex',
);
const blockSize = 8;
/** Section 3.1. */
const rotations = [1, 2, 3, 5] as const;

/** The plaintext without its PKCS #7 padding, or null when the padding says the key was wrong. `key` sets the effective bits too. */
export function decryptRc2Cbc(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Buffer | null {
  if (ciphertext.length === 0 || ciphertext.length % blockSize !== 0) return null;
  const words = expandKey(key);
  const plain = Buffer.alloc(ciphertext.length);
  for (let at = 0; at < ciphertext.length; at += blockSize) {
    const block = decryptBlock(words, ciphertext.subarray(at, at + blockSize));
    const before = at === 0 ? iv : ciphertext.subarray(at - blockSize, at);
    for (let i = 0; i < blockSize; i += 1) plain[at + i] = (block[i] ?? 0) ^ (before[i] ?? 0);
  }
  const padding = plain.at(-1) ?? 0;
  const wrong = padding < 1 || padding > blockSize || plain.subarray(-padding).some((octet) => octet !== padding);
  return wrong ? null : plain.subarray(0, plain.length - padding);
}

/** Section 2, with the effective key length equal to the key's. */
function expandKey(key: Uint8Array): Uint16Array {
  const octets = new Uint8Array(128);
  const get = (index: number): number => octets[index] ?? 0;
  octets.set(key);
  for (let i = key.length; i < 128; i += 1) octets[i] = piTable[(get(i - 1) + get(i - key.length)) & 255] ?? 0;
  octets[128 - key.length] = piTable[get(128 - key.length)] ?? 0;
  for (let i = 127 - key.length; i >= 0; i -= 1) octets[i] = piTable[get(i + 1) ^ get(i + key.length)] ?? 0;
  return Uint16Array.from({ length: 64 }, (_, i) => get(2 * i) + 256 * get(2 * i + 1));
}

/** Section 4: the encryption's rounds backwards. */
function decryptBlock(words: Uint16Array, block: Uint8Array): Buffer {
  const input = Buffer.from(block);
  const r = Uint16Array.from({ length: 4 }, (_, i) => input.readUInt16LE(2 * i));
  const get = (index: number): number => r[(index + 4) % 4] ?? 0;
  for (let round = 15; round >= 0; round -= 1) {
    for (let i = 3; i >= 0; i -= 1) {
      const by = rotations[i] ?? 0;
      const turned = (get(i) >> by) | (get(i) << (16 - by));
      const mixed = (get(i - 1) & get(i - 2)) + (~get(i - 1) & get(i - 3));
      r[i] = turned - (words[4 * round + i] ?? 0) - mixed;
    }
    // The two mashing rounds come before mixing rounds 5 and 11.
    if (round === 11 || round === 5) {
      for (let i = 3; i >= 0; i -= 1) r[i] = get(i) - (words[get(i - 1) & 63] ?? 0);
    }
  }
  const output = Buffer.alloc(blockSize);
  for (let i = 0; i < 4; i += 1) output.writeUInt16LE(get(i), 2 * i);
  return output;
}
