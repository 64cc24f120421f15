/**
 * An SMTP server that does what the test says, on a real socket, and records every octet it was sent: in plain text and under TLS
 * apart, so that a test can assert what never went in the clear.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';

/** A reply line (or lines) without the final CRLF; null: stay silent; 'close': end the connection; 'reset': tear it down. */
type Answer = string | null;

export type Script = {
  readonly greeting?: Answer;
  /** EHLO keywords. STARTTLS is added when `tls` is given and the connection is plain. */
  readonly offers?: readonly string[];
  readonly tls?: SecureContextOptions;
  /** Answers to commands, by verb; the whole line is given. Undefined: the usual answer. */
  readonly answer?: (verb: string, line: string, connection: Recorded) => Answer | undefined;
  /** The reply to the message, which is complete. */
  readonly message?: (content: string, connection: Recorded) => Answer;
  /** Called after each TLS handshake. */
  readonly secured?: (socket: TLSSocket) => void;
  /** Instead of the TLS handshake. */
  readonly handshake?: 'close' | 'silence';
  /** Called for every piece of DATA. */
  readonly duringData?: (octets: number) => Answer | undefined;
  /** Milliseconds between the octets of every answer. */
  readonly pace?: number;
};

type Recorded = {
  /** Everything received in plain text, and under TLS. */
  plain: string;
  secret: string;
  /** Octets of messages, whole or not, that came in plain text. */
  clear: number;
  readonly commands: string[];
  /** Messages as they came over the wire, with dots doubled, without the final dot line. */
  readonly messages: string[];
  closed: boolean;
};

export type ScriptedServer = AsyncDisposable & {
  readonly port: number;
  readonly connections: Recorded[];
  /** Commands of all connections together. */
  commands(): string[];
  messages(): string[];
};

export async function startServer(script: Script, host = '127.0.0.1', port = 0): Promise<ScriptedServer> {
  const connections: Recorded[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    const recorded: Recorded = { plain: '', secret: '', clear: 0, commands: [], messages: [], closed: false };
    connections.push(recorded);
    converse(socket, script, recorded);
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    commands: () => connections.flatMap(({ commands }) => commands),
    messages: () => connections.flatMap(({ messages }) => messages),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function converse(plain: Socket, script: Script, recorded: Recorded): void {
  let socket: Socket = plain;
  let received = '';
  let inData = false;
  let earlier = 0;
  const send = (answer: Answer | undefined): void => {
    if (answer === 'close') socket.end();
    else if (answer === 'reset') plain.resetAndDestroy();
    else if (answer !== null && answer !== undefined && socket.writable) say(`${answer}\r\n`);
  };
  const say = (text: string): void => {
    if (script.pace === undefined) return void socket.write(text);
    const octets = text[Symbol.iterator]();
    const timer = setInterval(() => {
      const { value, done } = octets.next();
      if (done === true || !socket.writable) clearInterval(timer);
      else socket.write(value);
    }, script.pace);
  };
  const onData = (chunk: Buffer): void => {
    const text = chunk.toString('latin1');
    if (socket === plain) recorded.plain += text;
    else recorded.secret += text;
    received += text;
    for (;;) {
      if (inData) {
        const end = `\r\n${received}`.indexOf('\r\n.\r\n');
        if (socket === plain) recorded.clear = earlier + (end === -1 ? received.length : end);
        if (end === -1) return send(script.duringData?.(received.length));
        const content = received.slice(0, end);
        received = received.slice(end + 3);
        inData = false;
        earlier = recorded.clear;
        recorded.messages.push(content);
        send(script.message === undefined ? '250 2.0.0 Queued' : script.message(content, recorded));
        continue;
      }
      const end = received.indexOf('\r\n');
      if (end === -1) return;
      const line = received.slice(0, end);
      received = received.slice(end + 2);
      recorded.commands.push(line);
      const verb = line.split(/[ :]/)[0]?.toUpperCase() ?? '';
      const answer = script.answer?.(verb, line, recorded);
      const said = answer === undefined ? usual(verb, script, socket !== plain) : answer;
      send(said);
      if (verb === 'DATA' && said?.startsWith('354') === true) inData = true;
      if (verb === 'QUIT') socket.end();
      if (verb === 'STARTTLS' && said?.startsWith('220') === true) return startTls();
    }
  };
  const startTls = (): void => {
    plain.removeListener('data', onData);
    received = '';
    if (script.handshake === 'close') return void plain.end();
    if (script.handshake === 'silence') return;
    const secure = new TLSSocket(plain, { isServer: true, secureContext: contextOf(script) });
    secure.on('error', () => {});
    secure.once('secure', () => script.secured?.(secure));
    secure.on('data', onData);
    socket = secure;
  };
  plain.on('error', () => {});
  plain.on('close', () => (recorded.closed = true));
  plain.on('data', onData);
  send(script.greeting === undefined ? '220 mx.example ESMTP' : script.greeting);
}

const contexts = new WeakMap<Script, SecureContext>();

/** One context for all connections, or no session could be taken up again. */
function contextOf(script: Script): SecureContext {
  const context = contexts.get(script) ?? createSecureContext(script.tls);
  contexts.set(script, context);
  return context;
}

function usual(verb: string, script: Script, secure: boolean): Answer {
  if (verb === 'EHLO') {
    const starttls = script.tls !== undefined && !secure ? ['STARTTLS'] : [];
    const lines = [
      'mx.example',
      ...(script.offers ?? ['PIPELINING', '8BITMIME', 'SIZE 0', 'DSN', 'SMTPUTF8']),
      ...starttls,
    ];
    return lines.map((line, index) => `250${index === lines.length - 1 ? ' ' : '-'}${line}`).join('\r\n');
  }
  if (verb === 'STARTTLS') return script.tls === undefined ? '502 5.5.1 No' : '220 2.0.0 Go ahead';
  if (verb === 'DATA') return '354 Go ahead';
  if (verb === 'QUIT') return '221 2.0.0 Bye';
  return ['MAIL', 'RCPT', 'RSET', 'NOOP', 'HELO'].includes(verb) ? '250 2.0.0 OK' : '500 5.5.2 What?';
}
