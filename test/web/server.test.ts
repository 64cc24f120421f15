/** What every answer of the server has, whatever is asked of it, and what it does about clients and faults. */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { StoreDown } from '../../src/store/store.ts';
import type { PortalPorts } from '../../src/web/ports.ts';
import { newsletter } from './samples.ts';
import { Client, type Site, startSite } from './site.ts';

const form = 'Content-Type: application/x-www-form-urlencoded\r\n';
const everywhere = {
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

test('every route by every verb: sane, with every header, and nothing but forms takes POST', async () => {
  await using site = await startSite();
  const message = await site.publish(newsletter);
  const client = new Client(site);
  const base = await client.open(message);
  const get = [200, 200, 405, 405, 405, 405];
  const post = [405, 405, 403, 405, 405, 405];
  const table: Record<string, readonly number[]> = {
    '/': get,
    '/style.css': get,
    '/icon.svg': get,
    [`/m/${message.token}`]: [303, 303, 405, 405, 405, 405],
    [`/m/${message.token}/code`]: [404, 404, 404, 404, 404, 404],
    [`${base}/code`]: [200, 200, 403, 405, 405, 405],
    [`${base}/new-code`]: [303, 303, 403, 405, 405, 405],
    [base]: get,
    [`${base}/html`]: get,
    [`${base}/attachment/2`]: get,
    [`${base}/attachment/9`]: [404, 404, 405, 405, 405, 405],
    [`${base}/message.eml`]: get,
    [`${base}/sign-out`]: [303, 303, 403, 405, 405, 405],
    '/sign-in/passkey/options': post,
    '/healthz': [200, 200, 404, 404, 404, 404],
    '/no/such/page': [404, 404, 404, 404, 404, 404],
    '/d//': [404, 404, 404, 404, 404, 404],
  };
  for (const [path, expected] of Object.entries(table)) {
    const verbs = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'];
    const seen: number[] = [];
    for (const verb of verbs) {
      const answer = await client.send(verb, path, verb === 'POST' ? { 'sec-fetch-site': 'cross-site' } : {});
      seen.push(answer.status);
      // What makes the look may be kept; nothing else.
      const kept = /^\/(?:style\.css|icon\.svg)$/.test(path) && answer.status === 200;
      expect(answer.headers, `${verb} ${path}`).toMatchObject({
        ...everywhere,
        'cache-control': kept ? 'no-cache' : 'no-store',
      });
      expect(answer.headers['strict-transport-security']).toMatch(/^max-age=\d{8}/);
      const policy = String(answer.headers['content-security-policy']);
      expect(policy, `${verb} ${path}`).toContain("default-src 'none'");
      expect(policy).not.toMatch(/script-src (?!'self';)|unsafe-eval|\*/);
      // Only the frame of the message page may be framed, and only by that page.
      expect(policy).toContain(
        path.endsWith('/html') && answer.status === 200 ? "frame-ancestors 'self'" : "frame-ancestors 'none'",
      );
      if (answer.status === 405) expect(answer.headers.allow).toMatch(/GET|POST/);
      if (verb === 'HEAD') expect(answer.body.length).toBe(0);
    }
    expect([path, seen]).toEqual([path, expected]);
  }
});

test.each(['TRACE', 'CONNECT'])('%s is refused', async (verb) => {
  await using site = await startSite();
  expect(await statusLine(site, `${verb} / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)).toMatch(
    /^$|^HTTP\/1\.1 4/,
  );
});

test('health is said in one word', async () => {
  await using site = await startSite();
  expect((await new Client(site).get('/healthz')).text).toBe('ok\n');
  const down = (ports: PortalPorts): PortalPorts => ({
    ...ports,
    store: { ...ports.store, byToken: async () => Promise.reject(new StoreDown('no connection')) },
  });
  await using broken = await startSite({ ports: down });
  expect((await new Client(broken).get('/healthz')).status).toBe(503);
});

test.each([
  ['the database is down', new StoreDown('connection refused at db.internal'), 503],
  ['a bug', new TypeError('Cannot read property of secret'), 500],
])('%s: a page that says what to do, and nothing of what happened', async (_, error, status) => {
  const failing = (ports: PortalPorts): PortalPorts => ({
    ...ports,
    store: { ...ports.store, byToken: async () => Promise.reject(error) },
  });
  await using site = await startSite({ ports: failing });
  const answer = await new Client(site).get(`/m/${'a'.repeat(43)}`);
  expect(answer.status).toBe(status);
  expect(answer.text).toContain('try again in a few minutes');
  expect(answer.text).not.toMatch(/internal|secret|TypeError|StoreDown|\.ts/);
  expect(answer.headers).toMatchObject(everywhere);
  expect(site.events).toMatchObject([{ kind: 'service.failed', component: 'web' }]);
});

test('a broken blob gives an error page, not half a file', async () => {
  const torn = (ports: PortalPorts): PortalPorts => ({
    ...ports,
    items: {
      ...ports.items,
      read: (item, range) => {
        if (range === undefined) return ports.items.read(item);
        throw new Error('a frame does not open');
      },
    },
  });
  await using site = await startSite({ ports: torn });
  const message = await site.publish(newsletter);
  const client = new Client(site);
  const base = await client.open(message);
  const answer = await client.get(`${base}/attachment/2`);
  expect([answer.status, answer.headers['content-disposition']]).toEqual([500, undefined]);
});

test.each([
  [
    'a form of 40 kB',
    `POST /d/1/code HTTP/1.1\r\nHost: localhost\r\n${form}Content-Length: 40000\r\nConnection: close\r\n\r\n${'x'.repeat(40_000)}`,
    '413',
  ],
  ['a header of 40 kB', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, '431'],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx', '400'],
  [
    'length and chunks',
    'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    '400',
  ],
  ['no HTTP at all', 'EHLO me\r\n\r\n', '400'],
])('%s is refused', async (_, sent, status) => {
  await using site = await startSite();
  expect(await statusLine(site, sent)).toContain(` ${status} `);
  expect((await new Client(site).get('/')).status).toBe(200);
});

test.each([
  [2, '403'],
  [16_384, '413'],
])('a form in chunks of %i octets: %s', async (size, status) => {
  await using site = await startSite();
  const chunks = `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`.repeat(4);
  const head = `POST /d/1/code HTTP/1.1\r\nHost: localhost\r\n${form}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n`;
  expect(await statusLine(site, `${head}${chunks}0\r\n\r\n`)).toContain(` ${status} `);
});

test.each(['POST', 'PUT', 'DELETE', 'PROPFIND'])('%s without a body or its length', async (verb) => {
  await using site = await startSite();
  expect(await statusLine(site, `${verb} / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)).toContain(
    ' 405 ',
  );
});

test.each([
  ['TLSv1', 'TLSv1.1', false],
  ['TLSv1.2', 'TLSv1.2', true],
  ['TLSv1.3', 'TLSv1.3', true],
] as const)('%s to %s: %s', async (minVersion, maxVersion, accepted) => {
  await using site = await startSite();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  // The lowest security level, so that our own side would speak the old versions.
  const options = {
    port: Number(new URL(site.origin).port),
    host: '127.0.0.1',
    servername: 'localhost',
    ca: site.ca,
    ciphers: 'DEFAULT@SECLEVEL=0',
  };
  const socket = connect({ ...options, minVersion, maxVersion }, () => resolve(true));
  socket.on('error', () => resolve(false));
  expect(await promise).toBe(accepted);
  socket.destroy();
});

test('who holds connections open and says nothing keeps nobody else out', async () => {
  await using site = await startSite();
  const port = Number(new URL(site.origin).port);
  let refused = 0;
  const held = await Promise.all(
    Array.from({ length: 600 }, async () => {
      const socket = connectPlain({ host: '127.0.0.1', port, localAddress: '127.0.0.2' });
      socket.on('error', () => {});
      socket.on('close', () => (refused += 1));
      await new Promise((resolve) => socket.once('connect', resolve));
      return socket;
    }),
  );
  await expect.poll(() => refused).toBe(100);
  expect((await new Client(site, '127.0.0.3').get('/')).status).toBe(200);
  const free = (socket: Socket): Promise<void> => new Promise((resolve) => socket.end(resolve).destroy());
  await Promise.all(held.map(free));
  await expect.poll(async () => (await new Client(site, '127.0.0.2').get('/').catch(() => null))?.status).toBe(200);
});

/** The first line that comes back for octets sent as they are. */
async function statusLine(site: Site, octets: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({
    port: Number(new URL(site.origin).port),
    host: '127.0.0.1',
    servername: 'localhost',
    ca: site.ca,
  });
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => (received += chunk));
  socket.on('close', () => resolve(received.split('\r\n', 1)[0] ?? ''));
  socket.on('error', (error: NodeJS.ErrnoException) =>
    error.code === 'ECONNRESET' || error.code === 'EPIPE' ? undefined : reject(error),
  );
  socket.write(octets);
  return promise;
}
