import { describe, expect, test } from 'vitest';
import { type Kept, openKept, sealKept } from '../../src/pipeline/kept.ts';
import { sealText } from '../../src/protect/seal.ts';
import { facts } from '../policy/facts-of.ts';

const key = Buffer.alloc(32, 1);
const kept: Kept = {
  facts: facts({ subject: 'Canary' }),
  capabilities: { 'bob@other.example': { pgpKeys: ['k'], certificates: [], portal: true, notes: ['A note.'] } },
  minimumTls: 'verify',
  portal: true,
};

describe('what is kept of a decision', () => {
  test('comes back as it was, and shows nothing while it is sealed', () => {
    const sealed = sealKept(key, 'm1', kept);
    expect(openKept(key, 'm1', sealed)).toMatchObject(kept);
    expect(Buffer.from(sealed.slice(3), 'base64').toString('latin1')).not.toContain('Canary');
    expect(sealed).not.toContain('Canary');
  });

  const sealed = sealKept(key, 'm1', kept);
  test.each([
    ['forgotten', ''],
    ['of another message', sealKept(key, 'm2', kept)],
    ['damaged', `${sealed.slice(0, 40)}${sealed[40] === 'A' ? 'B' : 'A'}${sealed.slice(41)}`],
    ['cut short', sealed.slice(0, 20)],
    ['of a first version, which held the facts alone', sealText(key, JSON.stringify(kept.facts), 'facts m1')],
    ['of a version to come', sealText(key, JSON.stringify({ ...kept, version: 2 }), 'facts m1')],
    ['no JSON', sealText(key, 'x', 'facts m1')],
    ['JSON of nothing', sealText(key, 'null', 'facts m1')],
  ])('a record that is %s is no record', (_name, text) => {
    expect(openKept(key, 'm1', text)).toBeNull();
  });
});
