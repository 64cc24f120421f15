/** Keys that are made to waste our time, or to pass for somebody else's. */
import * as openpgp from 'openpgp';
import { describe, expect, test } from 'vitest';
import { candidatesFor } from '../../src/keys/candidates.ts';
import { anna } from './internet.ts';

type Packet = Parameters<openpgp.PacketList<openpgp.BasePacket>['push']>[0];

const { publicKey } = await openpgp.generateKey({ userIDs: [{ email: anna }], format: 'object' });
const octets = (...packets: readonly (Packet | null | undefined)[]): Buffer => {
  const list = new openpgp.PacketList();
  for (const packet of packets) if (packet !== null && packet !== undefined) list.push(packet);
  return Buffer.from(list.write());
};
const [user] = publicKey.users;
const [subkey] = publicKey.subkeys;
const primary = octets(publicKey.keyPacket);
const userId = octets(user?.userID);
const certification = octets(user?.selfCertifications[0]);
const part = octets(subkey?.keyPacket);
const binding = octets(subkey?.bindingSignatures[0]);
const times = (count: number, ...pieces: readonly Buffer[]): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => Buffer.concat(pieces)));
/** A signature that is not by this key. */
const spoilt = (signature: Buffer): Buffer => {
  const copy = Buffer.from(signature);
  copy[copy.length - 3] = (copy.at(-3) ?? 0) ^ 1;
  return copy;
};

const given = (key: Buffer, address = anna) => candidatesFor([{ kind: 'pgp', octets: key }], address, Date.now());

test('the key as it is, is one', async () => {
  const { candidates, problems } = await given(Buffer.concat([primary, userId, certification, part, binding]));
  expect({ candidates: candidates.length, problems }).toEqual({ candidates: 1, problems: [] });
});

describe('is refused', () => {
  test.each<[string, Buffer, string]>([
    [
      '21 subkeys',
      Buffer.concat([primary, userId, certification, times(21, part, binding)]),
      '21 subkeys, 20 is the most',
    ],
    [
      '101 signatures of a subkey',
      Buffer.concat([primary, userId, certification, part, times(101, binding)]),
      '100 is the most',
    ],
    [
      '51 user ids',
      Buffer.concat([primary, times(51, userId, certification), part, binding]),
      '51 user ids, 50 is the most',
    ],
    [
      'an address that the key did not sign',
      Buffer.concat([primary, userId, spoilt(certification), part, binding]),
      'no signed user id',
    ],
    [
      'a subkey that the key did not sign',
      Buffer.concat([primary, userId, certification, part, spoilt(binding)]),
      'cannot be used',
    ],
    ['no subkey', Buffer.concat([primary, userId, certification]), 'cannot be used'],
  ])('%s', async (_, key, words) => {
    const { candidates, problems } = await given(key);
    expect(candidates).toEqual([]);
    expect(problems.join('\n')).toContain(words);
  });

  test('a key for others, whatever the case of the address', async () => {
    const key = Buffer.concat([primary, userId, certification, part, binding]);
    expect((await given(key, 'ANNA@partner.example')).candidates).toHaveLength(1);
    expect((await given(key, 'ann@partner.example')).candidates).toEqual([]);
    expect((await given(key, 'anna@partner.example.evil.example')).candidates).toEqual([]);
  });
});
