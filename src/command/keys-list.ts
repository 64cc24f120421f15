/**
 * `postern keys list [WHO] [--waiting]` and `postern keys show ID`: the keyring for a person who is no cryptographer. First what waits for a decision, with
 * the commands to type; then, address by address, what is trusted, since when, why, until when, and when it was last used.
 */
import { originOf, revocationOf, type Standing, standingsOf, titleOf } from '../keys/words.ts';
import type { KeyRow, KeyStore } from '../store/key-port.ts';
import { printable, printFailure, printJson } from './output.ts';

/** A key with what it stands for. */
export type Listed = { readonly row: KeyRow; readonly standing: Standing };

export async function list(
  store: Pick<KeyStore, 'listKeys'>,
  who: string | undefined,
  options: { readonly waiting: boolean; readonly json: boolean },
): Promise<number> {
  const all = listed(await store.listKeys(), Date.now());
  const part = who?.toLowerCase() ?? '';
  const asked = all.filter(
    ({ row, standing }) => row.address.includes(part) && (!options.waiting || standing.kind === 'waiting'),
  );
  if (options.json) printJson({ keys: asked.map(keyLine) });
  else process.stdout.write(page(asked, all, options.waiting || part !== ''));
  return 0;
}

export async function show(store: Pick<KeyStore, 'findKey' | 'keysFor'>, id: string, json: boolean): Promise<number> {
  const row = await store.findKey(id);
  if (row === null) return noSuchKey(id, json);
  const found = listed(await store.keysFor(row.address), Date.now()).find((each) => each.row.id === id);
  if (found === undefined) return noSuchKey(id, json);
  if (json) printJson({ ...keyLine(found), material: row.material });
  else {
    const more = [
      `    fingerprint ${row.fingerprint}`,
      ...(row.checkedAt === 0 ? [] : [`    checked ${day(row.checkedAt)}: ${checkedWords(row)}`]),
      '',
      ...row.material.trim().split(/\r?\n/),
    ];
    process.stdout.write(`${[row.address, ...keyLines(found), ...more].map(printable).join('\n')}\n`);
  }
  return 0;
}

export function noSuchKey(id: string, json: boolean): number {
  printFailure(`No key has the ID ${printable(id)}. postern keys list shows them.`, json);
  return 1;
}

/** All rows with what they stand for; `rows` in the order of their addresses. */
export function listed(rows: readonly KeyRow[], now: number): Listed[] {
  return Map.groupBy(rows, ({ address }) => address)
    .values()
    .flatMap((own) => standingsOf(own, now).flatMap((standing, index) => pair(own[index], standing)))
    .toArray();
}

const pair = (row: KeyRow | undefined, standing: Standing): Listed[] => (row === undefined ? [] : [{ row, standing }]);

function page(asked: readonly Listed[], all: readonly Listed[], isPart: boolean): string {
  if (all.length === 0) return 'The keyring is empty. postern keys import FILE adds keys and certificates.\n';
  if (asked.length === 0) return isPart ? 'No such key.\n' : '';
  const waiting = asked.filter(({ standing }) => standing.kind === 'waiting');
  const rest = asked.filter(({ standing }) => standing.kind !== 'waiting');
  const lines: string[] = [];
  if (waiting.length > 0) lines.push(`Waiting for your decision: ${waiting.length}`, ...byAddress(waiting), '');
  if (rest.length > 0) lines.push(`In the keyring: ${rest.length}`, ...byAddress(rest));
  return `${lines.map(printable).join('\n').trimEnd()}\n`;
}

function byAddress(keys: readonly Listed[]): string[] {
  const groups = Map.groupBy(keys, ({ row }) => row.address);
  return [...groups].flatMap(([address, own]) => ['', address, ...own.flatMap(keyLines)]);
}

const standingWords: Readonly<Record<Standing['kind'], string>> = {
  used: 'used',
  spare: 'trusted, another one is used',
  useless: 'NOT USED',
  waiting: 'WAITS FOR YOU',
  rejected: 'rejected',
};

function keyLines({ row, standing }: Listed): string[] {
  const { kind, why } = standing;
  const only =
    kind === 'used' && row.trust === 'found' ? ', but only where a rule is content with that (keys: found)' : '';
  const lines = [`  ${titleOf(row)}: ${standingWords[kind]}${only}${why === null ? '' : `, as ${why}`}`];
  if (kind === 'waiting') {
    const instead = row.replaces === null ? 'found' : 'a change: another key than the one that was known. It was found';
    lines.push(`    ${instead} ${day(row.createdAt)}: ${originOf(row)}`);
    lines.push('    Ask the recipient, by telephone for instance, whether it is theirs. Then:');
    lines.push(`      postern keys trust ${row.id}     use it from now on`);
    lines.push(`      postern keys reject ${row.id}    never use it`);
    return lines;
  }
  lines.push(`    ${kind === 'rejected' ? 'rejected' : row.trust} since ${day(row.stateSince)}: ${originOf(row)}`);
  const revocation = kind === 'used' || kind === 'spare' ? revocationOf(row) : null;
  const until = row.notAfter === null ? 'does not expire' : `until ${day(row.notAfter)}`;
  const used = row.lastUsedAt === null ? 'never used' : `last used ${day(row.lastUsedAt)}`;
  lines.push(`    ${[until, used, ...(revocation === null ? [] : [revocation])].join('; ')}`);
  lines.push(`    ID ${row.id}`);
  return lines;
}

function checkedWords(row: KeyRow): string {
  const { path } = row.status;
  const led =
    path === undefined
      ? 'nothing to check'
      : path.ok
        ? `leads to the root "${path.root ?? ''}"`
        : `it ${path.why ?? 'leads to no root'}`;
  const revocation = revocationOf(row);
  return revocation === null ? led : `${led}; ${revocation}`;
}

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** For --json. */
export function keyLine({ row, standing }: Listed) {
  const { id, kind, address, fingerprint, state, source, where, trust, status, replaces } = row;
  const instant = (at: number | null): string | null => (at === null || at === 0 ? null : new Date(at).toISOString());
  return {
    id,
    kind,
    address,
    fingerprint,
    state,
    since: instant(row.stateSince),
    source,
    where,
    trust,
    origin: originOf(row),
    used: standing.kind === 'used',
    notUsed: standing.why,
    notBefore: new Date(row.notBefore).toISOString(),
    notAfter: instant(row.notAfter),
    foundAt: instant(row.createdAt),
    lastUsedAt: instant(row.lastUsedAt),
    checkedAt: instant(row.checkedAt),
    path: status.path ?? null,
    revocation: status.revocation ?? null,
    replaces,
  };
}
