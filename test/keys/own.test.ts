/** The life of the tenant's own keys: made, used, renewed, revoked, on both engines, with the clock in the test's hand. */
import { X509Certificate } from 'node:crypto';
import * as openpgp from 'openpgp';
import { describe, expect, test } from 'vitest';
import { createOwnKeys, signingRow } from '../../src/keys/own.ts';
import { createGenerator, tendOwnKeys } from '../../src/keys/own-automatic.ts';
import {
  createAuthority,
  generatePgp,
  issue,
  type KeyTenant,
  type Made,
  type MakerPorts,
  renew,
  revoke,
} from '../../src/keys/own-maker.ts';
import { wkdHash } from '../../src/mail/wkd.ts';
import { openText } from '../../src/protect/seal.ts';
import type { OwnKeyRow } from '../../src/store/own-key-port.ts';
import { eachEngine, sqlite } from '../engines.ts';
import { anna, day, ownPlace, sealingKey, tenant } from './own-place.ts';

function only(made: Made): OwnKeyRow {
  if (!made.ok) throw new Error(made.why);
  const [row] = made.rows;
  if (row === undefined || made.rows.length > 1) throw new Error(`${made.rows.length} rows`);
  return row;
}

const why = (made: Made): string => (made.ok ? '' : made.why);

const ownKeys = (ports: MakerPorts, tenants: readonly KeyTenant[] = [tenant]) =>
  createOwnKeys({ store: ports.store, generate: createGenerator(tenants, ports), now: ports.now });

