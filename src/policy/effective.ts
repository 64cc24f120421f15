/**
 * The effective policy: what a policy, the policies it extends and their sections come to, as one policy that says the same without
 * either. Lists, detectors and rules stand as they were written, with the file they come from; the rules in the order in which they are
 * judged, those of a section with its senders in their `when`.
 */
/* oxlint-disable unicorn/no-thenable -- `then` is the language's word, and no rule is ever awaited. */
import { type Document, parse, Document as YamlDocument } from 'yaml';
import type { Problem } from '../config/yaml.ts';
import { type Layer, readLayers } from './layers.ts';
import { nameOfDefault, parsePolicy } from './schema.ts';

/** Policy text, or what is wrong with the policy. It lies, so to speak, beside the policy: its list files are named from there. */
export function effectivePolicy(
  text: string,
  file: string,
  read: (path: string) => string,
): string | readonly Problem[] {
  const checked = parsePolicy(text, file, read);
  if (!checked.ok) return checked.problems;
  const layered = readLayers(text, file, read);
  if (!layered.ok) return layered.problems;
  const layers = layered.layers.map((layer) => ({ layer, written: writtenIn(layer) }));
  const lists = layers.flatMap(({ layer, written }) =>
    Object.entries(written.lists ?? {}).map(([name, list]) => [name, rebased(list, layer), layer.file] as const),
  );
  const detectors = layers.flatMap(({ layer, written }) =>
    Object.entries(written.detectors ?? {}).map(([name, detector]) => [name, detector, layer.file] as const),
  );
  const rules = layers.flatMap(({ layer, written }) => rulesOf(written).map((rule) => ({ rule, file: layer.file })));
  const document = new YamlDocument({ version: 1 });
  document.commentBefore = ` The effective policy of ${file}, version ${checked.policy.version}`;
  setNamed(document, 'lists', lists);
  setNamed(document, 'detectors', detectors);
  document.set(
    'rules',
    rules.map(({ rule, file: from }) => commented(document, rule, from)),
  );
  document.set('default', checked.policy.default);
  return document.toString({ lineWidth: 120 });
}

type Written = {
  readonly lists?: Readonly<Record<string, unknown>>;
  readonly detectors?: Readonly<Record<string, unknown>>;
  readonly rules?: readonly WrittenRule[];
  readonly sections?: readonly {
    readonly name: string;
    readonly for: unknown;
    readonly rules?: readonly WrittenRule[];
    readonly default?: unknown;
  }[];
};
type WrittenRule = { readonly name: string; readonly when: unknown; readonly then: unknown };

/** The layer as it was written, before sizes and durations became numbers. Its shape has been checked. */
function writtenIn(layer: Layer): Written {
  return parse(layer.text);
}

function rulesOf({ rules = [], sections = [] }: Written): WrittenRule[] {
  const ofSections = sections.flatMap((section) => {
    const own = (section.rules ?? []).map(({ name, when, then }) => ({
      name,
      when: { all: [{ sender: section.for }, when] },
      then,
    }));
    const last = { name: nameOfDefault(section.name), when: { sender: section.for }, then: section.default };
    return section.default === undefined ? own : [...own, last];
  });
  return [...rules, ...ofSections];
}

function rebased(list: unknown, layer: Layer): unknown {
  const isFile = typeof list === 'object' && list !== null && 'file' in list && typeof list.file === 'string';
  return isFile ? { file: layer.nameOf(String(list.file)) } : list;
}

/** Of several with one name, the last. */
function setNamed(
  document: Document,
  key: string,
  entries: readonly (readonly [name: string, value: unknown, file: string])[],
): void {
  if (entries.length === 0) return;
  const last = new Map(entries.map(([name, value, file]) => [name, commented(document, value, file)]));
  document.set(key, Object.fromEntries(last));
}

function commented(document: Document, value: unknown, file: string) {
  const node = document.createNode(value);
  node.commentBefore = ` from ${file}`;
  return node;
}
