/**
 * What the portal may ask of the database (`PortalStore`: web/ is handed this, not the Store), and what the work role does for it
 * (`Publications`). Sessions, links and codes are here only as hashes; what is secret was sealed by the caller.
 *
 * Words. An *address* is a recipient's, of one tenant. A *session* is one browser. A *proof* says what a session has shown: that it reads an
 * address's mail (`code`, `oidc`), that it is a member (`passkey`, `authenticator`, `password`), or that it knows what was agreed for one
 * message (`passphrase`). *Members* are people with names and credentials of their own, joined to one or more addresses of a tenant. *Reach* is what
 * the proofs of a session come to now: addresses, each with the method that proved it. Whoever leaves an address takes its reach along at once.
 */
import type { Event } from '../event/event.ts';
import type { Proof } from '../policy/verdict.ts';
import type { DeliveryRow, MessageRow, NewMessage } from './store.ts';

/** A recipient's address in normal form, at one tenant. */
export type PortalAddress = { readonly tenant: string; readonly address: string };

/** A message that waits, or waited and was opened. Everything web/ needs to show it but the octets. */
export type PortalRow = PortalAddress & {
  readonly delivery: DeliveryRow;
  /** `spool.wrappedKey` is wrapped for the portal and this delivery, not by the master key. */
  readonly message: MessageRow;
  readonly publishedAt: number;
  readonly expiresAt: number;
  /** SHA-256 of the link's token. */
  readonly tokenHash: string;
  /** A PortalCard (pipeline/portal.ts), sealed for the portal. */
  readonly card: string;
  /** What messages of one conversation have in common, told apart per tenant and address only. */
  readonly thread: string;
  /** The least that must be proved to read it. */
  readonly demand: Proof;
  /** What sender and recipient agreed on: the question, or empty, and the argon2id hash of the answer; null without. */
  readonly passphrase: Passphrase | null;
  /** What was answered to its invitation (web/calendar.ts), sealed for the portal; null when nothing was. */
  readonly calendar: string | null;
  /** Codes mailed within the hour that began at `codesSentSince`. */
  readonly codesSent: number;
  readonly codesSentSince: number;
};

export type Passphrase = { readonly question: string; readonly hash: string };

/** One conversation of an address, newest message first known by `newest`. */
export type Conversation = PortalAddress & {
  readonly thread: string;
  readonly messages: number;
  readonly unread: number;
  readonly latestAt: number;
  readonly newest: PortalRow;
};

/** Where a page of conversations ends: the newest message of its last one. Two may be of the same millisecond. */
export type ConversationMark = { readonly latestAt: number; readonly delivery: string };

export type Reach = PortalAddress & {
  readonly method: Proof;
  readonly at: number;
  /** Who proved it, where a person with a name did. */
  readonly member: { readonly id: string; readonly name: string; readonly role: MemberRole } | null;
};

export type PortalSession = {
  readonly id: string;
  readonly createdAt: number;
  readonly seenAt: number;
  readonly endsAt: number;
  readonly reach: readonly Reach[];
  /** Deliveries whose agreed passphrase it knew. */
  readonly passphrases: readonly string[];
};

/** A session as its owner may see it in a list. */
export type SessionLine = Pick<PortalSession, 'id' | 'createdAt' | 'seenAt' | 'endsAt'> & {
  /** "Firefox on Windows", as far as the browser says. */
  readonly agent: string;
  readonly methods: readonly Proof[];
};

/** What was shown just now. `delivery` for a passphrase, `member` for a member's credential, else the address. */
export type NewProof =
  | (PortalAddress & { readonly method: 'code' | 'oidc' })
  | { readonly method: 'passkey' | 'authenticator' | 'password'; readonly tenant: string; readonly member: string }
  | { readonly method: 'passphrase'; readonly tenant: string; readonly delivery: string };

/** Proving renews the session's secret in the same transaction, so whoever planted or saw the one before holds nothing. */
export type Proving = {
  readonly session: string;
  readonly newSecretHash: string;
  readonly now: number;
};

export type MemberRole = 'owner' | 'member';
export type Member = {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly createdAt: number;
};
export type MemberOfAddress = Member & {
  readonly role: MemberRole;
  readonly joinedAt: number;
  readonly methods: readonly CredentialKind[];
};

/** Somebody who was asked in by an owner, and did not come yet. */
export type Invitation = PortalAddress & {
  /** The id of the member they will be. */
  readonly member: string;
  /** Who asked them in. */
  readonly owner: string;
  /** As the owner wrote it; the person may change it. */
  readonly name: string;
  readonly until: number;
};

export type CredentialKind = 'passkey' | 'authenticator' | 'password' | 'oidc';
export type Credential = {
  readonly id: string;
  readonly member: string;
  readonly tenant: string;
  readonly kind: CredentialKind;
  /** What it is found by: a passkey's id; else empty. Unique among its kind. */
  readonly lookup: string;
  /** A public key, a password's hash, or a secret sealed for the portal. */
  readonly secret: string;
  /** The person's own name for it. */
  readonly label: string;
  /** A passkey's signature counter, an authenticator's last step that was used; only ever grows. */
  readonly counter: number;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
};

