import { describe, expect, test } from 'vitest';
import { capabilityOf, materialsOf, rowsForImport } from '../../src/keys/keyring.ts';
import type { KeyRow } from '../../src/store/store.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const day = 86_400_000;

function row(id: string, rest: Partial<KeyRow> = {}): KeyRow {
  return {
    id,
    kind: 'pgp',
    address: 'anna@example.org',
    fingerprint: id.repeat(40),
    material: `material ${id}`,
    state: 'trusted',
    source: 'import',
    notBefore: now - 100 * day,
    notAfter: null,
    createdAt: now - 10 * day,
    ...rest,
  };
}

describe('capabilityOf', () => {
  const cases: [string, KeyRow[], { pgp: string[]; x509: string[] }, RegExp[]][] = [
    [
      'nothing known',
      [],
      { pgp: [], x509: [] },
      [/^No OpenPGP key and no certificate for Anna@example.org is in the keyring\.$/],
    ],
    ['one of each', [row('a'), row('b', { kind: 'x509' })], { pgp: ['a'], x509: ['b'] }, []],
    [
      'expired since the import',
      [row('a', { notAfter: now })],
      { pgp: [], x509: [] },
      [/OpenPGP key a{16} .* not used: it expired on 2026-03-01\.$/],
    ],
    ['valid tomorrow', [row('a', { notBefore: now + day })], { pgp: [], x509: [] }, [/valid only from 2026-03-02\.$/]],
    [
      'waiting for trust',
      [row('a', { state: 'pending' })],
      { pgp: [], x509: [] },
      [/waits for a person to trust it \(postern keys trust\)\.$/],
    ],
    [
      'rejected',
      [row('a', { kind: 'x509', state: 'rejected' })],
      { pgp: [], x509: [] },
      [/The certificate a{16} .* it was rejected\.$/],
    ],
    [
      'two trusted: the newest, never both',
      [row('a'), row('b', { notBefore: now - day }), row('c', { notBefore: now - 50 * day })],
      { pgp: ['b'], x509: [] },
      [/key c{16} .* a newer trusted one, b{16}, is\.$/, /key a{16} .* a newer trusted one, b{16}, is\.$/],
    ],
    [
      'the newest has expired: the one before it',
      [row('a'), row('b', { notBefore: now - 9 * day, notAfter: now - day })],
      { pgp: ['a'], x509: [] },
      [/key b{16} .* it expired on 2026-02-28\.$/],
    ],
    ["somebody else's", [row('a', { address: 'boris@example.org' })], { pgp: [], x509: [] }, [/^No OpenPGP key/]],
  ];
  test.each(cases)('%s', (_, rows, expected, notes) => {
    const capability = capabilityOf(rows, 'Anna@example.org', now, true);
    expect({ pgp: capability.pgpKeys, x509: capability.certificates }).toEqual(expected);
    expect(capability.notes).toEqual(notes.map((note) => expect.stringMatching(note)));
    expect(capability.portal).toBe(true);
  });
});

test('materialsOf gives what the plan named, and only while it is trusted', () => {
  const rows = [row('a'), row('b', { state: 'rejected' }), row('c', { state: 'pending' })];
  expect(materialsOf(rows, ['a'])).toEqual(['material a']);
  expect(materialsOf(rows, ['b', 'c', 'gone', 'a'])).toEqual(['material a']);
});

describe('rowsForImport', () => {
  const entry = row('n');
  const from = { source: 'import', now };
  test.each([
    ['the first', [], 'trusted'],
    ['another kind is there', [row('a', { kind: 'x509' })], 'trusted'],
    ["another address's is there", [row('a', { address: 'x@example.org' })], 'trusted'],
    ['differs from the trusted one', [row('a')], 'pending'],
    ['differs from a trusted one that has expired', [row('a', { notAfter: now - day })], 'pending'],
    ['differs from a waiting one', [row('a', { state: 'pending' })], 'pending'],
    ['only a rejected one is there', [row('a', { state: 'rejected' })], 'trusted'],
  ] as const)('%s', (_, existing, state) => {
    expect(rowsForImport([entry], existing, from)).toMatchObject([{ fingerprint: entry.fingerprint, state }]);
  });

  test('of two keys for an address in one file the second waits', () => {
    expect(rowsForImport([row('n'), row('m')], [], from).map(({ state }) => state)).toEqual(['trusted', 'pending']);
  });

  test('the same again writes nothing; prolonged, it keeps its id and its state', () => {
    const known = row('n', { state: 'rejected', notAfter: now + day });
    expect(rowsForImport([known], [known], from)).toEqual([]);
    const prolonged = { ...known, id: 'other', material: 'newer', notAfter: now + 400 * day };
    expect(rowsForImport([prolonged], [known], from)).toEqual([
      { ...known, material: 'newer', notAfter: now + 400 * day },
    ]);
  });
});
