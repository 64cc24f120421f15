/**
 * `postern keys`: the keyring of recipients' OpenPGP keys and certificates. Listing is keys-list.ts, the tenant's own keys keys-own.ts.
 *
 *   list [WHO] [--waiting]   what is trusted, since when and why, and what waits for a decision; WHO is part of an address
 *   show ID                  all about one, and the key itself
 *   import FILE              what a person imports is trusted, unless it contradicts what a person said before
 *   trust ID                 use it, in place of the one it came as a change of
 *   pin ID                   this one and no other, whatever is found later
 *   reject ID                never use it, however often it is found
 *   check [ADDRESS]          look again: whether certificates are still good, and whether there is a key for this address
 *
 * The passphrase of a PKCS #12 file comes from POSTERN_PASSPHRASE.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Config } from '../config/config.ts';
import { passphrase } from '../config/load.ts';
import { decisionOn, type Word } from '../keys/decision.ts';
import { readKeyFile } from '../keys/import.ts';
import { judgeFound } from '../keys/trust.ts';
import { titleOf } from '../keys/words.ts';
import { addressKey, canonicalAddress } from '../mail/address.ts';
import type { KeyRow } from '../store/key-port.ts';
import type { Store } from '../store/store.ts';
import { createKeyCheck, createKeySearch } from './key-search.ts';
import { keyLine, list, listed, noSuchKey, show } from './keys-list.ts';
import { createOutbound } from './outbound.ts';
import { printable, printJson } from './output.ts';
import { openStorage } from './storage.ts';
import { UsageError } from './usage.ts';

export type KeysOptions = { readonly json: boolean; readonly waiting: boolean };

export async function keys(config: Config, words: readonly string[], options: KeysOptions): Promise<number> {
  const [verb = 'list', argument, ...more] = words;
  if (more.length > 0) throw new UsageError('postern keys takes one FILE, ADDRESS or ID.');
  const { json } = options;
  const { store, close } = await openStorage(config);
  try {
    switch (verb) {
      case 'list':
        return await list(store, argument, options);
      case 'show':
        return await show(store, needed(argument, 'show needs an ID from postern keys list'), json);
      case 'import':
        return await importFile(store, needed(argument, 'import needs a FILE'), json);
      case 'trust':
      case 'pin':
      case 'reject':
        return await decide(store, needed(argument, `${verb} needs an ID from postern keys list`), verb, json);
      case 'check':
        return await check(config, store, argument, json);
      default:
        throw new UsageError(
          `postern keys knows list, show, import, trust, pin, reject, check and own, not "${printable(verb)}".`,
        );
    }
  } finally {
    await close();
  }
}

function needed(argument: string | undefined, otherwise: string): string {
  if (argument === undefined) throw new UsageError(`postern keys ${otherwise}.`);
  return argument;
}

async function importFile(store: Store, file: string, json: boolean): Promise<number> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch {
    process.stderr.write(`${printable(file)} cannot be read. Check the path and who may read the file.\n`);
    return 1;
  }
  const read = await readKeyFile(bytes, passphrase());
  const addresses = [...new Set(read.entries.map((entry) => entry.address))];
  const existing = (await Promise.all(addresses.map((address) => store.keysFor(address)))).flat();
  const from = { source: 'import', where: basename(file), now: Date.now() } as const;
  const { rows, changes, events } = judgeFound(read.entries, existing, from);
  await store.insertKeys(rows, events);
  for (const { id, change } of changes) await store.updateKey(id, change, []);
  for (const problem of read.problems) process.stderr.write(`${printable(problem)}\n`);
  if (read.problems.some((problem) => problem.includes('passphrase')))
    process.stderr.write('Put the passphrase into the environment variable POSTERN_PASSPHRASE.\n');
  const after = (await Promise.all(addresses.map((address) => store.keysFor(address)))).flat();
  const known = existing.filter((row) => read.entries.some((entry) => isSame(row, entry)));
  if (json) printJson({ imported: listed(rows, from.now).map(keyLine), problems: read.problems });
  else {
    for (const { note } of read.entries) if (note !== '') process.stdout.write(`${printable(note)}\n`);
    for (const { id } of rows) process.stdout.write(`${imported(after.find((row) => row.id === id))}\n`);
    for (const { id } of known) process.stdout.write(`already here: ${imported(after.find((row) => row.id === id))}\n`);
    if (read.entries.length === 0) process.stdout.write('Nothing was imported.\n');
  }
  return read.entries.length === 0 ? 1 : 0;
}

function imported(row: KeyRow | undefined): string {
  if (row === undefined) return '';
  const waits = row.state === 'pending' ? `; to use it: postern keys trust ${row.id}` : '';
  return `${row.state}: ${titleOf(row)} for ${printable(row.address)} (${row.id})${waits}`;
}

function isSame(row: KeyRow, entry: Pick<KeyRow, 'kind' | 'address' | 'fingerprint'>): boolean {
  return row.kind === entry.kind && row.address === entry.address && row.fingerprint === entry.fingerprint;
}

async function decide(store: Store, id: string, word: Word, json: boolean): Promise<number> {
  const row = await store.findKey(id);
  if (row === null) return noSuchKey(id, json);
  const now = Date.now();
  const changes = await store.decideKeys(row.address, (rows) => {
    const asItIs = rows.find((each) => each.id === id);
    return asItIs === undefined ? [] : decisionOn(asItIs, rows, word, now);
  });
  const after = listed(await store.keysFor(row.address), now);
  const own = after.find((each) => each.row.id === id);
  const retired = changes.filter(({ id: changed }) => changed !== id).map(({ id: changed }) => changed);
  if (json)
    printJson({
      key: id,
      state: own?.row.state ?? null,
      trust: own?.row.trust ?? null,
      used: own?.standing.kind === 'used',
      retired,
    });
  else {
    const done = { trust: 'Trusted', pin: 'Pinned', reject: 'Rejected' }[word];
    process.stdout.write(`${done}: ${titleOf(row)} for ${printable(row.address)}\n`);
    for (const { row: other } of after.filter(({ row: each }) => retired.includes(each.id)))
      process.stdout.write(`No longer ${other.state === 'rejected' ? 'used' : 'pinned'}: ${titleOf(other)}\n`);
    if (word !== 'reject' && own?.standing.why != null)
      process.stdout.write(`It is not used all the same, as ${own.standing.why}.\n`);
  }
  return 0;
}

/** Certificates that are checked at once. */
const atOnce = 8;

