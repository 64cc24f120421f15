import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseHeader } from '../../src/mail/header.ts';
import { StructureParser } from '../../src/mail/structure.ts';
import type { ScanResult } from '../../src/policy/detection.ts';
import { type Facts, factsOf, threadIdsOf } from '../../src/policy/facts.ts';
import { type Groups, parseGroups } from '../../src/policy/groups.ts';

/** What policy may know, from messages as they stand on the wire. */

function factsOfText(
  text: string | Buffer,
  mailFrom = 'anna@corp.example',
  scan: ScanResult | null = null,
  groups: Groups | null = null,
): Facts {
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
    groups,
    scan,
  });
}

test('groups are known for everyone a condition can ask about, also for a From that is not the envelope’s', () => {
  const read = parseGroups('board: [dora@corp.example]\nstaff: [anna@corp.example, bob@other.example]', 'groups.yaml');
  const groups = read.ok ? read.groups : null;
  expect(factsOfText('From: Dora@corp.example\n\n', 'anna@corp.example', null, groups).groups).toEqual({
    known: ['board', 'staff'],
    of: { 'anna@corp.example': ['staff'], 'bob@other.example': ['staff'], 'dora@corp.example': ['board'] },
  });
});

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

describe('how the sender classified it', () => {
  const guid = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
  const other = '11111111-2222-3333-4444-555555555555';
  test.each<[string, Partial<Facts>]>([
    ['Sensitivity: Private', { sensitivity: 'private' }],
    ['sensitivity: company-CONFIDENTIAL', { sensitivity: 'company-confidential' }],
    ['Sensitivity: Company Confidential', { sensitivity: 'company-confidential' }],
    ['Sensitivity: Personal\nSensitivity: Company-Confidential', { sensitivity: 'company-confidential' }],
    ['Sensitivity: constructor', { sensitivity: 'normal' }],
    ['Importance: High', { importance: 'high' }],
    ['Importance: low\nX-Priority: 1', { importance: 'low' }],
    ['X-Priority: 1 (Highest)', { importance: 'high' }],
    ['X-Priority: 5', { importance: 'low' }],
    ['Priority: urgent', { importance: 'high' }],
    ['Priority: __proto__', { importance: 'normal' }],
    [
      `MSIP_Labels: MSIP_Label_${guid.toUpperCase()}_Enabled=True; MSIP_Label_${guid.toUpperCase()}_SiteId=x;\n MSIP_Label_${guid.toUpperCase()}_Name=Strictly Confidential;`,
      { labels: [{ id: guid, name: 'Strictly Confidential' }] },
    ],
    [
      `msip_labels: MSIP_Label_${guid}_Name=Old; MSIP_Label_${guid}_Enabled=false; MSIP_Label_${other}_Enabled=true`,
      { labels: [{ id: other, name: '' }] },
    ],
    [
      `MSIP_Labels: MSIP_Label_${guid}_Name=A; MSIP_Label_${guid}_Enabled=true\nMSIP_Labels: MSIP_Label_${guid}_Enabled=false; MSIP_Label_${other}_Name==?utf-8?q?Geh=C3=A4im?=`,
      {
        labels: [
          { id: guid, name: 'A' },
          { id: other, name: 'Gehäim' },
        ],
      },
    ],
    ['MSIP_Labels: nothing of the kind; MSIP_Label_x_Name=y; =; ;;', { labels: [] }],
    [`MSIP_Labels: MSIP_Label_${guid}_Name=${'long'.repeat(200)}`, { labels: [{ id: guid, name: 'long'.repeat(50) }] }],
  ])('%s', (header, expected) => {
    expect(factsOfText(`${head}${header}\n\nHello\n`)).toMatchObject(expected);
  });

  test('no more labels than anybody uses', () => {
    const many = Array.from({ length: 3000 }, (_, at) => `MSIP_Label_${String(at).padStart(36, '0')}_Name=x;`);
    expect(factsOfText(`${head}MSIP_Labels: ${many.join('\n ')}\n\nHello\n`).labels).toHaveLength(50);
  });
});

