import { describe, expect, test } from 'vitest';
import { capabilityOf, isBelieved, materialsOf } from '../../src/keys/keyring.ts';
import type { KeyRow } from '../../src/store/key-port.ts';
import { day, now, keyRow as row } from './key-row.ts';

const good = { path: { ok: true, root: 'Root' } } as const;
const certificateCases: readonly [string, Partial<KeyRow>, RegExp | null][] = [
  ['with a path', { status: good }, null],
  ['with a path and not revoked', { status: { ...good, revocation: 'good' } }, null],
  ['that was not checked yet', {}, /its issuer was not checked yet\.$/],
  ['without a path', { status: { path: { ok: false, why: 'is self-signed' } } }, /not used: it is self-signed\.$/],
  ['without a path that a person confirmed', { trust: 'confirmed', status: { path: { ok: false } } }, null],
  ['without a path from signed DNS', { source: 'dns', status: { path: { ok: false } } }, null],
  [
    'that is revoked',
    { status: { ...good, revocation: 'revoked', revocationWhy: 'its holder changed' } },
    /it is revoked \(its holder changed\)\.$/,
  ],
  [
    'that is revoked, whatever a person said',
    { trust: 'pinned', status: { revocation: 'revoked' } },
    /it is revoked\.$/,
  ],
  ['of which nobody answered, where that is accepted', { status: { ...good, revocation: 'unknown' } }, null],
  [
    'of which nobody answered, where that is refused',
    { status: { ...good, revocation: 'unknown', refused: true, revocationWhy: 'ca.example did not answer in time' } },
    /whether it is revoked is not known \(ca\.example did not answer in time\)\.$/,
  ],
];

describe('capabilityOf', () => {
  type Case = [string, KeyRow[], { pgp: string[]; x509: string[] }, RegExp[]];
  const cases: Case[] = [
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
    [
      'one that is trusted more comes before one that is newer',
      [row('a'), row('b', { notBefore: now - day, trust: 'vouched' }), row('c', { trust: 'found' })],
      { pgp: ['a'], x509: [] },
      [/key b{16} .* one trusted more, a{16}, is\.$/, /key c{16} .* one trusted more, a{16}, is\.$/],
    ],
    [
      'a pinned one and no other, of either kind',
      [row('a', { trust: 'pinned' }), row('b', { notBefore: now }), row('c', { kind: 'x509' })],
      { pgp: ['a'], x509: [] },
      [
        /key b{16} .* not used: the OpenPGP key a{16} is pinned\.$/,
        /certificate c{16} .* not used: the OpenPGP key a{16} is pinned\.$/,
      ],
    ],
    [
      'one of each kind that are pinned',
      [row('a', { trust: 'pinned' }), row('c', { kind: 'x509', trust: 'pinned' }), row('d', { kind: 'x509' })],
      { pgp: ['a'], x509: ['c'] },
      [/certificate d{16} .* is pinned\.$/],
    ],
    [
      'a pinned certificate that is revoked lets no OpenPGP key in',
      [row('a', { kind: 'x509', trust: 'pinned', status: { revocation: 'revoked' } }), row('b')],
      { pgp: [], x509: [] },
      [/key b{16} .* not used: the certificate a{16} is pinned\.$/, /certificate a{16} .* it is revoked/],
    ],
    [
      'a pinned one that expired lets no other in',
      [row('a', { trust: 'pinned', notAfter: now }), row('b')],
      { pgp: [], x509: [] },
      [/key a{16} .* it expired/, /key b{16} .* not used: the OpenPGP key a{16} is pinned\.$/],
    ],
    [
      'a pin that was rejected binds nobody',
      [row('a', { trust: 'pinned', state: 'rejected' }), row('b')],
      { pgp: ['b'], x509: [] },
      [/key a{16} .* it was rejected/],
    ],
    ...certificateCases.map(
      ([name, changes, why]): Case => [
        `a certificate ${name}`,
        [row('a', { kind: 'x509', trust: 'vouched', source: 'ldap', ...changes })],
        { pgp: [], x509: why === null ? ['a'] : [] },
        why === null ? [] : [why],
      ],
    ),
    ["somebody else's", [row('a', { address: 'boris@example.org' })], { pgp: [], x509: [] }, [/^No OpenPGP key/]],
  ];
  test.each(cases)('%s', (_, rows, expected, notes) => {
    const capability = capabilityOf(rows, 'Anna@example.org', now, true);
    expect({ pgp: capability.pgpKeys, x509: capability.certificates }).toEqual(expected);
    expect(capability.notes).toEqual(notes.map((note) => expect.stringMatching(note)));
    expect(capability.portal).toBe(true);
    const used = [...capability.pgpKeys, ...capability.certificates];
    expect(capability.trust).toEqual(
      Object.fromEntries(rows.filter(({ id }) => used.includes(id)).map(({ id, trust }) => [id, trust])),
    );
  });
});

