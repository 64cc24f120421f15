/**
 * Trouble that is ours: a disk that is nearly full, a database that somebody else holds. The client hears 4xx, nothing is lost, and it works again by
 * itself when the trouble is over.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { addressOf } from '../../src/sandbox/world.ts';
import { sqlite } from '../engines.ts';
import { letter, openFlow } from '../flow/stage.ts';

const policy = 'version: 1\nrules: []\ndefault: { protect: none }\n';
const envelope = { from: 'anna@corp.example', to: [addressOf('Gina')] };

test('a nearly full disk: 452 4.3.1, before and not after the message', async () => {
  const edit = (yaml: string) => yaml.replace('smtp:\n', 'smtp:\n  minFreeBytes: 100000GB\n');
  await using stage = await openFlow(sqlite, policy, { edit });
  await using client = await stage.connect();
  const { reply } = await client.send(envelope, letter('Hello', addressOf('Gina'), '<full@corp.example>'));
  expect(`${reply.code} ${reply.text}`).toMatch(/^452 4\.3\.1 /);
  expect(await stage.gateway.store.findMessages('<full@corp.example>')).toEqual([]);
});

test('a database that another process holds: 451 4.3.0, and afterwards all is well', async () => {
  await using stage = await openFlow(sqlite, policy);
  const other = new DatabaseSync(join(stage.config.data, 'postern.sqlite'));
  other.exec('begin exclusive');
  {
    await using client = await stage.connect();
    const { reply } = await client.send(envelope, letter('Hello', addressOf('Gina'), '<busy@corp.example>'));
    expect(`${reply.code} ${reply.text}`).toMatch(/^451 4\.3\.0 /);
  }
  other.exec('rollback');
  other.close();
  const id = await stage.send('Hello', [addressOf('Gina')]);
  expect((await stage.trace(id)).deliveries).toMatchObject([{ state: 'delivered' }]);
  expect(stage.log.join('')).toContain('"component":"store"');
  expect(await stage.gateway.store.findMessages('<busy@corp.example>')).toEqual([]);
});

test('a database that is taken away between the remote 250 and the settlement: settled when it is back, sent once', async () => {
  await using stage = await openFlow(sqlite, policy);
  const other = new DatabaseSync(join(stage.config.data, 'postern.sqlite'), { timeout: 10_000 });
  const id = await stage.send('Hello', [addressOf('Gina')]);
  await stage.sinks.wait(({ recipients }) => recipients.includes(addressOf('Gina')));
  other.exec('begin immediate');
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  other.exec('rollback');
  other.close();
  expect((await stage.trace(id)).deliveries).toMatchObject([{ state: 'delivered', attempts: 1 }]);
  expect(stage.sinks.mailbox(addressOf('Gina'))).toHaveLength(1);
});
