/**
 * Finding the keys of a recipient: every source that is set up is asked at once, within one deadline; what they give is judged (findings.ts) and
 * goes into the keyring; what they said is remembered for as long as the settings want, so that the next message asks nobody.
 *
 * - Mail to somebody who has a key that can be used and that a person confirmed or pinned does not wait: the look goes on beside it, and what it brings
 *   (a revocation by the key's owner, a change for a person to decide) counts from the next message on.
 * - One look for an address at a time, however many messages wait for it; and only so many looks at once in all.
 * - A server that is away costs one deadline; then nobody is asked about there until `remember.failed` is over, whatever the address.
 *
 * The entry is createDiscovery(). Nothing here rejects for what a source does, only for trouble of the database.
 *
 * Limits: a key that a source no longer gives stays in the keyring while it is valid; only its owner's revocation, or a person, takes it away.
 */
import type { KeySettings } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import { addressKey, parseAddress } from '../mail/address.ts';
import type { KeyLookup, KeyRow, KeyStore } from '../store/key-port.ts';
import { applied, type CheckCertificate, findingOf } from './findings.ts';
import { whyNot } from './keyring.ts';
import type { Answer, Asked, Source } from './sources/source.ts';
import type { Judged } from './trust.ts';
import { Turns } from './turns.ts';

export type DiscoveryPorts = {
  /** The surest first: of two keys at once, the first one's is taken. */
  readonly sources: readonly Source[];
  readonly store: Pick<KeyStore, 'keysFor' | 'lookupsFor' | 'insertKeys' | 'updateKey' | 'noteLookups'>;
  readonly check: CheckCertificate;
  /** Rows of the keyring, their certificates checked again where that is due (check.ts). */
  readonly fresh: (rows: readonly KeyRow[]) => Promise<readonly KeyRow[]>;
  readonly settings: Pick<KeySettings, 'deadline' | 'remember'>;
  readonly emit: (event: Event) => void;
  readonly now: () => number;
  /** Whether what was found is kept; otherwise it is only told. */
  readonly keep: boolean;
};

/** The keyring's rows for the address, and sentences about where its keys were looked for. */
export type Looked = { readonly rows: readonly KeyRow[]; readonly notes: readonly string[] };

export type Discovery = {
  /** `address` in normal form; `kinds` of which a key could be used. */
  of(address: string, kinds: readonly KeyRow['kind'][]): Promise<Looked>;
};

/** Milliseconds. */
const margin = 50;
/** Looks at once, in all. */
const mostLooks = 64;
/** Servers in trouble that are remembered. */
const mostTroubles = 10_000;

type Trouble = { readonly until: number; readonly why: string };

export function createDiscovery(ports: DiscoveryPorts): Discovery {
  const { settings, now } = ports;
  const underWay = new Map<string, Promise<Looked>>();
  const troubles = new Map<string, Trouble>();
  const turns = new Turns(mostLooks);

  const ask = async (
    source: Source,
    asked: Asked,
    milliseconds: number,
  ): Promise<{ answer: Answer; until: number }> => {
    const server = source.server(asked);
    const trouble = troubles.get(server);
    if (trouble !== undefined && trouble.until > now())
      return { answer: { kind: 'failed', why: trouble.why, everybody: false }, until: trouble.until };
    // It is told to end a little earlier, so that it can say itself what was late.
    const answer = await within(source.find(asked, Math.max(1, milliseconds - margin)), milliseconds);
    const until = now() + settings.remember[answer.kind];
    if (answer.kind === 'failed' && answer.everybody) {
      if (troubles.size >= mostTroubles) troubles.clear();
      troubles.set(server, { until, why: answer.why });
    }
    return { answer, until };
  };

  const look = async (asked: Asked, rows: readonly KeyRow[]): Promise<Looked> => {
    const sources = ports.sources.filter((source) => source.asks(asked));
    const said = await ports.store.lookupsFor(addressKey(asked.address));
    const fresh = (source: Source) => said.find((each) => each.source === source.id && each.until > now());
    const notes = sources.flatMap((source) => asBefore(fresh(source)));
    const due = sources.filter((source) => fresh(source) === undefined);
    if (due.length === 0) return { rows, notes };
    const end = performance.now() + settings.deadline;
    // At most half of the time for a turn, so that there is some left to ask.
    if (!(await turns.begin(settings.deadline / 2)))
      return { rows, notes: [...notes, 'There was no time to look for keys: too many are looked for at once.'] };
    try {
      const left = Math.max(1, Math.floor(end - performance.now()));
      const answers = await Promise.all(due.map(async (source) => ({ source, ...(await ask(source, asked, left)) })));
      return await settle(asked, rows, notes, answers, ports);
    } finally {
      turns.end();
    }
  };

  return {
    async of(address, kinds) {
      const rows = await ports.fresh(await ports.store.keysFor(addressKey(address)));
      const asked = askable(address);
      if (asked === null) return { rows, notes: [] };
      const isSettled = rows.some((row) => kinds.includes(row.kind) && isPersonsWord(row, now()));
      // A look that keeps nothing would be for nobody.
      if (isSettled && !ports.keep) return { rows, notes: [] };
      const key = addressKey(address);
      const begun = underWay.get(key) ?? look(asked, rows).finally(() => underWay.delete(key));
      underWay.set(key, begun);
      if (!isSettled) return begun;
      // Trouble of the database meets whoever waits for it.
      begun.catch(() => undefined);
      return { rows, notes: [] };
    },
  };
}

