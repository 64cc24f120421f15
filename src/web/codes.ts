/**
 * The six-digit codes that prove control of the recipient's mailbox, and the words about where one was sent.
 * A code is stored only as an HMAC bound to the browser session and the delivery; counting tries is the database's work (PortalStore.tryCode).
 *
 * Limits: six digits, five tries a code and five codes an hour leave who holds the link 25 guesses in a million an hour.
 */
import { createHmac, randomInt } from 'node:crypto';

export const codeMinutes = 10;
export const codeTries = 5;
export const codesPerHour = 5;

/** Six digits, each of the million equally likely. */
export function newCode(): string {
  return randomInt(0, 1_000_000).toString().padStart(6, '0');
}

/** What a person typed, without the spaces and dashes people add; null when it is not six digits. */
export function readCode(typed: string): string | null {
  const digits = typed.slice(0, 40).replace(/[\s-]/g, '');
  return /^[0-9]{6}$/.test(digits) ? digits : null;
}

export function hashCode(key: Buffer, bound: { sessionHash: string; deliveryId: string }, code: string): string {
  return createHmac('sha256', key).update(`code\n${bound.sessionHash}\n${bound.deliveryId}\n${code}`).digest('hex');
}

/** "a***@clinic.example": enough to recognise one's own address, too little to learn another's. */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const [first = ''] = address.slice(0, at);
  return `${first}***@${address.slice(at + 1)}`;
}
