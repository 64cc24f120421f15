/** Fetching MTA-STS policies from a real HTTPS server on loopback that misbehaves in every way (T-9). */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { fetchPolicy } from '../../src/deliver/sts-fetch.ts';
import { createEgress } from '../../src/net/egress.ts';
import type { DnsAnswer } from '../../src/net/resolver.ts';
import { issueCertificate } from '../../src/protect/x509.ts';

const root = issueCertificate({ subject: 'Test Root', ca: true });
const day = 86_400_000;
const certificateFor = (name: string, notAfter = Date.now() + day) =>
  issueCertificate({ subject: name, issuer: root, san: { dns: [name] }, notBefore: Date.now() - 2 * day, notAfter });
const good = certificateFor('mta-sts.b.example');
const policy = 'version: STSv1\nmode: enforce\nmx: mx.b.example\nmax_age: 86400\n';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
const answering =
  (status: number, type: string, body: string | Buffer, headers: Record<string, string> = {}): Handler =>
  (_, response) => {
    response.writeHead(status, { 'content-type': type, ...headers });
    response.end(body);
  };

async function serve(handler: Handler, certificate = good) {
  const requests: string[] = [];
  const server = createServer({ key: certificate.keyPem, cert: certificate.certPem }, (request, response) => {
    requests.push(`${request.method} ${request.headers.host?.replace(/:\d+$/, '')}${request.url}`);
    handler(request, response);
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    requests,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const found = (ip: string): DnsAnswer<string> => ({ kind: 'found', records: [ip], authenticated: false, name: 'x' });
const none: DnsAnswer<string> = { kind: 'none', exists: true, authenticated: false, name: 'x' };

function ports(ip = '127.0.0.1', allowPrivate = true, roots = [root.certPem]) {
  const six = ip.includes(':');
  return {
    resolver: { a: async () => (six ? none : found(ip)), aaaa: async () => (six ? found(ip) : none) },
    egress: createEgress({ allowPrivate }),
    roots,
  };
}

test('a good policy, asked for once at the well-known place', async () => {
  await using server = await serve(answering(200, 'text/plain; charset=utf-8', policy));
  const fetched = await fetchPolicy('b.example', server.port, ports());
  expect(fetched).toEqual({ kind: 'policy', policy: { mode: 'enforce', mx: ['mx.b.example'], maxAge: 86_400 } });
  expect(server.requests).toEqual(['GET mta-sts.b.example/.well-known/mta-sts.txt']);
});

describe('is no policy', () => {
  const elsewhere = { location: 'https://evil.example/policy.txt' };
  test.each<[string, Handler, string, string]>([
    [
      'a redirect',
      answering(301, 'text/plain', policy, elsewhere),
      'redirects are not followed',
      'sts-policy-fetch-error',
    ],
    ['404', answering(404, 'text/plain', policy), 'answered 404', 'sts-policy-fetch-error'],
    ['203', answering(203, 'text/plain', policy), 'answered 203', 'sts-policy-fetch-error'],
    ['a web page', answering(200, 'text/html', policy), 'not as text/plain', 'sts-policy-invalid'],
    ['no media type', (_, response) => void response.end(policy), 'not as text/plain', 'sts-policy-invalid'],
    [
      'too much of it',
      answering(200, 'text/plain', policy + ' '.repeat(70_000)),
      'more than 65536',
      'sts-policy-fetch-error',
    ],
    ['nonsense', answering(200, 'text/plain', 'hello'), 'The policy of b.example has a line', 'sts-policy-invalid'],
    [
      'a connection cut short',
      (_, response) => void response.socket?.destroy(),
      'mta-sts.b.example',
      'sts-policy-fetch-error',
    ],
  ])('%s', async (_, handler, words, result) => {
    await using server = await serve(handler);
    const fetched = await fetchPolicy('b.example', server.port, ports());
    expect(fetched).toEqual({ kind: 'failed', reason: expect.stringContaining(words), result });
    expect(server.requests.length).toBe(1);
  });

  test.each([
    ['an expired certificate', certificateFor('mta-sts.b.example', Date.now() - day), [root.certPem]],
    ['a certificate for another name', certificateFor('b.example'), [root.certPem]],
    ['a certificate of a stranger', good, [issueCertificate({ subject: 'Other', ca: true }).certPem]],
  ])('%s', async (_, certificate, roots) => {
    await using server = await serve(answering(200, 'text/plain', policy), certificate);
    const fetched = await fetchPolicy('b.example', server.port, ports('127.0.0.1', true, roots));
    expect(fetched).toMatchObject({ kind: 'failed', result: 'sts-webpki-invalid' });
    expect(server.requests).toEqual([]);
  });
});

test.each(['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', '::ffff:127.0.0.1', '0.0.0.0', '64:ff9b::7f00:1'])(
  'a policy host at %s is not asked',
  async (ip) => {
    const fetched = await fetchPolicy('b.example', 443, ports(ip, false));
    expect(fetched).toMatchObject({ kind: 'failed', reason: expect.stringContaining('only private addresses') });
  },
);

test('a name that leads to a private address only after the check is not asked there', async () => {
  await using server = await serve(answering(200, 'text/plain', policy));
  // The first answer is public, every later one would be loopback; nobody may ask again.
  let asked = 0;
  const resolver = { a: async () => found((asked++ > 0 && '127.0.0.1') || '192.0.2.1'), aaaa: async () => none };
  const guarded = { ...ports(), resolver, egress: { permits: (ip: string) => ip === '192.0.2.1' } };
  const fetched = fetchPolicy('b.example', server.port, guarded);
  await Promise.race([fetched, new Promise((resolve) => setTimeout(resolve, 300))]);
  expect(asked).toBe(1);
  expect(server.requests).toEqual([]);
});
