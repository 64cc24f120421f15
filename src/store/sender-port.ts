/**
 * What concerns those who sent what waits in the portal. `SenderStore` is what the portal's pages for them and `postern portal` ask: how a message
 * fares, taking it back, keeping it longer, letting somebody in. `NewsStore` is the work role's: what senders are told, and who is reminded.
 *
 * A *sender* is an address of a tenant's, proved like any other address. *News* are events that a sender may hear of; each is told once. Nothing here
 * reads content, and no data key leaves it.
 */
import type { Event } from '../event/event.ts';
import type { DeliveryState } from '../plan/delivery.ts';
import type { AccessRequest, CodeAnswer, CodeMail, PortalAddress, Proving } from './portal-port.ts';
import type { DeliveryRow, MessageRow, NewMessage } from './store.ts';

/** A message as its sender sees it: who was to get it, how, and what became of it. */
export type SentMessage = {
  readonly id: string;
  readonly tenant: string;
  readonly sender: string;
  readonly messageId: string;
  readonly receivedAt: number;
  readonly deliveries: readonly SentDelivery[];
};

export type SentDelivery = Pick<DeliveryRow, 'id' | 'recipient' | 'state' | 'settledAt' | 'reason'> & {
  /** While it waits, or can be read again, in the portal. */
  readonly portal: { readonly publishedAt: number; readonly expiresAt: number; readonly thread: string } | null;
  readonly withdrawn: boolean;
  readonly requests: readonly AccessRequest[];
  /** What readers did, oldest first. */
  readonly happened: readonly { readonly at: number; readonly event: Event }[];
};

/** What taking back came to, for one delivery: what it was before, and whether it is gone now. */
export type Withdrawn = {
  readonly delivery: string;
  readonly message: string;
  readonly recipient: string;
  readonly was: DeliveryState;
  readonly gone: boolean;
};

export type SenderStore = {
  /** By the id of the message; null when it is unknown. */
  sent(messageId: string): Promise<SentMessage | null>;
  /** Messages of which something waits in the portal or was opened there, newest first. */
  inPortal(limit: number): Promise<SentMessage[]>;
  /** Ids of the messages that the same sender has in the conversations of this message, with it, newest last. */
  conversation(messageId: string): Promise<string[]>;
  /**
   * Takes messages back, in one transaction: what has not left is stopped, what waits or was opened in the portal can be read no more, and bytes that
   * nothing else needs are deleted with their key. `answers`: what recipients wrote back in the portal goes too. What was delivered elsewhere stays
   * delivered, and is returned as not gone. `events` are those of one delivery that went.
   */
  withdraw(
    messageIds: readonly string[],
    how: { readonly now: number; readonly answers: boolean; readonly reason: string },
    events: (row: Withdrawn) => readonly Event[],
  ): Promise<Withdrawn[]>;
  /** Whether the link, or the delivery, was taken back, and whose mail it was. */
  withdrawn(
    by: { readonly tokenHash: string } | { readonly delivery: string },
    now: number,
  ): Promise<(PortalAddress & { readonly tokenHash: string }) | null>;
  /** Lets it wait until `expiresAt` if that is later than before; false when it does not wait any more, or waits as long already. */
  extend(
    delivery: string,
    until: { readonly expiresAt: number; readonly remindAt: number | null; readonly now: number },
    events: readonly Event[],
  ): Promise<boolean>;
  access(id: string): Promise<AccessRequest | null>;
  /**
   * asked -> allowed, once, and the same message for the colleague begins its way to the portal as delivery `as`; false when it was decided before or
   * the message waits no more.
   */
  allow(id: string, as: string, now: number, events: readonly Event[]): Promise<boolean>;

  /** Keeps the hash of a fresh code for the sender of a message, in place of an earlier one of the same session. */
  putCode(code: {
    readonly message: string;
    readonly session: string;
    readonly codeHash: string;
    readonly mail: string;
    readonly expiresAt: number;
    readonly now: number;
  }): Promise<void>;
  codeOf(message: string, session: string, now: number): Promise<CodeMail | null>;
  /** As PortalStore.tryCode, for this session's code only. A right one proves the sender's address. */
  tryCode(
    attempt: { readonly message: string; readonly codeHash: string; readonly maxTries: number },
    sender: PortalAddress,
    proving: Proving,
    events: readonly Event[],
  ): Promise<CodeAnswer>;
};

export type News = {
  readonly id: string;
  readonly at: number;
  readonly event: Event;
  /** Whether it has waited for a digest. */
  readonly waited: boolean;
  readonly delivery: DeliveryRow;
  readonly message: MessageRow;
};

/** Somebody to be reminded that a message waits. */
export type DueReminder = {
  readonly delivery: DeliveryRow;
  readonly message: MessageRow;
  readonly remindAt: number;
  readonly publishedAt: number;
  readonly expiresAt: number;
  /** The link's token, sealed by the work role. */
  readonly link: string;
};

export type NewsStore = {
  /** News that nobody has looked at, or whose digest is due, oldest first; what has no delivery any more is left out, and gone. */
  due(now: number, limit: number): Promise<News[]>;
  /** All news that wait for this sender's digest, oldest first. */
  digest(tenant: string, sender: string, limit: number): Promise<News[]>;
  /** Lets news wait for a digest. */
  postpone(ids: readonly string[], to: { tenant: string; sender: string; dueAt: number }): Promise<void>;
  /** Tells news by a message, or (null) drops them: true when it was this call. When any of them was told meanwhile nothing happens. */
  told(ids: readonly string[], message: NewMessage | null, events: readonly Event[]): Promise<boolean>;
  /** Unopened messages whose time to be reminded of has come. */
  toRemind(now: number, limit: number): Promise<DueReminder[]>;
  /** Sets the next reminder and keeps this one's letter; false when another was quicker, or it was opened meanwhile. */
  reminded(
    due: DueReminder,
    next: number | null,
    message: NewMessage | null,
    events: readonly Event[],
    now: number,
  ): Promise<boolean>;
};
