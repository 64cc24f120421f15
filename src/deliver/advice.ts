/**
 * What a good postmaster would write to the admin of a domain after looking at its mail servers: what works, what must be mended and how, most
 * important first. Pure: a probe (probe.ts) in, sentences out.
 */
import type { DomainProbe, Probed } from './probe.ts';
import { namesHost } from './sts-policy.ts';

export type Advice = {
  /** One sentence: the level mail can count on. */
  readonly summary: string;
  /** What to mend, each with how. */
  readonly mend: readonly string[];
  /** What could be better still. */
  readonly improve: readonly string[];
};

/** Milliseconds before its end at which a certificate is worth a word. */
const soon = 14 * 86_400_000;

export function adviceFor(domain: string, probed: DomainProbe, now: number): Advice {
  const mend = [
    ...probed.hosts.flatMap((host) => brokenPromises(domain, host, probed)),
    ...probed.hosts.flatMap((host) => missing(host)),
    ...probed.hosts.flatMap((host) => ending(host, now)),
    ...strangers(domain, probed),
  ];
  return { summary: summarise(domain, probed), mend: [...new Set(mend)], improve: improvements(domain, probed) };
}

function summarise(domain: string, { hosts }: DomainProbe): string {
  const reached = hosts.filter((host) => host.level !== null);
  if (reached.length === 0) return `No mail server of ${domain} could be asked.`;
  const order = ['may', 'encrypt', 'verify', 'secure', 'dane'];
  const [weakest] = reached.map(({ level }) => level ?? 'may').sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const meaning: Record<string, string> = {
    may: `Mail to ${domain} may travel in plain text.`,
    encrypt: `Mail to ${domain} is encrypted on the way, but nobody can tell to whom: the certificate proves nothing.`,
    verify: `Mail to ${domain} travels encrypted to servers that prove their names.`,
    secure: `Mail to ${domain} travels encrypted to servers that prove their names, and the domain vouches for these.`,
    dane: `Mail to ${domain} travels encrypted to servers whose keys the domain publishes in signed DNS (DANE).`,
  };
  return meaning[weakest ?? 'may'] ?? '';
}

/** The domain published something that its own servers do not keep: mail from senders who look does not arrive. */
function brokenPromises(domain: string, host: Probed, { sts }: DomainProbe): string[] {
  const [defect] = host.defects;
  if (defect === undefined) return [];
  if (defect.includes('TLSA')) {
    return [
      `${defect} Senders who honour DANE deliver nothing there. Publish the TLSA record of the certificate now in use (3 1 1 of its key), keep the old one until its TTL is over, and renew certificates with the same key.`,
    ];
  }
  if (sts?.policy.mode === 'enforce' && !namesHost(sts.policy, host.host)) {
    return [
      `${host.host} is in the MX records of ${domain} but not in its MTA-STS policy. Add "mx: ${host.host}" to https://mta-sts.${domain}/.well-known/mta-sts.txt and change the id in the TXT record _mta-sts.${domain}.`,
    ];
  }
  if (sts?.policy.mode === 'enforce') {
    return [
      `${defect} The MTA-STS policy of ${domain} says that its servers prove their names, so senders who honour it wait. Mend the certificate; setting the policy to "mode: testing" lets mail in meanwhile.`,
    ];
  }
  return [];
}

/** How to mend each thing that peer.ts and connection.ts can find missing. */
const remedies: readonly [RegExp, string][] = [
  [/does not offer STARTTLS/, 'Switch STARTTLS on (in Postfix: smtpd_tls_security_level = may, with a certificate).'],
  [/refuses it/, 'Its certificate or key probably cannot be read; the server’s log says why.'],
  [/older than 1\.2/, 'Allow TLS 1.2 and 1.3; everything older has been retired.'],
  [/expired/, 'Renew the certificate, and let it be renewed by itself (ACME) with a reload of the mail server.'],
  [/not valid before/, 'Wait until it is valid, or mend the clock of whoever issued it.'],
  [/self-signed/, 'Get a certificate of a public authority; they are free (ACME).'],
  [
    /leads to no trusted root/,
    'Send the whole chain, intermediate certificates included, or get a certificate of a public authority.',
  ],
  [/made out to|names no host/, 'Get a certificate with the very name that the MX record holds.'],
  [/too short/, 'Make a new key: RSA of 2,048 bits or more, or P-256.'],
  [/can be forged/, 'Get a certificate that is signed with SHA-256.'],
  [/not meant for a server/, 'Get a certificate for servers (extended key usage serverAuth).'],
  [
    /TLS handshake/,
    'Look at the TLS settings of the server: modern senders offer TLS 1.2 and 1.3 with forward-secret AEAD suites.',
  ],
];

function missing(host: Probed): string[] {
  const told = (defect: string) => defect.includes('TLSA') || defect.includes('MTA-STS policy');
  return host.defects
    .filter((defect) => !told(defect))
    .map((defect) => {
      const remedy = remedies.find(([pattern]) => pattern.test(defect))?.[1];
      return remedy === undefined ? defect : `${defect} ${remedy}`;
    });
}

function ending({ host, certificateUntil }: Probed, now: number): string[] {
  if (certificateUntil === null || certificateUntil < now || certificateUntil - now > soon) return [];
  const days = Math.floor((certificateUntil - now) / 86_400_000);
  return [`The certificate of ${host} ends in ${days} days. Renew it, or see why it does not renew itself.`];
}

/** Hosts the policy names without any MX record: harmless, unless it is the policy that is out of date. */
function strangers(domain: string, { sts, hosts }: DomainProbe): string[] {
  if (sts === null || hosts.some((host) => namesHost(sts.policy, host.host))) return [];
  return [
    `The MTA-STS policy of ${domain} names none of its mail servers. Bring https://mta-sts.${domain}/.well-known/mta-sts.txt up to date.`,
  ];
}

function improvements(domain: string, { sts, signed, hosts }: DomainProbe): string[] {
  const sound = hosts.length > 0 && hosts.every((host) => host.defects.length === 0);
  if (!sound) return [];
  const better: string[] = [];
  if (sts === null && hosts.some((host) => host.level !== 'dane')) {
    better.push(
      `Nothing obliges senders to use TLS with ${domain}. Publish an MTA-STS policy: a text file on https://mta-sts.${domain} and a TXT record.`,
    );
  }
  if (sts?.policy.mode === 'testing')
    better.push(`The MTA-STS policy of ${domain} is in testing: set "mode: enforce".`);
  if (signed && hosts.every((host) => host.level !== 'dane')) {
    better.push(
      `The DNS of ${domain} is signed: TLSA records (3 1 1) would let senders prove its servers without authorities.`,
    );
  }
  return better;
}
