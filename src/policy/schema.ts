/**
 * A policy file -> Policy: rules compiled and ready to judge, or everything that is wrong with the file, each with its place.
 *
 * The way through: config/yaml.ts reads the text against the shapes below, compile.ts turns `when` into conditions, `readRule` checks
 * what the parts of a rule say about each other. Anything this version cannot judge makes the whole policy invalid: a rule that is
 * skipped is a message that leaves unprotected.
 *
 * `then`, beyond `protect`: `otherwise`, `methods` and `override` belong to the level the rule wants and need `protect`; `tls` and
 * `stripKeyword` may stand alone. `methods` are the methods that may be tried, in this order. `tls: may` is not offered, since it
 * protects nothing.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { TlsLevel } from '../config/config.ts';
import * as kinds from '../config/kinds.ts';
import { type Path, type Problem, type ProblemAt, parseYaml, says, section } from '../config/yaml.ts';
import type { AddressSet } from './addresses.ts';
import { compileWhen, whenSchema } from './compile.ts';
import { asksAbout, asksForUnscannable, type Condition, keywordsOf } from './conditions.ts';
import type { Probe } from './detection.ts';
import type { Doubt } from './facts.ts';
import { compileLists } from './lists.ts';
import { type Level, levels, type Method, methods, type Otherwise, otherwises } from './verdict.ts';

export type Rule = {
  readonly name: string;
  readonly when: Condition;
  /** Null when the rule wants no level of its own. */
  readonly protect: Level | null;
  readonly otherwise: Otherwise | null;
  readonly tls: TlsLevel | null;
  readonly methods: readonly Method[] | null;
  readonly override: boolean;
  /** Folded keywords to take out of the subject; empty when the rule strips none. */
  readonly strip: readonly string[];
  /** The rule says what happens with messages that cannot be looked through, so the built-in rule need not. */
  readonly answersUnscannable: boolean;
};

export type Policy = {
  readonly file: string;
  /** SHA-256 (hex) of the policy's text and of the list files it names. */
  readonly version: string;
  readonly rules: readonly Rule[];
  /** What the conditions of its rules rest on. */
  readonly asksAbout: ReadonlySet<Doubt>;
  readonly default: { readonly protect: Level };
  /** What the scan is to count, without repetitions. */
  readonly probes: readonly Probe[];
  /** Names of the groups it asks for, without repetitions. */
  readonly groups: readonly string[];
  /** Every file that was read besides the policy's own text, as it was asked for of the reader. */
  readonly files: readonly string[];
};

export type PolicyResult =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The rule that holds what cannot be looked through (evaluate.ts); no rule of a file may take its name. */
export const builtInPrefix = 'Built in:';

const ruleName = kinds
  .text('the name of the rule', 'Write a short sentence that says what the rule is for; senders will read it.')
  .refine((name) => name.length <= 200 && !name.startsWith(builtInPrefix), {
    error: says('a name of at most 200 characters', `It may not begin with "${builtInPrefix}".`),
  });

const then = section({
  protect: kinds.choice(levels).optional(),
  otherwise: kinds.choice(otherwises).optional(),
  tls: kinds.choice(['encrypt', 'verify', 'secure', 'dane']).optional(),
  methods: kinds.listOf(kinds.choice(methods), 'a list of methods', 1, 4).optional(),
  override: kinds.flag().optional(),
  stripKeyword: kinds.flag().optional(),
});

const listName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, {
  error: says('the name of a list', 'Use letters, digits and hyphens.'),
});
const entries = kinds.listOf(
  kinds.text('an address or a domain', 'Write a@b.example, b.example or "*.b.example".'),
  'a list',
);

const policySchema = section({
  version: z.literal(1, { error: says('1', 'Write version: 1, the only version of this language.') }),
  lists: z
    .record(
      listName,
      z.union([entries, section({ file: kinds.file('a list') })], {
        error: says('a list', 'Write [a, b] or { file: PATH }.'),
      }),
      {
        error: says('lists by name', 'Write a name, a colon and a list on each line.'),
      },
    )
    .optional(),
  // oxlint-disable-next-line unicorn/no-thenable -- `then` is the language's word, and a schema is never awaited.
  rules: kinds.listOf(section({ name: ruleName, when: whenSchema, then }), 'a list of rules', 0, 10_000),
  default: section({ protect: kinds.choice(levels) }),
});

type RuleText = z.output<typeof policySchema>['rules'][number];

