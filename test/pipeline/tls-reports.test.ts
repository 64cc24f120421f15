/** The day's TLS reports: who gets one, when, how it travels, and that nobody gets two. A real database, a real HTTPS server, no clock. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import { parseHeader, valuesOf } from '../../src/mail/header.ts';
import { readReportJson, type TlsSession } from '../../src/mail/tls-report.ts';
import { createEgress } from '../../src/net/egress.ts';
import { askHttps } from '../../src/net/https.ts';
import type { OwnMessage } from '../../src/pipeline/accept.ts';
import { createTlsReporter, type TlsReporterPorts } from '../../src/pipeline/tls-reports.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { openStore } from '../../src/store/open.ts';
import { eachEngine, sqlite } from '../engines.ts';

const day = 86_400_000;
const midnight = Date.UTC(2026, 10, 21);
/** After the last moment at which reports of the day before are due. */
const morning = midnight + 5 * 60 * 60_000;

const session = (domain: string, miss: TlsSession['miss'] = null): TlsSession => ({
  domain,
  policy: { type: 'no-policy-found', lines: [], domain, mx: [] },
  miss,
});

type Stage = Partial<Omit<TlsReporterPorts, 'now' | 'resolver'>> & {
  /** By domain; 'failed': the look-up fails. */
  readonly records?: Readonly<Record<string, string>>;
};

/** A reporter whose clock is moved by hand. */
function stage(store: TlsReporterPorts['store'], { records = {}, ...changes }: Stage = {}) {
  const sent: OwnMessage[] = [];
  const events: Event[] = [];
  const asked: string[] = [];
  let now = morning;
  const reporter = createTlsReporter({
    reporting: {
      contact: 'postmaster@corp.example',
      from: 'tls-reports@corp.example',
      mailbox: 'postmaster@corp.example',
      organization: 'Corp',
      maildir: null,
      dkim: null,
    },
    config: { hostname: 'gw.corp.example', tenants: [{ id: 'corp', domains: ['corp.example'] }] as never },
    store,
    resolver: {
      txt: async (name) => {
        asked.push(name);
        const record = records[name.replace('_smtp._tls.', '')];
        if (record === 'failed') return { kind: 'failed', reason: 'SERVFAIL' };
        if (record === undefined) return { kind: 'none', exists: true, authenticated: false, name };
        return { kind: 'found', records: [record], authenticated: false, name };
      },
    },
    ask: async () => ({ kind: 'failed', reason: 'is not there' }),
    submit: async (message) => void sent.push(message),
    emit: (event) => events.push(event),
    now: () => now,
    ...changes,
  });
  const at = async (time: number) => {
    now = time;
    await reporter.turn();
  };
  return { at, sent, events, asked };
}

/** The JSON in a report's message. */
function contentOf({ bytes }: OwnMessage) {
  const encoded = /application\/tlsrpt\+gzip[^]*?\r\n\r\n([^]*?)\r\n--/.exec(bytes.toString('latin1'))?.[1] ?? '';
  const reading = readReportJson(gunzipSync(Buffer.from(encoded, 'base64')).toString());
  if (!reading.ok) throw new Error(reading.reason);
  return reading.report;
}

const byMail = 'v=TLSRPTv1; rua=mailto:tls@';

eachEngine((engine) => {
  test('the day before is reported by mail to a domain that asks, once, also by two processes', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    const { store: other } = await openStore(place);
    const miss = { result: 'starttls-not-supported', code: null, mx: 'mx.b.example', ip: '192.0.2.1' } as const;
    store.noteTlsSession(session('b.example', miss), midnight - 1);
    store.noteTlsSession(session('b.example'), midnight - day);
    store.noteTlsSession(session('b.example'), midnight);
    store.noteTlsSession(session('quiet.example'), midnight - 1);
    const records = { 'b.example': `${byMail}b.example` };
    const one = stage(store, { records });
    const two = stage(other, { records });
    await Promise.all([one.at(morning), two.at(morning)]);
    for (const time of [morning + 1, morning + day / 24]) await Promise.all([one.at(time), two.at(time)]);
    const sent = [...one.sent, ...two.sent];
    expect(sent).toMatchObject([{ tenant: 'corp', kind: 'report', mailFrom: '', to: 'tls@b.example' }]);
    const [message] = sent;
    if (message === undefined) throw new Error('no report');
    expect(contentOf(message)).toMatchObject({
      organization: 'Corp',
      contact: 'postmaster@corp.example',
      start: midnight - day,
      end: midnight - 1_000,
      policies: [{ policy: { type: 'no-policy-found', domain: 'b.example' }, successes: 1, failures: 1 }],
    });
    const sentEvents = [...one.events, ...two.events];
    expect(sentEvents).toEqual([
      { kind: 'tlsReport.sent', domain: 'b.example', day: '2026-11-20', recipient: 'tls@b.example' },
    ]);
    // What nobody asked for is dropped, and today is not over.
    expect(await store.unreportedTls('2026-11-21')).toEqual([]);
    expect(await store.unreportedTls('2026-11-22')).toEqual([{ day: '2026-11-21', domain: 'b.example' }]);
    await Promise.all([store.close(), other.close()]);
  });
});

