create table chunks (
  blob_id text collate "C" not null,
  frame integer not null,
  sealed bytea not null,
  PRIMARY KEY (blob_id, frame)
);

create table deliveries (
  id text collate "C" not null,
  message_id text collate "C" not null,
  recipient text collate "C" not null,
  destination text collate "C" not null,
  level text collate "C" not null,
  rules text collate "C" not null,
  because text collate "C" not null,
  steps text collate "C" not null,
  otherwise text collate "C" not null,
  subject text collate "C",
  state text collate "C" not null,
  status text collate "C" not null,
  reason text collate "C" not null,
  remote text collate "C",
  step integer not null,
  attempts integer not null,
  crashes integer not null,
  warned integer not null,
  needs_bytes integer not null,
  created_at bigint not null,
  next_at bigint not null,
  lease_until bigint not null,
  settled_at bigint,
  actions text collate "C" not null,
  priority integer not null,
  turn bigint not null,
  FOREIGN KEY (message_id) REFERENCES messages(id),
  PRIMARY KEY (id)
);

create table domains (
  domain text collate "C" not null,
  best_tls text collate "C",
  last_tls text collate "C",
  last_mx text collate "C",
  last_failure text collate "C",
  last_delivered_at bigint,
  delivered bigint not null,
  failed bigint not null,
  mailed_at bigint not null,
  checked_at bigint not null,
  downgraded_at bigint not null,
  check_at bigint,
  checked text collate "C",
  PRIMARY KEY (domain)
);

create table events (
  id text collate "C" not null,
  at bigint not null,
  kind text collate "C" not null,
  message text collate "C",
  delivery text collate "C",
  tenant text collate "C",
  detail text collate "C" not null,
  PRIMARY KEY (id)
);

create table key_lookups (
  address text collate "C" not null,
  source text collate "C" not null,
  outcome text collate "C" not null,
  said text collate "C" not null,
  at bigint not null,
  until bigint not null,
  PRIMARY KEY (address, source)
);

create table keys (
  id text collate "C" not null,
  kind text collate "C" not null,
  address text collate "C" not null,
  fingerprint text collate "C" not null,
  material text collate "C" not null,
  state text collate "C" not null,
  source text collate "C" not null,
  not_before bigint not null,
  not_after bigint,
  created_at bigint not null,
  issuers text collate "C" not null,
  found_where text collate "C" not null,
  trust text collate "C" not null,
  status text collate "C" not null,
  features text collate "C" not null,
  state_since bigint not null,
  checked_at bigint not null,
  last_used_at bigint,
  replaces text collate "C",
  PRIMARY KEY (id)
);

create table messages (
  id text collate "C" not null,
  tenant text collate "C" not null,
  kind text collate "C" not null,
  mail_from text collate "C" not null,
  recipients text collate "C" not null,
  message_id text collate "C" not null,
  spool_id text collate "C" not null,
  spool_key text collate "C" not null,
  smtp text collate "C" not null,
  state text collate "C" not null,
  bytes text collate "C" not null,
  size bigint not null,
  header_size bigint not null,
  received_at bigint not null,
  spool_size bigint not null,
  lease_until bigint not null,
  attempts integer not null,
  reason text collate "C" not null,
  policy_version text collate "C" not null,
  sealed_facts text collate "C" not null,
  about text collate "C",
  PRIMARY KEY (id)
);

create table migrations (
  name text collate "C" not null,
  applied_at bigint not null,
  PRIMARY KEY (name)
);

create table own_keys (
  id text collate "C" not null,
  tenant text collate "C" not null,
  kind text collate "C" not null,
  address text collate "C" not null,
  usage text collate "C" not null,
  origin text collate "C" not null,
  fingerprint text collate "C" not null,
  material text collate "C" not null,
  sealed text collate "C" not null,
  state text collate "C" not null,
  serial text collate "C",
  issuer_id text collate "C",
  wkd text collate "C",
  created_at bigint not null,
  not_before bigint not null,
  not_after bigint,
  revoked_at bigint,
  reason text collate "C",
  PRIMARY KEY (id)
);

