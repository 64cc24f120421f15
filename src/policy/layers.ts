/**
 * A policy file and the files it extends, read and checked for their shape: the layers of a policy, the outermost base first.
 *
 *     extends: base.yaml            # its lists, detectors, rules and sections come first; a path starts at the folder of this file
 *     lists: { vip: { file: vip.txt } }
 *     sections:                     # rules for some senders only
 *       - { name: Legal, for: { group: legal }, rules: [...], default: { protect: transport } }
 *
 * Limits: at most `deepest` files in a chain.
 */
import * as z from 'zod';
import * as kinds from '../config/kinds.ts';
import { type Problem, type ProblemAt, parseYaml, says, section } from '../config/yaml.ts';
import { thenSchema } from './actions.ts';
import { whenSchema } from './compile.ts';
import { whoSchema } from './conditions/addresses.ts';
import { detectorSchema } from './conditions/detects.ts';
import { entryForms } from './lists.ts';
import { levels } from './verdict.ts';

/** Rules whose names begin so are the gateway's own (evaluate.ts); no rule of a file may take such a name. */
export const builtInPrefix = 'Built in:';
const deepest = 10;

const ruleName = kinds
  .text('the name of the rule', 'Write a short sentence that says what the rule is for; senders will read it.')
  .refine((name) => name.length <= 200 && !name.startsWith(builtInPrefix), {
    error: says('a name of at most 200 characters', `It may not begin with "${builtInPrefix}".`),
  });
const givenName = (what: string) =>
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, {
    error: says(`the name of a ${what}`, 'Use letters, digits and hyphens.'),
  });
const entry = kinds.text('an address or a domain', `Write ${entryForms}.`);
const list = z.union([kinds.listOf(entry, 'a list'), section({ file: kinds.file('a list') })], {
  error: says('a list', 'Write [a, b] or { file: PATH }.'),
});
// oxlint-disable-next-line unicorn/no-thenable -- `then` is the language's word, and a schema is never awaited.
const rule = section({ name: ruleName, when: whenSchema, then: thenSchema });
const rules = kinds.listOf(rule, 'a list of rules', 0, 10_000);
const byDefault = section({ protect: kinds.choice(levels) });
const sections = kinds.listOf(
  section({
    name: kinds.text('the name of the section', 'Write who it is for.'),
    for: whoSchema,
    rules: rules.optional(),
    default: byDefault.optional(),
  }),
  'a list of sections',
  0,
  1000,
);

const policySchema = section({
  version: z.literal(1, { error: says('1', 'Write version: 1, the only version of this language.') }),
  extends: kinds.file('the policy this one is based on').optional(),
  lists: z
    .record(givenName('list'), list, {
      error: says('lists by name', 'Write a name, a colon and a list on each line.'),
    })
    .optional(),
  detectors: z
    .record(givenName('detector'), detectorSchema, {
      error: says('detectors by name', 'Write a name, a colon and { terms: [...], patterns: [...] } on each line.'),
    })
    .optional(),
  rules: rules.optional(),
  sections: sections.optional(),
  default: byDefault.optional(),
});

export type PolicyText = z.output<typeof policySchema>;
export type RuleText = z.output<typeof rules>[number];

export type Layer = {
  /** As problems name it. */
  readonly file: string;
  readonly text: string;
  readonly value: PolicyText;
  readonly problemAt: ProblemAt;
  /** The name under which the reader knows a file that this layer calls `path`. */
  readonly nameOf: (path: string) => string;
};

export type LayersResult =
  | { readonly ok: true; readonly layers: readonly Layer[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads the layers. `read` gives the text of a file by its path from the folder of the policy, and may throw; `file` is the name problems
 * carry, from which those of the bases are made.
 */
export function readLayers(text: string, file: string, read: (path: string) => string): LayersResult {
  const layers: Layer[] = [];
  const fail = (problem: Problem): LayersResult => ({ ok: false, problems: [problem] });
  let name = file.slice(file.lastIndexOf('/') + 1);
  for (let content = text; ; ) {
    const own = name;
    const shown = layers.length === 0 ? file : beside(file, own);
    const parsed = parseYaml(content, shown, policySchema);
    if (!parsed.ok) return parsed;
    const { value, problemAt } = parsed;
    layers.unshift({ file: shown, text: content, value, problemAt, nameOf: (path) => beside(own, path) });
    if (value.extends === undefined) return { ok: true, layers };
    name = beside(own, value.extends);
    const chain = [...layers.map((layer) => layer.file).toReversed(), beside(file, name)];
    if (chain.slice(0, -1).some((each) => normal(each) === chain.at(-1)))
      return fail(problemAt(['extends'], `the policy is its own base: ${chain.join(' -> ')}`, 'Break the circle.'));
    if (layers.length >= deepest)
      return fail(
        problemAt(['extends'], `more than ${deepest} policies, each based on the next`, 'Join some of them.'),
      );
    try {
      content = read(name);
    } catch {
      const remedy = 'Correct the path; a relative one starts at the folder of this policy.';
      return fail(problemAt(['extends'], 'the policy this one is based on cannot be read', remedy));
    }
  }
}

/** A path that stands in the file, as one that starts where the file's own path does. */
function beside(file: string, path: string): string {
  const absolute = path.startsWith('/') || /^[A-Za-z]:/.test(path);
  return normal(absolute ? path : file.slice(0, file.lastIndexOf('/') + 1) + path);
}

/** Without "." and, where it goes back over a folder that is named, without "..". */
function normal(path: string): string {
  const steps: string[] = [];
  for (const step of path.split('/')) {
    const last = steps.at(-1);
    if (step === '..' && last !== undefined && last !== '..' && last !== '') steps.pop();
    else if (step !== '.') steps.push(step);
  }
  return steps.join('/');
}