eachEngine((engine) => {
  test('a certificate signs for its owner alone, and what replaced it opens old mail', async () => {
    await using place = await ownPlace(engine);
    const { ports, events } = place;
    expect(why(await issue(tenant, anna, ports))).toContain('no authority yet');
    const ca = only(await createAuthority(tenant, 'Corp CA', ports));
    const first = only(await issue(tenant, anna, ports));
    const keys = ownKeys(ports);
    const signer = await keys.signerFor('corp', 'Anna@corp.example', 'smime');
    const [own, issuer] = (signer?.certificates ?? []).map((pem) => new X509Certificate(pem));
    expect(own?.subjectAltName).toBe('email:anna@corp.example');
    expect(own?.verify(new X509Certificate(ca.material).publicKey)).toBe(true);
    expect(issuer?.subject).toBe('CN=Corp CA');
    // Sealed for this row, under the key that only worker threads get.
    expect(openText(sealingKey, signer?.sealed ?? '', signer?.context ?? '')).toContain('BEGIN PRIVATE KEY');
    expect(() => openText(sealingKey, signer?.sealed ?? '', 'own key of another')).toThrow('does not open');
    expect(await keys.signerFor('corp', 'bob@corp.example', 'smime')).toBeNull();
    expect(await keys.signerFor('corp', anna.address, 'pgp')).toBeNull();
    expect(await keys.signerFor('other', anna.address, 'smime')).toBeNull();
    expect(await keys.signerFor('corp', '', 'smime')).toBeNull();

    const second = only(await renew(tenant, first, ports));
    expect(second.fingerprint).not.toBe(first.fingerprint);
    expect((await keys.signerFor('corp', anna.address, 'smime'))?.context).toBe(`own key ${second.id}`);
    const opening = await keys.decryptionKeys('corp', [anna.address]);
    expect(opening.map(({ id }) => id)).toEqual([second.id, first.id]);
    const old = await ports.store.find(first.id);
    expect(old === null ? '' : why(await renew(tenant, old, ports))).toContain('retired');
    expect(events.map(({ kind }) => kind)).toEqual(['ownKey.generated', 'ownKey.issued', 'ownKey.issued']);
  });

  test('what was revoked is on the list at once, which is signed again when half its time is over', async () => {
    await using place = await ownPlace(engine);
    const { ports, store, clock } = place;
    const ca = only(await createAuthority(tenant, '', ports));
    const certificate = only(await issue(tenant, anna, ports));
    const empty = await store.ownKeys.revocationList(ca.id);
    expect(empty?.nextUpdate).toBe(clock.now + 8 * day);
    clock.now += 1000;
    expect((await revoke(tenant, certificate, 'keyCompromise', ports)).ok).toBe(true);
    const full = await store.ownKeys.revocationList(ca.id);
    expect(full?.der.includes(Buffer.from(certificate.serial ?? '', 'hex'))).toBe(true);
    expect(full?.number).toBeGreaterThan(empty?.number ?? 0);
    expect(why(await revoke(tenant, certificate, 'keyCompromise', ports))).toContain('already');
    expect(await ownKeys(ports).signerFor('corp', anna.address, 'smime')).toBeNull();
    expect(await ownKeys(ports).decryptionKeys('corp', [anna.address])).toHaveLength(1);

    clock.now += 3 * day;
    await tendOwnKeys([tenant], ports);
    expect((await store.ownKeys.revocationList(ca.id))?.number).toBe(full?.number);
    clock.now += 2 * day;
    await tendOwnKeys([tenant], ports);
    const later = await store.ownKeys.revocationList(ca.id);
    expect(later?.nextUpdate).toBe(clock.now + 8 * day);
    expect(later?.der.includes(Buffer.from(certificate.serial ?? '', 'hex'))).toBe(true);
    // It has expired, and been on a list since.
    clock.now += 500 * day;
    await tendOwnKeys([tenant], ports);
    const last = await store.ownKeys.revocationList(ca.id);
    expect(last?.der.includes(Buffer.from(certificate.serial ?? '', 'hex'))).toBe(false);
  });

  test('a list that was signed while something was revoked is not kept', async () => {
    await using place = await ownPlace(engine);
    const { ports, store, clock } = place;
    const ca = only(await createAuthority(tenant, '', ports));
    const certificate = only(await issue(tenant, anna, ports));
    clock.now += 5 * day;
    let meanwhile = true;
    const work: MakerPorts['work'] = async (job) => {
      const answer = await ports.work(job);
      const { material } = certificate;
      if (meanwhile) await store.ownKeys.revoke(certificate.id, { at: clock.now, reason: 'superseded', material }, []);
      meanwhile = false;
      return answer;
    };
    await tendOwnKeys([tenant], { ...ports, work });
    const kept = await store.ownKeys.revocationList(ca.id);
    expect(kept?.der.includes(Buffer.from(certificate.serial ?? '', 'hex'))).toBe(true);
    expect(await store.ownKeys.listsDue(clock.now)).toEqual([]);
  });

  test('what ends soon is renewed by itself: a certificate by another, an OpenPGP key by a later end', async () => {
    await using place = await ownPlace(engine);
    const { ports, store, clock } = place;
    only(await createAuthority(tenant, '', ports));
    const certificate = only(await issue(tenant, anna, ports));
    const pgp = only(await generatePgp(tenant, anna, ports));
    clock.now += 369 * day;
    await tendOwnKeys([tenant], ports);
    expect(await store.ownKeys.list('corp')).toHaveLength(3);
    clock.now += 2 * day;
    await tendOwnKeys([tenant], ports);
    await tendOwnKeys([tenant], ports);
    const rows = await store.ownKeys.list('corp');
    const active = rows.filter(({ kind, state }) => kind === 'x509' && state === 'active');
    expect(active.map(({ notAfter }) => Math.round(((notAfter ?? 0) - clock.now) / day))).toEqual([400]);
    expect(rows.find(({ id }) => id === certificate.id)?.state).toBe('retired');
    const prolonged = rows.find(({ id }) => id === pgp.id);
    expect(prolonged?.fingerprint).toBe(pgp.fingerprint);
    expect(Math.round(((prolonged?.notAfter ?? 0) - clock.now) / day)).toBe(400);
    expect(rows).toHaveLength(4);
  });

  test('the Web Key Directory has what is active and what was revoked, and nothing that is private', async () => {
    await using place = await ownPlace(engine);
    const { ports, store } = place;
    const lookUp = (domain: string, of: string) => store.ownKeys.published(domain, of);
    const mary = { address: 'Mary.Sue+List@corp.example', name: '', wholeTenant: false };
    const first = only(await generatePgp(tenant, mary, ports));
    const maryHash = wkdHash('mary.sue+list');
    expect(await lookUp('corp.example', maryHash)).toEqual([first.material]);
    expect(await lookUp('other.example', maryHash)).toEqual([]);
    expect(await lookUp('corp.example', wkdHash('mary.sue'))).toEqual([]);
    const second = only(await generatePgp(tenant, mary, ports));
    expect(await lookUp('corp.example', maryHash)).toEqual([second.material]);
    expect((await revoke(tenant, first, 'superseded', ports)).ok).toBe(true);
    const both = await lookUp('corp.example', maryHash);
    expect(both).toHaveLength(2);
    expect(both[0]).toBe(second.material);
    const old = await openpgp.readKey({ armoredKey: both[1] ?? '' });
    expect([old.getUserIDs(), await old.isRevoked()]).toEqual([['<Mary.Sue+List@corp.example>'], true]);
    expect(only(await renew(tenant, second, ports)).fingerprint).toBe(second.fingerprint);
    expect(await lookUp('corp.example', maryHash)).toHaveLength(2);
    expect(JSON.stringify(both)).not.toContain('PRIVATE');
    // A key of the whole tenant belongs to no address.
    only(await generatePgp(tenant, { ...mary, address: 'all@corp.example', wholeTenant: true }, ports));
    expect(await lookUp('corp.example', wkdHash('all'))).toEqual([]);
    expect((await ownKeys(ports).signerFor('corp', 'bob@corp.example', 'pgp'))?.method).toBe('pgp');
  });
});

