/**
 * What a good postmaster would write to the admin of a domain after looking at its mail servers: what becomes of mail, what must be mended and how,
 * most important first. Pure: a probe (probe.ts) in, sentences out.
 */
import { type TlsLevel, tlsLevels } from '../config/config.ts';
import type { DomainProbe, Probed } from './probe.ts';
import { namesHost } from './sts-policy.ts';

export type Advice = {
  /** What mail to the domain can count on, in a sentence or two. */
  readonly summary: string;
  /** What to mend, each with how. */
  readonly mend: readonly string[];
  /** What could be better still. */
  readonly improve: readonly string[];
};

/** Milliseconds before its end at which a certificate is worth a word. */
const soon = 14 * 86_400_000;

/** @param before the best that the domain has shown us until now, or null. */
export function adviceFor(domain: string, probed: DomainProbe, before: TlsLevel | null, now: number): Advice {
  const broken = (host: Probed): boolean => promiseBroken(host, probed) !== null;
  const [worse, better] = [probed.hosts.filter(broken), probed.hosts.filter((host) => !broken(host))];
  const mend = [
    ...[...worse, ...better].flatMap((host) => defectsOf(domain, host, probed)),
    ...probed.hosts.flatMap((host) => ending(host, now)),
    ...strangers(domain, probed),
  ];
  return {
    summary: summarise(domain, probed, before),
    mend: [...new Set(mend)],
    improve: improvements(domain, probed),
  };
}

const rank = (level: TlsLevel): number => tlsLevels.indexOf(level);

function summarise(domain: string, probed: DomainProbe, before: TlsLevel | null): string {
  const reached = probed.hosts.flatMap((host) => (host.level === null ? [] : [{ ...host, level: host.level }]));
  if (reached.length === 0) return `No mail server of ${domain} could be asked.`;
  const kept = reached.filter((host) => promiseBroken(host, probed) === null);
  if (kept.length === 0) {
    return `Mail to ${domain} waits: no server of it keeps what the domain itself has published, and it could be anybody's.`;
  }
  // What was published can be withdrawn; a good certificate is for good (demand.ts).
  const floor = before === null || rank(before) < rank('verify') ? before : 'verify';
  if (floor !== null && kept.every(({ level }) => rank(level) < rank(floor))) {
    return `Mail to ${domain} waits: the domain has shown more before (${before}). If it is meant to stay like this, say so: postern domains forget ${domain}`;
  }
  const [weakest = 'may'] = kept.map(({ level }) => level).sort((a, b) => rank(a) - rank(b));
  const only = kept.length < reached.length ? ` Only ${kept.map(({ host }) => host).join(', ')} can take it.` : '';
  return meaning[weakest].replaceAll('DOMAIN', domain) + only;
}

const meaning: Record<TlsLevel, string> = {
  may: 'Mail to DOMAIN may travel in plain text.',
  encrypt: 'Mail to DOMAIN is encrypted on the way, but nobody can tell to whom: the certificate proves nothing.',
  verify: 'Mail to DOMAIN travels encrypted to servers that prove their names.',
  secure: 'Mail to DOMAIN travels encrypted to servers that prove their names, and these names are vouched for.',
  dane: 'Mail to DOMAIN travels encrypted to servers whose keys the domain publishes in signed DNS (DANE).',
};

/** What the domain has published and this server of its own does not keep: mail from senders who look does not arrive there. */
function promiseBroken({ host, level, dane }: Probed, { sts }: DomainProbe): 'DANE' | 'MTA-STS' | null {
  if (level === null) return null;
  if (dane === true) return level === 'dane' ? null : 'DANE';
  if (sts?.policy.mode !== 'enforce') return null;
  return namesHost(sts.policy, host) && rank(level) >= rank('verify') ? null : 'MTA-STS';
}

/** Each thing that is missing, how to mend it, and what it means until then. */
function defectsOf(domain: string, host: Probed, probed: DomainProbe): string[] {
  return host.defects.map((defect, index) => {
    const meanwhile = index === 0 ? consequence(domain, promiseBroken(host, probed)) : '';
    return [defect, remedyFor(defect, domain, host), meanwhile].filter((sentence) => sentence !== '').join(' ');
  });
}

