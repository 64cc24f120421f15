/**
 * Accept: bytes and rows on stable storage, then 250 and not before (promise 1 of the design).
 *
 * The listener streams the octets into `begin()`'s writer; `commit()` seals the blob (fsync of file and directory) and joins the group commit
 * that writes the message's row and its event in one transaction. Messages of our own (DSN, notification, code) take the same way: `own()` stores
 * their octets, and their row is written by whoever settles the delivery that caused them, or by `submit()` alone.
 *
 * A fault of ours becomes a 4xx reply, never a 5xx. When the transaction's fate is unknown the blob stays: if the row is there it is
 * needed, if not the sweep removes it.
 */
import type { Event } from '../event/event.ts';
import type { AcceptPort, AcceptReply, Submission } from '../ingress/listener.ts';
import { parseHeader, valuesOf } from '../mail/header.ts';
import { type Spool, SpoolFull, type SpoolWriter } from '../spool/spool.ts';
import {
  type MessageKind,
  type NewMessage,
  type SmtpOptions,
  type Store,
  StoreBusy,
  StoreDown,
} from '../store/store.ts';
import { createBatch } from './batch.ts';

export type Accept = AcceptPort & {
  /** Stores a message of our own; the caller writes the row (`store.settle`, or `submit`). */
  readonly own: (message: OwnMessage) => Promise<NewMessage>;
  /** Stores a message of our own with its row. */
  readonly submit: (message: OwnMessage) => Promise<void>;
};

export type OwnMessage = {
  readonly tenant: string;
  readonly kind: Exclude<MessageKind, 'submitted' | 'inbound'>;
  /** Reverse-path; empty for null. */
  readonly mailFrom: string;
  readonly to: string;
  readonly bytes: Buffer;
  /** The delivery that a notification announces. */
  readonly about?: string;
  /** Held to REQUIRETLS, like the message it reports on. */
  readonly requireTls?: boolean;
};

type Ports = {
  readonly spool: Spool;
  readonly store: Pick<Store, 'insertMessages'>;
  readonly emit: (event: Event) => void;
  /** Called after a commit, so that the runner need not wait for its next look. */
  readonly wake: () => void;
  readonly now?: () => number;
};

export function createAccept(ports: Ports): Accept {
  const now = ports.now ?? Date.now;
  const insert = createBatch<{ message: NewMessage; event: Event }>((items) =>
    ports.store.insertMessages(
      items.map((item) => item.message),
      items.map((item) => item.event),
    ),
  );

  const own = async (message: OwnMessage): Promise<NewMessage> => {
    const writer = await ports.spool.create();
    const spool = await writer.write(message.bytes).then(() => committed(writer));
    return ownRow(message, spool, now());
  };

  return {
    begin: () => ports.spool.create(),

    commit: async (writer: SpoolWriter, submission: Submission): Promise<AcceptReply> => {
      try {
        const spool = await committed(writer);
        const message: NewMessage = { ...submission.message, size: spool.size, spool };
        const event = acceptedEvent(message, submission.client);
        await insert({ message, event });
        ports.emit(event);
        ports.wake();
        return { kind: 'accepted' };
      } catch (error) {
        return replyToFault(error, ports.emit);
      }
    },

    own,

    submit: async (ownMessage) => {
      const message = await own(ownMessage);
      const event = acceptedEvent(message, 'postern');
      await insert({ message, event });
      ports.emit(event);
      ports.wake();
    },
  };
}

/** The blob made durable. Without room for it nothing of it stays; once its row may have been written it must stay, whatever happens. */
async function committed(writer: SpoolWriter): Promise<NewMessage['spool']> {
  try {
    return await writer.commit();
  } catch (error) {
    await writer.abort().catch(() => {});
    throw error;
  }
}

/** What a client hears when we, not its message, are the trouble. Anything unforeseen is a bug of ours: 451 too, and it is logged. */
function replyToFault(error: unknown, emit: (event: Event) => void): AcceptReply {
  if (error instanceof SpoolFull) {
    emit({ kind: 'service.failed', component: 'spool', error: 'no room left for messages' });
    return { kind: 'refused', code: 452, status: '4.3.1', text: 'Insufficient system storage, try again later' };
  }
  const known = error instanceof StoreBusy || error instanceof StoreDown;
  emit({ kind: 'service.failed', component: known ? 'store' : 'accept', error: describe(error) });
  return { kind: 'refused', code: 451, status: '4.3.0', text: 'Temporary failure here, try again later' };
}

/** Name and message of an error, for a log line; our errors carry no content. */
export function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error';
}

export function acceptedEvent(message: NewMessage, client: string): Event {
  return {
    kind: 'message.accepted',
    tenant: message.tenant,
    message: message.id,
    from: message.mailFrom,
    size: message.size,
    recipients: message.recipients.length,
    client,
  };
}

export function ownRow(own: OwnMessage, spool: NewMessage['spool'], receivedAt: number): NewMessage {
  const headerSize = own.bytes.indexOf('\r\n\r\n') + 4;
  const smtp: SmtpOptions = {
    eightBit: false,
    utf8: !isAscii(own.to) || !isAscii(own.mailFrom),
    ret: null,
    envid: null,
    dsn: {},
    ...(own.requireTls === true ? { requireTls: true } : {}),
  };
  return {
    id: spool.id,
    tenant: own.tenant,
    kind: own.kind,
    mailFrom: own.mailFrom,
    recipients: [own.to],
    messageId: valuesOf(parseHeader(own.bytes.subarray(0, headerSize)), 'message-id')[0] ?? '',
    size: spool.size,
    headerSize,
    receivedAt,
    spool,
    smtp,
    ...(own.about === undefined ? {} : { about: own.about }),
  };
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}
