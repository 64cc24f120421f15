import { describe, expect, test } from 'vitest';
import { decisionOn, type Word } from '../../src/keys/decision.ts';
import { capabilityOf } from '../../src/keys/keyring.ts';
import { originOf, revocationOf, standingsOf, titleOf } from '../../src/keys/words.ts';
import type { KeyRow } from '../../src/store/key-port.ts';
import { day, now, keyRow as row } from './key-row.ts';

/** The rows after a person said the word about the row with this id. */
function after(word: Word, id: string, rows: readonly KeyRow[]): KeyRow[] {
  const about = rows.find((each) => each.id === id);
  if (about === undefined) throw new Error(id);
  const changes = decisionOn(about, rows, word, now);
  return rows.map((each) => ({ ...each, ...changes.find((one) => one.id === each.id)?.change }));
}

const used = (rows: readonly KeyRow[]) => capabilityOf(rows, 'anna@example.org', now, false).pgpKeys;
const changed = row('n', {
  state: 'pending',
  trust: 'vouched',
  source: 'wkd',
  replaces: 'a',
  notBefore: now - 200 * day,
});

describe('a person says', () => {
  test.each<[string, Word, string, KeyRow[], string[]]>([
    ['trust: the change is used, also where it is older', 'trust', 'n', [row('a'), changed], ['n']],
    ['trust: also in place of a pinned one', 'trust', 'n', [row('a', { trust: 'pinned' }), changed], ['n']],
    ['reject: the old one goes on', 'reject', 'n', [row('a'), changed], ['a']],
    ['pin: no other, also not one that is newer', 'pin', 'a', [row('a'), row('b', { notBefore: now })], ['a']],
    ['pin: one pin of a kind', 'pin', 'b', [row('a', { trust: 'pinned' }), row('b')], ['b']],
    ['reject what is used', 'reject', 'a', [row('a')], []],
    ['trust what was rejected', 'trust', 'a', [row('a', { state: 'rejected', trust: 'found' })], ['a']],
    ['trust leaves others alone', 'trust', 'n', [changed, row('c', { kind: 'x509' })], ['n']],
  ])('%s', (_name, word, id, rows, expected) => {
    expect(used(after(word, id, rows))).toEqual(expected);
  });

  test('and what is given up is told', () => {
    const decided = decisionOn(changed, [row('a'), changed, row('c', { kind: 'x509' })], 'trust', now);
    expect(decided.map(({ id, events }) => [id, events.map(({ kind }) => kind)])).toEqual([
      ['n', ['key.trusted']],
      ['a', ['key.rejected']],
    ]);
    expect(decided[0]?.change).toMatchObject({ state: 'trusted', trust: 'confirmed', stateSince: now });
  });

  test('trust takes no pin away', () => {
    expect(after('trust', 'a', [row('a', { trust: 'pinned' })])).toMatchObject([{ trust: 'pinned' }]);
  });
});

describe('in words', () => {
  test('what each key of an address is for', () => {
    const rows = [
      row('a'),
      row('b', { notBefore: now - 300 * day }),
      row('c', { notAfter: now - day }),
      changed,
      row('e', { state: 'rejected' }),
      row('f', {
        kind: 'x509',
        status: { path: { ok: true }, revocation: 'revoked', revocationWhy: 'its holder changed' },
      }),
    ];
    expect(standingsOf(rows, now)).toEqual([
      { kind: 'used', why: null },
      { kind: 'spare', why: null },
      { kind: 'useless', why: 'it expired on 2026-02-28' },
      { kind: 'waiting', why: null },
      { kind: 'rejected', why: null },
      { kind: 'useless', why: 'it is revoked (its holder changed)' },
    ]);
    expect(standingsOf([], now)).toEqual([]);
    const pinned = [row('a'), row('b', { kind: 'x509', trust: 'pinned', notAfter: now - day })];
    expect(standingsOf(pinned, now)).toEqual([
      { kind: 'useless', why: `the certificate ${'b'.repeat(16)} is pinned` },
      { kind: 'useless', why: 'it expired on 2026-02-28' },
    ]);
  });

  test('where it is from, and what is known of it', () => {
    const found = row('a', { source: 'wkd', trust: 'vouched', where: 'https://openpgpkey.example.org/x' });
    expect(originOf(found)).toBe(
      "published by the web server of the recipient's own domain (WKD), https://openpgpkey.example.org/x",
    );
    const certificate = row('a', {
      kind: 'x509',
      source: 'ldap',
      trust: 'pinned',
      status: { path: { ok: true, root: 'Partner Root' }, revocation: 'good' },
    });
    expect(originOf(certificate)).toBe(
      'from a directory that an administrator listed; issued under "Partner Root"; this one and no other',
    );
    expect(revocationOf(certificate)).toBe('not revoked, says its issuer');
    expect(titleOf({ kind: 'pgp', fingerprint: '0123456789abcdef0123456789abcdef01234567' })).toBe(
      'OpenPGP key 89AB CDEF 0123 4567',
    );
    expect(titleOf({ kind: 'x509', fingerprint: '0123456789abcdef0123' })).toBe('certificate 0123 4567 89AB CDEF');
  });
});
