/**
 * The cast of the sandbox: the tenant, the domains its people write to, the mail server of each with its ability or its fault, what the domain
 * promises of it (MTA-STS, DANE), and the people with their keys. Everything secret is made here, afresh at every start, and lives in memory.
 */
import type { Identity } from '../config/config.ts';
import { keyRecord } from '../deliver/dane.ts';
import { domainOf } from '../mail/address.ts';
import { wkdHash } from '../mail/wkd.ts';
import { type Issued, issueCertificate } from '../protect/issue.ts';
import { type GeneratedKey, generateKey } from '../protect/openpgp.ts';
import type { ZoneRecord } from './dns-server.ts';
import { type PolicySite, policyText } from './policy-host.ts';
import type { MailHost } from './sink.ts';

export type Person = {
  readonly name: string;
  readonly address: string;
  /** What is special about their mail, as the mailboxes page says it. */
  readonly about: string;
  readonly pgp: GeneratedKey | null;
  readonly smime: Issued | null;
  /** Nobody gave the gateway the key: it is found where the domain publishes it. */
  readonly published: boolean;
};

export type World = {
  /** The only authority the pretend internet knows; the gateway is told to trust it. */
  readonly authority: Issued;
  readonly hosts: readonly MailHost[];
  /** The web hosts of the domains that have an MTA-STS policy, or publish keys. */
  readonly sites: readonly PolicySite[];
  /** Domains with DNSSEC. */
  readonly signed: readonly string[];
  /** What the DNS says once the mail servers have their port and the web hosts their address. */
  zone(at: { readonly mailPort: number; readonly webAddress: string }): ZoneRecord[];
  readonly people: readonly Person[];
};

export const tenantDomain = 'corp.example';
export const gatewayName = 'gw.postern.example';
export const portalName = 'localhost';
export const inboundHost = 'mx.corp.example';

const day = 86_400_000;

/** One person, and the one mail server of their domain: of several with the same domain, the first says how it is. */
type Setting = Pick<MailHost, 'greylists' | 'knowsNobody' | 'losesTls'> & {
  readonly domain: string;
  readonly person: string;
  readonly about: string;
  readonly certificate: 'good' | 'expired' | 'self-signed' | 'none';
  /** The host that the domain's MTA-STS policy names, with mode enforce. */
  readonly promises?: string;
  /** Whose key the TLSA record (3 1 1) is about; such a domain is signed. */
  readonly tlsa?: 'its own' | 'another';
  readonly key?: 'pgp' | 'smime';
  /** The domain publishes the OpenPGP key in a Web Key Directory. */
  readonly publishes?: 'wkd';
};

const settings: readonly Setting[] = [
  { domain: tenantDomain, person: 'Anna', about: 'works here; bounces come back to her', certificate: 'good' },
  { domain: tenantDomain, person: 'Rita', about: 'works here; reviews what is held', certificate: 'good' },
  { domain: 'good-tls.example', person: 'Gina', about: 'server with a good certificate', certificate: 'good' },
  {
    domain: 'expired-cert.example',
    person: 'Erik',
    about: 'server with an expired certificate',
    certificate: 'expired',
  },
  { domain: 'no-tls.example', person: 'Nora', about: 'server without STARTTLS', certificate: 'none' },
  {
    domain: 'greylisting.example',
    person: 'Greta',
    about: 'server that greylists',
    certificate: 'good',
    greylists: true,
  },
  {
    domain: 'nobody.example',
    person: 'Ulf',
    about: 'server that knows nobody',
    certificate: 'good',
    knowsNobody: true,
  },
  { domain: 'openpgp.example', person: 'Petra', about: 'has an OpenPGP key', certificate: 'none', key: 'pgp' },
  {
    domain: 'wkd.example',
    person: 'Wanda',
    about: 'her domain publishes her OpenPGP key (WKD)',
    certificate: 'none',
    key: 'pgp',
    publishes: 'wkd',
  },
  { domain: 'smime.example', person: 'Simon', about: 'has an S/MIME certificate', certificate: 'none', key: 'smime' },
  { domain: 'home.example', person: 'Felix', about: 'private mailbox, server without STARTTLS', certificate: 'none' },
  { domain: 'portal.example', person: 'Paula', about: 'has nothing but a mailbox', certificate: 'good' },
  {
    domain: 'sts-enforce.example',
    person: 'Stella',
    about: 'MTA-STS policy that her server keeps',
    certificate: 'good',
    promises: 'mx.sts-enforce.example',
  },
  {
    domain: 'sts-mismatch.example',
    person: 'Stefan',
    about: 'MTA-STS policy that names another server than the MX record',
    certificate: 'good',
    promises: 'mail.sts-mismatch.example',
  },
  {
    domain: 'dane-match.example',
    person: 'Dana',
    about: 'self-signed certificate that DANE vouches for',
    certificate: 'self-signed',
    tlsa: 'its own',
  },
  {
    domain: 'dane-mismatch.example',
    person: 'Dirk',
    about: 'TLSA record of a key that his server no longer has',
    certificate: 'good',
    tlsa: 'another',
  },
  {
    domain: 'lost-tls.example',
    person: 'Lotte',
    about: 'server whose STARTTLS vanishes after the first message',
    certificate: 'good',
    losesTls: true,
  },
];

