/**
 * Where a certificate says that more is known of it: its revocation lists, its OCSP responders and its issuer's certificate. They are addresses
 * that strangers wrote, so whoever goes there goes through the egress guard. Only http and https are read, since nothing else is fetched.
 */
import type { X509Certificate } from 'node:crypto';
import { Certificate } from 'pkijs';
import { context, contextPrimitive, DerReader, NotDer, oidText, tags } from './der-reader.ts';
import { extension, findExtension } from './x509.ts';

export type Pointers = {
  readonly lists: readonly string[];
  readonly responders: readonly string[];
  readonly issuers: readonly string[];
};

const ocsp = '1.3.6.1.5.5.7.48.1';
const caIssuers = '1.3.6.1.5.5.7.48.2';
/** URLs of one kind that are looked at; more only keep us busy. */
const most = 4;

/** Empty lists where nothing is said or it cannot be read. */
export function pointersOf(certificate: X509Certificate): Pointers {
  try {
    const parsed = Certificate.fromBER(certificate.raw);
    const points = findExtension(parsed, extension.crlDistributionPoints);
    const access = findExtension(parsed, extension.authorityInfoAccess);
    const accessed = access === null ? [] : descriptionsIn(Buffer.from(access));
    const urls = (method: string): string[] => accessed.flatMap((each) => (each.method === method ? [each.url] : []));
    return {
      lists: points === null ? [] : fetchable(listsIn(Buffer.from(points))),
      responders: fetchable(urls(ocsp)),
      issuers: fetchable(urls(caIssuers)),
    };
  } catch (error) {
    if (error instanceof NotDer) return { lists: [], responders: [], issuers: [] };
    throw error;
  }
}

function fetchable(urls: readonly string[]): string[] {
  return [...new Set(urls)].filter((url) => /^https?:\/\/[!-~]{1,2000}$/i.test(url)).slice(0, most);
}

/** RFC 5280 section 4.2.1.13. A point for some reasons only, or with a list by somebody else, is passed over. */
function listsIn(octets: Buffer): string[] {
  const urls: string[] = [];
  const points = new DerReader(octets).enter(tags.sequence);
  while (!points.atEnd) {
    const point = points.enter(tags.sequence);
    const name = point.optional(context(0));
    if (name !== null && point.atEnd) urls.push(...urlsIn(name.content));
  }
  return urls;
}

/** The URLs of a DistributionPointName that is a full name. */
export function urlsIn(distributionPointName: Buffer): string[] {
  const urls: string[] = [];
  const fullName = new DerReader(distributionPointName).optional(context(0));
  for (const names = new DerReader(fullName?.content ?? Buffer.alloc(0)); !names.atEnd; ) {
    const { tag, content } = names.next();
    // RFC 5280 section 4.2.1.6: uniformResourceIdentifier is choice [6].
    if (tag === contextPrimitive(6)) urls.push(content.toString('latin1'));
  }
  return urls;
}

/** RFC 5280 section 4.2.2.1. */
function descriptionsIn(octets: Buffer): { readonly method: string; readonly url: string }[] {
  const found: { method: string; url: string }[] = [];
  const descriptions = new DerReader(octets).enter(tags.sequence);
  while (!descriptions.atEnd) {
    const description = descriptions.enter(tags.sequence);
    const method = oidText(description.next(tags.oid));
    const { tag, content } = description.next();
    if (tag === contextPrimitive(6)) found.push({ method, url: content.toString('latin1') });
  }
  return found;
}
