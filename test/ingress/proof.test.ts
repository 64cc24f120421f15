import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { plainBranding } from '../../src/config/branding.ts';
import type { Tenant } from '../../src/config/config.ts';
import { noWriting, usualForSenders } from '../../src/config/portal.ts';
import { couldBeFound, type Evidence, findTenant } from '../../src/ingress/proof.ts';

const hash = (value: string) => createHash('sha256').update(value).digest('hex');
const secretHeader = (...values: string[]) => ({ name: 'X-Postern-Key', valueHashes: values.map(hash) });

function tenant(id: string, proof: Partial<Tenant['proof']>, ...domains: string[]): Tenant {
  return {
    id,
    domains,
    platform: 'microsoft365',
    branding: plainBranding('corp.example'),
    portal: noWriting,
    senders: usualForSenders,
    proof: { networks: [], secretHeader: null, ...proof },
    policy: '/dev/null',
    inbound: null,
    groups: null,
    minimumTls: 'verify',
    pins: [],
    honourTlsRequiredNo: false,
    keys: { minimumTrust: 'vouched' },
    opening: null,
    dkim: null,
    ownKeys: { generate: 'off', algorithm: 'p256', validFor: 1, renewBefore: 0, listFor: 1 },
    protection: { hideSubject: ['pgp'], legacyDisplay: false, sign: true, form: 'clear' },
  };
}

const platform = ['40.92.0.0/15', '2a01:111:f400::/48'];
const both = tenant(
  'both',
  { networks: platform, secretHeader: secretHeader('new', 'old') },
  'both.example',
  'second.example',
);
const secret = tenant('secret', { secretHeader: secretHeader('s3cret') }, 'secret.example');
const network = tenant('network', { networks: ['10.0.0.0/8'] }, 'network.example');
const unproven = tenant('unproven', {}, 'unproven.example');
const tenants = [both, secret, network, unproven];

const secrets = (...values: string[]) => new Map([['x-postern-key', values]]);
const good: Evidence = {
  clientIp: '40.92.1.1',
  mailFrom: 'a@both.example',
  recipients: ['r@else.example'],
  headerFrom: ['a@both.example'],
  fromAmbiguous: false,
  secretHeaders: secrets(' new'),
  forwardingMarks: false,
};

/** The tenant's id, a star when the sender is foreign, or the status of the refusal. */
function found(changes: Partial<Evidence>): string {
  const finding = findTenant({ ...good, ...changes }, tenants);
  return nameOf(finding);
}

function nameOf(finding: ReturnType<typeof findTenant>): string {
  if (finding.kind === 'refused') return finding.status;
  if (finding.kind === 'inbound') return `to ${finding.tenant.id}`;
  return finding.tenant.id + (finding.foreignSender ? '*' : '');
}

