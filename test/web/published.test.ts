/** What anybody may fetch of the tenant's own keys, over HTTPS and, for the lists, over HTTP: asked as programs ask. */
import { X509Certificate } from 'node:crypto';
import { type IncomingHttpHeaders, request as plainRequest } from 'node:http';
import { request } from 'node:https';
import * as openpgp from 'openpgp';
import { expect, test } from 'vitest';
import { createAuthority, generatePgp, issue, type Made, revoke } from '../../src/keys/own-maker.ts';
import { wkdHash } from '../../src/mail/wkd.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import type { OwnKeyRow } from '../../src/store/own-key-port.ts';
import { createLooks } from '../../src/web/branding.ts';
import { createKeyDirectory, createRevocationPages } from '../../src/web/published.ts';
import { createWebServer } from '../../src/web/server.ts';
import { type Engine, eachEngine, sqlite } from '../engines.ts';
import { anna, day, ownPlace, tenant } from '../keys/own-place.ts';

type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer };

const authority = issueCertificate({ subject: 'Test authority', ca: true });
const identity = issueCertificate({ subject: 'web', issuer: authority, san: { dns: ['localhost'] } });

function only(made: Made): OwnKeyRow {
  if (!made.ok || made.rows[0] === undefined) throw new Error('nothing was made');
  return made.rows[0];
}

async function start(engine: Engine) {
  await using stack = new AsyncDisposableStack();
  const place = stack.use(await ownPlace(engine));
  const { store, clock } = place;
  const ports = { store: store.ownKeys, tenants: [tenant], now: () => clock.now };
  const serve = async (routes: Parameters<typeof createWebServer>[0]['routes'], tls: boolean): Promise<number> => {
    const server = createWebServer({
      routes,
      looks: createLooks([], 'https://localhost'),
      listen: { host: '127.0.0.1', port: 0 },
      tls: tls ? { key: identity.keyPem, cert: identity.certPem } : null,
      emit: () => {},
      healthy: async () => null,
    });
    stack.defer(() => server.close());
    return Number(new URL(await server.listen()).port);
  };
  const directory = await serve(createKeyDirectory(ports), true);
  const lists = await serve(createRevocationPages(ports), false);
  const ask = (port: number, path: string, host: string, method = 'GET'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port,
        path,
        method,
        headers: { host },
        ca: authority.certPem,
        servername: 'localhost',
      };
      const sent = (port === directory ? request : plainRequest)(options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
        );
      });
      sent.on('error', reject);
      sent.end();
    });
  const running = stack.move();
  return {
    ...place,
    key: (path: string, host = 'corp.example', method = 'GET') =>
      ask(directory, `/.well-known/openpgpkey${path}`, host, method),
    list: (path: string, method = 'GET') => ask(lists, path, 'pki.corp.example', method),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

eachEngine((engine) => {
  test('a key is found by both methods of the Web Key Directory, binary and open to scripts', async () => {
    await using site = await start(engine);
    const made = only(await generatePgp(tenant, anna, site.ports));
    const hash = wkdHash('anna');
    for (const answer of [
      await site.key(`/hu/${hash}?l=anna`),
      await site.key(`/hu/${hash}`, 'CORP.example:443'),
      await site.key(`/corp.example/hu/${hash}?l=anna`, 'openpgpkey.corp.example'),
    ]) {
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'content-type': 'application/octet-stream',
        'access-control-allow-origin': '*',
        'x-content-type-options': 'nosniff',
      });
      expect(answer.headers['set-cookie']).toBeUndefined();
      const key = await openpgp.readKey({ binaryKey: new Uint8Array(answer.body) });
      expect(key.getFingerprint()).toBe(made.fingerprint);
      expect(key.isPrivate()).toBe(false);
    }
    const head = await site.key(`/hu/${hash}`, 'corp.example', 'HEAD');
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect((await site.key(`/hu/${hash}`, 'corp.example', 'POST')).status).toBe(405);
    for (const [path, host] of [
      ['/policy', 'corp.example'],
      ['/corp.example/policy', 'openpgpkey.corp.example'],
    ] as const) {
      const policy = await site.key(path, host);
      expect([policy.status, policy.body.length]).toEqual([200, 0]);
    }
  });

  test('a revoked key stays to be learned of, beside the new one', async () => {
    await using site = await start(engine);
    const old = only(await generatePgp(tenant, anna, site.ports));
    expect((await revoke(tenant, old, 'keyCompromise', site.ports)).ok).toBe(true);
    const fresh = only(await generatePgp(tenant, anna, site.ports));
    const { body } = await site.key(`/hu/${wkdHash('anna')}`);
    const keys = await openpgp.readKeys({ binaryKeys: new Uint8Array(body) });
    expect(keys.map((key) => key.getFingerprint())).toEqual([fresh.fingerprint, old.fingerprint]);
    expect(await Promise.all(keys.map((key) => key.isRevoked()))).toEqual([false, true]);
  });

  test('lists and the certificates of authorities come with their types, over plain HTTP', async () => {
    await using site = await start(engine);
    const ca = only(await createAuthority(tenant, 'Corp CA', site.ports));
    const certificate = only(await issue(tenant, anna, site.ports));
    // Where the certificate says it is.
    expect(new X509Certificate(certificate.material).raw.includes(`http://pki.corp.example/crl/${ca.id}.crl`)).toBe(
      true,
    );
    const list = await site.list(`/crl/${ca.id}.crl`);
    expect(list.headers['content-type']).toBe('application/pkix-crl');
    expect(list.body.equals((await site.store.ownKeys.revocationList(ca.id))?.der ?? Buffer.alloc(0))).toBe(true);
    expect(list.headers['cache-control']).toBe('public, max-age=3600');
    const issuer = await site.list(`/ca/${ca.id}.cer`);
    expect(issuer.headers['content-type']).toBe('application/pkix-cert');
    expect(new X509Certificate(issuer.body).subject).toBe('CN=Corp CA');
    site.clock.now += 8 * day - 60_000;
    expect((await site.list(`/crl/${ca.id}.crl`)).headers['cache-control']).toBe('public, max-age=60');
    // The id of a person's certificate is no authority's, and the key directory is not here.
    for (const path of [
      `/ca/${certificate.id}.cer`,
      `/crl/${certificate.id}.crl`,
      '/crl/x.crl',
      `/crl/${ca.id}`,
      '/',
      '/.well-known/openpgpkey/policy',
    ])
      expect((await site.list(path)).status, path).toBe(404);
  });
});

