/** `postern domains publish` and `report`: what concerns our own domains, as the admin sees it. */

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { reportMailbox } from '../../src/command/domains-mailbox.ts';
import { reportPage } from '../../src/command/domains-report.ts';
import { readTlsReport } from '../../src/command/tls-report-file.ts';
import { reportJson, type TlsReport } from '../../src/mail/tls-report.ts';
import { tlsReportMessage } from '../../src/mail/tls-report-mail.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { run } from './run.ts';

const report: TlsReport = {
  organization: 'Company-X',
  contact: 'sts-reporting@company-x.example',
  id: '5065427c',
  start: Date.UTC(2016, 3, 1),
  end: Date.UTC(2016, 3, 1, 23, 59, 59),
  policies: [
    {
      policy: { type: 'sts', lines: ['version: STSv1', 'mode: enforce'], domain: 'corp.example', mx: [] },
      successes: 5326,
      failures: 303,
      details: [
        { result: 'certificate-expired', code: null, mx: 'mx1.corp.example', ip: null, sender: null, sessions: 100 },
        {
          result: 'starttls-not-supported',
          code: null,
          mx: 'mx2.corp.example',
          ip: '203.0.113.56',
          sender: '2001:db8::1',
          sessions: 203,
        },
      ],
    },
    {
      policy: { type: 'no-policy-found', lines: [], domain: 'corp.example', mx: [] },
      successes: 1,
      failures: 0,
      details: [],
    },
  ],
};

describe('a report in words', () => {
  test('says who, how much, what and where, the most frequent first', () => {
    expect(
      reportPage(report)
        .split('\n')
        .map((line) => line.trimEnd()),
    ).toEqual([
      'Company-X reports on TLS with your mail servers (questions to sts-reporting@company-x.example).',
      'From 2016-04-01 00:00 to 2016-04-01 23:59 UTC; report 5065427c.',
      '',
      'MTA-STS policy of corp.example (mode enforce): 5326 connections went well, 303 did not.',
      'CONNECTIONS  YOUR SERVER                    THEIRS       WHAT WENT WRONG',
      '203          mx2.corp.example 203.0.113.56  2001:db8::1  STARTTLS was not offered, or refused',
      '100          mx1.corp.example               -            the certificate had expired',
      'Mail on those connections waited, and goes back if nothing changes.',
      '',
      'corp.example, without a policy: 1 connection went well, 0 did not.',
      '',
    ]);
  });

  test('a stranger’s words cannot write on the terminal', () => {
    const page = reportPage({ ...report, organization: 'Evil\u001b[2J\u202e', contact: '\u0007' });
    expect(page).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });
});

test('a mailbox of reports in words: sums by sender and policy, then what went wrong', async () => {
  const other = { ...report, organization: 'Company-Y', id: 'b' };
  const folder = mkdtempSync(join(tmpdir(), 'postern-maildir-'));
  try {
    for (const name of ['new', 'cur', 'tmp']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'new', '1'), gzipSync(reportJson(report)));
    writeFileSync(join(folder, 'cur', '2:2,S'), reportJson({ ...report, id: 'a' }));
    writeFileSync(join(folder, 'cur', '3:2,S'), reportJson(other));
    // Sent again, because the first answer was lost.
    writeFileSync(join(folder, 'cur', '3b:2,S'), reportJson(other));
    writeFileSync(join(folder, 'cur', '4:2,S'), 'Subject: spam\r\n\r\nBuy\r\n');
    writeFileSync(join(folder, 'tmp', '5'), reportJson(other));
    const chunks: string[] = [];
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => chunks.push(String(chunk)) > 0);
    const status = await reportMailbox(folder, false).finally(() => write.mockRestore());
    const page = chunks.join('');
    expect(status).toBe(0);
    expect(page).toContain('3 reports from 2016-04-01 00:00 to 2016-04-01 23:59 UTC.');
    expect(page).toContain('1 file holds no report.');
    const [first] = report.policies;
    const twice = [first?.successes ?? 0, first?.failures ?? 0].map((count) => String(2 * count));
    expect(page).toMatch(new RegExp(`Company-X .* ${twice[0]} +${twice[1]}\\b`));
    expect(page.indexOf('Company-X')).toBeLessThan(page.indexOf('Company-Y'));
    expect(page).toContain('the certificate had expired');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('a report as it comes', () => {
  const json = Buffer.from(reportJson(report));
  const gzip = gzipSync(json);
  const mail = tlsReportMessage({
    from: 'r@company-x.example',
    to: 'tls@corp.example',
    domain: 'corp.example',
    contact: report.contact,
    id: 'id-1',
    hostname: 'mx.company-x.example',
    day: '2016-04-01',
    fileName: 'company-x.example!corp.example!1!2.json.gz',
    compressed: gzip,
    date: report.end,
  });
  const renamed = Buffer.from(mail.toString('latin1').replace('application/tlsrpt+gzip', 'application/octet-stream'));
  const single = Buffer.concat([
    Buffer.from('From: a@b.example\r\nContent-Type: application/tlsrpt+json\r\n\r\n'),
    json,
  ]);
  test.each<[string, Buffer]>([
    ['JSON', json],
    ['JSON after a byte order mark', Buffer.concat([Buffer.from('\ufeff'), json])],
    ['JSON under gzip', gzip],
    ['our own message', mail],
    ['a message that only the file’s name gives away', renamed],
    ['a message that is nothing else', single],
    ['a forwarded message with bare line feeds', Buffer.from(mail.toString('latin1').replaceAll('\r\n', '\n'))],
  ])('%s', async (_, octets) => {
    expect(await readTlsReport(octets)).toEqual({ ok: true, report: { ...report, policies: sorted(report) } });
  });

  const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024, ' '));
  test.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'is not in there'],
    ['a message without one', Buffer.from('Subject: x\r\n\r\nHello\r\n'), 'is not in there'],
    ['a bomb', bomb, 'larger than'],
    ['a large text', Buffer.from(`{${' '.repeat(11 * 1024 * 1024)}}`), 'larger than'],
    ['damaged gzip', gzip.subarray(0, 40), 'cannot be unpacked'],
    ['gzip of something else', gzipSync('hello'), 'is not JSON'],
    ['JSON of something else', Buffer.from('{"a":1}'), 'has no object where date-range belongs'],
  ])('%s is refused with the reason', async (_, octets, reason) => {
    const reading = await readTlsReport(octets);
    expect(reading.ok ? 'read' : reading.reason).toContain(reason);
  });
});

