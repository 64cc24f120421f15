import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { StructureParser } from '../../src/mail/structure.ts';
import { type Facts, factsOf, noGroups } from '../../src/policy/facts.ts';

/** What policy may know, from messages as they stand on the wire. */

function factsOfText(text: string | Buffer, mailFrom = 'anna@corp.example'): Facts {
  const parser = new StructureParser();
  parser.push(typeof text === 'string' ? Buffer.from(text.replaceAll('\n', '\r\n')) : text);
  const envelope = { from: mailFrom, recipients: ['bob@other.example'] };
  return factsOf({
    structure: parser.end(),
    tenant: 'corp',
    tenantDomains: ['corp.example', 'corp2.example'],
    envelope,
    receivedAt: Date.UTC(2026, 10, 20),
    thread: null,
    groups: noGroups,
    scan: null,
  });
}

const head = 'From: Anna <Anna@CORP.example>\nTo: "Bob, B." <bob@other.example>, carol@bücher.example\n';

test('a message with two parts', () => {
  const text = `${head}Cc: dora@third.example\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n =?utf-8?q?_an_alle?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b

Hello
--b
Content-Type: application/pdf; name="r.pdf"
Content-Disposition: attachment; filename="befund.pdf"

12345
--b--
`;
  const facts = factsOfText(text);
  expect(facts).toMatchObject({
    tenant: 'corp',
    subject: 'Grüße an alle',
    from: ['Anna@corp.example'],
    to: ['bob@other.example', 'carol@xn--bcher-kva.example'],
    cc: ['dora@third.example'],
    attachments: [{ name: 'befund.pdf', type: 'application/pdf', size: 5 }],
    forwarded: false,
    autoSubmitted: false,
    report: null,
    signed: false,
    encrypted: false,
    unscannable: null,
    doubts: [],
  });
  expect(facts.size).toBe(Buffer.byteLength(text.replaceAll('\n', '\r\n')));
  expect(facts.headers[3]).toEqual({ name: 'subject', value: 'Grüße an alle' });
});

describe('forwarded', () => {
  test.each([
    ['ordinary', head, 'anna@corp.example', false],
    ['another domain of the tenant', head, 'anna@corp2.example', false],
    ['a null sender', head, '', false],
    ['MAIL FROM outside', head, 'stranger@elsewhere.example', true],
    ['MAIL FROM at a subdomain, which is not proved', head, 'anna@x.corp.example', true],
    ['From outside', 'From: stranger@elsewhere.example\n', 'anna@corp.example', true],
    ['From inside and outside', 'From: anna@corp.example, stranger@elsewhere.example\n', 'anna@corp.example', false],
    ['no From', 'To: x@y.example\n', 'anna@corp.example', false],
    ['an Outlook rule', `${head}X-MS-Exchange-Inbox-Rules-Loop: anna@corp.example\n`, 'anna@corp.example', true],
    ['Gmail forwarding', `${head}X-Forwarded-For: anna@corp.example b@c.example\n`, 'anna@corp.example', true],
    ['Gmail forwarding, the other field', `${head}x-forwarded-to: b@c.example\n`, 'anna@corp.example', true],
    ['resent', `${head}Resent-From: anna@corp.example\n`, 'anna@corp.example', true],
    ['said so', `${head}Auto-Submitted: Auto-Forwarded; x=y\n`, 'anna@corp.example', true],
    ['caf', head, 'anna+caf_=bob=other.example@corp.example', true],
  ])('%s', (_name, header, mailFrom, expected) => {
    expect(factsOfText(`${header}\nHello\n`, mailFrom).forwarded).toBe(expected);
  });
});

describe('autoSubmitted', () => {
  test.each([
    ['', 'anna@corp.example', false],
    ['', '', true],
    ['Auto-Submitted: no', 'anna@corp.example', false],
    ['Auto-Submitted: No (really)', 'anna@corp.example', false],
    ['Auto-Submitted: auto-replied', 'anna@corp.example', true],
    ['Precedence: bulk', 'anna@corp.example', true],
    ['Precedence: list', 'anna@corp.example', false],
    ['X-Auto-Response-Suppress: OOF', 'anna@corp.example', true],
  ])('%s from %s: %s', (field, mailFrom, expected) => {
    expect(factsOfText(`${head}${field === '' ? '' : `${field}\n`}\nHello\n`, mailFrom).autoSubmitted).toBe(expected);
  });
});

