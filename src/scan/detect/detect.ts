/**
 * Detection of one message: every detector and every probe of the policy looks at every piece of text that extraction finds. `add` takes
 * the pieces as they come, `end` tells what was found.
 *
 *   piece, and its tables cell by cell (table.ts) -> Text (text.ts: folded once)
 *         -> a detector for each kind (us.ts, payment.ts, europe.ts ...) -> scores (combined.ts) -> findings
 *
 * A value counts once in a message, for the part that had it first: text and its HTML alternative, or a quoted reply, add nothing. Values are
 * kept only until `end`; what leaves are counts and one masked sample of each kind and part. Time grows linearly with the text.
 *
 * Limits: beyond `mostValues` distinct values of a kind a message's count does not grow; a value longer than the overlap of two pieces is
 * missed where they meet.
 */
import type { DetectorKind, Finding, Probe } from '../../policy/detection.ts';
import { type ProbeCounter, probeCounter } from '../../policy/probe.ts';
import { type Piece, pieceOverlap } from '../job.ts';
import { type Found, healthSides, noSides, paymentSides, type Sides, type SimpleKind, together } from './combined.ts';
import type { Detector, Match } from './detector.ts';
import { driverLicence, passport } from './documents.ts';
import { esNie, esNif, fiHetu, frNir, itFiscalCode, nlBsn, plPesel, sePersonnummer, ukNhs, ukNino } from './europe.ts';
import { deHealthInsurance, deSocialSecurity, deTaxId } from './germany.ts';
import { birthDate, cpt, icd10, mrn } from './health.ts';
import { ip } from './network.ts';
import { aba, card, iban } from './payment.ts';
import { cloudToken, privateKey } from './secrets.ts';
import { Tables } from './table.ts';
import { Text } from './text.ts';
import { dea, itin, mbi, npi, ssn } from './us.ts';

const detectors: Readonly<Record<SimpleKind, Detector>> = {
  card,
  iban,
  aba,
  ssn,
  itin,
  npi,
  mbi,
  dea,
  icd10,
  cpt,
  mrn,
  birthDate,
  passport,
  driverLicence,
  ukNhs,
  ukNino,
  deTaxId,
  deSocialSecurity,
  deHealthInsurance,
  esNif,
  esNie,
  itFiscalCode,
  frNir,
  nlBsn,
  plPesel,
  fiHetu,
  sePersonnummer,
  ip,
  privateKey,
  cloudToken,
};
const kinds = Object.keys(detectors) as SimpleKind[];

/** What detection found: findings per kind and part, and the count of each probe by its id. */
export type Detected = {
  readonly findings: readonly Finding[];
  readonly probes: Readonly<Record<string, number>>;
};

const mostValues = 10_000;

export class Detection {
  readonly #probes: ProbeCounter;
  readonly #values = new Map<DetectorKind, Set<string>>();
  readonly #findings = new Map<string, Finding>();
  /** Where the last piece ended, to know a piece that goes on with it. */
  #last = { part: '', tail: '' };
  readonly #tables = new Tables();
  #subject: { readonly phi: Sides; readonly pci: Sides } = { phi: noSides, pci: noSides };

  constructor(probes: readonly Probe[]) {
    this.#probes = probeCounter(probes);
  }

  /** Looks through one piece. Pieces of a part come in their order, and the subject's before the others. */
  add(piece: Piece): void {
    this.#probes.look(piece);
    const source = this.#fromItsFirstWord(piece);
    const sides = this.#look(piece.part, source);
    // Attached messages have subjects of their own.
    if (piece.place === 'subject')
      this.#subject = { phi: joined(this.#subject.phi, sides.phi), pci: joined(this.#subject.pci, sides.pci) };
    const rows = this.#tables.rows(piece.part, source);
    if (rows !== '') this.#look(piece.part, rows);
  }

  end(): Detected {
    return { findings: [...this.#findings.values()], probes: this.#probes.counts() };
  }

  #look(part: string, source: string): { readonly phi: Sides; readonly pci: Sides } {
    const text = new Text(source);
    const found = findAll(text);
    for (const kind of kinds) this.#count(kind, part, found[kind]);
    const [phi, pci] = [healthSides(text, found), paymentSides(text, found)];
    this.#count('phi', part, together(phi, this.#subject.phi));
    this.#count('pci', part, together(pci, this.#subject.pci));
    return { phi, pci };
  }

  /** A piece that goes on with the last one may begin inside a word or number, of which half would look like another. */
  #fromItsFirstWord({ part, text }: Piece): string {
    const goesOn = part === this.#last.part && text.startsWith(this.#last.tail);
    this.#last = { part, tail: text.slice(-pieceOverlap) };
    return goesOn ? text.replace(/^\S{1,64}/, '') : text;
  }

  #count(kind: DetectorKind, part: string, matches: Iterable<Match>): void {
    let values = this.#values.get(kind);
    for (const { value } of matches) {
      if (values === undefined) this.#values.set(kind, (values = new Set()));
      if (values.size >= mostValues || values.has(value)) continue;
      // A copy: a slice would keep its whole piece in memory.
      values.add(Buffer.from(value).toString());
      const key = `${kind} ${part}`;
      const before = this.#findings.get(key);
      this.#findings.set(key, { kind, part, count: (before?.count ?? 0) + 1, sample: before?.sample ?? mask(value) });
    }
  }
}

/** Each stands beside everything in the message, so there is an end to them. */
const mostInSubjects = 500;

function joined(one: Sides, other: Sides): Sides {
  return {
    identifiers: [...one.identifiers, ...other.identifiers].slice(0, mostInSubjects),
    companions: [...one.companions, ...other.companions].slice(0, mostInSubjects),
  };
}

/** What each detector finds in a text, with its place there. */
export function findAll(text: Text): Found {
  const found = {} as Record<SimpleKind, readonly Match[]>;
  for (const kind of kinds) found[kind] = [...detectors[kind](text)];
  return found;
}

/** All but the last characters as dots: four of a long value, two of a short one, one of a very short one. */
export function mask(value: string): string {
  const shown = value.length >= 9 ? 4 : value.length >= 5 ? 2 : 1;
  return '•'.repeat(Math.min(value.length - shown, 12)) + value.slice(-shown);
}
