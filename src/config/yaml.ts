/**
 * YAML text + zod schema -> a typed value, or the list of everything that is wrong with the text, each with its line and column.
 *
 * Two passes. First the text is read as YAML (`readDocument`): syntax errors, duplicate keys, unknown tags, aliases and nesting
 * without end stop here. Then the value goes through the schema, and every issue zod finds is located in the text again
 * (`toProblem`). Schemas say what they expected and what to do about it through `says`; kinds.ts holds the kinds of values built so.
 *
 * The text is written by an administrator, but still read with limits: a file may be the wrong file.
 *
 * Limits: one document a file; no aliases, because they can be made to expand without end or into themselves; of syntax errors the
 * first only, since others follow from it; of other problems the first `mostProblems`, since a wrong file is wrong on every line.
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import * as z from 'zod';

/** A thing wrong with a file a person wrote: where, what was expected and found, and what to do. Never holds a secret. */
export type Problem = {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  /** Dotted path of the setting, "smtp.maxRecipients"; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
};

export type Path = readonly PropertyKey[];
/** Makes a Problem at the place of the path, for checks a schema cannot make. `part: 'key'` points at the key, not the value. */
export type ProblemAt = (path: Path, message: string, remedy: string, part?: 'key' | 'value') => Problem;

export type YamlResult<T> =
  | { readonly ok: true; readonly value: T; readonly problemAt: ProblemAt }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Octets of text; a policy with every list inline stays far below. */
const maxText = 4 * 1024 * 1024;
const maxDepth = 50;
/** Each is looked up in the text from its beginning. */
const mostProblems = 50;

/** Reads `text` as `schema` wants it. `file` is only the name problems carry. */
export function parseYaml<S extends z.ZodType>(text: string, file: string, schema: S): YamlResult<z.output<S>> {
  const read = readDocument(text, file);
  if (!read.ok) return read;
  const { value, problemAt } = read;
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data, problemAt };
  const problems = result.error.issues.slice(0, mostProblems).flatMap((issue) => toProblems(issue, value, problemAt));
  return {
    ok: false,
    problems: problems.slice(0, mostProblems).sort((a, b) => a.line - b.line || a.column - b.column),
  };
}

/** What a zod `error` says, so that `toProblems` can take it apart: what was expected, what to do, and whether the value is a secret. */
export function says(expected: string, remedy: string, hidden = false): string {
  return `${expected}\n${remedy}\n${hidden ? 'hidden' : 'shown'}`;
}

/** A mapping with exactly these keys. Any other key is a problem that names the nearest known one. */
export function section<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  hidden = false,
): z.ZodObject<Shape, z.core.$strict> {
  const keys = Object.keys(shape);
  const known = keys.length === 0 ? 'It takes no settings.' : `Known here: ${keys.join(', ')}.`;
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? says(keys.join(' '), known)
        : says('settings as "key: value" lines', known, hidden),
  });
}

function readDocument(text: string, file: string): YamlResult<unknown> {
  const lines = new LineCounter();
  const whole = (message: string, remedy: string, offset = 0): YamlResult<never> => {
    const { line, col } = lines.linePos(offset);
    return { ok: false, problems: [{ file, line: line || 1, column: col || 1, path: '', message, remedy }] };
  };
  if (text.length > maxText) return whole('the file is too large to be one of these', 'Check the file name.');
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    // Compares each key with all before it; firstFlaw looks for those that are there twice.
    uniqueKeys: false,
    // Not 'silent': that would pass over a second document.
    logLevel: 'error',
  });
  const mistake = document.errors[0] ?? document.warnings[0];
  if (mistake !== undefined) {
    const [message, remedy] = syntax[mistake.code] ?? syntaxUnknown;
    return whole(message, remedy, mistake.pos[0]);
  }
  const flaw = firstFlaw(document);
  if (flaw !== null) return whole(flaw.message, flaw.remedy, flaw.node.range?.[0]);
  const value: unknown = document.toJS();
  const problemAt: ProblemAt = (path, message, remedy, part = 'value') => {
    const { line, col } = lines.linePos(offsetOf(document, path, part));
    return { file, line: line || 1, column: col || 1, path: pathText(path), message, remedy };
  };
  return { ok: true, value, problemAt };
}

/** Message and remedy by the parser's code. Its own messages may quote the text, which may hold a secret. */
const syntax: Partial<Record<string, readonly [string, string]>> = {
  TAB_AS_INDENT: ['a tab used as indentation', 'Indent with spaces.'],
  BAD_INDENT: [
    'the indentation does not fit what stands above',
    'Align it with its neighbours and close open brackets.',
  ],
  BAD_SCALAR_START: ['a value cannot begin with this character', 'Put the value in double quotes.'],
  BAD_DQ_ESCAPE: ['an unknown escape in double quotes', 'Double the backslash, or use single quotes.'],
  MISSING_CHAR: ['a character is missing here', 'Look for a missing colon, comma, quote or closing bracket.'],
  MULTIPLE_DOCS: ['a second document begins here', 'Remove the line of dashes and what follows.'],
  NON_STRING_KEY: ['a key that is not plain text', 'Write the key as a word; quote values that begin with { or [.'],
  BLOCK_AS_IMPLICIT_KEY: ['a mapping inside a line', 'Put the value in double quotes, or on lines of its own.'],
  TAG_RESOLVE_FAILED: ['a tag ("!...") that means nothing here', 'Remove the tag, or put the value in double quotes.'],
  RESOURCE_EXHAUSTION: ['nested too deeply', 'Check that this is the right file.'],
};
const syntaxUnknown: readonly [string, string] = [
  'not YAML from here on',
  'Look for a missing colon, quote, bracket or indentation on this line and the one before.',
];

