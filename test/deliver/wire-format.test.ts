import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DotStuffer } from '../../src/deliver/dots.ts';
import { extensionsOf, isDomain, isSafeAddress, mailCommand, rcptCommand } from '../../src/deliver/envelope.ts';
import { cleanText, type Reply, ReplyReader, statusOf } from '../../src/deliver/reply.ts';

/** What a smuggler needs on the wire. */
const smuggled = /[^\r]\n|^\n|\r[^\n]|\r$|\0/;

function read(text: string, cuts: readonly number[] = []): readonly Reply[] | null {
  const reader = new ReplyReader();
  const bytes = Buffer.from(text);
  const replies: Reply[] = [];
  let start = 0;
  for (const end of [...cuts, bytes.length]) {
    const more = reader.push(bytes.subarray(start, end));
    if (more === null) return null;
    replies.push(...more);
    start = Math.max(start, end);
  }
  return replies;
}

describe('replies', () => {
  test.each<[string, string, Partial<Reply>[]]>([
    ['one line', '250 2.0.0 OK\r\n', [{ code: 250, enhanced: '2.0.0', text: '250 2.0.0 OK' }]],
    ['a bare code', '250\r\n', [{ code: 250, enhanced: null, text: '250' }]],
    [
      'several lines',
      '550-5.1.1 No\r\n550 5.1.1 such user\r\n',
      [{ code: 550, enhanced: '5.1.1', lines: ['5.1.1 No', '5.1.1 such user'] }],
    ],
    ['several replies', '250 a\r\n354 b\r\n', [{ code: 250 }, { code: 354 }]],
    ['bare LF', '220 hello\n', [{ code: 220, text: '220 hello' }]],
    ['an enhanced status of another class', '550 2.0.0 OK\r\n', [{ code: 550, enhanced: null }]],
    ['no enhanced status', '250 2.0.0.1 x\r\n', [{ enhanced: null }]],
    ['control characters', '550 a\u0007\u001b[31mb\u2028c\r\n', [{ text: '550 a [31mb c' }]],
    ['UTF-8', '550 grün\r\n', [{ text: '550 grün' }]],
  ])('%s', (_, text, expected) => expect(read(text)).toMatchObject(expected));

  test.each([
    ['no code', 'hello\r\n'],
    ['a code below 200', '150 x\r\n'],
    ['another code in a continuation', '250-a\r\n550 b\r\n'],
    ['an endless line', `250 ${'x'.repeat(5_000)}`],
    ['an endless reply', '250-x\r\n'.repeat(300)],
  ])('%s is not SMTP', (_, text) => expect(read(text)).toBeNull());

  test('it does not matter where the octets are cut', () => {
    const text = '250-mx.example grün\r\n250-SIZE 1\r\n250 DSN\r\n550 5.1.1 no\r\n';
    const whole = read(text);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const pieces = read(
          text,
          cuts.sort((a, b) => a - b),
        );
        expect(pieces).toEqual(whole);
      }),
    );
  });

  test('texts are capped and printable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3_000 }), (text) => {
        const clean = cleanText(text);
        expect(clean.length).toBeLessThanOrEqual(500);
        expect(clean).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  test.each([
    ['450 x', 'rcpt', '4.2.0'],
    ['451 4.7.1 Greylisted', 'rcpt', '4.7.1'],
    ['550 x', 'rcpt', '5.1.1'],
    ['550 x', 'end', '5.0.0'],
    ['552 x', 'end', '5.3.4'],
    ['553 x', 'mail', '5.1.7'],
    ['250 x', 'end', '2.0.0'],
  ] as const)('%s after %s means %s', (text, stage, status) => {
    const [reply] = read(`${text}\r\n`) ?? [];
    expect(reply === undefined ? null : statusOf(reply, stage)).toBe(status);
  });
});