/** Somebody without a right to a message asks its sender for one. */
export type AccessRequest = PortalAddress & {
  readonly id: string;
  readonly delivery: string;
  /** Who is to be let in, and in whose name it was asked. */
  readonly colleague: string;
  readonly askedBy: string;
  readonly askedAt: number;
  readonly state: 'asked' | 'allowed' | 'refused';
  /** SHA-256 of the token in the sender's link. */
  readonly tokenHash: string;
};

/** Where a mail of the portal's has got to; null when it is not known any more. */
export type MailState = DeliveryRow['state'] | 'received' | null;

export type CodeMail = { readonly sentAt: number; readonly expiresAt: number; readonly mail: MailState };

/** A code about to be mailed: its hash, and the id of the mail. */
export type FreshCode = {
  readonly codeHash: string;
  readonly mail: string;
  readonly expiresAt: number;
  readonly now: number;
};

export type CodeAnswer =
  | { readonly kind: 'right' }
  | { readonly kind: 'wrong'; readonly triesLeft: number }
  | { readonly kind: 'dead' };

export type PortalStore = {
  /** The waiting message behind a link's token, by the token's SHA-256; null when unknown or expired at `now`. */
  byToken(tokenHash: string, now: number): Promise<PortalRow | null>;
  /** Whatever the session; the caller judges its right (web/rights.ts). */
  byDelivery(deliveryId: string, now: number): Promise<PortalRow | null>;
  /** What waits for, or was opened at, these addresses: conversations with the newest message first, from behind `before`. */
  conversations(
    addresses: readonly PortalAddress[],
    page: { readonly now: number; readonly before: ConversationMark | null; readonly limit: number },
  ): Promise<Conversation[]>;
  /** One conversation of an address, oldest first, at most `limit` of the newest. */
  conversation(of: PortalAddress & { readonly thread: string }, now: number, limit: number): Promise<PortalRow[]>;
  /** waiting -> opened, once: true when it was this call that did it (only then are the events written); later calls change nothing. */
  opened(deliveryId: string, now: number, events: readonly Event[]): Promise<boolean>;
  /** Keeps what was answered to the invitation in a message, in place of what was answered before. */
  answeredInvitation(deliveryId: string, sealed: string, events: readonly Event[], now: number): Promise<void>;
  /** Where a message that the portal submitted has got to. */
  mailState(id: string): Promise<MailState>;
  /** Writes audit rows for what was seen in the portal; a power cut may take back those of the last seconds. */
  note(events: readonly Event[], now: number): Promise<void>;

  beginSession(session: {
    readonly id: string;
    readonly secretHash: string;
    readonly now: number;
    readonly endsAt: number;
    readonly agent: string;
  }): Promise<void>;
  /** By the hash of its secret; null when ended, past its end, or not seen for `idle` milliseconds. Notes that it was seen. */
  session(secretHash: string, now: number, idle: number): Promise<PortalSession | null>;
  /** Adds a proof and renews the session's secret; false when the session is no longer there. */
  prove(proof: NewProof, proving: Proving, events: readonly Event[]): Promise<boolean>;
  /** The living sessions in which this member, or without one this address, was proved. */
  sessionsOf(who: PortalAddress & { readonly member: string | null }, now: number): Promise<SessionLine[]>;
  endSession(id: string): Promise<void>;

  /** Counts a code about to be mailed for the delivery: how many there are with it within the hour; null, and none counted, when there were `perHour`. Atomic. */
  countCode(delivery: string, now: number, perHour: number): Promise<number | null>;
  /** Takes back what countCode counted, when no mail was sent. */
  uncountCode(delivery: string): Promise<void>;
  /** Keeps the hash of a fresh code that `session` asked for, in place of an earlier one of the same session. */
  putCode(code: FreshCode & { readonly delivery: string; readonly session: string }): Promise<void>;
  dropCode(delivery: string, session: string): Promise<void>;
  /** The code that this session asked for; null when it has none, or it is used up. */
  codeOf(delivery: string, session: string, now: number): Promise<CodeMail | null>;
  /** The same for a long code: nobody can guess it, so it is the address's own, typed in any browser, and no tries are counted. */
  putLongCode(code: FreshCode & PortalAddress): Promise<void>;
  dropLongCode(of: PortalAddress): Promise<void>;
  longCodeOf(of: PortalAddress, now: number): Promise<CodeMail | null>;
  /** Whether it is the address's long code. Consumes nothing and writes nothing, however often it is asked. */
  isLongCode(attempt: PortalAddress & { readonly codeHash: string }, now: number): Promise<boolean>;
  /** The same, and a right one is consumed, as by tryCode, and makes room for another about this delivery. `delivery`: null at a sender's door. */
  tryLongCode(
    attempt: PortalAddress & { readonly delivery: string | null; readonly codeHash: string },
    proving: Proving,
    events: readonly Event[],
  ): Promise<boolean>;
  /**
   * Counts one try and compares, in one atomic step, so that 100 parallel guesses get as many answers as tries are allowed. The session's own code
   * has `maxTries`. A session without one may type a code that another asked for (on another device): those tries are counted per
   * delivery and hour (`foreignPerHour`) and touch no other session's. A right code is consumed, adds the proof of the address and renews the
   * session's secret.
   */
  tryCode(
    attempt: {
      readonly delivery: string;
      readonly codeHash: string;
      readonly maxTries: number;
      readonly foreignPerHour: number;
    },
    proving: Proving,
    events: readonly Event[],
  ): Promise<CodeAnswer>;
  /** Counts one failure of `key` in its hour, or its day, and says how many there were with it, so that limits hold for all processes. */
  countFailure(key: string, now: number, within?: 'hour' | 'day'): Promise<number>;
  failures(key: string, now: number): Promise<number>;

  members(of: PortalAddress): Promise<MemberOfAddress[]>;
  /** A new member of the address with a first credential. */
  enrol(
    member: Member,
    at: PortalAddress & { readonly role: MemberRole },
    credential: Credential,
    events: readonly Event[],
  ): Promise<void>;
  invite(invitation: Invitation, events: readonly Event[], now: number): Promise<void>;
  /** Those that are still good, the oldest first. */
  invitationsTo(at: PortalAddress, now: number): Promise<Invitation[]>;
  invitation(member: string, now: number): Promise<Invitation | null>;
  /** False when there is none of this member at the address. */
  withdrawInvitation(member: string, at: PortalAddress, events: readonly Event[], now: number): Promise<boolean>;
  /** Uses up the member's invitation and enrols them; false when there is none any more. */
  enrolInvited(member: Member, at: PortalAddress, credential: Credential, events: readonly Event[]): Promise<boolean>;
  addCredential(credential: Credential, events: readonly Event[]): Promise<void>;
  /** Replaces a credential of the same kind and member, so that an old password or authenticator is worth nothing. */
  replaceCredential(credential: Credential, events: readonly Event[]): Promise<void>;
  removeCredential(id: string, member: string, events: readonly Event[]): Promise<boolean>;
  credentials(member: string): Promise<Credential[]>;
  credentialBy(kind: CredentialKind, lookup: string): Promise<(Credential & { readonly name: string }) | null>;
  /** Sets a credential's counter to `counter` if that is more than it was (or both are 0, for passkeys without one); false: a replay. */
  useCredential(id: string, counter: number, now: number): Promise<boolean>;
  /** Lets a member join an address; what it already is stays. */
  join(
    member: string,
    at: PortalAddress & { readonly role: MemberRole },
    now: number,
    events: readonly Event[],
  ): Promise<void>;
  /** Whom they invited there is invited no more, and who belongs to no address any more is forgotten. */
  leave(member: string, at: PortalAddress, events: readonly Event[]): Promise<void>;
  renameMember(member: string, name: string): Promise<void>;

  /** Asks the sender to let somebody in; one request per delivery and colleague, the later replaces the earlier. */
  askAccess(request: AccessRequest, events: readonly Event[]): Promise<void>;
  accessByToken(tokenHash: string): Promise<AccessRequest | null>;
  accessOf(delivery: string): Promise<AccessRequest[]>;
  /** asked -> allowed or refused, once; false when it was decided before. Publishing for the colleague is the caller's. */
  decideAccess(id: string, state: 'allowed' | 'refused', events: readonly Event[]): Promise<boolean>;

  /** Hands a message of the portal's own making to the work role: it is kept when this resolves. Its blob is sealed for the portal. */
  submit(message: NewMessage, now: number): Promise<void>;
};

