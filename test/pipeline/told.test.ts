import { beforeEach, describe, expect, test } from 'vitest';
import { plainBranding } from '../../src/config/branding.ts';
import type { Branding } from '../../src/config/config.ts';
import type { OwnMessage } from '../../src/pipeline/accept.ts';
import type { Planned } from '../../src/pipeline/planning.ts';
import { toldOf } from '../../src/pipeline/told.ts';
import type { Facts } from '../../src/policy/facts.ts';
import { noActions, type Verdict } from '../../src/policy/verdict.ts';
import type { MessageRow } from '../../src/store/store.ts';
import { facts } from '../policy/facts-of.ts';
import { message } from '../store/rows.ts';

let own: OwnMessage[] = [];
beforeEach(() => {
  own = [];
});

function planned(recipient: string, changes: Partial<Verdict>): Planned {
  const verdict: Verdict = {
    ...noActions,
    recipient,
    level: 'none',
    released: 'none',
    rules: [],
    because: [],
    otherwise: null,
    tls: null,
    keyTrust: null,
    methods: null,
    notifySender: [],
    reviewers: [],
    priority: null,
    subject: 'Canary',
    subjectChanged: false,
    ...changes,
  };
  const capability = { pgpKeys: [], certificates: [], portal: true, notes: [] };
  return { verdict, capability, plan: { kind: 'deliver', steps: [], otherwise: 'bounce', because: [] }, steps: [] };
}

/** The mails that a decision causes, by who gets them, as one line of text each. */
async function told(
  all: readonly Planned[],
  changes: {
    readonly message?: Partial<MessageRow>;
    readonly facts?: Partial<Facts>;
    readonly branding?: Partial<Branding>;
  } = {},
): Promise<Record<string, string>> {
  const row: MessageRow = {
    ...message({ mailFrom: 'anna@corp.example' }),
    state: 'deciding',
    attempts: 1,
    ...changes.message,
  };
  const decided = {
    message: row,
    tenant: { domains: ['corp.example'], branding: { ...plainBranding('corp.example'), ...changes.branding } },
    facts: facts({ subject: 'Canary', ...changes.facts }),
    planned: all,
  };
  const rows = await toldOf(decided, {
    hostname: 'gw.example',
    now: () => Date.UTC(2026, 10, 20),
    own: async (each) => {
      own.push(each);
      return { ...message(), kind: each.kind, recipients: [each.to] };
    },
  });
  expect(rows.map(({ recipients }) => recipients[0])).toEqual(
    own.slice(-rows.length || own.length).map(({ to }) => to),
  );
  return Object.fromEntries(
    own.map(({ to, bytes }) => [to, bytes.toString().replaceAll('=\r\n', '').replaceAll('\r\n', ' ')]),
  );
}

describe('the sender', () => {
  const warned = { notifySender: ['"[secrue]" is no keyword; did you mean "[secure]"?'], rules: ['Slips'] };

  test('hears once what the rules say, about whom, and what becomes of it', async () => {
    const { 'anna@corp.example': text = '', ...others } = await told([
      planned('bob@b.example', warned),
      planned('carl@c.example', warned),
      planned('dora@d.example', {}),
      planned('emil@e.example', { ...warned, level: 'portal' }),
    ]);
    expect(others).toEqual({});
    expect(text).toContain('did you mean "[secure]"?');
    expect(text).toContain('To bob@b.example, carl@c.example');
    expect(text).toMatch(/To emil@e\.example.*waits in the portal/);
    expect(text).not.toContain('dora');
    expect(text).toContain('Auto-Submitted: auto-replied');
    expect(own).toMatchObject([{ kind: 'notice', mailFrom: '' }]);
  });

  test('reads it from the address that the tenant chose', async () => {
    const { 'anna@corp.example': text } = await told([planned('b@b.example', warned)], { branding: { from: 'post' } });
    expect(text).toMatch(/From: [^<]*<post@corp\.example>/);
  });

  test('reads the Subject only where nothing is to be protected', async () => {
    expect((await told([planned('b@b.example', warned)]))['anna@corp.example']).toContain('Canary');
    own = [];
    const secret = await told([planned('b@b.example', warned), planned('c@c.example', { level: 'transport' })]);
    expect(secret['anna@corp.example']).not.toContain('Canary');
  });

  test('is named a few of very many recipients', async () => {
    const many = Array.from({ length: 1_000 }, (_, at) => planned(`r${at}@b.example`, warned));
    const text = (await told(many))['anna@corp.example'] ?? '';
    expect(text).toContain('and 980 more');
    expect(text.length).toBeLessThan(10_000);
  });

  test.each([
    ['no sender', { message: { mailFrom: '' } }],
    ['a stranger whose mail was forwarded', { message: { mailFrom: 'x@stranger.example' } }],
    ['an automatic message', { facts: { autoSubmitted: true } }],
    ['a report', { facts: { report: 'dsn' as const } }],
  ])('%s is told nothing', async (_name, changes) => {
    expect(await told([planned('b@b.example', warned)], changes)).toEqual({});
  });

  test('is spoken to in the language of the tenant, by its name; what rules say stays as it was written', async () => {
    const branding = { language: 'de', name: 'Corp Klinik', timeZone: 'Europe/Berlin' } as const;
    const text = (await told([planned('b@b.example', warned)], { branding }))['anna@corp.example'] ?? '';
    for (const part of [
      'Corp Klinik',
      'Content-Language: de',
      'An b@b.example',
      'did you mean "[secure]"?',
      'um 23:13 MEZ',
      'wird unver',
    ])
      expect(text).toContain(part);
    expect(text).not.toContain('sent on');
  });

  test('without a word from the rules there is no mail', async () => {
    expect(await told([planned('b@b.example', { level: 'refuse', rules: ['Never'] })])).toEqual({});
  });
});

describe('reviewers', () => {
  const hold = {
    level: 'hold',
    rules: ['A person looks'],
    reviewers: ['rita@corp.example', 'Rolf@corp.example'],
  } as const;

  test('hear once of what is held, and how to let it go; nothing of the content', async () => {
    const mails = await told([planned('b@b.example', hold), planned('c@c.example', hold), planned('d@d.example', {})], {
      message: { id: '0199-id' },
    });
    expect(Object.keys(mails)).toEqual(['rita@corp.example', 'Rolf@corp.example']);
    const text = mails['rita@corp.example'] ?? '';
    expect(text).toContain('postern queue release 0199-id');
    expect(text).toContain('It waits for 2 of 3 recipients.');
    expect(text).toContain('anna@corp.example');
    expect(text).toContain('A person looks');
    expect(text).not.toContain('Canary');
    expect(text).toContain('Auto-Submitted: auto-generated');
  });

  test('are told also of automatic mail, and of no mail that is not held', async () => {
    const held = await told([planned('b@b.example', hold)], {
      message: { mailFrom: '' },
      facts: { autoSubmitted: true },
    });
    expect(Object.keys(held)).toHaveLength(2);
    own = [];
    expect(await told([planned('b@b.example', { ...hold, level: 'refuse' })])).toEqual({});
  });

  test('one who is named twice in different letter case gets one mail; a second decision makes the same one', async () => {
    const twice = { ...hold, reviewers: ['rita@corp.example', 'RITA@corp.example'] };
    const row = { message: { id: 'one' } };
    await told([planned('b@b.example', twice)], row);
    await told([planned('b@b.example', twice)], row);
    expect(own).toHaveLength(2);
    const ids = own.map(({ bytes }) => /^Message-ID: (.*)$/m.exec(bytes.toString())?.[1]);
    expect(ids[0]).toBe(ids[1]);
  });
});
