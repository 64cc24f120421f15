import { simpleParser } from 'mailparser';
import { describe, expect, test } from 'vitest';
import { buildReport, type Report, type ReportRecipient } from '../../src/mail/dsn.ts';
import { decodeValue, parseHeader, valuesOf } from '../../src/mail/header.ts';
import { leaves, StructureParser } from '../../src/mail/structure.ts';

const ann: ReportRecipient = {
  address: 'ann@bank.example',
  orcpt: 'rfc822;Ann+2BLee@bank.example',
  status: '5.7.10',
  remoteMx: 'mx.bank.example',
  remoteReply: '550 5.7.10 TLS required',
  reason: 'Their mail server offers no encryption that can be verified',
  rules: ['Banks by verified TLS or not at all'],
  lastAttemptAt: Date.UTC(2026, 0, 2, 3, 4, 5),
};

const failed: Report = {
  kind: 'failed',
  hostname: 'gw.postern.example',
  to: 'eve@corp.example',
  language: 'en',
  timeZone: 'UTC',
  original: {
    messageId: '<one@corp.example>',
    subject: 'Figures',
    header: Buffer.from(
      'Received: from 10.0.0.1\r\nX-Postern-Key: hunter2\r\nFrom: Eve <eve@corp.example>\r\nTo: ann@bank.example\r\n' +
        'Bcc: hidden@bank.example\r\nSubject: Figures\r\n of May\r\nDate: Fri, 02 Jan 2026 03:00:00 +0000\r\nMessage-ID: <one@corp.example>\r\n' +
        'References: <zero@corp.example>\r\n\r\nbody that must not go back',
    ),
    envid: 'QQ+2B314159',
    receivedAt: Date.UTC(2026, 0, 2, 3, 4, 0),
  },
  recipients: [ann],
  now: Date.UTC(2026, 0, 2, 3, 4, 6),
  id: '0198-abc',
};

function partsOf(octets: Buffer): { type: string; text: string }[] {
  const parser = new StructureParser();
  parser.push(octets);
  const structure = parser.end();
  expect(structure.problems).toEqual([]);
  expect(structure.root.parameters).toMatchObject({ 'report-type': 'delivery-status' });
  return leaves(structure).map(({ type, encoding, body }) => {
    const raw = octets.subarray(body.start, body.end);
    const unescaped = raw
      .toString('latin1')
      .replaceAll('=\r\n', '')
      .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    return {
      type,
      text: Buffer.from(encoding === 'quoted-printable' ? unescaped : raw.toString('latin1'), 'latin1').toString(),
    };
  });
}

function statusOf(octets: Buffer): string[][] {
  const text = partsOf(octets).find(({ type }) => type === 'message/delivery-status')?.text ?? '';
  return text
    .split('\r\n\r\n')
    .map((group) => parseHeader(Buffer.from(group)).map(({ name, raw }) => `${name}: ${decodeValue(raw)}`));
}

describe('a failure report', () => {
  const octets = buildReport(failed);

  test('tells a machine what happened', () => {
    expect(statusOf(octets)).toEqual([
      [
        'Original-Envelope-Id: QQ+314159',
        'Reporting-MTA: dns; gw.postern.example',
        'Arrival-Date: Fri, 02 Jan 2026 03:04:00 +0000',
      ],
      [
        'Original-Recipient: rfc822; Ann+Lee@bank.example',
        'Final-Recipient: rfc822; ann@bank.example',
        'Action: failed',
        'Status: 5.7.10',
        'Remote-MTA: dns; mx.bank.example',
        'Diagnostic-Code: smtp; 550 5.7.10 TLS required',
        'Last-Attempt-Date: Fri, 02 Jan 2026 03:04:05 +0000',
      ],
    ]);
  });

  test('tells a person who, why, by which rule, and what to do', () => {
    const [letter] = partsOf(octets);
    const words = letter?.text.replaceAll(/\s+/g, ' ') ?? '';
    expect(letter?.type).toBe('text/plain');
    for (const sentence of [
      'ann@bank.example',
      'Their mail server offers no encryption that can be verified.',
      'The rule that asked for protection: "Banks by verified TLS or not at all".',
      'The mail server mx.bank.example said: 550 5.7.10 TLS required',
      'What you can do:',
      'Figures',
    ]) {
      expect(words).toContain(sentence);
    }
  });

  test('gives back allow-listed fields only, and nothing of the body', () => {
    const returned = parseHeader(Buffer.from(partsOf(octets)[2]?.text ?? ''));
    expect(returned.map(({ name }) => name)).toEqual(['From', 'To', 'Subject', 'Date', 'Message-ID', 'References']);
    for (const secret of ['hunter2', 'hidden@', '10.0.0.1', 'body that'])
      expect(octets.toString()).not.toContain(secret);
  });

  test('answers the original, as an automatic reply, in legal lines', () => {
    const fields = parseHeader(octets);
    expect(valuesOf(fields, 'From')).toEqual(['Mail Delivery System <postmaster@gw.postern.example>']);
    expect(valuesOf(fields, 'To')).toEqual(['eve@corp.example']);
    expect(valuesOf(fields, 'Message-ID')).toEqual(['<0198-abc@gw.postern.example>']);
    expect(valuesOf(fields, 'In-Reply-To')).toEqual(['<one@corp.example>']);
    expect(valuesOf(fields, 'References')).toEqual(['<one@corp.example>']);
    expect(valuesOf(fields, 'Auto-Submitted')).toEqual(['auto-replied']);
    expect(octets.toString('latin1')).toMatch(/^(?:[\t\x20-\x7e]{0,998}\r\n)*$/);
  });

  test('another parser reads it', async () => {
    const mail = await simpleParser(octets);
    expect(mail.text).toContain('did not reach');
    expect(mail.text).toContain('Final-Recipient: rfc822; ann@bank.example');
    expect(mail.attachments.map(({ contentType }) => contentType)).toEqual(['text/rfc822-headers']);
  });
});

