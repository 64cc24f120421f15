/**
 * Makes and ends the tenant's own keys: an authority, a certificate from it, an OpenPGP key, what an admin imports; renews, revokes, and signs the lists of
 * what was revoked. The private halves are made and used in a thread (protect/own/); what comes back is kept (store/own-keys.ts) with its event.
 *
 * Each answer is a row, or a sentence for the admin. Renewing a certificate makes another with a new key, and the old one only opens from then on; an OpenPGP
 * key is prolonged instead, so that nobody has to trust another one.
 */
import { X509Certificate } from 'node:crypto';
import type { Config, Tenant } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import { domainOf } from '../mail/address.ts';
import type { OwnKeyAnswer, RevocationReason, SealedKey } from '../protect/own/jobs.ts';
import type { OwnKeyWork } from '../protect/own/thread.ts';
import type { OwnKeyRow, OwnKeyStore } from '../store/own-key-port.ts';

export type MakerPorts = {
  readonly store: OwnKeyStore;
  readonly work: OwnKeyWork;
  /** Where certificates say that lists are fetched, an origin; null without the setting web. */
  readonly publishedAt: string | null;
  readonly emit: (event: Event) => void;
  readonly now: () => number;
};

export type Made =
  | { readonly ok: true; readonly rows: readonly OwnKeyRow[]; readonly problems: readonly string[] }
  | { readonly ok: false; readonly why: string };

/** What of a tenant matters here. */
export type KeyTenant = Pick<Tenant, 'id' | 'domains' | 'ownKeys'>;

/** Whom a key is for: an address of the tenant, or with `wholeTenant` everybody, under that address. */
export type Wanted = { readonly address: string; readonly name: string; readonly wholeTenant: boolean };

const day = 86_400_000;
/** How long an authority is valid: longer than anybody wants to hand out another one. */
const authorityFor = 3650 * day;
/** Clocks of others may be behind. */
const leeway = 3_600_000;

/** Where a certificate says its authority's list and certificate are, as web/published.ts serves them. */
export const listPath = (authorityId: string): string => `/crl/${authorityId}.crl`;
export const certificatePath = (authorityId: string): string => `/ca/${authorityId}.cer`;

/** Programs fetch lists without TLS; where that is not served, the portal has to do. */
export function publishedAt(web: Config['web']): string | null {
  return web === null ? null : (web.http?.url ?? web.portalUrl);
}

export async function createAuthority(tenant: KeyTenant, name: string, ports: MakerPorts): Promise<Made> {
  const at = ports.now();
  if (ports.publishedAt === null) {
    return no('The setting web is missing: certificates have to say where the list of revoked ones is.');
  }
  const called = name === '' ? `${tenant.id} mail authority ${new Date(at).toISOString().slice(0, 10)}` : name;
  const others = (await ports.store.list(tenant.id)).filter(({ kind }) => kind === 'ca');
  // Programs look for an issuer by its name; with two of one name some take the wrong one.
  if (others.some((row) => subjectOf(row).name === called))
    return no(`There is an authority called ${called}. Give another name with --name.`);
  const { algorithm } = tenant.ownKeys;
  const { domains } = tenant;
  const notBefore = at - leeway;
  const answer = await ports.work({
    kind: 'authority',
    name: called,
    domains,
    algorithm,
    notBefore,
    notAfter: at + authorityFor,
  });
  const made = await keep(answer, tenant.id, { origin: 'generated', kind: 'ownKey.generated' }, ports);
  await signDueLists([tenant], ports);
  return made;
}

/** A certificate for signing and decryption, from the tenant's authority. */
export async function issue(tenant: KeyTenant, wanted: Wanted, ports: MakerPorts, automatic = false): Promise<Made> {
  const wrong = notOurs(tenant, wanted.address);
  if (wrong !== null) return no(wrong);
  const authority = await ports.store.authorityOf(tenant.id);
  if (authority === null || ports.publishedAt === null) {
    return no('The tenant has no authority yet. Make one first: postern keys own ca');
  }
  const { algorithm, validFor } = tenant.ownKeys;
  const at = ports.now();
  const answer = await ports.work({
    kind: 'certificate',
    authority,
    ...wanted,
    algorithm,
    notBefore: at - leeway,
    notAfter: at + validFor,
    crlUrl: `${ports.publishedAt}${listPath(authority.id)}`,
    issuerUrl: `${ports.publishedAt}${certificatePath(authority.id)}`,
  });
  return keep(
    answer,
    tenant.id,
    { origin: 'generated', kind: 'ownKey.issued', issuerId: authority.id, unlessActive: automatic },
    ports,
  );
}