test('the header says what section 5.3 of RFC 8460 wants, and the report would rather come in the clear than not at all', async () => {
  await using place = await sqlite.create();
  const { store } = await openStore(place);
  store.noteTlsSession(session('b.example'), midnight - 1);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const reporting = {
    contact: 'postmaster@corp.example',
    from: 'tls-reports@corp.example',
    mailbox: '',
    organization: 'Corp',
    maildir: null,
    dkim: { selector: 'tlsrpt', key: privateKey },
  };
  const { at, sent } = stage(store, { records: { 'b.example': `${byMail}reports.example` }, reporting });
  await at(morning);
  const bytes = sent[0]?.bytes ?? Buffer.alloc(0);
  const fields = parseHeader(bytes.subarray(0, bytes.indexOf('\r\n\r\n') + 4));
  const value = (name: string) => valuesOf(fields, name).join('; ');
  expect(value('from')).toBe('tls-reports@corp.example');
  expect(value('to')).toBe('tls@reports.example');
  expect(value('subject')).toMatch(
    /^Report Domain: b\.example Submitter: corp\.example Report-ID: <[0-9a-f-]{36}@corp\.example>$/,
  );
  expect(value('tls-report-domain')).toBe('b.example');
  expect(value('tls-report-submitter')).toBe('corp.example');
  expect(value('tls-required')).toBe('No');
  expect(value('auto-submitted')).toBe('auto-generated');
  expect(value('content-type')).toMatch(/^multipart\/report; report-type="tlsrpt"; boundary="[^"]+"$/);
  expect(value('dkim-signature')).toMatch(/d=corp\.example; s=tlsrpt;.*tls-report-submitter.*tls-report-domain/);
  const text = bytes.toString('latin1');
  const name = `corp.example!b.example!${(midnight - day) / 1_000}!${midnight / 1_000 - 1}`;
  expect(text).toMatch(new RegExp(`filename="${name}![0-9a-z]+\\.json\\.gz"`));
  expect(text).toContain('This is the TLS report of corp.example for b.example, about 2026-11-20 (UTC).');
  expect(Math.max(...text.split('\r\n').map((line) => line.length))).toBeLessThan(998);
  await store.close();
});

test('reports of a day are spread over four hours, and none goes at midnight', async () => {
  await using place = await sqlite.create();
  const { store } = await openStore(place);
  const names = Array.from({ length: 40 }, (_, index) => `d${index}.example`);
  for (const name of names) store.noteTlsSession(session(name), midnight - 1);
  const { at, sent } = stage(store, { records: Object.fromEntries(names.map((name) => [name, `${byMail}${name}`])) });
  const counts: number[] = [];
  for (const hours of [0, 0.25, 1.25, 2.25, 3.25, 4.26]) {
    await at(midnight + hours * 60 * 60_000);
    counts.push(sent.length);
  }
  expect(counts.slice(0, 2)).toEqual([0, 0]);
  expect(counts.at(-1)).toBe(40);
  for (const [index, count] of counts.slice(2).entries()) expect(count).toBeGreaterThan(counts[index + 1] ?? 0);
  await store.close();
});

test('a day that was over while nobody ran is reported late, up to three days; a look-up that fails is made again', async () => {
  await using place = await sqlite.create();
  const { store } = await openStore(place);
  store.noteTlsSession(session('b.example'), midnight - 3 * day);
  store.noteTlsSession(session('old.example'), midnight - 6 * day);
  const records: Record<string, string> = { 'b.example': 'failed', 'old.example': `${byMail}old.example` };
  const { at, sent, asked } = stage(store, { records });
  await at(midnight + 1);
  expect(asked).toEqual(['_smtp._tls.b.example']);
  expect(sent).toEqual([]);
  records['b.example'] = `${byMail}b.example`;
  await at(midnight + 60_000);
  expect(sent).toEqual([]);
  await at(midnight + 6 * 60_000);
  expect(sent.map(({ to }) => to)).toEqual(['tls@b.example']);
  await store.close();
});