test('whatever is not there looks the same', async () => {
  await using site = await start(sqlite);
  only(await generatePgp(tenant, anna, site.ports));
  const hash = wkdHash('anna');
  const answers = await Promise.all(
    (
      [
        [`/hu/${wkdHash('bob')}`, 'corp.example'],
        [`/hu/${hash}`, 'other.example'],
        [`/hu/${hash}`, '127.0.0.1'],
        [`/hu/${hash}`, '[::1]'],
        [`/other.example/hu/${hash}`, 'openpgpkey.other.example'],
        ['/policy', 'other.example'],
        ['/corp.example/hu/anna@corp.example', 'corp.example'],
        [`/hu/${hash.toUpperCase()}`, 'corp.example'],
        [`/corp.example%2fx/hu/${hash}`, 'corp.example'],
        [`/${'a'.repeat(5000)}/hu/${hash}`, 'corp.example'],
      ] as const
    ).map(([path, host]) => site.key(path, host)),
  );
  const seen = answers.map(({ status, headers, body }) =>
    JSON.stringify([status, { ...headers, date: '' }, String(body)]),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
  expect(new Set(seen).size).toBe(1);
});

test('a network that asks too often waits a minute', async () => {
  await using site = await start(sqlite);
  const path = `/hu/${wkdHash('bob')}`;
  for (let i = 0; i < 600; i += 60) await Promise.all(Array.from({ length: 60 }, () => site.key(path)));
  const refused = await site.key(path);
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, '60']);
  site.clock.now += 60_000;
  expect((await site.key(path)).status).toBe(404);
});
