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
  tenants: setting(kinds.listOf(tenant, 'a list of tenants', 1), 'The organisations whose mail this gateway protects.'),
});

export type Settings = z.output<typeof settings>;
