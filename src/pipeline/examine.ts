/**
 * Examine: everything policy may know of one message: its structure, what the scan finds in it, the thread it belongs to, and the groups of its
 * people, as facts. Decide does this for real mail, `postern explain` and the cases of `postern check` for mail that never leaves: the same
 * function, so that an explanation cannot differ from the deed.
 *
 * A thread is known by the SHA-256 of the Message-ID of each message that left protected, with the tenant's id, so that the database tells
 * nobody who wrote to whom. References and In-Reply-To of a later message say to which it belongs.
 */
import { createHash } from 'node:crypto';
import type { Tenant } from '../config/config.ts';
import type { Structure } from '../mail/structure.ts';
import { type Facts, factsOf, threadIdsOf } from '../policy/facts.ts';
import type { Groups } from '../policy/groups.ts';
import type { Policy } from '../policy/schema.ts';
import type { Level } from '../policy/verdict.ts';
import type { ScanJob, ScanPool } from '../scan/job.ts';
import type { Store } from '../store/store.ts';

export type ExaminePorts = {
  readonly scan: ScanPool['scan'];
  readonly store: Pick<Store, 'threadLevel'>;
};

export type ToExamine = {
  readonly structure: Structure;
  /** Octets of the message as stored. */
  readonly read: ScanJob['read'];
  readonly tenant: Pick<Tenant, 'id' | 'domains'>;
  /** Addresses in normal form. */
  readonly envelope: Facts['envelope'];
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  /** Its probes are looked for. */
  readonly policy: Pick<Policy, 'probes'>;
  /** Null when no file of groups is set. */
  readonly groups: Groups | null;
};

/** Rejects only for faults of ours (a scan worker that cannot be started, the database, octets that cannot be read). */
export async function examineMessage(message: ToExamine, ports: ExaminePorts): Promise<Facts> {
  const { structure, read, tenant, envelope, receivedAt, policy, groups } = message;
  const [scan, thread] = await Promise.all([
    ports.scan({ structure, probes: policy.probes, read }),
    threadLevel(message, ports),
  ]);
  return factsOf({
    structure,
    tenant: tenant.id,
    tenantDomains: tenant.domains,
    envelope,
    receivedAt,
    thread,
    groups,
    scan,
  });
}

async function threadLevel({ structure, tenant }: ToExamine, { store }: ExaminePorts): Promise<Level | null> {
  const ids = threadIdsOf(structure.fields);
  return ids.length === 0
    ? null
    : store.threadLevel(
        tenant.id,
        ids.map((id) => threadHash(tenant.id, id)),
      );
}

/** What the store keeps of a Message-ID (with its angle brackets). */
export function threadHash(tenant: string, messageId: string): string {
  return createHash('sha256').update(`${tenant}\0${messageId}`).digest('hex');
}
