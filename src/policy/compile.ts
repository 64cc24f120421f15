/**
 * `when` as people write it, and its compilation into conditions: keys are ANDed, the values of a list are ORed, lists are looked up,
 * regular expressions compiled by RE2 (linear time, so a pattern cannot be made to hang) exactly once.
 *
 * Conditions that belong to the language but not to this version (`detects`, `sender.group`) are named here only to be refused in
 * words: a policy must never be half understood.
 */
import { RE2JS, RE2JSException } from 're2js';
import * as z from 'zod';
import * as kinds from '../config/kinds.ts';
import { nearest, type Path, type Problem, type ProblemAt, says, section } from '../config/yaml.ts';
import { type AddressSet, addressSet } from './addresses.ts';
import type { AddressTest, Condition, FlagName, HeaderTest } from './conditions.ts';
import type { Facts } from './facts.ts';
import { fold } from './keyword.ts';
import { compileEntries, type Report } from './lists.ts';

const reports = ['dsn', 'mdn', 'other'] as const satisfies readonly NonNullable<Facts['report']>[];

type AddressText = {
  address?: readonly string[] | undefined;
  domain?: readonly string[] | undefined;
  in?: readonly string[] | undefined;
  group?: unknown;
};
type HeaderText = {
  name: string;
  is?: readonly string[] | undefined;
  contains?: readonly string[] | undefined;
  matches?: readonly string[] | undefined;
};

/** A `when` whose shape is right. */
export type When = { readonly [flag in FlagName]?: boolean | undefined } & {
  subject?: { keyword: readonly string[] } | undefined;
  recipient?: AddressText | undefined;
  sender?: AddressText | undefined;
  header?: readonly HeaderText[] | undefined;
  size?: { over?: number | undefined; under?: number | undefined } | undefined;
  report?: readonly (typeof reports)[number][] | false | undefined;
  detects?: unknown;
  all?: readonly When[] | undefined;
  any?: readonly When[] | undefined;
  not?: When | undefined;
};

/** One value, or a list of them. */
function oneOrMore<S extends z.ZodType>(item: S, expected: string) {
  const list = kinds.listOf(item, expected, 1);
  const error = says(expected, 'Write one value, or several as [a, b].');
  return z.union([item.transform((value): z.output<S>[] => [value]), list], { error });
}

const words = (expected: string) => oneOrMore(kinds.text(expected, 'Write it in quotes.'), expected);
const addressShape = {
  address: words('an address').optional(),
  domain: words('a domain').optional(),
  in: words('the name of a list').optional(),
};
const headerText = section({
  name: kinds.text('the name of a header field', 'Write it like X-Label, without a colon.'),
  is: words('a text').optional(),
  contains: words('a text').optional(),
  matches: words('a regular expression').optional(),
});
const octets = kinds.size(0, Number.MAX_SAFE_INTEGER).optional();
const flag = kinds.flag().optional();

export const whenSchema: z.ZodType<When> = z.lazy(() =>
  section({
    subject: section({ keyword: words('a keyword') }).optional(),
    recipient: section(addressShape).optional(),
    sender: section({ ...addressShape, group: z.unknown().optional() }).optional(),
    header: oneOrMore(headerText, 'a header with its name').optional(),
    size: section({ over: octets, under: octets }).optional(),
    forwarded: flag,
    autoSubmitted: flag,
    report: z
      .union(
        [
          kinds.flag().transform((is) => (is ? [...reports] : false)),
          oneOrMore(kinds.choice(reports), 'a kind of report'),
        ],
        {
          error: says('true, false, or dsn, mdn, other', 'Write true, false or [dsn, mdn].'),
        },
      )
      .optional(),
    calendar: flag,
    signed: flag,
    encrypted: flag,
    rightsProtected: flag,
    tnef: flag,
    unscannable: flag,
    detects: z.unknown().optional(),
    all: conditionList().optional(),
    any: conditionList().optional(),
    not: whenSchema.optional(),
  }),
);

function conditionList() {
  return kinds.listOf(whenSchema, 'a list of conditions', 1, 1000);
}

export type CompiledWhen = { readonly condition: Condition; readonly problems: readonly Problem[] };

/** Compiles one `when`. With problems, the condition is not to be used. */
export function compileWhen(
  when: When,
  at: Path,
  lists: ReadonlyMap<string, AddressSet>,
  problemAt: ProblemAt,
): CompiledWhen {
  const problems: Problem[] = [];
  const report = (path: Path, message: string, remedy: string, part: 'key' | 'value' = 'value'): void => {
    problems.push(problemAt(path, message, remedy, part));
  };
  return { condition: compile(when, at, lists, report), problems };
}

function compile(when: When, at: Path, lists: ReadonlyMap<string, AddressSet>, report: Report): Condition {
  const of: Condition[] = [];
  if (when.detects !== undefined) refuseUnknown('detects', [...at, 'detects'], report);
  if (when.subject !== undefined) of.push(compileKeywords(when.subject.keyword, [...at, 'subject', 'keyword'], report));
  for (const kind of ['recipient', 'sender'] as const) {
    const text = when[kind];
    if (text !== undefined) of.push({ kind, tests: compileAddresses(text, [...at, kind], lists, report) });
  }
  if (when.header !== undefined) {
    const several = when.header.length > 1;
    const path = (index: number) => (several ? [...at, 'header', index] : [...at, 'header']);
    of.push({ kind: 'any', of: when.header.map((text, index) => compileHeader(text, path(index), report)) });
  }
  if (when.size !== undefined) of.push(compileSize(when.size, [...at, 'size'], report));
  if (when.report !== undefined) of.push(when.report === false ? noReport : { kind: 'report', of: when.report });
  for (const fact of flags) {
    const is = when[fact];
    if (is !== undefined) of.push({ kind: 'flag', fact, is });
  }
  for (const kind of ['all', 'any'] as const) {
    const inner = when[kind]?.map((each, index) => compile(each, [...at, kind, index], lists, report));
    if (inner !== undefined) of.push({ kind, of: inner });
  }
  if (when.not !== undefined) of.push({ kind: 'not', of: compile(when.not, [...at, 'not'], lists, report) });
  const [only] = of;
  return of.length === 1 && only !== undefined ? only : { kind: 'all', of };
}

