import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonicalName,
  type DnsRecord,
  decodeAnswer,
  decodeQuery,
  encodeAnswer,
  encodeQuery,
  frame,
  type Question,
  type Reply,
  unframe,
} from '../../src/net/dns-message.ts';

const question: Question = { id: 4711, name: 'corp.example', type: 'MX' };
const mx: DnsRecord = { name: 'corp.example', ttl: 300, type: 'MX', preference: 10, exchange: 'mx.corp.example' };
const reply: Reply = { rcode: 'NOERROR', answers: [mx], authority: [], authenticated: false };

function query(asked: Question = question) {
  const bytes = encodeQuery(asked, { edns: true });
  const read = bytes === null ? null : decodeQuery(bytes);
  if (read === null) throw new Error('the question does not survive');
  return read;
}

const answered = (changes: Partial<Reply> = {}) => encodeAnswer(query(), { ...reply, ...changes });

describe('questions', () => {
  test('a query says who asks, what, and how much fits', () => {
    expect(query()).toEqual({ id: 4711, name: 'corp.example', type: 'MX', udpBytes: 1232 });
    const plain = encodeQuery(question, { edns: false });
    expect(plain === null ? null : decodeQuery(plain)?.udpBytes).toBe(512);
  });

  test.each([
    '',
    '..',
    'a..b',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(130)}example`,
    'ä.example',
    'a b.example',
    'a\r\nb',
    '*.x',
  ])('%j cannot be asked', (name) => expect(encodeQuery({ ...question, name }, { edns: true })).toBeNull());

  test('names are compared in lower case and without the final dot', () => {
    expect(canonicalName('MX.Corp.Example.')).toBe('mx.corp.example');
    expect(canonicalName('_dmarc.corp.example')).toBe('_dmarc.corp.example');
    expect(canonicalName('.')).toBe('.');
  });
});

describe('answers', () => {
  const records: DnsRecord[] = [
    mx,
    { name: 'corp.example', ttl: 1, type: 'MX', preference: 0, exchange: '.' },
    { name: 'mx.corp.example', ttl: 60, type: 'A', data: '192.0.2.1' },
    { name: 'mx.corp.example', ttl: 60, type: 'AAAA', data: '2001:db8::1' },
    { name: 'alias.example', ttl: 60, type: 'CNAME', data: 'mx.corp.example' },
    { name: 'corp.example', ttl: 60, type: 'TXT', data: `v=STSv1; id=${'1'.repeat(300)}` },
  ];

  test('every kind of record survives', () => {
    const soa: DnsRecord = { name: 'example', ttl: 60, type: 'SOA', minimum: 30 };
    const bytes = answered({ answers: records, authority: [soa], authenticated: true });
    expect(decodeAnswer(bytes, question)).toEqual({
      kind: 'answer',
      rcode: 'NOERROR',
      truncated: false,
      authenticated: true,
      answers: records,
      authority: [soa],
      unusable: [],
    });
  });

  test('what does not fit is announced as truncated', () => {
    const answers = Array.from({ length: 40 }, () => mx);
    const bytes = encodeAnswer(query(), { ...reply, answers }, 512);
    expect(bytes.length).toBeLessThanOrEqual(512);
    expect(decodeAnswer(bytes, question)).toMatchObject({ kind: 'answer', truncated: true, answers: [] });
  });

  test('the extended part of the code counts', () => {
    const bytes = Buffer.concat([answered({ answers: [] }), Buffer.from([0, 0, 41, 4, 208, 1, 0, 0, 0, 0, 0])]);
    bytes.writeUInt16BE(1, 10);
    expect(decodeAnswer(bytes, question)).toMatchObject({ kind: 'answer', rcode: 'code 16' });
  });

  test('a name outside the host name alphabet drops its record and is remembered', () => {
    const bytes = answered();
    // The last label "mx" of the exchange becomes "m\n".
    const at = bytes.lastIndexOf(Buffer.from('\x02mx'));
    bytes[at + 2] = 0x0a;
    expect(decodeAnswer(bytes, question)).toMatchObject({ kind: 'answer', answers: [], unusable: ['MX'] });
  });
});

describe('hostile answers become values', () => {
  const altered = (change: (bytes: Buffer) => Buffer | void): Buffer => {
    const bytes = Buffer.from(answered());
    return change(bytes) ?? bytes;
  };
  const other = (asked: Partial<Question>) => encodeAnswer(query({ ...question, ...asked }), reply);

  test.each<[string, Buffer, string]>([
    ['another id', altered((bytes) => void bytes.writeUInt16BE(4712, 0)), 'foreign'],
    ['another name', other({ name: 'evil.example' }), 'foreign'],
    ['another type', other({ type: 'TXT' }), 'foreign'],
    ['a query', encodeQuery(question, { edns: true }) ?? Buffer.alloc(0), 'foreign'],
    ['no question', altered((bytes) => Buffer.from(bytes.subarray(0, 12).fill(0, 4))), 'foreign'],
    ['nothing', Buffer.alloc(0), 'foreign'],
    ['the id alone', altered((bytes) => bytes.subarray(0, 2)), 'foreign'],
    ['cut in the record', altered((bytes) => bytes.subarray(0, -3)), 'garbage'],
    ['more records than it holds', altered((bytes) => void bytes.writeUInt16BE(500, 6)), 'garbage'],
    ['65,535 records', altered((bytes) => void bytes.writeUInt16BE(65_535, 10)), 'garbage'],
    ['more records than anybody needs', answered({ answers: Array.from({ length: 600 }, () => mx) }), 'garbage'],
    ['a name that points to itself', altered((bytes) => void bytes.writeUInt16BE(0xc000 | 30, 30)), 'garbage'],
  ])('%s', (_, bytes, kind) => expect(decodeAnswer(bytes, question).kind).toBe(kind));

  test('no octets make it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(200), fc.nat(255), (noise, at, value) => {
        const id = Buffer.from([4711 >> 8, 4711 & 255]);
        expect(['answer', 'foreign', 'garbage']).toContain(decodeAnswer(Buffer.concat([id, noise]), question).kind);
        decodeQuery(Buffer.from(noise));
        const bytes = Buffer.from(answered());
        bytes[at % bytes.length] = value;
        const read = decodeAnswer(bytes, question);
        for (const record of read.kind === 'answer' ? read.answers : []) {
          expect(canonicalName(record.name)).toBe(record.name);
          if (record.type === 'MX') expect(canonicalName(record.exchange)).toBe(record.exchange);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('keys and certificates of people (RFC 7929, RFC 8162)', () => {
  const key: DnsRecord = { name: 'p.example', ttl: 60, type: 'OPENPGPKEY', data: Buffer.from('99010d', 'hex') };
  const digest: DnsRecord = {
    name: 'p.example',
    ttl: 60,
    type: 'SMIMEA',
    usage: 3,
    selector: 0,
    matching: 0,
    data: Buffer.from('3082', 'hex'),
  };

  test.each(['OPENPGPKEY', 'SMIMEA'] as const)('%s goes out and comes back by its number', (type) => {
    const asked = { id: 7, name: 'p.example', type };
    const sent = encodeQuery(asked, { edns: true }) ?? Buffer.alloc(0);
    expect(sent.readUInt16BE(sent.indexOf('example') + 8)).toBe(type === 'SMIMEA' ? 53 : 61);
    expect(decodeQuery(sent)).toMatchObject({ name: 'p.example', type });
    const record = type === 'SMIMEA' ? digest : key;
    const bytes = encodeAnswer(decodeQuery(sent) ?? query(), { ...reply, answers: [record, record] });
    expect(decodeAnswer(bytes, asked)).toMatchObject({ kind: 'answer', answers: [record, record] });
    const other = type === 'SMIMEA' ? 'OPENPGPKEY' : 'SMIMEA';
    expect(decodeAnswer(bytes, { ...asked, type: other }).kind).toBe('foreign');
  });

  test('an SMIMEA record without its three numbers is none', () => {
    const bytes = encodeAnswer(query({ ...question, name: 'p.example', type: 'SMIMEA' }), {
      ...reply,
      answers: [digest],
    });
    // Data of two octets instead of five: the length is before it.
    const cut = Buffer.from(bytes.subarray(0, -3));
    cut.writeUInt16BE(2, cut.length - 4);
    const asked = { id: question.id, name: 'p.example', type: 'SMIMEA' as const };
    expect(decodeAnswer(cut, asked)).toMatchObject({ kind: 'answer', answers: [], unusable: ['SMIMEA'] });
  });
});

test('TCP frames survive any cut', () => {
  const messages = [Buffer.from('one'), Buffer.alloc(0), Buffer.alloc(70, 1)];
  let rest: Buffer = Buffer.concat(messages.map(frame));
  expect(unframe(rest.subarray(0, 1))).toBeNull();
  expect(unframe(rest.subarray(0, 4))).toBeNull();
  for (const message of messages) {
    const first = unframe(rest);
    expect(first?.message).toEqual(message);
    rest = first?.rest ?? rest;
  }
  expect(rest.length).toBe(0);
});
