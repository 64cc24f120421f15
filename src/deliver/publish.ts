/**
 * What an operator publishes so that others send to their domain over proven TLS, and tell when that fails: records for DNS, and the file with the
 * MTA-STS policy. Pure; `postern domains publish` prints it.
 *
 * A policy starts in testing: senders report (RFC 8460) and mail comes in whatever happens. `enforced` is what follows once the reports are quiet.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { keyRecord, recordText } from './dane.ts';
import type { StsPolicy } from './sts-policy.ts';

export type DnsLine = {
  readonly name: string;
  readonly type: 'TXT' | 'TLSA';
  /** As in a zone file; long texts in several strings. */
  readonly value: string;
  /** What it is for, a sentence. */
  readonly purpose: string;
};

export type Publication = {
  readonly records: readonly DnsLine[];
  readonly policy: { readonly url: string; readonly text: string };
  /** The same policy, enforced: its text, and the TXT record that announces it. */
  readonly enforced: { readonly text: string; readonly record: DnsLine };
};

export type ToPublish = {
  readonly domain: string;
  /** Mail servers: names, or "*.example" for one label more. */
  readonly mx: readonly string[];
  /** Where reports about the domain shall go. */
  readonly mailbox: string;
  /** A mail server whose certificate is at hand. */
  readonly server: { readonly host: string; readonly port: number; readonly certPem: string } | null;
  /** What signs our own reports, and what is written or changed here in the name of the domain. */
  readonly dkim: readonly DkimIdentity[];
};

export type DkimIdentity = {
  readonly selector: string;
  readonly domain: string;
  readonly key: KeyObject;
  readonly signs: 'reports' | 'mail';
};

/** Seconds: a week, after which senders who could not fetch the policy again forget it. */
const maxAge = 604_800;

export function publicationFor({ domain, mx, mailbox, server, dkim }: ToPublish): Publication {
  const text = policyText({ mode: 'testing', mx, maxAge });
  const enforced = policyText({ mode: 'enforce', mx, maxAge });
  // RFC 8460 section 3: these would be taken for the end of the address.
  const address = encodeURI(mailbox).replace(
    /[!,;?]/g,
    (octet) => `%${octet.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return {
    policy: { url: `https://mta-sts.${domain}/.well-known/mta-sts.txt`, text },
    enforced: { text: enforced, record: stsRecord(domain, enforced) },
    records: [
      stsRecord(domain, text),
      {
        name: `_smtp._tls.${domain}`,
        type: 'TXT',
        value: quoted(`v=TLSRPTv1; rua=mailto:${address}`),
        purpose: 'Asks senders to report how TLS went.',
      },
      ...(server === null ? [] : [tlsaRecord(server)]),
      ...dkim.map(dkimRecord),
    ],
  };
}

/** RFC 8461 section 3.2. */
function policyText({ mode, mx, maxAge: seconds }: StsPolicy): string {
  const lines = ['version: STSv1', `mode: ${mode}`, ...mx.map((name) => `mx: ${name}`), `max_age: ${seconds}`];
  return lines.map((line) => `${line}\r\n`).join('');
}

/** The id is made of the text, so that it changes with it and only then. */
function stsRecord(domain: string, text: string): DnsLine {
  const id = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return {
    name: `_mta-sts.${domain}`,
    type: 'TXT',
    value: quoted(`v=STSv1; id=${id}`),
    purpose: 'Says that there is an MTA-STS policy, and which.',
  };
}

/** RFC 7671 section 5.1: the key alone, so that certificates can be renewed with it. */
function tlsaRecord({ host, port, certPem }: NonNullable<ToPublish['server']>): DnsLine {
  return {
    name: `_${port}._tcp.${host}`,
    type: 'TLSA',
    value: recordText(keyRecord(certPem)),
    purpose:
      'The key of this gateway’s own listener (DANE). Only where DNS is signed; a new key needs its record before it is used.',
  };
}

function dkimRecord({ selector, domain, key, signs }: DkimIdentity): DnsLine {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  // RFC 8463 section 4.2: of an Ed25519 key the 32 octets alone.
  const elliptic = key.asymmetricKeyType === 'ed25519';
  const octets = elliptic ? spki.subarray(-32) : spki;
  return {
    name: `${selector}._domainkey.${domain}`,
    type: 'TXT',
    // RFC 8460 section 3: good for reports and nothing else.
    value: quoted(
      `v=DKIM1; k=${elliptic ? 'ed25519' : 'rsa'}; s=${signs === 'reports' ? 'tlsrpt' : 'email'}; p=${octets.toString('base64')}`,
    ),
    purpose:
      signs === 'reports'
        ? 'Verifies the TLS reports that this gateway sends.'
        : 'Verifies what this gateway writes or changes in the name of the domain.',
  };
}

/** RFC 1035 section 3.3: a string holds 255 octets. */
function quoted(text: string): string {
  return (text.match(/.{1,255}/g) ?? []).map((piece) => `"${piece}"`).join(' ');
}
