/**
 * The socket of one SMTP conversation: commands go out, replies come in, each within its time. Nothing here throws for what the other
 * side does; when the conversation cannot go on, every question is answered with the same `Trouble`.
 *
 * `dial` opens it to one literal address; `secure` turns it into TLS after the 220 to STARTTLS.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import { type Reply, ReplyReader, type Trouble } from './reply.ts';

/** Milliseconds. */
export type Timeouts = {
  /** TCP connection. */
  readonly connect: number;
  /** Greeting, each reply, TLS handshake. */
  readonly command: number;
  /** Each wait within DATA, and for the reply to the message (RFC 5321 section 4.5.3.2.6). */
  readonly data: number;
};

export type Dialled =
  | Wire
  | (Trouble & { /** Our own machine has no way to this kind of address. */ readonly local: boolean });

/** Opens a TCP connection to a literal address. `name` is what reasons call the host. */
export function dial(
  target: { readonly name: string; readonly ip: string; readonly port: number },
  timeouts: Timeouts,
): Promise<Dialled> {
  return new Promise((resolve) => {
    const socket = connect({ host: target.ip, port: target.port, noDelay: true });
    const give = (reason: string, local: boolean) => {
      clearTimeout(timer);
      socket.removeAllListeners().on('error', () => {});
      socket.destroy();
      resolve({ kind: 'trouble', status: '4.4.1', reason: `${target.name} (${target.ip}) ${reason}`, local });
    };
    const timer = setTimeout(() => give('did not answer in time', false), timeouts.connect);
    socket.once('error', (error: NodeJS.ErrnoException) => {
      give(connectReasons[error.code ?? ''] ?? 'cannot be reached', localErrors.has(error.code ?? ''));
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(new Wire(socket, target.name, timeouts));
    });
  });
}

const connectReasons: Record<string, string> = {
  ECONNREFUSED: 'refused the connection',
  ENETUNREACH: 'cannot be reached from this network',
  EADDRNOTAVAIL: 'cannot be reached from this network',
};
const localErrors = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** `clause` continues a sentence that begins with the host; `code` says the same in one word, for reports. */
export type Unsecured = { readonly clause: string; readonly code: string; readonly timedOut: boolean };

type Waiter = (answer: Reply | Trouble) => void;

export class Wire {
  readonly kind = 'wire';
  readonly timeouts: Timeouts;
  readonly #name: string;
  #socket: Socket;
  #reader = new ReplyReader();
  #replies: Reply[] = [];
  /** A conversation is sequential: never more than one reader. */
  #waiter: Waiter | null = null;
  #timer: NodeJS.Timeout | undefined;
  #trouble: Trouble | null = null;
  #drained: (() => void) | null = null;
  /** Called when something arrives, or the connection ends, while nobody waits for a reply. */
  onUnexpected: (() => void) | null = null;

  constructor(socket: Socket, name: string, timeouts: Timeouts) {
    this.timeouts = timeouts;
    this.#name = name;
    this.#socket = socket;
    this.#attach();
  }

  /** Why the conversation is over, or null while it goes on. */
  get trouble(): Trouble | null {
    return this.#trouble;
  }

  /** True when a reply, or part of one, has arrived that nobody has asked for yet. */
  get unread(): boolean {
    return this.#replies.length > 0 || this.#reader.pending;
  }

