/** What a person reads in `postern keys list` and `show`: what is trusted, since when, why, and what waits. */
import { afterEach, expect, test, vi } from 'vitest';
import { list, show } from '../../src/command/keys-list.ts';
import type { KeyRow } from '../../src/store/key-port.ts';
import { day, keyRow } from '../keys/key-row.ts';

afterEach(() => void vi.restoreAllMocks());

const began = Date.parse('2024-05-06T07:08:09Z');
const at = { stateSince: began, createdAt: began, notBefore: began };
const fingerprint = (digit: string): string => `0123456789abcdef0123456789abcdef0123456${digit}`;
const rows: readonly KeyRow[] = [
  keyRow('k-anna', {
    ...at,
    fingerprint: fingerprint('1'),
    source: 'wkd',
    trust: 'vouched',
    where: 'https://openpgpkey.example.org/hu/x',
    lastUsedAt: began + day,
  }),
  keyRow('k-new', {
    ...at,
    fingerprint: fingerprint('2'),
    source: 'wkd',
    trust: 'vouched',
    state: 'pending',
    replaces: 'k-anna',
  }),
  keyRow('k-boris', {
    ...at,
    address: 'boris@example.org',
    kind: 'x509',
    fingerprint: fingerprint('3'),
    source: 'ldap',
    where: 'ldaps://ldap.example.org',
    trust: 'vouched',
    notAfter: Date.parse('2999-01-01T00:00:00Z'),
    checkedAt: began,
    status: {
      path: { ok: true, root: 'Partner Root' },
      revocation: 'revoked',
      revocationWhy: 'its key is compromised',
    },
    material: '-----BEGIN CERTIFICATE-----\nMIIB\u001b[31m\n-----END CERTIFICATE-----\n',
  }),
  keyRow('k-clara', { ...at, address: 'clara@example.org', trust: 'pinned', where: 'clara.asc' }),
  keyRow('k-dora', {
    ...at,
    address: 'dora@example.org',
    fingerprint: fingerprint('5'),
    source: 'hkp',
    trust: 'found',
  }),
  keyRow('k-old', { ...at, address: 'clara@example.org', state: 'rejected', trust: 'pinned', notBefore: began - day }),
];
const store = {
  listKeys: async () => [...rows],
  findKey: async (id: string) => rows.find((row) => row.id === id) ?? null,
  keysFor: async (address: string) => rows.filter((row) => row.address === address),
};

async function said(work: () => Promise<number>): Promise<string> {
  let text = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  await work();
  vi.restoreAllMocks();
  return text;
}

test('the list', async () => {
  expect(await said(() => list(store, undefined, { waiting: false, json: false }))).toMatchInlineSnapshot(`
    "Waiting for your decision: 1

    anna@example.org
      OpenPGP key 89AB CDEF 0123 4562: WAITS FOR YOU
        a change: another key than the one that was known. It was found 2024-05-06: published by the web server of the recipient's own domain (WKD)
        Ask the recipient, by telephone for instance, whether it is theirs. Then:
          postern keys trust k-new     use it from now on
          postern keys reject k-new    never use it

    In the keyring: 5

    anna@example.org
      OpenPGP key 89AB CDEF 0123 4561: used
        vouched since 2024-05-06: published by the web server of the recipient's own domain (WKD), https://openpgpkey.example.org/hu/x
        does not expire; last used 2024-05-07
        ID k-anna

    boris@example.org
      certificate 0123 4567 89AB CDEF: NOT USED, as it is revoked (its key is compromised)
        vouched since 2024-05-06: from a directory that an administrator listed, ldaps://ldap.example.org; issued under "Partner Root"
        until 2999-01-01; never used
        ID k-boris

    clara@example.org
      OpenPGP key RAK- CLAR AK-C LARA: used
        pinned since 2024-05-06: imported by an administrator, clara.asc; this one and no other
        does not expire; never used
        ID k-clara
      OpenPGP key DK-O LDK- OLDK -OLD: rejected
        rejected since 2024-05-06: imported by an administrator
        does not expire; never used
        ID k-old

    dora@example.org
      OpenPGP key 89AB CDEF 0123 4565: used, but only where a rule is content with that (keys: found)
        found since 2024-05-06: from a key server where anybody may put any key; nobody vouches for it
        does not expire; never used
        ID k-dora
    "
  `);
});

test('what waits, and a part of it', async () => {
  const waiting = await said(() => list(store, undefined, { waiting: true, json: false }));
  expect(waiting).toContain('postern keys trust k-new');
  expect(waiting).not.toContain('boris');
  const part = await said(() => list(store, 'BORIS', { waiting: false, json: false }));
  expect(part).toContain('boris@example.org');
  expect(part).not.toContain('anna');
  expect(await said(() => list(store, 'nobody', { waiting: false, json: false }))).toBe('No such key.\n');
  const empty = { listKeys: async () => [] };
  expect(await said(() => list(empty, undefined, { waiting: false, json: false }))).toMatch(/^The keyring is empty\./);
});

test('one, and nothing reaches the terminal that would change it', async () => {
  const page = await said(() => show(store, 'k-boris', false));
  expect(page).toContain('NOT USED, as it is revoked (its key is compromised)');
  expect(page).toContain('checked 2024-05-06: leads to the root "Partner Root"; REVOKED: its key is compromised');
  expect(page).toMatch(/^-----BEGIN CERTIFICATE-----\nMIIB\?\[31m\n-----END CERTIFICATE-----$/m);
});

test('for programs', async () => {
  const { keys } = JSON.parse(await said(() => list(store, 'anna', { waiting: false, json: true }))) as {
    keys: readonly object[];
  };
  expect(keys).toMatchObject([
    { id: 'k-anna', state: 'trusted', trust: 'vouched', used: true, since: '2024-05-06T07:08:09.000Z', source: 'wkd' },
    { id: 'k-new', state: 'pending', used: false, replaces: 'k-anna', lastUsedAt: null },
  ]);
});
