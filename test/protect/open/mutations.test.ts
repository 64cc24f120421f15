/** A few hundred of the messages of mutations.ts; thousands more by hand. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { mutated, randomFrom, samples, wrongWith } from './mutations.ts';

function hasOpenssl(): boolean {
  try {
    return execFileSync('openssl', ['version'], { stdio: 'pipe' }).length > 0;
  } catch {
    return false;
  }
}

test.skipIf(!hasOpenssl() && process.env['CI'] === undefined)(
  'protected messages changed at random end with a verdict, and never with other plaintext',
  async () => {
    const set = await samples();
    for (const { name, octets, method } of set.messages) {
      expect(await wrongWith(octets, method, set), name).toBeNull();
      const random = randomFrom(1);
      for (let count = 0; count < 60; count += 1)
        expect(await wrongWith(mutated(octets, random), method, set), `${name}, number ${count}`).toBeNull();
    }
    expect(set.messages.length).toBe(9);
    await set.pool.close();
  },
  120_000,
);
