/**
 * The settings as the rest of the program sees them: durations in milliseconds, paths absolute, secrets read. Made by load.ts from
 * the YAML that schema.ts describes; nothing else reads the file or the environment.
 */

import type { KeyObject } from 'node:crypto';
import type { Language } from '../mail/language.ts';
import type { Accent } from './colour.ts';
import type { Logo } from './logo.ts';

/** TLS levels with Postfix's names, weakest first. */
export const tlsLevels = ['may', 'encrypt', 'verify', 'secure', 'dane'] as const;
export type TlsLevel = (typeof tlsLevels)[number];

/**
 * How far a key is trusted, least first. found: somebody published it. vouched: so says who answers for the address (its domain, a certificate
 * authority, a directory the admin listed). confirmed: a person said so. pinned: a person said, this one and no other.
 */
export const keyTrusts = ['found', 'vouched', 'confirmed', 'pinned'] as const;
export type KeyTrust = (typeof keyTrusts)[number];

/** Whom a recipient may answer from the portal, each more than the one before. */
export const replyRules = ['off', 'sender', 'tenant', 'everyone'] as const;
export type ReplyRule = (typeof replyRules)[number];
/** Whom of the tenant a recipient may write to without having been written to. */
/** Of what a recipient wrote in the portal, to themselves: nothing, that it was accepted, or all of it. */
export const ownCopyRules = ['off', 'receipt', 'whole'] as const;
export const newMessageRules = ['off', 'known', 'anyone'] as const;

/** How senders hear of what happens to what waits in the portal: not at all, once a day, or of each thing at once. */
export const receiptRules = ['silent', 'digest', 'each'] as const;
export type ReceiptRule = (typeof receiptRules)[number];

type Role = 'smtp' | 'work' | 'web';
export type Listen = { readonly host: string; readonly port: number };
/** PEM texts, read from the files named. */
export type Identity = { readonly key: string; readonly cert: string };
/** An identity with the absolute paths it was read from: it is read again when they change (pipeline/certificates.ts). */
export type FiledIdentity = Identity & { readonly files: { readonly key: string; readonly cert: string } };

/** Networks, and senders' domains, whose mail may come in only over TLS, or only with a client certificate. */
export type Partner = {
  /** For people. */
  readonly name: string;
  readonly networks: readonly string[];
  /** Lower-case A-labels, or "*." and those for subdomains at any depth; of MAIL FROM, wherever it is said. */
  readonly domains: readonly string[];
  readonly tls: 'required' | 'certificate';
  /** SHA-256 of the certificate or of its public key (SPKI), lower-case hex. */
  readonly certificateSha256: readonly string[];
  /** DNS names, one of which the certificate carries. */
  readonly certificateNames: readonly string[];
  /** PEM texts of the only roots for these names; empty: those bundled with the runtime. */
  readonly trust: readonly string[];
};

/** A text in some languages, or one (`any`) that serves for all. */
export type Texts = { readonly [language in Language | 'any']?: string | undefined };

/** How a tenant looks and speaks to the people its mail waits for. */
export type Branding = {
  readonly name: string;
  readonly logo: Logo | null;
  /** As #rrggbb; text in it can be read on light and dark pages. */
  readonly accent: Accent;
  readonly text: Texts;
  /** By which recipients tell our letters from forgeries; null when there is none. */
  readonly phrase: string | null;
  /** Whom recipients may ask; null where not given. */
  readonly support: { readonly phone: string | null; readonly mail: string | null; readonly url: string | null };
  readonly language: Language;
  /** A name of the IANA database. */
  readonly timeZone: string;
  /** Local part of the sender of notifications and codes. */
  readonly from: string;
};