describe('materialsOf gives what the plan named', () => {
  const ofA = { material: 'material a', gcm: false };
  test.each<[string, readonly KeyRow[], readonly string[], readonly object[]]>([
    ['and nothing else', [row('a'), row('b')], ['a'], [ofA]],
    ['with what its program opens', [row('a', { features: { gcm: true } })], ['a'], [{ ...ofA, gcm: true }]],
    ['unless it is gone', [row('a')], ['gone', 'a'], [ofA]],
    ['unless it was rejected', [row('b', { state: 'rejected' }), row('a')], ['b', 'a'], [ofA]],
    ['unless it waits', [row('b', { state: 'pending' }), row('a')], ['b', 'a'], [ofA]],
    ['unless it expired since', [row('b', { notAfter: now }), row('a')], ['b', 'a'], [ofA]],
    ['unless it was revoked', [row('a', { kind: 'x509', status: { revocation: 'revoked' } })], ['a'], []],
    [
      'unless its path broke',
      [row('a', { kind: 'x509', trust: 'vouched', status: { path: { ok: false } } })],
      ['a'],
      [],
    ],
    ['unless another one was pinned', [row('a'), row('b', { trust: 'pinned' })], ['a'], []],
    ['when it is the one that was pinned', [row('a', { trust: 'pinned' }), row('b')], ['a'], [ofA]],
    ['unless one of another kind was pinned', [row('a'), row('b', { trust: 'pinned', kind: 'x509' })], ['a'], []],
    [
      "when somebody else's was pinned",
      [row('a'), row('b', { trust: 'pinned', address: 'x@y.example' })],
      ['a'],
      [ofA],
    ],
  ])('%s', (_name, rows, ids, expected) => {
    expect(materialsOf(rows, ids, now)).toEqual(expected);
  });
});

describe('a signature is believed', () => {
  const cases: readonly [string, boolean, Partial<KeyRow>, KeyRow[]?][] = [
    ['by a key that somebody vouches for', true, { trust: 'vouched', source: 'wkd' }],
    ['by one that expired since', true, { notAfter: now - 1 }],
    ['not by one that anybody could have brought', false, { trust: 'found', source: 'autocrypt' }],
    ['not by one that waits', false, { state: 'pending' }],
    ['not beside a pin', false, {}, [row('b', { trust: 'pinned', kind: 'x509' })]],
    ['by the pinned one', true, { trust: 'pinned' }, [row('b')]],
    ['by a certificate that a person trusts', true, { kind: 'x509' }],
    ['not for that once it expired', false, { kind: 'x509', notAfter: now }],
    ['nor by one that was only found', false, { kind: 'x509', trust: 'found', source: 'ldap' }],
  ];
  test.each(cases)('%s', (_name, expected, changes, others = []) => {
    const it = row('a', changes);
    expect(isBelieved([it, ...others], it, now)).toBe(expected);
  });
});