function consequence(domain: string, broken: ReturnType<typeof promiseBroken>): string {
  if (broken === 'DANE') return 'Until then, nothing arrives from senders who honour DANE.';
  if (broken === null) return '';
  return `Until then, mail waits with senders who honour MTA-STS; "mode: testing" in the policy, and a new id in the TXT record _mta-sts.${domain}, let it in.`;
}

function remedyFor(defect: string, domain: string, { host, keyRecord }: Probed): string {
  if (defect.includes('MTA-STS policy')) {
    return `If ${host} is right, add "mx: ${host}" to https://mta-sts.${domain}/.well-known/mta-sts.txt and give the TXT record _mta-sts.${domain} a new id; if it is not, take it out of the MX records.`;
  }
  if (/matches none of the TLSA|leads to the authority its domain/.test(defect)) {
    const line = keyRecord === null ? '' : `: ${keyRecord}`;
    return `If the key it shows is right, publish its record beside the old one${line}. Before the next new key, publish its record first and wait until the TTL is over; or renew certificates with the same key.`;
  }
  return remedies.find(([pattern]) => pattern.test(defect))?.[1] ?? '';
}

/** How to mend each thing that peer.ts and connection.ts can find missing. */
const remedies: readonly [RegExp, string][] = [
  [
    /does not offer STARTTLS/,
    'Switch STARTTLS on (in Postfix: smtpd_tls_security_level = may, with a certificate), and see that no firewall on the way cuts it out.',
  ],
  [
    /records of .* cannot be looked up/,
    'Mend the DNS; SERVFAIL from a validating resolver often means signatures that are broken or out of date.',
  ],
  [/refuses it/, 'Its certificate or key probably cannot be read; the server’s log says why.'],
  [/older than 1\.2/, 'Allow TLS 1.2 and 1.3; everything older has been retired.'],
  [/expired/, 'Renew it, and let it be renewed by itself (ACME), with a reload of the mail server each time.'],
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

function ending({ host, certificateUntil }: Probed, now: number): string[] {
  if (certificateUntil === null || certificateUntil < now || certificateUntil - now > soon) return [];
  const days = Math.floor((certificateUntil - now) / 86_400_000);
  const when = days === 0 ? 'within a day' : days === 1 ? 'in one day' : `in ${days} days`;
  return [`The certificate of ${host} ends ${when}. Renew it, or see why it does not renew itself.`];
}

/** A policy in testing that names none of the servers; an enforced one was told of with each server. */
function strangers(domain: string, { sts, hosts }: DomainProbe): string[] {
  if (sts === null || sts.policy.mode !== 'testing' || hosts.some((host) => namesHost(sts.policy, host.host)))
    return [];
  return [
    `The MTA-STS policy of ${domain} names none of its mail servers. Bring https://mta-sts.${domain}/.well-known/mta-sts.txt up to date before it is enforced.`,
  ];
}

function improvements(domain: string, { sts, signed, hosts }: DomainProbe): string[] {
  const sound = hosts.length > 0 && hosts.every((host) => host.defects.length === 0);
  if (!sound) return [];
  const better: string[] = [];
  if (sts === null && hosts.some((host) => host.level !== 'dane')) {
    const mx = hosts.map(({ host }) => `"mx: ${host}"`).join(', ');
    better.push(
      `Nothing obliges senders to use TLS with ${domain}. Publish an MTA-STS policy: at https://mta-sts.${domain}/.well-known/mta-sts.txt the lines "version: STSv1", "mode: testing", ${mx}, "max_age: 604800", and the record _mta-sts.${domain}. IN TXT "v=STSv1; id=1". When the reports are quiet, set "mode: enforce" and a new id.`,
    );
  }
  if (sts?.policy.mode === 'testing') {
    better.push(
      `The MTA-STS policy of ${domain} is in testing, which protects nothing yet. When the reports are quiet, set "mode: enforce" and give the TXT record a new id.`,
    );
  }
  if (signed && hosts.every((host) => host.level !== 'dane')) {
    const lines = hosts.flatMap(({ keyRecord }) => keyRecord ?? []).join(' and ');
    better.push(
      `The DNS of ${domain} is signed, so TLSA records would let senders prove its servers without authorities${lines === '' ? '' : `: ${lines}`}.`,
    );
  }
  return better;
}
