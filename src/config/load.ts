import type { Config } from './config.ts';
import type { Problem } from './yaml.ts';

export type LoadResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

export type Environment = Readonly<Record<string, string | undefined>>;

export function loadConfig(file: string, options: { readonly environment?: Environment } = {}): LoadResult {
  throw new Error(`not written yet ${file} ${String(options.environment)}`);
}

export function formatProblem(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.path}: ${problem.message}. ${problem.remedy}`;
}
