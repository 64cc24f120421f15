/**
 * `postern policy`: the policy of a tenant as it is judged, with everything it extends and its sections put in place, each part with the file
 * it comes from. Read from the files as they are now.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../config/config.ts';
import { formatProblem } from '../config/load.ts';
import type { Problem } from '../config/yaml.ts';
import { readPolicy } from '../pipeline/policies.ts';
import { effectivePolicy } from '../policy/effective.ts';
import { printFailure, printJson } from './output.ts';
import { chooseTenant } from './tenant.ts';

export function policy(
  config: Config,
  options: { readonly json: boolean; readonly tenant: string | undefined },
): number {
  const tenant = chooseTenant(config, options.tenant);
  const file = tenant.policy;
  const read = besidePolicy(file);
  const reading = readPolicy(file);
  if (!reading.ok) return broken(reading.problems, options.json);
  const effective = effectivePolicy(read(file), file, read);
  // It parsed a moment ago, so somebody is writing it.
  if (typeof effective !== 'string') return broken(effective, options.json);
  const { version, files } = reading.policy;
  if (options.json) printJson({ tenant: tenant.id, file, version, files, effective });
  else process.stdout.write(effective);
  return 0;
}

/** Reads the files that a policy names, whose paths start at its folder. Throws for what cannot be read. */
export function besidePolicy(file: string): (name: string) => string {
  return (name) => readFileSync(path.resolve(path.dirname(file), name), 'utf8');
}

function broken(problems: readonly Problem[], json: boolean): number {
  printFailure(problems.map(formatProblem).join('\n'), json);
  return 1;
}
