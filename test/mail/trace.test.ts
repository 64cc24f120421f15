import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHeader } from '../../src/mail/header.ts';
import {
  countHops,
  isLoop,
  type Reception,
  receivedField,
  traceField,
  traceKeyFrom,
  verifyTrace,
} from '../../src/mail/trace.ts';

const key = traceKeyFrom(Buffer.alloc(32, 7));
const id = '0199a3f0-0000-7000-8000-000000000001';
const reception: Reception = {
  helo: 'mail.corp.example',
  clientIp: '192.0.2.7',
  hostname: 'gw.postern.example',
  extended: true,
  utf8: false,
  tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
  id,
  receivedAt: Date.UTC(2026, 10, 3, 4, 5, 6),
};

describe('Received', () => {
  test('tells from whom, over what, under which id and when', () => {
    expect(receivedField(reception)).toBe(
      'Received: from mail.corp.example ([192.0.2.7])\r\n' +
        `\tby gw.postern.example with ESMTPS id ${id}\r\n` +
        '\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384);\r\n' +
        '\tTue, 03 Nov 2026 04:05:06 +0000\r\n',
    );
  });

  test.each<[string, Partial<Reception>, RegExp]>([
    ['plain text', { tls: null }, /with ESMTP id [\w-]+;/],
    ['HELO', { tls: null, extended: false }, /with SMTP id/],
    ['SMTPUTF8', { utf8: true }, /with UTF8SMTPS id/],
    ['IPv6', { clientIp: '2001:db8::1' }, /\(\[IPv6:2001:db8::1\]\)/],
    ['a literal as name', { helo: '[192.0.2.7]' }, /from \[192\.0\.2\.7\] \(/],
    ['a name that is none', { helo: 'x) by evil (' }, /from unknown \(/],
    ['a name without end', { helo: 'a'.repeat(300) }, /from unknown \(/],
  ])('%s', (_name, changes, expected) => {
    expect(receivedField({ ...reception, ...changes })).toMatch(expected);
  });

  test('is one field, whatever the client says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (helo) => {
        const block = Buffer.from(`${receivedField({ ...reception, helo })}\r\n`);
        expect(parseHeader(block)).toHaveLength(1);
        expect(
          block
            .toString()
            .split('\r\n')
            .every((line) => line.length <= 998),
        ).toBe(true);
      }),
    );
  });
});

describe('trace', () => {
  const value = (field: string) => field.slice(field.indexOf(':') + 1).replace(/\r\n$/, '');
  const trace = value(traceField(key, id, 'gw.postern.example', 'corp'));

  test('is what it says and verifies for the tenant it was made for', () => {
    expect(trace.replace(/\s+/g, ' ').trim()).toMatch(/^v=1; id=0199a3f0-[\w-]+; h=gw\.postern\.example; s=[\w-]{43}$/);
    expect(verifyTrace(key, trace, 'corp')).toEqual({ id, hostname: 'gw.postern.example' });
  });

  test.each([
    ['another tenant', verifyTrace(key, trace, 'other')],
    ['another key', verifyTrace(traceKeyFrom(Buffer.alloc(32, 8)), trace, 'corp')],
    ['another id', verifyTrace(key, trace.replace('0001;', '0002;'), 'corp')],
    ['another host', verifyTrace(key, trace.replace('h=gw', 'h=gv'), 'corp')],
    ['something appended', verifyTrace(key, `${trace}; x=1`, 'corp')],
    ['cut short', verifyTrace(key, trace.slice(0, -1), 'corp')],
    ['nothing', verifyTrace(key, '', 'corp')],
    ['a flood', verifyTrace(key, 'v=1; '.repeat(1e6), 'corp')],
  ])('is nothing with %s', (_name, verified) => expect(verified).toBeNull());

  test('only a field of the header itself makes a loop', () => {
    const field = traceField(key, id, 'gw.postern.example', 'corp');
    const fields = (text: string) => parseHeader(Buffer.from(text));
    expect(isLoop(fields(`From: a@corp.example\r\n${field}\r\nbody`), key, 'corp')).toBe(true);
    expect(isLoop(fields(`From: a@corp.example\r\n\r\n${field}`), key, 'corp')).toBe(false);
    expect(isLoop(fields(`Comments: x\r\n ${field}\r\n`), key, 'corp')).toBe(false);
    expect(isLoop(fields(`X-Postern-Trace: v=1; id=a; h=b; s=c\r\n${field}\r\n`), key, 'corp')).toBe(true);
  });
});

test('hops are Received fields', () => {
  const block = Buffer.from('Received: a\r\nreceived: b\r\nX-Received: c\r\n\r\nReceived: d\r\n');
  expect(countHops(parseHeader(block))).toBe(2);
});
