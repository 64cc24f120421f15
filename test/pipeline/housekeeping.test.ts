/** What the gateway forgets, and when: each kind of memory at its own age, on a real store. */
import { expect, test } from 'vitest';
import { createHousekeeping } from '../../src/pipeline/housekeeping.ts';
import { openStore } from '../../src/store/open.ts';
import { eachEngine } from '../engines.ts';
import { delivery, message } from '../store/rows.ts';

const day = 86_400_000;
const retention = { facts: 30 * day, threads: 365 * day, history: 2190 * day };

eachEngine((engine) => {
  test('facts go first; the history of a message stays until its own time is over', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const now = Date.now();
    const row = message({ receivedAt: now });
    const one = delivery(row);
    await store.insertMessages([row], []);
    await store.claimMessages(1, now + 60_000);
    const decision = { messageId: row.id, sealedFacts: 'v1.facts', policyVersion: 'p1', deliveries: [one], events: [] };
    await store.decided([decision]);
    await store.queueAction(one.id, 'bounce', now);
    const unused = (): never => {
      throw new Error('not part of this test');
    };
    const turn = async (days: number) => {
      // A fresh one each time, since after a look that found nothing it waits a while.
      const housekeeping = createHousekeeping({
        store,
        spool: { remove: async () => {}, sweep: async () => 0 },
        attempt: { config: { retention }, store, spool: { read: unused }, own: unused } as never,
        emit: () => {},
        now: () => now + days * day,
      });
      await housekeeping.turn();
      await housekeeping.turn();
      const facts = await store.messageFacts(row.id);
      return { facts: facts !== null, history: (await store.findMessages(row.id)).length === 1 };
    };
    expect(await turn(29)).toEqual({ facts: true, history: true });
    expect(await turn(31)).toEqual({ facts: false, history: true });
    expect(await turn(2189)).toEqual({ facts: false, history: true });
    expect(await turn(2191)).toEqual({ facts: false, history: false });
    await store.close();
  });
});
