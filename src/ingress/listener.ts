/**
 * SMTP in: the sockets. One smtp-server per configured address, all sharing the limits of limits.ts; STARTTLS with our certificate, no AUTH, and
 * no relaying for anybody who is not a proven tenant.
 *
 * TLS is 1.2 or newer with suites of net/tls.ts; the certificate is changed by renew(), and the keys of session tickets every few hours. Clients
 * are asked for a certificate only where a partner's setting wants one of them, or of a sender they may yet name (partners.ts).
 *
 * The way of a message: connection.ts holds the conversation; envelope.ts judges MAIL and RCPT; receive.ts takes the content
 * through dots.ts (end of content), mail/line-ends.ts (line ends) and admit.ts (tenant by proof.ts, loops, header) to the
 * AcceptPort of the pipeline, whose answer becomes the reply.
 *
 * Offered: PIPELINING, 8BITMIME, SMTPUTF8, ENHANCEDSTATUSCODES, DSN, SIZE and STARTTLS, and after it REQUIRETLS. Not offered: AUTH, CHUNKING,
 * BINARYMIME, XCLIENT, PROXY; VRFY and EXPN answer 502.
 *
 * Standards: RFC 5321, RFC 2034.
 *
 * Limits: TLS is demanded of partners only, so a tenant's secret header is as secret as the tenant's connector makes it. Without CHUNKING, Exchange Online bounces messages with bare LF itself.
 */
import { constants, randomUUIDv7 } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import type { Config, Identity, Listen, Tenant } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import { serverTls } from '../net/tls.ts';
import { gateFor, type Reply } from './admit.ts';
import { Connection, type House } from './connection.ts';
import { type Judged, judgeRecipient, judgeSender } from './envelope.ts';
import { defaultLimits, type Limits, Places } from './limits.ts';
import { isAsked, partnerOf } from './partners.ts';
import type { AcceptPort } from './receive.ts';

export type { AcceptPort, AcceptReply, Submission } from './receive.ts';

export type Listener = {
  /** Listens on every configured address; resolves with "host:port" as bound, rejects when one cannot be bound. */
  listen(): Promise<string[]>;
  /** Shows this certificate to whoever says STARTTLS from now on; open connections live on. Its key must be its own. */
  renew(identity: Identity): void;
  /** Stops listening, says 421 to idle clients, lets messages in transfer finish for `limits.drain`, closes every connection. */
  close(): Promise<void>;
};

export type ListenerOptions = {
  readonly config: Pick<Config, 'hostname' | 'smtp'>;
  readonly tenants: readonly Tenant[];
  /** From traceKeyFrom() (mail/trace.ts). */
  readonly traceKey: Uint8Array;
  readonly accept: AcceptPort;
  readonly emit: (event: Event) => void;
  readonly limits?: Partial<Limits>;
};

export function createListener(options: ListenerOptions): Listener {
  const { config, tenants, accept, emit } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const gate = gateFor(tenants, options.traceKey, limits.hops);
  const { maxMessageBytes } = config.smtp;
  const places = new Places(limits);
  const house: House = {
    hostname: config.hostname,
    desk: { gate, accept, emit, maxMessageBytes, headerOctets: limits.headerOctets },
    limits,
    places,
    partners: config.smtp.partners,
    newId: () => randomUUIDv7(),
    now: Date.now,
  };
  const servers = config.smtp.listen.map((address) => [address, new Server(options, limits, house)] as const);
  const sweeper = setInterval(() => places.sweep(Date.now()), limits.sweepEvery).unref();
  const rotation = setInterval(() => {
    for (const [, server] of servers) server.renew(null);
  }, limits.ticketKeysLive).unref();

  return {
    listen: () => Promise.all(servers.map(([address, server]) => bind(server, address))),
    renew: (identity) => {
      for (const [, server] of servers) server.renew(identity);
    },
    close: async () => {
      await Promise.all(servers.map(([, server]) => drain(server, limits.drain)));
      clearInterval(sweeper);
      clearInterval(rotation);
    },
  };
}

/** smtp-server for one address: makes our connections, as far as there is room. */
class Server extends SMTPServer {
  readonly #house: House;
  readonly #partners: Config['smtp']['partners'];
  /** The same without an address of its own, for clients that are asked for a certificate. */
  readonly #certified: SMTPServer;