/** What the work role asks about what waits in the portal. */
export type Publications = {
  /** Deliveries whose time in the portal is over: they become failed (never opened) or stay opened, and their links die. */
  expire(now: number, events: (delivery: DeliveryRow) => Event): Promise<number>;
  /** Those that `expire(now)` will end although nobody opened them, already with the status and reason it will give them. */
  unfetched(now: number): Promise<DeliveryRow[]>;
  /** Messages that the portal submitted and nobody took yet, oldest first; their blobs are sealed for the portal. */
  submitted(limit: number): Promise<NewMessage[]>;
  /** Takes submitted messages into the queue, their blobs now sealed by the master key, with events; those already taken are left out. */
  admit(messages: readonly NewMessage[], events: (message: NewMessage) => readonly Event[]): Promise<NewMessage[]>;
};

/** What settle() writes down when a message begins to wait. */
export type Publication = PortalAddress &
  Pick<PortalRow, 'tokenHash' | 'expiresAt' | 'publishedAt' | 'card' | 'thread' | 'demand' | 'passphrase'> & {
    /** The link's token, sealed for the work role alone: reminders carry the same link. */
    readonly link: string;
    readonly remindAt: number | null;
    /** The message's data key, wrapped for the portal and this delivery. */
    readonly itemKey: string;
  };
