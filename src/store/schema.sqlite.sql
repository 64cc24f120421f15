CREATE TABLE "chunks" ("blob_id" text not null,
  "frame" integer not null,
  "sealed" blob not null, constraint "chunks_key" primary key ("blob_id",
  "frame"));

CREATE INDEX chunks_first on chunks (blob_id) where frame = 0;

CREATE TABLE "deliveries" ("id" text not null primary key,
  "message_id" text not null references "messages" ("id"),
  "recipient" text not null,
  "destination" text not null,
  "level" text not null,
  "rules" text not null,
  "because" text not null,
  "steps" text not null,
  "otherwise" text not null,
  "subject" text,
  "state" text not null,
  "status" text not null,
  "reason" text not null,
  "remote" text,
  "step" integer not null,
  "attempts" integer not null,
  "crashes" integer not null,
  "warned" integer not null,
  "needs_bytes" integer not null,
  "created_at" bigint not null,
  "next_at" bigint not null,
  "lease_until" bigint not null,
  "settled_at" bigint,
  "actions" text default '{}' not null,
  "priority" integer default 4 not null,
  "turn" bigint default 0 not null);

CREATE INDEX deliveries_by_message on deliveries (message_id);

CREATE INDEX deliveries_due on deliveries (next_at) where state = 'deferred';

CREATE INDEX deliveries_ended on deliveries (state) where needs_bytes = 0;

CREATE INDEX deliveries_leased on deliveries (lease_until) where state = 'sending';

CREATE INDEX deliveries_open on deliveries (message_id, id) where needs_bytes = 1;

CREATE INDEX deliveries_ready on deliveries (destination, turn, message_id, id) where state = 'queued';

CREATE INDEX deliveries_urgent on deliveries (destination, turn, message_id, id)
    where state = 'queued' and priority < 4;

CREATE TABLE "domains" ("domain" text not null primary key,
  "best_tls" text,
  "last_tls" text,
  "last_mx" text,
  "last_failure" text,
  "last_delivered_at" bigint,
  "delivered" bigint not null,
  "failed" bigint not null,
  "mailed_at" bigint default 0 not null,
  "checked_at" bigint default 0 not null,
  "downgraded_at" bigint default 0 not null,
  "check_at" bigint,
  "checked" text);

CREATE INDEX domains_by_mail on domains (mailed_at);

CREATE INDEX domains_to_check on domains (check_at) where check_at is not null;

CREATE TABLE "events" ("id" text not null primary key,
  "at" bigint not null,
  "kind" text not null,
  "message" text,
  "delivery" text,
  "tenant" text,
  "detail" text not null);

CREATE INDEX events_by_message on events (message) where message is not null;

CREATE TABLE "key_lookups" ("address" text not null,
  "source" text not null,
  "outcome" text not null,
  "said" text not null,
  "at" bigint not null,
  "until" bigint not null, constraint "key_lookups_key" primary key ("address",
  "source"));

CREATE INDEX key_lookups_by_end on key_lookups (until);

CREATE TABLE "keys" ("id" text not null primary key,
  "kind" text not null,
  "address" text not null,
  "fingerprint" text not null,
  "material" text not null,
  "state" text not null,
  "source" text not null,
  "not_before" bigint not null,
  "not_after" bigint,
  "created_at" bigint not null,
  "issuers" text default '' not null,
  "found_where" text default '' not null,
  "trust" text default 'confirmed' not null,
  "status" text default '{}' not null,
  "features" text default '{}' not null,
  "state_since" bigint default 0 not null,
  "checked_at" bigint default 0 not null,
  "last_used_at" bigint,
  "replaces" text);

CREATE UNIQUE INDEX keys_by_address on keys (address, kind, fingerprint);

CREATE INDEX keys_pending on keys (id) where state = 'pending';

CREATE TABLE "messages" ("id" text not null primary key,
  "tenant" text not null,
  "kind" text not null,
  "mail_from" text not null,
  "recipients" text not null,
  "message_id" text not null,
  "spool_id" text not null,
  "spool_key" text not null,
  "smtp" text not null,
  "state" text not null,
  "bytes" text not null,
  "size" bigint not null,
  "header_size" bigint not null,
  "received_at" bigint not null,
  "spool_size" bigint not null,
  "lease_until" bigint not null,
  "attempts" integer not null,
  "reason" text not null,
  "policy_version" text not null,
  "sealed_facts" text not null,
  "about" text);

CREATE INDEX messages_by_message_id on messages (message_id);

CREATE INDEX messages_by_spool_id on messages (spool_id) where bytes <> 'gone';

CREATE INDEX messages_free on messages (id) where bytes = 'free';

CREATE INDEX messages_held on messages (id) where state = 'held';

CREATE INDEX messages_kept on messages (tenant, id, received_at) where sealed_facts <> '';

CREATE INDEX messages_kept_by_age on messages (received_at) where sealed_facts <> '';

CREATE INDEX messages_leased on messages (lease_until) where state = 'deciding';

