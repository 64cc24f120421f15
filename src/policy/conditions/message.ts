/**
 * Conditions on the message as a whole: its kind (flags, report), its size, what the sender's program says of it (sensitivity, importance,
 * labels), its thread, and whether it could be looked through.
 */
import * as z from 'zod';
import * as kinds from '../../config/kinds.ts';
import { says } from '../../config/yaml.ts';
import { type Condition, judgementOf, messageTest, not } from '../conditions.ts';
import type { Doubt, Facts } from '../facts.ts';
import { fold } from '../keyword.ts';
import { type Level, levels } from '../verdict.ts';
import { compileCount, oneOrMore, words } from './values.ts';

/** Clauses for yes and no, and what the flag rests on. */
const flags = {
  forwarded: ['the message is forwarded', 'the message is not forwarded', 'from'],
  autoSubmitted: ['the message was sent by a program', 'the message was not sent by a program', null],
  calendar: ['the message has a calendar entry', 'the message has no calendar entry', 'structure'],
  signed: ['the message is signed', 'the message is not signed', 'structure'],
  encrypted: ['the message is already encrypted', 'the message is not encrypted yet', 'structure'],
  rightsProtected: ['the message is rights-protected', 'the message is not rights-protected', 'structure'],
  tnef: ['the message has a winmail.dat', 'the message has no winmail.dat', 'structure'],
} as const;
export type FlagName = keyof typeof flags;
export const flagNames = Object.keys(flags) as FlagName[];

export function compileFlag(name: FlagName, is: boolean): Condition {
  const [yes, no, doubt] = flags[name];
  const judgement = is ? judgementOf(yes, no) : judgementOf(no, yes);
  return messageTest((facts) => judgement(facts[name] === is), { restsOn: doubt === null ? [] : [doubt] });
}

const reports = ['dsn', 'mdn', 'other'] as const satisfies readonly NonNullable<Facts['report']>[];
export const reportSchema = z.union([kinds.flag(), oneOrMore(kinds.choice(reports), 'a kind of report')], {
  error: says('true, false, or dsn, mdn, other', 'Write true, false or [dsn, mdn].'),
});

export function compileReport(text: z.output<typeof reportSchema>): Condition {
  const wanted = typeof text === 'boolean' ? reports : text;
  const test = messageTest(
    ({ report }) =>
      report === null
        ? { holds: false, reason: 'the message is not a report' }
        : { holds: wanted.includes(report), reason: `the message is a report (${report})` },
    { restsOn: ['structure'] },
  );
  return text === false ? not(test) : test;
}

export const compileSize = compileCount('octets', (facts) => facts.size);

const sensitivities = ['normal', 'personal', 'private', 'company-confidential'] as const;
const importances = ['low', 'normal', 'high'] as const;
export const sensitivitySchema = oneOrMore(kinds.choice(sensitivities), 'a sensitivity');
export const importanceSchema = oneOrMore(kinds.choice(importances), 'an importance');

/** `sensitivity` or `importance`, as the sender's program marks the message. */
export function compileMark(name: 'sensitivity' | 'importance', wanted: readonly string[]): Condition {
  return messageTest((facts) => ({
    holds: wanted.includes(facts[name]),
    reason: `the message is marked ${name} ${facts[name]}`,
  }));
}

export const labelSchema = words('the name or the id of a label');

export function compileLabel(texts: readonly string[]): Condition {
  const wanted = new Set(texts.map((text) => fold(text).text));
  const names = texts.map((text) => `"${text}"`).join(' or ');
  return messageTest(({ labels }) => {
    const holds = labels.some(({ id, name }) => wanted.has(fold(id).text) || wanted.has(fold(name).text));
    return { holds, reason: `the message ${holds ? 'has' : 'does not have'} the label ${names}` };
  });
}

const threadLevels = ['transport', 'message', 'portal'] as const;
export const threadSchema = z.union([kinds.flag(), kinds.choice(threadLevels)], {
  error: says('true, false or a level', `Write true, or one of ${threadLevels.join(', ')}.`),
});

/** True means: protected in the mailbox too, which is what an answer would give away. */
export function compileThread(text: z.output<typeof threadSchema>): Condition {
  const least: Level = typeof text === 'boolean' ? 'message' : text;
  const test = messageTest(({ thread }) => {
    if (thread === null) return { holds: false, reason: 'no earlier message of the thread was protected' };
    const holds = levels.indexOf(thread) >= levels.indexOf(least);
    return {
      holds,
      reason: `an earlier message of the thread left at level ${thread}${holds ? '' : `, not ${least}`}`,
    };
  });
  return text === false ? not(test) : test;
}

const doubts = ['limits', 'content', 'password', 'structure', 'from', 'subject'] as const satisfies readonly Doubt[];
export const unscannableSchema = z.union([kinds.flag(), oneOrMore(kinds.choice(doubts), 'a kind of doubt')], {
  error: says('true, false, or kinds of doubt', `Write true, false or some of ${doubts.join(', ')}.`),
});

export function compileUnscannable(text: z.output<typeof unscannableSchema>): Condition {
  if (typeof text !== 'boolean') {
    const names = text.join(' or ');
    return messageTest(
      (facts) => {
        const holds = facts.doubts.some((doubt) => text.includes(doubt));
        return { holds, reason: `the message ${holds ? 'cannot' : 'can'} be looked through (${names})` };
      },
      { answers: text },
    );
  }
  return messageTest(
    (facts) => {
      const cannot = facts.unscannable !== null;
      return { holds: cannot === text, reason: `the message ${cannot ? 'cannot' : 'can'} be looked through` };
    },
    { answers: text ? doubts : [] },
  );
}
