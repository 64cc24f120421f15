import { describe, expect, test } from 'vitest';
import { plainBranding } from '../../src/config/branding.ts';
import type { Tenant } from '../../src/config/config.ts';
import { noWriting, usualForSenders } from '../../src/config/portal.ts';
import { type DecidePorts, decide, reasonsOf } from '../../src/pipeline/decide.ts';
import { openKept } from '../../src/pipeline/kept.ts';
import { type Level, levels } from '../../src/policy/verdict.ts';
import type { ScanJob } from '../../src/scan/job.ts';
import type { MessageRow } from '../../src/store/store.ts';
import { policy } from '../policy/facts-of.ts';
import { message } from '../store/rows.ts';

const masterKey = Buffer.alloc(32, 3);
const tenant: Tenant = {
  id: 'corp',
  domains: ['corp.example'],
  platform: 'generic',
  branding: plainBranding('corp.example'),
  portal: noWriting,
  senders: usualForSenders,
  proof: { networks: [], secretHeader: null },
  policy: 'p.yaml',
  groups: null,
  inbound: null,
  minimumTls: 'verify',
  pins: [],
  honourTlsRequiredNo: false,
  keys: { minimumTrust: 'vouched' },
  opening: null,
  dkim: null,
  ownKeys: { generate: 'off', algorithm: 'p256', validFor: 1, renewBefore: 0, listFor: 1 },
  protection: { hideSubject: ['pgp'], legacyDisplay: false, sign: true, form: 'clear' },
};
const rules = `
  - { name: Way, when: { subject: { keyword: ["[way]"] } }, then: { protect: transport } }
  - { name: Portal for C, when: { recipient: { domain: c.example } }, then: { protect: portal } }
  - { name: Looked at, when: { subject: { keyword: ["[hold]"] } }, then: { protect: hold } }
  - { name: Large, when: { subject: { contains: plans } }, then: { linkFiles: { over: 100KB } } }
  - { name: Never, when: { subject: { keyword: ["[never]"] } }, then: { protect: refuse } }`;

type Asked = { threads: { tenant: string; hashes: readonly string[] }[]; scans: ScanJob[] };

async function decided(
  header: string,
  recipients: readonly string[],
  { thread = null, ports = {} }: { readonly thread?: Level | null; readonly ports?: Partial<DecidePorts> } = {},
) {
  const octets = Buffer.from(`From: anna@corp.example\r\n${header}\r\n\r\nBody\r\n`);
  const row: MessageRow = { ...message({ recipients, size: octets.length }), state: 'deciding', attempts: 1 };
  const asked: Asked = { threads: [], scans: [] };
  const result = await decide(row, {
    spool: {
      read: async function* (_ref, range = { start: 0, end: octets.length }) {
        yield octets.subarray(range.start, range.end);
      },
    },
    store: {
      keysFor: async () => [],
      findMessages: async () => [],
      answers: { audience: async () => [] },
      threadLevel: async (id, hashes) => {
        asked.threads.push({ tenant: id, hashes });
        return thread;
      },
    },
    scan: async (job) => {
      asked.scans.push(job);
      return { findings: [], probes: {}, looked: [], blind: [] };
    },
    tenant: (id) => (id === 'corp' ? tenant : undefined),
    policy: () => ({ policy: policy(rules), groups: null }),
    portal: true,
    masterKey,
    discovery: null,
    harvest: null,
    hostname: 'gw.example',
    own: async () => message({ kind: 'notice' }),
    now: () => 0,
    ...ports,
  });
  if (result.kind !== 'decided') throw new Error(result.reason);
  return { row, asked, ...result.decision };
}

test('files that would wait are not why a message is held', async () => {
  const file = `--b\r\nContent-Type: application/pdf\r\n\r\n${'x'.repeat(200_000)}\r\n--b--`;
  const text = `MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n${file}`;
  const { deliveries, events } = await decided(`Subject: [hold] plans\r\n${text}`, ['x@b.example']);
  expect(deliveries[0]?.because.join()).toContain('one file larger than');
  const reason = 'level hold: nothing is sent';
  expect(deliveries[0]?.because.at(-1)).toContain(reason);
  expect(events).toContainEqual(expect.objectContaining({ kind: 'delivery.held', reason }));
});

