/** Sign in with Microsoft and Google: their own libraries against a real provider. Only an address they vouch for, and only the message's, opens it. */
import { request } from 'node:https';
import { describe, expect, test } from 'vitest';
import type { HttpsAnswer, HttpsRequest } from '../../src/net/https.ts';
import type { PortalPorts } from '../../src/web/ports.ts';
import { createSignIn } from '../../src/web/proof/accounts.ts';
import type { Provider } from '../../src/web/proof/oidc.ts';
import { freePort } from '../bench/ports.ts';
import { client as application, type OidcServer, startOidcServer } from './oidc-server.ts';
import { newsletter } from './samples.ts';
import { Client, type Published, type Site, startSite } from './site.ts';

/** The guarded way out, without its guard: the provider is on loopback. */
function askOf(server: OidcServer): (asked: HttpsRequest) => Promise<HttpsAnswer> {
  return ({ host, port, path, method, headers, body }) =>
    new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          servername: host,
          port,
          path,
          method,
          headers: { host: `${host}:${port}`, ...headers },
          ca: server.ca,
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () =>
            resolve({
              kind: 'answer',
              status: answer.statusCode ?? 0,
              type: answer.headers['content-type'] ?? '',
              body: Buffer.concat(chunks),
            }),
          );
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
}

type Stage = AsyncDisposable & { readonly site: Site; readonly server: OidcServer };