describe('what the scan saw', () => {
  const mixed = `${head}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--b
Content-Type: application/octet-stream; name=a.bin\n\nx\n--b\nContent-Type: text/plain\n\nx\n--b--\n`;
  const nothing: ScanResult = { findings: [], probes: {}, looked: [], blind: [] };
  const seen = (part: Partial<ScanResult>): Facts => factsOfText(mixed, undefined, { ...nothing, ...part });

  test('findings and probes are kept as they are; without a scan nobody knows', () => {
    const finding = { kind: 'ssn', count: 2, part: '1', sample: '•••6789' } as const;
    expect(seen({ findings: [finding], probes: { abc: 3 } })).toMatchObject({
      findings: [finding],
      probes: { abc: 3 },
    });
    expect(factsOfText(mixed)).toMatchObject({ findings: null, probes: {} });
  });

  test('attachments are what their octets are, and archives show their members', () => {
    const zip = { name: 'b.doc', detected: null, size: 7 };
    const { attachments } = seen({
      looked: [
        { path: '1', detected: null, encrypted: false, members: [] },
        { path: '2', detected: 'application/zip', encrypted: true, members: [zip] },
        { path: '3', detected: 'application/pdf', encrypted: false, members: [] },
      ],
    });
    expect(attachments).toEqual([
      {
        part: '2',
        name: 'a.bin',
        type: 'application/octet-stream',
        detected: 'application/zip',
        size: 1,
        encrypted: true,
        member: false,
      },
      { part: '2', name: 'b.doc', type: '', detected: null, size: 7, encrypted: false, member: true },
      {
        part: '3',
        name: '',
        type: 'text/plain',
        detected: 'application/pdf',
        size: 1,
        encrypted: false,
        member: false,
      },
    ]);
    expect(factsOfText(mixed).attachments.map((each) => each.part)).toEqual(['2']);
  });

  test.each<[string, Partial<Facts>]>([
    ['application/ms-tnef', { tnef: true }],
    ['text/calendar', { calendar: true }],
    ['application/x-microsoft-rpmsg-message', { rightsProtected: true }],
    ['application/zip', { tnef: false, calendar: false, rightsProtected: false }],
  ])('%s is noticed under any name', (detected, expected) => {
    expect(seen({ looked: [{ path: '2', detected, encrypted: false, members: [] }] })).toMatchObject(expected);
  });

  test('a reason is told once, with the parts it holds for', () => {
    const password = (part: string) => ({ doubt: 'password', part, reason: 'a password is needed' }) as const;
    expect(
      seen({
        blind: [password('2'), password('3'), password('2'), { doubt: 'limits', part: '2/1', reason: 'a bomb' }],
      }),
    ).toMatchObject({
      unscannable: 'a password is needed (part 2, 3); a bomb (part 2/1)',
      doubts: ['password', 'limits'],
    });
  });

  test('whatever is wrong, and however much, the text of it stays short', () => {
    const blind = Array.from(
      { length: 5000 },
      (_, at) => ({ doubt: 'content', part: `${at}`, reason: `${'x'.repeat(500)}${at}` }) as const,
    );
    const facts = seen({ blind });
    expect(facts.unscannable?.length).toBeLessThan(2000);
    expect(facts.unscannable).toMatch(/; and 4992 more$/);
    expect(facts.doubts).toEqual(['content']);
  });

  test('an archive of very many members is a doubt', () => {
    const members = Array.from({ length: 2001 }, (_, at) => ({
      name: `${'d/'.repeat(500)}${at}.txt`,
      detected: null,
      size: 1,
    }));
    const facts = seen({ looked: [{ path: '2', detected: 'application/zip', encrypted: false, members }] });
    expect(facts.attachments.filter((each) => each.member)).toHaveLength(2000);
    expect(facts.attachments.at(-1)?.name.length).toBeLessThan(300);
    expect(facts.doubts).toEqual(['limits']);
  });
});

test('the thread is told by the messages it answers, first and last', () => {
  const ids = Array.from({ length: 300 }, (_, at) => `<${at}@x.example>`);
  const header = `In-Reply-To: <reply@x.example> (of Friday)\r\nReferences: ${ids.join('\r\n ')}\r\n no-id <a b> <>\r\n\r\n`;
  const found = threadIdsOf(parseHeader(Buffer.from(header)));
  expect(found).toHaveLength(52);
  expect(found).toEqual(['<reply@x.example>', '<0@x.example>', ...ids.slice(-50)]);
  expect(threadIdsOf(parseHeader(Buffer.from('Subject: <no@id>\r\n\r\n')))).toEqual([]);
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
