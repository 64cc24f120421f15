/** What the scan is asked, and the pieces of text on their way from extraction to detection. */
import type { Range, Structure } from '../mail/structure.ts';
import type { Probe, ScanResult } from '../policy/detection.ts';

/** A message to look through. `read` gives the octets of a range as stored, transfer encoding and all. */
export type ScanJob = {
  readonly structure: Structure;
  readonly probes: readonly Probe[];
  readonly read: (range: Range) => AsyncIterable<Uint8Array>;
};

/** `scan` never rejects for what the message holds: that becomes `blind`. */
export type ScanPool = {
  scan(job: ScanJob): Promise<ScanResult>;
  close(): Promise<void>;
};

/**
 * Decoded text of one place. Long texts come in several pieces of at most `pieceLength` characters, cut at white space where there is some, each
 * beginning with the last `pieceOverlap` characters of the one before, so that what stands across a cut is seen whole.
 */
export type Piece = {
  /** As in policy/detection.ts Finding: "subject", "file names", "1.2", "2/3". */
  readonly part: string;
  readonly place: 'subject' | 'fileNames' | 'body' | 'attachment';
  readonly text: string;
};
export const pieceLength = 262_144;
export const pieceOverlap = 512;
