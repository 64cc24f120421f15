import { describe, expect, test } from 'vitest';
import type { Protection } from '../../src/config/config.ts';
import { parseHeader, valuesOf } from '../../src/mail/header.ts';
import { groupDeliveries } from '../../src/pipeline/attempt.ts';
import { type OctetPorts, prepare } from '../../src/pipeline/octets.ts';
import type { Step } from '../../src/plan/plan.ts';
import { type Actions, noActions } from '../../src/policy/verdict.ts';
import type { ProtectJob, SigningKey } from '../../src/protect/protected.ts';
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
    freshKeys: unused,
    now: unused,
    signerFor: unused,
  };
  const prepared = await prepare(row, { method: 'tls', tls: 'verify', keys: [] }, null, ports);
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

/** Copies are made in the open, so that the test sees what would be encrypted or signed, and for whom. */
describe('protected copies', () => {
  const text = [
    'DKIM-Signature: v=1; bh=x',
    'From: Anna <anna@corp.example>',
    'To: b@b.example',
    'Subject: [secure] Offer',
    'Message-ID: <1@corp.example>',
    'In-Reply-To: <0@b.example>',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'The body.',
    '',
  ].join('\r\n');
  const key = {
    id: 'k',
    kind: 'pgp',
    state: 'trusted',
    status: {},
    features: {},
    material: 'key of b',
    notBefore: 0,
    notAfter: null,
  } as const;
  const signer: SigningKey = { method: 'pgp', certificates: [], sealed: 's', context: 'c' };

  type Asked = {
    readonly actions?: Partial<Actions>;
    readonly protection?: Partial<Protection>;
    readonly method?: Step['method'];
    readonly message?: string;
    readonly signerFor?: OctetPorts['signerFor'];
    /** As policy changed it. */
    readonly subject?: string;
  };

  async function copied(asked: Asked) {
    const { actions = {}, protection = {}, method = 'pgp', message: whole = text, signerFor } = asked;
    const stored = Buffer.from(whole);
    const jobs: ProtectJob[] = [];
    const row = claimed({ recipient: 'b@b.example', actions: { ...noActions, ...actions } });
    const sizes = { size: stored.length, headerSize: whole.indexOf('\r\n\r\n') + 4 };
    const usual = { hideSubject: ['pgp'], legacyDisplay: false, sign: true, form: 'clear' } as const;
    const ports = {
      config: { masterKey, tenants: [{ id: row.message.tenant, protection: { ...usual, ...protection } }] },
      spool: {
        read: async function* (_ref: unknown, range = { start: 0, end: stored.length }) {
          yield stored.subarray(range.start, range.end);
        },
      },
      store: { keysFor: async () => [key], findMessages: async () => [] },
      protect: {
        protect: async (job: ProtectJob, body: AsyncIterable<Uint8Array>) => {
          jobs.push(job);
          return { headerLines: 'Content-Type: x/y\r\n', size: null, body };
        },
      },
      signerFor: signerFor ?? (async () => null),
      freshKeys: async (rows: unknown) => rows,
      now: () => 0,
    } as unknown as OctetPorts;
    const subject =
      asked.subject === undefined ? null : sealText(masterKey, asked.subject, `subject ${row.message.id}`);
    const delivery = { ...row, subject, message: { ...row.message, ...sizes } };
    const prepared = await prepare(delivery, { method, tls: 'may', keys: method === 'none' ? [] : ['k'] }, null, ports);
    if (prepared.kind !== 'ready') throw new Error('not ready');
    const chunks: Uint8Array[] = [];
    for await (const chunk of prepared.body()) chunks.push(chunk);
    const sentText = Buffer.concat(chunks).toString();
    const [outer = '', ...inner] = sentText.split('Content-Type: x/y\r\n\r\n');
    return { outer, inner: inner.join(), job: jobs[0], text: sentText };
  }

  test.each<[string, Asked, string, string]>([
    ['OpenPGP hides the Subject', {}, '[...]', '[secure] Offer'],
    ['S/MIME does not', { method: 'smime' }, '[secure] Offer', '[secure] Offer'],
    [
      'the tenant may have it hidden there, too',
      { method: 'smime', protection: { hideSubject: ['smime'] } },
      '[...]',
      '[secure] Offer',
    ],
    ['a rule may hide it', { method: 'smime', actions: { hideSubject: true } }, '[...]', '[secure] Offer'],
    ['a rule may leave it', { actions: { hideSubject: false } }, '[secure] Offer', '[secure] Offer'],
  ])('%s', async (_, asked, outside, inside) => {
    const { outer, inner, job } = await copied(asked);
    expect(valuesOf(parseHeader(Buffer.from(outer)), 'subject')).toEqual([outside]);
    expect(valuesOf(parseHeader(Buffer.from(inner)), 'subject')).toEqual([inside]);
    expect(outer).toContain('\r\nMessage-ID: <1@corp.example>\r\nIn-Reply-To: <0@b.example>\r\n');
    expect(outer).not.toContain('bh=');
    expect(job).toMatchObject({ entitySize: Buffer.byteLength(inner), signer: null });
    expect(job?.recipients).toEqual([{ material: 'key of b', gcm: false }]);
  });

  test('what policy changes is changed inside, too: the Subject loses its keyword, fields come', async () => {
    const headers = { add: [{ name: 'X-Label', value: 'secret' }], remove: [] };
    const { outer, inner } = await copied({ actions: { headers }, subject: 'Offer' });
    expect(outer).toContain('X-Label: secret\r\n');
    expect(outer).toContain('Subject: [...]\r\n');
    expect(inner).toContain('\r\nX-Label: secret\r\n');
    expect(inner).toContain('\r\nSubject: Offer\r\n');
    expect(inner).not.toContain('[secure]');
  });

  test.each([
    ['plain text', text, 'Subject: [secure] Offer\r\n\r\nThe body.\r\n'],
    [
      'a text among parts',
      text.replace(
        /Content-Type[^]*/,
        'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nThe body.\r\n--b\r\n\r\nother\r\n--b--\r\n',
      ),
      'Content-Type: text/plain;\r\n hp-legacy-display="1"\r\n\r\nSubject: [secure] Offer\r\n\r\nThe body.\r\n--b\r\n\r\nother\r\n--b--\r\n',
    ],
  ])('the Subject is repeated in the text where a rule asks: %s', async (_, message, expected) => {
    const { inner, job } = await copied({ message, actions: { legacyDisplay: true } });
    expect(inner).toContain(expected);
    expect(inner.match(/hp-legacy-display="1"/g)).toHaveLength(1);
    expect(job?.entitySize).toBe(Buffer.byteLength(inner));
    expect((await copied({ message, actions: { legacyDisplay: true, hideSubject: false } })).inner).not.toContain(
      'hp-legacy',
    );
  });

  describe('are signed', () => {
    const asked: string[][] = [];
    const signerFor: OctetPorts['signerFor'] = async (...words) => {
      asked.push(words);
      return words[2] === 'pgp' ? signer : null;
    };

    test('by the author', async () => {
      asked.length = 0;
      expect((await copied({ signerFor })).job?.signer).toBe(signer);
      expect(asked).toEqual([['corp', 'anna@corp.example', 'pgp']]);
    });

    test.each<[string, Asked]>([
      ['when the tenant does not sign', { protection: { sign: false } }],
      ['when a rule says no', { actions: { sign: false } }],
      ['when it is not certain who wrote', { message: text.replace('From: Anna', 'From: c@corp.example, Anna') }],
    ])('but not %s', async (_, rest) => {
      expect((await copied({ ...rest, signerFor })).job?.signer).toBeNull();
    });

    test('also when they are not encrypted, if a rule says so', async () => {
      const { outer, inner, job } = await copied({ method: 'none', actions: { sign: true }, signerFor });
      expect(job).toMatchObject({ method: 'pgp', recipients: [], signer });
      expect(outer).toContain('Subject: [secure] Offer\r\n');
      expect(inner).toMatch(/^MIME-Version: 1.0\r\nContent-Type: text\/plain; charset=utf-8;\r\n .*hp="clear"\r\n/);
      expect(inner).not.toContain('HP-Outer');
    });

    test.each<[string, Asked]>([
      ['no rule says so', {}],
      ['there is no key', { actions: { sign: true }, signerFor: async () => null }],
      ['they are signed already', { actions: { sign: true }, message: text.replace('text/plain', 'multipart/signed') }],
      [
        'they are encrypted already',
        { actions: { sign: true }, message: text.replace('text/plain', 'application/pkcs7-mime') },
      ],
    ])('and leave as they came when %s', async (_, rest) => {
      const { message: whole = text } = rest;
      expect((await copied({ method: 'none', signerFor, ...rest })).text).toBe(whole);
    });
  });
});
