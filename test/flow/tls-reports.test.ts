/** A TLS report, end to end: sessions of real deliveries are counted, and a day's report reaches a domain that breaks its own promise. */
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readReportJson } from '../../src/mail/tls-report.ts';
import { sqlite } from '../engines.ts';
import { openFlow, until } from './stage.ts';

const policy = 'version: 1\nrules: []\ndefault: { protect: none }\n';
const broken = 'sts-mismatch.example';
const day = 86_400_000;

test('what went wrong is counted, and told to those who ask although their TLS is what is wrong', async () => {
  await using flow = await openFlow(sqlite, policy, {
    edit: (yaml) => `${yaml}reporting: { contact: postmaster@corp.example }\n`,
    records: [{ name: `_smtp._tls.${broken}`, type: 'TXT', data: `v=TLSRPTv1; rua=mailto:stefan@${broken}` }],
  });
  const { store } = flow.gateway;
  await flow.send('Hello', ['gina@good-tls.example', `stefan@${broken}`]);
  await flow.sinks.wait(({ host }) => host === 'mx.good-tls.example');
  const today = new Date().toISOString().slice(0, 10);
  const counted = async (domain: string) =>
    (await store.unreportedTls('9999-12-31')).some((each) => each.domain === domain);
  await until(async () => (await counted(broken)) && (await counted('good-tls.example')));
  expect(await store.claimTlsReport(today, 'good-tls.example', 0)).toMatchObject([
    { policy: { type: 'no-policy-found' }, miss: null, sessions: 1 },
  ]);
  const [missed] = (await store.claimTlsReport(today, broken, 0)) ?? [];
  expect(missed).toMatchObject({
    policy: { type: 'sts', mx: [`mail.${broken}`] },
    miss: { result: 'validation-failure', code: 'MX_NOT_IN_STS_POLICY', mx: `mx.${broken}` },
  });
  if (missed === undefined) throw new Error('nothing was counted');

  // The same two days ago: that day is over, whatever the clock says now.
  store.noteTlsSession({ domain: broken, policy: missed.policy, miss: missed.miss }, Date.now() - 2 * day);
  const report = await flow.sinks.wait(({ recipients }) => recipients.includes(`stefan@${broken}`));
  expect(report.from).toBe('');
  const text = report.bytes.toString('latin1');
  expect(text).toMatch(/^TLS-Report-Domain: sts-mismatch\.example\r$/m);
  const encoded = /application\/tlsrpt\+gzip[^]*?\r\n\r\n([^]*?)\r\n--/.exec(text)?.[1] ?? '';
  const reading = readReportJson(gunzipSync(Buffer.from(encoded, 'base64')).toString());
  expect(reading).toMatchObject({
    ok: true,
    report: {
      organization: 'corp.example',
      policies: [{ policy: missed.policy, successes: 0, failures: 1, details: [{ result: 'validation-failure' }] }],
    },
  });
  // The mail itself still waits.
  expect(flow.sinks.mailbox(`stefan@${broken}`)).toHaveLength(1);
  expect(flow.log.join('')).toContain('"kind":"tlsReport.sent"');
});