create table portal_answers (
  id text collate "C" not null,
  tenant text collate "C" not null,
  address text collate "C" not null,
  author text collate "C" not null,
  delivery text collate "C",
  thread text collate "C" not null,
  state text collate "C" not null,
  content text collate "C" not null,
  created_at bigint not null,
  changed_at bigint not null,
  expires_at bigint not null,
  PRIMARY KEY (id)
);

create table portal_codes (
  session text collate "C" not null,
  delivery text collate "C" not null,
  code_hash text collate "C" not null,
  mail text collate "C" not null,
  sent_at bigint not null,
  expires_at bigint not null,
  tries integer not null,
  PRIMARY KEY (session, delivery)
);

create table portal_credentials (
  id text collate "C" not null,
  member text collate "C" not null,
  tenant text collate "C" not null,
  kind text collate "C" not null,
  lookup text collate "C" not null,
  secret text collate "C" not null,
  label text collate "C" not null,
  counter bigint not null,
  created_at bigint not null,
  last_used_at bigint,
  PRIMARY KEY (id)
);

create table portal_failures (
  what text collate "C" not null,
  since bigint not null,
  times integer not null,
  PRIMARY KEY (what)
);

create table portal_greetings (
  tenant text collate "C" not null,
  address text collate "C" not null,
  language text collate "C" not null,
  phrase text collate "C" not null,
  PRIMARY KEY (tenant, address)
);

create table portal_invitations (
  member text collate "C" not null,
  tenant text collate "C" not null,
  address text collate "C" not null,
  owner text collate "C" not null,
  name text collate "C" not null,
  until bigint not null,
  PRIMARY KEY (member)
);

create table portal_long_codes (
  tenant text collate "C" not null,
  address text collate "C" not null,
  code_hash text collate "C" not null,
  mail text collate "C" not null,
  sent_at bigint not null,
  expires_at bigint not null,
  PRIMARY KEY (tenant, address)
);

create table portal_member_addresses (
  tenant text collate "C" not null,
  address text collate "C" not null,
  member text collate "C" not null,
  role text collate "C" not null,
  joined_at bigint not null,
  PRIMARY KEY (tenant, address, member)
);

create table portal_members (
  id text collate "C" not null,
  tenant text collate "C" not null,
  name text collate "C" not null,
  created_at bigint not null,
  PRIMARY KEY (id)
);

create table portal_news (
  id text collate "C" not null,
  delivery text collate "C" not null,
  event text collate "C" not null,
  tenant text collate "C" not null,
  sender text collate "C" not null,
  at bigint not null,
  due_at bigint not null,
  PRIMARY KEY (id)
);

create table portal_outbox (
  id text collate "C" not null,
  spool_id text collate "C" not null,
  message text collate "C" not null,
  created_at bigint not null,
  PRIMARY KEY (id)
);

create table portal_pieces (
  upload text collate "C" not null,
  spool_id text collate "C" not null,
  spool_key text collate "C" not null,
  start bigint not null,
  spool_size bigint not null,
  PRIMARY KEY (upload, start)
);

create table portal_proofs (
  session text collate "C" not null,
  method text collate "C" not null,
  tenant text collate "C" not null,
  address text collate "C" not null,
  member text collate "C" not null,
  delivery text collate "C" not null,
  at bigint not null,
  PRIMARY KEY (session, method, tenant, address, member, delivery)
);

create table portal_requests (
  id text collate "C" not null,
  tenant text collate "C" not null,
  address text collate "C" not null,
  delivery text collate "C" not null,
  colleague text collate "C" not null,
  asked_by text collate "C" not null,
  state text collate "C" not null,
  token_hash text collate "C" not null,
  asked_at bigint not null,
  PRIMARY KEY (id)
);

create table portal_seals (
  name text collate "C" not null,
  sealed text collate "C" not null,
  PRIMARY KEY (name)
);

create table portal_sender_codes (
  session text collate "C" not null,
  message text collate "C" not null,
  code_hash text collate "C" not null,
  mail text collate "C" not null,
  sent_at bigint not null,
  expires_at bigint not null,
  tries integer not null,
  PRIMARY KEY (session, message)
);

create table portal_sessions (
  id text collate "C" not null,
  secret_hash text collate "C" not null,
  agent text collate "C" not null,
  created_at bigint not null,
  seen_at bigint not null,
  ends_at bigint not null,
  PRIMARY KEY (id)
);

