/** Text out of one leaf part, whatever it is packed in. */
import type { Blind, Looked } from '../../policy/detection.ts';
import type { Piece } from '../job.ts';
import type { Budget } from './budget.ts';
import { Pieces } from './pieces.ts';

/** A leaf part as its header declares it. */
export type PartInput = {
  readonly path: string;
  readonly place: 'body' | 'attachment';
  /** Lower case, as declared. */
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly fileName: string | null;
};

/** Takes what is found, as it is found. */
export type Sink = {
  text(piece: Piece): void;
  /** Once for each part, at its end. */
  looked(looked: Looked): void;
  blind(blind: Blind): void;
};

/** Looks through a part. `octets` have their transfer encoding undone. Never throws for what they hold. */
export async function extract(
  part: PartInput,
  octets: AsyncIterable<Uint8Array>,
  sink: Sink,
  budget: Budget,
): Promise<void> {
  const pieces = new Pieces((text) => {
    if (budget.text(text.length) === null) sink.text({ part: part.path, place: part.place, text });
  });
  const decoder = new TextDecoder();
  for await (const chunk of octets) pieces.write(decoder.decode(chunk, { stream: true }));
  pieces.end();
  sink.looked({ path: part.path, detected: null, encrypted: false, members: [] });
}
