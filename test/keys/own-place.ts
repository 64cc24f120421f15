/** A tenant with a place for keys of its own: a real store, what the thread does (here in this one), a clock of the test's. */

import type { Event } from '../../src/event/event.ts';
import type { KeyTenant, MakerPorts } from '../../src/keys/own-maker.ts';
import { workOnOwnKeys } from '../../src/protect/own/work.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import type { Engine } from '../engines.ts';

export const day = 86_400_000;
export const sealingKey = Buffer.alloc(32, 7);

export const tenant: KeyTenant = {
  id: 'corp',
  domains: ['corp.example'],
  ownKeys: { generate: 'off', algorithm: 'p256', validFor: 400 * day, renewBefore: 30 * day, listFor: 8 * day },
};

export const anna = { address: 'anna@corp.example', name: 'Anna Example', wholeTenant: false };

export type OwnPlace = AsyncDisposable & {
  readonly store: Store;
  readonly ports: MakerPorts;
  readonly events: Event[];
  readonly clock: { now: number };
};

export async function ownPlace(engine: Engine): Promise<OwnPlace> {
  const place = await engine.create();
  const { store } = await openStore(place);
  const events: Event[] = [];
  const clock = { now: Date.now() };
  const ports: MakerPorts = {
    store: store.ownKeys,
    work: (job) => workOnOwnKeys(job, sealingKey),
    publishedAt: 'http://pki.corp.example',
    emit: (event) => events.push(event),
    now: () => clock.now,
  };
  return {
    store,
    ports,
    events,
    clock,
    async [Symbol.asyncDispose]() {
      await store.close();
      await place[Symbol.asyncDispose]();
    },
  };
}
