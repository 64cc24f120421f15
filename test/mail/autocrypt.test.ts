import { describe, expect, test } from 'vitest';
import { autocryptKey } from '../../src/mail/autocrypt.ts';
import { parseHeader } from '../../src/mail/header.ts';

const keydata = Buffer.from('a key, unread').toString('base64');
const field = (attributes: string) => `Autocrypt: ${attributes}`;
const good = field(
  `addr=anna@partner.example; prefer-encrypt=mutual;\r\n keydata=${keydata.slice(0, 8)}\r\n ${keydata.slice(8)}`,
);

function keyIn(lines: readonly string[], from = 'From: Anna <Anna@Partner.example>') {
  return autocryptKey(parseHeader(Buffer.from([from, ...lines, '', ''].join('\r\n'))));
}

test('the key of the author, folded as it travels', () => {
  expect(keyIn([good])).toEqual({ address: 'anna@partner.example', keydata: Buffer.from('a key, unread') });
});

describe('is still one', () => {
  test.each([
    ['without a preference', [field(`addr=anna@partner.example; keydata=${keydata}`)]],
    ['with an attribute that may be passed over', [field(`addr=anna@partner.example; _x=1; keydata=${keydata};`)]],
    ['beside one for somebody else', [good, field(`addr=bert@partner.example; keydata=${keydata}`)]],
    ['beside one that cannot be read', [field('nonsense'), good]],
  ])('%s', (_, lines) => expect(keyIn(lines)).not.toBeNull());
});

describe('is none', () => {
  const report = 'Content-Type: multipart/report; report-type=delivery-status';
  test.each<[string, string[], string?]>([
    ['without the field', []],
    ['given twice', [good, good]],
    ['for somebody else', [good], 'From: bert@partner.example'],
    ['with two authors', [good], 'From: anna@partner.example, bert@partner.example'],
    ['with two From fields', [good, 'From: anna@partner.example']],
    ['in a report', [report, good]],
    ['with an attribute that is not known', [field(`addr=anna@partner.example; critical=1; keydata=${keydata}`)]],
    ['with an attribute twice', [field(`addr=anna@partner.example; addr=anna@partner.example; keydata=${keydata}`)]],
    ['without an address', [field(`keydata=${keydata}`)]],
    ['without a key', [field('addr=anna@partner.example; keydata=')]],
    ['with something else than base64', [field('addr=anna@partner.example; keydata=<key>')]],
    ['too long', [field(`addr=anna@partner.example; keydata=${'A'.repeat(100_000)}`)]],
  ])('%s', (_, lines, from) => expect(keyIn(lines, from)).toBeNull());
});