function sorted({ policies }: TlsReport) {
  return policies.map((each) => ({ ...each, details: each.details.toSorted((a, b) => b.sessions - a.sessions) }));
}

describe('the commands', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-test-'));
  const config = join(folder, 'config.yaml');
  const postern = (...words: string[]) => run(['domains', '--config', config, ...words]);

  beforeAll(() => {
    mkdirSync(join(folder, 'data'));
    const write = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
    const own = issueCertificate({ subject: 'gw.corp.example', san: { dns: ['gw.corp.example'] } });
    write('data/master.key', randomBytes(32).toString('hex'));
    write('policy.yaml', 'version: 1\nrules: []\ndefault: { protect: none }\n');
    write('key.pem', own.keyPem);
    write('cert.pem', own.certPem);
    const dkim = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    write('dkim.pem', dkim.export({ type: 'pkcs8', format: 'pem' }));
    write('report.json', reportJson(report));
    write(
      'config.yaml',
      `hostname: gw.corp.example
roles: [work]
smtp: { tls: { key: key.pem, cert: cert.pem } }
reporting: { contact: postmaster@corp.example, mailbox: tls@corp.example, dkim: { selector: tlsrpt, key: dkim.pem } }
tenants:
  - id: corp
    domains: [corp.example]
    proof: { networks: ["10.0.0.0/8"] }
    policy: policy.yaml
    inbound: { host: corp-example.mail.protection.outlook.com }
`,
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('publish prints what to copy, for the servers the tenant’s mail goes to', async () => {
    const ran = await postern('publish', 'corp.example');
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^_mta-sts\.corp\.example\. IN TXT "v=STSv1; id=[0-9a-f]{16}"$/m);
    expect(ran.stdout).toContain('_smtp._tls.corp.example. IN TXT "v=TLSRPTv1; rua=mailto:tls@corp.example"\n');
    expect(ran.stdout).toMatch(/^_25\._tcp\.gw\.corp\.example\. IN TLSA 3 1 1 [0-9a-f]{64}$/m);
    expect(ran.stdout).toMatch(/^tlsrpt\._domainkey\.corp\.example\. IN TXT "v=DKIM1; k=rsa; s=tlsrpt; p=/m);
    expect(ran.stdout).toContain(
      'version: STSv1\nmode: testing\nmx: corp-example.mail.protection.outlook.com\nmax_age: 604800\n',
    );
  });

  test('publish takes servers by name, and says when it needs them', async () => {
    const named = await postern('publish', 'Other.example', 'MX1.other.example', '*.pool.example', '--json');
    expect(named.status).toBe(0);
    const { policy } = JSON.parse(named.stdout);
    expect(policy.text).toContain('mx: mx1.other.example\r\nmx: *.pool.example\r\n');
    const unknown = await postern('publish', 'other.example');
    expect(unknown).toMatchObject({ status: 1, stdout: '' });
    expect(unknown.stderr).toContain('postern domains publish other.example MX…');
    expect(await postern('publish', 'other.example', 'no/server')).toMatchObject({ status: 2, stdout: '' });
  });

  test('report reads a file, in words and as one document', async () => {
    const file = join(folder, 'report.json');
    expect(await postern('report', file)).toEqual({ status: 0, stdout: reportPage(report), stderr: '' });
    const ran = await postern('report', file, '--json');
    expect(JSON.parse(ran.stdout)).toMatchObject({ organization: 'Company-X', policies: [{ failures: 303 }, {}] });
    const missing = await postern('report', join(folder, 'none.json'));
    expect(missing).toMatchObject({ status: 1, stdout: '' });
    expect(missing.stderr).toContain('none.json: the report is in a file that cannot be read.');
    expect(await postern('report')).toMatchObject({ status: 2, stdout: '' });
  });
});