/**
 * Reads a policy. `readList` gives the text of a list file by its path as the policy names it, and may throw; its lines are entries,
 * with comments after `#`. `file` is the name problems carry.
 */
export function parsePolicy(text: string, file: string, readList: (path: string) => string): PolicyResult {
  const parsed = parseYaml(text, file, policySchema);
  if (!parsed.ok) return parsed;
  const { value, problemAt } = parsed;
  const hash = createHash('sha256').update(text);
  const files: string[] = [];
  const lists = compileLists(value.lists ?? {}, problemAt, (path) => {
    const content = readList(path);
    hash.update(`\0${path}\0${content}`);
    files.push(path);
    return content;
  });
  const problems = [...lists.problems];
  const rules: Rule[] = [];
  const names = new Set<string>();
  for (const [index, rule] of value.rules.entries()) {
    const at = ['rules', index] as const;
    if (names.has(rule.name)) {
      problems.push(
        problemAt(
          [...at, 'name'],
          'a second rule of this name',
          'Give it a name of its own: reasons and bounces name the rule.',
        ),
      );
    }
    names.add(rule.name);
    rules.push(readRule(rule, at, lists.sets, problemAt, problems));
  }
  if (problems.length > 0) return { ok: false, problems };
  const asked = new Set(rules.flatMap((rule) => asksAbout(rule.when)));
  return {
    ok: true,
    policy: {
      file,
      version: hash.digest('hex'),
      rules,
      asksAbout: asked,
      default: value.default,
      probes: [],
      groups: [],
      files,
    },
  };
}

function readRule(
  rule: RuleText,
  at: Path,
  lists: ReadonlyMap<string, AddressSet>,
  problemAt: ProblemAt,
  problems: Problem[],
): Rule {
  const compiled = compileWhen(rule.when, [...at, 'when'], lists, problemAt);
  const keywords = keywordsOf(compiled.condition);
  problems.push(...compiled.problems, ...checkThen(rule, [...at, 'then'], keywords.length > 0, problemAt));
  const { protect, otherwise, tls, methods, override, stripKeyword } = rule.then;
  return {
    name: rule.name,
    when: compiled.condition,
    protect: protect ?? null,
    otherwise: otherwise ?? null,
    tls: tls ?? null,
    methods: methods ?? null,
    override: override === true,
    strip: stripKeyword === true ? keywords : [],
    answersUnscannable: protect !== undefined && asksForUnscannable(compiled.condition),
  };
}

/** The methods each level knows (DESIGN: levels); the others do not meet it. */
const methodsOf: Readonly<Record<Level, readonly Method[]>> = {
  none: [],
  transport: methods,
  message: ['smime', 'pgp', 'portal'],
  portal: ['portal'],
  hold: [],
  refuse: [],
};

function checkThen(rule: RuleText, at: Path, hasKeyword: boolean, problemAt: ProblemAt): Problem[] {
  const { then } = rule;
  const problems: Problem[] = [];
  const { protect } = then;
  if (Object.keys(then).length === 0) {
    problems.push(problemAt(at, 'the rule does nothing', `Write protect: with one of ${levels.join(', ')}.`));
  }
  for (const key of ['otherwise', 'methods', 'override'] as const) {
    if (then[key] === undefined || protect !== undefined) continue;
    problems.push(
      problemAt([...at, key], `${key} without protect`, 'Add protect: with the level it is meant for.', 'key'),
    );
  }
  if (protect !== undefined) {
    const allowed = methodsOf[protect];
    for (const [index, method] of (then.methods ?? []).entries()) {
      if (allowed.includes(method)) continue;
      const remedy = allowed.length === 0 ? 'Remove methods.' : `Choose from ${allowed.join(', ')}.`;
      problems.push(problemAt([...at, 'methods', index], `${method} does not meet the level ${protect}`, remedy));
    }
    if (then.otherwise !== undefined && allowed.length === 0) {
      const remedy = 'Remove it, or protect with transport, message or portal.';
      problems.push(problemAt([...at, 'otherwise'], `otherwise means nothing at the level ${protect}`, remedy, 'key'));
    }
  }
  if (then.stripKeyword === true && !hasKeyword) {
    const remedy = 'Add subject: { keyword: [...] } to when, or remove stripKeyword.';
    problems.push(
      problemAt([...at, 'stripKeyword'], 'the rule asks for no keyword that could be taken out', remedy, 'key'),
    );
  }
  return problems;
}