test('of many places the first two are served', async () => {
  await using place = await sqlite.create();
  const { store } = await openStore(place);
  store.noteTlsSession(session('b.example'), midnight - 1);
  const places = Array.from({ length: 50 }, (_, index) => `mailto:${index}@b.example`).join(',');
  const { at, sent } = stage(store, { records: { 'b.example': `v=TLSRPTv1;rua=http://no.example,${places}` } });
  await at(morning);
  expect(sent.map(({ to }) => to)).toEqual(['0@b.example', '1@b.example']);
  await store.close();
});

describe('by HTTPS', () => {
  const root = issueCertificate({ subject: 'Test Root', ca: true });
  const good = issueCertificate({ subject: 'r', issuer: root, san: { dns: ['reports.example'] } });

  async function serve(status: () => number) {
    const posts: { type: string | undefined; path: string; body: Buffer }[] = [];
    const server = createServer({ key: good.keyPem, cert: good.certPem }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const path = `${request.method} ${request.url}`;
        posts.push({ type: request.headers['content-type'], path, body: Buffer.concat(chunks) });
        response.writeHead(status(), { location: 'https://evil.example/' }).end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const none = async (name: string) => ({ kind: 'none', exists: true, authenticated: false, name }) as const;
    const found = async (name: string) =>
      ({ kind: 'found', records: ['127.0.0.1'], authenticated: false, name }) as const;
    const https = (allowPrivate: boolean) => ({
      resolver: { a: found, aaaa: none },
      egress: createEgress({ allowPrivate }),
      roots: [root.certPem],
    });
    return {
      posts,
      record: `v=TLSRPTv1; rua=https://reports.example:${port}/v1/tls?x=1`,
      place: `https://reports.example:${port}`,
      ask:
        (allowPrivate: boolean): TlsReporterPorts['ask'] =>
        (request) =>
          askHttps(request, https(allowPrivate)),
      [Symbol.asyncDispose]: async () => {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      },
    };
  }

  test('the report is posted under gzip', async () => {
    await using place = await sqlite.create();
    await using server = await serve(() => 201);
    const { store } = await openStore(place);
    store.noteTlsSession(session('b.example'), midnight - 1);
    const { at, events } = stage(store, { records: { 'b.example': server.record }, ask: server.ask(true) });
    await at(morning);
    await at(morning + day / 12);
    expect(server.posts).toMatchObject([{ type: 'application/tlsrpt+gzip', path: 'POST /v1/tls?x=1' }]);
    const reading = readReportJson(gunzipSync(server.posts[0]?.body ?? '').toString());
    expect(reading).toMatchObject({ ok: true, report: { contact: 'postmaster@corp.example' } });
    expect(events).toMatchObject([{ kind: 'tlsReport.sent', recipient: server.place }]);
    await store.close();
  });

  test('what is not taken is tried once more an hour later, the same report', async () => {
    await using place = await sqlite.create();
    await using server = await serve(() => 302);
    const { store } = await openStore(place);
    store.noteTlsSession(session('b.example'), midnight - 1);
    const { at, events } = stage(store, { records: { 'b.example': server.record }, ask: server.ask(true) });
    await at(morning);
    await at(morning + 59 * 60_000);
    expect(server.posts).toHaveLength(1);
    for (const hours of [1, 2, 3]) await at(morning + hours * 60 * 60_000);
    expect(server.posts).toHaveLength(2);
    expect(server.posts[0]).toEqual(server.posts[1]);
    const failed = { kind: 'tlsReport.failed', recipient: server.place, reason: 'answered 302' };
    expect(events).toMatchObject([failed, failed]);
    await store.close();
  });

  test('a private address is not asked', async () => {
    await using place = await sqlite.create();
    await using server = await serve(() => 200);
    const { store } = await openStore(place);
    store.noteTlsSession(session('b.example'), midnight - 1);
    const { at, events } = stage(store, { records: { 'b.example': server.record }, ask: server.ask(false) });
    await at(morning);
    expect(server.posts).toEqual([]);
    expect(events).toMatchObject([{ kind: 'tlsReport.failed', reason: expect.stringContaining('private') }]);
    await store.close();
  });
});
