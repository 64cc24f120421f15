/**
 * The process that crash.test.ts kills: accepts messages into a spool and a store as fast as it can, and writes a line "id spool-id hash" for
 * each once both have acknowledged it. Arguments: the folder, the master key in hex.
 */
import { createHash, randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openDiskSpool } from '../../src/spool/disk.ts';
import { openStore } from '../../src/store/open.ts';
import { message } from './rows.ts';

const [folder = '', key = ''] = process.argv.slice(2);
const spool = await openDiskSpool({
  folder: join(folder, 'spool'),
  masterKey: Buffer.from(key, 'hex'),
  minFreeBytes: 0,
});
const { store } = await openStore({ database: 'sqlite', folder });

async function accept(): Promise<void> {
  const octets = randomBytes(Math.floor(Math.random() * 200_000));
  const writer = await spool.create();
  await writer.write(octets);
  const ref = await writer.commit();
  const row = message({ spool: ref, size: ref.size });
  await store.insertMessages([row], []);
  writeSync(1, `${row.id} ${ref.id} ${createHash('sha256').update(octets).digest('hex')}\n`);
}

writeSync(1, 'ready\n');
await Promise.all(
  Array.from({ length: 8 }, async () => {
    for (;;) await accept();
  }),
);
