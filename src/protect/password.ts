/**
 * What people remember, kept so that nobody can read it back: argon2id, in the string form of its reference implementation
 * ($argon2id$v=19$m=...,t=...,p=...$salt$hash), so that the cost can be raised and old hashes still be checked.
 *
 * The work is meant to be expensive, so only `atOnce` are under way: files and names are read by the same few threads. Who checks waits in a line that
 * has an end.
 *
 * Standards: RFC 9106 (Argon2).
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2);

type Cost = { readonly memory: number; readonly passes: number; readonly parallelism: number };

/** 19 MiB and two passes, the least OWASP's Password Storage Cheat Sheet asks for: about 30 ms of one processor. Memory is in KiB. */
const cost: Cost = { memory: 19_456, passes: 2, parallelism: 1 };
/** What a stored hash may ask of us. */
const maxCost: Cost = { memory: 1_048_576, passes: 20, parallelism: 16 };

const atOnce = 2;
/** About three seconds of waiting. */
const longestLine = 150;

/** So many want a password checked that this one was not; nothing is known of it. */
export class TooManyPasswords extends Error {}

/** The hash of a password, or of any answer, as text for a database. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await tag(password, salt, cost);
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${plain(salt)}$${plain(hash)}`;
}

/** Whether this is the password; false for a hash that cannot be read. Rejects with TooManyPasswords. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const found =
    /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{16,88})\$([A-Za-z0-9+/]{43})$/.exec(stored);
  if (found === null) return false;
  const [memory = 0, passes = 0, parallelism = 0] = found.slice(1, 4).map(Number);
  if (memory > maxCost.memory || passes > maxCost.passes || parallelism > maxCost.parallelism) return false;
  refuseWhenLong();
  const expected = Buffer.from(found[5] ?? '', 'base64');
  const is = await tag(password, Buffer.from(found[4] ?? '', 'base64'), { memory, passes, parallelism });
  return timingSafeEqual(is, expected);
}

/** Costs what a check costs, where there is nothing to check: an answer must not tell by its time whether somebody exists. Rejects with TooManyPasswords. */
export async function pretendToVerify(password: string): Promise<false> {
  refuseWhenLong();
  await tag(password, randomBytes(16), cost);
  return false;
}

/** Unicode in one form: the same keys on two keyboards give the same octets. */
async function tag(password: string, nonce: Buffer, { memory, passes, parallelism }: Cost): Promise<Buffer> {
  const message = Buffer.from(password.normalize('NFKC'), 'utf8');
  if (working === atOnce) await new Promise<void>((resolve) => line.push(resolve));
  else working += 1;
  try {
    return await derive('argon2id', { message, nonce, parallelism, memory, passes, tagLength: 32 });
  } finally {
    // The place goes to who is next, or is free.
    const next = line.shift();
    if (next === undefined) working -= 1;
    else next();
  }
}

let working = 0;
const line: (() => void)[] = [];

function refuseWhenLong(): void {
  if (line.length >= longestLine) throw new TooManyPasswords();
}

function plain(octets: Buffer): string {
  return octets.toString('base64').replaceAll('=', '');
}
