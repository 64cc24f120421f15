/**
 * The database as the other folders see it: what is asked of it, in the words of the design. `openStore` (open.ts) gives one for a
 * SQLite file or a PostgreSQL server; both behave the same and every test runs on both.
 *
 * Functions that are handed in (perDestination, events) may be called again for the same rows when a transaction has to be repeated.
 * Every method that changes state also writes the events it is given in the same transaction. Times are epoch milliseconds, ids UUIDv7.
 * A method rejects only for database trouble (StoreBusy, StoreDown) or a bug of ours.
 */
import type { TlsLevel } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import type { TlsSession, TlsTally } from '../mail/tls-report.ts';
import type { DeliveryState, Remote } from '../plan/delivery.ts';
import type { Step } from '../plan/plan.ts';
import type { Actions, Level, Otherwise } from '../policy/verdict.ts';
import type { SpoolRef } from '../spool/spool.ts';
import type { AnswerStore } from './answer-port.ts';
import type { GreetingStore } from './greetings.ts';
import type { KeyStore } from './key-port.ts';
import type { OwnKeyStore } from './own-key-port.ts';
import type { PortalStore, Publication, Publications } from './portal-port.ts';
import type { PortalSeal } from './portal-seal.ts';
import type { NewsStore, SenderStore } from './sender-port.ts';

/**
 * Who wrote the message: a tenant's user, somebody to a tenant's user (`inbound`), or we ourselves. `notice`: what a policy tells the sender or a reviewer. `report`: a TLS report to
 * another domain, which must arrive where TLS is broken.
 */
export type MessageKind =
  | 'submitted'
  | 'inbound'
  | 'dsn'
  | 'delay'
  | 'notification'
  | 'code'
  | 'answer'
  | 'notice'
  | 'report';

export type NewMessage = {
  readonly id: string;
  readonly tenant: string;
  readonly kind: MessageKind;
  /** Reverse-path; empty for null. */
  readonly mailFrom: string;
  readonly recipients: readonly string[];
  /** The Message-ID header's value with its angle brackets, or empty. */
  readonly messageId: string;
  readonly size: number;
  /** Octets of the header block, including the blank line, so that the body starts at this offset. */
  readonly headerSize: number;
  readonly receivedAt: number;
  readonly spool: SpoolRef;
  readonly smtp: SmtpOptions;
  /** The delivery that a notification announces: what becomes of the one matters to the other. */
  readonly about?: string;
};

/** What the client asked of us in MAIL and we ask of the next server. */
export type SmtpOptions = {
  readonly eightBit: boolean;
  readonly utf8: boolean;
  readonly ret: 'FULL' | 'HDRS' | null;
  readonly envid: string | null;
  /** DSN NOTIFY and ORCPT per recipient address, where given. */
  readonly dsn: Readonly<Record<string, { readonly notify: readonly string[] | null; readonly orcpt: string | null }>>;
  /** REQUIRETLS: to be handed on only to servers that prove their name and promise the same (plan/require-tls.ts). */
  readonly requireTls?: true;
};

export type MessageRow = NewMessage & {
  /** received: to be decided; decided: has its deliveries; held: could not be decided; done: every delivery ended, bytes deleted. */
  readonly state: 'received' | 'deciding' | 'decided' | 'held' | 'done';
  /** How often deciding was begun; a message that kills its worker is held after a few. */
  readonly attempts: number;
};

export type NewDelivery = {
  readonly id: string;
  readonly messageId: string;
  readonly recipient: string;
  /** What the pool groups by: the recipient's domain in A-label form. */
  readonly destination: string;
  readonly level: Level;
  readonly rules: readonly string[];
  readonly because: readonly string[];
  readonly steps: readonly Step[];
  readonly otherwise: Otherwise;
  /** The Subject to put in place of the sender's, sealed by the caller, or null to leave the header's octets alone. */
  readonly subject: string | null;
  readonly actions: Actions;
  /** 0 (first) to 9. A step is worth an hour of waiting; below `usualPriority` it is urgent and goes before all that is not, in three claims of four. */
  readonly priority: number;
  readonly state: 'queued' | 'held' | 'failed';
  readonly status: string;
};

