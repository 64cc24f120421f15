import type { Tenant } from '../config/config.ts';

/** What one MAIL transaction showed of itself. */
export type Evidence = {
  /** Without an IPv4-mapped prefix. */
  readonly clientIp: string;
  readonly tls: { readonly protocol: string; readonly cipher: string } | null;
  /** Canonical address; empty for the null reverse-path. */
  readonly mailFrom: string;
  /** Canonical addresses of the From header. */
  readonly headerFrom: readonly string[];
  /** More than one From field, none, or one that two readers could read differently. */
  readonly fromAmbiguous: boolean;
  /** Values found per lower-case header name, for every name that is some tenant's secret header. */
  readonly secretHeaders: ReadonlyMap<string, readonly string[]>;
  /** The header says that a mailbox rule or redirect sent the message on. */
  readonly forwardingMarks: boolean;
};

export type Finding =
  | { readonly kind: 'tenant'; readonly tenant: Tenant; readonly foreignSender: boolean }
  | { readonly kind: 'refused'; readonly status: string; readonly reason: string; readonly retry?: boolean };

export declare function findTenant(evidence: Evidence, tenants: readonly Tenant[]): Finding;