describe('the message on the wire', () => {
  function stuff(chunks: readonly Uint8Array[]): string | null {
    const stuffer = new DotStuffer();
    const out: Buffer[] = [];
    for (const chunk of chunks) {
      const pieces = stuffer.push(chunk);
      if (pieces === null) return null;
      out.push(...pieces);
    }
    const end = stuffer.end();
    return end === null ? null : Buffer.concat([...out, end]).toString('latin1');
  }

  test.each([
    ['', '.\r\n'],
    ['a\r\n', 'a\r\n.\r\n'],
    ['a', 'a\r\n.\r\n'],
    ['.', '..\r\n.\r\n'],
    ['.\r\n', '..\r\n.\r\n'],
    ['..\r\n.a\r\na.b\r\n', '...\r\n..a\r\na.b\r\n.\r\n'],
    ['\r\n.\r\n.\r\n', '\r\n..\r\n..\r\n.\r\n'],
  ])('%j becomes %j', (text, wire) => expect(stuff([Buffer.from(text)])).toBe(wire));

  test.each([
    '\n',
    'a\nb\r\n',
    'a\rb\r\n',
    'a\r',
    'a\r\r\n',
    '\n.\r\n',
    'a\r\n\n.\r\n',
    'a\0b\r\n',
    '\r\n.\r',
    '\r\n.\n',
    '\n.\n',
    '\r.\r',
  ])('%j never leaves', (text) => {
    expect(stuff([Buffer.from(text)])).toBeNull();
    expect(stuff([...Buffer.from(text)].map((octet) => Uint8Array.of(octet)))).toBeNull();
  });

  test('a receiver gets the very octets back, wherever they were cut, or nothing', () => {
    const piece = fc.constantFrom('a', '.', '..', '\r\n', '\r\n.', '\r', '\n', 'ü', '\r\n.\r\n', 'line');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(40)), (pieces, cuts) => {
        const bytes = Buffer.from(pieces.join(''));
        const sorted = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const wire = stuff(sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end)));
        const text = bytes.toString('latin1');
        if (smuggled.test(text)) {
          expect(wire).toBeNull();
          return;
        }
        expect(wire).not.toMatch(smuggled);
        expect(wire?.endsWith('.\r\n')).toBe(true);
        // What RFC 5321 section 4.5.2 has the receiver do.
        const received = `\r\n${wire?.slice(0, -3)}`.replaceAll('\r\n.', '\r\n').slice(2);
        expect(received).toBe(text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`);
        expect(`\r\n${wire}`.indexOf('\r\n.\r\n')).toBe(`\r\n${wire}`.length - 5);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the envelope on the wire', () => {
  const envelope = {
    mailFrom: 'a@corp.example',
    eightBit: false,
    utf8: false,
    ret: null,
    envid: null,
    requireTls: false,
    size: null,
  };
  const recipient = { address: 'b@x.example', notify: null, orcpt: null };
  const everything = extensionsOf(['mx', 'PIPELINING', 'SIZE 1000', '8BITMIME', 'SMTPUTF8', 'dsn']);
  const nothing = extensionsOf(['mx']);

  test.each<[string, object, string]>([
    ['nothing asked', {}, 'MAIL FROM:<a@corp.example>'],
    ['the null sender', { mailFrom: '' }, 'MAIL FROM:<>'],
    [
      'everything',
      { eightBit: true, size: 7, ret: 'HDRS', envid: 'id+1' },
      'MAIL FROM:<a@corp.example> SIZE=7 BODY=8BITMIME RET=HDRS ENVID=id+2B1',
    ],
    ['a line end in ENVID', { envid: 'a\r\nRCPT TO:<x>' }, 'MAIL FROM:<a@corp.example> ENVID=a+0D+0ARCPT+20TO:<x>'],
    ['an endless ENVID', { envid: 'x'.repeat(101) }, 'MAIL FROM:<a@corp.example>'],
    ['ENVID beyond Latin-1', { envid: 'x\u2028y' }, 'MAIL FROM:<a@corp.example>'],
  ])('MAIL with %s', (_, changes, line) =>
    expect(mailCommand({ ...envelope, ...changes }, false, everything)).toBe(`${line}\r\n`),
  );

  test.each<[string, object, string]>([
    ['nothing asked', {}, 'RCPT TO:<b@x.example>'],
    ['NOTIFY', { notify: ['failure', 'DELAY', 'bogus\r\n'] }, 'RCPT TO:<b@x.example> NOTIFY=FAILURE,DELAY'],
    ['NEVER alone', { notify: ['NEVER', 'SUCCESS'] }, 'RCPT TO:<b@x.example> NOTIFY=NEVER'],
    ['ORCPT', { orcpt: 'rfc822;b+c=d@x.example' }, 'RCPT TO:<b@x.example> ORCPT=rfc822;b+2Bc+3Dd@x.example'],
    ['a line end in ORCPT', { orcpt: 'rfc822;b\r\nDATA' }, 'RCPT TO:<b@x.example> ORCPT=rfc822;b+0D+0ADATA'],
    ['a strange ORCPT type', { orcpt: 'r x\r\n;b' }, 'RCPT TO:<b@x.example>'],
  ])('RCPT with %s', (_, changes, line) =>
    expect(rcptCommand({ ...recipient, ...changes }, everything)).toBe(`${line}\r\n`),
  );

  test('nothing is said that was not offered', () => {
    const asked = { ...envelope, eightBit: true, size: 7, ret: 'FULL' as const, envid: 'x' };
    expect(mailCommand(asked, false, nothing)).toBe('MAIL FROM:<a@corp.example>\r\n');
    expect(rcptCommand({ ...recipient, notify: ['NEVER'], orcpt: 'rfc822;b@x' }, nothing)).toBe(
      'RCPT TO:<b@x.example>\r\n',
    );
  });

  test('the first line of EHLO is a name, not a keyword', () => {
    expect([...extensionsOf(['STARTTLS STARTTLS', 'size 10', 'AUTH=LOGIN', '', 'X Y']).keys()]).toEqual([
      'SIZE',
      'AUTH',
      'X',
    ]);
  });

  test.each([
    'a@x.example',
    'a.b+c@x.example',
    '"a b"@x.example',
    '"a\\"b"@x.example',
    'a@[192.0.2.1]',
    'a@[IPv6:2001:db8::1]',
    'ü@x.example',
    "o'neil@x",
  ])('%s is an address', (address) => expect(isSafeAddress(address)).toBe(true));

  test.each([
    '',
    'a',
    '@x.example',
    'a@',
    'a@x.example>\r\nDATA',
    'a@x.example\n',
    'a\r\n@x.example',
    'a@x.example> NOTIFY=NEVER',
    '<a@x.example>',
    'a b@x.example',
    '@relay,@other:a@x.example',
    '"a\r\n"@x.example',
    '"a"b"@x.example',
    'a\u0085@x.example',
    'a\u2028@x.example',
    'a\0@x.example',
    'a@x..example',
    'a@x example',
    'a@[x\r\n]',
    `${'a'.repeat(300)}@x.example`,
  ])('%j is not', (address) => expect(isSafeAddress(address)).toBe(false));

  test('whatever counts as an address keeps its command on one line', () => {
    const token = fc.constantFrom(
      'a',
      '@',
      'x.example',
      '"',
      '\\',
      '\r',
      '\n',
      '>',
      '<',
      ' ',
      '\0',
      '\u0085',
      '[',
      ']',
      ':',
      '.',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 10 }), (parts) => {
        const address = parts.join('');
        if (!isSafeAddress(address)) return;
        const line = rcptCommand({ ...recipient, address }, everything);
        expect(line.indexOf('\r\n')).toBe(line.length - 2);
        expect(line.slice(0, -2)).not.toMatch(/[\r\n\0]/);
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    ['gw.postern.example', true],
    ['localhost', true],
    ['a\r\nMAIL', false],
    ['a b', false],
    ['', false],
    ['a..b', false],
  ])('EHLO name %j: %s', (name, good) => expect(isDomain(name)).toBe(good));
});
