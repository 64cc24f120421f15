/**
 * Groups of people from a file, until a directory tells them: the setting `groups` of a tenant names a YAML file of group names with
 * their members, written as in lists.
 *
 *     may-opt-out: [anna@corp.example, board.corp.example]
 *     physicians: ["*.hospital.example"]
 */
import * as z from 'zod';
import * as kinds from '../config/kinds.ts';
import { type Problem, parseYaml, says } from '../config/yaml.ts';
import { addressKey } from '../mail/address.ts';
import { type AddressSet, includes } from './addresses.ts';
import type { GroupFacts } from './facts.ts';
import { compileEntries, entryForms } from './lists.ts';

export type Groups = {
  readonly names: readonly string[];
  /** What the facts of a message keep: the groups of these addresses (in normal form). */
  factsFor(addresses: readonly string[]): GroupFacts;
};

export type GroupsResult =
  | { readonly ok: true; readonly groups: Groups }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const longestName = 200;
const member = kinds.text('an address or a domain', `Write ${entryForms}.`);
const groupsSchema = z.record(z.string(), kinds.listOf(member, 'a list of members'), {
  error: says('groups by name', 'Write a name, a colon and a list of addresses on each line.'),
});

/** Reads a groups file. `file` is the name problems carry. */
export function parseGroups(text: string, file: string): GroupsResult {
  const parsed = parseYaml(text, file, groupsSchema);
  if (!parsed.ok) return parsed;
  const { value, problemAt } = parsed;
  const problems: Problem[] = [];
  for (const name of Object.keys(value)) {
    if (/^[^\x00-\x1f\x7f]+$/.test(name) && name.length <= longestName) continue;
    const remedy = `Write it as the policy names it, in at most ${longestName} characters.`;
    problems.push(problemAt([name], 'not the name of a group', remedy, 'key'));
  }
  const sets: (readonly [string, AddressSet])[] = Object.entries(value).map(([name, members]) => [
    name,
    compileEntries(members, [name], ['address', 'domain', 'parent'], entryForms, (path, message, remedy) =>
      problems.push(problemAt(path, message, remedy)),
    ),
  ]);
  if (problems.length > 0) return { ok: false, problems };
  const names = sets.map(([name]) => name);
  const factsFor = (addresses: readonly string[]): GroupFacts => ({
    known: names,
    of: Object.fromEntries(
      [...new Set(addresses.map(addressKey))].flatMap((address) => {
        const of = sets.filter(([, set]) => includes(set, address)).map(([name]) => name);
        return of.length === 0 ? [] : [[address, of]];
      }),
    ),
  });
  return { ok: true, groups: { names, factsFor } };
}
