/**
 * One message on its way from DATA to the spool: line ends made CRLF (mail/line-ends.ts), the header block gathered and judged
 * (admit.ts), then everything written as it comes. Nothing is opened in the spool before the message has a tenant, and never more than
 * the header block is in memory.
 *
 * Whatever happens ends as a reply. Once a message is refused the rest of it is read and thrown away, because SMTP has no
 * answer before the end. Faults of ours are 4xx. The entries are write(), end() and abort() of an Intake.
 */
import type { Event } from '../event/event.ts';
import { LineEnds } from '../mail/line-ends.ts';
import type { Reception } from '../mail/trace.ts';
import { SpoolFull, type SpoolWriter } from '../spool/spool.ts';
import type { NewMessage, SmtpOptions } from '../store/store.ts';
import { admit, type Gate, type Reply } from './admit.ts';

/** Everything of the message but where its bytes lie, which the port learns from the writer. */
export type Submission = {
  readonly message: Omit<NewMessage, 'spool' | 'size'>;
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
  commit(writer: SpoolWriter, submission: Submission): Promise<AcceptReply>;
};

export type Desk = {
  readonly gate: Gate;
  readonly accept: AcceptPort;
  readonly emit: (event: Event) => void;
  readonly maxMessageBytes: number;
  readonly headerOctets: number;
};

/** The transaction as MAIL and RCPT left it. */
export type Transaction = {
  readonly reception: Reception;
  readonly mailFrom: string;
  /** Canonical, each once. */
  readonly recipients: readonly string[];
  readonly smtp: SmtpOptions;
};

type Admitted = {
  readonly tenant: string;
  readonly kind: 'submitted' | 'inbound';
  readonly messageId: string;
  readonly headerSize: number;
  readonly writer: SpoolWriter;
};

export class Intake {
  readonly #desk: Desk;
  readonly #transaction: Transaction;
  readonly #lineEnds = new LineEnds();
  /** Null once the header block is complete. */
  #header: HeaderBlock | null = new HeaderBlock();
  #admitted: Admitted | null = null;
  #refusal: Reply | null = null;
  #received = 0;

  constructor(desk: Desk, transaction: Transaction) {
    this.#desk = desk;
    this.#transaction = transaction;
  }

  /** Far over the size limit and still coming: not worth reading to its end. */
  get isEndless(): boolean {
    return this.#received > 2 * this.#desk.maxMessageBytes + this.#desk.headerOctets;
  }

  /** Takes the next octets of the content. Resolves when more may come; never rejects. */
  async write(content: Buffer): Promise<void> {
    this.#received += content.length;
    if (this.#refusal !== null) return;
    try {
      await this.#take(content);
    } catch (error) {
      await this.#fail(error);
    }
  }

  async #take(content: Buffer): Promise<void> {
    if (this.#received > this.#desk.maxMessageBytes) {
      const text = `Message too big: at most ${this.#desk.maxMessageBytes} octets are accepted`;
      return this.#refuse({ code: 552, status: '5.3.4', text });
    }
    const chunk = this.#lineEnds.push(content);
    if (this.#lineEnds.sawNul) {
      return this.#refuse({ code: 554, status: '5.6.0', text: 'Message contains a NUL octet, which mail must not' });
    }
    await this.#store(chunk);
  }

