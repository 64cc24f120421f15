/**
 * What one answer of one source means for the keyring, and how that is told: `findingOf` reads it (candidates.ts), has certificates checked, and judges
 * (trust.ts). It writes nothing, so that `postern explain` can show what would be.
 *
 * Of several usable keys in one answer the newest is taken, besides the one that is known already, when the source answers for the address. Where
 * anybody can publish, several are as good as none: one of them may be somebody else's. What anybody can publish is not even kept as a change while a
 * key is known that is vouched for: else strangers could keep the admin busy.
 */

import type { Event } from '../event/event.ts';
import type { KeyChange, KeyFeatures, KeyRow, KeySource, KeyStatus } from '../store/key-port.ts';
import { candidatesFor, shortOf } from './candidates.ts';
import { whyNot } from './keyring.ts';
import type { Published } from './sources/source.ts';
import { type Judged, judgeFound, type KeyCandidate, trustOf } from './trust.ts';

/** What a look-up or a harvest brought for one address. */
export type Brought = {
  readonly source: KeySource;
  /** Begins a sentence: "WKD of partner.example". */
  readonly title: string;
  readonly keys: readonly Published[];
  readonly where: string;
  /** Of the certificates among `keys`. */
  readonly features?: KeyFeatures;
};

export type Finding = Judged & {
  readonly outcome: 'found' | 'failed';
  /** For people, one or more sentences. */
  readonly said: string;
};

/** Whether a certificate leads to a trusted root and is not revoked. */
export type CheckCertificate = (certificate: KeyCandidate) => Promise<KeyStatus>;

export async function findingOf(
  brought: Brought,
  address: string,
  rows: readonly KeyRow[],
  ports: { readonly check: CheckCertificate; readonly now: number },
): Promise<Finding> {
  const { source, title, where } = brought;
  const read = await candidatesFor(brought.keys, address, ports.now);
  const withdrawn = revocations(read.revoked, rows, title, ports.now);
  const { taken, problems } = chosen(read.candidates, rows, source, ports.now);
  const features = brought.features === undefined ? {} : { features: brought.features };
  const answers = await Promise.all(
    taken.map(async (each) => (each.kind === 'pgp' ? each : { ...each, ...features, status: await ports.check(each) })),
  );
  const checked = answers.filter((each) => !lacksRoot(each));
  const said = [...read.problems, ...problems, ...answers.filter(lacksRoot).map(withoutRoot)];
  if (checked.length === 0) {
    const why = said.length === 0 ? 'nothing' : said.join('; ');
    return { ...withdrawn, outcome: 'failed', said: `${title} gave no key that is taken: ${why}.` };
  }
  const judged = judgeFound(checked, rows, { source, where, now: ports.now });
  const after = applied(rows, judged);
  const sentences = checked.map((each) => sentenceOf(each, brought, rows, after));
  if (said.length > 0) sentences.push(`It also gave ${said.join('; ')}.`);
  return {
    rows: judged.rows,
    changes: [...withdrawn.changes, ...judged.changes],
    events: [...withdrawn.events, ...judged.events],
    outcome: 'found',
    said: sentences.join(' '),
  };
}

const lacksRoot = ({ rooted, status }: KeyCandidate): boolean => rooted === true && status?.path?.ok !== true;

const withoutRoot = (candidate: KeyCandidate): string =>
  `${nameOf(candidate)}, which its publisher wants used only where it leads to a trusted root, and it ${candidate.status?.path?.why ?? 'does not'}`;

/** The rows as they are once what was judged is written. */
export function applied(rows: readonly KeyRow[], { rows: written, changes }: Judged): KeyRow[] {
  const all = new Map([...rows, ...written].map((row) => [row.id, row]));
  for (const { id, change } of changes) {
    const row = all.get(id);
    if (row !== undefined) all.set(id, { ...row, ...change });
  }
  return [...all.values()];
}

