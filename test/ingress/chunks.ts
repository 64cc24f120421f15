import * as fc from 'fast-check';

/** The octets cut at the given places (any numbers; taken modulo the length), empty chunks included. */
export function cut(octets: Buffer, places: readonly number[]): Buffer[] {
  const at = places.map((place) => place % (octets.length + 1)).sort((a, b) => a - b);
  return [0, ...at].map((from, index) => octets.subarray(from, at[index] ?? octets.length));
}

export const somePlaces = fc.array(fc.nat(), { maxLength: 12 });

/** Text in which what matters is dense: line ends, dots, NULs if wanted, and a few others. */
export function dense(...pieces: string[]): fc.Arbitrary<Buffer> {
  return fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((all) => Buffer.from(all.join('')));
}