describe('made when the first copy is signed', () => {
  const asking = (generate: KeyTenant['ownKeys']['generate']): KeyTenant => ({
    ...tenant,
    ownKeys: { ...tenant.ownKeys, generate },
  });

  test.each([
    ['off', [null, null]],
    ['smime', ['smime', null]],
    ['pgp', [null, 'pgp']],
    ['both', ['smime', 'pgp']],
  ] as const)('with %s', async (generate, expected) => {
    await using place = await ownPlace(sqlite);
    const { ports } = place;
    only(await createAuthority(tenant, '', ports));
    const keys = ownKeys(ports, [asking(generate)]);
    const signers = await Promise.all(
      (['smime', 'pgp'] as const).map((method) => keys.signerFor('corp', anna.address, method)),
    );
    expect(signers.map((signer) => signer?.method ?? null)).toEqual(expected);
  });

  test('once, however many copies ask at once, in however many processes', async () => {
    await using place = await ownPlace(sqlite);
    const { ports, store } = place;
    const [one, two] = [ownKeys(ports, [asking('pgp')]), ownKeys(ports, [asking('pgp')])];
    const signers = await Promise.all(
      [one, two, one, two, one].map((keys) => keys.signerFor('corp', anna.address, 'pgp')),
    );
    expect(new Set(signers.map((signer) => signer?.context)).size).toBe(1);
    expect(await store.ownKeys.list('corp')).toHaveLength(1);
  });

  test('not for strangers, not without an authority, and not again for whom it was revoked', async () => {
    await using place = await ownPlace(sqlite);
    const { ports } = place;
    const keys = ownKeys(ports, [asking('both')]);
    expect(await keys.signerFor('corp', 'mallory@elsewhere.example', 'pgp')).toBeNull();
    expect(await keys.signerFor('corp', anna.address, 'smime')).toBeNull();
    const made = await keys.signerFor('corp', anna.address, 'pgp');
    const [row] = await ports.store.of('corp', [anna.address]);
    if (made === null || row === undefined) throw new Error('no key was made');
    expect((await revoke(tenant, row, 'cessation', ports)).ok).toBe(true);
    expect(await keys.signerFor('corp', anna.address, 'pgp')).toBeNull();
  });
});

test('authorities of one name, and keys for strangers, are refused', async () => {
  await using place = await ownPlace(sqlite);
  const { ports } = place;
  only(await createAuthority(tenant, 'Corp CA', ports));
  expect(why(await createAuthority(tenant, 'Corp CA', ports))).toContain('another name');
  const stranger = { ...anna, address: 'anna@other.example' };
  expect(why(await issue(tenant, stranger, ports))).toContain('none of its domains');
  expect(why(await generatePgp(tenant, stranger, ports))).toContain('none of its domains');
  // The tenant has taken on a domain that its authority does not know.
  const grown = { ...tenant, domains: ['corp.example', 'new.example'] };
  expect(why(await issue(grown, { ...anna, address: 'anna@new.example' }, ports))).toContain(
    'was made for corp.example',
  );
  expect(why(await issue(tenant, { ...anna, address: 'änna@corp.example' }, ports))).toContain('beyond ASCII');
  expect(why(await createAuthority(tenant, 'x', { ...ports, publishedAt: null }))).toContain('setting web');
});

test('the newest key that may sign now does, the sender’s before the tenant’s', () => {
  const row = (id: string, more: Partial<OwnKeyRow>): OwnKeyRow => ({
    id,
    tenant: 'corp',
    kind: 'pgp',
    address: 'a@corp.example',
    use: 'both',
    origin: 'imported',
    fingerprint: id,
    material: '',
    sealed: '',
    state: 'active',
    serial: null,
    issuerId: null,
    createdAt: 0,
    notBefore: 0,
    notAfter: 100,
    revokedAt: null,
    reason: null,
    ...more,
  });
  const pick = (...rows: OwnKeyRow[]) => signingRow(rows, 'a@corp.example', 'pgp', 50)?.id ?? null;
  expect(pick(row('tenant', { address: '' }), row('own', {}))).toBe('own');
  expect(pick(row('tenant', { address: '' }))).toBe('tenant');
  expect(pick(row('newer', {}), row('older', {}))).toBe('newer');
  for (const no of [
    { state: 'retired' },
    { state: 'revoked' },
    { use: 'decrypt' },
    { notAfter: 50 },
    { notBefore: 51 },
    { kind: 'x509' },
  ] as const)
    expect(pick(row('no', no))).toBeNull();
  expect(pick(row('yes', { use: 'sign', notAfter: null }))).toBe('yes');
});
