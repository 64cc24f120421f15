/**
 * A policy file -> Policy: rules compiled and ready to judge, or everything that is wrong with the file, each with its place.
 *
 * The way through: layers.ts reads the file and those it extends against their shape; here their lists and detectors come together, a later
 * one in place of an earlier one of the same name, and then the rules: layer by layer, in each the rules, then those of its sections. compile.ts
 * turns `when` into conditions, actions.ts checks `then`. Anything that cannot be judged makes the whole policy invalid: a rule that is
 * skipped is a message that leaves unprotected.
 *
 * A section's rules apply to its senders only: what it is `for` is ANDed to each, and its `default` is one more rule for them, so it can only
 * raise the level.
 */
import { createHash } from 'node:crypto';
import type { Path, Problem } from '../config/yaml.ts';
import { checkThen, type RuleActions, readActions } from './actions.ts';
import type { AddressSet } from './addresses.ts';
import { compileWhen, type Named } from './compile.ts';
import { compileSender } from './conditions/addresses.ts';
import { compileDetector } from './conditions/detects.ts';
import { all, answersOf, type Condition, keywordsOf, testsOf } from './conditions.ts';
import { detectorKinds, type Probe } from './detection.ts';
import type { Doubt } from './facts.ts';
import { type Layer, type RuleText, readLayers } from './layers.ts';
import { compileList, type Report } from './lists.ts';
import type { Level } from './verdict.ts';

export type Rule = RuleActions & {
  readonly name: string;
  readonly when: Condition;
  /** Folded keywords to take out of the subject; empty when the rule strips none. */
  readonly strip: readonly string[];
  /** The doubts for which the rule says what happens, so that the built-in rule need not. */
  readonly answersUnscannable: ReadonlySet<Doubt>;
};

export type Policy = {
  readonly file: string;
  /** SHA-256 (hex) of the policy's text and of every file that was read for it. */
  readonly version: string;
  /** In the order in which they are judged. */
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

/**
 * Reads a policy. `read` gives the text of list files and of policies it extends, by their path from the folder of the policy, and may
 * throw. `file` is the name problems carry.
 */
export function parsePolicy(text: string, file: string, read: (path: string) => string): PolicyResult {
  const hash = createHash('sha256').update(text);
  const files: string[] = [];
  const result = readLayers(text, file, noted);
  if (!result.ok) return result;
  const { layers } = result;
  const problems: Problem[] = [];
  const named = readNamed(layers, noted, problems);
  const rules = readRules(layers, named, problems);
  const byDefault = layers.findLast((layer) => layer.value.default !== undefined)?.value.default;
  if (byDefault === undefined) {
    const remedy = 'Write default: { protect: none }, or the level of what no rule matches.';
    problems.push(
      ...layers.slice(-1).map(({ problemAt }) => problemAt(['default'], 'missing: expected settings', remedy)),
    );
  }
  if (problems.length > 0 || byDefault === undefined) return { ok: false, problems };
  const tests = rules.flatMap((rule) => testsOf(rule.when));
  const probes = new Map(tests.flatMap((test) => test.probes).map((probe) => [probe.id, probe]));
  return {
    ok: true,
    policy: {
      file,
      version: hash.digest('hex'),
      rules,
      asksAbout: new Set(tests.flatMap((test) => test.restsOn)),
      default: byDefault,
      probes: [...probes.values()],
      groups: [...new Set(tests.flatMap((test) => test.groups))],
      files,
    },
  };

  function noted(path: string): string {
    const content = read(path);
    hash.update(`\0${path}\0${content}`);
    files.push(path);
    return content;
  }
}

/** The lists and detectors that are in force: of several with one name, the last. */
function readNamed(layers: readonly Layer[], read: (path: string) => string, problems: Problem[]): Named {
  const lists = new Map<string, () => AddressSet>();
  const detectors = new Map<string, () => Probe>();
  for (const layer of layers) {
    const report = reportTo(problems, layer);
    for (const [name, list] of Object.entries(layer.value.lists ?? {}))
      lists.set(name, () => compileList(list, ['lists', name], report, (path) => read(layer.nameOf(path))));
    for (const [name, detector] of Object.entries(layer.value.detectors ?? {})) {
      if (Object.hasOwn(detectorKinds, name) || name === 'any')
        report(['detectors', name], `${name} is the name of a built-in detector`, 'Give it another name.', 'key');
      detectors.set(name, () => compileDetector(detector, ['detectors', name], report));
    }
  }
  return { lists: compiled(lists), detectors: compiled(detectors) };
}

function compiled<T>(named: ReadonlyMap<string, () => T>): Map<string, T> {
  return new Map([...named].map(([name, compile]) => [name, compile()]));
}

function reportTo(problems: Problem[], { problemAt }: Layer): Report {
  return (path, message, remedy, part) => problems.push(problemAt(path, message, remedy, part));
}

/** The rules of all layers in the order in which they are judged; their names are unique among all. */
function readRules(layers: readonly Layer[], named: Named, problems: Problem[]): Rule[] {
  const rules: Rule[] = [];
  /** The file of each rule by its name. */
  const origins = new Map<string, string>();
  for (const layer of layers) {
    const report = reportTo(problems, layer);
    const add = (rule: Rule, at: Path): void => {
      const first = origins.get(rule.name);
      if (first !== undefined) {
        const where = first === layer.file ? '' : `; the first is in ${first}`;
        const remedy = 'Give it a name of its own: reasons and bounces name the rule.';
        report([...at, 'name'], `a second rule of this name${where}`, remedy);
      }
      origins.set(rule.name, layer.file);
      rules.push(rule);
    };
    for (const [index, rule] of (layer.value.rules ?? []).entries()) {
      const at = ['rules', index];
      add(readRule(rule, at, named, report, []), at);
    }
    for (const [index, section] of (layer.value.sections ?? []).entries()) {
      const at = ['sections', index];
      const whom = compileSender(section.for, [...at, 'for'], report, named.lists);
      for (const [place, rule] of (section.rules ?? []).entries()) {
        const inner = [...at, 'rules', place];
        add(readRule(rule, inner, named, report, [whom]), inner);
      }
      if (section.default !== undefined) add(defaultRule(section.name, section.default, whom), at);
    }
  }
  return rules;
}

/** `whom` is ANDed to what the rule asks. */
function readRule(rule: RuleText, at: Path, named: Named, report: Report, whom: readonly Condition[]): Rule {
  const when = compileWhen(rule.when, [...at, 'when'], report, named);
  const keywords = keywordsOf(when);
  checkThen(rule.then, [...at, 'then'], keywords.length > 0, report);
  return {
    ...readActions(rule.name, rule.then),
    name: rule.name,
    when: all([...whom, when]),
    strip: rule.then.stripKeyword === true ? keywords : [],
    answersUnscannable: new Set(rule.then.protect === undefined ? [] : answersOf(when)),
  };
}

/** The name under which the default of a section appears among the rules. */
export function nameOfDefault(section: string): string {
  return `Default of section ${section}`;
}

function defaultRule(section: string, then: { readonly protect: Level }, whom: Condition): Rule {
  const name = nameOfDefault(section);
  return { ...readActions(name, then), name, when: whom, strip: [], answersUnscannable: new Set() };
}