/** A key whose owner revoked it is given up whoever shows the revocation, for the owner signed it. */
export function revocations(
  fingerprints: readonly string[],
  rows: readonly KeyRow[],
  title: string,
  now: number,
): Judged {
  const gone = rows.filter((row) => row.state !== 'rejected' && fingerprints.includes(row.fingerprint));
  const revocationWhy = `its owner revoked it, as ${title} shows`;
  const change: KeyChange = { state: 'rejected', stateSince: now, status: { revocation: 'revoked', revocationWhy } };
  return {
    rows: [],
    changes: gone.map(({ id }) => ({ id, change })),
    events: gone.map(
      ({ id: key, address, fingerprint }): Event => ({
        kind: 'key.revoked',
        key,
        address,
        fingerprint,
        reason: revocationWhy,
      }),
    ),
  };
}

type Chosen = { readonly taken: readonly KeyCandidate[]; readonly problems: readonly string[] };

function chosen(candidates: readonly KeyCandidate[], rows: readonly KeyRow[], source: KeySource, now: number): Chosen {
  const parts = (['pgp', 'x509'] as const).map((kind) =>
    chosenOf(
      candidates.filter((each) => each.kind === kind),
      rows.filter((row) => row.kind === kind),
      source,
      now,
    ),
  );
  return { taken: parts.flatMap(({ taken }) => taken), problems: parts.flatMap(({ problems }) => problems) };
}

/** `candidates` and `rows` of one kind. */
function chosenOf(
  candidates: readonly KeyCandidate[],
  rows: readonly KeyRow[],
  source: KeySource,
  now: number,
): Chosen {
  const known = candidates.filter(({ fingerprint }) => rows.some((row) => row.fingerprint === fingerprint));
  const strangers = candidates.filter((each) => !known.includes(each));
  const [newest, ...others] = strangers;
  if (newest === undefined) return { taken: known, problems: [] };
  if (trustOf(source, 'pgp') === 'found') {
    if (strangers.length > 1)
      return { taken: known, problems: [`${strangers.length} different keys, and nobody says which is right`] };
    const better = rows.find((row) => row.trust !== 'found' && whyNot(row, now) === null);
    if (better !== undefined)
      return {
        taken: known,
        problems: [`${nameOf(newest)}, while ${shortOf(better)} is known and better vouched for`],
      };
  }
  const problems = others.map((each) => `${nameOf(each)}, which is older and not taken`);
  return { taken: [...known, newest], problems };
}

function sentenceOf(
  candidate: KeyCandidate,
  { source, title, where }: Brought,
  before: readonly KeyRow[],
  after: readonly KeyRow[],
): string {
  const same = ({ kind, fingerprint }: KeyRow) => kind === candidate.kind && fingerprint === candidate.fingerprint;
  const known = before.find(same);
  const row = after.find(same);
  const gave = `${title} gave ${nameOf(candidate)}`;
  if (row === undefined) return `${gave}, which is not taken: enough others wait for a decision (postern keys list).`;
  if (row.state === 'rejected') return `${gave}, which was rejected.`;
  if (row.state === 'pending')
    return `${gave}, another one than is known: it waits for a person's decision (postern keys trust ${row.id}).`;
  if (known !== undefined && known.trust === row.trust) return `${gave}, which is known and ${row.trust}.`;
  return `${gave} (${where}), now ${row.trust}: ${reasonOf(source, row)}.`;
}

const reasons: Readonly<Partial<Record<KeySource, string>>> = {
  wkd: "the web server of the address's own domain publishes it",
  dns: "the signed DNS of the address's own domain holds it",
  vks: 'this server hands out a key only after its owner showed that mail to the address arrives',
  hkp: 'anybody may put a key there, so a rule must be content with that',
  autocrypt: 'it came with mail that nobody vouches for, so a rule must be content with that',
  ldap: 'it is listed in a directory that the admin named',
};

function reasonOf(source: KeySource, { kind, trust, status }: KeyRow): string {
  const { path } = status;
  if (kind === 'x509' && source !== 'dns') {
    if (path?.ok === true) return `it leads to the root ${path.root ?? 'that the admin trusts'}`;
    if (trust === 'found') return `it ${path?.why ?? 'was not checked yet'}`;
  }
  return reasons[source] ?? 'it was found there';
}

const nameOf = (candidate: KeyCandidate): string =>
  `the ${candidate.kind === 'pgp' ? 'OpenPGP key' : 'certificate'} ${shortOf(candidate)}`;