const flags: readonly FlagName[] = [
  'forwarded',
  'autoSubmitted',
  'calendar',
  'signed',
  'encrypted',
  'rightsProtected',
  'tnef',
  'unscannable',
];
const noReport: Condition = { kind: 'not', of: { kind: 'report', of: reports } };

function refuseUnknown(name: string, path: Path, report: Report): void {
  const message = `this version cannot judge ${name}, and a policy it cannot judge in full is refused`;
  report(path, message, `Remove the rule, or run a version that has ${name}.`, 'key');
}

function compileKeywords(texts: readonly string[], at: Path, report: Report): Condition {
  const keywords = texts.map((text) => ({ text, folded: fold(text).text }));
  if (keywords.some((keyword) => keyword.folded === '' || keyword.text.length > 100)) {
    report(at, 'a keyword must be visible and have at most 100 characters', 'Write it like "[secure]".');
  }
  return { kind: 'keyword', keywords };
}

function compileAddresses(
  text: AddressText,
  at: Path,
  lists: ReadonlyMap<string, AddressSet>,
  report: Report,
): AddressTest[] {
  const tests: AddressTest[] = [];
  if (text.group !== undefined) refuseUnknown('sender.group', [...at, 'group'], report);
  if (text.address !== undefined) {
    const set = compileEntries(
      text.address,
      [...at, 'address'],
      ['address'],
      'an address like anna@bank.example',
      report,
    );
    tests.push({ set, label: 'is named', labelNot: 'is not named' });
  }
  if (text.domain !== undefined) {
    const expected = 'a domain like bank.example, or "*.bank.example" for its subdomains';
    const set = compileEntries(text.domain, [...at, 'domain'], ['domain', 'parent'], expected, report);
    const names = text.domain.length > 3 ? 'a domain named' : text.domain.join(' or ');
    tests.push({ set, label: `is at ${names}`, labelNot: `is not at ${names}` });
  }
  if (text.in !== undefined) {
    const sets = text.in.map((name) => lists.get(name) ?? unknownList(name, [...at, 'in'], lists, report));
    const names = `list ${text.in.join(' or ')}`;
    tests.push({ set: union(sets), label: `is in ${names}`, labelNot: `is not in ${names}` });
  }
  if (tests.length === 0 && text.group === undefined)
    report(at, 'nothing to compare with', 'Write address, domain or in.');
  return tests;
}

function unknownList(name: string, at: Path, lists: ReadonlyMap<string, AddressSet>, report: Report): AddressSet {
  const near = nearest(name, [...lists.keys()]);
  const hint = near === null ? '' : `Did you mean "${near}"? `;
  report(at, `there is no list ${JSON.stringify(name)}`, `${hint}Lists are named under lists.`);
  return addressSet([]);
}

function union(sets: readonly AddressSet[]): AddressSet {
  const [only] = sets;
  if (sets.length === 1 && only !== undefined) return only;
  const all = (pick: (set: AddressSet) => ReadonlySet<string>) => new Set(sets.flatMap((set) => [...pick(set)]));
  return {
    addresses: all((set) => set.addresses),
    domains: all((set) => set.domains),
    parents: all((set) => set.parents),
  };
}

function compileHeader(text: HeaderText, at: Path, report: Report): Condition {
  if (!/^[!-9;-~]{1,100}$/.test(text.name))
    report([...at, 'name'], 'not the name of a header field', 'Write it like X-Label.');
  const matches: RE2JS[] = [];
  for (const pattern of text.matches ?? []) {
    const compiled = compilePattern(pattern);
    if (typeof compiled === 'string')
      report(
        [...at, 'matches'],
        `the regular expression cannot be used: ${compiled}`,
        'Write it as RE2 knows it: no look-around, no back-references.',
      );
    else matches.push(compiled);
  }
  const folded = (texts: readonly string[] | undefined) => (texts ?? []).map((each) => fold(each).text);
  if (folded(text.contains).includes(''))
    report([...at, 'contains'], 'nothing visible to look for', 'Write a text, or leave it out.');
  const test: HeaderTest = {
    name: text.name.toLowerCase(),
    is: folded(text.is),
    contains: folded(text.contains),
    matches,
  };
  return { kind: 'header', test };
}

/** The compiled pattern, or why there is none. */
function compilePattern(pattern: string): RE2JS | string {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) return error.message;
    throw error;
  }
}

function compileSize(
  size: { over?: number | undefined; under?: number | undefined },
  at: Path,
  report: Report,
): Condition {
  const { over = null, under = null } = size;
  if (over === null && under === null) report(at, 'nothing to compare with', 'Write over or under.');
  if (over !== null && under !== null && over >= under)
    report(at, 'no size is over the one and under the other', 'Swap the two.');
  return { kind: 'size', over, under };
}
