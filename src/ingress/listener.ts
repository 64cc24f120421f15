import type { Config, Tenant } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import type { SpoolWriter } from '../spool/spool.ts';
import type { NewMessage } from '../store/store.ts';

/** Everything of the message but where its bytes lie, which commit() learns from the writer. */
export type Submission = Omit<NewMessage, 'spool' | 'size'> & {
  /** The client's address, for the event. */
  readonly client: string;
};

export type AcceptReply =
  | { readonly kind: 'accepted' }
  /** `code` is 4xx for our own faults. `text` is one line without codes. */
  | { readonly kind: 'refused'; readonly code: number; readonly status: string; readonly text: string };

/** What the listener needs of the pipeline. */
export type AcceptPort = {
  /** Opens the bytes' place. May reject with SpoolFull (452 4.3.1); any other rejection is answered 451 4.3.0. */
  begin(): Promise<SpoolWriter>;
  /** Makes bytes and rows durable. From here on the writer is the port's, also to abort. Rejections are answered as in begin(). */
  commit(writer: SpoolWriter, message: Submission): Promise<AcceptReply>;
};

export type Listener = {
  /** Listens on every configured address; resolves with "host:port" as bound. */
  listen(): Promise<string[]>;
  /** Stops listening, lets messages in transfer finish, closes every connection. */
  close(): Promise<void>;
};

export declare function createListener(options: {
  readonly config: Pick<Config, 'hostname' | 'smtp'>;
  readonly tenants: readonly Tenant[];
  /** From traceKeyFrom() (mail/trace.ts). */
  readonly traceKey: Uint8Array;
  readonly accept: AcceptPort;
  readonly emit: (event: Event) => void;
}): Listener;
