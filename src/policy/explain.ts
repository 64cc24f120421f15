import type { TlsLevel } from '../config/config.ts';
import type { Facts } from './facts.ts';
import type { Level, Method, Otherwise } from './verdict.ts';

/** The JSON document of `postern explain --json`. */
export type Explanation = {
  readonly facts: Facts;
  readonly policy: { readonly file: string; readonly version: string };
  readonly deliveries: readonly {
    readonly recipient: string;
    readonly level: Level;
    readonly rules: readonly string[];
    readonly because: readonly string[];
    readonly methods: readonly ('none' | Method)[];
    readonly otherwise: Otherwise | null;
    readonly tls: TlsLevel | null;
    readonly subject: string;
  }[];
};

/** The same as a page a person reads. */
export function explainText(explanation: Explanation): string {
  throw new Error(`not written yet ${explanation.policy.file}`);
}
