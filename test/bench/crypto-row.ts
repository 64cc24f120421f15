/** One row of the measurement crypto.ts: a way to protect a message, what the same work costs without us, and who else can do it. */
import { execFileSync } from 'node:child_process';
import type { ProtectJob } from '../../src/protect/protected.ts';

export type Row = {
  readonly name: string;
  readonly job: (entitySize: number) => ProtectJob;
  /** The same cipher, hash, public-key operations and base64, in one thread, in memory, by node:crypto. */
  readonly bare: (entity: Buffer) => void;
  /** What another program takes for the same, reading `file` and writing beside it; null for none. */
  readonly peer: { readonly name: string; readonly run: (file: string) => void } | null;
  /** How many times the bare cost is asked for at 25 MB. */
  readonly asked: number;
};

export function program(name: string, args: readonly string[]): void {
  execFileSync(name, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Pieces as they come from the spool. */
export function* pieces(entity: Buffer): Generator<Buffer> {
  for (let at = 0; at < entity.length; at += 65_536) yield entity.subarray(at, at + 65_536);
}
