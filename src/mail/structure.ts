/**
 * MIME structure as byte ranges, found while the octets stream by; a message is never whole in memory.
 */
import type { Field } from './header.ts';

/** Octet offsets from the start of the message; `end` is exclusive. */
export type Range = { readonly start: number; readonly end: number };

export type Part = {
  /** IMAP numbering: "1", "1.2"; the root of a multipart message is "". */
  readonly path: string;
  /** The part's header block including its blank line; for the root, the message header. */
  readonly header: Range;
  readonly body: Range;
  /** Lower case, "text/plain" when absent or unreadable. */
  readonly type: string;
  /** Decoded (RFC 2231, RFC 2047), names lower case. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Lower-case Content-Transfer-Encoding, "7bit" when absent. */
  readonly encoding: string;
  readonly disposition: 'inline' | 'attachment' | null;
  readonly fileName: string | null;
  readonly contentId: string | null;
  /** Parts of a multipart, or the one message inside message/rfc822. */
  readonly children: readonly Part[];
};

export type Structure = {
  readonly size: number;
  readonly fields: readonly Field[];
  readonly root: Part;
  /** Why the tree must not be taken for the whole truth (limit exceeded, ambiguous), in words; empty when all is well. */
  readonly problems: readonly string[];
};
