/** Settings of mail that comes in: the listener, its TLS, its limits, and partners who are held to more. */
import * as kinds from '../kinds.ts';
import { section } from '../yaml.ts';
import { identity, setting } from './setting.ts';

const partner = {
  name: setting(kinds.text('a name', 'Write a short text.'), 'What the log calls it.', { example: 'bank' }),
  networks: setting(
    kinds.listOf(kinds.network(), 'a list of networks', 1).optional(),
    'Where it connects from. This, domains or both.',
    { example: ['198.51.100.0/24'] },
  ),
  domains: setting(
    kinds.listOf(kinds.domainPattern(), 'a list of domains', 1).optional(),
    'Domains of its senders (MAIL FROM, not From), from whatever network; "*.bank.example" is every subdomain of bank.example. Bounces, ' +
      'which have no sender, are not held to anything by this.\n' +
      'With tls: certificate, every client is asked for a certificate, as the sender comes after the handshake, and no TLS session is taken ' +
      'up again. Clients that show none are served as before, since nothing is demanded of them.',
    { example: ['bank.example', '*.bank.example'] },
  ),
  tls: setting(
    kinds.choice(['required', 'certificate']).prefault('required'),
    'required: TLS before any mail. certificate: TLS, and a client certificate that fits one of the next two.',
  ),
  certificateSha256: setting(
    kinds.listOf(kinds.sha256(), 'a list of SHA-256 values').prefault([]),
    'SHA-256 of the certificate, or of its public key (SPKI), in hexadecimal. Such a certificate needs no root and no date.',
  ),
  certificateNames: setting(
    kinds.listOf(kinds.domain(), 'a list of names').prefault([]),
    'Names, one of which the certificate carries; it must be valid and lead to a root.',
  ),
  trust: setting(
    kinds.listOf(kinds.file('a root certificate in PEM'), 'a list of files').prefault([]),
    'PEM files of the only roots that count for these names. Without one, the bundled ones do.',
  ),
};

export const smtp = section({
  listen: setting(
    kinds.listOf(kinds.listen(), 'a list of addresses', 1).prefault(['0.0.0.0:25']),
    'Where mail from the tenants is taken. For IPv6 add "[::]:25".',
  ),
  tls: setting(
    section({
      ...identity,
      minVersion: setting(kinds.choice(['TLSv1.2', 'TLSv1.3']).prefault('TLSv1.2'), 'Oldest version that is spoken.'),
    }).optional(),
    'Without this, STARTTLS is not offered and mail comes in unencrypted.',
    { live: true },
  ),
  maxMessageBytes: setting(
    kinds.size(1024, 1024 ** 3).prefault(157_286_400),
    'Largest message taken, octets as sent. Announced as SIZE. "150MB" works too (1 MB = 1,048,576 octets).',
  ),
  maxRecipients: setting(kinds.wholeNumber(1, 1000).prefault(1000), 'Recipients of one message.'),
  minFreeBytes: setting(
    kinds.size(0, 2 ** 50).prefault('512MB'),
    'With less than this free on the disk of the data folder, new mail is put off (452 4.3.1).',
  ),
  partners: setting(
    kinds.listOf(section(partner), 'a list of partners').prefault([]),
    'Networks, and domains of senders, whose mail may come in only over TLS, or only with a client certificate. What proves a tenant is ' +
      'asked for all the same.\n' +
      'The first one whose networks hold the address of a client counts, and so does the first one whose domains hold the sender.',
  ),
});
