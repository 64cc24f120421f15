import type { Problem } from '../config/yaml.ts';
import type { Policy } from './schema.ts';

export type CaseResult = { readonly name: string; readonly recipient: string; readonly ok: boolean };

/** Runs the cases of a `*.cases.yaml` file. A case that does not come out as expected is a Problem at its place in the file. */
export function runCases(
  policy: Policy,
  casesText: string,
  file: string,
): { readonly results: readonly CaseResult[]; readonly problems: readonly Problem[] } {
  throw new Error(`not written yet ${policy.file} ${casesText} ${file}`);
}