CREATE INDEX messages_received on messages (id) where state = 'received';

CREATE TABLE "migrations" ("name" text not null primary key,
  "applied_at" bigint not null);

CREATE TABLE "own_keys" ("id" text not null primary key,
  "tenant" text not null,
  "kind" text not null,
  "address" text not null,
  "usage" text not null,
  "origin" text not null,
  "fingerprint" text not null,
  "material" text not null,
  "sealed" text not null,
  "state" text not null,
  "serial" text,
  "issuer_id" text,
  "wkd" text,
  "created_at" bigint not null,
  "not_before" bigint not null,
  "not_after" bigint,
  "revoked_at" bigint,
  "reason" text);

CREATE UNIQUE INDEX own_keys_active on own_keys (tenant, address, kind, usage) where state = 'active';

CREATE INDEX own_keys_by_wkd on own_keys (wkd) where wkd is not null;

CREATE UNIQUE INDEX own_keys_once on own_keys (tenant, address, kind, fingerprint);

CREATE INDEX own_keys_revoked on own_keys (issuer_id) where state = 'revoked';

CREATE TABLE "portal_answers" ("id" text not null primary key,
  "tenant" text not null,
  "address" text not null,
  "author" text not null,
  "delivery" text,
  "thread" text not null,
  "state" text not null,
  "content" text not null,
  "created_at" bigint not null,
  "changed_at" bigint not null,
  "expires_at" bigint not null);

CREATE INDEX portal_answers_by_address on portal_answers (tenant, address, thread);

CREATE INDEX portal_answers_by_delivery on portal_answers (delivery) where delivery is not null;

CREATE INDEX portal_answers_by_expiry on portal_answers (expires_at);

CREATE TABLE "portal_codes" ("session" text not null,
  "delivery" text not null,
  "code_hash" text not null,
  "mail" text not null,
  "sent_at" bigint not null,
  "expires_at" bigint not null,
  "tries" integer not null, constraint "portal_codes_key" primary key ("session",
  "delivery"));

CREATE INDEX portal_codes_by_delivery on portal_codes (delivery);

CREATE INDEX portal_codes_by_end on portal_codes (expires_at);

CREATE TABLE "portal_credentials" ("id" text not null primary key,
  "member" text not null,
  "tenant" text not null,
  "kind" text not null,
  "lookup" text not null,
  "secret" text not null,
  "label" text not null,
  "counter" bigint not null,
  "created_at" bigint not null,
  "last_used_at" bigint);

CREATE UNIQUE INDEX portal_credentials_by_lookup on portal_credentials (kind, lookup) where lookup <> '';

CREATE INDEX portal_credentials_by_member on portal_credentials (member);

CREATE TABLE "portal_failures" ("what" text not null primary key,
  "since" bigint not null,
  "times" integer not null);

CREATE INDEX portal_failures_by_age on portal_failures (since);

CREATE TABLE "portal_greetings" ("tenant" text not null,
  "address" text not null,
  "language" text not null,
  "phrase" text not null, constraint "portal_greetings_key" primary key ("tenant",
  "address"));

CREATE TABLE "portal_invitations" ("member" text not null primary key,
  "tenant" text not null,
  "address" text not null,
  "owner" text not null,
  "name" text not null,
  "until" bigint not null);

CREATE INDEX portal_invitations_by_address on portal_invitations (tenant, address);

CREATE TABLE "portal_long_codes" ("tenant" text not null,
  "address" text not null,
  "code_hash" text not null,
  "mail" text not null,
  "sent_at" bigint not null,
  "expires_at" bigint not null, constraint "portal_long_codes_key" primary key ("tenant",
  "address"));

CREATE TABLE "portal_member_addresses" ("tenant" text not null,
  "address" text not null,
  "member" text not null,
  "role" text not null,
  "joined_at" bigint not null, constraint "portal_member_addresses_key" primary key ("tenant",
  "address",
  "member"));

CREATE INDEX portal_member_addresses_by_member on portal_member_addresses (member);

CREATE TABLE "portal_members" ("id" text not null primary key,
  "tenant" text not null,
  "name" text not null,
  "created_at" bigint not null);

CREATE TABLE "portal_news" ("id" text not null primary key,
  "delivery" text not null,
  "event" text not null,
  "tenant" text not null,
  "sender" text not null,
  "at" bigint not null,
  "due_at" bigint not null);

CREATE INDEX portal_news_by_sender on portal_news (tenant, sender) where sender <> '';

CREATE INDEX portal_news_due on portal_news (due_at, id);

CREATE TABLE "portal_outbox" ("id" text not null primary key,
  "spool_id" text not null,
  "message" text not null,
  "created_at" bigint not null);

CREATE INDEX portal_outbox_by_blob on portal_outbox (spool_id);

CREATE TABLE "portal_pieces" ("upload" text not null,
  "spool_id" text not null,
  "spool_key" text not null,
  "start" bigint not null,
  "spool_size" bigint not null, constraint "portal_pieces_key" primary key ("upload",
  "start"));

