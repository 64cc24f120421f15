/** `postern replay` over a thousand messages: what it says in sum is what `explain` says of each. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explainMessage } from '../../src/command/explain.ts';
import { replayKept } from '../../src/command/replay.ts';
import type { Tenant } from '../../src/config/config.ts';
import { readTenant } from '../../src/pipeline/policies.ts';
import type { Explanation } from '../../src/policy/explain.ts';
import type { ScanJob } from '../../src/scan/job.ts';
import { type KeptMail, keepMail } from './kept.ts';
import { run } from './run.ts';

const count = 1_000;

let mail: KeptMail;
beforeAll(async () => {
  mail = await keepMail(count);
}, 120_000);
afterAll(() => mail[Symbol.asyncDispose]());

const replay = (...words: string[]) => run(['replay', '--config', mail.config.file, ...words]);

describe('a thousand messages', () => {
  test('replaying the live policy changes nothing', async () => {
    const { status, stdout } = await replay('--policy', mail.tenant.policy, '--since', '1d', '--json');
    expect(status).toBe(0);
    const said = JSON.parse(stdout);
    expect(said).toMatchObject({ messages: count, changed: 0, moves: [], others: [], rules: [] });
    expect(said).toMatchObject({ unknown: { deliveries: 0 }, unreadable: { messages: 0 }, drift: { deliveries: 0 } });
    expect(said.drift.of).toBe(said.deliveries);
    expect(said.deliveries).toBeGreaterThan(count);
  });

  test('a draft is told in a sentence, with the rules responsible and ids, and no content', async () => {
    const draft = ['--policy', mail.draft, '--since', '2w'];
    const [json, { status, stdout, stderr }] = await Promise.all([replay(...draft, '--json'), replay(...draft)]);
    const said = JSON.parse(json.stdout);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [move] = said.moves;
    expect(stdout).toContain(
      `${said.changed} of ${said.deliveries.toLocaleString('en-US')} deliveries would change: ${move.deliveries} ${move.from} to ${move.to}`,
    );
    expect(stdout).toContain('"Partners get nothing by TLS any more" matches under the draft only');
    expect(stdout).toContain(move.examples[0]);
    expect(stdout).not.toMatch(/@|Thursday|4111|Nightjar/);
  });

  test('a draft with a new keyword does not pretend to know who wrote it, and says what becomes of those who did not', async () => {
    const file = join(dirname(mail.draft), 'keyword.yaml');
    const rule = '{ name: New, when: { keyword: ["[nightjar]"] }, then: { protect: refuse } }';
    writeFileSync(file, `version: 1\nextends: draft.yaml\nrules: [${rule}]\n`);
    const [old, { status, stdout }] = await Promise.all([
      replay('--policy', mail.draft, '--json').then((ran) => JSON.parse(ran.stdout)),
      replay('--policy', file),
    ]);
    const all = old.deliveries.toLocaleString('en-US');
    expect(status).toBe(0);
    expect(stdout).toContain(`None of ${all} deliveries would change for certain. Of ${all} it cannot be said.\n`);
    const [, ifNot = ''] = stdout.split('What would become of those if the answer is no\n');
    for (const { from, to, deliveries } of old.moves) expect(ifNot).toContain(` ${deliveries}  ${from} to ${to}`);
  });

  test('the sum is what explain says of each message under both policies', async () => {
    const sample = new Map([...mail.messages].filter((_, index) => index % 20 === 0));
    const draftTenant = { ...mail.tenant, policy: mail.draft };
    const moves = new Map<string, number>();
    for (const { bytes, envelope } of sample.values()) {
      const [before, after] = await Promise.all(
        [mail.tenant, draftTenant].map((tenant) => explained(tenant, bytes, envelope)),
      );
      for (const [index, delivery] of (before ?? []).entries()) {
        const move = `${endOf(delivery)} to ${endOf(after?.[index])}`;
        moves.set(move, (moves.get(move) ?? 0) + 1);
      }
    }
    const [live, draft] = [mail.tenant, draftTenant].map(policyOf);
    if (live === undefined || draft === undefined) throw new Error('two policies were read');
    const keptMessages: typeof mail.store.keptMessages = async (query) =>
      (await mail.store.keptMessages(query)).map((each) => ({
        ...each,
        deliveries: sample.has(each.id) ? each.deliveries : [],
      }));
    const query = { tenant: mail.tenant.id, since: 0, live, draft };
    const replayed = await replayKept({ keptMessages }, mail.config.masterKey, query);
    const said = replayed.moves.map(({ from, to, deliveries }) => [`${from} to ${to}`, deliveries] as const);
    const changed = [...moves].filter(([move]) => move.split(' to ')[0] !== move.split(' to ')[1]);
    expect(changed.length).toBeGreaterThan(1);
    expect(new Map(said)).toEqual(new Map(changed));
  });
});

describe('what is wrong is said', () => {
  test('wrong words: status 2', async () => {
    const table: [words: string[], stderr: RegExp][] = [
      [[], /needs --policy/],
      [['draft.yaml', '--policy', 'x'], /--policy DRAFT/],
      [['--policy', 'x', '--since', 'yesterday'], /--since needs a number with its unit/],
      [['--policy', 'x', '--tenant', 'nobody'], /no tenant "nobody", only corp/],
    ];
    const all = await Promise.all(table.map(([words]) => replay(...words)));
    for (const [index, ran] of all.entries())
      expect(ran).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(table[index]?.[1] ?? /^$/) });
  });

  test('a draft that does not parse: status 1 and its place', async () => {
    const file = join(dirname(mail.draft), 'broken.yaml');
    writeFileSync(
      file,
      'version: 1\nrules:\n  - name: A\n    when: { subject: { keywrod: x } }\n    then: { protect: message }\n',
    );
    const ran = await replay('--policy', file);
    expect(ran).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/broken\.yaml:4:\d+: .*keyword/),
    });
    const json = await replay('--policy', `${file}.gone`, '--json');
    expect(json.status).toBe(1);
    expect(JSON.parse(json.stdout).error).toMatch(/cannot be read/);
  });

  test('a time before anything was kept is warned of', async () => {
    const { status, stderr } = await replay('--policy', mail.draft, '--since', '90d');
    expect(status).toBe(0);
    expect(stderr).toMatch(/^warning: .*retention\.facts/);
  });
});

function policyOf(tenant: Tenant) {
  const reading = readTenant(tenant);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.inForce.policy;
}

async function explained(tenant: Tenant, bytes: Buffer, envelope: { from: string; to: readonly string[] }) {
  const reading = readTenant(tenant);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  const { store, scan } = mail;
  const sent = { from: envelope.from, recipients: envelope.to };
  const ports = { store, scan: (job: ScanJob) => scan.scan(job), portal: true, discovery: null };
  return (await explainMessage({ ...reading.inForce, tenant, envelope: sent, bytes }, ports)).deliveries;
}

/** What would happen first, read off an explanation. */
function endOf(delivery: Explanation['deliveries'][number] | undefined): string {
  if (delivery === undefined) throw new Error('no delivery');
  const { level, methods, otherwise } = delivery;
  if (level === 'hold' || level === 'refuse') return level;
  const [first] = methods;
  if (first === undefined) return otherwise === 'drop' ? 'drop' : 'bounce';
  return { none: 'as sent', tls: 'transport', smime: 'message', pgp: 'message', portal: 'portal' }[first];
}
