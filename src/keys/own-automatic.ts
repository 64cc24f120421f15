/**
 * What happens to the tenant's own keys without anybody asking: a sender gets a key at the first signature where the tenant's settings say so
 * (`createGenerator`), keys that end soon are renewed and lists of revoked certificates signed again (`startTending`).
 */
import type { OwnKeyRow } from '../store/own-key-port.ts';
import { signingRow } from './own.ts';
import { generatePgp, issue, type KeyTenant, type MakerPorts, renew, signDueLists } from './own-maker.ts';

type Generate = (tenant: string, address: string, method: 'smime' | 'pgp') => Promise<OwnKeyRow | null>;

/** Milliseconds until a sender for whom no key could be made is tried again. */
const pause = 10 * 60_000;
/** Senders without a key that are remembered. */
const capacity = 10_000;

/** Makes a key for a sender who has none; null where the settings say no or it cannot be. Several copies of theirs at once wait for one key. */
export function createGenerator(tenants: readonly KeyTenant[], ports: MakerPorts): Generate {
  const making = new Map<string, Promise<OwnKeyRow | null>>();
  const failed = new Map<string, number>();
  return (id, address, method) => {
    const tenant = tenants.find((each) => each.id === id);
    if (tenant === undefined || !wanted(tenant, method)) return Promise.resolve(null);
    const key = `${id} ${method} ${address}`;
    if ((failed.get(key) ?? 0) > ports.now()) return Promise.resolve(null);
    const running = making.get(key);
    if (running !== undefined) return running;
    const made = make(tenant, address, method, ports)
      .then((row) => {
        if (failed.size >= capacity) failed.clear();
        if (row === null) failed.set(key, ports.now() + pause);
        return row;
      })
      .finally(() => making.delete(key));
    making.set(key, made);
    return made;
  };
}

function wanted({ ownKeys: { generate } }: KeyTenant, method: 'smime' | 'pgp'): boolean {
  return generate === 'both' || generate === method;
}

async function make(
  tenant: KeyTenant,
  address: string,
  method: 'smime' | 'pgp',
  ports: MakerPorts,
): Promise<OwnKeyRow | null> {
  // A person who revoked a key means that there is to be none.
  const rows = await ports.store.of(tenant.id, [address]);
  const kind = method === 'smime' ? 'x509' : 'pgp';
  if (rows.some((row) => row.address === address && row.kind === kind && row.state === 'revoked')) return null;
  const person = { address, name: '', wholeTenant: false };
  const made = await (method === 'smime'
    ? issue(tenant, person, ports, true)
    : generatePgp(tenant, person, ports, true));
  if (made.ok) return made.rows[0] ?? null;
  // Another process was first.
  return signingRow(await ports.store.of(tenant.id, [address]), address, method, ports.now());
}

/** Milliseconds between two looks at what ends. */
const every = 10 * 60_000;

/** Looks now and every few minutes at what ends; the result stops that and resolves when nothing is under way. */
export function startTending(tenants: readonly KeyTenant[], ports: MakerPorts): () => Promise<void> {
  let running = Promise.resolve();
  const look = (): void => {
    running = running.then(async () => {
      try {
        await tendOwnKeys(tenants, ports);
      } catch (error) {
        const why = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown';
        ports.emit({ kind: 'service.failed', component: 'own keys', error: why });
      }
    });
  };
  look();
  const timer = setInterval(look, every).unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}

/** Signs the lists that are due and renews what ends soon. Rejects with the first reason why a key could not be renewed. */
export async function tendOwnKeys(tenants: readonly KeyTenant[], ports: MakerPorts): Promise<void> {
  await signDueLists(tenants, ports);
  const problem = await renewEnding(tenants, ports);
  if (problem !== null) throw new Error(problem);
}

/** Renews what ends soon; those that cannot be are left for the next time, and the first reason is said. */
async function renewEnding(tenants: readonly KeyTenant[], ports: MakerPorts): Promise<string | null> {
  const now = ports.now();
  const longest = Math.max(...tenants.map(({ ownKeys }) => ownKeys.renewBefore));
  let problem: string | null = null;
  for (const row of await ports.store.ending(now + longest, 50)) {
    const tenant = tenants.find(({ id }) => id === row.tenant);
    if (tenant === undefined || (row.notAfter ?? now) > now + tenant.ownKeys.renewBefore) continue;
    const made = await renew(tenant, row, ports);
    if (!made.ok) problem ??= made.why;
  }
  return problem;
}
