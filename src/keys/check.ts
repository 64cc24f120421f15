/**
 * Is a certificate good enough to be used now? `createCertificateCheck` follows it to a root (protect/path.ts), fetching issuers that did not come
 * along, and asks whether it was taken back (revocation.ts). It is asked when a certificate is found, and again when one in the keyring is about
 * to be used and the last answer is too old (`fresh`); the answer is kept with the key, so that most messages ask nobody.
 *
 * A certificate that a person confirmed, one that signs itself perhaps, needs no path to be used (keyring.ts): it is asked about all the same, since a
 * revocation counts whoever trusts it.
 *
 * Limits: where no path is found nobody can say whether the certificate was revoked, as that takes its issuer.
 */
import { X509Certificate } from 'node:crypto';
import type { KeySettings } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import type { HttpsAnswer, HttpsRequest } from '../net/https.ts';
import { pointersOf } from '../protect/certificate-pointers.ts';
import { openPkcs7 } from '../protect/containers.ts';
import type { CameAlong } from '../protect/open/revocation-info.ts';
import { type MailAnswer, verifyMailCertificate } from '../protect/path.ts';
import type { KeyChange, KeyRow, KeyStatus, KeyStore } from '../store/key-port.ts';
import { createRevocation, fetchFrom, type Revocation } from './revocation.ts';
import { certificatesOf } from './roots.ts';

export type CertificatePorts = {
  readonly roots: readonly X509Certificate[];
  readonly ask: (request: HttpsRequest) => Promise<HttpsAnswer>;
  readonly settings: KeySettings['revocation'];
  /** Null where nothing is to be kept: what is found out is only told. */
  readonly store: Pick<KeyStore, 'updateKey'> | null;
  readonly emit: (event: Event) => void;
  readonly now: () => number;
};

/** A certificate, for encryption to its address unless given. */
export type Questioned = Pick<KeyRow, 'material' | 'address'> & {
  readonly issuers?: string;
  readonly purpose?: 'encrypt' | 'sign';
  /** What came along about its revocation, verified. */
  readonly came?: readonly CameAlong[];
};

export type CertificateCheck = {
  /** What can be said of it now. Never rejects. */
  readonly statusOf: (certificate: Questioned) => Promise<KeyStatus>;
  /** The rows as they are once those were asked about again whose answer is too old. Rejects for trouble of the database only. */
  readonly fresh: (rows: readonly KeyRow[], when?: 'due' | 'now') => Promise<KeyRow[]>;
};

/** Milliseconds that an answer holds at most, that "nobody answered" holds, and that any answer holds at least. */
const longest = 86_400_000;
const unsure = 3_600_000;
const shortest = 600_000;

export function createCertificateCheck(ports: CertificatePorts): CertificateCheck {
  const { roots, ask, settings, store, emit, now } = ports;
  const revocationOf = createRevocation({ ask, settings, now });
  const issuers = new Issuers(ask, now);
  const underWay = new Map<string, Promise<KeyRow>>();

  const statusOf: CertificateCheck['statusOf'] = async (questioned) => {
    const { material, address, purpose = 'encrypt', came } = questioned;
    const [leaf] = certificatesOf(material);
    if (leaf === undefined) return { path: { ok: false, why: 'cannot be read' } };
    const question = { leaf, roots, address, now: new Date(now()), purpose };
    const answer = await issuers.complete(certificatesOf(questioned.issuers ?? ''), leaf, settings.deadline, (others) =>
      verifyMailCertificate({ ...question, others }),
    );
    if (!answer.ok) return { path: { ok: false, why: answer.why }, revocationUntil: now() + unsure };
    const revocation = await revocationOf(answer.path, came);
    return { path: { ok: true, root: answer.root }, ...told(revocation, settings, now()) };
  };

  const checked = async (row: KeyRow): Promise<KeyRow> => {
    const status = await statusOf(row);
    const change = changeOf(row, status, now());
    const after = { ...row, ...change };
    const { id: key, address, fingerprint } = row;
    const revoked = status.revocation === 'revoked' && row.status.revocation !== 'revoked';
    const reason = status.revocationWhy ?? 'no reason given';
    const events: Event[] = revoked ? [{ kind: 'key.revoked', key, address, fingerprint, reason }] : [];
    if (store === null) return after;
    await store.updateKey(row.id, change, events);
    for (const event of events) emit(event);
    return after;
  };

  return {
    statusOf,
    fresh: (rows, when = 'due') =>
      Promise.all(
        rows.map(async (row) => {
          if (!isAsked(row, now()) || (when === 'due' && !isDue(row, now()))) return row;
          const begun = underWay.get(row.id) ?? checked(row).finally(() => underWay.delete(row.id));
          underWay.set(row.id, begun);
          return begun;
        }),
      ),
  };
}

