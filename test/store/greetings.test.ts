/** What is kept of how people like to be written to, on both engines. */
import { expect, test } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import { eachEngine } from '../engines.ts';

const robin = { tenant: 'corp', address: 'robin@clinic.example' };

eachEngine((engine) => {
  test('nothing is known until it is kept, and each half is kept by itself', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { greetings } = store;
    expect(await greetings.of(robin)).toEqual({ language: null, phrase: null });
    await greetings.keep(robin, {});
    await greetings.keep(robin, { language: 'nl' });
    await greetings.keep(robin, { phrase: 'Blue tulips' });
    expect(await greetings.of(robin)).toEqual({ language: 'nl', phrase: 'Blue tulips' });
    await greetings.keep(robin, { language: 'fr' });
    await greetings.keep(robin, { phrase: null });
    expect(await greetings.of(robin)).toEqual({ language: 'fr', phrase: null });
    await store.close();
  });

  test('another address, and the same one at another tenant, are greeted in their own way', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await store.greetings.keep(robin, { language: 'nl', phrase: 'Blue tulips' });
    for (const other of [
      { ...robin, tenant: 'other' },
      { ...robin, address: 'sam@clinic.example' },
    ])
      expect(await store.greetings.of(other)).toEqual({ language: null, phrase: null });
    await store.close();
  });
});