/** Null for an address that no source can know: one at an IP address. */
function askable(address: string): Asked | null {
  const parsed = parseAddress(address);
  return parsed === null || parsed.domain.startsWith('[') ? null : { address, ...parsed };
}

/** It needs no other to be used. */
function isPersonsWord(row: KeyRow, now: number): boolean {
  return (row.trust === 'confirmed' || row.trust === 'pinned') && whyNot(row, now) === null;
}

function asBefore(lookup: KeyLookup | undefined): string[] {
  if (lookup === undefined) return [];
  return [`${lookup.said} (As of ${new Date(lookup.at).toISOString().slice(0, 16).replace('T', ' ')} UTC.)`];
}

/** One answer after the other, so that each is judged by what the surer ones before it brought. */
async function settle(
  asked: Asked,
  given: readonly KeyRow[],
  known: readonly string[],
  answers: readonly { source: Source; answer: Answer; until: number }[],
  ports: DiscoveryPorts,
): Promise<Looked> {
  let rows = given;
  const notes = [...known];
  const lookups: KeyLookup[] = [];
  for (const { source, answer, until } of answers) {
    const at = ports.now();
    const lookup = { address: addressKey(asked.address), source: source.id, at };
    const title = source.title(asked);
    if (answer.kind !== 'found') {
      const said = `${title} ${answer.why}.`;
      notes.push(said);
      lookups.push({ ...lookup, outcome: answer.kind, said, until });
      continue;
    }
    const brought = { ...answer, source: source.source, title };
    const finding = await findingOf(brought, asked.address, rows, { check: ports.check, now: at });
    if (ports.keep) await keep(finding, ports);
    rows = applied(rows, finding);
    notes.push(finding.said);
    const { outcome, said } = finding;
    lookups.push({ ...lookup, outcome, said, until: at + ports.settings.remember[outcome] });
  }
  if (ports.keep) await ports.store.noteLookups(lookups);
  else if (lookups.some(({ outcome }) => outcome === 'found'))
    notes.push('This was only a look: the keyring stays as it was.');
  return { rows, notes };
}

/** Writes what was judged, and tells it. */
export async function keep(
  { rows, changes, events }: Judged,
  { store, emit }: Pick<DiscoveryPorts, 'emit'> & { readonly store: Pick<KeyStore, 'insertKeys' | 'updateKey'> },
): Promise<void> {
  for (const { id, change } of changes) await store.updateKey(id, change, []);
  if (rows.length > 0 || events.length > 0) await store.insertKeys(rows, events);
  for (const event of events) emit(event);
}

/** A source that keeps its own time is asked to; one that does not is not waited for. */
async function within(answer: Promise<Answer>, milliseconds: number): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Answer>((resolve) => {
    const why = 'gave no answer in time';
    timer = setTimeout(() => resolve({ kind: 'failed', why, everybody: true }), milliseconds);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
