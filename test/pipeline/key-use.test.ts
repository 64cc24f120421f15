import { expect, test } from 'vitest';
import { keyUses } from '../../src/pipeline/key-use.ts';
import type { Ended } from '../../src/pipeline/notices.ts';
import type { Step } from '../../src/plan/plan.ts';
import { keyRow } from '../keys/key-row.ts';

const rows = [
  keyRow('k-one', { source: 'wkd', trust: 'vouched', fingerprint: 'F1' }),
  keyRow('k-two', { kind: 'x509', fingerprint: 'F2' }),
];

function ended(method: Step['method'], keys: readonly string[], kind: 'delivered' | 'deferred'): Ended {
  const step: Step = { method, tls: 'may', keys };
  const delivery = { id: 'd', messageId: 'm', recipient: 'Anna@example.org', steps: [step], step: 0 };
  return { delivery, outcome: { kind } } as unknown as Ended;
}

async function uses(...all: readonly Ended[]) {
  const noted: (readonly string[])[] = [];
  const asked: string[] = [];
  const events = await keyUses(all, {
    store: {
      keysFor: async (address) => {
        asked.push(address);
        return rows;
      },
      noteKeysUsed: (ids) => void noted.push(ids),
    },
    now: () => 7,
  });
  return { events, noted, asked };
}

test('each delivered copy says to which key it was encrypted, from where and how trusted', async () => {
  expect(await uses(ended('pgp', ['k-one'], 'delivered'), ended('smime', ['k-two'], 'delivered'))).toEqual({
    events: [
      {
        kind: 'delivery.protected',
        message: 'm',
        delivery: 'd',
        recipient: 'Anna@example.org',
        method: 'pgp',
        key: 'k-one',
        fingerprint: 'F1',
        source: 'wkd',
        trust: 'vouched',
      },
      expect.objectContaining({
        method: 'smime',
        key: 'k-two',
        fingerprint: 'F2',
        source: 'import',
        trust: 'confirmed',
      }),
    ],
    noted: [['k-one'], ['k-two']],
    asked: ['anna@example.org', 'anna@example.org'],
  });
});

test.each([
  ['deferred', ended('pgp', ['k-one'], 'deferred')],
  ['over TLS', ended('tls', [], 'delivered')],
  ['as sent', ended('none', [], 'delivered')],
])('nothing is said of what was %s, and nobody is asked', async (_name, one) => {
  expect(await uses(one)).toEqual({ events: [], noted: [], asked: [] });
});
