/**
 * Every setting, once: its type, its default and its documentation. load.ts makes a Config of what this schema accepts; document.ts
 * writes deploy/config.example.yaml from it, in this order.
 *
 * `setting` attaches what the example shows: the text of the comment, a value where there is no default, and `live` for an optional
 * setting that most installations want and that is therefore not commented out.
 */
import type * as z from 'zod';
import { tlsLevels } from './config.ts';
import * as kinds from './kinds.ts';
import { section } from './yaml.ts';

export type SettingMeta = {
  readonly description: string;
  readonly example?: unknown;
  readonly live?: boolean;
};

function setting<S extends z.ZodType>(schema: S, description: string, more: Omit<SettingMeta, 'description'> = {}): S {
  return schema.meta({ description, ...more });
}

const key = kinds.file('a private key in PEM');
const cert = kinds.file('a certificate chain in PEM');
const identity = {
  key: setting(key, 'Private key, PEM.', { example: './tls/key.pem' }),
  cert: setting(cert, 'Certificate and its chain up to the root, PEM, own certificate first.', {
    example: './tls/cert.pem',
  }),
};

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

const smtp = section({
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

const delivery = section({
  port: setting(kinds.port().prefault(25), 'Port of the servers mail is delivered to.'),
  trust: setting(
    kinds.listOf(kinds.file('a root certificate in PEM'), 'a list of files').prefault([]),
    'Roots to trust besides the bundled ones, PEM files.',
  ),
  retry: setting(
    section({
      first: setting(kinds.duration().prefault('5m'), 'Wait after the first attempt that failed for now.'),
      max: setting(kinds.duration().prefault('67m'), 'Longest wait between two attempts.'),
      giveUpAfter: setting(kinds.duration().prefault('5d'), 'Then the message goes back to its sender.'),
      warnAfter: setting(kinds.duration().prefault('4h'), 'Then the sender is told that it is still waiting.'),
    }).prefault({}),
    'When to try again.',
  ),
  perDestination: setting(kinds.wholeNumber(1, 1000).prefault(10), 'Connections at once to one destination.'),
  policyPort: setting(
    kinds.port().prefault(443),
    'Port of the hosts that publish MTA-STS policies. Another one is for tests.',
  ),
  checkDomains: setting(
    kinds.durationOrOff().prefault('1d'),
    'How often the mail servers of each domain that had mail within 30 days are looked at, without a message, so that a level lost or ' +
      'a certificate that ends soon is told before mail has to wait; off for never. The looks are spread over this time.',
  ),
  evidenceHeader: setting(
    kinds.flag().prefault(false),
    'Put a header field X-Postern-TLS before each message that leaves over TLS: protocol, cipher, level and what proved it, for the recipient.\n' +
      'No message leaves byte-identical then.',
  ),
});

const web = section({
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
});

const proof = section({
  networks: setting(
    kinds.listOf(kinds.network(), 'a list of networks').prefault([]),
    'Networks the tenant sends from. Not enough for Microsoft 365 and Google Workspace, whose addresses serve every customer.',
    { example: ['192.0.2.0/24'], live: true },
  ),
  secretHeader: setting(
    section(
      {
        name: setting(
          kinds
            .text('the name of a header field', 'Write it like X-Postern-Key.')
            .refine((name) => /^[!-9;-~]{1,70}$/.test(name), {
              error: 'the name of a header field\nWrite it like X-Postern-Key, without a colon.',
            }),
          'Name of the field.',
          { example: 'X-Postern-Key' },
        ),
        values: setting(
          kinds.listOf(kinds.secretFile('the secret of the header'), 'a list of one or two files', 1, 10, true),
          'Files that hold the value. Two while it is being changed.',
          { example: ['./secrets/corp-header'] },
        ),
      },
      true,
    ).optional(),
    'A header field the tenant stamps on everything it sends here. Checked, and removed before anything leaves.',
    { live: true },
  ),
});

const tenant = section({
  id: setting(
    kinds
      .text('a short name', 'Use small letters, digits and hyphens.')
      .refine((id) => /^[a-z0-9][a-z0-9-]{0,62}$/.test(id), {
        error: 'a short name\nUse small letters, digits and hyphens.',
      }),
    'Name in logs and tables. Never change it.',
    { example: 'corp' },
  ),
  domains: setting(
    kinds.listOf(kinds.domain(), 'a list of domains', 1),
    'The domains it sends from. A domain belongs to one tenant.',
    {
      example: ['corp.example'],
    },
  ),
  platform: setting(
    kinds.choice(['microsoft365', 'google', 'generic']).prefault('generic'),
    'Where its mailboxes are: microsoft365, google or generic.',
    { example: 'microsoft365', live: true },
  ),
  proof: setting(
    proof,
    'What proves that mail comes from this tenant. At least one of the two; when both are given, both must hold.',
  ),
  policy: setting(kinds.file('a policy'), 'Its policy.', { example: './policies/default.yaml' }),
  groups: setting(
    kinds.file('a file of groups').optional(),
    'Groups that rules may ask about: a YAML file with a group and its members on each line, such as\nlegal: [ann@corp.example, law.corp.example]',
    { example: './policies/groups.yaml' },
  ),
  inbound: setting(
    section({
      host: setting(kinds.host(), 'Server of its mailboxes.', { example: 'corp-example.mail.protection.outlook.com' }),
      port: setting(kinds.port().prefault(25), 'Its port.'),
      tls: setting(
        kinds.choice(tlsLevels).prefault('verify'),
        'TLS level towards it: may, encrypt, verify, secure or dane.',
      ),
    }).optional(),
    'Where mail to its own people goes: bounces and replies from the portal. Without it, by MX.',
  ),
  minimumTls: setting(
    kinds.choice(['encrypt', 'verify', 'secure', 'dane']).prefault('verify'),
    'What counts as protected on the way: encrypt, verify, secure or dane.',
  ),
  pins: setting(
    kinds
      .listOf(
        section({
          domain: setting(kinds.domain(), 'A domain mail goes to.', { example: 'bank.example' }),
          hosts: setting(
            kinds.listOf(kinds.hostPattern(), 'a list of mail servers', 1),
            'Its mail servers: names, or "*.bank.example" for one label more.',
            { example: ['mx.bank.example'] },
          ),
        }),
        'a list of pins',
      )
      .prefault([]),
    'Mail servers you vouch for: mail to these domains goes only there, and only with a good certificate (TLS level secure).',
  ),
  honourTlsRequiredNo: setting(
    kinds.flag().prefault(false),
    'Let a sender waive, with the header field TLS-Required: No, the TLS that the domain of a recipient demands (DANE, MTA-STS, what it has shown before).\n' +
      'Only for mail that no rule protects; what your policy demands is never waived.',
  ),
});

const reporting = section({
  contact: setting(
    kinds.mailAddress(),
    'Whom other domains may ask about our reports. Its domain is the name we report under.',
    { example: 'postmaster@corp.example' },
  ),
  from: setting(kinds.mailAddress().optional(), 'Sender of the reports, in the same domain. Without it, contact.', {
    example: 'tls-reports@corp.example',
  }),
  organization: setting(
    kinds.text('a name', 'Write the name of the organisation.').optional(),
    'Our name in the reports. Without it, the domain of contact.',
    { example: 'Corp' },
  ),
  dkim: setting(
    section({
      selector: setting(
        kinds
          .text('a selector', 'Write it like tlsrpt or 2026a.')
          .refine((name) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(name), {
            error: 'a selector\nUse letters, digits and hyphens.',
          }),
        'Name of the key: its public half is in DNS at SELECTOR._domainkey and the domain of contact. postern domains publish prints it.',
        { example: 'tlsrpt' },
      ),
      key: setting(key, 'The private half, PEM, RSA or Ed25519.', { example: './secrets/tlsrpt.pem' }),
    }).optional(),
    'Signs the reports that go by mail. Receivers ignore those without a signature (DKIM).',
  ),
  mailbox: setting(
    kinds.mailAddress().optional(),
    'Where other domains should send their reports about yours: what postern domains publish puts into DNS. Without it, contact.',
    { example: 'tls-reports@corp.example' },
  ),
  maildir: setting(
    kinds.file('a folder').optional(),
    'Where that mailbox lies on this machine, as a Maildir: postern domains report reads what arrived there.',
    { example: '/var/mail/tls-reports' },
  ),
});

/** The whole file. */
export const settings = section({
  hostname: setting(
    kinds.domain('the name of this host'),
    'Name said in EHLO, and the domain of Message-IDs made here.',
    {
      example: 'gw.postern.example',
    },
  ),
  data: setting(
    kinds.file('a folder').prefault('./data'),
    'Folder for messages that wait, the SQLite file and generated keys.',
  ),
  database: setting(
    kinds.database().prefault('sqlite'),
    'sqlite, or postgres://USER@HOST/NAME.\nA URL that holds a password is kept in { file: PATH }, { env: NAME } or { credential: NAME }.',
  ),
  roles: setting(
    kinds.listOf(kinds.choice(['smtp', 'work', 'web']), 'a list of roles', 1).prefault(['smtp', 'work', 'web']),
    'What this process does: take mail (smtp), decide and deliver (work), show the portal (web).',
  ),
  masterKey: setting(
    kinds.secretReference('the master key').prefault({ file: './data/master.key' }),
    'The key that seals everything at rest: 32 octets, as they are, in hexadecimal or in base64.\n' +
      'Kept in { file: PATH }, { env: NAME } or { credential: NAME } (systemd).\nMake one with: (umask 077; head -c 32 /dev/urandom | base64 > FILE)\n' +
      'Keep a copy elsewhere: without it nothing that waits can be read.',
  ),
  smtp: setting(smtp.prefault({}), 'Mail in.'),
  delivery: setting(delivery.prefault({}), 'Mail out.'),
  dns: setting(
    section({
      servers: setting(
        kinds.listOf(kinds.nameServer(), 'a list of servers', 1).prefault(['127.0.0.1:53']),
        'Resolvers to ask.',
      ),
      trustAd: setting(
        kinds.flag().prefault(false),
        'Believe them when they say that an answer is authenticated (DNSSEC). Only for a validating resolver on this host.',
      ),
    }).prefault({}),
    'Name resolution.',
  ),
  egress: setting(
    section({
      allowPrivate: setting(
        kinds.flag().prefault(false),
        'Allow loopback and private addresses for MX, WKD, MTA-STS and webhooks. For tests.',
      ),
    }).prefault({}),
    'What this host may connect to.',
  ),
  web: setting(web.optional(), 'The portal. Needed by the role web.', { live: true }),
  log: setting(
    section({
      level: setting(
        kinds.choice(['debug', 'info', 'warn', 'error']).prefault('info'),
        'Least important line that is written.',
      ),
      addresses: setting(
        kinds.choice(['full', 'hashed']).prefault('full'),
        'How mail addresses appear: full, or hashed so that lines can still be matched.',
      ),
    }).prefault({}),
    'The log, one line per event, on standard error. Never holds content of messages.',
  ),
  retention: setting(
    section({
      facts: setting(
        kinds.duration().prefault('30d'),
        'What policy saw of each message, without its text: how far back postern replay can go.',
      ),
      threads: setting(
        kinds.duration().prefault('365d'),
        'Which threads were protected, so that a rule can keep an answer as safe as what it answers.',
      ),
      history: setting(
        kinds.duration().prefault('2190d'),
        'What became of each message, for postern trace and auditors: six years, as HIPAA asks (45 CFR 164.316).',
      ),
    }).prefault({}),
    'How long what outlives the mail is kept.',
  ),
  reporting: setting(
    reporting.optional(),
    'TLS reports: domains that ask for them are told once a day how TLS with their mail servers went. Without this section, none are sent.',
  ),
  tenants: setting(kinds.listOf(tenant, 'a list of tenants', 1), 'The organisations whose mail this gateway protects.'),
});

export type Settings = z.output<typeof settings>;