/** A rejected or expired one is not used, whatever is said of it. One that was revoked stays so. */
function isAsked(row: KeyRow, now: number): boolean {
  const ended = row.state === 'rejected' || (row.notAfter !== null && row.notAfter <= now);
  return row.kind === 'x509' && !ended && row.status.revocation !== 'revoked';
}

function isDue({ checkedAt, status }: KeyRow, now: number): boolean {
  if (checkedAt === 0) return true;
  const until = Math.min(status.revocationUntil ?? Number.POSITIVE_INFINITY, checkedAt + longest);
  return now >= Math.max(until, checkedAt + shortest);
}

/** A root that the admin added meanwhile vouches for what was only found before. */
function changeOf(row: KeyRow, status: KeyStatus, now: number): KeyChange {
  const vouched = row.trust === 'found' && status.path?.ok === true;
  return { status, checkedAt: now, ...(vouched ? { trust: 'vouched' } : {}) };
}

function told(revocation: Revocation, settings: KeySettings['revocation'], now: number): Partial<KeyStatus> {
  if (revocation.kind === 'good') return { revocation: 'good', revocationUntil: revocation.until };
  const { why: revocationWhy } = revocation;
  if (revocation.kind === 'revoked') return { revocation: 'revoked', revocationWhy, revocationUntil: revocation.until };
  const isOff = !settings.ocsp && !settings.crl;
  const unknown = { revocation: 'unknown', revocationWhy } as const;
  if (!revocation.asked || isOff) return { ...unknown, revocationUntil: now + longest };
  return { ...unknown, revocationUntil: now + unsure, ...(settings.unreachable === 'refuse' ? { refused: true } : {}) };
}

/** Authorities that did not come along, from where certificates say they are (RFC 5280 section 4.2.2.1), remembered for a day. */
class Issuers {
  readonly #ask: CertificatePorts['ask'];
  readonly #now: () => number;
  readonly #known = new Map<string, { readonly at: number; readonly found: readonly X509Certificate[] }>();

  constructor(ask: CertificatePorts['ask'], now: () => number) {
    this.#ask = ask;
    this.#now = now;
  }

  /** The answer with what came along, or else with up to `mostSteps` authorities that are fetched. */
  async complete(
    came: readonly X509Certificate[],
    leaf: X509Certificate,
    timeout: number,
    answerWith: (others: readonly X509Certificate[]) => MailAnswer,
  ): Promise<MailAnswer> {
    let others = came;
    let answer = answerWith(others);
    const end = this.#now() + timeout;
    for (let step = 0; step < mostSteps && !answer.ok && this.#now() < end; step++) {
      const last = lastOf(leaf, others);
      const [url] = last.subject === last.issuer ? [] : pointersOf(last).issuers;
      if (url === undefined) break;
      const fetched = await this.#from(url, end - this.#now());
      if (fetched.length === 0) break;
      others = [...fetched, ...others];
      answer = answerWith(others);
    }
    return answer;
  }

  async #from(url: string, timeout: number): Promise<readonly X509Certificate[]> {
    const known = this.#known.get(url);
    if (known !== undefined && this.#now() < known.at + (known.found.length > 0 ? longest : unsure)) return known.found;
    const answer = await fetchFrom(url, { method: 'GET', maxBytes: largestIssuers, timeout }, this.#ask);
    const found = typeof answer === 'string' ? [] : authoritiesIn(answer).slice(0, mostIssuers);
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(url, { at: this.#now(), found });
    return found;
  }
}

const mostSteps = 3;
const mostKnown = 500;
const mostIssuers = 5;
const largestIssuers = 65_536;

/** The last certificate that is reached from the first, upwards. */
function lastOf(leaf: X509Certificate, others: readonly X509Certificate[]): X509Certificate {
  let last = leaf;
  for (let step = 0; step < others.length; step++) {
    const next = others.find((each) => each !== last && last.issuer === each.subject && last.checkIssued(each));
    if (next === undefined || next.subject === next.issuer) return next ?? last;
    last = next;
  }
  return last;
}

/** One certificate in DER or PEM, or a "certs only" PKCS #7 file. RFC 5280 section 4.2.2.1. */
function authoritiesIn(octets: Buffer): X509Certificate[] {
  if (octets[0] === 0x2d) return certificatesOf(octets.toString('latin1'));
  const bundle = openPkcs7(octets);
  return (bundle.ok ? bundle.certificates : [octets]).flatMap((each) => {
    try {
      return [new X509Certificate(each)];
    } catch {
      return [];
    }
  });
}
