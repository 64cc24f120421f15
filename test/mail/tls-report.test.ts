/** TLS reports as JSON: the RFC's own example read and written, the record that asks for them, and what strangers may send. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type PolicyTotals,
  readReportJson,
  readReportRecord,
  reportJson,
  type TlsReport,
  type TlsTally,
  tallied,
} from '../../src/mail/tls-report.ts';

/** RFC 8460 appendix B, with its one string for mx-host. */
const example = {
  'organization-name': 'Company-X',
  'date-range': { 'start-datetime': '2016-04-01T00:00:00Z', 'end-datetime': '2016-04-01T23:59:59Z' },
  'contact-info': 'sts-reporting@company-x.example',
  'report-id': '5065427c-23d3-47ca-b6e0-946ea0e8c4be',
  policies: [
    {
      policy: {
        'policy-type': 'sts',
        'policy-string': ['version: STSv1', 'mode: testing', 'mx: *.mail.company-y.example', 'max_age: 86400'],
        'policy-domain': 'company-y.example',
        'mx-host': '*.mail.company-y.example',
      },
      summary: { 'total-successful-session-count': 5326, 'total-failure-session-count': 303 },
      'failure-details': [
        {
          'result-type': 'certificate-expired',
          'sending-mta-ip': '2001:db8:abcd:0012::1',
          'receiving-mx-hostname': 'mx1.mail.company-y.example',
          'failed-session-count': 100,
        },
        {
          'result-type': 'starttls-not-supported',
          'sending-mta-ip': '2001:db8:abcd:0013::1',
          'receiving-mx-hostname': 'mx2.mail.company-y.example',
          'receiving-ip': '203.0.113.56',
          'failed-session-count': 200,
          'additional-information':
            'https://reports.company-x.example/report_info?id=5065427c-23d3#StarttlsNotSupported',
        },
        {
          'result-type': 'validation-failure',
          'sending-mta-ip': '198.51.100.62',
          'receiving-ip': '203.0.113.58',
          'receiving-mx-hostname': 'mx-backup.mail.company-y.example',
          'failed-session-count': 3,
          'failure-reason-code': 'X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED',
        },
      ],
    },
  ],
};

const report: TlsReport = {
  organization: 'Company-X',
  contact: 'sts-reporting@company-x.example',
  id: '5065427c-23d3-47ca-b6e0-946ea0e8c4be',
  start: Date.UTC(2016, 3, 1),
  end: Date.UTC(2016, 3, 1, 23, 59, 59),
  policies: [
    {
      policy: {
        type: 'sts',
        lines: ['version: STSv1', 'mode: testing', 'mx: *.mail.company-y.example', 'max_age: 86400'],
        domain: 'company-y.example',
        mx: ['*.mail.company-y.example'],
      },
      successes: 5326,
      failures: 303,
      details: [
        {
          result: 'certificate-expired',
          code: null,
          mx: 'mx1.mail.company-y.example',
          ip: null,
          sender: '2001:db8:abcd:0012::1',
          sessions: 100,
        },
        {
          result: 'starttls-not-supported',
          code: null,
          mx: 'mx2.mail.company-y.example',
          ip: '203.0.113.56',
          sender: '2001:db8:abcd:0013::1',
          sessions: 200,
        },
        {
          result: 'validation-failure',
          code: 'X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED',
          mx: 'mx-backup.mail.company-y.example',
          ip: '203.0.113.58',
          sender: '198.51.100.62',
          sessions: 3,
        },
      ],
    },
  ],
};

test('the example of RFC 8460 is read', () => {
  expect(readReportJson(JSON.stringify(example))).toEqual({ ok: true, report });
});

test('and written, field by field: mx-host as the list that section 4.4 wants, the most frequent failure first', () => {
  const [policy] = example.policies;
  const [expired, unsupported, invalid] = policy?.['failure-details'] ?? [];
  const { 'additional-information': _, ...starttls } = unsupported ?? {};
  expect(JSON.parse(reportJson(report))).toEqual({
    ...example,
    policies: [
      {
        ...policy,
        policy: { ...policy?.policy, 'mx-host': ['*.mail.company-y.example'] },
        'failure-details': [starttls, expired, invalid],
      },
    ],
  });
});

