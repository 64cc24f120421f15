/**
 * What policy says about one recipient of one message: how strictly it must be protected, what else to do with it,
 * and why. A verdict names no method that will work; that is the plan's business (plan/plan.ts).
 */
import type { KeyTrust, ReceiptRule, TlsLevel } from '../config/config.ts';

/** Protection levels, weakest first. Every matching rule counts and the strictest level wins. */
export const levels = ['none', 'transport', 'message', 'portal', 'hold', 'refuse'] as const;
export type Level = (typeof levels)[number];

export const methods = ['tls', 'smime', 'pgp', 'portal'] as const;
export type Method = (typeof methods)[number];

/** What happens after the first kind of method of a level did not work, instead of trying the rest. */
export const otherwises = ['portal', 'bounce', 'drop'] as const;
export type Otherwise = (typeof otherwises)[number];

/**
 * What a recipient shows before reading in the portal, weakest first: a code by mail, or something of their own. `passphrase`, agreed with the sender,
 * stands apart: it is asked for whatever else was shown.
 */
export const proofs = ['code', 'password', 'authenticator', 'oidc', 'passkey', 'passphrase'] as const;
export type Proof = (typeof proofs)[number];

/** What a delivery carries besides its level and methods, once decided. */
export type Actions = {
  /** Header fields to put in and to take out of what leaves; names as written, values without line breaks. */
  readonly headers: {
    readonly add: readonly { readonly name: string; readonly value: string }[];
    readonly remove: readonly string[];
  };
  /** How long it waits in the portal, milliseconds, or null for the gateway's own time. */
  readonly expires: number | null;
  /** Whether the recipient may reply from the portal, or null when no rule says. */
  readonly reply: boolean | null;
  /** How a protected copy is made (plan/form.ts), each null when no rule says: the real Subject only inside, a signature, the Subject in the text. */
  readonly hideSubject: boolean | null;
  readonly sign: boolean | null;
  readonly legacyDisplay: boolean | null;
  /** The least a recipient must show to read it in the portal, or null for a code. */
  readonly proof: Proof | null;
  /** How the sender hears of what happens to it in the portal, or null for the tenant's own way. */
  readonly receipts: ReceiptRule | null;
  /** Files of more than so many octets stay in the portal, and links to them leave; null when none do. */
  readonly linkFilesOver: number | null;
};

export const noActions: Actions = {
  headers: { add: [], remove: [] },
  expires: null,
  reply: null,
  hideSubject: null,
  sign: null,
  legacyDisplay: null,
  proof: null,
  receipts: null,
  linkFilesOver: null,
};

/** Of 0 (first) to 9, what a delivery has when no rule says. */
export const usualPriority = 4;

export type Verdict = Actions & {
  readonly recipient: string;
  readonly level: Level;
  /** The level without the rules that ask for `hold`: what applies (at least `transport`) once a person releases the message. Equals `level` when it is not hold. */
  readonly released: Level;
  /** Names of the rules that matched, in file order. */
  readonly rules: readonly string[];
  /** Readable sentences: which rules matched on what, which did not and why, who won, what the default was. */
  readonly because: readonly string[];
  readonly otherwise: Otherwise | null;
  /** The TLS level a rule demanded, or null for the tenant's minimum. */
  readonly tls: TlsLevel | null;
  /** How far a key must be trusted, as a rule demanded it, or null for the tenant's minimum. */
  readonly keyTrust: KeyTrust | null;
  /** The order of methods a rule asked for, or null for the level's own. */
  readonly methods: readonly Method[] | null;
  /** What to tell the sender besides, in the words of the rules; empty for nothing. */
  readonly notifySender: readonly string[];
  /** Who is told that the message waits (level hold). */
  readonly reviewers: readonly string[];
  /** 0 (first) to 9, or null for `usualPriority`. */
  readonly priority: number | null;
  /** The decoded Subject as it would leave. */
  readonly subject: string;
  /** True when `subject` differs from what the sender wrote, so the header must be edited. */
  readonly subjectChanged: boolean;
};
