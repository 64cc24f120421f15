/** A listener on loopback whose accept port remembers, and a client that speaks raw octets. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { plainBranding } from '../../src/config/branding.ts';
import type { Config, Tenant } from '../../src/config/config.ts';
import { noWriting, usualForSenders } from '../../src/config/portal.ts';
import type { Event } from '../../src/event/event.ts';
import type { Limits } from '../../src/ingress/limits.ts';
import { type AcceptPort, createListener, type Submission } from '../../src/ingress/listener.ts';
import { traceKeyFrom } from '../../src/mail/trace.ts';

type Accepted = Submission & { readonly bytes: Buffer };

export const traceKey = traceKeyFrom(Buffer.alloc(32, 1));

export function tenant(changes: Partial<Tenant> = {}): Tenant {
  return {
    id: 'corp',
    domains: ['corp.example'],
    platform: 'generic',
    branding: plainBranding('corp.example'),
    portal: noWriting,
    senders: usualForSenders,
    proof: { networks: ['127.0.0.0/8'], secretHeader: null },
    policy: '/dev/null',
    inbound: null,
    groups: null,
    minimumTls: 'verify',
    pins: [],
    honourTlsRequiredNo: false,
    keys: { minimumTrust: 'vouched' },
    opening: null,
    dkim: null,
    ownKeys: { generate: 'off', algorithm: 'p256', validFor: 1, renewBefore: 0, listFor: 1 },
    protection: { hideSubject: ['pgp'], legacyDisplay: false, sign: true, form: 'clear' },
    ...changes,
  };
}

export type GatewayOptions = {
  readonly tenants?: readonly Tenant[];
  readonly smtp?: Partial<Config['smtp']>;
  readonly limits?: Partial<Limits>;
  readonly accept?: Partial<AcceptPort>;
};

/** A running listener. `accepted`, `open` and `events` show what came through. */
export async function startGateway(options: GatewayOptions = {}) {
  const accepted: Accepted[] = [];
  const events: Event[] = [];
  const spool = { open: 0, aborted: 0 };
  const written = new Map<unknown, Buffer[]>();
  const remember: AcceptPort = {
    begin: async () => {
      const chunks: Buffer[] = [];
      spool.open += 1;
      const writer = {
        write: async (chunk: Uint8Array) => {
          chunks.push(Buffer.from(chunk));
        },
        commit: async () => ({ id: '', wrappedKey: '', size: 0 }),
        abort: async () => {
          spool.open -= 1;
          spool.aborted += 1;
        },
      };
      written.set(writer, chunks);
      return writer;
    },
    commit: async (writer, submission) => {
      accepted.push({ ...submission, bytes: Buffer.concat(written.get(writer) ?? []) });
      spool.open -= 1;
      return { kind: 'accepted' };
    },
  };
  const smtp = {
    listen: [{ host: '127.0.0.1', port: 0 }],
    tls: null,
    maxMessageBytes: 1_000_000,
    maxRecipients: 1_000,
    minFreeBytes: 0,
    partners: [],
    ...options.smtp,
  };
  const listener = createListener({
    config: { hostname: 'gw.postern.example', smtp },
    tenants: options.tenants ?? [tenant()],
    traceKey,
    accept: { ...remember, ...options.accept },
    emit: (event) => events.push(event),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const [address = ''] = await listener.listen();
  const port = Number(address.split(':')[1]);
  return { port, accepted, events, spool, listener, [Symbol.asyncDispose]: () => listener.close() };
}

/** A client that writes what it is told and reads replies whole. */
export class Client {
  #socket: Socket;
  #text = '';
  #ended = false;
  /** To take up the TLS session again with startTls(); there once the server gave something to do it with. */
  session: { readonly session?: Buffer } = {};
  #wake = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static async open(port: number): Promise<Client> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.setNoDelay(true);
    return new Client(socket);
  }

  /** Opens, takes the greeting and says EHLO. */
  static async greeted(port: number): Promise<Client> {
    const client = await Client.open(port);
    await client.reply();
    await client.ask('EHLO client.example');
    return client;
  }

  write(octets: string | Buffer): void {
    this.#socket.write(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets);
  }

  /** The next reply with its lines; "closed" when the server ended the connection. */
  async reply(): Promise<string> {
    for (;;) {
      const match = /^(?:\d{3}-[^\r\n]*\r\n)*\d{3}(?: [^\r\n]*)?\r\n/.exec(this.#text);
      if (match !== null) {
        this.#text = this.#text.slice(match[0].length);
        return match[0].trimEnd();
      }
      if (this.#ended) return 'closed';
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async ask(line: string): Promise<string> {
    this.write(`${line}\r\n`);
    return this.reply();
  }

  /** All replies until the server ends the connection. */
  async untilClosed(): Promise<string[]> {
    const replies: string[] = [];
    for (let reply = await this.reply(); reply !== 'closed'; reply = await this.reply()) replies.push(reply);
    return replies;
  }

  /** Sends one message whose content is already as on the wire, the end left to add; the reply to its end or the first refusal. */
  async send(
    content: string | Buffer,
    from = 'a@corp.example',
    to: readonly string[] = ['b@dest.example'],
  ): Promise<string> {
    for (const line of [`MAIL FROM:<${from}>`, ...to.map((address) => `RCPT TO:<${address}>`), 'DATA']) {
      const reply = await this.ask(line);
      if (!/^[23]/.test(reply)) return reply;
    }
    this.write(content);
    this.write('.\r\n');
    return this.reply();
  }

  /** The handshake after the reply to STARTTLS. Resolves with the socket, to see what was agreed. */
  async startTls(ca: string, options: ConnectionOptions = {}): Promise<TLSSocket> {
    this.#socket.removeAllListeners('data');
    const socket = connectTls({ socket: this.#socket, ca, servername: 'gw.postern.example', ...options });
    socket.on('session', (session: Buffer) => {
      this.session = { session };
    });
    await once(socket, 'secureConnect');
    this.#socket = socket;
    this.#text = '';
    this.#listen();
    return socket;
  }

  /** Opens, and is ready for MAIL under TLS. */
  static async secured(port: number, ca: string, options: ConnectionOptions = {}) {
    const client = await Client.greeted(port);
    await client.ask('STARTTLS');
    const socket = await client.startTls(ca, options);
    await client.ask('EHLO client.example');
    return { client, socket };
  }

  close(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    const over = () => {
      this.#ended = true;
      this.#wake();
    };
    this.#socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1');
      this.#wake();
    });
    this.#socket.on('end', over);
    this.#socket.on('close', over);
    this.#socket.on('error', over);
  }
}

export const plainMessage =
  'From: A <a@corp.example>\r\nTo: b@dest.example\r\nSubject: Hi\r\nMessage-ID: <1@corp.example>\r\n\r\nBody\r\n';

/** The message without what Postern puts before it; throws when that is not there. */
export function withoutTrace(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  const trace = /^Received: [^\r\n]*\r\n(?:\t[^\r\n]*\r\n)+X-Postern-Trace: [^\r\n]*\r\n\t[^\r\n]*\r\n/.exec(text);
  if (trace === null) throw new Error('no trace fields');
  return text.slice(trace[0].length);
}