  constructor(options: ListenerOptions, limits: Limits, house: House) {
    super(serverOptions(options, limits));
    this.#house = house;
    this.#partners = options.config.smtp.partners;
    this.#certified = new SMTPServer({
      ...serverOptions(options, limits),
      // what partners.ts makes of the certificate counts, not what smtp-server does
      requestCert: true,
      rejectUnauthorized: false,
      // a session that is resumed brings the certificate without its chain; which clients will need theirs is not known here
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
    });
    // a client's broken connection or handshake; a failing listen() is heard in bind()
    this.on('error', () => undefined);
  }

  get open(): Connection[] {
    return [...this.connections, ...this.#certified.connections] as Connection[];
  }

  /** A new context for handshakes to come, with new keys for session tickets; null: the certificate stays. */
  renew(identity: Identity | null): void {
    const changed = identity === null ? {} : { key: identity.key, cert: identity.cert };
    this.updateSecureContext(changed);
    this.#certified.updateSecureContext(changed);
  }

  override connect(socket: Socket, options: SMTPConnectionOptions | null = null): void {
    const clientIp = (socket.remoteAddress ?? '').replace(/^::ffff:/i, '');
    const place = this.#house.places.enter(clientIp, Date.now(), (reason) =>
      reason === 'slow'
        ? connection.cut('4.4.2', 'Timeout')
        : connection.cut('4.3.2', 'Too many connections, this one was idle for longest'),
    );
    if (place === null) {
      socket.on('error', () => undefined);
      socket.end('421 4.3.2 Too many connections, try again later\r\n');
      socket.destroySoon();
      return;
    }
    const partner = partnerOf(clientIp, this.#partners);
    const server = isAsked(partner, this.#partners) ? this.#certified : this;
    const connection = new Connection(server, socket, options, { house: this.#house, place, partner });
    server.connections.add(connection);
    connection.on('error', () => undefined);
    connection.init();
  }
}

function serverOptions({ config, tenants, emit }: ListenerOptions, limits: Limits): SMTPServerOptions {
  const { smtp, hostname } = config;
  const answer = (judged: Judged, clientIp: string, callback: (error?: Error | null) => void) => {
    if (judged.kind === 'ok') return callback();
    const { status, text } = judged.reply;
    emit({ kind: 'message.refused', tenant: null, status, reason: text, client: clientIp });
    callback(asError(judged.reply));
  };
  return {
    ...(smtp.tls === null ? { hideSTARTTLS: true } : serverTls(smtp.tls, smtp.tls.minVersion)),
    hideREQUIRETLS: smtp.tls === null,
    name: hostname,
    heloResponse: '%s',
    size: smtp.maxMessageBytes,
    maxRecipients: smtp.maxRecipients,
    maxCommandLength: limits.commandOctets,
    disabledCommands: [
      'AUTH',
      'XCLIENT',
      'XFORWARD',
      'WIZ',
      'SHELL',
      'KILL',
      ...(smtp.tls === null ? ['STARTTLS'] : []),
    ],
    hideENHANCEDSTATUSCODES: false,
    hideDSN: false,
    disableReverseLookup: true,
    logger: false,
    // limits.ts keeps the time
    socketTimeout: 24 * 3_600_000,
    onMailFrom: (path, session, callback) =>
      answer(
        judgeSender(path, session.remoteAddress, session.envelope.smtpUtf8 === true, tenants),
        session.remoteAddress,
        callback,
      ),
    onRcptTo: (path, session, callback) =>
      answer(judgeRecipient(path, session.envelope.smtpUtf8 === true), session.remoteAddress, callback),
    onConnect: (_session, callback) => callback(),
    onSecure: (_socket, _session, callback) => callback(),
  };
}

function asError({ code, status, text }: Reply): Error {
  return Object.assign(new Error(`${status} ${text}`), { responseCode: code });
}

async function bind(server: Server, { host, port }: Listen): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.server.once('error', reject);
  server.listen(port, host, () => resolve());
  await promise;
  server.server.off('error', reject);
  const bound = server.server.address() as AddressInfo;
  return `${host}:${bound.port}`;
}

async function drain(server: Server, patience: number): Promise<void> {
  if (!server.server.listening) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  server.server.close(() => resolve());
  const { open } = server;
  for (const connection of open) connection.leave('4.3.2', 'Server shutting down');
  const deadline = setTimeout(() => {
    for (const connection of open) connection.cut('4.3.2', 'Server shutting down');
  }, patience);
  await promise;
  clearTimeout(deadline);
}
