/**
 * What sender and recipient agreed on, as the sender's program hands it to us: `X-Postern-Passphrase: rainbow`, and where the answer is to a
 * question `X-Postern-Question: Where did we meet?` beside it. Both are for us alone: no copy that leaves has them, and policy does not see them.
 */
import { type Field, valuesOf } from './header.ts';

export const agreedFields = ['X-Postern-Passphrase', 'X-Postern-Question'] as const;

/** Characters of either. */
const longest = 200;

export type Agreed = { readonly question: string; readonly answer: string };

/** Null when the message came without. */
export function agreedIn(fields: readonly Field[]): Agreed | null {
  const [answer = '', question = ''] = agreedFields.map((name) => (valuesOf(fields, name)[0] ?? '').trim());
  return answer === '' ? null : { question: question.slice(0, longest), answer: plainAnswer(answer) };
}

/** An answer as it is compared: case, and how many spaces, make no difference. */
export function plainAnswer(text: string): string {
  return text.slice(0, longest).trim().replaceAll(/\s+/g, ' ').toLowerCase();
}

export function isAgreedField(name: string): boolean {
  return agreedFields.some((field) => field.toLowerCase() === name.toLowerCase());
}
