/**
 * Facts: what policy may know of a message. Computed once from the structure and the envelope, kept for replay; no body text.
 */
import type { Structure } from '../mail/structure.ts';

export type AttachmentFact = { readonly name: string; readonly type: string; readonly size: number };

export type Facts = {
  readonly tenant: string;
  readonly envelope: {
    /** Empty for the null reverse-path. */
    readonly from: string;
    readonly recipients: readonly string[];
  };
  /** Octets of the message as received, without our trace headers. */
  readonly size: number;
  /** Decoded Subject, whitespace folded; empty when there is none. */
  readonly subject: string;
  /** addr-specs of the From header, domain in A-label form; more than one, or none, is possible. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly cc: readonly string[];
  /** Every header field in order: lower-case name, decoded value. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly attachments: readonly AttachmentFact[];
  /** Sent on by a mailbox rule or redirect, not written by a tenant's person. */
  readonly forwarded: boolean;
  /** Auto-Submitted other than no, Precedence bulk/auto_reply, X-Auto-Response-Suppress, null sender. */
  readonly autoSubmitted: boolean;
  /** multipart/report: 'dsn', 'mdn', 'other', or null. */
  readonly report: 'dsn' | 'mdn' | 'other' | null;
  readonly calendar: boolean;
  readonly signed: boolean;
  /** Already S/MIME or OpenPGP encrypted. */
  readonly encrypted: boolean;
  readonly rightsProtected: boolean;
  readonly tnef: boolean;
  /** Why the message could not be looked through (a limit that was exceeded, a structure that is ambiguous), or null. */
  readonly unscannable: string | null;
};

export type FactsInput = {
  readonly structure: Structure;
  /** The tenant's id. */
  readonly tenant: string;
  /** Lower-case A-labels. */
  readonly tenantDomains: readonly string[];
  readonly envelope: { readonly from: string; readonly recipients: readonly string[] };
};

export function factsOf(input: FactsInput): Facts {
  throw new Error(`not written yet ${input.tenant}`);
}