create table portal_uploads (
  id text collate "C" not null,
  answer text collate "C" not null,
  about text collate "C" not null,
  size bigint,
  stored bigint not null,
  PRIMARY KEY (id)
);

create table portal_withdrawn (
  delivery text collate "C" not null,
  token_hash text collate "C" not null,
  tenant text collate "C" not null,
  address text collate "C" not null,
  expires_at bigint not null,
  PRIMARY KEY (delivery)
);

create table publications (
  delivery_id text collate "C" not null,
  token_hash text collate "C" not null,
  expires_at bigint not null,
  codes_since bigint not null,
  tries_since bigint not null,
  codes_sent integer not null,
  tries integer not null,
  tenant text collate "C" not null,
  address text collate "C" not null,
  item_key text collate "C" not null,
  card text collate "C" not null,
  thread text collate "C" not null,
  demand text collate "C" not null,
  published_at bigint not null,
  passphrase text collate "C",
  calendar text collate "C",
  link text collate "C" not null,
  remind_at bigint,
  FOREIGN KEY (delivery_id) REFERENCES deliveries(id),
  PRIMARY KEY (delivery_id)
);

create table revocation_lists (
  authority_id text collate "C" not null,
  der text collate "C" not null,
  number bigint not null,
  this_update bigint not null,
  next_update bigint not null,
  renew_at bigint not null,
  PRIMARY KEY (authority_id)
);

create table sts_policies (
  domain text collate "C" not null,
  id text collate "C" not null,
  mode text collate "C" not null,
  mx text collate "C" not null,
  max_age bigint not null,
  fetched_at bigint not null,
  expires_at bigint not null,
  PRIMARY KEY (domain)
);

create table threads (
  tenant text collate "C" not null,
  hash text collate "C" not null,
  strictness integer not null,
  seen_at bigint not null,
  PRIMARY KEY (tenant, hash)
);

create table tls_reports (
  day text collate "C" not null,
  domain text collate "C" not null,
  sent_at bigint not null,
  PRIMARY KEY (day, domain)
);

create table tls_results (
  day text collate "C" not null,
  domain text collate "C" not null,
  policy text collate "C" not null,
  result text collate "C" not null,
  detail text collate "C" not null,
  sessions bigint not null,
  PRIMARY KEY (day, domain, policy, result, detail)
);

CREATE INDEX chunks_first ON chunks USING btree (blob_id) WHERE (frame = 0);

CREATE INDEX deliveries_by_message ON deliveries USING btree (message_id);

CREATE INDEX deliveries_due ON deliveries USING btree (next_at) WHERE (state = 'deferred'::text);

CREATE INDEX deliveries_ended ON deliveries USING btree (state) WHERE (needs_bytes = 0);

CREATE INDEX deliveries_leased ON deliveries USING btree (lease_until) WHERE (state = 'sending'::text);

CREATE INDEX deliveries_open ON deliveries USING btree (message_id, id) WHERE (needs_bytes = 1);

CREATE INDEX deliveries_ready ON deliveries USING btree (destination, turn, message_id, id) WHERE (state = 'queued'::text);

CREATE INDEX deliveries_urgent ON deliveries USING btree (destination, turn, message_id, id) WHERE ((state = 'queued'::text) AND (priority < 4));

CREATE INDEX domains_by_mail ON domains USING btree (mailed_at);

CREATE INDEX domains_to_check ON domains USING btree (check_at) WHERE (check_at IS NOT NULL);

CREATE INDEX events_by_message ON events USING btree (message) WHERE (message IS NOT NULL);

CREATE INDEX key_lookups_by_end ON key_lookups USING btree (until);

CREATE UNIQUE INDEX keys_by_address ON keys USING btree (address, kind, fingerprint);

CREATE INDEX keys_pending ON keys USING btree (id) WHERE (state = 'pending'::text);

CREATE INDEX messages_by_message_id ON messages USING btree (message_id);

CREATE INDEX messages_by_spool_id ON messages USING btree (spool_id) WHERE (bytes <> 'gone'::text);

