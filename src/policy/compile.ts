/**
 * `when` as people write it, and its compilation into conditions, exactly once: keys are ANDed, the values of a list are ORed; `any`,
 * `all` and `not` combine. What each key means stands in conditions/, a file by topic, with its shape, its compilation and its judgement.
 */
import * as z from 'zod';
import * as kinds from '../config/kinds.ts';
import { type Path, says, section } from '../config/yaml.ts';
import type { AddressSet } from './addresses.ts';
import * as addresses from './conditions/addresses.ts';
import * as attachments from './conditions/attachments.ts';
import * as detects from './conditions/detects.ts';
import * as message from './conditions/message.ts';
import * as text from './conditions/text.ts';
import { compileTime, timeSchema } from './conditions/time.ts';
import { countSchema, oneOrMore, sizeSchema } from './conditions/values.ts';
import { all, any, type Condition, not } from './conditions.ts';
import type { Report } from './lists.ts';

/** What conditions may call by name: the policy's lists and its own detectors. */
export type Named = { readonly lists: ReadonlyMap<string, AddressSet>; readonly detectors: detects.Detectors };

const flag = kinds.flag().optional();

const tests = {
  always: z.literal(true, { error: says('true', 'Write always: true for every message, or another condition.') }),
  subject: text.subjectSchema,
  keyword: text.keywordSchema,
  body: text.textSchema,
  content: text.textSchema,
  header: oneOrMore(text.headerSchema, 'a header with its name'),
  recipient: addresses.addressSchema,
  sender: addresses.addressSchema,
  recipients: countSchema,
  externalDomains: countSchema,
  detects: detects.detectsSchema,
  attachment: attachments.attachmentSchema,
  attachments: countSchema,
  size: sizeSchema,
  sensitivity: message.sensitivitySchema,
  importance: message.importanceSchema,
  label: message.labelSchema,
  report: message.reportSchema,
  thread: message.threadSchema,
  time: timeSchema,
  unscannable: message.unscannableSchema,
};
const testsSchema = section(tests).partial();

/** A `when` whose shape is right. */
export type When = z.output<typeof testsSchema> & { readonly [name in message.FlagName]?: boolean | undefined } & {
  all?: readonly When[] | undefined;
  any?: readonly When[] | undefined;
  not?: When | undefined;
};

export const whenSchema: z.ZodType<When> = z.lazy(() =>
  section({
    ...testsSchema.shape,
    forwarded: flag,
    autoSubmitted: flag,
    calendar: flag,
    signed: flag,
    encrypted: flag,
    rightsProtected: flag,
    tnef: flag,
    all: conditionList().optional(),
    any: conditionList().optional(),
    not: whenSchema.optional(),
  }),
);

function conditionList() {
  return kinds.listOf(whenSchema, 'a list of conditions', 1, 1000);
}

/** Compiles one `when`. When something was reported, the condition is not to be used. */
export function compileWhen(when: When, at: Path, report: Report, named: Named): Condition {
  const of: Condition[] = [];
  /** One key, when it is written. */
  const take = <Key extends keyof When>(
    key: Key,
    compile: (written: NonNullable<When[Key]>, path: Path) => Condition,
  ): void => {
    const written = when[key];
    if (written !== undefined) of.push(compile(written, [...at, key]));
  };
  const texts = (place: 'body' | 'everywhere') => (written: text.Texts, path: Path) =>
    text.compileTexts(place, written, path, report);
  take('subject', (written, path) => text.compileSubject(written, path, report));
  take('keyword', (written, path) => text.compileKeyword(written, path, report));
  take('header', (written, path) => compileHeaders(written, path, report));
  take('recipient', (written, path) => addresses.compileRecipient(written, path, report, named.lists));
  take('sender', (written, path) => addresses.compileSender(written, path, report, named.lists));
  take('recipients', (written, path) => addresses.compileRecipients(written, path, report));
  take('externalDomains', (written, path) => addresses.compileExternalDomains(written, path, report));
  take('size', (written, path) => message.compileSize(written, path, report));
  take('report', message.compileReport);
  take('sensitivity', (written) => message.compileMark('sensitivity', written));
  take('importance', (written) => message.compileMark('importance', written));
  take('label', message.compileLabel);
  take('thread', message.compileThread);
  take('time', (written, path) => compileTime(written, path, report));
  for (const name of message.flagNames) take(name, (is) => message.compileFlag(name, is));
  take('unscannable', message.compileUnscannable);
  take('attachments', (written, path) => attachments.compileAttachments(written, path, report));
  take('attachment', (written, path) => attachments.compileAttachment(written, path, report));
  take('detects', (written, path) => detects.compileDetects(written, path, report, named.detectors));
  take('body', texts('body'));
  take('content', texts('everywhere'));
  const inner = (written: readonly When[], path: Path): Condition[] =>
    written.map((each, index) => compileWhen(each, [...path, index], report, named));
  take('all', (written, path) => all(inner(written, path)));
  take('any', (written, path) => any(inner(written, path)));
  take('not', (written, path) => not(compileWhen(written, path, report, named)));
  return all(of);
}

/** Several headers are ORed. */
function compileHeaders(written: NonNullable<When['header']>, at: Path, report: Report): Condition {
  const several = written.length > 1;
  return any(written.map((each, index) => text.compileHeader(each, several ? [...at, index] : at, report)));
}