/** `person@domain` of everyone, by first name. */
export const addressOf = (person: string): string => {
  const setting = settings.find((each) => each.person === person);
  if (setting === undefined) throw new Error(`nobody is called ${person}`);
  return `${person.toLowerCase()}@${setting.domain}`;
};

/** Makes the authority, the certificates and the keys: a few hundred milliseconds. */
export async function createWorld(): Promise<World> {
  const authority = issueCertificate({ subject: 'Postern sandbox CA', ca: true });
  const first = settings.filter(({ domain }, index) => settings.findIndex((each) => each.domain === domain) === index);
  const hosts = first.map((setting, index) => hostOf(setting, index, authority));
  const people = await Promise.all(settings.map((setting) => personOf(setting, authority)));
  const directories = people.filter(({ published }) => published).map((each) => keySite(each, authority));
  return {
    authority,
    hosts,
    sites: [...first.flatMap((setting) => sitesOf(setting, authority)), ...directories],
    signed: first.filter(({ tlsa }) => tlsa !== undefined).map(({ domain }) => domain),
    zone: ({ mailPort, webAddress }) => [
      ...hosts.flatMap(recordsOf),
      ...first.flatMap((setting, index) => promisesOf(setting, hosts[index]?.tls ?? null, mailPort, webAddress)),
      ...directories.map(({ host }) => ({ name: host, type: 'A' as const, data: webAddress })),
    ],
    people,
  };
}

/** A server certificate for these names. */
export function serverIdentity(
  authority: Issued,
  names: readonly string[],
  notAfter = Date.now() + 30 * day,
): Identity {
  const ips = names.filter((name) => /^[\d.]+$/.test(name));
  const dns = names.filter((name) => !ips.includes(name));
  const issued = issueCertificate({
    subject: names[0] ?? '',
    issuer: authority,
    san: { dns, ip: ips },
    notBefore: Math.min(Date.now(), notAfter) - day,
    notAfter,
  });
  return { key: issued.keyPem, cert: issued.certPem };
}

function hostOf(setting: Setting, index: number, authority: Issued): MailHost {
  const name = `mx.${setting.domain}`;
  return {
    name,
    address: `127.20.0.${index + 1}`,
    domains: [setting.domain],
    tls: identityOf(setting.certificate, name, authority),
    greylists: setting.greylists ?? false,
    knowsNobody: setting.knowsNobody ?? false,
    losesTls: setting.losesTls ?? false,
  };
}

function identityOf(certificate: Setting['certificate'], name: string, authority: Issued): Identity | null {
  if (certificate === 'none') return null;
  if (certificate !== 'self-signed')
    return serverIdentity(authority, [name], certificate === 'expired' ? Date.now() - day : undefined);
  const { keyPem, certPem } = issueCertificate({ subject: name, san: { dns: [name] } });
  return { key: keyPem, cert: certPem };
}

function sitesOf({ domain, promises }: Setting, authority: Issued): PolicySite[] {
  if (promises === undefined) return [];
  const identity = serverIdentity(authority, [`mta-sts.${domain}`]);
  return [{ domain, identity, body: policyText('enforce', [promises]) }];
}

/** A Web Key Directory with one key, by its advanced method. */
function keySite({ address, pgp }: Person, authority: Issued): PolicySite & { readonly host: string } {
  const domain = domainOf(address);
  const host = `openpgpkey.${domain}`;
  const path = `/.well-known/openpgpkey/${domain}/hu/${wkdHash(address.slice(0, -domain.length - 1))}`;
  const headers = { 'content-type': 'application/octet-stream' };
  const body = Buffer.from(pgp?.binary ?? []);
  return { domain, host, path, headers, body, identity: serverIdentity(authority, [host]) };
}

/** What a domain publishes about its mail server: RFC 8461 section 3.1, RFC 7672 section 2.1.3. */
function promisesOf(
  { domain, promises, tlsa }: Setting,
  own: Identity | null,
  mailPort: number,
  webAddress: string,
): ZoneRecord[] {
  const records: ZoneRecord[] = [];
  if (promises !== undefined) {
    records.push({ name: `_mta-sts.${domain}`, type: 'TXT', data: 'v=STSv1; id=1;' });
    records.push({ name: `mta-sts.${domain}`, type: 'A', data: webAddress });
  }
  if (tlsa !== undefined) {
    const cert = tlsa === 'its own' && own !== null ? own.cert : issueCertificate({ subject: 'the old one' }).certPem;
    records.push({ name: `_${mailPort}._tcp.mx.${domain}`, type: 'TLSA', ...keyRecord(cert) });
  }
  return records;
}

function recordsOf(host: MailHost): ZoneRecord[] {
  return [
    { name: host.name, type: 'A', data: host.address },
    ...host.domains.map((name) => ({ name, type: 'MX' as const, preference: 10, exchange: host.name })),
  ];
}

async function personOf(setting: Setting, authority: Issued): Promise<Person> {
  const { person: name, about, key, publishes } = setting;
  const address = addressOf(name);
  return {
    name,
    address,
    about,
    published: publishes !== undefined,
    pgp: key === 'pgp' ? await generateKey({ name, email: address }) : null,
    // RSA, because every mail program can read it.
    smime:
      key === 'smime'
        ? issueCertificate({ subject: name, issuer: authority, san: { email: [address] }, keyType: 'rsa2048' })
        : null,
  };
}
