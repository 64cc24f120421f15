import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { createDomainMemory } from '../../src/pipeline/domains.ts';
import { Runner, type RunnerPorts } from '../../src/pipeline/runner.ts';
import type { Outcome } from '../../src/plan/delivery.ts';
import { openStore } from '../../src/store/open.ts';
import { eachEngine } from '../engines.ts';
import { decide } from '../store/rows.ts';

const delivered: Outcome = { kind: 'delivered', status: '2.0.0', remote: null };

eachEngine((engine) => {
  test('a clock that jumps over every lease does not make one process send twice', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { message } = await decide(store, ['bob@partner.example']);
    let jumped = 0;
    let sends = 0;
    let finish = (): void => {};
    const now = () => Date.now() + jumped;
    const unused = (): never => {
      throw new Error('not part of this test');
    };
    const retry = { first: 1, max: 1, giveUpAfter: 1e9, warnAfter: 1e9 };
    const config = { delivery: { perDestination: 10, retry }, retention: { facts: 1e9, threads: 1e9 } };
    const spool = { read: unused, create: unused, remove: async () => {}, sweep: async () => 0, close: async () => {} };
    const transmitter = {
      send: () => {
        sends += 1;
        return new Promise<Outcome[]>((resolve) => {
          finish = () => resolve([delivered]);
        });
      },
    };
    const attempt = {
      config: { ...(config as Config), tenants: [] },
      spool,
      store,
      transmitter,
      protect: { protect: unused },
      own: unused,
    };
    const decidePorts = {
      spool,
      store,
      tenant: unused,
      scan: unused,
      policy: unused,
      portal: false,
      masterKey: Buffer.alloc(32),
      hostname: 'gw.example',
      own: unused,
      now,
    };
    const ports: RunnerPorts = {
      store,
      spool,
      emit: () => {},
      now,
      decide: decidePorts,
      attempt: { ...attempt, now, random: () => 0 },
      domains: createDomainMemory({ store, emit: () => {}, now }),
    };
    const runner = new Runner(ports);
    await runner.start();
    await sleep(500);
    expect(sends).toBe(1);
    jumped = 11 * 60_000;
    await sleep(2_500);
    expect(sends).toBe(1);
    finish();
    await runner.stop();
    const [found] = await store.findMessages(message.id);
    expect(found?.deliveries).toMatchObject([{ state: 'delivered', attempts: 1, crashes: 0 }]);
    await store.close();
  });
});
