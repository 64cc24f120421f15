/**
 * Conditions on attachments, members of archives included. Name, extension, type and encryption must all hold of the same one; what its
 * text holds is asked of all attachments together, since the scan counts by message.
 *
 * Names are compared folded (keyword.ts), without spaces, and without the dots at their end, which Windows drops. A type is what the octets say or what the
 * message declares: either is enough. In names and types `*` stands for any characters and `?` for one.
 */
import { RE2JS } from 're2js';
import type * as z from 'zod';
import * as kinds from '../../config/kinds.ts';
import { type Path, section } from '../../config/yaml.ts';
import { all, type Condition, type Judgement, judgementOf, messageTest, unknown } from '../conditions.ts';
import type { AttachmentFact, Facts } from '../facts.ts';
import { fold } from '../keyword.ts';
import type { Report } from '../lists.ts';
import { compileTexts, textShape } from './text.ts';
import { compileCount, words } from './values.ts';

export const attachmentSchema = section({
  name: words('a file name').optional(),
  extension: words('a file extension').optional(),
  type: words('a media type').optional(),
  encrypted: kinds.flag().optional(),
  ...textShape,
});

type Attachment = { readonly fact: AttachmentFact; readonly name: string };
type AttachmentTest = (attachment: Attachment) => boolean;

export function compileAttachment(text: z.output<typeof attachmentSchema>, at: Path, report: Report): Condition {
  const tests: AttachmentTest[] = [];
  if (text.name !== undefined) {
    const fits = wildcards(text.name.map((name) => nameOf(name)));
    tests.push(({ name }) => fits(name));
  }
  if (text.extension !== undefined) tests.push(compileExtensions(text.extension, [...at, 'extension'], report));
  if (text.type !== undefined) tests.push(compileTypes(text.type, [...at, 'type'], report));
  if (text.encrypted !== undefined) tests.push(({ fact }) => fact.encrypted === text.encrypted);
  const of: Condition[] = [];
  if (tests.length > 0) of.push(attachmentTest(tests));
  if (text.contains !== undefined || text.matches !== undefined) of.push(compileTexts('attachments', text, at, report));
  if (of.length === 0)
    report(at, 'nothing to compare with', 'Write name, extension, type, encrypted, contains or matches.');
  return all(of);
}

const none: Judgement = { holds: false, reason: 'the message has no attachment' };
const judgement = judgementOf('an attachment is as the rule describes', 'no attachment is as the rule describes');

function attachmentTest(tests: readonly AttachmentTest[]): Condition {
  return messageTest(
    (facts, reading) => {
      if (facts.attachments.length === 0) return none;
      const found = attachmentsOf(facts).some((attachment) => tests.every((test) => test(attachment)));
      // Types, passwords and members of archives are seen by looking through the content.
      if (!found && facts.findings === null) return unknown(reading, 'an attachment is as the rule describes');
      return judgement(found);
    },
    { restsOn: ['structure'] },
  );
}

function compileExtensions(texts: readonly string[], at: Path, report: Report): AttachmentTest {
  const endings = texts.map((text) => `.${nameOf(text).replace(/^\*?\./, '')}`);
  const strange = endings.findIndex((ending) => /^\.$|[*?/]/.test(ending));
  if (strange !== -1)
    report(texts.length === 1 ? at : [...at, strange], 'not a file extension', 'Write it like exe or tar.gz.');
  return ({ name }) => endings.some((ending) => name.endsWith(ending));
}

function compileTypes(texts: readonly string[], at: Path, report: Report): AttachmentTest {
  const strange = texts.findIndex((text) => !/[/*]/.test(text));
  if (strange !== -1)
    report(texts.length === 1 ? at : [...at, strange], 'not a media type', 'Write it like application/pdf or image/*.');
  const fits = wildcards(texts.map((text) => text.toLowerCase()));
  return ({ fact }) => fits(fact.type) || (fact.detected !== null && fits(fact.detected));
}

/** Whether a text fits one of the patterns as a whole. */
function wildcards(patterns: readonly string[]): (text: string) => boolean {
  const wild = (pattern: string): boolean => /[*?]/.test(pattern);
  const exact = new Set(patterns.filter((pattern) => !wild(pattern)));
  const compiled = patterns.filter(wild).map((pattern) => {
    const expression = RE2JS.quote(pattern).replaceAll('\\*', '.*').replaceAll('\\?', '.');
    return RE2JS.compile(expression, RE2JS.DOTALL);
  });
  return (text) => exact.has(text) || compiled.some((expression) => expression.testExact(text));
}

function nameOf(name: string): string {
  const text = fold(name).text.replaceAll(' ', '');
  let end = text.length;
  while (end > 0 && text[end - 1] === '.') end -= 1;
  return text.slice(0, end);
}

const known = new WeakMap<Facts, readonly Attachment[]>();

/** With names folded once for all rules. */
function attachmentsOf(facts: Facts): readonly Attachment[] {
  let attachments = known.get(facts);
  if (attachments === undefined) {
    attachments = facts.attachments.map((fact) => ({ fact, name: nameOf(fact.name) }));
    known.set(facts, attachments);
  }
  return attachments;
}

/** `attachments`: those of the message itself; what lies in an archive does not count. */
export const compileAttachments = compileCount(
  'attachments',
  (facts) => facts.attachments.filter((attachment) => !attachment.member).length,
  ['structure'],
);
