/**
 * The tables, as types. Portable columns: text ids (UUIDv7), times as epoch milliseconds, truth as 0 or 1, lists and objects as JSON text
 * (their shapes are in store.ts; codec.ts turns rows into those and back). How the tables come to be is migrations.ts.
 */

import type { DeliveryState } from '../plan/delivery.ts';
import type { Level, Otherwise } from '../policy/verdict.ts';
import type { AnswerTables } from './answer-tables.ts';
import type { GreetingTables } from './greetings.ts';
import type { KeyLookup, KeyRow } from './key-port.ts';
import type { OwnKeyTables } from './own-key-tables.ts';
import type { PortalSealTables } from './portal-seal.ts';
import type { PortalTables } from './portal-tables.ts';
import type { SenderTables } from './sender-tables.ts';
import type { MessageKind, MessageRow } from './store.ts';

export type MessageTable = {
  id: string;
  tenant: string;
  kind: MessageKind;
  mail_from: string;
  recipients: string;
  message_id: string;
  size: number;
  header_size: number;
  received_at: number;
  spool_id: string;
  /** The wrapped data key; empty once the bytes are forgotten. */
  spool_key: string;
  spool_size: number;
  smtp: string;
  state: MessageRow['state'];
  attempts: number;
  /** Until when the worker that is deciding has it; 0 without a lease. */
  lease_until: number;
  /** needed: by deciding or by a delivery; free: nothing will ask again, delete them; gone: deleted. */
  bytes: 'needed' | 'free' | 'gone';
  /** Why it is held. */
  reason: string;
  policy_version: string;
  sealed_facts: string;
  about: string | null;
};

export type DeliveryTable = {
  id: string;
  message_id: string;
  recipient: string;
  destination: string;
  level: Level;
  rules: string;
  because: string;
  steps: string;
  otherwise: Otherwise;
  subject: string | null;
  state: DeliveryState;
  status: string;
  step: number;
  attempts: number;
  crashes: number;
  created_at: number;
  next_at: number;
  lease_until: number;
  warned: number;
  reason: string;
  remote: string | null;
  settled_at: number | null;
  /** 1 until nothing can ask for the message's bytes on behalf of this delivery. */
  needs_bytes: number;
  /** An Actions; what is not in it (of a row from before there was any) is as in noActions. */
  actions: string;
  priority: number;
  /** The order of a destination's queue: when it was decided, and an hour later for each step of priority. */
  turn: number;
};

/** A protected message of a thread, by the hash of its Message-ID. */
type ThreadTable = {
  tenant: string;
  hash: string;
  /** Index into `levels`. */
  strictness: number;
  /** When a decision last named it. */
  seen_at: number;
};

/** One row per thing that happened; `detail` is the event without the columns' values and its kind. */
type EventTable = {
  id: string;
  at: number;
  kind: string;
  message: string | null;
  delivery: string | null;
  tenant: string | null;
  detail: string;
};

export type KeyTable = {
  id: string;
  kind: KeyRow['kind'];
  address: string;
  fingerprint: string;
  material: string;
  state: KeyRow['state'];
  source: KeyRow['source'];
  not_before: number;
  not_after: number | null;
  created_at: number;
  issuers: string;
  found_where: string;
  trust: KeyRow['trust'];
  /** A KeyStatus and a KeyFeatures, as JSON. */
  status: string;
  features: string;
  state_since: number;
  checked_at: number;
  last_used_at: number | null;
  replaces: string | null;
};

/** What was looked up, found or not, so that it is not asked again too soon. */
type KeyLookupTable = KeyLookup;

type DomainTable = {
  domain: string;
  best_tls: string | null;
  last_tls: string | null;
  last_mx: string | null;
  last_delivered_at: number | null;
  last_failure: string | null;
  delivered: number;
  failed: number;
  /** When mail last went there, whatever became of it, or when what it had shown was forgotten. */
  mailed_at: number;
  /** When its mail servers were last looked at without a message; 0 for never. */
  checked_at: number;
  /** When to look the next time; null until there is mail for it again. */
  check_at: number | null;
  /** What the last look showed (store.ts `DomainCheck`), as JSON; null before the first. */
  checked: string | null;
  /** When it was last said that it does not keep what it has shown; 0 for never. */
  downgraded_at: number;
};

/** MTA-STS policies as deliver/sts.ts remembers them. */
type StsPolicyTable = {
  domain: string;
  id: string;
  mode: 'enforce' | 'testing' | 'none';
  mx: string;
  max_age: number;
  fetched_at: number;
  expires_at: number;
};

/** Sessions by outcome, for TLS reports: one row per day (UTC), domain, policy that was applied, result and detail. */
type TlsResultTable = {
  day: string;
  domain: string;
  /** JSON: what the report says of the policy. */
  policy: string;
  /** RFC 8460 section 4.3, or "success". */
  result: string;
  /** JSON: what the report says of a failure; "{}" for success. */
  detail: string;
  sessions: number;
};

/** Reports that were sent, so that none is sent twice. */
type TlsReportTable = { day: string; domain: string; sent_at: number };

/** The sealed frames of blobs, where the spool lives in the database. */
type ChunkTable = { blob_id: string; frame: number; sealed: Uint8Array };

type MigrationTable = { name: string; applied_at: number };

export type Tables = AnswerTables &
  GreetingTables &
  OwnKeyTables &
  PortalSealTables &
  PortalTables &
  SenderTables & {
    messages: MessageTable;
    deliveries: DeliveryTable;
    events: EventTable;
    threads: ThreadTable;
    keys: KeyTable;
    key_lookups: KeyLookupTable;
    domains: DomainTable;
    sts_policies: StsPolicyTable;
    tls_results: TlsResultTable;
    tls_reports: TlsReportTable;
    chunks: ChunkTable;
    migrations: MigrationTable;
  };
