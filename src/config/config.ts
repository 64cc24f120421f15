/**
 * The settings as the rest of the program sees them: durations in milliseconds, paths absolute, secrets read. Made by load.ts from
 * the YAML that schema.ts describes; nothing else reads the file or the environment.
 */

/** TLS levels with Postfix's names, weakest first. */
export const tlsLevels = ['may', 'encrypt', 'verify', 'secure', 'dane'] as const;
export type TlsLevel = (typeof tlsLevels)[number];

type Role = 'smtp' | 'work' | 'web';
export type Listen = { readonly host: string; readonly port: number };
/** PEM texts, read from the files named. */
export type Identity = { readonly key: string; readonly cert: string };

export type Tenant = {
  readonly id: string;
  /** Lower-case A-labels. */
  readonly domains: readonly string[];
  readonly platform: 'microsoft365' | 'google' | 'generic';
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
  /** 32 octets. */
  readonly masterKey: Buffer;
  readonly smtp: {
    readonly listen: readonly Listen[];
    readonly tls: (Identity & { readonly minVersion: 'TLSv1.2' | 'TLSv1.3' }) | null;
    readonly maxMessageBytes: number;
    readonly maxRecipients: number;
    /** Refuse with 452 4.3.1 when the data folder's disk has less than this free. */
    readonly minFreeBytes: number;
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
  };
  readonly dns: { readonly servers: readonly string[]; readonly trustAd: boolean };
  readonly egress: { readonly allowPrivate: boolean };
  readonly web: {
    readonly listen: Listen;
    readonly tls: Identity | null;
    /** Origin without a trailing slash, "https://secure.corp.example". */
    readonly portalUrl: string;
    /** How long a message waits in the portal, milliseconds. */
    readonly keepFor: number;
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
  readonly tenants: readonly Tenant[];
};
