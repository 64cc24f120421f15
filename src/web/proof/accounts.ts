/**
 * Microsoft and Google as they vouch for addresses, by their own libraries, whose requests go through the gateway's one guarded way out.
 *
 * Not every `email` in an ID token is proved. Microsoft puts there what an admin of any directory wrote into an account, unless `xms_edov` says that the
 * domain's owner was verified, or the account is a personal one, whose address Microsoft has checked. Google vouches for its own addresses and
 * those of Workspace domains (`hd`); another address was checked once, which does not say whose it is today.
 */
import { createPublicKey, type webcrypto } from 'node:crypto';
import {
  ConfidentialClientApplication,
  type INetworkModule,
  type NetworkRequestOptions,
  type NetworkResponse,
} from '@azure/msal-node';
import { OAuth2Client } from 'google-auth-library';
import type { SignInProvider } from '../../config/config.ts';
import { canonicalAddress } from '../../mail/address.ts';
import type { HttpsAnswer, HttpsRequest } from '../../net/https.ts';
import type { Provider, SignIn, Vouched } from './oidc.ts';

/** The directory of Microsoft's personal accounts, the same for all of them. */
const consumers = '9188040d-6c67-4c5b-b112-36a304b66dad';
const scopes = ['openid', 'email'];
const patience = 10_000;
const maxAnswer = 1_000_000;
/** As long as what a provider says of itself is taken for true. */
const discoveryLives = 3_600_000;

export type AccountPorts = {
  readonly signIn: { readonly microsoft: SignInProvider | null; readonly google: SignInProvider | null };
  readonly portalUrl: string;
  readonly ask: (request: HttpsRequest) => Promise<HttpsAnswer>;
};

type Account = Omit<SignIn, 'providers' | 'begin' | 'finish'> & {
  readonly begin: (with_: Parameters<SignIn['begin']>[1]) => Promise<string>;
  readonly claims: (with_: Parameters<SignIn['finish']>[1]) => Promise<Claims>;
  readonly vouches: (claims: Claims) => boolean;
};

type Claims = Readonly<Record<string, unknown>>;

export function createSignIn({ signIn, portalUrl, ask }: AccountPorts): SignIn {
  const get = guardedFetch(ask);
  const accounts = new Map<Provider, Account>();
  const back = (provider: Provider): string => `${portalUrl}/sign-in/${provider}/back`;
  if (signIn.microsoft !== null) accounts.set('microsoft', microsoft(signIn.microsoft, back('microsoft'), get));
  if (signIn.google !== null) accounts.set('google', google(signIn.google, back('google'), get));
  return {
    providers: [...accounts.keys()],
    begin: async (provider, with_) => {
      try {
        return (await accounts.get(provider)?.begin(with_)) ?? null;
      } catch {
        return null;
      }
    },
    finish: async (provider, with_) => {
      const account = accounts.get(provider);
      if (account === undefined) return { kind: 'failed', reason: 'not configured' };
      try {
        return vouchedIn(await account.claims(with_), account);
      } catch (error) {
        // Their messages may quote tokens; their names do not.
        return { kind: 'failed', reason: nameOf(error) };
      }
    },
  };
}

function vouchedIn(claims: Claims, { vouches }: Account): Vouched {
  const email = typeof claims['email'] === 'string' ? canonicalAddress(claims['email']) : null;
  return email !== null && vouches(claims) ? { kind: 'address', address: email } : { kind: 'unverified' };
}

function microsoft({ clientId, clientSecret, authority }: SignInProvider, redirectUri: string, get: Fetch): Account {
  const { host } = new URL(authority);
  // Other servers are asked as any OpenID Connect provider is.
  const own =
    host === 'login.microsoftonline.com' ||
    host.endsWith('.microsoftonline.us') ||
    host.endsWith('.partner.microsoftonline.cn');
  const app = new ConfidentialClientApplication({
    auth: { clientId, clientSecret, authority, ...(own ? {} : { knownAuthorities: [host] }) },
    system: { networkClient: networkOf(get), ...(own ? {} : { protocolMode: 'OIDC' }) },
  });
  const request = { scopes, redirectUri };
  return {
    begin: ({ state, nonce, challenge }) =>
      app.getAuthCodeUrl({
        ...request,
        state,
        nonce,
        codeChallenge: challenge,
        codeChallengeMethod: 'S256',
        prompt: 'select_account',
      }),
    claims: async ({ code, verifier, nonce }) => {
      const { idTokenClaims } = await app.acquireTokenByCode({ ...request, code, codeVerifier: verifier, nonce });
      // OpenID Connect Core section 3.1.3.7: read over TLS from the provider itself, so its signature need not be checked; the rest must.
      const claims = idTokenClaims as Claims;
      if (claims['aud'] !== clientId) throw new Error('a token for somebody else');
      if (claims['nonce'] !== nonce) throw new Error('a token of another sign-in');
      if (!(Number(claims['exp']) * 1000 > Date.now())) throw new Error('a token that is over');
      app.clearCache();
      return claims;
    },
    vouches: (claims) =>
      claims['tid'] === consumers || [true, 1, '1', 'true'].includes(claims['xms_edov'] as string | number | boolean),
  };
}