test('what is written is read again', () => {
  const text = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/);
  const sessions = fc.nat({ max: 1e9 });
  const detail = fc.record({
    result: text,
    code: fc.option(text),
    mx: fc.option(text),
    ip: fc.option(text),
    sender: fc.option(text),
    sessions,
  });
  const totals: fc.Arbitrary<PolicyTotals> = fc.record({
    policy: fc.record({ type: text, lines: fc.array(text), domain: fc.domain(), mx: fc.array(text) }),
    successes: sessions,
    failures: sessions,
    details: fc.array(detail).map((list) => list.toSorted((a, b) => b.sessions - a.sessions)),
  });
  const time = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true });
  const second = time.map((at) => Math.floor(at.getTime() / 1_000) * 1_000);
  const reports = fc.record({
    organization: text,
    contact: text,
    id: text,
    start: second,
    end: second,
    policies: fc.array(totals, { maxLength: 4 }),
  });
  fc.assert(
    fc.property(reports, (written) => {
      expect(readReportJson(reportJson(written))).toEqual({ ok: true, report: written });
    }),
    { numRuns: 100 },
  );
});

test('sessions of a day are counted by policy; a miss names its place', () => {
  const sts = { type: 'sts', lines: ['mode: testing'], domain: 'b.example', mx: ['mx.b.example'] } as const;
  const none = { type: 'no-policy-found', lines: [], domain: 'b.example', mx: [] } as const;
  const expired = { result: 'certificate-expired', code: null, mx: 'mx.b.example', ip: '192.0.2.1' } as const;
  const tallies: TlsTally[] = [
    { policy: none, miss: null, sessions: 7 },
    { policy: sts, miss: expired, sessions: 3 },
    { policy: sts, miss: null, sessions: 40 },
    { policy: sts, miss: { ...expired, ip: '192.0.2.2' }, sessions: 2 },
  ];
  expect(tallied(tallies)).toEqual([
    { policy: none, successes: 7, failures: 0, details: [] },
    {
      policy: sts,
      successes: 40,
      failures: 5,
      details: [
        { ...expired, sender: null, sessions: 3 },
        { ...expired, ip: '192.0.2.2', sender: null, sessions: 2 },
      ],
    },
  ]);
});

