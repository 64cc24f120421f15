/**
 * The life of a delivery, as values: (delivery, outcome, now) -> what it becomes. Pure and tested by tables.
 */

/** The states of the contract (DESIGN section 6). Terminal: delivered, opened, failed, dropped. */
export const deliveryStates = [
  'queued',
  'sending',
  'delivered',
  'waiting',
  'opened',
  'held',
  'deferred',
  'failed',
  'dropped',
] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** Evidence of the connection that carried, or refused, the message. Null where it never came so far. */
export type Remote = {
  readonly mx: string | null;
  readonly ip: string | null;
  /** Protocol as OpenSSL names it ("TLSv1.3"), null for plain text. */
  readonly tls: string | null;
  readonly cipher: string | null;
  /** What proved the peer: "root <CN of the trusted root>", or null when nothing was proved. */
  readonly verifiedBy: string | null;
  readonly certificateSha256: string | null;
  /** The remote's last reply, capped at 500 characters, control characters removed. */
  readonly reply: string | null;
};

/**
 * The result of one attempt: a value, never an exception, always with an RFC 3463 status.
 * `failed` with scope `method` means this method cannot work for good (no STARTTLS, bad certificate, encryption refused)
 * and the next one is tried at once; scope `recipient` means the recipient's server said no (550) and no method helps.
 */
export type Outcome =
  | { readonly kind: 'delivered'; readonly status: string; readonly remote: Remote | null }
  | { readonly kind: 'waiting'; readonly status: string }
  | { readonly kind: 'deferred'; readonly status: string; readonly reason: string; readonly remote: Remote | null }
  | {
      readonly kind: 'failed';
      readonly scope: 'method' | 'recipient';
      readonly status: string;
      readonly reason: string;
      readonly remote: Remote | null;
    };