type Discovered = {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
  readonly issuer: string;
};

function google({ clientId, clientSecret, authority }: SignInProvider, redirectUri: string, get: Fetch): Account {
  const configuration = keptFor(discoveryLives, async () => {
    const answer = await get(`${authority}/.well-known/openid-configuration`);
    if (!answer.ok) throw new Error('a provider that says nothing of itself');
    return (await answer.json()) as Discovered;
  });
  const discover = async (): Promise<{ client: OAuth2Client; found: Discovered }> => {
    const found = await configuration();
    const client = new OAuth2Client({
      clientId,
      clientSecret,
      redirectUri,
      transporterOptions: { fetchImplementation: get },
      endpoints: { oauth2AuthBaseUrl: found.authorization_endpoint, oauth2TokenUrl: found.token_endpoint },
    });
    return { client, found };
  };
  return {
    begin: async ({ state, nonce, challenge }) => {
      const { client } = await discover();
      const method = { code_challenge: challenge, code_challenge_method: 'S256' as never };
      return client.generateAuthUrl({ scope: scopes, state, nonce, prompt: 'select_account', ...method });
    },
    claims: async ({ code, verifier, nonce }) => {
      const { client, found } = await discover();
      const { tokens } = await client.getToken({ code, codeVerifier: verifier });
      const { keys } = (await (await get(found.jwks_uri)).json()) as {
        keys: (webcrypto.JsonWebKey & { kid: string })[];
      };
      const certificates = Object.fromEntries(
        keys.map((key) => [key.kid, createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' })]),
      );
      const ticket = await client.verifySignedJwtWithCertsAsync(tokens.id_token ?? '', certificates, clientId, [
        found.issuer,
      ]);
      const claims = { ...ticket.getPayload() };
      if (claims.nonce !== nonce) throw new Error('a token of another sign-in');
      return claims;
    },
    vouches: ({ email, email_verified: verified, hd }) =>
      verified === true && (typeof hd === 'string' || /@(?:gmail|googlemail)\.com$/i.test(String(email))),
  };
}

/** What `ask` resolves with, asked once for `time` milliseconds however many want it: everybody can press the button, and nobody makes us flood others. */
function keptFor<T>(time: number, ask: () => Promise<T>): () => Promise<T> {
  let known: { readonly answer: Promise<T>; readonly until: number } | null = null;
  return () => {
    if (known !== null && Date.now() < known.until) return known.answer;
    const asked = { answer: ask(), until: Date.now() + time };
    known = asked;
    asked.answer.catch(() => {
      if (known === asked) known = null;
    });
    return asked.answer;
  };
}

type Fetch = (url: string | URL | Request, options?: RequestInit) => Promise<Response>;

/** `fetch` as the libraries know it, over our own way out: checked addresses, no redirects, limits. */
function guardedFetch(ask: AccountPorts['ask']): Fetch {
  return async (input, options) => {
    // Fills in what fetch would: the type of a form, headers in one form.
    const asked = new Request(input, options);
    const url = new URL(asked.url);
    if (url.protocol !== 'https:') throw new Error('an address that is not https');
    const body = Buffer.from(await asked.arrayBuffer());
    const answer = await ask({
      host: url.hostname,
      port: url.port === '' ? 443 : Number(url.port),
      path: url.pathname + url.search,
      method: asked.method === 'POST' ? 'POST' : 'GET',
      headers: Object.fromEntries(asked.headers),
      ...(body.length === 0 ? {} : { body }),
      maxBytes: maxAnswer,
      timeout: patience,
    });
    if (answer.kind === 'failed') throw new Error(`${url.hostname} ${answer.reason}`);
    return new Response(new Uint8Array(answer.body), {
      status: answer.status,
      headers: { 'content-type': answer.type },
    });
  };
}

/** The same as Microsoft's library knows it. */
function networkOf(get: Fetch): INetworkModule {
  const exchange = async (url: string, options: RequestInit) => {
    const answer = await get(url, options);
    return { headers: Object.fromEntries(answer.headers), body: await answer.json(), status: answer.status };
  };
  // The library says what it expects to get; it looks at it itself.
  return {
    sendGetRequestAsync: async <T>(url: string, options?: NetworkRequestOptions) =>
      (await exchange(url, { headers: options?.headers ?? {} })) as NetworkResponse<T>,
    sendPostRequestAsync: async <T>(url: string, options?: NetworkRequestOptions) =>
      (await exchange(url, {
        method: 'POST',
        headers: options?.headers ?? {},
        body: options?.body ?? '',
      })) as NetworkResponse<T>,
  };
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const code = 'errorCode' in error && typeof error.errorCode === 'string' ? ` ${error.errorCode.slice(0, 60)}` : '';
  return `${error.name}${code}`;
}