export type DeliveryRow = Omit<NewDelivery, 'state'> & {
  readonly state: DeliveryState;
  /** Index into `steps` of the one being tried or to be tried next. */
  readonly step: number;
  readonly attempts: number;
  readonly createdAt: number;
  /** Earliest next attempt while deferred. */
  readonly nextAt: number;
  readonly warned: boolean;
  /** How often in a row its worker vanished in mid-attempt (a lease ran out): a delivery that kills workers is held after a few. */
  readonly crashes: number;
  /** The last reason or reply in words. */
  readonly reason: string;
  readonly remote: Remote | null;
  readonly settledAt: number | null;
};

export type QueueAction = 'retry' | 'hold' | 'release' | 'bounce';
export type QueueActionDetail = {
  /** For release: the steps of a delivery that has none yet (its level was hold). Without them it stays held. */
  readonly steps?: readonly Step[];
  /** The events of one changed delivery, written in the same transaction. */
  readonly events?: (changed: DeliveryRow) => readonly Event[];
};

/** A claimed delivery with what the attempt needs of its message, so that no second query is made. */
export type ClaimedDelivery = DeliveryRow & { readonly message: MessageRow };

/** What changes when an attempt ends; absent fields stay. `portal` publishes the message to wait there. */
export type Settlement = {
  readonly id: string;
  readonly state: DeliveryState;
  readonly step: number;
  readonly attempts: number;
  readonly nextAt: number;
  readonly status: string;
  readonly reason: string;
  readonly remote: Remote | null;
  readonly because?: readonly string[];
  readonly warned: boolean;
  readonly portal?: Publication;
};

export type DomainRow = {
  readonly domain: string;
  /** The strongest TLS level ever reached there, or null. */
  readonly bestTls: string | null;
  readonly lastTls: string | null;
  readonly lastMx: string | null;
  readonly lastDeliveredAt: number | null;
  readonly lastFailure: string | null;
  readonly delivered: number;
  readonly failed: number;
  /** When mail last went there, whatever became of it. */
  readonly mailedAt: number;
  /** Deliveries there that wait for their next try. */
  readonly waiting: number;
  /** When it was last said that it does not keep what it has shown; 0 for never. */
  readonly downgradedAt: number;
  /** The MTA-STS policy that is remembered; its time may be over. */
  readonly sts: (Pick<StsRow, 'id' | 'expiresAt'> & { readonly mode: StsRow['policy']['mode'] }) | null;
  /** When its mail servers were last looked at without a message, 0 for never, and what that showed. */
  readonly checkedAt: number;
  readonly checked: DomainCheck | null;
};

/** What looks at a domain's mail servers have found. */
export type DomainCheck = {
  readonly hosts: readonly CheckedHost[];
  readonly sts: { readonly id: string; readonly mode: StsRow['policy']['mode'] } | null;
  /** The MX records are signed. */
  readonly signed: boolean;
  /** Why there was nothing to look at this time, so that the rest is from before; else null. */
  readonly trouble: string | null;
};

export type CheckedHost = {
  readonly host: string;
  readonly preference: number;
  readonly ip: string | null;
  /** The TLS level it shows; from before when it could not be asked this time, null when it never could. */
  readonly level: TlsLevel | null;
  /** Whether it has usable TLSA records in signed DNS; null when that is not known. */
  readonly dane: boolean | null;
  /** When its certificate ends, epoch milliseconds. */
  readonly certificateUntil: number | null;
  /** Why it does not show more, or could not be asked: a sentence, or null. */
  readonly defect: string | null;
};

/** An MTA-STS policy as it is remembered. Times are epoch milliseconds, `maxAge` seconds. */
export type StsRow = {
  readonly domain: string;
  readonly id: string;
  readonly policy: {
    readonly mode: 'enforce' | 'testing' | 'none';
    readonly mx: readonly string[];
    readonly maxAge: number;
  };
  readonly fetchedAt: number;
  readonly expiresAt: number;
};

/** What replay needs of a message: its facts, and how each recipient's delivery was decided. */
export type KeptMessage = {
  readonly id: string;
  readonly receivedAt: number;
  readonly policyVersion: string;
  readonly sealedFacts: string;
  readonly deliveries: readonly {
    readonly id: string;
    readonly recipient: string;
    readonly level: Level;
    readonly rules: readonly string[];
  }[];
};

