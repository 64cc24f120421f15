/**
 * What in a policy is valid but hardly meant: rules that can never decide anything, keywords in each other's way, names nobody uses. Each
 * finding is a warning with its place, in words an admin can act on; `postern check` prints them.
 *
 * Only what the file itself says is warned of, judged together with what it inherits: a base serves many policies, and a rule of it that
 * this one does not need is no mistake. Conditions are compared as they are written. A warning is given only for what can be proved
 * that way, so no warning is no proof.
 *
 * The checks stand in lint/: levels (rules that never decide), conditions (that never hold, or always), names (lists, detectors, keywords).
 */
import type { Problem } from '../config/yaml.ts';
import { type Layer, type RuleText, readLayers } from './layers.ts';
import { conditionWarnings } from './lint/conditions.ts';
import { levelWarnings } from './lint/levels.ts';
import { nameWarnings } from './lint/names.ts';
import type { Level } from './verdict.ts';

/** A rule with its place. */
export type Placed = {
  readonly rule: RuleText;
  /** Of the file itself, not inherited. */
  readonly own: boolean;
  /** It belongs to a section, so only some senders' mail comes to it. */
  readonly inSection: boolean;
  /** Makes a warning at a setting of the rule. */
  readonly warn: (path: readonly PropertyKey[], message: string, remedy: string) => Problem;
};

export type Linted = {
  readonly layers: readonly Layer[];
  /** The file itself, the last of the layers. */
  readonly own: Layer;
  readonly rules: readonly Placed[];
  /** What no rule can make weaker, but for those with `override`. */
  readonly floor: Level;
};

/** Warnings about a policy that parses (schema.ts), in the order of the file. `text`, `file` and `read` as for `parsePolicy`. */
export function lintPolicy(text: string, file: string, read: (path: string) => string): readonly Problem[] {
  const result = readLayers(text, file, read);
  const own = result.ok ? result.layers.at(-1) : undefined;
  if (!result.ok || own === undefined) return [];
  const { layers } = result;
  const rules = layers.flatMap((layer) => placedIn(layer, layer === own));
  const floor = layers.findLast((layer) => layer.value.default !== undefined)?.value.default?.protect ?? 'none';
  const linted: Linted = { layers, own, rules, floor };
  const warnings = [...levelWarnings(linted), ...conditionWarnings(linted), ...nameWarnings(linted)];
  return warnings.sort((a, b) => a.line - b.line || a.column - b.column);
}

function placedIn(layer: Layer, own: boolean): Placed[] {
  const place = (rule: RuleText, at: readonly PropertyKey[], inSection: boolean): Placed => ({
    rule,
    own,
    inSection,
    warn: (path, message, remedy) => layer.problemAt([...at, ...path], message, remedy),
  });
  return [
    ...(layer.value.rules ?? []).map((rule, index) => place(rule, ['rules', index], false)),
    ...(layer.value.sections ?? []).flatMap((section, at) =>
      (section.rules ?? []).map((rule, index) => place(rule, ['sections', at, 'rules', index], true)),
    ),
  ];
}