describe('what kind of message it is', () => {
  const multipart = (type: string, inner: string) => `Content-Type: ${type}; boundary=b\n\n--b\n${inner}\n\nx\n--b--\n`;
  test.each<[string, string, Partial<Facts>]>([
    [
      'S/MIME',
      'Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nx\n',
      { encrypted: true, signed: false },
    ],
    ['S/MIME of old', 'Content-Type: application/x-pkcs7-mime; name=smime.p7m\n\nx\n', { encrypted: true }],
    [
      'S/MIME authenticated',
      'Content-Type: application/pkcs7-mime; smime-type=authEnveloped-data\n\nx\n',
      { encrypted: true },
    ],
    [
      'S/MIME opaque signature',
      'Content-Type: application/pkcs7-mime; smime-type=signed-data\n\nx\n',
      { encrypted: false, signed: true },
    ],
    [
      'S/MIME certificates',
      'Content-Type: application/pkcs7-mime; smime-type=certs-only\n\nx\n',
      { encrypted: false, signed: false },
    ],
    ['clear signature', multipart('multipart/signed', 'Content-Type: text/plain'), { signed: true, encrypted: false }],
    [
      'PGP/MIME',
      multipart('multipart/encrypted; protocol="application/pgp-encrypted"', 'Content-Type: application/pgp-encrypted'),
      { encrypted: true },
    ],
    [
      'an encrypted attachment',
      multipart('multipart/mixed', 'Content-Type: application/pkcs7-mime; smime-type=enveloped-data'),
      { encrypted: false },
    ],
    [
      'a DSN',
      multipart('multipart/report; report-type=delivery-status', 'Content-Type: text/plain'),
      { report: 'dsn' },
    ],
    [
      'an MDN',
      multipart('multipart/report; report-type="Disposition-Notification"', 'Content-Type: text/plain'),
      { report: 'mdn' },
    ],
    ['another report', multipart('multipart/report', 'Content-Type: text/plain'), { report: 'other' }],
    [
      'an invitation',
      multipart('multipart/alternative', 'Content-Type: text/calendar; method=REQUEST'),
      { calendar: true },
    ],
    [
      'winmail.dat',
      multipart('multipart/mixed', 'Content-Type: application/ms-tnef; name=winmail.dat'),
      { tnef: true },
    ],
    [
      'winmail.dat by name',
      multipart('multipart/mixed', 'Content-Type: application/octet-stream; name=WinMail.dat'),
      { tnef: true },
    ],
    [
      'rights-protected',
      multipart('multipart/mixed', 'Content-Type: application/x-microsoft-rpmsg-message; name=message.rpmsg'),
      { rightsProtected: true },
    ],
  ])('%s', (_name, rest, expected) => {
    expect(factsOfText(`${head}MIME-Version: 1.0\n${rest}`)).toMatchObject(expected);
  });
});

describe('unscannable', () => {
  test.each([
    ['two From fields', `${head}From: eve@evil.example\n`, 'more than one From field'],
    [
      'a From of two minds',
      'From: <anna@corp.example> <eve@evil.example>\n',
      'the From field can be read in more than one way',
    ],
    ['two Subjects', `${head}Subject: a\nSubject: [secure]\n`, 'more than one Subject field'],
  ])('%s', (_name, header, expected) => {
    const { unscannable, doubts } = factsOfText(`${header}\nHello\n`);
    expect(unscannable).toContain(expected);
    expect(doubts).toEqual([expected.includes('Subject') ? 'subject' : 'from']);
  });

  test('what the structure complains of', () => {
    const nested = Array.from(
      { length: 300 },
      (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\n\n--b${at}\n`,
    );
    expect(factsOfText(`${head}${nested.join('')}`)).toMatchObject({
      unscannable: expect.stringContaining('deeper'),
      doubts: ['limits'],
    });
    const unfinished = 'Content-Type: multipart/mixed; boundary=b\nContent-Type: text/plain\n\n--b\n\nHello\n';
    expect(factsOfText(`${head}${unfinished}`)).toMatchObject({ doubts: ['structure'] });
  });

  test('an empty message is no problem of policy', () => {
    expect(factsOfText('\n')).toMatchObject({ subject: '', from: [], headers: [] });
    expect(factsOfText('')).toMatchObject({ size: 0 });
  });
});

const corpora = new URL('../../../shared/corpora/', import.meta.url);

describe.skipIf(!existsSync(corpora))('real messages', () => {
  test('every one has facts, that survive being kept as JSON', () => {
    const files = readdirSync(corpora, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.eml'));
    expect(files.length).toBeGreaterThan(100);
    for (const name of files) {
      const facts = factsOfText(readFileSync(new URL(name.split('/').map(encodeURIComponent).join('/'), corpora)));
      expect(JSON.parse(JSON.stringify(facts)), name).toEqual(facts);
    }
  });
});
