/**
 * The codes that prove control of the recipient's mailbox. A code is stored only as an HMAC bound to the delivery; counting tries is the database's work
 * (PortalStore.tryCode).
 *
 * Who holds a link can ask for codes until no more are mailed, so the last one that may be mailed within an hour is a long one. Nobody can guess it: it is
 * good for that hour, in any browser, at every message of the address, and no tries at it are counted. So there is always one that can be mailed or one
 * in the mailbox that still works, and nobody who reads the mailbox is kept out.
 *
 * Limits: six digits, five tries a code and six codes an hour, and ten tries an hour, at the codes of that hour, from devices that asked for none, leave
 * who holds the link (256 bits) at most ninety chances in a million an hour, each code announced in the mailbox; and who holds many links to one
 * address no more than three times that. Who deleted the letter with the long code waits for the next hour.
 */
import { createHmac, randomInt } from 'node:crypto';
import type { PortalAddress } from '../store/portal-port.ts';

export const codeMinutes = 10;
/** Digits of a code: what people type without a thought, and 53 bits. */
const digits = { short: 6, long: 16 } as const;
export type CodeLength = keyof typeof digits;
export const longCodeMinutes = 60;
export const codeTries = 5;
/** Codes an hour about one message. */
export const codesPerHour = 6;
/** Codes an hour to one address, whatever they open. */
export const codesPerAddress = 20;
/** Tries an hour at one message from browsers that asked for no code themselves. */
export const foreignTries = 10;
/** Milliseconds before another code is mailed: mail takes its time, and the newest one counts. */
export const codePause = 30_000;

/** Digits, each code of a length equally likely. */
export function newCode(length: CodeLength = 'short'): string {
  return Array.from({ length: digits[length] }, () => randomInt(0, 10)).join('');
}

/** As people read it best: a long one in groups of four. */
export function groupedCode(code: string): string {
  return code.length === digits.long ? code.replace(/(.{4})(?=.)/g, '$1 ') : code;
}

/** What a person typed, without the spaces and dashes people add; null when it has not as many digits. */
export function readCode(typed: string, length: CodeLength = 'short'): string | null {
  const code = typed.slice(0, 40).replace(/[\s-]/g, '');
  return /^[0-9]+$/.test(code) && code.length === digits[length] ? code : null;
}

/** What a long code opens, for hashCode: all that is the address's, as a reader's and as a sender's. */
export function reachOf({ tenant, address }: PortalAddress): string {
  return `${tenant} ${address}`;
}

/** `of`: what the code opens. */
export function hashCode(key: Buffer, of: string, code: string): string {
  return createHmac('sha256', key).update(`code\n${of}\n${code}`).digest('hex');
}

/** "r***@clinic.example": enough to recognise one's own address, too little to learn another's. */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const [first = ''] = address.slice(0, at);
  return `${first}***@${address.slice(at + 1)}`;
}
