/**
 * Mail servers that answer a transaction in every way but the plain one (T-11), and what becomes of the recipients. transaction.test.ts asserts it,
 * the measurement tls-matrix prints it.
 */
import type { Transmission } from '../../src/deliver/pool.ts';
import type { Script } from './scripted-server.ts';

export type RemoteCase = {
  /** Made afresh for each run, because some remember. */
  readonly script: () => Script;
  readonly message?: Partial<Transmission> & { to?: readonly string[] };
  /** For each recipient, as `toMatchObject` takes it. */
  readonly outcomes: readonly object[];
  /** The same when the message is sent again. */
  readonly again?: readonly object[];
  /** How many whole messages the server got; 0 when left out. */
  readonly taken?: number;
  /** The parameters of MAIL; "nothing" when it was not said. */
  readonly mail?: string;
};

const delivered = { kind: 'delivered' };
const deferred = (status: string, more: object = {}) => ({ kind: 'deferred', status, ...more });
const refused = (status: string, more: object = {}) => ({ kind: 'failed', scope: 'recipient', status, ...more });

const replies: Record<string, string> = {
  full: '552 5.2.2 Mailbox full',
  gone: '550 5.1.1 No such user',
  grey: '451 4.7.1 Greylisted',
  later: '450 Busy',
  many: '452 4.5.3 Too many recipients',
  old: '552 Too many recipients',
  odd: '334 What?',
  plain: '550 No',
  spam: '554 5.7.1 Not from you',
};

/** What is said once to the message when it is complete; and what is said once in the middle of it. */
const toMessage = (answer: string | null) => () => ({ message: () => answer });
const inTheMiddle = (answer: string) => (): Script => {
  let said = false;
  const duringData = (octets: number) => {
    if (said || octets < 10_000) return undefined;
    said = true;
    return answer;
  };
  return { duringData };
};
/** A message of two megabytes that comes in pieces. */
const long: Partial<Transmission> = {
  size: null,
  body: async function* () {
    for (let index = 0; index < 2_000; index++) yield Buffer.from(`${'x'.repeat(998)}\r\n`.repeat(64));
  },
};
const mayArriveTwice = { reason: /arrive twice/ };
const offering = (...offers: string[]) => ({ script: () => ({ offers }) });
const taken = { outcomes: [delivered], taken: 1 };

export const remoteCases: Record<string, RemoteCase> = {
  'greylisting: 451, then 250': {
    script: () => {
      let tries = 0;
      return { answer: (verb) => (verb === 'RCPT' && tries++ === 0 ? '451 4.7.1 Greylisted' : undefined) };
    },
    outcomes: [deferred('4.7.1')],
    again: [delivered],
    taken: 1,
  },
  'an answer of its own for each recipient': {
    script: () => ({
      answer: (verb, line) => (verb === 'RCPT' ? replies[/<([^@]*)@/.exec(line)?.[1] ?? ''] : undefined),
    }),
    message: { to: ['ok', ...Object.keys(replies)].map((local) => `${local}@mx.example`) },
    outcomes: [
      delivered,
      refused('5.2.2'),
      refused('5.1.1', { reason: 'mx.example answered 550 5.1.1 No such user' }),
      deferred('4.7.1', { remote: { reply: '451 4.7.1 Greylisted' } }),
      deferred('4.2.0'),
      deferred('4.5.3'),
      deferred('4.5.3'),
      deferred('4.5.0'),
      refused('5.1.1'),
      refused('5.7.1'),
    ],
    taken: 1,
  },
  '421 in the middle of DATA': {
    script: inTheMiddle('421 4.3.2 Going down'),
    message: long,
    outcomes: [deferred('4.3.2')],
  },
  '552 in the middle of DATA': {
    script: inTheMiddle('552 5.3.4 Too big'),
    message: long,
    outcomes: [refused('5.3.4')],
  },
  '250 in the middle of DATA': { script: inTheMiddle('250 2.0.0 Fine'), message: long, outcomes: [deferred('4.5.0')] },
  'a drop in the middle of DATA': { script: inTheMiddle('close'), message: long, outcomes: [deferred('4.4.2')] },
  'a reset in the middle of DATA': { script: inTheMiddle('reset'), message: long, outcomes: [deferred('4.4.2')] },
  'a drop after the final dot': {
    script: toMessage('close'),
    outcomes: [deferred('4.4.2', mayArriveTwice)],
    taken: 1,
  },
  'no answer to the final dot in time': {
    script: toMessage(null),
    outcomes: [deferred('4.4.2', mayArriveTwice)],
    taken: 1,
  },
  '452 to the message': {
    script: toMessage('452 4.3.1 Full'),
    outcomes: [deferred('4.3.1', { remote: { reply: '452 4.3.1 Full' } })],
    taken: 1,
  },
  '554 to the message': { script: toMessage('554 5.7.1 Spam'), outcomes: [refused('5.7.1')], taken: 1 },
  '554 to the message, without a status': { script: toMessage('554 Spam'), outcomes: [refused('5.0.0')], taken: 1 },
  '421 to the message': { script: toMessage('421 4.3.2 Bye'), outcomes: [deferred('4.3.2')], taken: 1 },
  'every answer octet by octet, slower than we wait': {
    script: () => ({ pace: 30 }),
    outcomes: [deferred('4.4.2', { reason: 'mx.example did not answer in time.' })],
  },
  '8BITMIME offered': { ...offering('8BITMIME'), message: { eightBit: true }, ...taken, mail: ' BODY=8BITMIME' },
  '8BITMIME not offered, 8-bit message': { ...offering(), message: { eightBit: true }, ...taken, mail: '' },
  'SMTPUTF8 offered': { ...offering('SMTPUTF8'), message: { utf8: true }, ...taken, mail: ' SMTPUTF8' },
  'SMTPUTF8 not offered, UTF-8 header': {
    ...offering('8BITMIME'),
    message: { utf8: true },
    outcomes: [refused('5.6.7')],
    mail: 'nothing',
  },
  'SMTPUTF8 not offered, UTF-8 sender': {
    ...offering(),
    message: { mailFrom: 'jürgen@corp.example' },
    outcomes: [{ kind: 'failed', status: '5.6.7' }],
    mail: 'nothing',
  },
  'SIZE large enough': { ...offering('SIZE 1000'), ...taken, mail: ' SIZE=46' },
  'SIZE too small': { ...offering('SIZE 10'), outcomes: [refused('5.3.4')], mail: 'nothing' },
  'SIZE without a number': { ...offering('SIZE'), ...taken, mail: ' SIZE=46' },
  'SIZE with nonsense': { ...offering('SIZE lots'), ...taken, mail: ' SIZE=46' },
};