test('a delay report says until when we try and asks for nothing', () => {
  const retryUntil = Date.UTC(2026, 0, 7);
  const octets = buildReport({
    ...failed,
    kind: 'delayed',
    recipients: [{ ...ann, status: '4.4.1', remoteReply: null, remoteMx: null, retryUntil }],
  });
  expect(statusOf(octets)[1]).toEqual(
    expect.arrayContaining(['Action: delayed', 'Status: 4.4.1', 'Will-Retry-Until: Wed, 07 Jan 2026 00:00:00 +0000']),
  );
  const words = partsOf(octets)[0]?.text.replaceAll(/\s+/g, ' ');
  expect(words).toContain('We keep trying until 7 January 2026 at 00:00 UTC.');
  expect(words).not.toContain('What you can do');
});

test.each([
  ['de', 'Nicht zugestellt: Figures', 'Was Sie tun können:', 'Gesendet: 2. Januar 2026 um 04:04 MEZ'],
  ['fr', 'Non remis\u00a0: Figures', 'Ce que vous pouvez faire\u00a0:', 'Envoyé\u00a0: 2 janvier 2026 à 04:04 UTC+1'],
  ['es', 'No entregado: Figures', 'Qué puede hacer:', 'Enviado: 2 de enero de 2026 a las 04:04 CET'],
  ['nl', 'Niet bezorgd: Figures', 'Wat u kunt doen:', 'Verstuurd: 2 januari 2026 om 04:04 CET'],
] as const)('%s: the person is spoken to in it, the machine as ever', (language, subject, ...sentences) => {
  const octets = buildReport({ ...failed, language, timeZone: 'Europe/Berlin' });
  expect(valuesOf(parseHeader(octets), 'Subject')).toEqual([subject]);
  expect(statusOf(octets)).toEqual(statusOf(buildReport(failed)));
  expect(octets.toString('latin1')).toContain(
    `\r\nContent-Language: ${language}\r\nContent-Type: text/plain; charset=utf-8`,
  );
  const words = partsOf(octets)[0]?.text ?? '';
  for (const sentence of [...sentences, 'no encryption that can be verified.'])
    expect(words.replaceAll(/ *\r\n */g, ' ')).toContain(sentence);
  expect(words).not.toContain('What you can do');
});

test('a success report says relayed: the mailbox is not ours', () => {
  const octets = buildReport({ ...failed, kind: 'delivered', recipients: [{ ...ann, status: '2.0.0' }] });
  expect(statusOf(octets)[1]).toEqual(expect.arrayContaining(['Action: relayed', 'Status: 2.0.0']));
});

test('what a server said beyond ASCII becomes question marks for the machine, which knows no encoded words', () => {
  const octets = buildReport({
    ...failed,
    recipients: [{ ...ann, remoteReply: '550 Empfänger =?utf-8?q?unbekannt?=' }],
  });
  expect(octets.toString()).toContain('Diagnostic-Code: smtp; 550 Empf?nger = ?utf-8?q?unbekannt?=');
});

test('an address beyond ASCII is of type utf-8, and the report stays ASCII', () => {
  const octets = buildReport({
    ...failed,
    recipients: [{ ...ann, address: 'jörg=x@bank.example', orcpt: null, reason: 'Kein Anschluß' }],
  });
  expect(statusOf(octets)[1]?.[0]).toBe('Final-Recipient: utf-8; j\\x{F6}rg\\x{3D}x@bank.example');
  expect(partsOf(octets)[0]?.text).toContain('Kein Anschluß');
  expect(octets.every((octet) => octet < 0x80)).toBe(true);
});

describe('nothing can be injected', () => {
  test.each(['\r\n', '\n', '\r', '\0', '\u2028', '\u0085', '\r\n\r\n--=_report_0198-abc\r\n', '=?utf-8?Q?=0D=0A?='])(
    '%j',
    (evil) => {
      const bad = `x${evil}X-Evil: 1${evil}`;
      const octets = buildReport({
        ...failed,
        original: {
          ...failed.original,
          messageId: `<a${evil}b>`,
          subject: bad,
          envid: bad,
          header: Buffer.from(`Subject: a${evil}X-Evil: 1\r\n\r\n`),
        },
        recipients: [
          {
            ...ann,
            orcpt: `rfc822;${bad}+0D+0A`,
            status: bad,
            remoteMx: bad,
            remoteReply: bad,
            reason: bad,
            rules: [bad],
          },
        ],
      });
      expect(partsOf(octets).map(({ type }) => type)).toEqual([
        'text/plain',
        'message/delivery-status',
        'text/rfc822-headers',
      ]);
      expect(octets.toString()).not.toMatch(/^X-Evil/m);
      expect(statusOf(octets).length).toBe(2);
      expect(statusOf(octets)[1]).toContain('Status: 5.0.0');
      expect(parseHeader(octets).some(({ name }) => name === 'X-Evil' || name === 'In-Reply-To')).toBe(
        evil.startsWith('=?'),
      );
    },
  );

  test('an id that could not stand in a header throws', () => {
    expect(() => buildReport({ ...failed, id: 'a\r\nb' })).toThrow(TypeError);
  });
});
