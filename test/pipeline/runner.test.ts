import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Config, Tenant } from '../../src/config/config.ts';
import type { Event } from '../../src/event/event.ts';
import { createDomainMemory } from '../../src/pipeline/domains.ts';
import { Runner, type RunnerPorts } from '../../src/pipeline/runner.ts';
import type { Outcome } from '../../src/plan/delivery.ts';
import type { ScanPool } from '../../src/scan/job.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { eachEngine, sqlite } from '../engines.ts';
import { policy } from '../policy/facts-of.ts';
import { decide, message } from '../store/rows.ts';

const delivered: Outcome = { kind: 'delivered', status: '2.0.0', remote: null };
const octets = Buffer.from('From: anna@corp.example\r\nSubject: Hello\r\n\r\nBody\r\n');
const inForce = { policy: policy('[]'), groups: null };

type Around = {
  readonly now: () => number;
  readonly send?: () => Promise<Outcome[]>;
  readonly scan?: ScanPool['scan'];
  readonly emit?: (event: Event) => void;
};

/** A runner with a real store, and everything else pretended. */
function runnerOn(store: Store, { now, send, scan, emit = () => {} }: Around): Runner {
  const unused = (): never => {
    throw new Error('not part of this test');
  };
  const retry = { first: 1, max: 1, giveUpAfter: 1e9, warnAfter: 1e9 };
  const config = { delivery: { perDestination: 10, retry }, retention: { facts: 1e9, threads: 1e9, history: 1e9 } };
  const spool = {
    read: async function* (_ref: unknown, { start, end } = { start: 0, end: octets.length }) {
      yield octets.subarray(start, end);
    },
    create: unused,
    remove: async () => {},
    sweep: async () => 0,
    close: async () => {},
  };
  const settings = { minimumTls: 'verify', keys: { minimumTrust: 'vouched' } } as const;
  const tenant = { id: 'corp', domains: ['corp.example'], ...settings } as Partial<Tenant> as Tenant;
  const transmitter = {
    send: send ?? (async ({ recipients }: { recipients: readonly unknown[] }) => recipients.map(() => delivered)),
  };
  const ports: RunnerPorts = {
    store,
    domains: createDomainMemory({ store, emit, now }),
    reports: null,
    spool,
    emit,
    now,
    decide: {
      spool,
      store,
      tenant: () => tenant,
      scan: scan ?? (async () => ({ findings: [], probes: {}, looked: [], blind: [] })),
      policy: () => inForce,
      portal: false,
      masterKey: Buffer.alloc(32, 1),
      discovery: null,
      harvest: null,
      hostname: 'gw.example',
      own: unused,
      now,
    },
    attempt: {
      config: { ...(config as Config), tenants: [] },
      spool,
      store,
      transmitter,
      protect: { protect: unused },
      freshKeys: async (rows) => rows,
      signerFor: unused,
      opening: {
        spool: { read: unused, create: unused, remove: unused },
        store,
        pool: { open: unused },
        decryptionKeys: unused,
        checkSigner: unused,
        harvest: null,
        now,
      },
      own: unused,
      now,
      random: () => 0,
    },
  };
  return new Runner(ports);
}

async function accept(store: Store, recipient: string): Promise<string> {
  const row = message({
    recipients: [recipient],
    size: octets.length,
    headerSize: octets.indexOf('Body'),
    receivedAt: Date.now(),
  });
  await store.insertMessages([row], []);
  return row.id;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await condition()); tries++) {
    if (tries > 3_000) throw new Error('it did not happen');
    await sleep(30);
  }
}

eachEngine((engine) => {
  test('a clock that jumps over every lease does not make one process send twice', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { message: row } = await decide(store, ['bob@partner.example']);
    let jumped = 0;
    let sends = 0;
    let finish = (): void => {};
    const send = () => {
      sends += 1;
      return new Promise<Outcome[]>((resolve) => {
        finish = () => resolve([delivered]);
      });
    };
    const runner = runnerOn(store, { now: () => Date.now() + jumped, send });
    await runner.start();
    await sleep(500);
    expect(sends).toBe(1);
    jumped = 11 * 60_000;
    await sleep(2_500);
    expect(sends).toBe(1);
    finish();
    await runner.stop();
    const [found] = await store.findMessages(row.id);
    expect(found?.deliveries).toMatchObject([{ state: 'delivered', attempts: 1, crashes: 0 }]);
    await store.close();
  });

  test('a message that is long looked through stays ours, and does not delay another', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const slow = await accept(store, 'slow@b.example');
    let jumped = 0;
    const now = () => Date.now() + jumped;
    let scans = 0;
    const { promise: looked, resolve: finish } = Promise.withResolvers<void>();
    const scan: ScanPool['scan'] = async () => {
      scans += 1;
      if (scans === 1) await looked;
      return { findings: [], probes: {}, looked: [], blind: [] };
    };
    const runner = runnerOn(store, { now, scan });
    await runner.start();
    const state = async (id: string) => (await store.findMessages(id))[0];
    await until(async () => scans === 1);
    const quick = await accept(store, 'quick@b.example');
    runner.wake();
    await until(async () => (await state(quick))?.deliveries[0]?.state === 'delivered');
    // Longer than a lease, a step at a time; meanwhile another process looks for what was lost.
    for (let step = 0; step < 3; step++) {
      jumped += 60_000;
      await sleep(1_100);
      await store.promote(now());
      expect(await store.claimMessages(10, now() + 60_000)).toEqual([]);
    }
    finish();
    await until(async () => (await state(slow))?.deliveries[0]?.state === 'delivered');
    expect((await state(slow))?.message.attempts).toBe(1);
    expect(scans).toBe(2);
    await runner.stop();
    await store.close();
  });
});

describe('a scan that cannot be made', () => {
  test('is tried again, then the message waits for a person; nothing leaves', async () => {
    await using place = await sqlite.create();
    const { store } = await openStore(place);
    const id = await accept(store, 'bob@b.example');
    let jumped = 0;
    let scans = 0;
    const events: Event[] = [];
    const scan = async (): Promise<never> => {
      scans += 1;
      throw new Error('no worker');
    };
    const runner = runnerOn(store, { now: () => Date.now() + jumped, scan, emit: (event) => events.push(event) });
    await runner.start();
    const state = async () => (await store.findMessages(id))[0]?.message.state;
    await until(async () => {
      jumped += 10_000;
      return (await state()) === 'held';
    });
    await runner.stop();
    expect(scans).toBe(3);
    const [found] = await store.findMessages(id);
    expect(found?.deliveries).toEqual([]);
    expect(events).toContainEqual({ kind: 'service.failed', component: 'decide', error: 'Error: no worker' });
    expect(events).toMatchObject(expect.arrayContaining([expect.objectContaining({ kind: 'message.held' })]));
    await store.close();
  });
});