async function start(provider: Provider): Promise<Stage> {
  const port = await freePort();
  const server = await startOidcServer(`https://localhost:${port}/sign-in/${provider}/back`);
  const settings = { clientId: application.id, clientSecret: application.secret, authority: server.issuer };
  const ports = (plain: PortalPorts): PortalPorts => ({
    ...plain,
    signIn: createSignIn({
      signIn: { microsoft: null, google: null, [provider]: settings },
      portalUrl: plain.portalUrl,
      ask: askOf(server),
    }),
  });
  const site = await startSite({ port, ports });
  return {
    site,
    server,
    [Symbol.asyncDispose]: async () => {
      await site[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Goes where a browser goes: from our door to the provider, through its pages, and back; resolves with the last address, which is ours. */
async function throughProvider(stage: Stage, away: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let next = new URL(away);
  for (let hops = 0; hops < 10; hops += 1) {
    if (next.origin !== stage.server.issuer) return next;
    const answer = await visit(stage.server, next, cookies);
    next = new URL(answer, next);
  }
  throw new Error('too many redirects');
}

function visit(server: OidcServer, url: URL, cookies: Map<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { host: url.host, cookie };
    const options = {
      host: '127.0.0.1',
      servername: 'localhost',
      port: url.port,
      path: url.pathname + url.search,
      headers,
      ca: server.ca,
    };
    const sent = request(options, (answer) => {
      for (const line of answer.headers['set-cookie'] ?? []) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        cookies.set(name, value);
      }
      answer.resume();
      answer.on('end', () => resolve(answer.headers.location ?? ''));
    });
    sent.on('error', reject);
    sent.end();
  });
}

async function signIn(stage: Stage, client: Client, message: Published, provider: Provider): Promise<string> {
  const path = await client.arrive(message);
  const away = (await client.get(`${path}/sign-in/${provider}`)).headers.location ?? '';
  expect(away.startsWith(stage.server.issuer)).toBe(true);
  const back = await throughProvider(stage, away);
  const answer = await client.get(back.pathname + back.search, { 'sec-fetch-site': 'cross-site' });
  return answer.headers.location ?? String(answer.status);
}

const robin = 'Robin@Clinic.Example';
const consumers = '9188040d-6c67-4c5b-b112-36a304b66dad';

type Account = readonly [what: string, claims: Record<string, unknown>, opens: boolean];

const shapes: readonly (readonly [Provider, readonly Account[]])[] = [
  [
    'microsoft',
    [
      ['an address whose domain owner is verified', { email: robin, xms_edov: true, tid: 'work' }, true],
      ['a personal account', { email: robin, tid: consumers }, true],
      ['what an admin of any directory may write', { email: robin, tid: 'work' }, false],
      ['an address said to be unverified', { email: robin, xms_edov: false, tid: 'work' }, false],
      ['another address', { email: 'eve@clinic.example', xms_edov: true }, false],
      ['no address', { xms_edov: true, preferred_username: robin, upn: robin }, false],
    ],
  ],
  [
    'google',
    [
      ['an address of a Workspace domain', { email: robin, email_verified: true, hd: 'clinic.example' }, true],
      ['an address checked once, long ago', { email: robin, email_verified: true }, false],
      ['an unverified address', { email: robin, email_verified: false, hd: 'clinic.example' }, false],
      ['another address', { email: 'eve@clinic.example', email_verified: true, hd: 'clinic.example' }, false],
      ['no address', { hd: 'clinic.example' }, false],
    ],
  ],
];

describe.each(shapes)('%s', (provider, accounts) => {
  test.each(accounts)('%s', async (_, claims, opens) => {
    await using stage = await start(provider);
    const { site, server } = stage;
    server.claims = claims;
    const message = await site.publish(newsletter, { demand: 'oidc' });
    const client = new Client(site);
    const location = await signIn(stage, client, message, provider);
    const { status } = await client.get(`/d/${message.deliveryId}/message.eml`);
    expect([location, status]).toEqual(opens ? [`/d/${message.deliveryId}`, 200] : ['422', 403]);
    const proved = site.events.some((event) => event.kind === 'portal.proved' && event.method === 'oidc');
    expect(proved).toBe(opens);
  });

  test('the way back holds in the browser that left, once, and only untouched', async () => {
    await using stage = await start(provider);
    const { site, server } = stage;
    server.claims = { email: robin, xms_edov: true, email_verified: true, hd: 'clinic.example' };
    const message = await site.publish(newsletter);
    const victim = new Client(site);
    const path = await victim.arrive(message);
    const leave = async (): Promise<URL> => {
      const away = (await victim.get(`${path}/sign-in/${provider}`)).headers.location ?? '';
      expect(new URL(away).searchParams.get('code_challenge_method')).toBe('S256');
      expect(away).not.toContain(message.token);
      return throughProvider(stage, away);
    };
    const back = await leave();
    // Another browser, with a link of its own: login forged onto somebody, or a stolen code.
    const thief = new Client(site);
    await thief.arrive(message);
    expect((await thief.get(back.pathname + back.search)).status).toBe(422);
    for (const [name, value] of [
      ['state', ''],
      ['state', `${back.searchParams.get('state')?.slice(0, -2)}AA`],
      ['code', ''],
      ['code', 'of somebody else'],
    ] as const) {
      const altered = new URL(back);
      altered.searchParams.set(name, value);
      expect((await victim.get(altered.pathname + altered.search)).status, name).toBe(422);
    }
    expect((await victim.get(back.pathname + back.search)).status).toBe(303);
    expect((await victim.get(`${path}/message.eml`)).status).toBe(200);
    const late = await leave();
    site.clock.now += 11 * 60_000;
    expect((await victim.get(late.pathname + late.search)).status).toBe(422);
  });

  test('signing in without a message proves the address wherever something waits for it', async () => {
    await using stage = await start(provider);
    const { site, server } = stage;
    server.claims = { email: robin, xms_edov: true, email_verified: true, hd: 'clinic.example' };
    const messages = [await site.publish(newsletter), await site.publish(newsletter, { tenant: 'other' })];
    const client = new Client(site);
    await client.get('/sign-in');
    const away = (await client.get(`/sign-in/${provider}`)).headers.location ?? '';
    const back = await throughProvider(stage, away);
    expect((await client.get(back.pathname + back.search)).headers.location).toBe('/inbox');
    for (const { deliveryId } of messages) expect((await client.get(`/d/${deliveryId}`)).text).toContain('laboratory');
  });
});

test('a provider that is away, and one that is not configured', async () => {
  await using stage = await start('google');
  const { site, server } = stage;
  await server[Symbol.asyncDispose]();
  const client = new Client(site);
  const path = await client.arrive(await site.publish(newsletter));
  expect((await client.get(`${path}/sign-in/google`)).status).toBe(422);
  expect((await client.get(`${path}/sign-in/microsoft`)).status).toBe(404);
  expect((await client.get('/sign-in/nonsense')).status).toBe(404);
});

test('however often the button is pressed, Google is asked once what it is; a failure is not kept', async () => {
  const asked: HttpsRequest[] = [];
  let status = 503;
  const signIn = createSignIn({
    signIn: { microsoft: null, google: { clientId: 'a', clientSecret: 'b', authority: 'https://accounts.example' } },
    portalUrl: 'https://portal.example',
    ask: async (request) => {
      asked.push(request);
      const body = Buffer.from(JSON.stringify({ authorization_endpoint: 'https://accounts.example/go' }));
      return { kind: 'answer', status, type: 'application/json', body };
    },
  });
  const press = () => signIn.begin('google', { state: 's', nonce: 'n', challenge: 'c' });
  expect(await press()).toBeNull();
  status = 200;
  const urls = await Promise.all(Array.from({ length: 30 }, press));
  expect(urls.every((url) => url?.startsWith('https://accounts.example/go?'))).toBe(true);
  expect(asked).toHaveLength(2);
});
