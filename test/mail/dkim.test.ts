/** DKIM signatures of our own messages, checked by a verifier that is checked with the vectors of RFC 8463. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bodyHash, signMessage } from '../../src/mail/dkim.ts';
import { verifies } from './dkim-verifier.ts';

/** RFC 8463 appendix A. */
const vector = [
  'DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;',
  ' d=football.example.com; i=@football.example.com;',
  ' q=dns/txt; s=brisbane; t=1528637909; h=from : to :',
  ' subject : date : message-id : from : subject : date;',
  ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
  ' b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus',
  ' Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==',
  'From: Joe SixPack <joe@football.example.com>',
  'To: Suzie Q <suzie@shopping.example.net>',
  'Subject: Is dinner ready?',
  'Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)',
  'Message-ID: <20030712040037.46341.5F8J@football.example.com>',
  '',
  'Hi.',
  '',
  'We lost the game.  Are you hungry yet?',
  '',
  'Joe.',
  '',
].join('\r\n');
const x = Buffer.from('11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=', 'base64').toString('base64url');
const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
const seed = Buffer.from('nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=', 'base64');
const privateKey = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
  format: 'der',
  type: 'pkcs8',
});

const unsignedVector = vector.slice(vector.indexOf('From:'));
const at = Date.UTC(2018, 5, 10);
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const keys = { rsa, ed25519: { privateKey, publicKey } };

test('the verifier of this test takes the vector of RFC 8463, and not a changed one', () => {
  expect(verifies(vector, publicKey)).toMatchObject({ body: true, header: true });
  expect(verifies(vector.replace('lost', 'won'), publicKey)).toMatchObject({ body: false, header: true });
  expect(verifies(vector.replace('dinner', 'supper'), publicKey)).toMatchObject({ body: true, header: false });
});

describe.each(['rsa', 'ed25519'] as const)('a signature with %s', (kind) => {
  const key = keys[kind];
  const sign = (message: string) =>
    signMessage(
      Buffer.from(message, 'latin1'),
      { domain: 'football.example.com', selector: 'brisbane', key: key.privateKey },
      at,
    ).toString('latin1');
  const signed = sign(unsignedVector);

  test('verifies, and leaves the message as it was', () => {
    const { tags, ...good } = verifies(signed, key.publicKey);
    expect(good).toEqual({ body: true, header: true });
    expect(tags).toMatchObject({
      v: '1',
      a: `${kind}-sha256`,
      c: 'relaxed/relaxed',
      d: 'football.example.com',
      s: 'brisbane',
      t: String(at / 1_000),
      bh: '2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=',
    });
    // RFC 8460 section 3: the whole body, no l=.
    expect(tags).not.toHaveProperty('l');
    expect(signed.endsWith(unsignedVector)).toBe(true);
    expect(Math.max(...signed.split('\r\n').map((line) => line.length))).toBeLessThan(79);
  });

  test.each<[string, (message: string) => string, object]>([
    ['folded anew', (text) => text.replace('Subject: Is ', 'Subject:  Is\r\n\t'), { body: true, header: true }],
    ['blanks at line ends', (text) => text.replace('Hi.\r\n', 'Hi. \t\r\n'), { body: true, header: true }],
    ['empty lines at the end', (text) => `${text}\r\n\r\n`, { body: true, header: true }],
    ['a word changed', (text) => text.replace('hungry', 'angry'), { body: false, header: true }],
    ['text added', (text) => `${text}More.\r\n`, { body: false, header: true }],
    ['another subject', (text) => text.replace('dinner', 'supper'), { body: true, header: false }],
    ...['From', 'To', 'Subject', 'Date', 'Message-ID', 'Reply-To', 'Cc'].map(
      (name): [string, (message: string) => string, object] => [
        `a second ${name}, or one where there was none`,
        (text) => text.replace('From: ', `${name}: eve@evil.example\r\nFrom: `),
        { body: true, header: false },
      ],
    ),
    [
      'what relays add',
      (text) => text.replace('From: ', 'Received: x\r\nSender: l@list.example\r\nFrom: '),
      { body: true, header: true },
    ],
    ['another domain', (text) => text.replace('d=football', 'd=baseball'), { body: true, header: false }],
  ])('%s', (_, change, outcome) => {
    const changed = change(signed);
    expect(changed).not.toBe(signed);
    expect(verifies(changed, key.publicKey)).toMatchObject(outcome);
  });

  test('holds for a message without a body, and for blanks everywhere', () => {
    for (const body of ['', ' \r\n\r\n', 'a  b\t\r\n\r\n\r\n', 'no line end']) {
      const message = sign(`From: a@b.example\r\nSubject:   \r\n\r\n${body}`);
      const verified = verifies(message, key.publicKey);
      expect([body, verified.header]).toEqual([body, true]);
    }
  });
});

test('the hash of a body does not depend on how it is cut, and is that of the whole in relaxed form', async () => {
  const piece = fc.constantFrom('a', 'bc', ' ', '\t', '  ', '\r\n', '\r\n'.repeat(4_100), '\r', '\n', '.', '\xe4');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(piece, { maxLength: 8 }), { maxLength: 12 }), async (pieces) => {
      const chunks = pieces.map((some) => Buffer.from(some.join(''), 'latin1'));
      const lines = Buffer.concat(chunks)
        .toString('latin1')
        .split('\r\n')
        .map((line) => line.replaceAll(/[ \t]+/g, ' ').replace(/ $/, ''));
      const last = lines.findLastIndex((line) => line !== '');
      const relaxed = lines.slice(0, last + 1).map((line) => `${line}\r\n`);
      const whole = createHash('sha256').update(relaxed.join(''), 'latin1').digest();
      const cut = (async function* () {
        yield* chunks;
      })();
      expect((await bodyHash(cut)).equals(whole)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('fields that stand there twice are signed twice, as a verifier takes them', () => {
  const twice = unsignedVector.replace('To: ', 'To: first@football.example.com\r\nTo: ');
  const signer = { domain: 'football.example.com', selector: 'brisbane', key: rsa.privateKey };
  const signed = signMessage(Buffer.from(twice, 'latin1'), signer, at).toString('latin1');
  expect(verifies(signed, rsa.publicKey)).toMatchObject({ body: true, header: true });
  expect(verifies(signed.replace('first@', 'other@'), rsa.publicKey)).toMatchObject({ header: false });
});
