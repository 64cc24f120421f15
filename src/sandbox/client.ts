/**
 * What a tenant's mail system does towards its smart host, reduced to the minimum: one connection, STARTTLS, one message at a time, every
 * reply kept. It shares no code with the gateway's own way out, so the two cannot agree on the same mistake.
 */
import { createConnection, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export type SmtpReply = { readonly code: number; readonly text: string };

export type Envelope = { readonly from: string; readonly to: readonly string[] };

export type SmtpClient = AsyncDisposable & {
  /**
   * Sends one message and resolves with the reply that decided it: to the final dot, or the first refusal of MAIL or of every
   * RCPT. `recipients` has the reply to each RCPT. The message must have CRLF line ends; dots are stuffed here.
   */
  send(envelope: Envelope, message: Buffer): Promise<{ readonly reply: SmtpReply; readonly recipients: SmtpReply[] }>;
  /** Sends one line as it is and resolves with the reply. */
  command(line: string): Promise<SmtpReply>;
  /** Sends text and hangs up without a word, as a client that crashes. */
  abandon(text: string): void;
};

export type SmtpClientOptions = {
  readonly host: string;
  readonly port: number;
  /** PEM roots to verify the server with over STARTTLS; without them the session stays in plain text. */
  readonly tls?: { readonly ca: string; readonly serverName: string };
  readonly hello?: string;
  /** Milliseconds to wait for any one reply. */
  readonly patience?: number;
};

/** Rejects when the server cannot be reached, greets with a refusal, or its certificate does not hold. */
export async function connectSmtp(options: SmtpClientOptions): Promise<SmtpClient> {
  const plain = createConnection({ port: options.port, host: options.host, noDelay: true });
  const patience = options.patience ?? 30_000;
  let conversation = converse(plain, patience);
  expect(await conversation.reply(), 220);
  const hello = `EHLO ${options.hello ?? 'exchange.corp.example'}`;
  expect(await conversation.ask(hello), 250);
  if (options.tls !== undefined) {
    expect(await conversation.ask('STARTTLS'), 220);
    conversation.release();
    const { ca, serverName } = options.tls;
    const secured = connectTls({ socket: plain, ca, servername: serverName, minVersion: 'TLSv1.2' });
    await new Promise<void>((resolve, reject) => {
      secured.once('error', reject).once('secureConnect', resolve);
    });
    conversation = converse(secured, patience);
    expect(await conversation.ask(hello), 250);
  }
  return {
    command: (line) => conversation.ask(line),
    send: (envelope, message) => transact(conversation, envelope, message),
    abandon: (text) => conversation.end(Buffer.from(text, 'latin1')),
    [Symbol.asyncDispose]: async () => {
      await conversation.ask('QUIT').catch(() => {});
      conversation.end();
    },
  };
}

async function transact(conversation: Conversation, envelope: Envelope, message: Buffer) {
  const recipients: SmtpReply[] = [];
  const mail = await conversation.ask(`MAIL FROM:<${envelope.from}> SIZE=${message.length}`);
  if (mail.code !== 250) return { reply: mail, recipients };
  for (const address of envelope.to) recipients.push(await conversation.ask(`RCPT TO:<${address}>`));
  const refused = recipients.find((reply) => reply.code >= 400);
  if (refused !== undefined && recipients.every((reply) => reply.code >= 400)) {
    // After 421 there is nobody left to say it to.
    await conversation.ask('RSET').catch(() => {});
    return { reply: refused, recipients };
  }
  const go = await conversation.ask('DATA');
  if (go.code !== 354) return { reply: go, recipients };
  // RFC 5321 section 4.5.2: a line that begins with a dot gets another; latin1 maps every octet to itself.
  const stuffed = message.toString('latin1').replace(/^\./gm, '..');
  const end = stuffed.endsWith('\r\n') ? '.\r\n' : '\r\n.\r\n';
  return { reply: await conversation.askRaw(Buffer.from(stuffed + end, 'latin1')), recipients };
}

type Conversation = {
  reply(): Promise<SmtpReply>;
  ask(line: string): Promise<SmtpReply>;
  askRaw(bytes: Buffer): Promise<SmtpReply>;
  /** Stops listening to the socket, before TLS takes it over. */
  release(): void;
  end(last?: Buffer): void;
};

function converse(socket: Socket, patience: number): Conversation {
  let text = '';
  const lines: string[] = [];
  const replies: SmtpReply[] = [];
  let waiting: { resolve: (reply: SmtpReply) => void; reject: (error: Error) => void } | null = null;
  let closed: Error | null = null;
  const onData = (chunk: Buffer) => {
    text += chunk.toString('latin1');
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const line = text.slice(0, end).replace(/\r$/, '');
      text = text.slice(end + 1);
      lines.push(line.slice(4));
      if (line[3] === '-') continue;
      replies.push({ code: Number(line.slice(0, 3)), text: lines.splice(0).join('\n') });
    }
    const next = waiting === null ? undefined : replies.shift();
    if (next !== undefined) waiting?.resolve(next);
  };
  const onClose = (error?: unknown) => {
    closed = error instanceof Error ? error : new Error('the server closed the connection');
    waiting?.reject(closed);
  };
  socket.on('data', onData).on('error', onClose).on('close', onClose);
  const reply = (): Promise<SmtpReply> => {
    const next = replies.shift();
    if (next !== undefined) return Promise.resolve(next);
    if (closed !== null) return Promise.reject(closed);
    return new Promise<SmtpReply>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no reply within ${patience} ms`)), patience);
      const done = (act: () => void) => {
        clearTimeout(timer);
        waiting = null;
        act();
      };
      waiting = { resolve: (value) => done(() => resolve(value)), reject: (error) => done(() => reject(error)) };
    });
  };
  const askRaw = (bytes: Buffer): Promise<SmtpReply> => {
    if (closed === null) socket.write(bytes);
    return reply();
  };
  return {
    reply,
    ask: (line) => askRaw(Buffer.from(`${line}\r\n`, 'latin1')),
    askRaw,
    release: () => void socket.off('data', onData).off('error', onClose).off('close', onClose),
    end: (last) => void (last === undefined ? socket.destroy() : socket.end(last)),
  };
}

function expect(reply: SmtpReply, code: number): void {
  if (reply.code !== code) throw new Error(`the server answered ${reply.code} ${reply.text}`);
}
