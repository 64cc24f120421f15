/** A row of the keyring for tests: a trusted OpenPGP key that a person imported, with the changes a test wants. */
import type { KeyRow } from '../../src/store/key-port.ts';

export const now = Date.parse('2026-03-01T12:00:00Z');
export const day = 86_400_000;

export function keyRow(id: string, changes: Partial<KeyRow> = {}): KeyRow {
  return {
    id,
    kind: 'pgp',
    address: 'anna@example.org',
    fingerprint: id.repeat(40),
    material: `material ${id}`,
    issuers: '',
    state: 'trusted',
    stateSince: now - 10 * day,
    source: 'import',
    where: '',
    trust: 'confirmed',
    notBefore: now - 100 * day,
    notAfter: null,
    createdAt: now - 10 * day,
    checkedAt: 0,
    status: {},
    features: {},
    lastUsedAt: null,
    replaces: null,
    ...changes,
  };
}
