/** What the work role makes of what the portal hands over, whoever may have taken the portal: to whom, how, and in which thread. */
import { expect, test } from 'vitest';
import type { Tenant, Writing } from '../../src/config/config.ts';
import { composeAnswer } from '../../src/mail/answer.ts';
import { threadHash } from '../../src/pipeline/examine.ts';
import { decideAnswer } from '../../src/pipeline/portal-answer.ts';
import type { Level, Proof } from '../../src/policy/verdict.ts';
import type { MessageRow } from '../../src/store/store.ts';
import { message } from '../store/rows.ts';

const answered = '<first@corp.example>';
const { header } = composeAnswer({
  from: 'secure-mail@corp.example',
  person: { name: '', address: 'bob@partner.example' },
  to: [{ name: '', address: 'anna@corp.example' }],
  cc: [],
  subject: 'Re: x',
  text: 'x',
  quote: null,
  messageId: '<answer@corp.example>',
  thread: [answered],
  date: 0,
  language: 'en',
  timeZone: 'UTC',
  files: [],
});

type Known = {
  readonly inbound?: Tenant['inbound'];
  readonly ownCopies?: Writing['ownCopies'];
  readonly thread?: Level;
  readonly audience?: readonly { readonly address: string; readonly demand: Proof }[];
  /** Whose the message is that is answered. */
  readonly tenant?: string;
};

async function decided(changes: Partial<MessageRow>, known: Known = {}) {
  const row: MessageRow = {
    ...message({
      kind: 'answer',
      mailFrom: 'secure-mail@corp.example',
      messageId: '<answer@corp.example>',
      recipients: ['anna@corp.example'],
      headerSize: header.length,
      ...changes,
    }),
    state: 'deciding',
    attempts: 1,
  };
  const asked: string[] = [];
  const result = await decideAnswer(
    row,
    {
      domains: ['corp.example', 'corp.test'],
      inbound: known.inbound ?? null,
      portal: { ownCopies: known.ownCopies ?? 'receipt' },
    },
    {
      spool: {
        read: async function* () {
          yield header;
        },
      },
      store: {
        threadLevel: async (tenant, hashes) => {
          asked.push(tenant, ...hashes);
          return known.thread ?? null;
        },
        findMessages: async (id) =>
          id === answered ? [{ message: { ...row, id: 'first', tenant: known.tenant ?? 'corp' }, deliveries: [] }] : [],
        answers: { audience: async (id) => (id === 'first' ? [...(known.audience ?? [])] : []) },
      },
      now: () => 0,
    },
  );
  return { result, asked, deliveries: result.kind === 'decided' ? result.decision.deliveries : [] };
}

test.each([
  [null, 'verify'],
  ['may', 'verify'],
  ['encrypt', 'verify'],
  ['verify', 'verify'],
  ['secure', 'secure'],
  ['dane', 'dane'],
] as const)('with the setting inbound.tls %s it goes to the tenant’s people over TLS at %s', async (tls, level) => {
  const inbound = tls === null ? null : { host: 'mx.corp.example', port: 25, tls };
  const { deliveries } = await decided({ recipients: ['anna@corp.example', 'carl@corp.test'] }, { inbound });
  expect(deliveries).toMatchObject([
    { recipient: 'anna@corp.example', level: 'transport', steps: [{ method: 'tls', tls: level }] },
    { recipient: 'carl@corp.test', level: 'transport', steps: [{ method: 'tls', tls: level }] },
  ]);
});

test('others get it in the portal, for as much as they must prove of what is answered; strangers get nothing', async () => {
  const recipients = ['anna@corp.example', 'Kim@partner.example', 'pia@partner.example', 'eve@evil.example'];
  const audience = [
    { address: 'kim@partner.example', demand: 'passkey' },
    { address: 'pia@partner.example', demand: 'passphrase' },
  ] as const;
  const { deliveries } = await decided({ recipients }, { audience });
  expect(deliveries.map(({ steps, actions }) => [steps.map(({ method }) => method), actions.proof])).toEqual([
    [['tls'], null],
    [['portal'], 'passkey'],
    [[], null],
    [[], null],
  ]);
  const elsewhere = await decided({ recipients }, { audience, tenant: 'other' });
  expect(elsewhere.deliveries.map(({ steps }) => steps.length)).toEqual([1, 0, 0, 0]);
});

test('it is held when it does not come from the tenant', async () => {
  for (const mailFrom of ['bob@partner.example', 'x@evil.example', ''])
    expect((await decided({ mailFrom })).result.kind).toBe('held');
});

test.each([
  [undefined, 'message'],
  ['transport', 'message'],
  ['message', 'message'],
  ['portal', 'portal'],
] as const)(
  'what it answers left at %s, so what answers it is known to belong to a thread at %s',
  async (thread, level) => {
    const { result, asked } = await decided({}, thread === undefined ? {} : { thread });
    if (result.kind !== 'decided') throw new Error(result.reason);
    expect(result.decision.thread).toEqual({ hash: threadHash('corp', '<answer@corp.example>'), level });
    expect(asked).toEqual(['corp', threadHash('corp', answered)]);
  },
);

test.each<[string, Known, object]>([
  ['who wrote it gets a copy over verified TLS or not at all', {}, { level: 'transport', otherwise: 'drop' }],
  ['not where the tenant gives receipts only', { ownCopies: 'receipt' }, { level: 'portal' }],
  [
    'nor of what a passphrase guards',
    { audience: [{ address: 'bob@partner.example', demand: 'passphrase' }] },
    { level: 'portal', steps: [] },
  ],
  ['nor a stranger who says so', { audience: [] }, { level: 'portal', steps: [] }],
])('%s', async (_name, known, expected) => {
  const audience = [{ address: 'bob@partner.example', demand: 'code' }] as const;
  const recipients = ['anna@corp.example', 'bob@partner.example'];
  const { deliveries } = await decided({ recipients }, { ownCopies: 'whole', audience, ...known });
  expect(deliveries[1]).toMatchObject(expected);
  const others = await decided({ recipients: ['eve@partner.example'] }, { ownCopies: 'whole', audience, ...known });
  expect(others.deliveries[0]).toMatchObject({ level: 'portal', steps: [] });
});
