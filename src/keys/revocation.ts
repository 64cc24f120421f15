/**
 * Was a certificate taken back before its time? `createRevocation` asks the OCSP responders it names, and where none answers, the revocation
 * lists; what an answer is worth is protect/ocsp.ts and protect/crl.ts. Every certificate of a path but its root is asked about.
 *
 * The URLs are in certificates that strangers made, so they are asked through the egress guard (net/https.ts) with limits in size and time, and on
 * no other service's port. Over plain http, as is usual: the answers are signed. Lists are kept while they hold, up to `mostKept` octets in all, and a
 * list that several ask for at once is fetched once.
 *
 * Limits: a certificate that names nobody to ask is `unknown` and used all the same, whatever the settings say of unreachable ones.
 */
import type { X509Certificate } from 'node:crypto';
import type { KeySettings } from '../config/config.ts';
import type { HttpsAnswer, HttpsRequest } from '../net/https.ts';
import { pointersOf } from '../protect/certificate-pointers.ts';
import {
  entryFor,
  type Issuer,
  listDefect,
  type Named,
  namedBy,
  type RevocationList,
  readRevocationList,
} from '../protect/crl.ts';
import { ocspRequest, readOcspResponse } from '../protect/ocsp.ts';

export type RevocationPorts = {
  readonly ask: (request: HttpsRequest) => Promise<HttpsAnswer>;
  readonly settings: KeySettings['revocation'];
  readonly now: () => number;
};

/** `why`: a clause. `until`: epoch milliseconds; absent where nothing is known. `asked`: whether there was anybody to ask. */
export type Revocation =
  | { readonly kind: 'good'; readonly until: number }
  | { readonly kind: 'revoked'; readonly why: string; readonly until: number }
  | { readonly kind: 'unknown'; readonly why: string; readonly asked: boolean };

/** Answers for a path as protect/path.ts gives it, the certificate first and its root last. Never rejects. */
export type CheckRevocation = (path: readonly X509Certificate[]) => Promise<Revocation>;

/** Octets of a list that are read; the largest in public use have some millions. */
const largestList = 16_777_216;
const largestAnswer = 65_536;
const mostKept = 67_108_864;
/** An answer that claims to hold longer is asked for again. */
const longest = 86_400_000;

export function createRevocation({ ask, settings, now }: RevocationPorts): CheckRevocation {
  const lists = new Lists(ask, now);

  const byOcsp = async (about: About, url: string, timeout: number): Promise<Revocation> => {
    const body = ocspRequest(about);
    const headers = { 'content-type': 'application/ocsp-request', accept: 'application/ocsp-response' };
    const answer = await fetchFrom(url, { method: 'POST', headers, body, maxBytes: largestAnswer, timeout }, ask);
    if (typeof answer === 'string') return unknown(`${hostOf(url)} ${answer}`);
    const read = readOcspResponse(answer, about, now());
    if (read.status === 'unknown') return unknown(`${hostOf(url)} ${read.why}`);
    const until = Math.min(read.until, now() + longest);
    return read.status === 'good' ? { kind: 'good', until } : { kind: 'revoked', why: read.why, until };
  };

  const byList = async (about: About, url: string, timeout: number): Promise<Revocation> => {
    const list = await lists.from(url, about, timeout);
    if (typeof list === 'string') return unknown(`${hostOf(url)} ${list}`);
    if (list.onlyAt !== null && !list.onlyAt.some((each) => about.lists.includes(each)))
      return unknown(`the revocation list of ${hostOf(url)} is about other certificates`);
    const until = Math.min(list.nextUpdate ?? 0, now() + longest);
    const entry = entryFor(list, about.serial);
    return entry === null ? { kind: 'good', until } : { kind: 'revoked', why: entry.why, until };
  };

  const oneOf = async (about: About, end: number): Promise<Revocation> => {
    const ways = [
      ...(settings.ocsp ? about.responders.map((url) => ({ url, by: byOcsp })) : []),
      ...(settings.crl ? about.lists.map((url) => ({ url, by: byList })) : []),
    ];
    let last = nobody;
    for (const [index, { url, by }] of ways.entries()) {
      // Who does not answer leaves time for the next.
      const share = (end - now()) / (ways.length - index);
      if (share <= 0) break;
      const answer = await by(about, url, share).catch(() =>
        unknown(`${hostOf(url)} gave an answer that cannot be read`),
      );
      if (answer.kind !== 'unknown') return answer;
      last = answer;
    }
    return last;
  };

  return async (path) => {
    const end = now() + settings.deadline;
    const asked = path.slice(0, -1).flatMap((each, index) => aboutOf(each, path[index + 1]) ?? []);
    return worstOf(await Promise.all(asked.map((about) => oneOf(about, end))));
  };
}

