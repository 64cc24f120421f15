import { describe, expect, test } from 'vitest';
import { groupDeliveries } from '../../src/pipeline/attempt.ts';
import { prepare } from '../../src/pipeline/octets.ts';
import type { Step } from '../../src/plan/plan.ts';
import { type Actions, noActions } from '../../src/policy/verdict.ts';
import { sealText } from '../../src/protect/seal.ts';
import type { ClaimedDelivery } from '../../src/store/store.ts';
import { delivery, message } from '../store/rows.ts';

const masterKey = Buffer.alloc(32, 7);
const header = [
  'Received: from client by gateway; Fri, 20 Nov 2026 12:00:00 +0000',
  'From: Anna <anna@corp.example>',
  'X-Internal: 1',
  'x-INTERNAL: 2',
  ' folded',
  'Subject: [secure] Gr\xfc\xdfe',
  'X-Kept:  two  spaces ',
  '',
  '',
].join('\r\n');
const octets = Buffer.from(`${header}The body.\r\n`, 'latin1');

function claimed(changes: Partial<ClaimedDelivery>): ClaimedDelivery {
  const row = {
    ...message({ size: octets.length, headerSize: header.length }),
    state: 'decided',
    attempts: 1,
  } as const;
  const progress = { step: 0, attempts: 0, createdAt: 0, nextAt: 0, warned: false, crashes: 0, reason: '' };
  const rest = { ...progress, remote: null, settledAt: null, state: 'sending' } as const;
  return { ...delivery(row), ...rest, message: row, ...changes };
}

const headers = (add: Actions['headers']['add'], remove: string[] = []): Actions => ({
  ...noActions,
  headers: { add, remove },
});

async function sent(row: ClaimedDelivery): Promise<{ text: string; size: number | null }> {
  const unused = (): never => {
    throw new Error('not part of this test');
  };
  const ports = {
    config: { masterKey, tenants: [] },
    spool: {
      read: async function* (_ref: unknown, range = { start: 0, end: octets.length }) {
        yield octets.subarray(range.start, range.end);
      },
    },
    store: { keysFor: unused, findMessages: unused },
    protect: { protect: unused },
    signerFor: unused,
  };
  const prepared = await prepare(row, { method: 'tls', tls: 'verify', keys: [] }, ports);
  if (prepared.kind !== 'ready') throw new Error('not ready');
  const chunks: Uint8Array[] = [];
  for await (const chunk of prepared.body()) chunks.push(chunk);
  return { text: Buffer.concat(chunks).toString('latin1'), size: prepared.size };
}

describe('what leaves', () => {
  test('without actions, the octets as they came', async () => {
    expect(await sent(claimed({}))).toEqual({ text: octets.toString('latin1'), size: octets.length });
  });

  test('fields come on top and go by any case, with their folds; no other octet changes', async () => {
    const actions = headers(
      [
        { name: 'X-Class', value: 'grün' },
        { name: 'X-Kept', value: 'more' },
      ],
      ['X-Internal'],
    );
    const { text, size } = await sent(claimed({ actions }));
    const rest = octets.toString('latin1').replace('X-Internal: 1\r\nx-INTERNAL: 2\r\n folded\r\n', '');
    expect(text).toBe(`X-Class: =?utf-8?B?Z3LDvG4=?=\r\nX-Kept: more\r\n${rest}`);
    expect(size).toBe(text.length);
  });

  test('a field that is taken out and added is replaced, and the Subject loses its keyword besides', async () => {
    const row = claimed({ actions: headers([{ name: 'X-Internal', value: 'no' }], ['x-internal']) });
    const subject = sealText(masterKey, 'Grüße', `subject ${row.message.id}`);
    const { text } = await sent({ ...row, subject });
    expect(text.match(/x-internal/gi)).toHaveLength(1);
    expect(text).toMatch(/^X-Internal: no\r\n/);
    expect(text).not.toContain('[secure]');
    expect(text).toMatch(/\r\nSubject: =\?utf-8\?/);
  });

  test('a value cannot begin another field, whatever the policy holds', async () => {
    const { text } = await sent(
      claimed({ actions: headers([{ name: 'X-A', value: 'b\r\nBcc: c@d.example\r\n\r\nx' }]) }),
    );
    expect(text).not.toMatch(/^Bcc:/m);
    expect(text.split('\r\n\r\n')).toHaveLength(2);
  });
});

describe('what shares a transaction', () => {
  const step: Step = { method: 'tls', tls: 'verify', keys: [] };
  const of = (id: string, recipient: string, actions: Actions, method: Step['method'] = 'tls') =>
    claimed({ id, messageId: 'm', destination: 'b.example', recipient, actions, steps: [{ ...step, method }] });
  const marked = headers([{ name: 'X-A', value: '1' }]);

  test('is what has the same octets', () => {
    const groups = groupDeliveries([
      of('1', 'a@b.example', noActions),
      of('2', 'b@b.example', marked),
      of('3', 'c@b.example', noActions),
      of('4', 'd@b.example', headers([{ name: 'X-A', value: '1' }])),
      of('5', 'e@b.example', headers([], ['X-A'])),
      of('6', 'f@b.example', { ...noActions, expires: 1, reply: true }),
      of('7', 'g@b.example', { ...noActions, sign: true }),
    ]);
    expect(groups.map((group) => group.map(({ id }) => id))).toEqual([['1', '3', '6'], ['2', '4'], ['5'], ['7']]);
  });

  test('is never a protected copy', () => {
    expect(
      groupDeliveries([of('1', 'a@b.example', marked, 'pgp'), of('2', 'a@b.example', marked, 'pgp')]),
    ).toHaveLength(2);
  });
});
