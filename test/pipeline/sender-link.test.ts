/** Links to senders: only ours, and each for its own purpose. */
import { randomBytes, randomUUIDv7 } from 'node:crypto';
import { expect, test } from 'vitest';
import { readSenderToken, senderToken } from '../../src/pipeline/sender-link.ts';

const key = randomBytes(32);
const id = randomUUIDv7();
const token = senderToken(key, { to: 'sent', id });

test('is read again', () => {
  expect(readSenderToken(key, 'sent', token)).toEqual({ to: 'sent', id });
});

test.each([
  ['another purpose', () => readSenderToken(key, 'access', token)],
  ['another key', () => readSenderToken(randomBytes(32), 'sent', token)],
  ['another message', () => readSenderToken(key, 'sent', token.replace(id, randomUUIDv7()))],
  [
    'a changed character',
    () => readSenderToken(key, 'sent', `${token.slice(0, -2)}${token.at(-2) === 'A' ? 'B' : 'A'}${token.at(-1)}`),
  ],
  ['cut short', () => readSenderToken(key, 'sent', token.slice(0, -1))],
  ['nothing', () => readSenderToken(key, 'sent', '')],
])('not with %s', (_, read) => {
  expect(read()).toBeNull();
});