function firstFlaw(document: Document.Parsed): { node: Node; message: string; remedy: string } | null {
  let flaw: { node: Node; message: string; remedy: string } | null = null;
  visit(document, {
    Node: (_key, node, ancestors) => {
      if (isAlias(node)) {
        const remedy = 'Write the value out; if the value begins with *, put it in double quotes.';
        flaw = { node, message: 'an alias ("*name"), which is not supported', remedy };
      } else if (ancestors.filter((ancestor) => isCollection(ancestor)).length > maxDepth) {
        flaw = { node, message: 'nested too deeply', remedy: `Use at most ${maxDepth} levels.` };
      } else if (isMap(node)) {
        const twice = secondKey(node);
        if (twice !== null) flaw = { node: twice, message: 'this key is here twice', remedy: 'Keep one of the two.' };
      }
      return flaw === null ? undefined : visit.BREAK;
    },
  });
  return flaw;
}

function secondKey(map: YAMLMap): Node | null {
  const seen = new Set<string>();
  for (const { key } of map.items) {
    if (!isNode(key)) continue;
    const name = String(key);
    if (seen.has(name)) return key;
    seen.add(name);
  }
  return null;
}

/** Where in the text the path stands. What is missing is shown where it should be: at the mapping that lacks it. */
function offsetOf(document: Document.Parsed, path: Path, part: 'key' | 'value'): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [index, step] of path.entries()) {
    let next: unknown;
    if (isMap(node)) {
      const pair = pairOf(node, step);
      if (pair === null) return offset;
      const last = index === path.length - 1;
      offset = pair.key.range?.[0] ?? offset;
      if (last && part === 'key') return offset;
      next = pair.value;
      // An empty value has no place of its own.
      if (isNode(next) && (last || !isCollection(next))) offset = filled(next) ?? offset;
    } else if (isSeq(node)) {
      next = node.items[Number(step)];
      if (isNode(next)) offset = filled(next) ?? offset;
    } else return offset;
    node = isNode(next) ? next : null;
  }
  return offset;
}

function filled(node: Node): number | undefined {
  const range = node.range;
  return range !== null && range !== undefined && range[1] > range[0] ? range[0] : undefined;
}

function pairOf(map: YAMLMap, key: PropertyKey): { key: Node; value: unknown } | null {
  for (const pair of map.items) {
    if (isPair(pair) && isNode(pair.key) && String(pair.key) === String(key))
      return { key: pair.key, value: pair.value };
  }
  return null;
}

function toProblems(issue: z.core.$ZodIssue, value: unknown, problemAt: ProblemAt, base: Path = []): Problem[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'invalid_union') {
    const branch = nearestBranch(issue.errors);
    if (branch !== null) return branch.flatMap((inner) => toProblems(inner, value, problemAt, path));
  }
  if (issue.code === 'invalid_key') {
    const [wanted = '', advice = ''] = issue.issues[0]?.message.split('\n') ?? [];
    return [problemAt(path, `expected ${wanted}, found ${show(path.at(-1))}`, advice, 'key')];
  }
  const [expected = '', remedy = '', visibility] = issue.message.split('\n');
  if (issue.code === 'unrecognized_keys') {
    const known = expected.split(' ');
    return issue.keys.slice(0, mostProblems).map((key) => {
      const near = nearest(key, known);
      const hint = near === null ? remedy : `Did you mean "${near}"? ${remedy}`;
      return problemAt([...path, key], `unknown setting ${show(key)}`, hint, 'key');
    });
  }
  const found = valueAt(value, path);
  if (found === undefined) return [problemAt(path, `missing: expected ${expected}`, remedy)];
  const shown = visibility === 'hidden' && found !== null ? 'something else (not shown)' : show(found);
  return [problemAt(path, `expected ${expected}, found ${shown}`, remedy)];
}

/** Of a union's branches, the one the writer meant: the one whose complaints lie inside the value rather than at its top. */
function nearestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | null {
  const within = (issue: z.core.$ZodIssue): boolean => issue.path.length > 0;
  return (
    branches.find((issues) => issues.every(within)) ??
    branches.find((issues) => issues.every((issue) => within(issue) || issue.code !== 'invalid_type')) ??
    null
  );
}

function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[step];
  }
  return current;
}

/** A value as a message may carry it: short, and on one line whatever it holds. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return 'a mapping';
}

function pathText(path: Path): string {
  let text = '';
  for (const step of path) {
    const key = String(step);
    if (typeof step === 'number') text += `[${step}]`;
    // A key stands there as somebody wrote it, line breaks and all.
    else text += `${text === '' ? '' : '.'}${/^[\w-]{1,60}$/.test(key) ? key : show(key)}`;
  }
  return text;
}

/** The known word a mistyped one is closest to, or null when none is close. */
export function nearest(word: string, known: readonly string[]): string | null {
  if (word.length > 64) return null;
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    // A third of the letters may be wrong, and one always.
    const allowed = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
    if (distance <= allowed && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein's distance, in which two neighbours swapped are one mistake. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : substitute;
      next.push(Math.min(substitute, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
