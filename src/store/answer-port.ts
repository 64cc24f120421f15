/**
 * What people write in the portal, as the database keeps it (`AnswerStore`): drafts, the files that belong to them, and what was sent, for who sent it to
 * look at again. All that is content is sealed for the portal by the caller.
 *
 * A file comes in as pieces, each a blob of its own, so that what has arrived is safe and an upload can go on where it was. Times are epoch milliseconds.
 */
import type { Event } from '../event/event.ts';
import type { DeliveryState } from '../plan/delivery.ts';
import type { Proof } from '../policy/verdict.ts';
import type { SpoolRef } from '../spool/spool.ts';
import type { PortalAddress } from './portal-port.ts';
import type { NewMessage } from './store.ts';

export type AnswerRow = PortalAddress & {
  /** Once sent, the message in the queue has the same id. */
  readonly id: string;
  /** The member who writes; empty for whoever reads the mailbox. */
  readonly author: string;
  /** What it answers; null for a new message. */
  readonly delivery: string | null;
  /** The conversation it belongs to, as in PortalRow. */
  readonly thread: string;
  readonly state: 'draft' | 'sent';
  /** Recipients, subject and text (web/drafts.ts), sealed. */
  readonly content: string;
  readonly createdAt: number;
  /** When it was last written to; for a sent one, when it was sent. */
  readonly changedAt: number;
  /** Then it is deleted, with its files. */
  readonly expiresAt: number;
};

/** A file of an answer. */
export type UploadRow = {
  readonly id: string;
  readonly answer: string;
  /** Name and type, sealed. */
  readonly about: string;
  /** Octets of the whole file; null while it comes in with a form, which does not say. */
  readonly size: number | null;
  /** Octets that have arrived; the file is complete when that is all. */
  readonly stored: number;
};

/** Consecutive octets of a file, from `start`; wrapped for the portal. */
export type PieceRow = { readonly start: number; readonly spool: SpoolRef };

/** What became of the message for one of its recipients. */
export type AnswerProgress = { readonly recipient: string; readonly state: DeliveryState | 'received' };

export type AnswerStore = {
  /** A fresh draft, unless the address has `most` of them: then false. */
  begin(draft: Omit<AnswerRow, 'state' | 'changedAt'>, most: number): Promise<boolean>;
  /** Null when unknown or expired. */
  find(id: string, now: number): Promise<AnswerRow | null>;
  /** Drafts of these addresses, newest first. */
  drafts(addresses: readonly PortalAddress[], now: number): Promise<AnswerRow[]>;
  /** What was sent in a conversation, oldest first. */
  sent(of: PortalAddress & { readonly thread: string }, now: number): Promise<AnswerRow[]>;
  /** Keeps what was typed; false when it is not a draft any more. */
  save(id: string, content: string, at: { readonly now: number; readonly expiresAt: number }): Promise<boolean>;
  /** Deletes a draft with its files, and names the blobs that nobody needs now. */
  discard(id: string): Promise<string[]>;

  /**
   * Begins a file. `full` when the draft, or all drafts of its address together, would hold more octets than they may; `gone` when there is no such
   * draft. A file of unknown size is begun while there is any room.
   */
  beginUpload(
    upload: Omit<UploadRow, 'stored'>,
    limits: { readonly draft: number; readonly address: number; readonly files: number },
    now: number,
  ): Promise<'begun' | 'full' | 'gone'>;
  uploads(answer: string): Promise<UploadRow[]>;
  upload(id: string): Promise<UploadRow | null>;
  /**
   * Adds octets behind those that have arrived. `elsewhere` when as many had not arrived, or they would be more than the file has (somebody else was
   * quicker, or the sender lost count); `gone` when there is no such file in a draft.
   */
  addPiece(upload: string, piece: PieceRow): Promise<'added' | 'elsewhere' | 'gone'>;
  /** A file of unknown size is complete with what has arrived. */
  endUpload(id: string): Promise<void>;
  removeUpload(answer: string, id: string): Promise<string[]>;
  pieces(upload: string): Promise<PieceRow[]>;

  /**
   * draft -> sent, with the message handed to the work role, in one transaction; false when it is no draft any more or its files have changed
   * (`files`: how many octets each has), and then nothing happened.
   */
  send(
    id: string,
    sending: {
      readonly message: NewMessage;
      readonly content: string;
      readonly thread: string;
      readonly files: ReadonlyMap<string, number>;
      readonly now: number;
      readonly expiresAt: number;
      readonly events: readonly Event[];
    },
  ): Promise<boolean>;
  /** What became of messages of the portal's, by their ids; nothing for one that is not known any more. */
  progress(ids: readonly string[]): Promise<ReadonlyMap<string, readonly AnswerProgress[]>>;
  /** Who may read a message in the portal besides, by the id of the message: addresses, and what each must prove. */
  audience(messageId: string, now: number): Promise<{ readonly address: string; readonly demand: Proof }[]>;
  /** The addresses of a tenant's people whose messages wait for, or were opened at, an address. */
  writersTo(of: PortalAddress, now: number): Promise<string[]>;
  /** Deletes what is over, at most `limit` answers, and names the blobs that nobody needs now. */
  expire(now: number, limit: number): Promise<string[]>;
};