export type Store = KeyStore & {
  /** One transaction for a whole batch of accepted messages (group commit) with their events. */
  insertMessages(messages: readonly NewMessage[], events: readonly Event[]): Promise<void>;
  /** Takes up to `limit` received messages to decide, oldest first, under a lease that ends at `leaseUntil`. */
  claimMessages(limit: number, leaseUntil: number): Promise<MessageRow[]>;
  /**
   * Stores facts (sealed by the caller) and the deliveries in one transaction; the message becomes decided. A decision on a message
   * that is no longer being decided (another worker was quicker, an operator held it) is left out with its events.
   */
  decided(
    decision: {
      readonly messageId: string;
      readonly sealedFacts: string;
      readonly policyVersion: string;
      readonly deliveries: readonly NewDelivery[];
      /** When it left protected: the hash of its Message-ID, and the strictest level among its deliveries. */
      readonly thread?: { readonly hash: string; readonly level: Level } | null;
      /** Messages of our own that the decision caused (the DSN of a refusal). */
      readonly messages?: readonly NewMessage[];
      readonly events: readonly Event[];
    }[],
  ): Promise<void>;
  holdMessage(messageId: string, reason: string, events: readonly Event[]): Promise<void>;

  /**
   * Takes queued deliveries under a lease, round robin over destinations so that no long queue starves another:
   * at most `perDestination(destination)` rows each (0 = saturated now, skip it), `limit` in all. Rows of one message and destination
   * come together. Cost does not grow with the length of the queue: one call looks at a bounded number of destinations and the next goes
   * on behind them, so an empty answer while thousands of destinations are saturated does not mean that nothing is ready.
   */
  claimDeliveries(
    limit: number,
    leaseUntil: number,
    perDestination: (destination: string) => number,
  ): Promise<ClaimedDelivery[]>;
  /** Deferred deliveries that have come due become queued; leases that ran out (a crash) too. Returns how many. */
  promote(now: number): Promise<number>;
  /** At the start of a process that is alone on its database: everything leased is queued again. */
  recover(): Promise<void>;
  /** Of deliveries being sent and of messages being decided, by their ids. */
  extendLease(ids: readonly string[], leaseUntil: number): Promise<void>;
  /**
   * One transaction for a batch of finished attempts, the messages of our own they caused (DSN, notification), and events. A delivery
   * that ended meanwhile keeps its end, unless the settlement says `delivered`: that happened, whatever else did.
   */
  settle(settlements: readonly Settlement[], messages: readonly NewMessage[], events: readonly Event[]): Promise<void>;
  /** Messages of which every delivery ended (delivered, opened and expired, failed, dropped) and whose bytes can go; at most `limit`. */
  finishedMessages(limit: number): Promise<{ readonly id: string; readonly spool: SpoolRef }[]>;
  /** Forgets the wrapped key (that is the deletion) and marks the message done. */
  forgetBytes(messageIds: readonly string[]): Promise<void>;
  /** Which of these spool ids a message row still names. */
  knownSpoolIds(ids: readonly string[]): Promise<ReadonlySet<string>>;

  /** By our id, a delivery's id, or the Message-ID header (with or without brackets); newest first. */
  findMessages(idOrMessageId: string): Promise<{ readonly message: MessageRow; readonly deliveries: DeliveryRow[] }[]>;
  messageFacts(messageId: string): Promise<{ readonly sealedFacts: string; readonly policyVersion: string } | null>;
  /** The strictest level that any of these messages (hashes of Message-IDs) of the tenant left at, or null when none is known. */
  threadLevel(tenant: string, hashes: readonly string[]): Promise<Level | null>;
  /** Messages whose facts are kept, received at `since` or later, in the order of their ids, from behind the id `after`; for replay. */
  keptMessages(query: {
    readonly tenant: string;
    readonly since: number;
    readonly after: string | null;
    readonly limit: number;
  }): Promise<KeptMessage[]>;
  /**
   * Forgets the facts of messages received before `factsBefore`, the threads last seen before `threadsBefore` and, when it is given, the
   * messages that are done and were received before `historyBefore`, with their deliveries and events. At most `limit` of each (of
   * history: messages with about as many deliveries); returns how many.
   */
  forgetOld(
    before: { readonly factsBefore: number; readonly threadsBefore: number; readonly historyBefore?: number },
    limit: number,
  ): Promise<number>;
  listQueue(limit: number): Promise<{ readonly messages: MessageRow[]; readonly deliveries: DeliveryRow[] }>;
  /**
   * What `postern queue` does to one delivery, to every delivery of a message, or (null) to all: returns the rows as they became.
   * Deliveries being sent at this moment are left alone. retry: deferred -> queued. hold: queued, deferred -> held. release: held -> queued.
   * bounce: queued, deferred, held, waiting -> failed; the caller sends the DSN. A held message is decided again by retry and release, and
   * gets its failed deliveries by bounce; a received one can be held.
   */
  queueAction(id: string | null, action: QueueAction, now: number, more?: QueueActionDetail): Promise<DeliveryRow[]>;
  /** Deliveries by state, and under `received` and `deciding` the messages not yet decided. */
  countByState(): Promise<Readonly<Record<string, number>>>;
  /** The audit rows of one message, oldest first. */
  listEvents(messageId: string): Promise<{ readonly at: number; readonly event: Event }[]>;

  /**
   * Notes what an attempt showed of the domain; on disk a second later, together with others. `tls`: the level of this connection;
   * `proved`: the level it is from now on known to reach, null when this attempt proves none.
   */
  noteDomain(
    domain: string,
    seen: {
      readonly at: number;
      readonly tls: TlsLevel | null;
      readonly proved: TlsLevel | null;
      readonly mx: string | null;
      readonly failure: string | null;
    },
  ): Promise<void>;
  /** Notes at `now` that a domain does not keep what it has shown, with events; false, without them, when that was said after `unlessSince`. */
  domainDowngraded(
    domain: string,
    at: { readonly now: number; readonly unlessSince: number },
    events: readonly Event[],
  ): Promise<boolean>;
  listDomains(): Promise<DomainRow[]>;
  /** The strongest TLS level that each domain has shown, of those of which something was noted or forgotten since; null for nothing. */
  domainLevels(since: number): Promise<ReadonlyMap<string, TlsLevel | null>>;
  /** Forgets at `now` what a domain has shown; false when it has shown nothing. */
  forgetDomain(domain: string, now: number): Promise<boolean>;
  /** How many domains are looked at from time to time: those mailed lately. */
  countChecks(): Promise<number>;
  /**
   * Takes, for one caller only, the domain whose next look came due first, and puts off the one after to `nextAt`. A domain that was not
   * mailed since `mailedSince` is not looked at again until there is mail for it. Null when none is due.
   */
  claimCheck(at: {
    readonly now: number;
    readonly nextAt: number;
    readonly mailedSince: number;
  }): Promise<{ readonly domain: string; readonly checkedAt: number; readonly checked: DomainCheck | null } | null>;
  /** Keeps what a look at `now` found, with events. */
  keepCheck(domain: string, now: number, checked: DomainCheck, events: readonly Event[]): Promise<void>;
  findSts(domain: string): Promise<StsRow | null>;
  keepSts(kept: StsRow): Promise<void>;

  /** Counts a session that ended at `at` towards its day's report; on disk a while later, together with others. */
  noteTlsSession(session: TlsSession, at: number): void;
  /** The days ("2026-11-21", UTC) before `day` and the domains whose sessions nobody has claimed yet, oldest first. */
  unreportedTls(day: string): Promise<{ readonly day: string; readonly domain: string }[]>;
  /** Takes the counts of a day, for one caller only: null for everybody else. */
  claimTlsReport(day: string, domain: string, at: number): Promise<TlsTally[] | null>;
  /** Forgets counts and claims of the days before `day`. */
  forgetTls(day: string): Promise<void>;

  readonly ownKeys: OwnKeyStore;
  /** For web/, and all it gets. */
  portal: PortalStore;
  readonly answers: AnswerStore;
  publications: Publications;
  senders: SenderStore;
  news: NewsStore;
  greetings: GreetingStore;
  portalSeal: PortalSeal;
  close(): Promise<void>;
};

/** Another process holds the database, or it takes too long: answered with 451 4.3.0 and tried again. */
export class StoreBusy extends Error {}
/** The database cannot be reached or is broken. */
export class StoreDown extends Error {}
