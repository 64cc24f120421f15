/** Settings of the portal: where browsers connect, its own key, and accounts elsewhere that people may sign in with. */
import * as kinds from '../kinds.ts';
import { section } from '../yaml.ts';
import { plainHttp } from './own-keys.ts';
import { identity, setting } from './setting.ts';

function provider(issuer: string, about: string) {
  return section({
    clientId: setting(
      kinds.text('a client id', 'Copy it from where the application was registered.'),
      'Its client id.',
      {
        example: '00000000-0000-0000-0000-000000000000',
      },
    ),
    clientSecret: setting(
      kinds.secretReference('the client secret'),
      'Its secret, kept in { file: PATH }, { env: NAME } or { credential: NAME }.',
      { example: { file: './secrets/sign-in' } },
    ),
    authority: setting(issuerUrl().prefault(issuer), about),
  });
}

/** "https://login.microsoftonline.com/common": an origin and perhaps a path, without a trailing slash. */
function issuerUrl() {
  return kinds.readBy('an https URL', 'Write it like https://login.example.com/tenant, without a query.', (value) => {
    const url = URL.parse(value);
    const fine = url?.protocol === 'https:' && url.username === '' && url.search === '' && url.hash === '';
    return fine ? url.href.replace(/\/$/, '') : null;
  });
}

const signIn = section({
  microsoft: setting(
    provider(
      'https://login.microsoftonline.com/common',
      'Where people sign in: common (everybody), organizations, consumers, or your own tenant.',
    ).optional(),
    'Accounts of Microsoft: an application registered in Entra with the redirect URI PORTALURL/sign-in/microsoft/back and the optional ' +
      'claims email and xms_edov in its ID token. Without xms_edov only personal accounts are taken: Microsoft vouches for no other address.',
  ),
  google: setting(
    provider('https://accounts.google.com', 'Where people sign in. Another one is for tests.').optional(),
    'Accounts of Google: an OAuth client with the redirect URI PORTALURL/sign-in/google/back.',
  ),
});

export const web = section({
  listen: setting(kinds.listen().prefault('0.0.0.0:443'), 'Where browsers connect.'),
  tls: setting(section(identity).optional(), 'Leave out only behind a proxy that ends TLS.', { live: true }),
  portalUrl: setting(
    kinds.httpsOrigin(),
    'How recipients reach the portal from outside; links in notifications begin with it.',
    {
      example: 'https://secure.corp.example',
    },
  ),
  keepFor: setting(kinds.duration().prefault('30d'), 'How long a message waits in the portal.'),
  key: setting(
    kinds.secretReference('the key of the portal').optional(),
    'What opens messages that wait in the portal, and nothing else: 32 octets, kept like masterKey. Without it, it is derived from the master key.\n' +
      'With it, a process with the role web alone needs no master key. Every process of the gateway must have the same.',
    { example: { file: './data/portal.key' } },
  ),
  signIn: setting(signIn.prefault({}), 'Accounts elsewhere whose address, when it is verified, proves who reads.'),
  http: setting(
    plainHttp.optional(),
    'Serves, without TLS, the lists of revoked certificates of your own authority and nothing else: Windows and Outlook fetch them only so.',
  ),
});