describe('the record', () => {
  const mail = (address: string) => `mailto ${address}`;
  test.each<[string, readonly string[], readonly string[]]>([
    ['by mail (section 3.1.1)', ['v=TLSRPTv1;rua=mailto:reports@example.com'], [mail('reports@example.com')]],
    [
      'by HTTPS (section 3.1.2)',
      ['v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt'],
      ['https://reporting.example.com/v1/tlsrpt'],
    ],
    [
      'both, with blanks, in their order',
      ['v=TLSRPTv1 ; rua=https://a.example/x?y=1 , mailto:b@a.example ;'],
      ['https://a.example/x?y=1', mail('b@a.example')],
    ],
    ['beside other records', ['v=spf1 -all', 'v=TLSRPTv1;rua=mailto:a@b.example'], [mail('a@b.example')]],
    ['with fields that nobody knows yet', ['v=TLSRPTv1;x-new=1;rua=mailto:a@b.example'], [mail('a@b.example')]],
    ['escaped octets', ['v=TLSRPTv1;rua=mailto:%22a%2Cb%22@b.example'], [mail('"a,b"@b.example')]],
    ['mail fields are not taken over', ['v=TLSRPTv1;rua=mailto:a@b.example?bcc=c@d.example'], [mail('a@b.example')]],
    ['two of them', ['v=TLSRPTv1;rua=mailto:a@b.example', 'v=TLSRPTv1;rua=mailto:c@b.example'], []],
    ['none', [], []],
    ['no place', ['v=TLSRPTv1;'], []],
    ['another version', ['v=TLSRPTv2;rua=mailto:a@b.example'], []],
    ['another case', ['V=tlsrptv1;rua=mailto:a@b.example'], []],
    ['two addresses in one', ['v=TLSRPTv1;rua=mailto:a@b.example%2Cc@d.example'], []],
    ['a line break in the address', ['v=TLSRPTv1;rua=mailto:a%0D%0ABcc:c@d.example'], []],
    ['an address literal', ['v=TLSRPTv1;rua=mailto:a@[127.0.0.1]'], []],
    ['an IPv6 host', ['v=TLSRPTv1;rua=https://[::1]/x'], []],
    ['a password', ['v=TLSRPTv1;rua=https://u:p@a.example/x'], []],
    ['plain HTTP', ['v=TLSRPTv1;rua=http://a.example/x'], []],
    ['a file', ['v=TLSRPTv1;rua=file:///etc/passwd'], []],
    ['a broken escape', ['v=TLSRPTv1;rua=mailto:%E0%A4%A@b.example'], []],
    ['much too long', [`v=TLSRPTv1;rua=https://a.example/${'x'.repeat(3_000)}`], []],
  ])('%s', (_, texts, places) => {
    const found = readReportRecord(texts).map((to) => (to.kind === 'https' ? to.url.href : mail(to.address)));
    expect(found).toEqual(places);
  });

  test('hostile records end in linear time', () => {
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(readReportRecord([`v=TLSRPTv1;${text}`]))));
    const started = performance.now();
    readReportRecord([`v=TLSRPTv1;${'rua=,'.repeat(100_000)}`, `v=TLSRPTv1${' '.repeat(100_000)}`]);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('what is not read, with the reason', () => {
  const changed = (path: string, value: unknown): string => {
    const copy: unknown = JSON.parse(JSON.stringify(example));
    const keys = path.split('/');
    const last = keys.pop() ?? '';
    const place = keys.reduce((at, key) => (at as Record<string, unknown>)[key], copy) as Record<string, unknown>;
    place[last] = value;
    return JSON.stringify(copy);
  };
  test.each<[string, string]>([
    ['', 'is not JSON'],
    ['[]', 'has no object where the whole belongs'],
    ['null', 'has no object where the whole belongs'],
    ['{}', 'has no object where date-range belongs'],
    ['['.repeat(1_000_000), 'is not JSON'],
    [changed('organization-name', ''), 'has no organization-name'],
    [changed('report-id', 7), 'has no report-id'],
    [changed('date-range/start-datetime', 'yesterday'), 'has no time as start-datetime'],
    [changed('policies', {}), 'has no list as policies'],
    [changed('policies/0', 'sts'), 'has no object where policies belongs'],
    [changed('policies/0/policy/policy-domain', null), 'has no policy-domain'],
    [changed('policies/0/summary', undefined), 'has no object where summary belongs'],
    [
      changed('policies/0/summary/total-failure-session-count', -1),
      'has no whole number as total-failure-session-count',
    ],
    [changed('policies/0/summary/total-failure-session-count', 2 ** 60), 'has no whole number'],
    [changed('policies/0/failure-details/1/failed-session-count', 1.5), 'has no whole number as failed-session-count'],
    [changed('policies/0/failure-details/1/failed-session-count', '2'), 'has no whole number as failed-session-count'],
  ])('%.60s', (text, reason) => {
    const reading = readReportJson(text);
    expect(reading.ok ? '' : reading.reason).toContain(reason);
  });

  test('text is cut and cleaned, and lists have an end', () => {
    const reading = readReportJson(changed('organization-name', `Evil\u001b[2J\r\nCorp${'x'.repeat(5_000)}`));
    const name = reading.ok ? reading.report.organization : '';
    expect(name).toMatch(/^Evil\s*\[2J\s*Corpx+$/);
    expect(name.length).toBeLessThanOrEqual(1_000);
    const many = readReportJson(
      changed(
        'policies',
        Array.from({ length: 5_000 }, () => example.policies[0]),
      ),
    );
    expect(many.ok && many.report.policies.length).toBe(1_000);
  });
});