CREATE INDEX messages_free ON messages USING btree (id) WHERE (bytes = 'free'::text);

CREATE INDEX messages_held ON messages USING btree (id) WHERE (state = 'held'::text);

CREATE INDEX messages_kept ON messages USING btree (tenant, id, received_at) WHERE (sealed_facts <> ''::text);

CREATE INDEX messages_kept_by_age ON messages USING btree (received_at) WHERE (sealed_facts <> ''::text);

CREATE INDEX messages_leased ON messages USING btree (lease_until) WHERE (state = 'deciding'::text);

CREATE INDEX messages_received ON messages USING btree (id) WHERE (state = 'received'::text);

CREATE UNIQUE INDEX own_keys_active ON own_keys USING btree (tenant, address, kind, usage) WHERE (state = 'active'::text);

CREATE INDEX own_keys_by_wkd ON own_keys USING btree (wkd) WHERE (wkd IS NOT NULL);

CREATE UNIQUE INDEX own_keys_once ON own_keys USING btree (tenant, address, kind, fingerprint);

CREATE INDEX own_keys_revoked ON own_keys USING btree (issuer_id) WHERE (state = 'revoked'::text);

CREATE INDEX portal_answers_by_address ON portal_answers USING btree (tenant, address, thread);

CREATE INDEX portal_answers_by_delivery ON portal_answers USING btree (delivery) WHERE (delivery IS NOT NULL);

CREATE INDEX portal_answers_by_expiry ON portal_answers USING btree (expires_at);

CREATE INDEX portal_codes_by_delivery ON portal_codes USING btree (delivery);

CREATE INDEX portal_codes_by_end ON portal_codes USING btree (expires_at);

CREATE UNIQUE INDEX portal_credentials_by_lookup ON portal_credentials USING btree (kind, lookup) WHERE (lookup <> ''::text);

CREATE INDEX portal_credentials_by_member ON portal_credentials USING btree (member);

CREATE INDEX portal_failures_by_age ON portal_failures USING btree (since);

CREATE INDEX portal_invitations_by_address ON portal_invitations USING btree (tenant, address);

CREATE INDEX portal_member_addresses_by_member ON portal_member_addresses USING btree (member);

CREATE INDEX portal_news_by_sender ON portal_news USING btree (tenant, sender) WHERE (sender <> ''::text);

CREATE INDEX portal_news_due ON portal_news USING btree (due_at, id);

CREATE INDEX portal_outbox_by_blob ON portal_outbox USING btree (spool_id);

CREATE INDEX portal_pieces_by_blob ON portal_pieces USING btree (spool_id);

CREATE INDEX portal_proofs_by_address ON portal_proofs USING btree (tenant, address) WHERE (address <> ''::text);

CREATE INDEX portal_proofs_by_member ON portal_proofs USING btree (member) WHERE (member <> ''::text);

CREATE UNIQUE INDEX portal_requests_by_token ON portal_requests USING btree (token_hash);

CREATE UNIQUE INDEX portal_requests_once ON portal_requests USING btree (delivery, colleague);

CREATE INDEX portal_sender_codes_by_end ON portal_sender_codes USING btree (expires_at);

CREATE INDEX portal_sessions_by_end ON portal_sessions USING btree (ends_at);

CREATE UNIQUE INDEX portal_sessions_by_secret ON portal_sessions USING btree (secret_hash);

CREATE INDEX portal_uploads_by_answer ON portal_uploads USING btree (answer);

CREATE INDEX portal_withdrawn_by_end ON portal_withdrawn USING btree (expires_at);

CREATE UNIQUE INDEX portal_withdrawn_by_token ON portal_withdrawn USING btree (token_hash);

CREATE INDEX publications_by_address ON publications USING btree (tenant, address, published_at);

CREATE INDEX publications_by_expiry ON publications USING btree (expires_at);

CREATE INDEX publications_by_thread ON publications USING btree (thread, tenant, address, published_at);

CREATE UNIQUE INDEX publications_by_token ON publications USING btree (token_hash);

CREATE INDEX publications_to_remind ON publications USING btree (remind_at) WHERE (remind_at IS NOT NULL);

CREATE INDEX threads_by_age ON threads USING btree (seen_at);
