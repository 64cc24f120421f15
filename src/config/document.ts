/**
 * The annotated example configuration, written from the schema, so that it cannot say anything else. After a change of schema.ts:
 *
 *     node src/config/document.ts > deploy/config.example.yaml
 *
 * What must be set, and what most installations want, is live; the rest is commented out and shows its default. Removing the `#`
 * in front of a setting (and of the section around it) is enough.
 */
import * as z from 'zod';
import type { SettingMeta } from './schema/setting.ts';
import { settings } from './schema.ts';

const head = [
  'Configuration of Postern. Check it with: postern check --config FILE',
  'Settings that are commented out show their default. Paths that are relative start at the folder of this file. Durations have a ' +
    'unit (30s, 5m, 4h, 5d). A key that is not known here is an error. Secrets are never written here, only where they are kept.',
];

/** The text of deploy/config.example.yaml. */
export function exampleConfig(): string {
  const comment = head.flatMap((paragraph) => wrap(paragraph));
  return `${[...comment, '', ...renderSection(settings, false, true)].join('\n')}\n`;
}

type Described = SettingMeta & {
  /** What is left without `optional` and the default. */
  readonly inner: z.core.$ZodType;
  /** As people write it; undefined when there is none. */
  readonly fallback: unknown;
  readonly required: boolean;
};

/** `inCommented`: the section around is commented out as a whole, so its settings need no mark of their own. */
function renderSection(schema: z.core.$ZodObject, inCommented: boolean, spaced = false): string[] {
  const lines: string[] = [];
  for (const [key, child] of Object.entries(schema._zod.def.shape)) {
    const setting = describe(child);
    const live = isLive(setting);
    const body = renderSetting(key, setting, inCommented || !live, live);
    if (spaced && isBlock(setting)) lines.push('');
    lines.push(...wrap(setting.description), ...(live || inCommented ? body : body.map((line) => `#${line}`)));
  }
  return lines;
}

function renderSetting(key: string, setting: Described, inCommented: boolean, live: boolean): string[] {
  const { inner } = setting;
  if (isBlock(setting) && inner instanceof z.ZodObject)
    return [`${key}:`, ...indent(renderSection(inner, inCommented))];
  if (isBlock(setting) && inner instanceof z.ZodArray && inner.element instanceof z.ZodObject) {
    const [first = '', ...rest] = indent(indent(renderSection(inner.element, inCommented)));
    return [`${key}:`, `  - ${first.trimStart()}`, ...rest];
  }
  const value = live ? (setting.example ?? setting.fallback) : (setting.fallback ?? setting.example);
  return [`${key}: ${inline(value)}`];
}

function describe(schema: z.core.$ZodType): Described {
  const meta = z.globalRegistry.get(schema);
  if (meta?.description === undefined) throw new Error('a setting without documentation');
  let inner = schema;
  let fallback: unknown;
  let required = true;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodPrefault) {
    if (inner instanceof z.ZodPrefault) fallback = inner.def.defaultValue;
    inner = inner.def.innerType;
    required = false;
  }
  const { description } = meta;
  return { description, example: meta['example'], live: meta['live'] === true, inner, fallback, required };
}

function isLive(setting: Described): boolean {
  if (setting.required || setting.live === true) return true;
  // A section that may be left out is live as soon as something in it is.
  if (setting.fallback === undefined || !(setting.inner instanceof z.ZodObject)) return false;
  return Object.values(setting.inner.shape).some((child) => describeOrNull(child)?.live === true);
}

/** Parts of a value, such as the places of a secret, have no documentation of their own. */
function describeOrNull(schema: z.core.$ZodType): Described | null {
  return z.globalRegistry.get(schema)?.description === undefined ? null : describe(schema);
}

/** Written on lines of its own, with its settings below. */
function isBlock({ inner }: Described): boolean {
  const object = inner instanceof z.ZodArray ? inner.element : inner;
  return object instanceof z.ZodObject && Object.values(object.shape).some((child) => describeOrNull(child) !== null);
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => inline(item)).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(([key, item]) => `${key}: ${inline(item)}`);
    return `{ ${pairs.join(', ')} }`;
  }
  if (typeof value === 'string') return /^[A-Za-z./][\w./-]*$/.test(value) ? value : quoteUnlessDuration(value);
  return String(value);
}

function quoteUnlessDuration(value: string): string {
  return /^\d+[A-Za-z]+$/.test(value) ? value : JSON.stringify(value);
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}

/** Comment lines of at most 100 characters; line ends in the text stay. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '#';
    for (const word of paragraph.split(' ')) {
      if (line.length + word.length + 1 > 100) {
        lines.push(line);
        line = '#';
      }
      line += ` ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

if (import.meta.main) process.stdout.write(exampleConfig());
