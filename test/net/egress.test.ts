import { describe, expect, test } from 'vitest';
import { createEgress, isPublic } from '../../src/net/egress.ts';

describe('isPublic', () => {
  test.each([
    '8.8.8.8',
    '1.1.1.1',
    '2606:4700:4700::1111',
    '2001:4860:4860::8888',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
    '2002:808:808::1',
  ])('%s is', (ip) => expect(isPublic(ip)).toBe(true));

  test.each([
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::a00:1',
    '64:ff9b:1::808:808',
    '2002:7f00:1::',
    '2002:a00:1::1',
    '2001::1',
    '2001:db8::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    '100::1',
    '5f00::1',
  ])('%s is not', (ip) => expect(isPublic(ip)).toBe(false));

  test.each([
    '',
    'localhost',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '8.8.8',
    '8.8.8.8 ',
    'fe80::1%eth0',
    '[::1]',
  ])('%j is no literal address', (text) => {
    expect(isPublic(text)).toBe(false);
    expect(createEgress({ allowPrivate: false }).permits(text)).toBe(false);
  });
});

test('allowPrivate opens private ranges, and only to literal addresses', () => {
  const egress = createEgress({ allowPrivate: true });
  expect(['127.0.0.1', '::1', '10.0.0.1', '8.8.8.8'].map((ip) => egress.permits(ip))).toEqual([true, true, true, true]);
  expect(['localhost', '127.1', '2130706433', ''].map((ip) => egress.permits(ip))).toEqual([
    false,
    false,
    false,
    false,
  ]);
});
