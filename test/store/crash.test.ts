import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openDiskSpool } from '../../src/spool/disk.ts';
import { openStore } from '../../src/store/open.ts';

const child = fileURLToPath(new URL('./crash-child.ts', import.meta.url));

/** Runs the child until `wait` ms after it began to accept, kills it, and returns the complete lines it wrote. */
async function runAndKill(folder: string, key: Buffer, wait: number): Promise<string[]> {
  const running = spawn(process.execPath, [child, folder, key.toString('hex')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  running.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await expect.poll(() => output).toMatch(/^ready\n/);
  await new Promise((resolve) => setTimeout(resolve, wait));
  running.kill('SIGKILL');
  await once(running, 'close');
  return output.split('\n').slice(1, -1);
}

test('kill -9: everything acknowledged is there, and what was left half done is swept', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-crash-'));
  const key = randomBytes(32);
  const acknowledged: string[] = [];
  for (let round = 0; round < 6; round++) {
    acknowledged.push(...(await runAndKill(folder, key, 50 + Math.random() * 250)));
  }
  expect(acknowledged.length).toBeGreaterThan(20);

  const spool = await openDiskSpool({ folder: join(folder, 'spool'), masterKey: key, minFreeBytes: 0 });
  const { store } = await openStore({ database: 'sqlite', folder });
  // One that nobody will ever name, as from a crash between the spool's commit and the row's.
  const stray = await spool.create();
  await stray.write(randomBytes(10));
  await stray.commit();
  const swept = await spool.sweep((ids) => store.knownSpoolIds(ids), Date.now() + 1_000);
  expect(swept).toBeGreaterThanOrEqual(1);

  const rows = new Map((await store.claimMessages(100_000, Date.now() + 60_000)).map((row) => [row.id, row]));
  for (const line of acknowledged) {
    const [id = '', spoolId, hash] = line.split(' ');
    const row = rows.get(id);
    expect(row?.spool.id).toBe(spoolId);
    if (row === undefined) continue;
    const digest = createHash('sha256');
    for await (const piece of spool.read(row.spool)) digest.update(piece);
    expect(digest.digest('hex')).toBe(hash);
  }
  // A row can be there that nobody heard of (killed before the answer); a file without a row cannot, any more.
  const files = (await readdir(join(folder, 'spool'), { recursive: true, withFileTypes: true })).filter((e) =>
    e.isFile(),
  );
  expect(new Set(files.map((file) => file.name))).toEqual(new Set([...rows.values()].map((row) => row.spool.id)));
  await store.close();
  await spool.close();
  await rm(folder, { recursive: true });
});
