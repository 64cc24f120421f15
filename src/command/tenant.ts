/** Which tenant a command is about, for commands that look at one. */
import type { Config, Tenant } from '../config/config.ts';
import { printable } from './output.ts';
import { UsageError } from './usage.ts';

/** The one named with --tenant, or the only one there is. Tenants that share a policy file are still two, since their mail is told apart. */
export function chooseTenant(config: Pick<Config, 'tenants'>, id: string | undefined): Tenant {
  const [first] = config.tenants;
  const found = id === undefined && config.tenants.length === 1 ? first : config.tenants.find((each) => each.id === id);
  if (found !== undefined) return found;
  const ids = config.tenants.map((each) => each.id).join(', ');
  throw new UsageError(
    id === undefined ? `--tenant is needed, one of ${ids}.` : `There is no tenant "${printable(id)}", only ${ids}.`,
  );
}
