/**
 * DNS as the rest of Postern sees it: one question, one answer that says how it was obtained. The implementation over UDP and TCP
 * is net/dns.ts; routing, MTA-STS, DANE and the look for recipients' keys only know these ports.
 */

export type DnsAnswer<T> =
  /** `authenticated` is the AD bit, and only from a resolver declared trustworthy (`dns.trustAd`). `name`: where a CNAME chain ended. */
  | { readonly kind: 'found'; readonly records: readonly T[]; readonly authenticated: boolean; readonly name: string }
  /** The name has no such records; `exists` tells NODATA from NXDOMAIN. */
  | { readonly kind: 'none'; readonly exists: boolean; readonly authenticated: boolean; readonly name: string }
  /** SERVFAIL, REFUSED, timeout, garbage: nothing is known; defer. */
  | { readonly kind: 'failed'; readonly reason: string };

export type MxRecord = { readonly preference: number; readonly exchange: string };

/** RFC 6698 section 2.1, numbers as they stand in the record. */
export type TlsaRecord = {
  readonly usage: number;
  readonly selector: number;
  readonly matching: number;
  readonly data: Uint8Array;
};

export type Resolver = {
  mx(domain: string): Promise<DnsAnswer<MxRecord>>;
  a(host: string): Promise<DnsAnswer<string>>;
  aaaa(host: string): Promise<DnsAnswer<string>>;
  txt(name: string): Promise<DnsAnswer<string>>;
  tlsa(name: string): Promise<DnsAnswer<TlsaRecord>>;
};

/** Keys and certificates of people. What is found may be long, so nothing of it is remembered here. */
export type KeyResolver = {
  openpgpkey(name: string): Promise<DnsAnswer<Uint8Array>>;
  /** RFC 8162 section 2: the form of a TLSA record. */
  smimea(name: string): Promise<DnsAnswer<TlsaRecord>>;
};