  /** Sends octets. Resolves at once while the socket keeps up, else when it has drained; false once the conversation is over. */
  async write(pieces: readonly (Buffer | string)[]): Promise<boolean> {
    if (this.#trouble !== null) return false;
    this.#socket.cork();
    let room = true;
    for (const piece of pieces) room = this.#socket.write(piece, 'utf8');
    this.#socket.uncork();
    if (room || !this.#socket.writableNeedDrain) return true;
    await this.#drain();
    return this.#trouble === null;
  }

  /** The next reply, in order; waits at most `timeoutMs`. */
  read(timeoutMs = this.timeouts.command): Promise<Reply | Trouble> {
    const ready = this.#replies.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#trouble !== null) return Promise.resolve(this.#trouble);
    return new Promise((resolve) => {
      this.#waiter = resolve;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#end('4.4.2', 'did not answer in time'), timeoutMs);
    });
  }

  /** One command, one reply. */
  async ask(command: string): Promise<Reply | Trouble> {
    await this.write([command]);
    return this.read();
  }

  /**
   * The TLS handshake. Resolves with the socket to judge, or with what went wrong; the conversation is then over.
   * @param host for SNI; null for a bare address.
   * @param session a ticket to take up again, or null.
   */
  secure(host: string | null, secureContext: SecureContext, session: Buffer | null): Promise<TLSSocket | Unsecured> {
    // RFC 3207 section 6 and CVE-2011-0411: what came in plain text must not be read as if it came under TLS.
    if (this.unread) {
      this.destroy();
      return Promise.resolve({
        clause: 'sent more than the reply to STARTTLS before the TLS handshake',
        code: 'PLAINTEXT_INJECTED',
        timedOut: false,
      });
    }
    const plain = this.#socket;
    plain.removeAllListeners().on('error', () => {});
    return new Promise((resolve) => {
      const socket = connectTls({
        secureContext,
        socket: plain,
        ...(host === null ? {} : { servername: host }),
        ...(session === null ? {} : { session }),
        // peer.ts judges; so `authorized` must speak of the chain alone, not of Node's idea of the name.
        rejectUnauthorized: false,
        checkServerIdentity: () => undefined,
      });
      const give = (clause: string, code: string, timedOut = false) => {
        clearTimeout(timer);
        socket.removeAllListeners().on('error', () => {});
        this.destroy();
        resolve({ clause, code, timedOut });
      };
      const late = () => give('did not finish the TLS handshake in time', 'ETIMEDOUT', true);
      const timer = setTimeout(late, this.timeouts.command);
      socket.once('error', (error: NodeJS.ErrnoException) => give(handshakeClause(error), codeOf(error)));
      socket.once('close', () => give('closed the connection during the TLS handshake', 'ECONNRESET'));
      socket.once('secureConnect', () => {
        clearTimeout(timer);
        socket.removeAllListeners('error').removeAllListeners('close');
        this.#socket = socket;
        this.#attach();
        resolve(socket);
      });
    });
  }

  /** Polite end of an idle connection: QUIT, a short wait for the reply, then away. */
  async quit(): Promise<void> {
    this.onUnexpected = null;
    await this.write(['QUIT\r\n']);
    await this.read(Math.min(this.timeouts.command, 2_000));
    this.destroy();
  }

  /** Ends the connection at once; an unfinished DATA stays unfinished. */
  destroy(): void {
    this.#end('4.4.2', 'was disconnected');
  }

  #attach(): void {
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('drain', () => this.#drained?.());
    this.#socket.on('error', () => this.#end('4.4.2', 'broke the connection'));
    this.#socket.on('end', () => this.#end('4.4.2', 'closed the connection'));
    this.#socket.on('close', () => this.#end('4.4.2', 'closed the connection'));
  }

  #receive(chunk: Buffer): void {
    const replies = this.#reader.push(chunk);
    if (replies === null) return this.#end('4.5.0', 'sent something that is not an SMTP reply');
    for (const reply of replies) {
      if (this.#waiter === null) this.#replies.push(reply);
      else this.#answer(reply);
    }
    // More replies than commands: a server that floods us is not talking SMTP.
    if (this.#replies.length > 2_000) return this.#end('4.5.0', 'sent replies that nobody asked for');
    if (this.unread) this.onUnexpected?.();
  }

  #answer(answer: Reply | Trouble): void {
    clearTimeout(this.#timer);
    const waiter = this.#waiter;
    this.#waiter = null;
    waiter?.(answer);
  }

  #drain(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#end('4.4.2', 'stopped taking the message'), this.timeouts.data);
      this.#drained = () => {
        clearTimeout(timer);
        this.#drained = null;
        resolve();
      };
    });
  }

  #end(status: string, clause: string): void {
    if (this.#trouble !== null) return;
    this.#trouble = { kind: 'trouble', status, reason: `${this.#name} ${clause}` };
    this.#socket.destroy();
    this.#answer(this.#trouble);
    this.#drained?.();
    this.onUnexpected?.();
  }
}

/** One word of OpenSSL's or the system's, never a stranger's. */
function codeOf({ code = '' }: NodeJS.ErrnoException): string {
  return /^[A-Z0-9_]{1,80}$/.test(code) ? code : 'no reason given';
}

function handshakeClause(error: NodeJS.ErrnoException): string {
  const code = codeOf(error);
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/.test(code)) return 'offers only TLS versions older than 1.2';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'closed the connection during the TLS handshake';
  return `failed in the TLS handshake (${code})`;
}