export type Tenant = {
  readonly id: string;
  /** Lower-case A-labels. */
  readonly domains: readonly string[];
  readonly platform: 'microsoft365' | 'google' | 'generic';
  readonly branding: Branding;
  readonly proof: {
    /** CIDR networks; empty when not configured. */
    readonly networks: readonly string[];
    /** Values are hashed (SHA-256, hex) as soon as they are read; compare in constant time. */
    readonly secretHeader: { readonly name: string; readonly valueHashes: readonly string[] } | null;
  };
  /** Absolute path of the policy file. */
  readonly policy: string;
  /** Absolute path of the file of groups that rules may ask about, or null. */
  readonly groups: string | null;
  /** Where mail to the tenant's own people goes (bounces, portal replies); null: by MX. */
  readonly inbound: { readonly host: string; readonly port: number; readonly tls: TlsLevel } | null;
  readonly minimumTls: TlsLevel;
  /** Mail servers of recipients' domains, vouched for by the admin: host names, or "*.example" for one label more. */
  readonly pins: readonly { readonly domain: string; readonly hosts: readonly string[] }[];
  /** Whether a message that needs no protection may waive what its recipient's domain demands (header field TLS-Required: No). */
  readonly honourTlsRequiredNo: boolean;
  /** How far a recipient's key must be trusted where no rule says. */
  readonly keys: { readonly minimumTrust: KeyTrust };
  readonly protection: Protection;
  /** Signs what is written or changed here in the name of its domains; null in a process that sends no mail. */
  readonly dkim: DkimKey | null;
  readonly ownKeys: OwnKeySettings;
  /** What recipients may write to it in the portal. */
  readonly portal: Writing;
  readonly senders: ForSenders;
  /** Mail that comes in for its people is taken, opened and handed to `inbound`; null: it is not taken. */
  readonly opening: Opening | null;
};

/** What recipients may write to a tenant's people in the portal. */
export type Writing = {
  readonly replies: ReplyRule;
  readonly newMessages: (typeof newMessageRules)[number];
  /** What they may have by mail of what they wrote. */
  readonly ownCopies: (typeof ownCopyRules)[number];
  /** Octets of one answer's attachments, before they are encoded for mail. */
  readonly maxAttachments: number;
  /** Milliseconds. */
  readonly keepDrafts: number;
  readonly perHour: number;
};

/** What senders are told of what waits in the portal, and what they may do about it. Times are milliseconds. */
export type ForSenders = {
  readonly receipts: ReceiptRule;
  /** The hour of the day at which digests leave, in the tenant's time zone. */
  readonly digestHour: number;
  /** How long before its end a reader is reminded of an unopened message, longest first. */
  readonly reminders: readonly number[];
  /** How much longer a message waits when it is extended, and how long it may wait in all. */
  readonly extendBy: number;
  readonly longest: number;
};

export type Opening = {
  /** Put on what is handed back. A secret. */
  readonly returnHeader: { readonly name: string; readonly value: string } | null;
};

/** What S/MIME and OpenPGP copies are like, where no rule says otherwise. */
export type Protection = {
  /** The methods whose copies show the real Subject only to who opens them. */
  readonly hideSubject: readonly ('smime' | 'pgp')[];
  /** A hidden Subject is repeated in the text. */
  readonly legacyDisplay: boolean;
  readonly sign: boolean;
  /** Of S/MIME signatures. */
  readonly form: 'clear' | 'opaque';
};

/** An application of ours, registered where people have accounts. */
export type SignInProvider = {
  readonly clientId: string;
  readonly clientSecret: string;
  /** An https URL without a trailing slash. */
  readonly authority: string;
};

