import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type KeyTrust, keyTrusts } from '../../src/config/config.ts';
import { capabilityOf } from '../../src/keys/keyring.ts';
import { judgeFound, type KeyCandidate, rowsForImport, trustOf } from '../../src/keys/trust.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { type KeyRow, type KeySource, keySources } from '../../src/store/key-port.ts';
import { day, now, keyRow as row } from './key-row.ts';

const at = (source: KeySource, atMost?: KeyTrust) => {
  return { source, where: 'somewhere', now, ...(atMost === undefined ? {} : { atMost }) };
};

describe('how far a source is trusted', () => {
  const path = { path: { ok: true, root: 'Root' } } as const;
  test.each<[KeySource, KeyTrust, KeyTrust, KeyTrust]>([
    // OpenPGP, a certificate with a path to a root, one without
    ['import', 'confirmed', 'confirmed', 'confirmed'],
    ['pinned', 'pinned', 'pinned', 'pinned'],
    ['portal', 'confirmed', 'confirmed', 'confirmed'],
    ['wkd', 'vouched', 'vouched', 'found'],
    ['dns', 'vouched', 'vouched', 'vouched'],
    ['vks', 'vouched', 'vouched', 'found'],
    ['ldap', 'vouched', 'vouched', 'found'],
    ['hkp', 'found', 'vouched', 'found'],
    ['autocrypt', 'found', 'vouched', 'found'],
    ['signed-mail', 'found', 'vouched', 'found'],
  ])('%s', (source, pgp, rooted, rootless) => {
    expect(trustOf(source, 'pgp')).toBe(pgp);
    expect(trustOf(source, 'x509', path)).toBe(rooted);
    expect(trustOf(source, 'x509', { path: { ok: false } })).toBe(rootless);
    expect(trustOf(source, 'pgp', {}, 'found')).toBe('found');
  });
});

describe('another key than the one that is there', () => {
  /** What is there, what comes, and whether it is trusted or waits. */
  const cases: readonly [string, Partial<KeyRow>, KeySource, KeyRow['state']][] = [
    ['a key server after a key server', { trust: 'found', source: 'hkp' }, 'hkp', 'pending'],
    ['the domain after a key server: a stranger keeps nobody out', { trust: 'found', source: 'hkp' }, 'wkd', 'trusted'],
    ['the domain after the domain', { trust: 'vouched', source: 'wkd' }, 'wkd', 'pending'],
    ['a key server after the domain', { trust: 'vouched', source: 'wkd' }, 'hkp', 'pending'],
    ['the portal after the domain: who reads a mailbox can upload', { trust: 'vouched' }, 'portal', 'pending'],
    ['the portal after a key server', { trust: 'found' }, 'portal', 'trusted'],
    ['an admin after the domain', { trust: 'vouched' }, 'import', 'trusted'],
    ['an admin after a person', { trust: 'confirmed' }, 'import', 'pending'],
    ['an admin after a pin', { trust: 'pinned' }, 'import', 'pending'],
    ['the domain after a person', { trust: 'confirmed' }, 'wkd', 'pending'],
    ['the domain after a pin', { trust: 'pinned' }, 'wkd', 'pending'],
    ['after one that expired', { trust: 'vouched', notAfter: now - day }, 'wkd', 'pending'],
    ['after one that waits', { trust: 'vouched', state: 'pending' }, 'wkd', 'pending'],
    ['after one that was rejected', { trust: 'vouched', state: 'rejected' }, 'wkd', 'trusted'],
    ['of another kind', { kind: 'x509', trust: 'pinned' }, 'hkp', 'trusted'],
    ['of another person', { address: 'boris@example.org', trust: 'pinned' }, 'hkp', 'trusted'],
  ];
  test.each(cases)('%s', (_name, there, source, state) => {
    const known = row('a', there);
    const { rows, changes, events } = judgeFound([row('n')], [known], at(source));
    expect(rows).toMatchObject([
      { fingerprint: row('n').fingerprint, state, source, where: 'somewhere', stateSince: now },
    ]);
    expect(changes).toEqual([]);
    const waits = state === 'pending' && source !== 'import';
    expect(events.map(({ kind }) => kind)).toEqual([
      source === 'import' ? 'key.imported' : waits ? 'key.changed' : 'key.found',
    ]);
    const replaces = state === 'pending' && known.state === 'trusted' ? 'a' : null;
    expect(rows[0]?.replaces).toBe(replaces);
    if (waits) expect(events).toMatchObject([{ replaces, source }]);
  });

  test('of two keys at once the second waits', () => {
    const { rows } = judgeFound([row('n'), row('m')], [], at('wkd'));
    expect(rows.map(({ state }) => state)).toEqual(['trusted', 'pending']);
  });

  test('strangers cannot fill the list of what waits, nor keep out who is trusted more', () => {
    const many = Array.from('bcdefgh', (id) => row(id));
    const first = judgeFound(many, [row('a', { trust: 'found', source: 'hkp' })], at('hkp'));
    expect(first.rows).toHaveLength(3);
    const all = [row('a', { trust: 'vouched', source: 'wkd' }), ...first.rows];
    expect(judgeFound([row('z')], all, at('hkp')).rows).toEqual([]);
    expect(judgeFound([row('z')], all, at('wkd')).rows).toMatchObject([{ state: 'pending', replaces: 'a' }]);
    expect(judgeFound([row('z')], all, at('import')).rows).toMatchObject([{ state: 'trusted' }]);
  });
});

