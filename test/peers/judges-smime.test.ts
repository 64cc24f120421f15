/** S/MIME made here, opened and verified by the programs of others; the table of it all is `npm run bench -- smime-judges`. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { issueCertificate } from '../../src/protect/issue.ts';
import { createProtectPool } from '../../src/protect/pool.ts';
import { type Case, cases, createJudges, createPeople, make, openAll, type Person } from './smime-judges.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-judges-'));
const authority = issueCertificate({ subject: 'Judges CA', ca: true, keyType: 'rsa2048' });
const people = createPeople(folder, authority);
const { judges, stop } = createJudges(folder, authority);
const ownKeys = randomBytes(32);
const pool = createProtectPool({ ownKeys, size: 1 });

afterAll(async () => {
  await pool.close();
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

const personOf = ({ keyType }: Case): Person => {
  const person = people.get(keyType);
  if (person === undefined) throw new Error(`nobody has a key ${keyType}`);
  return person;
};

/** Entities with what careless tools change, and of the size to be streamed. */
const entities: readonly Buffer[] = [
  Buffer.from('Content-Type: text/plain; charset=utf-8\r\n\r\nGr\u00fc\u00dfe \r\n\r\n--not-a-boundary\r\n.\r\n\r\n'),
  Buffer.from(`Content-Type: text/plain\r\n\r\n${`${randomBytes(57).toString('base64')}\r\n`.repeat(128)}`),
];
const streamed = Buffer.from(
  `Content-Type: text/plain\r\n\r\n${`${randomBytes(57).toString('base64')}\r\n`.repeat(12_900)}`,
);

for (const judge of judges) {
  const readable = cases.filter((each) => judge.cannot(each) === null);
  describe.skipIf(judge.missing && !process.env['CI'])(judge.name, () => {
    test('reads most of what is made here', () => {
      expect(readable.length).toBeGreaterThan(10);
    });

    test.each(readable.map((each) => [each.name, each] as const))('opens %s', async (name, each) => {
      const person = personOf(each);
      judge.prepare(person);
      const all = ['rsa2048', 'p256'].includes(each.keyType) ? [...entities, streamed] : entities;
      for (const entity of all) {
        const message = await make(pool, ownKeys, each, person, authority, entity);
        const opened = await openAll(judge, each, person, message);
        expect([name, entity.length, opened.equals(entity)]).toEqual([name, entity.length, true]);
      }
    });

    test('refuses what was changed on the way', async () => {
      const clear = readable.find(({ keyType, form }) => keyType === 'rsa2048' && form === 'clear');
      if (clear === undefined) throw new Error('no case');
      const person = personOf(clear);
      judge.prepare(person);
      const message = await make(
        pool,
        ownKeys,
        { ...clear, encrypted: false },
        person,
        authority,
        entities[0] ?? Buffer.alloc(0),
      );
      message[message.indexOf('not-a-boundary')] = 0x4e;
      await expect(openAll(judge, { ...clear, encrypted: false }, person, message)).rejects.toThrow();
    });
  });
}