describe('the matrix of tenant spoofing', () => {
  const ofSecret = {
    clientIp: '198.51.100.1',
    mailFrom: 'a@secret.example',
    headerFrom: ['a@secret.example'],
    secretHeaders: secrets('s3cret'),
  };
  const ofNetwork = {
    clientIp: '10.1.2.3',
    mailFrom: 'a@network.example',
    headerFrom: ['a@network.example'],
    secretHeaders: secrets(),
  };
  const foreign = { mailFrom: 'x@else.example', headerFrom: ['x@else.example'] };

  test.each<[string, Partial<Evidence>, string]>([
    ['network and secret', {}, 'both'],
    ['IPv6 network', { clientIp: '2a01:111:f400::1' }, 'both'],
    ['the previous secret', { secretHeaders: secrets('old') }, 'both'],
    ['the second domain', { mailFrom: 'a@second.example', headerFrom: ['b@second.example'] }, 'both'],
    ['both domains mixed', { mailFrom: 'a@second.example' }, 'both'],
    ['secret alone', ofSecret, 'secret'],
    ['network alone', ofNetwork, 'network'],
    ['null reverse-path', { mailFrom: '' }, 'both'],

    ['outside the network', { clientIp: '198.51.100.1' }, '5.7.1'],
    ['an IPv6 address for an IPv4 network', { clientIp: '::1' }, '5.7.1'],
    ['an address that is none', { clientIp: '' }, '5.7.1'],
    ['wrong secret', { secretHeaders: secrets('guess') }, '5.7.1'],
    ['the hash of the secret', { secretHeaders: secrets(hash('new')) }, '5.7.1'],
    ['empty secret', { secretHeaders: secrets('') }, '5.7.1'],
    ['no secret', { secretHeaders: new Map() }, '5.7.1'],
    ['the secret twice', { secretHeaders: secrets('new', 'new') }, '5.7.1'],
    ['the secret and a wrong one', { secretHeaders: secrets('new', 'guess') }, '5.7.1'],
    ['another tenant’s secret', { ...ofSecret, secretHeaders: secrets('new') }, '5.7.1'],
    ['a tenant without proof', { mailFrom: 'a@unproven.example', headerFrom: ['a@unproven.example'] }, '5.7.1'],

    ['MAIL FROM of another tenant', { mailFrom: 'a@secret.example' }, '5.7.1'],
    ['MAIL FROM unknown', { mailFrom: 'a@else.example' }, '5.7.1'],
    ['MAIL FROM a subdomain', { mailFrom: 'a@sub.both.example' }, '5.7.1'],
    ['MAIL FROM a domain that ends alike', { mailFrom: 'a@notboth.example' }, '5.7.1'],
    ['MAIL FROM with a routed local part', { mailFrom: 'u%both.example@else.example' }, '5.7.1'],
    ['MAIL FROM with a bang path', { mailFrom: 'both.example!u@else.example' }, '5.7.1'],
    ['MAIL FROM with a quoted address', { mailFrom: '"a@both.example"@else.example' }, '5.7.1'],
    ['From of another tenant', { headerFrom: ['a@secret.example'] }, '5.7.1'],
    ['From unknown', { headerFrom: ['ceo@else.example'] }, '5.7.1'],
    ['null reverse-path and From unknown', { mailFrom: '', headerFrom: ['a@else.example'] }, '5.7.1'],
    ['two mailboxes', { headerFrom: ['a@both.example', 'b@both.example'] }, '5.7.1'],
    ['no mailbox', { headerFrom: [] }, '5.7.1'],
    ['ambiguous From', { fromAmbiguous: true }, '5.7.1'],

    ['forwarded, secret and marks', { ...foreign, forwardingMarks: true }, 'both*'],
    ['forwarded, null reverse-path', { ...foreign, mailFrom: '', forwardingMarks: true }, 'both*'],
    ['forwarded, From foreign only', { headerFrom: ['x@else.example'], forwardingMarks: true }, 'both*'],
    ['forwarded, no marks', { ...foreign }, '5.7.1'],
    ['forwarded, no secret', { ...foreign, forwardingMarks: true, secretHeaders: new Map() }, '5.7.1'],
    ['forwarded, outside the network', { ...foreign, forwardingMarks: true, clientIp: '198.51.100.1' }, '5.7.1'],
    ['forwarded, by a tenant known by its network only', { ...ofNetwork, ...foreign, forwardingMarks: true }, '5.7.1'],
    ['forwarded, ambiguous From', { ...foreign, forwardingMarks: true, fromAmbiguous: true }, '5.7.1'],
    ['own mail with marks is own mail', { forwardingMarks: true }, 'both'],
  ])('%s', (_name, changes, expected) => expect(found(changes)).toBe(expected));

  test('two tenants with one secret cannot both be the forwarder', () => {
    const twin = tenant('twin', { secretHeader: secretHeader('new') }, 'twin.example');
    expect(findTenant({ ...good, ...foreign, forwardingMarks: true }, [both, twin]).kind).toBe('refused');
    expect(findTenant(good, [twin, both])).toMatchObject({ tenant: both });
  });

  test('every failed proof is told in the same words, which name nothing', () => {
    const failures = [
      { clientIp: '198.51.100.1' },
      { secretHeaders: secrets('guess') },
      { mailFrom: 'a@else.example' },
      foreign,
    ];
    const told = new Set(failures.map((changes) => JSON.stringify(findTenant({ ...good, ...changes }, tenants))));
    expect(told.size).toBe(1);
    expect([...told].join()).not.toMatch(/example|X-Postern-Key|guess|new|both/i);
  });
});

