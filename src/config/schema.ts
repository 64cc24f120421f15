/**
 * Every setting, once: its type, its default and its documentation; what is long has a file of its own in schema/. load.ts makes a Config of what this
 * schema accepts; document.ts writes deploy/config.example.yaml from it, in this order.
 */
import type * as z from 'zod';
import * as kinds from './kinds.ts';
import { keys } from './schema/keys.ts';
import { reporting } from './schema/reporting.ts';
import { setting } from './schema/setting.ts';
import { smtp } from './schema/smtp.ts';
import { tenant } from './schema/tenant.ts';
import { web } from './schema/web.ts';
import { section } from './yaml.ts';

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
  keys: setting(keys.prefault({}), 'Keys and certificates of recipients: where they are looked for.'),
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
