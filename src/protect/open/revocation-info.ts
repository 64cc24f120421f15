/**
 * What came along with a signature about whether its certificates were revoked: revocation lists, and the answers of OCSP responders. `readRevocationInfo`
 * takes them out of the CMS structure (RFC 5652 section 10.2.1), `wordsOn` judges them as what is fetched is judged (crl.ts, ocsp.ts). What their word is
 * worth beside others', and whether anybody is asked besides, is keys/revocation.ts.
 *
 * Standards: RFC 5940.
 * Hostile input: of either kind the first `most` are looked at, if they are not too large; all others are passed over, as if they were not there,
 * up to `mostChoices`.
 *
 * Limits: answers in attributes, where CAdES and PDF have them, are not read.
 */
import type { X509Certificate } from 'node:crypto';
import { pointersOf } from '../certificate-pointers.ts';
import { listDefect, namedBy, type RevocationWord, readRevocationList, wordIn } from '../crl.ts';
import { NotDer } from '../der-reader.ts';
import { readOcspResponse } from '../ocsp.ts';
import { type BerReader, parseValue } from './ber.ts';
import { oidOf } from './identifiers.ts';
import { Refused } from './opened.ts';

/** DER, as they came. */
export type RevocationInfo = { readonly lists: readonly Buffer[]; readonly responses: readonly Buffer[] };

/** `certificate`: its fingerprint, as the runtime writes it. */
export type CameAlong = { readonly certificate: string; readonly word: RevocationWord };

export const noRevocationInfo: RevocationInfo = { lists: [], responses: [] };

const most = 4;
/** Of both kinds, beyond which nobody means well: reading each takes a microsecond. */
const mostChoices = 100;
const largestList = 1_048_576;
const largestResponse = 65_536;
const ocspResponse = '1.3.6.1.5.5.7.16.2';

/** RevocationInfoChoices, the next value of `reader`. */
export async function readRevocationInfo(reader: BerReader): Promise<RevocationInfo> {
  const lists: Buffer[] = [];
  const responses: Buffer[] = [];
  const choices = await reader.enter(0xa1);
  for (let choice = 0; !(await reader.atEnd(choices)); choice++) {
    if (choice === mostChoices) throw new Refused('too-large', 'The CMS structure is larger than is read.');
    const tag = await reader.tag();
    const octets = await reader.raw();
    if (tag === 0x30 && octets.length <= largestList && lists.length < most) lists.push(octets);
    // Section 10.2.1: [1] OtherRevocationInfoFormat.
    if (tag !== 0xa1 || octets.length > largestResponse || responses.length === most) continue;
    const response = responseIn(octets);
    if (response !== null) responses.push(response);
  }
  await reader.leave(choices);
  return { lists, responses };
}

/** RFC 5940 section 2.1. */
function responseIn(octets: Buffer): Buffer | null {
  try {
    const [format, info] = parseValue(octets).children;
    return oidOf(format) === ocspResponse ? (info?.raw ?? null) : null;
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

/** What is said of the certificates of a path, from the signer's to the root; "revoked" stands, whatever else is said. */
export function wordsOn(path: readonly X509Certificate[], info: RevocationInfo, now: number): CameAlong[] {
  if (info.lists.length + info.responses.length === 0) return [];
  return path.slice(0, -1).flatMap((certificate, depth): CameAlong[] => {
    const issuer = path[depth + 1];
    if (issuer === undefined) return [];
    const words = wordsOf(certificate, issuer, info, now);
    const word = words.find(({ kind }) => kind === 'revoked') ?? words.toSorted((a, b) => b.since - a.since)[0];
    return word === undefined ? [] : [{ certificate: certificate.fingerprint256, word }];
  });
}

function wordsOf(
  certificate: X509Certificate,
  issuer: X509Certificate,
  { lists, responses }: RevocationInfo,
  now: number,
): RevocationWord[] {
  const asked = { ...namedBy(certificate, issuer), lists: pointersOf(certificate).lists };
  const byLists = lists.flatMap((octets): RevocationWord[] => {
    try {
      const list = readRevocationList(octets);
      const word = list === null || listDefect(list, asked.issuer, now) !== null ? null : wordIn(list, asked);
      return word === null ? [] : [word];
    } catch (error) {
      if (error instanceof NotDer) return [];
      throw error;
    }
  });
  const byResponders = responses.flatMap((octets): RevocationWord[] => {
    const word = readOcspResponse(octets, asked, now);
    return word.kind === 'unknown' ? [] : [word];
  });
  return [...byLists, ...byResponders];
}
