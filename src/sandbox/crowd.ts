/**
 * A lot of mail, as an organisation sends it in a week: most of it ordinary, some with a keyword, a near miss, a number that must not leave or a
 * file that holds one. The same mail every time, so that two runs can be compared.
 */
import type { Envelope } from './client.ts';
import { wordDocument, zip } from './files.ts';
import { addressOf, tenantDomain } from './world.ts';
import { type Attachment, write } from './write.ts';

export type CrowdMessage = { readonly envelope: Envelope; readonly messageId: string; readonly bytes: Buffer };

/** `count` messages, dated `now`; to people whose servers take mail at once. */
export function* crowd(count: number, now: number): Generator<CrowdMessage> {
  const pick = picker();
  for (let index = 0; index < count; index++) {
    const to = [...new Set([pick(people), ...(pick(tenths) < 3 ? [pick(people)] : [])])];
    const messageId = `<crowd-${index + 1}.${now}@${tenantDomain}>`;
    const attachments = pick(tenths) === 0 ? { attachments: [pick(files)()] } : {};
    const letter = { subject: pick(subjects), text: `Hello,\n\n${pick(texts)}\n\nAnna`, to, ...attachments };
    const envelope = { from: addressOf('Anna'), to: to.map(addressOf) };
    yield { envelope, messageId, bytes: write(letter, messageId, now) };
  }
}

const people = ['Paula', 'Gina', 'Petra', 'Simon', 'Erik', 'Nora', 'Felix'];
const tenths = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const subjects = [
  'Lunch on Thursday?',
  'Minutes of our meeting',
  'Re: Delivery dates',
  'Our offer until the end of the month',
  'The contract, second draft',
  '[secure] Your test results',
  '{secure} Your invoice',
  'RE: AW: Papers',
];
const texts = [
  'see you on Thursday.',
  'the minutes, as promised.',
  'nothing has changed.',
  'it is valid until the end of the month.',
  'please call me back.',
  'I booked with the card 4111 1111 1111 1111.',
  'the account is IBAN DE89 3704 0044 0532 0130 00.',
  'Project Nightjar begins in March.',
];
const files: readonly (() => Attachment)[] = [
  () => ({ name: 'notes.txt', type: 'text/plain', content: Buffer.from('Nothing of note.\r\n') }),
  () => ({
    name: 'form.docx',
    type: 'application/octet-stream',
    content: wordDocument('Social Security number: 536-90-4399'),
  }),
  () => ({ name: 'plans.zip', type: 'application/zip', content: zip({ 'plan.txt': Buffer.from('Monday, Tuesday') }) }),
];

/** Picks in an order that looks random and is always the same (a linear congruential generator). */
function picker(): <T>(from: readonly T[]) => T {
  let state = 20_260_101;
  return (from) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return from[Math.floor((state / 2 ** 32) * from.length)] as (typeof from)[number];
  };
}