const unknown = (why: string): Revocation => ({ kind: 'unknown', why, asked: true });
const nobody: Revocation = { kind: 'unknown', why: 'it names nobody to ask', asked: false };

/** Revoked before unknown before good; of good ones, the one that ends first. A certificate that is itself a root is nobody's to take back. */
function worstOf(answers: readonly Revocation[]): Revocation {
  const revoked = answers.find(({ kind }) => kind === 'revoked');
  if (revoked !== undefined) return revoked;
  // The person's own certificate is the first, and what is said of it is worth most.
  const unsaid = answers.find((each) => each.kind === 'unknown' && each.asked);
  if (unsaid !== undefined) return unsaid;
  const [first] = answers;
  if (first === undefined || first.kind === 'unknown') return nobody;
  const untils = answers.flatMap((each) => (each.kind === 'good' ? [each.until] : []));
  return { kind: 'good', until: Math.min(...untils) };
}

/** A certificate to ask about, and where. */
type About = Named & { readonly responders: readonly string[]; readonly lists: readonly string[] };

function aboutOf(certificate: X509Certificate, issuer: X509Certificate | undefined): About | null {
  if (issuer === undefined) return null;
  const { responders, lists } = pointersOf(certificate);
  return { ...namedBy(certificate, issuer), responders, lists };
}

type Kept = {
  readonly list: RevocationList;
  readonly size: number;
  readonly issuer: string;
  readonly fetchedAt: number;
};

/** Revocation lists by URL, verified. */
class Lists {
  readonly #ask: RevocationPorts['ask'];
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();
  readonly #underWay = new Map<string, Promise<RevocationList | string>>();
  #size = 0;

  constructor(ask: RevocationPorts['ask'], now: () => number) {
    this.#ask = ask;
    this.#now = now;
  }

  /** The list, or why there is none, going on after its host. */
  async from(url: string, { issuer }: About, timeout: number): Promise<RevocationList | string> {
    const known = this.#kept.get(url);
    if (known !== undefined && known.issuer === issuer.certificate.fingerprint256 && !this.#isStale(known))
      return known.list;
    const key = `${url} ${issuer.certificate.fingerprint256}`;
    const begun =
      this.#underWay.get(key) ?? this.#fetch(url, issuer, timeout).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, begun);
    return begun;
  }

  #isStale({ list, fetchedAt }: Kept): boolean {
    return this.#now() > Math.min(list.nextUpdate ?? 0, fetchedAt + longest);
  }

  async #fetch(url: string, issuer: Issuer, timeout: number): Promise<RevocationList | string> {
    const answer = await fetchFrom(url, { method: 'GET', maxBytes: largestList, timeout }, this.#ask);
    if (typeof answer === 'string') return answer;
    const list = readRevocationList(answer);
    if (list === null) return 'gave something that is no revocation list';
    const defect = listDefect(list, issuer, this.#now());
    if (defect !== null) return `gave a revocation list that ${defect}`;
    this.#keep(url, { list, size: answer.length, issuer: issuer.certificate.fingerprint256, fetchedAt: this.#now() });
    return list;
  }

  #keep(url: string, kept: Kept): void {
    this.#size += kept.size - (this.#kept.get(url)?.size ?? 0);
    this.#kept.delete(url);
    this.#kept.set(url, kept);
    for (const [oldest, { size }] of this.#kept) {
      if (this.#size <= mostKept || oldest === url) break;
      this.#kept.delete(oldest);
      this.#size -= size;
    }
  }
}

/** The octets of a good answer, or what went wrong, going on after the host. */
export async function fetchFrom(
  url: string,
  asked: Pick<HttpsRequest, 'method' | 'headers' | 'body' | 'maxBytes' | 'timeout'>,
  ask: RevocationPorts['ask'],
): Promise<Buffer | string> {
  const { protocol, hostname, port, pathname, search } = URL.parse(url) ?? {};
  if (hostname === undefined || (protocol !== 'http:' && protocol !== 'https:'))
    return 'has no address that can be asked';
  const number = port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port);
  if (number < 1024 && number !== 80 && number !== 443) return `is not asked on port ${number}`;
  const plain = protocol === 'http:' ? ({ plain: true } as const) : {};
  const answer = await ask({ ...asked, ...plain, host: hostname, port: number, path: `${pathname}${search}` });
  if (answer.kind === 'failed') return answer.reason;
  return answer.status === 200 ? answer.body : `answers ${answer.status}`;
}

export const hostOf = (url: string): string => URL.parse(url)?.host.slice(0, 100) ?? 'an unreadable address';