export type Config = {
  /** Absolute path of the file it came from. */
  readonly file: string;
  readonly hostname: string;
  /** Absolute path of the data folder. */
  readonly data: string;
  /** 'sqlite', or a postgres:// URL (its password may come from PGPASSWORD or a secret). */
  readonly database: string;
  readonly roles: readonly Role[];
  /** 32 octets; none in a process that has only the role web, and `web.key`. */
  readonly masterKey: Buffer;
  readonly smtp: {
    readonly listen: readonly Listen[];
    readonly tls: (FiledIdentity & { readonly minVersion: 'TLSv1.2' | 'TLSv1.3' }) | null;
    readonly maxMessageBytes: number;
    readonly maxRecipients: number;
    /** Refuse with 452 4.3.1 when the data folder's disk has less than this free. */
    readonly minFreeBytes: number;
    /** The first one whose networks hold a client's address counts, and the first one whose domains hold the sender's. */
    readonly partners: readonly Partner[];
  };
  readonly delivery: {
    readonly port: number;
    /** PEM texts of extra roots, besides the bundled ones. */
    readonly trust: readonly string[];
    readonly retry: {
      readonly first: number;
      readonly max: number;
      readonly giveUpAfter: number;
      readonly warnAfter: number;
    };
    /** Connections at once to one destination. */
    readonly perDestination: number;
    /** Port of the hosts that publish MTA-STS policies. */
    readonly policyPort: number;
    /** Milliseconds within which each domain mailed lately is looked at once; 0 for never. */
    readonly checkDomains: number;
    /** A header field says how the message travelled over TLS. */
    readonly evidenceHeader: boolean;
  };
  readonly dns: { readonly servers: readonly string[]; readonly trustAd: boolean };
  readonly egress: { readonly allowPrivate: boolean };
  readonly keys: KeySettings;
  readonly web: {
    readonly listen: Listen;
    readonly tls: FiledIdentity | null;
    /** Origin without a trailing slash, "https://secure.corp.example". */
    readonly portalUrl: string;
    /** How long a message waits in the portal, milliseconds. */
    readonly keepFor: number;
    /** 32 octets, or null: derived from the master key (pipeline/portal.ts). */
    readonly key: Buffer | null;
    readonly signIn: { readonly microsoft: SignInProvider | null; readonly google: SignInProvider | null };
    /** Serves revocation lists without TLS; `url` is an origin without a trailing slash. */
    readonly http: { readonly listen: Listen; readonly url: string } | null;
  } | null;
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly addresses: 'full' | 'hashed' };
  /** How long what outlives the mail is kept, milliseconds. */
  readonly retention: {
    /** What is known of each message (policy/facts.ts), sealed: what `postern replay` can go back to. */
    readonly facts: number;
    /** Which threads were protected. */
    readonly threads: number;
    /** Deliveries and events of messages that are done. */
    readonly history: number;
  };
  readonly reporting: Reporting | null;
  readonly tenants: readonly Tenant[];
};

/** Keys and certificates made for the tenant's own people. Times are milliseconds. */
export type OwnKeySettings = {
  /** For which method a sender without a key gets one at the first signature. */
  readonly generate: 'off' | 'smime' | 'pgp' | 'both';
  readonly algorithm: 'rsa3072' | 'p256';
  readonly validFor: number;
  readonly renewBefore: number;
  /** How long a revocation list may be relied on. */
  readonly listFor: number;
};

/** Where recipients' keys are looked for. Times are milliseconds. */
export type KeySettings = {
  readonly deadline: number;
  /** How long an answer holds. */
  readonly remember: { readonly found: number; readonly none: number; readonly failed: number };
  readonly wkd: boolean;
  readonly wkdPort: number;
  readonly dns: boolean;
  /** Origins without a trailing slash. */
  readonly vks: readonly string[];
  readonly hkp: readonly string[];
  readonly ldap: readonly LdapDirectory[];
  readonly harvest: boolean;
  /** Whether certificates may lead to the roots of this system. */
  readonly systemRoots: boolean;
  /** PEM texts of more. */
  readonly roots: readonly string[];
  readonly revocation: {
    readonly ocsp: boolean;
    readonly crl: boolean;
    readonly unreachable: 'accept' | 'refuse';
    readonly deadline: number;
  };
};

/** A directory of certificates. */
export type LdapDirectory = {
  /** "ldaps://ldap.partner.example", for people. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** TLS from the first octet; else StartTLS, unless `tls` is none. */
  readonly secure: boolean;
  readonly base: string;
  /** Domains, or "*.example" for subdomains, that it is asked about; null for all. */
  readonly domains: readonly string[] | null;
  readonly tls: 'verify' | 'none';
  /** PEM texts of more roots. */
  readonly trust: readonly string[];
  readonly bind: { readonly dn: string; readonly password: string } | null;
  /** May have a private address. */
  readonly private: boolean;
};

/** What signs for DKIM; its public half is in DNS under the signing domain. */
export type DkimKey = { readonly selector: string; readonly key: KeyObject };

/** TLS reports, to other domains and about our own. */
export type Reporting = {
  /** Addresses in normal form; the first two are in one domain. */
  readonly contact: string;
  readonly from: string;
  readonly mailbox: string;
  readonly organization: string;
  readonly dkim: DkimKey | null;
  /** Absolute path of the Maildir where others' reports arrive, or null. */
  readonly maildir: string | null;
};