async function check(config: Config, store: Store, argument: string | undefined, json: boolean): Promise<number> {
  const address = argument === undefined ? null : canonicalAddress(argument);
  if (argument !== undefined && address === null)
    throw new UsageError(`postern keys check takes a mail address, not "${printable(argument)}".`);
  const outbound = createOutbound(config, store);
  try {
    const emit = () => {};
    const { statusOf, fresh } = createKeyCheck(config, outbound, { store, emit });
    const before = address === null ? await store.listKeys() : await store.keysFor(addressKey(address));
    for (let at = 0; at < before.length; at += atOnce) await fresh(before.slice(at, at + atOnce), 'now');
    const finding = { store, check: statusOf, fresh, emit, now: Date.now, keep: true };
    const notes =
      address === null ? [] : (await createKeySearch(config, outbound, finding).of(address, ['pgp', 'x509'])).notes;
    const rows = address === null ? await store.listKeys() : await store.keysFor(addressKey(address));
    const all = listed(rows, Date.now());
    if (json) printJson({ keys: all.map(keyLine), notes });
    else {
      for (const note of notes) process.stdout.write(`${printable(note)}\n`);
      process.stdout.write(checkPage(all, address));
    }
    return all.some(({ row, standing }) => standing.kind === 'useless' && row.status.revocation === 'revoked') ? 1 : 0;
  } finally {
    outbound.resolver.close();
  }
}

function checkPage(all: ReturnType<typeof listed>, address: string | null): string {
  if (all.length === 0)
    return address === null ? 'The keyring is empty.\n' : `There is no key for ${printable(address)}.\n`;
  const lines = all
    .filter(({ row, standing }) => address !== null || row.kind === 'x509' || standing.kind !== 'used')
    .map(({ row, standing }) => {
      const words = {
        used: 'good',
        spare: 'good, another one is used',
        useless: 'not used',
        waiting: 'waits',
        rejected: 'rejected',
      };
      return `${row.address}: ${titleOf(row)}: ${words[standing.kind]}${standing.why === null ? '' : `, as ${standing.why}`}`;
    });
  return `${(lines.length === 0 ? ['All keys are good.'] : lines).map(printable).join('\n')}\n`;
}
