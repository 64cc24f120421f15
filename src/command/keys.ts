/**
 * `postern keys list|import FILE|trust ID|reject ID`: the keyring of recipients' OpenPGP keys and certificates.
 *
 * An import is trusted at once when nothing else is known for the address; a key that differs from a trusted one waits as pending until a person says
 * trust or reject. The passphrase of a PKCS#12 file comes from POSTERN_PASSPHRASE.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Config } from '../config/config.ts';
import { passphrase } from '../config/load.ts';
import type { Event } from '../event/event.ts';
import { readKeyFile } from '../keys/import.ts';
import { rowsForImport } from '../keys/trust.ts';
import type { KeyChange, KeyRow } from '../store/key-port.ts';
import type { Store } from '../store/store.ts';
import { printable, printFailure, printJson, table, time } from './output.ts';
import { openStorage } from './storage.ts';
import { UsageError } from './usage.ts';

export async function keys(config: Config, words: readonly string[], json: boolean): Promise<number> {
  const [verb = 'list', argument, ...more] = words;
  if (more.length > 0) throw new UsageError('postern keys takes one FILE or ID.');
  const { store, close } = await openStorage(config);
  try {
    switch (verb) {
      case 'list':
        return await list(store, json);
      case 'import':
        if (argument === undefined) throw new UsageError('postern keys import needs a FILE.');
        return await importFile(store, argument, json);
      case 'trust':
      case 'reject':
        if (argument === undefined) throw new UsageError(`postern keys ${verb} needs an ID from postern keys list.`);
        return await judge(store, argument, verb, json);
      default:
        throw new UsageError(`postern keys knows list, import, trust and reject, not "${verb}".`);
    }
  } finally {
    await close();
  }
}

async function list(store: Store, json: boolean): Promise<number> {
  const rows = await store.listKeys();
  if (json) printJson({ keys: rows.map(keyLine) });
  else if (rows.length === 0)
    process.stdout.write('The keyring is empty. postern keys import FILE adds keys and certificates.\n');
  else {
    const cells = rows.map((row) => [row.id, row.address, row.kind, row.state, time(row.notAfter), row.fingerprint]);
    process.stdout.write(`${table(['ID', 'ADDRESS', 'KIND', 'STATE', 'UNTIL (UTC)', 'FINGERPRINT'], cells)}\n`);
  }
  return 0;
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
  const rows = rowsForImport(read.entries, existing, { where: basename(file), now: Date.now() });
  const events = rows.map(
    ({ id, address, fingerprint }): Event => ({
      kind: 'key.imported',
      key: id,
      address,
      fingerprint,
      source: 'import',
    }),
  );
  await store.insertKeys(rows, events);
  for (const problem of read.problems) process.stderr.write(`${printable(problem)}\n`);
  if (read.problems.some((problem) => problem.includes('passphrase'))) {
    process.stderr.write('Put the passphrase into the environment variable POSTERN_PASSPHRASE.\n');
  }
  if (!json) for (const { note } of read.entries) if (note !== '') process.stdout.write(`${printable(note)}\n`);
  if (json) printJson({ imported: rows.map(keyLine), problems: read.problems });
  else
    for (const row of rows)
      process.stdout.write(`${row.state}: ${row.kind} ${row.fingerprint} for ${printable(row.address)} (${row.id})\n`);
  const known = existing.filter((row) => read.entries.some((entry) => isSame(row, entry)));
  if (!json)
    for (const row of known)
      process.stdout.write(
        `already here: ${row.kind} ${row.fingerprint} for ${printable(row.address)}, ${row.state} (${row.id})\n`,
      );
  if (!json && read.entries.length === 0) process.stdout.write('Nothing was imported.\n');
  return read.entries.length === 0 ? 1 : 0;
}

async function judge(store: Store, id: string, verb: 'trust' | 'reject', json: boolean): Promise<number> {
  const row = (await store.listKeys()).find((key) => key.id === id);
  if (row === undefined) {
    const error = `No key has the ID ${printable(id)}. postern keys list shows them.`;
    printFailure(error, json);
    return 1;
  }
  const { address, fingerprint } = row;
  const kind = verb === 'trust' ? 'key.trusted' : 'key.rejected';
  const state = verb === 'trust' ? 'trusted' : 'rejected';
  const change: KeyChange = {
    state,
    stateSince: Date.now(),
    ...(verb === 'trust' ? { trust: 'confirmed' } : {}),
  };
  await store.updateKey(id, change, [{ kind, key: id, address, fingerprint }]);
  if (json) printJson({ key: id, state: verb === 'trust' ? 'trusted' : 'rejected' });
  else
    process.stdout.write(
      `${verb === 'trust' ? 'Trusted' : 'Rejected'}: ${row.kind} ${fingerprint} for ${printable(address)}\n`,
    );
  return 0;
}

function isSame(row: KeyRow, entry: Pick<KeyRow, 'kind' | 'address' | 'fingerprint'>): boolean {
  return row.kind === entry.kind && row.address === entry.address && row.fingerprint === entry.fingerprint;
}

function keyLine(row: KeyRow) {
  const { id, kind, address, fingerprint, state, source } = row;
  const until = row.notAfter === null ? null : new Date(row.notAfter).toISOString();
  return {
    id,
    kind,
    address,
    fingerprint,
    state,
    source,
    notBefore: new Date(row.notBefore).toISOString(),
    notAfter: until,
  };
}
