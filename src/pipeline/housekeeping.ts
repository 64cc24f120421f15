/**
 * Housekeeping: what grows old comes to its end. In turns: what waited in the portal too long expires and its sender is told, drafts and answers
 * there end, bytes that no delivery needs any more are deleted, readers are reminded (reminders.ts) and senders hear what happened (receipts.ts), facts,
 * threads and histories are forgotten as `retention` says. Now and then the spool is swept of blobs that no row names.
 *
 * Everything can be done again, so a turn that fails is followed by the next.
 */
import type { Event } from '../event/event.ts';
import type { Spool } from '../spool/spool.ts';
import type { DeliveryRow, Store } from '../store/store.ts';
import { failureNotices, type NoticePorts } from './notices.ts';
import { tellSenders } from './receipts.ts';
import { remind } from './reminders.ts';

type Ports = {
  readonly store: Store;
  readonly spool: Pick<Spool, 'remove' | 'sweep'>;
  readonly attempt: NoticePorts & { readonly store: Pick<Store, 'findMessages'> };
  readonly emit: (event: Event) => void;
  readonly now: () => number;
};

const finishedAtOnce = 500;
/** Rows of a kind in one turn, so that a day's mail that grows old at once delays nothing. */
const forgetAtOnce = 500;
/** Milliseconds that a look-up for keys whose time is over is kept, for whoever asks what was found where. */
const lookupsKept = 30 * 86_400_000;
/** Milliseconds until the next look when nothing was left to forget. */
const forgetEvery = 10 * 60_000;
/** A blob younger than this, milliseconds, may wait for its row. */
const youngBlob = 60 * 60_000;

/** `turn` for every few seconds (one at a time: others return at once), `sweep` for every hour. */
export function createHousekeeping(ports: Ports): { turn(): Promise<void>; sweep(): Promise<void> } {
  let busy = false;
  let forgetAt = 0;
  return {
    turn: async () => {
      if (busy) return;
      busy = true;
      try {
        await expire(ports);
        await forgetFinished(ports);
        await forgetAnswers(ports);
        await writeLetters(ports);
        if (ports.now() >= forgetAt && (await forgetOld(ports)) === 0) forgetAt = ports.now() + forgetEvery;
      } finally {
        busy = false;
      }
    },
    sweep: async () => {
      await ports.spool.sweep((ids) => ports.store.knownSpoolIds(ids), ports.now() - youngBlob);
    },
  };
}

/** Senders are told before the wait ends: a crash in between tells them twice, not never. */
async function expire({ store, attempt, emit, now }: Ports): Promise<void> {
  const at = now();
  const due = await store.publications.unfetched(at);
  const notices = await failureNotices(due, attempt);
  if (notices.length > 0) await store.insertMessages(notices, []);
  await store.publications.expire(at, expiredEvent);
  for (const delivery of due) emit(expiredEvent(delivery));
}

function expiredEvent({ id, messageId, recipient }: DeliveryRow): Event {
  return { kind: 'delivery.expired', message: messageId, delivery: id, recipient };
}

async function writeLetters({ store, attempt, emit, now }: Ports): Promise<void> {
  const { config, own, spool } = attempt;
  const ports = { config, own, spool, store, emit, now };
  while (await remind(ports));
  while (await tellSenders(ports));
}

async function forgetFinished({ store, spool }: Ports): Promise<void> {
  for (;;) {
    const finished = await store.finishedMessages(finishedAtOnce);
    if (finished.length === 0) return;
    // Forgetting the key first: from then on the bytes are noise, whatever becomes of the file.
    await store.forgetBytes(finished.map((message) => message.id));
    for (const message of finished) await spool.remove(message.spool.id);
  }
}

/** Drafts and sent answers whose time in the portal is over. A blob that is left over by a crash the sweep removes. */
async function forgetAnswers({ store, spool, now }: Ports): Promise<void> {
  for (const blob of await store.answers.expire(now(), forgetAtOnce)) await spool.remove(blob);
}

async function forgetOld({ store, attempt, now }: Ports): Promise<number> {
  const { facts, threads, history } = attempt.config.retention;
  const at = now();
  const before = { factsBefore: at - facts, threadsBefore: at - threads, historyBefore: at - history };
  return (await store.forgetOld(before, forgetAtOnce)) + (await store.forgetLookups(at - lookupsKept, forgetAtOnce));
}