CREATE INDEX portal_pieces_by_blob on portal_pieces (spool_id);

CREATE TABLE "portal_proofs" ("session" text not null,
  "method" text not null,
  "tenant" text not null,
  "address" text not null,
  "member" text not null,
  "delivery" text not null,
  "at" bigint not null, constraint "portal_proofs_key" primary key ("session",
  "method",
  "tenant",
  "address",
  "member",
  "delivery"));

CREATE INDEX portal_proofs_by_address on portal_proofs (tenant, address) where address <> '';

CREATE INDEX portal_proofs_by_member on portal_proofs (member) where member <> '';

CREATE TABLE "portal_requests" ("id" text not null primary key,
  "tenant" text not null,
  "address" text not null,
  "delivery" text not null,
  "colleague" text not null,
  "asked_by" text not null,
  "state" text not null,
  "token_hash" text not null,
  "asked_at" bigint not null);

CREATE UNIQUE INDEX portal_requests_by_token on portal_requests (token_hash);

CREATE UNIQUE INDEX portal_requests_once on portal_requests (delivery, colleague);

CREATE TABLE "portal_seals" ("name" text not null,
  "sealed" text not null, constraint "portal_seals_key" primary key ("name"));

CREATE TABLE "portal_sender_codes" ("session" text not null,
  "message" text not null,
  "code_hash" text not null,
  "mail" text not null,
  "sent_at" bigint not null,
  "expires_at" bigint not null,
  "tries" integer not null, constraint "portal_sender_codes_key" primary key ("session",
  "message"));

CREATE INDEX portal_sender_codes_by_end on portal_sender_codes (expires_at);

CREATE TABLE "portal_sessions" ("id" text not null primary key,
  "secret_hash" text not null,
  "agent" text not null,
  "created_at" bigint not null,
  "seen_at" bigint not null,
  "ends_at" bigint not null);

CREATE INDEX portal_sessions_by_end on portal_sessions (ends_at);

CREATE UNIQUE INDEX portal_sessions_by_secret on portal_sessions (secret_hash);

CREATE TABLE "portal_uploads" ("id" text not null primary key,
  "answer" text not null,
  "about" text not null,
  "size" bigint,
  "stored" bigint not null);

CREATE INDEX portal_uploads_by_answer on portal_uploads (answer);

CREATE TABLE "portal_withdrawn" ("delivery" text not null primary key,
  "token_hash" text not null,
  "tenant" text not null,
  "address" text not null,
  "expires_at" bigint not null);

CREATE INDEX portal_withdrawn_by_end on portal_withdrawn (expires_at);

CREATE UNIQUE INDEX portal_withdrawn_by_token on portal_withdrawn (token_hash);

CREATE TABLE "publications" ("delivery_id" text not null primary key references "deliveries" ("id"),
  "token_hash" text not null,
  "expires_at" bigint not null,
  "codes_since" bigint not null,
  "tries_since" bigint not null,
  "codes_sent" integer not null,
  "tries" integer not null,
  "tenant" text default '' not null,
  "address" text default '' not null,
  "item_key" text default '' not null,
  "card" text default '' not null,
  "thread" text default '' not null,
  "demand" text default 'code' not null,
  "published_at" bigint default 0 not null,
  "passphrase" text,
  "calendar" text,
  "link" text default '' not null,
  "remind_at" bigint);

CREATE INDEX publications_by_address on publications (tenant, address, published_at);

CREATE INDEX publications_by_expiry on publications (expires_at);

CREATE INDEX publications_by_thread on publications (thread, tenant, address, published_at);

CREATE UNIQUE INDEX publications_by_token on publications (token_hash);

CREATE INDEX publications_to_remind on publications (remind_at) where remind_at is not null;

CREATE TABLE "revocation_lists" ("authority_id" text not null primary key,
  "der" text not null,
  "number" bigint not null,
  "this_update" bigint not null,
  "next_update" bigint not null,
  "renew_at" bigint not null);

CREATE TABLE "sts_policies" ("domain" text not null primary key,
  "id" text not null,
  "mode" text not null,
  "mx" text not null,
  "max_age" bigint not null,
  "fetched_at" bigint not null,
  "expires_at" bigint not null);

CREATE TABLE "threads" ("tenant" text not null,
  "hash" text not null,
  "strictness" integer not null,
  "seen_at" bigint not null, constraint "threads_key" primary key ("tenant",
  "hash"));

CREATE INDEX threads_by_age on threads (seen_at);

CREATE TABLE "tls_reports" ("day" text not null,
  "domain" text not null,
  "sent_at" bigint not null, constraint "tls_reports_key" primary key ("day",
  "domain"));

CREATE TABLE "tls_results" ("day" text not null,
  "domain" text not null,
  "policy" text not null,
  "result" text not null,
  "detail" text not null,
  "sessions" bigint not null, constraint "tls_results_key" primary key ("day",
  "domain",
  "policy",
  "result",
  "detail"));