  /** The content is complete: what the client is told about it. Never rejects. */
  async end(): Promise<Reply> {
    try {
      await this.#store(this.#lineEnds.end());
      if (this.#header !== null && this.#refusal === null) await this.#judge(this.#header.all(), Buffer.alloc(0));
    } catch (error) {
      await this.#fail(error);
    }
    const admitted = this.#admitted;
    if (admitted === null) return this.#refusal ?? ourFault;
    this.#admitted = null; // from here on the writer belongs to the port
    return this.#commit(admitted);
  }

  /** The client is gone: forget the message. */
  abort(): void {
    void this.#refuse({ code: 421, status: '4.4.2', text: 'Connection lost' });
  }

  async #store(chunk: Buffer): Promise<void> {
    if (this.#refusal !== null || chunk.length === 0) return;
    if (this.#header === null) return this.#admitted?.writer.write(chunk);
    const complete = this.#header.push(chunk);
    if (this.#header.size > this.#desk.headerOctets) {
      const text = `Header too big: at most ${this.#desk.headerOctets} octets are accepted before the empty line`;
      return this.#refuse({ code: 552, status: '5.3.4', text });
    }
    if (complete !== null) await this.#judge(complete.block, complete.rest);
  }

  async #judge(block: Buffer, rest: Buffer): Promise<void> {
    this.#header = null;
    const { reception, mailFrom, recipients } = this.#transaction;
    const admission = admit(block, reception, { mailFrom, recipients }, this.#desk.gate);
    if (admission.kind === 'refused') return this.#refuse(admission.reply, admission.tenant);
    const { header, messageId, tenant, messageKind: kind } = admission;
    const writer = await this.#desk.accept.begin();
    this.#admitted = { tenant: tenant.id, kind, messageId, headerSize: header.length, writer };
    // the client may have gone while the spool was opened
    if (this.#refusal !== null) return this.#discard();
    await writer.write(header);
    if (rest.length > 0) await writer.write(rest);
  }

  async #commit({ tenant, kind, messageId, headerSize, writer }: Admitted): Promise<Reply> {
    const { reception, mailFrom, recipients, smtp } = this.#transaction;
    const { id, receivedAt, clientIp } = reception;
    const message = {
      id,
      tenant,
      kind,
      mailFrom,
      recipients,
      messageId,
      headerSize,
      receivedAt,
      smtp,
    } as const;
    try {
      const reply = await this.#desk.accept.commit(writer, { message, client: clientIp });
      if (reply.kind === 'accepted') return { code: 250, status: '2.0.0', text: `Ok: queued as ${id}` };
      await this.#refuse(reply, tenant);
    } catch (error) {
      await this.#fail(error);
    }
    return this.#refusal ?? ourFault;
  }

  async #fail(error: unknown): Promise<void> {
    // a writer that was taken away under a write is no fault
    if (this.#refusal !== null) return;
    const told = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error';
    this.#desk.emit({ kind: 'service.failed', component: 'ingress', error: told });
    await this.#refuse(error instanceof SpoolFull ? noRoom : ourFault, this.#admitted?.tenant);
  }

  async #refuse({ code, status, text }: Reply, tenant: string | null = this.#admitted?.tenant ?? null): Promise<void> {
    if (this.#refusal !== null) return;
    this.#refusal = { code, status, text };
    this.#header = null;
    const client = this.#transaction.reception.clientIp;
    this.#desk.emit({ kind: 'message.refused', tenant, status, reason: text, client });
    await this.#discard();
  }

  async #discard(): Promise<void> {
    const admitted = this.#admitted;
    this.#admitted = null;
    try {
      await admitted?.writer.abort();
    } catch (error) {
      const told = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error';
      this.#desk.emit({ kind: 'service.failed', component: 'ingress', error: told });
    }
  }
}

const ourFault: Reply = { code: 451, status: '4.3.0', text: 'Temporary failure here, try again later' };
const noRoom: Reply = { code: 452, status: '4.3.1', text: 'Insufficient system storage, try again later' };

/** The octets up to and including the empty line, gathered in one buffer that doubles, so that tiny chunks cost no more than big ones. */
class HeaderBlock {
  #octets: Buffer = Buffer.alloc(0);
  #length = 0;

  get size(): number {
    return this.#length;
  }

  /** The block and what came after it, once the empty line is there. */
  push(chunk: Buffer): { block: Buffer; rest: Buffer } | null {
    const before = this.#length;
    this.#append(chunk);
    const octets = this.all();
    const startsEmpty = octets.length >= 2 && octets[0] === 0x0d && octets[1] === 0x0a;
    const found = startsEmpty ? -2 : octets.indexOf('\r\n\r\n', Math.max(0, before - 3), 'latin1');
    if (found === -1) return null;
    const end = found + 4;
    this.#length = end;
    return { block: octets.subarray(0, end), rest: octets.subarray(end) };
  }

  all(): Buffer {
    return this.#octets.subarray(0, this.#length);
  }

  #append(chunk: Buffer): void {
    if (this.#length === 0) {
      this.#octets = chunk;
    } else {
      if (this.#length + chunk.length > this.#octets.length) {
        const larger = Buffer.allocUnsafe(Math.max(4_096, 2 * (this.#length + chunk.length)));
        this.all().copy(larger);
        this.#octets = larger;
      }
      chunk.copy(this.#octets, this.#length);
    }
    this.#length += chunk.length;
  }
}