describe('mail that comes in for the people of a tenant', () => {
  const opens = { opening: { returnHeader: null } } as const;
  const opening = [
    { ...both, ...opens },
    secret,
    { ...network, ...opens, platform: 'generic' as const },
    { ...tenant('shared', { networks: ['10.0.0.0/8'] }, 'shared.example'), ...opens },
  ];
  const reply = { mailFrom: 'x@else.example', headerFrom: ['x@else.example'], recipients: ['a@both.example'] };
  const ofNetwork = { clientIp: '10.1.2.3', secretHeaders: secrets() };

  test.each<[string, Partial<Evidence>, string]>([
    ['from outside', reply, 'to both'],
    ['two recipients', { ...reply, recipients: ['a@both.example', 'b@second.example'] }, 'to both'],
    ['null reverse-path', { ...reply, mailFrom: '' }, 'to both'],
    [
      'two authors, as it is not they who prove anything',
      { ...reply, headerFrom: ['x@e.example', 'y@e.example'] },
      'to both',
    ],
    ['ambiguous From', { ...reply, fromAmbiguous: true }, 'to both'],
    ['no From', { ...reply, headerFrom: [] }, 'to both'],
    ['forwarded by a mailbox', { ...reply, forwardingMarks: true }, 'to both'],
    ['From of the tenant, from outside', { ...reply, headerFrom: ['ceo@both.example'] }, 'to both'],
    ['by a network of its own', { ...reply, ...ofNetwork, recipients: ['a@network.example'] }, 'to network'],
    ['own mail to own people stays own mail', { recipients: ['b@both.example'] }, 'both'],
    ['a recipient outside', { ...reply, recipients: ['a@both.example', 'r@else.example'] }, '5.7.1'],
    ['a recipient of another tenant', { ...reply, recipients: ['a@secret.example'] }, '5.7.1'],
    ['a recipient in a subdomain', { ...reply, recipients: ['a@sub.both.example'] }, '5.7.1'],
    ['no secret', { ...reply, secretHeaders: secrets() }, '5.7.1'],
    ['a wrong secret', { ...reply, secretHeaders: secrets('guess') }, '5.7.1'],
    ['outside the network', { ...reply, clientIp: '198.51.100.1' }, '5.7.1'],
    [
      'no setting',
      { ...reply, clientIp: '198.51.100.1', secretHeaders: secrets('s3cret'), recipients: ['a@secret.example'] },
      '5.7.1',
    ],
    ['by a network that the platform shares', { ...reply, ...ofNetwork, recipients: ['a@shared.example'] }, '5.7.1'],
  ])('%s', (_name, changes, expected) => expect(nameOf(findTenant({ ...good, ...changes }, opening))).toBe(expected));
});

describe('what MAIL alone can rule out', () => {
  test.each<[string, string, string, readonly Tenant[], boolean]>([
    ['a domain and its network', '10.0.0.1', 'a@network.example', [network], true],
    ['a domain outside its network', '192.0.2.1', 'a@network.example', [network], false],
    ['an unknown domain, no secret could help', '10.0.0.1', 'a@else.example', [network], false],
    ['an unknown domain, a secret may come', '192.0.2.1', 'a@else.example', [network, secret], true],
    ['an unknown domain, the secret needs a network', '192.0.2.1', 'a@else.example', [both], false],
    ['the null reverse-path in a network', '10.0.0.1', '', [network], true],
    ['the null reverse-path from anywhere', '192.0.2.1', '', [network], false],
    ['a tenant without proof', '192.0.2.1', 'a@unproven.example', [unproven], false],
    ['no tenants', '10.0.0.1', 'a@network.example', [], false],
  ])('%s', (_name, clientIp, mailFrom, tenants, expected) => {
    expect(couldBeFound({ clientIp, mailFrom }, tenants)).toBe(expected);
  });
});