export async function generatePgp(
  tenant: KeyTenant,
  wanted: Wanted,
  ports: MakerPorts,
  automatic = false,
): Promise<Made> {
  const wrong = notOurs(tenant, wanted.address);
  if (wrong !== null) return no(wrong);
  const createdAt = ports.now();
  const notAfter = createdAt + tenant.ownKeys.validFor;
  const answer = await ports.work({ kind: 'pgp', ...wanted, createdAt, notAfter });
  return keep(answer, tenant.id, { origin: 'generated', kind: 'ownKey.generated', unlessActive: automatic }, ports);
}

/** `file` is filled with zeros once it was read, as it may hold a private key in the clear. */
export async function importFile(
  tenant: KeyTenant,
  file: Buffer,
  passphrase: string | null,
  wholeTenant: boolean,
  ports: MakerPorts,
): Promise<Made> {
  const { domains } = tenant;
  const answer = await ports.work({ kind: 'import', file, passphrase, domains, wholeTenant, now: ports.now() });
  file.fill(0);
  return keep(answer, tenant.id, { origin: 'imported', kind: 'ownKey.imported' }, ports);
}

export async function renew(tenant: KeyTenant, row: OwnKeyRow, ports: MakerPorts): Promise<Made> {
  if (row.state !== 'active')
    return no(`The key is ${row.state}; only an active one is renewed. Make a new one instead.`);
  if (row.kind === 'ca') return no('An authority is not renewed. Make a new one: postern keys own ca');
  if (row.origin === 'imported') return no('The key was imported. Renew it where it came from, and import it again.');
  if (row.kind === 'x509') {
    const { address, name } = subjectOf(row);
    return issue(tenant, { address, name, wholeTenant: row.address === '' }, ports);
  }
  const now = ports.now();
  const answer = await ports.work({
    kind: 'prolong',
    key: row,
    mailbox: row.address === '' ? null : row.address,
    now,
    notAfter: now + tenant.ownKeys.validFor,
  });
  if (answer.kind !== 'keys') return no(whyOf(answer));
  const [key] = answer.keys;
  if (key === undefined) return no('The key could not be read.');
  const renewed = { ...row, material: key.material, sealed: key.sealed, notAfter: key.notAfter };
  const event = eventOf('ownKey.renewed', renewed);
  if (!(await ports.store.prolong(row.id, renewed, [event]))) return no('The key was revoked meanwhile.');
  ports.emit(event);
  return { ok: true, rows: [renewed], problems: [] };
}

/** Revokes the key for every address it is kept for. */
export async function revoke(
  tenant: KeyTenant,
  row: OwnKeyRow,
  reason: RevocationReason,
  ports: MakerPorts,
): Promise<Made> {
  if (row.kind === 'ca') {
    return no(
      'An authority cannot revoke itself. Revoke its certificates, tell everybody who trusts it to remove it, and make a new one: postern keys own ca',
    );
  }
  const same = (await ports.store.list(tenant.id)).filter(
    ({ kind, fingerprint, state }) => kind === row.kind && fingerprint === row.fingerprint && state !== 'revoked',
  );
  const rows: OwnKeyRow[] = [];
  for (const each of same) {
    const revoked = await revokeOne(each, reason, ports);
    if (typeof revoked === 'string') return no(revoked);
    rows.push(revoked);
  }
  if (rows.length === 0) return no('The key is revoked already.');
  await signDueLists([tenant], ports);
  const elsewhere = row.kind === 'x509' && row.issuerId === null;
  const problems = elsewhere
    ? ['Others learn of it only from who issued the certificate: have it revoked there, too.']
    : [];
  return { ok: true, rows, problems };
}

async function revokeOne(row: OwnKeyRow, reason: RevocationReason, ports: MakerPorts): Promise<OwnKeyRow | string> {
  const at = ports.now();
  let { material } = row;
  if (row.kind === 'pgp') {
    const mailbox = row.address === '' ? null : row.address;
    const answer = await ports.work({ kind: 'revokePgp', key: row, mailbox, now: at, reason });
    if (answer.kind !== 'material') return whyOf(answer);
    material = answer.material;
  }
  const event: Event = { ...eventOf('ownKey.revoked', row), reason };
  if (!(await ports.store.revoke(row.id, { at, reason, material }, [event]))) return 'The key is revoked already.';
  ports.emit(event);
  return { ...row, state: 'revoked', revokedAt: at, reason, material };
}

