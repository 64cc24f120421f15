/** Settings of recipients' keys: where they are looked for, and for how long the answers hold. */
import * as kinds from '../kinds.ts';
import { section } from '../yaml.ts';
import { setting } from './setting.ts';

const directory = {
  url: setting(kinds.ldapUrl(), 'ldaps://HOST, or ldap://HOST for TLS by StartTLS. A port may follow.', {
    example: 'ldaps://ldap.partner.example',
  }),
  base: setting(
    kinds.text('the name of an entry', 'Write it like "ou=people,dc=partner,dc=example".'),
    'Where the search begins. Entries with the address in their attribute mail count.',
    { example: 'dc=partner,dc=example' },
  ),
  domains: setting(
    kinds.listOf(kinds.domainPattern(), 'a list of domains', 1).optional(),
    'It is asked only about addresses of these domains; "*.partner.example" is every subdomain. Without this, about all.',
    { example: ['partner.example'] },
  ),
  tls: setting(
    kinds.choice(['verify', 'none']).prefault('verify'),
    'verify: TLS with a certificate that is good for HOST. none: in the clear, as the public directories of many certificate authorities ' +
      'are. Either way a certificate is worth its path to a trusted root.',
  ),
  trust: setting(
    kinds.listOf(kinds.file('a root certificate in PEM'), 'a list of files').prefault([]),
    'PEM files of more roots for its TLS certificate, besides the bundled ones and delivery.trust.',
  ),
  bind: setting(
    section({
      dn: setting(kinds.text('the name of an entry', 'Write it like "cn=postern,dc=partner,dc=example".'), 'As whom.', {
        example: 'cn=postern,dc=partner,dc=example',
      }),
      password: setting(kinds.secretReference('the password'), 'Where the password is kept.', {
        example: { file: './secrets/ldap' },
      }),
    }).optional(),
    'Without this, it is asked as nobody in particular.',
  ),
  private: setting(
    kinds.flag().prefault(false),
    'It may have a private address, whatever egress.allowPrivate says: a directory in your own network.',
  ),
};

export const keys = section({
  deadline: setting(
    kinds.duration().prefault('5s'),
    'How long the look for the keys of one recipient may take. All sources are asked at once; who has not answered by then is passed over.',
  ),
  remember: setting(
    section({
      found: setting(
        kinds.duration().prefault('1d'),
        'After a key was found; then it is asked whether there is a new one.',
      ),
      none: setting(kinds.duration().prefault('4h'), 'After a source said that it has none.'),
      failed: setting(kinds.duration().prefault('10m'), 'After a source gave no answer, or one that is refused.'),
    }).prefault({}),
    'How long the answer of a source holds before it is asked again.',
  ),
  wkd: setting(
    kinds.flag().prefault(true),
    "Ask the web server of the recipient's domain for an OpenPGP key (Web Key Directory).",
  ),
  wkdPort: setting(kinds.port().prefault(443), 'Port of these web servers. Another one is for tests.'),
  dns: setting(
    kinds.flag().prefault(true),
    'Ask the DNS of the domain for OpenPGP keys and certificates (OPENPGPKEY, SMIMEA). Only signed answers count, so this needs dns.trustAd.',
  ),
  vks: setting(
    kinds.listOf(kinds.httpsOrigin(), 'a list of servers').prefault([]),
    'Key servers that make sure by mail whose an address is, such as https://keys.openpgp.org. They learn to whom you write.',
  ),
  hkp: setting(
    kinds.listOf(kinds.httpsOrigin(), 'a list of servers').prefault([]),
    'Key servers to which anybody may upload any key; what is found there is used only where a rule is content with it (keys: found).\n' +
      'They learn to whom you write.',
  ),
  ldap: setting(
    kinds.listOf(section(directory), 'a list of directories').prefault([]),
    'Directories with certificates (attributes userCertificate and userSMIMECertificate).',
  ),
  harvest: setting(
    kinds.flag().prefault(true),
    'Take keys and certificates from mail that passes through: from signatures that were verified, and from Autocrypt headers.',
  ),
  systemRoots: setting(
    kinds.flag().prefault(true),
    "Certificates may lead to this system's roots (Debian: /etc/ssl/certs/ca-certificates.crt; without that file, the runtime's own).",
  ),
  roots: setting(
    kinds.listOf(kinds.file('a root certificate in PEM'), 'a list of files').prefault([]),
    'PEM files of more roots that certificates may lead to: of a partner, of an authority that is for mail only.',
  ),
  revocation: setting(
    section({
      ocsp: setting(kinds.flag().prefault(true), 'Ask the responders that a certificate names (OCSP).'),
      crl: setting(
        kinds.flag().prefault(true),
        'Fetch the lists that a certificate names (CRL), where no responder answers.',
      ),
      unreachable: setting(
        kinds.choice(['accept', 'refuse']).prefault('accept'),
        'What it means that no answer is to be had: accept uses the certificate and asks again within the hour; refuse does not use it until then.\n' +
          'Somebody who can stop the answer on its way hides a revocation as long as this is accept.',
      ),
      deadline: setting(kinds.duration().prefault('5s'), 'How long it may take to learn all about one certificate.'),
    }).prefault({}),
    'Whether certificates were taken back before their time. Answers are remembered for as long as they say, at most a day.',
  ),
});
