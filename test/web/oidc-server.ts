/**
 * A real OpenID Connect provider on loopback (oidc-provider), over HTTPS, shaped like Microsoft's or Google's: whoever comes is signed in at once as the
 * account set by the test, with the claims the test gives it.
 */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { interactionPolicy, Provider } from 'oidc-provider';
import { issueCertificate } from '../../src/protect/issue.ts';

export type OidcServer = AsyncDisposable & {
  /** "https://localhost:40443" */
  readonly issuer: string;
  readonly ca: string;
  /** What the ID token of the next sign-in says. */
  claims: Record<string, unknown>;
};

export const client = { id: 'postern', secret: 'a secret of at least thirty-two octets' };

/** As both of them do, it can be asked to let the person choose an account. */
function choosing() {
  const policy = interactionPolicy.base();
  policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0);
  return policy;
}

export async function startOidcServer(redirectUri: string): Promise<OidcServer> {
  const authority = issueCertificate({ subject: 'Accounts', ca: true });
  const identity = issueCertificate({ subject: 'localhost', issuer: authority, san: { dns: ['localhost'], ip: [] } });
  const server = createServer({ key: identity.keyPem, cert: identity.certPem });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `https://localhost:${(server.address() as AddressInfo).port}`;
  const running: OidcServer = {
    issuer,
    ca: authority.certPem,
    claims: {},
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    claims: { openid: ['sub', 'tid', 'xms_edov', 'hd'], email: ['email', 'email_verified'], profile: ['name'] },
    scopes: ['openid', 'email', 'profile', 'offline_access'],
    // As both of them do: what was asked for stands in the ID token.
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: {
      policy: choosing(),
      url: (_context: unknown, interaction: { uid: string }) => `/sign-in/${interaction.uid}`,
    },
    findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id, ...running.claims }) }),
    cookies: { keys: ['of a test'] },
  });
  const callback = provider.callback();
  server.on('request', (request, response) => {
    void (async () => {
      if (request.url?.startsWith('/sign-in/') !== true) return callback(request, response);
      const { params } = await provider.interactionDetails(request, response);
      const grant = new provider.Grant({ accountId: 'somebody', clientId: String(params['client_id']) });
      grant.addOIDCScope(String(params['scope']));
      const grantId = await grant.save();
      const result = { login: { accountId: 'somebody' }, select_account: {}, consent: { grantId } };
      return provider.interactionFinished(request, response, result);
    })();
  });
  return running;
}