/** Signs the lists whose time has come, of the tenants' authorities. */
export async function signDueLists(
  tenants: readonly KeyTenant[],
  ports: Pick<MakerPorts, 'store' | 'work' | 'now'>,
): Promise<void> {
  for (const { authority, number } of await ports.store.listsDue(ports.now())) {
    const tenant = tenants.find(({ id }) => id === authority.tenant);
    // Not kept: another process was quicker, or something was revoked meanwhile; whatever is still due then has its turn the next time.
    if (tenant !== undefined && !(await signList(authority, number, tenant.ownKeys.listFor, ports))) {
      const again = (await ports.store.listsDue(ports.now())).find((due) => due.authority.id === authority.id);
      if (again !== undefined) await signList(authority, again.number, tenant.ownKeys.listFor, ports);
    }
  }
}

async function signList(
  authority: OwnKeyRow,
  after: number,
  listFor: number,
  { store, work, now }: Pick<MakerPorts, 'store' | 'work' | 'now'>,
): Promise<boolean> {
  const at = now();
  const times = { thisUpdate: at - 60_000, nextUpdate: at + listFor };
  // RFC 5280 section 3.3: what was revoked is on one more list after it has expired.
  const revoked = await store.revokedBy(authority.id, at - listFor);
  const answer = await work({ kind: 'list', authority, number: after + 1, ...times, revoked });
  if (answer.kind !== 'list') throw new Error(whyOf(answer));
  const der = Buffer.from(answer.der);
  const list = { authorityId: authority.id, number: after + 1, der, ...times, renewAt: at + listFor / 2 };
  return store.keepList(list, after);
}

/** The address and the common name in a certificate of ours. */
function subjectOf({ material, address }: OwnKeyRow): { readonly address: string; readonly name: string } {
  const certificate = new X509Certificate(material);
  const alternative = certificate.subjectAltName?.replace(/^email:/, '') ?? '';
  return { address: address === '' ? alternative : address, name: certificate.subject.replace(/^CN=/, '') };
}

const no = (why: string): Made => ({ ok: false, why });

function whyOf(answer: OwnKeyAnswer): string {
  return answer.kind === 'cannot' ? answer.why : 'The answer of the thread was of another kind than asked for.';
}

function notOurs({ domains, id }: KeyTenant, address: string): string | null {
  const domain = domainOf(address);
  return domains.includes(domain)
    ? null
    : `${address} is no address of the tenant ${id}: ${domain} is none of its domains.`;
}

/** Keeps new keys, each with its event. */
async function keep(
  answer: OwnKeyAnswer,
  tenant: string,
  how: {
    readonly origin: OwnKeyRow['origin'];
    readonly kind: 'ownKey.imported' | 'ownKey.generated' | 'ownKey.issued';
    readonly issuerId?: string;
    readonly unlessActive?: boolean;
  },
  { store, emit, now }: MakerPorts,
): Promise<Made> {
  if (answer.kind !== 'keys') return no(whyOf(answer));
  const rows: OwnKeyRow[] = [];
  const problems = [...answer.problems];
  for (const key of answer.keys) {
    const row = rowOf(key, tenant, how.origin, how.issuerId ?? null, now());
    const event = eventOf(how.kind, row);
    if (await store.add(row, { unlessActive: how.unlessActive ?? false }, [event])) {
      emit(event);
      rows.push(row);
    } else problems.push(`The key ${row.fingerprint} is here already.`);
  }
  return rows.length > 0 ? { ok: true, rows, problems } : no(problems.join(' '));
}

function rowOf(
  key: SealedKey,
  tenant: string,
  origin: OwnKeyRow['origin'],
  issuerId: string | null,
  createdAt: number,
): OwnKeyRow {
  return { ...key, tenant, origin, state: 'active', issuerId, createdAt, revokedAt: null, reason: null };
}

function eventOf<Kind extends Event['kind'] & `ownKey.${string}`>(kind: Kind, row: OwnKeyRow) {
  const { tenant, id: key, address, fingerprint } = row;
  return { kind, tenant, key, address, fingerprint };
}
