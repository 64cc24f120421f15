/**
 * Mail that the portal writes: codes, and what people answer. The portal may not write to the queue, nor can it, without the master key: it seals the octets
 * for its own key and leaves them in an outbox; the work role takes them from there, wraps their keys for the spool and makes messages of them.
 *
 * `createPortalOutbox` is the portal's side, `createIntake` the work role's. What is in the outbox is kept, like what is in the queue.
 */
import type { Event } from '../event/event.ts';
import { forSpool, type ItemSpool } from '../spool/items.ts';
import type { PortalStore, Publications } from '../store/portal-port.ts';
import type { NewMessage } from '../store/store.ts';
import { acceptedEvent, type OwnMessage, ownRow } from './accept.ts';

/** Messages taken in one step. */
const atOnce = 100;
/** Milliseconds between two looks for what another process left; what this one leaves is taken at once. */
const lookEvery = 500;

export type PortalMessage = OwnMessage & { readonly id: string };

/** Keeps a message of the portal's making; resolves when it is on stable storage. */
export function createPortalOutbox(ports: {
  readonly store: Pick<PortalStore, 'submit'>;
  readonly items: Pick<ItemSpool, 'create'>;
  readonly now: () => number;
  /** Called after, so that an intake in this process need not wait for its next look. */
  readonly wake: () => void;
}): (message: PortalMessage) => Promise<void> {
  return async (message) => {
    const writer = await ports.items.create();
    try {
      await writer.write(message.bytes);
      const spool = await writer.commit();
      await ports.store.submit({ ...ownRow(message, spool, ports.now()), id: message.id }, ports.now());
    } catch (error) {
      await writer.abort().catch(() => {});
      throw error;
    }
    ports.wake();
  };
}

export type Intake = { wake(): void; stop(): Promise<void> };

/** Takes what the portal left, now and whenever there is more, until stopped. */
export function createIntake(ports: {
  readonly store: Publications;
  readonly keys: { readonly master: Buffer; readonly portal: Buffer };
  readonly emit: (event: Event) => void;
  /** Called when there are new messages to decide. */
  readonly wake: () => void;
}): Intake {
  let running: Promise<void> | null = null;
  let again = false;
  let failing = false;
  const take = async (): Promise<void> => {
    do {
      again = false;
      const left = await ports.store.submitted(atOnce);
      if (left.length === 0) continue;
      const messages = left.map((message) => ({ ...message, spool: forSpool(ports.keys, message.spool) }));
      const taken = await ports.store.admit(messages, eventsOf);
      for (const event of taken.flatMap(eventsOf)) ports.emit(event);
      if (taken.length > 0) ports.wake();
      again ||= left.length === atOnce;
    } while (again);
  };
  const look = (): void => {
    if (running !== null) {
      again = true;
      return;
    }
    running = take()
      .then(() => {
        failing = false;
      })
      .catch((error: unknown) => {
        // Said once: it is tried again twice a second.
        if (!failing) ports.emit({ kind: 'service.failed', component: 'portal outbox', error: nameOf(error) });
        failing = true;
      })
      .finally(() => {
        running = null;
      });
  };
  const timer = setInterval(look, lookEvery);
  look();
  return {
    wake: look,
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

function eventsOf(message: NewMessage): Event[] {
  return [acceptedEvent(message, 'portal')];
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown error';
}
