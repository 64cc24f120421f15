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
  type Issuer,
  listDefect,
  type Named,
  namedBy,
  type RevocationList,
  type RevocationWord,
  readRevocationList,
  wordIn,
} from '../protect/crl.ts';
import { ocspRequest, readOcspResponse } from '../protect/ocsp.ts';
import type { CameAlong } from '../protect/open/revocation-info.ts';

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

/**
 * Answers for a path as protect/path.ts gives it, the certificate first and its root last. `came`: what came along about the certificates of the
 * path and was verified; where it says enough, nobody is asked. Never rejects.
 */
export type CheckRevocation = (path: readonly X509Certificate[], came?: readonly CameAlong[]) => Promise<Revocation>;

/** Octets of a list that are read; the largest in public use have some millions. */
const largestList = 16_777_216;
const largestAnswer = 65_536;
const mostKept = 67_108_864;
/** An answer that claims to hold longer is asked for again. */
const longest = 86_400_000;
/** Milliseconds for which who gave no answer is not asked again. */
const silence = 600_000;
const mostRemembered = 10_000;

export function createRevocation({ ask, settings, now }: RevocationPorts): CheckRevocation {
  const lists = new Lists(ask, now);

  const byOcsp = async (about: About, url: string, timeout: number): Promise<Revocation> => {
    const body = ocspRequest(about);
    const headers = { 'content-type': 'application/ocsp-request', accept: 'application/ocsp-response' };
    const answer = await fetchFrom(url, { method: 'POST', headers, body, maxBytes: largestAnswer, timeout }, ask);
    if (typeof answer === 'string') return unknown(`${hostOf(url)} ${answer}`);
    const word = readOcspResponse(answer, about, now());
    return word.kind === 'unknown' ? unknown(`${hostOf(url)} ${word.why}`) : heldFrom(now(), word);
  };

  const byList = async (about: About, url: string, timeout: number): Promise<Revocation> => {
    const kept = await lists.from(url, about, timeout);
    if (typeof kept === 'string') return unknown(`${hostOf(url)} ${kept}`);
    const word = wordIn(kept.list, about);
    return word === null
      ? unknown(`the revocation list of ${hostOf(url)} is about other certificates`)
      : heldFrom(kept.fetchedAt, word);
  };

  /** The answers of responders while they hold, and for a moment that somebody gave none: who signs mail is asked about with each. */
  const remembered = new Map<string, { readonly answer: Revocation; readonly until: number }>();
  const underWay = new Map<string, Promise<Revocation>>();
  const askOnce = async (key: string, ask_: () => Promise<Revocation>): Promise<Revocation> => {
    const known = remembered.get(key);
    if (known !== undefined && now() < known.until) return known.answer;
    const begun = underWay.get(key) ?? ask_().finally(() => underWay.delete(key));
    underWay.set(key, begun);
    const answer = await begun;
    if (remembered.size >= mostRemembered) remembered.clear();
    remembered.set(key, { answer, until: heldUntil(answer, now()) });
    return answer;
  };

  const oneOf = async (about: About, end: number, came: RevocationWord | undefined): Promise<Revocation> => {
    const ways = [
      ...(settings.ocsp ? about.responders.map((url) => ({ url, by: byOcsp })) : []),
      ...(settings.crl ? about.lists.map((url) => ({ url, by: byList })) : []),
    ].map((way) => ({ ...way, key: `${way.url} ${about.certificate}` }));
    // Who stole a key has "good" answers from before that was known: what came along holds no longer than if it was fetched when it was said, and
    // not at all against what is known here.
    const along = came === undefined ? null : heldFrom(came.since, came);
    const known = ways.map(({ key }) => remembered.get(key));
    const revoked = known.find((each) => each?.answer.kind === 'revoked' && now() < each.until);
    if (along?.kind === 'revoked') return along;
    if (revoked !== undefined) return revoked.answer;
    if (along !== null && now() < along.until) return along;
    let last = nobody;
    for (const [index, { url, by, key }] of ways.entries()) {
      // Who does not answer leaves time for the next.
      const share = (end - now()) / (ways.length - index);
      if (share <= 0) break;
      const answer = await askOnce(key, () =>
        by(about, url, share).catch(() => unknown(`${hostOf(url)} gave an answer that cannot be read`)),
      );
      if (answer.kind !== 'unknown') return answer;
      last = answer;
    }
    return along ?? last;
  };

  return async (path, came = []) => {
    const end = now() + settings.deadline;
    const asked = path.slice(0, -1).flatMap((each, index) => aboutOf(each, path[index + 1]) ?? []);
    const wordOn = ({ certificate }: About) => came.find((each) => each.certificate === certificate)?.word;
    return worstOf(await Promise.all(asked.map((about) => oneOf(about, end, wordOn(about)))));
  };
}

const heldFrom = (fetched: number, word: RevocationWord): Exclude<Revocation, { kind: 'unknown' }> => {
  const until = Math.min(word.until, fetched + longest);
  return word.kind === 'good' ? { kind: 'good', until } : { kind: 'revoked', why: word.why, until };
};

/** Hardly any revocation is ever taken back, so one is remembered although its list is replaced every hour. */
function heldUntil(answer: Revocation, at: number): number {
  if (answer.kind === 'unknown') return at + silence;
  return answer.kind === 'revoked' ? at + longest : answer.until;
}

const unknown = (why: string): Revocation => ({ kind: 'unknown', why, asked: true });
/** Why nothing is known where there is nobody to ask, or the settings say to ask nobody. */
export const nobodyToAsk = 'it names nobody to ask';
const nobody: Revocation = { kind: 'unknown', why: nobodyToAsk, asked: false };

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
type About = Named & {
  /** Its fingerprint, as the runtime writes it. */
  readonly certificate: string;
  readonly responders: readonly string[];
  readonly lists: readonly string[];
};

function aboutOf(certificate: X509Certificate, issuer: X509Certificate | undefined): About | null {
  if (issuer === undefined) return null;
  const { responders, lists } = pointersOf(certificate);
  return { ...namedBy(certificate, issuer), certificate: certificate.fingerprint256, responders, lists };
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
  readonly #underWay = new Map<string, Promise<Kept | string>>();
  #size = 0;

  constructor(ask: RevocationPorts['ask'], now: () => number) {
    this.#ask = ask;
    this.#now = now;
  }

  /** The list, or why there is none, going on after its host. */
  async from(url: string, { issuer }: About, timeout: number): Promise<Kept | string> {
    const known = this.#kept.get(url);
    if (known !== undefined && known.issuer === issuer.certificate.fingerprint256 && !this.#isStale(known))
      return known;
    const key = `${url} ${issuer.certificate.fingerprint256}`;
    const begun =
      this.#underWay.get(key) ?? this.#fetch(url, issuer, timeout).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, begun);
    return begun;
  }

  #isStale({ list, fetchedAt }: Kept): boolean {
    return this.#now() > Math.min(list.nextUpdate ?? 0, fetchedAt + longest);
  }

  async #fetch(url: string, issuer: Issuer, timeout: number): Promise<Kept | string> {
    const answer = await fetchFrom(url, { method: 'GET', maxBytes: largestList, timeout }, this.#ask);
    if (typeof answer === 'string') return answer;
    const list = readRevocationList(answer);
    if (list === null) return 'gave something that is no revocation list';
    const defect = listDefect(list, issuer, this.#now());
    if (defect !== null) return `gave a revocation list that ${defect}`;
    const kept = { list, size: answer.length, issuer: issuer.certificate.fingerprint256, fetchedAt: this.#now() };
    this.#keep(url, kept);
    return kept;
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