describe('the same key again', () => {
  test('writes nothing when nothing is new', () => {
    expect(judgeFound([row('a')], [row('a')], at('wkd'))).toEqual({ rows: [], changes: [], events: [] });
  });

  const newer = { material: 'newer', notAfter: now + 400 * day };
  test.each<[KeyTrust, KeySource, boolean]>([
    ['vouched', 'wkd', true],
    ['confirmed', 'wkd', true],
    ['pinned', 'import', true],
    ['vouched', 'hkp', false],
    ['confirmed', 'autocrypt', false],
    ['found', 'hkp', true],
  ])('trusted %s and newer at %s: taken %s', (trust, source, taken) => {
    const known = row('a', { trust });
    const { rows } = judgeFound([{ ...row('a'), ...newer }], [known], at(source));
    expect(rows).toEqual(taken ? [{ ...known, ...newer }] : []);
  });

  test('from a better source is trusted more, and says from where', () => {
    const known = row('a', { trust: 'found', source: 'hkp' });
    expect(judgeFound([row('a')], [known], at('wkd')).changes).toEqual([
      { id: 'a', change: { trust: 'vouched', source: 'wkd', where: 'somewhere' } },
    ]);
    expect(judgeFound([row('a')], [row('a', { trust: 'pinned' })], at('import')).changes).toEqual([]);
  });

  test('shows what its owner can do', () => {
    const candidate: KeyCandidate = { ...row('a'), features: { gcm: true } };
    const { changes } = judgeFound([candidate], [row('a')], at('signed-mail'));
    expect(changes).toEqual([{ id: 'a', change: { features: { gcm: true } } }]);
  });

  test('stays rejected, whoever brings it', () => {
    const known = row('a', { state: 'rejected', trust: 'found' });
    for (const source of keySources)
      expect(judgeFound([{ ...row('a'), ...newer }], [known], at(source))).toEqual({
        rows: [],
        changes: [],
        events: [],
      });
  });
});

describe('a renewed certificate', () => {
  const authority = issueCertificate({ subject: 'CA', ca: true });
  const mail = { subject: 'Anna', issuer: authority, san: { email: ['anna@example.org'] } };
  const one = issueCertificate(mail).certPem;
  const other = issueCertificate(mail).certPem;
  // Its SubjectPublicKeyInfo says RSAES-OAEP, which the runtime does not read.
  const oaep = issueCertificate({ ...mail, keyType: 'rsaOaep2048' }).certPem;
  const path = { path: { ok: true, root: 'CA' } } as const;
  const certificate = (id: string, changes: Partial<KeyRow>) => row(id, { kind: 'x509', ...changes });
  const renewed = { ...certificate('n', { material: one }), status: path };

  test.each<[string, Partial<KeyRow>, KeyCandidate, Partial<KeyRow>]>([
    [
      'with the same key is the same key',
      { material: one, trust: 'confirmed' },
      renewed,
      { state: 'trusted', trust: 'confirmed', replaces: 'a' },
    ],
    [
      'with the same key, but without a path',
      { material: one, trust: 'vouched' },
      { ...renewed, status: {} },
      { state: 'pending' },
    ],
    [
      'of a pinned one: a pin is for one certificate',
      { material: one, trust: 'pinned' },
      renewed,
      { state: 'pending' },
    ],
    [
      'with the same key for OAEP',
      { material: oaep, trust: 'confirmed' },
      { ...renewed, material: oaep },
      { state: 'trusted', trust: 'confirmed', replaces: 'a' },
    ],
    ['with another key by the same authority', { material: other, trust: 'vouched' }, renewed, { state: 'pending' }],
    ['of one that waits', { material: one, state: 'pending', trust: 'vouched' }, renewed, { state: 'pending' }],
  ])('%s', (_name, there, candidate, expected) => {
    const { rows } = judgeFound([candidate], [certificate('a', there)], at('ldap'));
    expect(rows).toMatchObject([expected]);
  });
});

describe('rowsForImport', () => {
  const from = { where: 'keys.asc', now };
  test.each([
    ['the first', [], 'trusted'],
    ['differs from one a person trusted', [row('a')], 'pending'],
    ['differs from one that was only found', [row('a', { trust: 'vouched', source: 'wkd' })], 'trusted'],
  ] as const)('%s', (_, existing, state) => {
    expect(rowsForImport([row('n')], existing, from)).toMatchObject([{ state, source: 'import', trust: 'confirmed' }]);
  });
});

/** Whatever is found in whatever order: nobody but a person changes the key that is used, once one is vouched for. */
test('no sequence of finds changes which key is used', () => {
  const found = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    source: fc.constantFrom<KeySource>('wkd', 'dns', 'vks', 'hkp', 'ldap', 'autocrypt', 'signed-mail', 'portal'),
  });
  fc.assert(
    fc.property(fc.constantFrom(...keyTrusts.slice(1)), fc.array(found, { maxLength: 20 }), (trust, finds) => {
      let rows: KeyRow[] = [row('x', { trust, source: 'wkd' })];
      for (const { id, source } of finds) {
        const judged = judgeFound([row(id)], rows, at(source));
        rows = [...rows, ...judged.rows].map((each) => {
          const change = judged.changes.find((one) => one.id === each.id)?.change ?? {};
          return { ...each, ...change };
        });
      }
      const capability = capabilityOf(rows, 'anna@example.org', now, false);
      expect(capability.pgpKeys).toEqual(['x']);
      expect(capability.trust?.['x']).toBe(trust);
    }),
    { numRuns: 500 },
  );
});
