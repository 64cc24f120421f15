/**
 * The six-digit codes that prove control of the recipient's mailbox. A code is stored only as an HMAC bound to the delivery; counting tries is the
 * database's work (PortalStore.tryCode).
 *
 * Limits: six digits, five tries a code and six codes an hour, and ten tries an hour, at the codes of that hour, from devices that asked for none, leave
 * who holds the link (256 bits) at most ninety chances in a million an hour, each code announced in the mailbox; and who holds many links to one
 * address no more than three times that. Who holds the link from two networks can use up the codes of an hour.
 */
import { createHmac, randomInt } from 'node:crypto';

export const codeMinutes = 10;
export const codeTries = 5;
/** Codes an hour about one message: in all, and as many as one network may ask for, so that it leaves some to others. */
export const codesPerHour = 6;
export const codesPerNetwork = 4;
/** Codes an hour to one address, whatever they open. */
export const codesPerAddress = 20;
/** Tries an hour at one message from browsers that asked for no code themselves. */
export const foreignTries = 10;
/** Milliseconds before another code is mailed: mail takes its time, and the newest one counts. */
export const codePause = 30_000;

/** Six digits, each of the million equally likely. */
export function newCode(): string {
  return randomInt(0, 1_000_000).toString().padStart(6, '0');
}

/** What a person typed, without the spaces and dashes people add; null when it is not six digits. */
export function readCode(typed: string): string | null {
  const digits = typed.slice(0, 40).replace(/[\s-]/g, '');
  return /^[0-9]{6}$/.test(digits) ? digits : null;
}

export function hashCode(key: Buffer, delivery: string, code: string): string {
  return createHmac('sha256', key).update(`code\n${delivery}\n${code}`).digest('hex');
}

/** "r***@clinic.example": enough to recognise one's own address, too little to learn another's. */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const [first = ''] = address.slice(0, at);
  return `${first}***@${address.slice(at + 1)}`;
}