describe('threads', () => {
  test.each([
    ['[way] a', ['x@b.example'], 'transport'],
    ['[way] a', ['x@b.example', 'y@c.example'], 'portal'],
    ['[hold] a', ['x@b.example'], 'transport'],
    ['[hold] a', ['y@c.example'], 'portal'],
    ['plain', ['x@b.example'], null],
    ['[never] a', ['x@b.example'], null],
  ])('%s to %s is remembered as %s', async (subject, recipients, level) => {
    const { thread } = await decided(`Subject: ${subject}`, recipients);
    expect(thread?.level ?? null).toBe(level);
  });

  test('an answer is asked for under the hash that the first message left, in its own tenant', async () => {
    const first = await decided('Subject: [way] a', ['x@b.example']);
    const { messageId } = first.row;
    expect(first.thread?.hash).toMatch(/^[0-9a-f]{64}$/);
    const answer = await decided(`References: <other@x>\r\n ${messageId}\r\nIn-Reply-To: <other@x>`, ['x@b.example'], {
      thread: 'portal',
    });
    expect(answer.asked.threads).toMatchObject([
      { tenant: 'corp', hashes: expect.arrayContaining([first.thread?.hash]) },
    ]);
    expect(openKept(masterKey, answer.row.id, answer.sealedFacts)?.facts.thread).toBe('portal');
    expect((await decided('Subject: a', ['x@b.example'])).asked.threads).toEqual([]);
  });
});

test('what is kept is enough to decide again: facts, and what was known of each recipient', async () => {
  const { row, sealedFacts, deliveries } = await decided('Subject: [way] Canary', ['x@b.example', 'y@c.example']);
  const kept = openKept(masterKey, row.id, sealedFacts);
  expect(Object.keys(kept?.capabilities ?? {})).toEqual(deliveries.map(({ recipient }) => recipient));
  expect(kept).toMatchObject({ minimumTls: 'verify', portal: true, facts: { subject: '[way] Canary' } });
  expect(sealedFacts).not.toContain('Canary');
});

test('the scan sees the octets as they are stored', async () => {
  const { asked } = await decided('Subject: a', ['x@b.example']);
  const [job] = asked.scans;
  const chunks: Uint8Array[] = [];
  for await (const chunk of job?.read(job.structure.root.body) ?? []) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toBe('Body\r\n');
});

test('a scan that cannot be made is our fault: nothing is decided', async () => {
  const scan = async (): Promise<never> => {
    throw new Error('no worker');
  };
  await expect(decided('Subject: a', ['x@b.example'], { ports: { scan } })).rejects.toThrow('no worker');
});

describe('the reasons in a row', () => {
  const sentences = (count: number, what: string): string[] =>
    Array.from({ length: count }, (_, at) => `Rule "r${at}" ${what}: because.`);
  const end = ['Level none is the default, and no rule wants more.'];
  const plan = { because: ['methods: none; otherwise bounce'] };

  test('are complete for up to a hundred rules', () => {
    const because = [...sentences(50, 'matched'), ...sentences(50, 'did not match'), ...end];
    expect(reasonsOf({ because }, plan)).toEqual([...because, ...plan.because]);
  });

  test('of a thousand rules are those that matched, how many did not, and the conclusions', () => {
    const because = [...sentences(990, 'did not match'), ...sentences(10, 'matched'), ...end];
    expect(reasonsOf({ because }, plan)).toEqual([
      ...sentences(10, 'matched'),
      '990 other rules did not match (postern explain names them).',
      ...end,
      ...plan.because,
    ]);
  });

  test('stay short also when a thousand rules match', () => {
    const reasons = reasonsOf({ because: [...sentences(1_000, 'matched'), ...end] }, plan);
    expect(reasons).toHaveLength(103);
    expect(reasons[100]).toBe('900 more rules matched (postern explain names them).');
  });

  test('1,000 rules and 1,000 recipients do not become megabytes', async () => {
    const many = Array.from(
      { length: 1_000 },
      (_, at) =>
        `  - { name: Rule number ${at}, when: { subject: { keyword: ["[nothing-${at}]"] } }, then: { protect: ${levels[1]} } }`,
    );
    const recipients = Array.from({ length: 1_000 }, (_, at) => `r${at}@b.example`);
    const inForce = { policy: policy(`\n${many.join('\n')}`), groups: null };
    const { deliveries } = await decided('Subject: a', recipients, { ports: { policy: () => inForce } });
    expect(deliveries).toHaveLength(1_000);
    expect(JSON.stringify(deliveries).length).toBeLessThan(2_000_000);
  });
});
