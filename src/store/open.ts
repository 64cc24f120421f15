/** Opens the database that the configuration names, brings its schema up to date, and hands out the Store that everybody else knows. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Kysely } from 'kysely';
import type { ChunkStore } from '../spool/database.ts';
import { createAnswerStore } from './answers.ts';
import { createChunkStore } from './chunks.ts';
import { claimDeliveries, extendLease, newRound, promote, recover } from './claim.ts';
import { postgresTraits, sqliteTraits } from './dialect.ts';
import { claimCheck, countChecks, keepCheck } from './domain-checks.ts';
import { DomainNotes } from './domains.ts';
import { listEvents } from './events.ts';
import { createGreetingStore } from './greetings.ts';
import { forgetOld, keptMessages } from './history.ts';
import { createKeyStore } from './keys.ts';
import * as messages from './messages.ts';
import { migrate } from './migrations.ts';
import { createNewsStore } from './news.ts';
import { createOwnKeyStore } from './own-keys.ts';
import { createPortalStore } from './portal.ts';
import { createPortalSeal } from './portal-seal.ts';
import { postgresDialect } from './postgres.ts';
import { createPublications } from './publications.ts';
import { countByState, findMessages, listQueue, queueAction } from './queue.ts';
import type { Tables } from './schema.ts';
import { createSenderStore } from './senders.ts';
import { settle } from './settle.ts';
import { sqliteDialect } from './sqlite.ts';
import type { Store } from './store.ts';
import { findSts, keepSts } from './sts.ts';
import { threadLevel } from './threads.ts';
import { TlsResults } from './tls-results.ts';
import { Database } from './transaction.ts';

/**
 * @param database 'sqlite' (a file in `folder`, made if it does not exist) or a postgres:// URL.
 * Rejects with StoreBusy or StoreDown when it cannot be reached now, and with an Error when its schema is newer than this program.
 */
export async function openStore(options: {
  readonly database: string;
  readonly folder: string;
}): Promise<{ store: Store; chunks: ChunkStore }> {
  const database = await connect(options.database, options.folder);
  try {
    await migrate(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return { store: createStore(database), chunks: createChunkStore(database) };
}

/** The database itself, without its schema: for openStore and for tests of what lies below it. */
export async function connect(database: string, folder: string): Promise<Database> {
  if (database !== 'sqlite')
    return new Database(new Kysely<Tables>({ dialect: postgresDialect(database) }), postgresTraits);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return new Database(new Kysely<Tables>({ dialect: sqliteDialect(join(folder, 'postern.sqlite')) }), sqliteTraits);
}

function createStore(database: Database): Store {
  const round = newRound();
  const domains = new DomainNotes(database);
  const tls = new TlsResults(database);
  const { flush: writeKeyUses, ...keys } = createKeyStore(database);
  return {
    ...keys,
    insertMessages: (rows, events) => messages.insertMessages(database, rows, events),
    claimMessages: (limit, leaseUntil) => messages.claimMessages(database, limit, leaseUntil),
    decided: (decisions) => messages.decided(database, decisions),
    holdMessage: (id, reason, events) => messages.holdMessage(database, id, reason, events),
    finishedMessages: (limit) => messages.finishedMessages(database, limit),
    forgetBytes: (ids) => messages.forgetBytes(database, ids),
    knownSpoolIds: (ids) => messages.knownSpoolIds(database, ids),
    messageFacts: (id) => messages.messageFacts(database, id),
    claimDeliveries: (limit, leaseUntil, perDestination) =>
      claimDeliveries(database, round, limit, leaseUntil, perDestination),
    promote: (now) => promote(database, now),
    recover: () => recover(database),
    extendLease: (ids, leaseUntil) => extendLease(database, ids, leaseUntil),
    settle: (settlements, rows, events) => settle(database, settlements, rows, events),
    findMessages: (id) => findMessages(database, id),
    threadLevel: (tenant, hashes) => threadLevel(database, tenant, hashes),
    keptMessages: (query) => keptMessages(database, query),
    forgetOld: (before, limit) => forgetOld(database, before, limit),
    listQueue: (limit) => listQueue(database, limit),
    queueAction: (id, action, now, more) => queueAction(database, id, action, now, more),
    countByState: () => countByState(database),
    listEvents: (id) => listEvents(database, id),
    noteDomain: async (domain, seen) => domains.note(domain, seen),
    listDomains: () => domains.list(),
    domainLevels: (since) => domains.levels(since),
    forgetDomain: (domain, now) => domains.forget(domain, now),
    domainDowngraded: (domain, at, events) => domains.downgraded(domain, at, events),
    countChecks: () => countChecks(database),
    claimCheck: (at) => claimCheck(database, at),
    keepCheck: (domain, now, checked, events) => keepCheck(database, domain, now, checked, events),
    findSts: (domain) => findSts(database, domain),
    keepSts: (kept) => keepSts(database, kept),
    noteTlsSession: (session, at) => tls.note(session, at),
    unreportedTls: (day) => tls.unreported(day),
    claimTlsReport: (day, domain, at) => tls.claim(day, domain, at),
    forgetTls: (day) => tls.forget(day),
    ownKeys: createOwnKeyStore(database),
    portal: createPortalStore(database),
    portalSeal: createPortalSeal(database),
    answers: createAnswerStore(database),
    publications: createPublications(database),
    senders: createSenderStore(database),
    news: createNewsStore(database),
    greetings: createGreetingStore(database),
    async close() {
      // A count that cannot be written now is not worth staying open for.
      await domains.write().catch(() => {});
      await tls.write().catch(() => {});
      await writeKeyUses().catch(() => {});
      await database.close();
    },
  };
}
