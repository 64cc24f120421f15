/**
 * A gateway's data folder with a lot of mail that was decided, for looks back at it: the sandbox's crowd, stored, examined and decided like real mail, but
 * without sockets, and never sent.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStorage } from '../../src/command/storage.ts';
import type { Config, Tenant } from '../../src/config/config.ts';
import { formatProblem, loadConfig } from '../../src/config/load.ts';
import { createAccept } from '../../src/pipeline/accept.ts';
import { type DecidePorts, decide } from '../../src/pipeline/decide.ts';
import { readTenant } from '../../src/pipeline/policies.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { writeConfig } from '../../src/sandbox/config.ts';
import { type CrowdMessage, crowd } from '../../src/sandbox/crowd.ts';
import type { ScanPool } from '../../src/scan/job.ts';
import { createScanPool } from '../../src/scan/pool.ts';
import type { Spool } from '../../src/spool/spool.ts';
import type { NewMessage, Store } from '../../src/store/store.ts';
import { message } from '../store/rows.ts';

export type KeptMail = AsyncDisposable & {
  readonly config: Config;
  readonly tenant: Tenant;
  /** Path of the sandbox's draft, beside the policy. */
  readonly draft: string;
  readonly store: Store;
  readonly scan: ScanPool;
  /** By our id, in the order in which they were decided. */
  readonly messages: ReadonlyMap<string, CrowdMessage>;
};

/** Decides `count` messages under the sandbox's policy. */
export async function keepMail(count: number): Promise<KeptMail> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'postern-kept-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const sandbox = (name: string): string => readFileSync(new URL(`../../src/sandbox/${name}`, import.meta.url), 'utf8');
  const files = writeConfig({
    folder,
    smtpPort: 2525,
    webPort: 8443,
    deliveryPort: 25,
    dns: '127.0.0.1:53',
    authority: issueCertificate({ subject: 'Postern test CA', ca: true }),
    policy: sandbox('policy.yaml'),
    draft: sandbox('draft.yaml'),
    retry: { first: '1s', max: '5s', giveUpAfter: '1h', warnAfter: '30m' },
  });
  const loaded = loadConfig(files.config);
  if (!loaded.ok) throw new Error('the sandbox has a broken configuration');
  const { config } = loaded;
  const [tenant] = config.tenants;
  if (tenant === undefined) throw new Error('the sandbox has no tenant');
  const { store, spool, close } = await openStorage(config);
  stack.defer(close);
  const reading = readTenant(tenant);
  if (!reading.ok) throw new Error(reading.problems.map(formatProblem).join('\n'));
  const scan = createScanPool({ size: 2 });
  stack.defer(() => scan.close());
  const messages = new Map<string, CrowdMessage>();
  const accept = createAccept({ spool, store, emit: () => {}, wake: () => {} });
  const ports: DecidePorts = {
    spool,
    store,
    scan: (job) => scan.scan(job),
    tenant: () => tenant,
    policy: () => reading.inForce,
    portal: config.web !== null,
    masterKey: config.masterKey,
    discovery: null,
    harvest: null,
    hostname: config.hostname,
    own: accept.own,
    now: Date.now,
  };
  const mail = crowd(count, Date.now());
  for (let batch = take(mail, 50); batch.length > 0; batch = take(mail, 50)) {
    const rows = await Promise.all(batch.map((each) => storedRow(each, spool)));
    for (const [index, row] of rows.entries()) messages.set(row.id, batch[index] ?? never());
    await store.insertMessages(rows, []);
    // More than these: what rules tell people waits to be decided, too.
    const claimed = await store.claimMessages(1_000, Date.now() + 60_000);
    const decided = await Promise.all(claimed.map((row) => decide(row, ports)));
    await store.decided(decided.flatMap((each) => (each.kind === 'decided' ? [each.decision] : [])));
  }
  const kept = stack.move();
  return {
    config,
    tenant,
    draft: files.draft,
    store,
    scan,
    messages,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function take<T>(from: Iterator<T>, count: number): T[] {
  const taken: T[] = [];
  while (taken.length < count) {
    const next = from.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}

async function storedRow({ envelope, messageId, bytes }: CrowdMessage, spool: Spool): Promise<NewMessage> {
  const writer = await spool.create();
  await writer.write(bytes);
  const headerSize = bytes.indexOf('\r\n\r\n') + 4;
  const { from: mailFrom, to: recipients } = envelope;
  const size = bytes.length;
  return message({
    recipients,
    mailFrom,
    messageId,
    size,
    headerSize,
    receivedAt: Date.now(),
    spool: await writer.commit(),
  });
}

function never(): never {
  throw new Error('a row without its message');
}
