/** Settings of one tenant: who it is, what proves its mail, and how that mail is treated. */
import { keyTrusts, tlsLevels } from '../config.ts';
import * as kinds from '../kinds.ts';
import { section } from '../yaml.ts';
import { branding } from './branding.ts';
import { dkim } from './dkim.ts';
import { opening } from './opening.ts';
import { ownKeys } from './own-keys.ts';
import { portal } from './portal.ts';
import { protection } from './protection.ts';
import { setting } from './setting.ts';

const proof = section({
  networks: setting(
    kinds.listOf(kinds.network(), 'a list of networks').prefault([]),
    'Networks the tenant sends from. Not enough for Microsoft 365 and Google Workspace, whose addresses serve every customer.',
    { example: ['192.0.2.0/24'], live: true },
  ),
  secretHeader: setting(
    section(
      {
        name: setting(kinds.fieldName('X-Postern-Key'), 'Name of the field.', { example: 'X-Postern-Key' }),
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

export const tenant = section({
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
  branding: setting(
    branding.prefault({}),
    'How it looks and speaks to the people its mail waits for: pages of the portal, notifications, codes.',
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
  dkim: setting(
    dkim('each of the domains above', 'postern').optional(),
    'Signs (DKIM) what Postern writes in the name of these domains, notifications, codes and answers from the portal, and what it had to change. What\n' +
      'leaves unchanged keeps the signature of the mail platform. Without it, such mail rests on SPF alone.',
  ),
  ownKeys: setting(ownKeys.prefault({}), 'Keys and certificates of its own people, made here.'),
  keys: setting(
    section({
      minimumTrust: setting(
        kinds.choice(keyTrusts).prefault('vouched'),
        "How far a recipient's key must be trusted where no rule says (keys: in a policy): found, vouched (so says the recipient's own domain, " +
          'a certificate authority or a directory you listed), confirmed (a person said so) or pinned.',
      ),
    }).prefault({}),
    "Recipients' keys.",
  ),
  protection: setting(
    protection.prefault({}),
    'What S/MIME and OpenPGP copies are like, where no rule says otherwise.',
  ),
  portal: setting(portal.prefault({}), 'What recipients may write to its people in the portal.'),
  opening: setting(
    opening.optional(),
    'Opens S/MIME and OpenPGP mail for its own people, with keys made or imported here (postern keys own), and verifies signatures.\n' +
      'For this a rule of the mail platform sends the mail that comes in for them here, with the secret header; it goes on to inbound, with a header\n' +
      'field X-Postern-Verdict that says what was found. Without this section, such mail is not accepted.',
  ),
});
