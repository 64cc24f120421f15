/**
 * The pretend internet's mail servers: real SMTP receivers on loopback addresses of their own, one per host of the zone, each with the
 * behaviour its host is known for. What they accept is kept, octet for octet, for the mailboxes page and for tests to look at.
 *
 * Limits: every host has its own address in 127.0.0.0/8 so that all share one port, as mail servers do. Linux answers on all of that
 * range; elsewhere (macOS) only 127.0.0.1 exists and the sandbox says how to add the others.
 */
import { EventEmitter, once } from 'node:events';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { Identity } from '../config/config.ts';

/** One mail server and how it behaves. */
export type MailHost = {
  /** Its name in the zone, where MX records point. */
  readonly name: string;
  /** Its loopback address. */
  readonly address: string;
  /** Domains it takes mail for. */
  readonly domains: readonly string[];
  /** What it shows after STARTTLS; null: it does not offer STARTTLS. */
  readonly tls: Identity | null;
  /** Answers the first try of each sender and recipient with 451, and takes the second. */
  readonly greylists?: boolean;
  /** Answers every recipient with 550. */
  readonly knowsNobody?: boolean;
  /** Takes one message and hangs up; from then on it does not offer STARTTLS, as if somebody on the way cut it out. */
  readonly losesTls?: boolean;
};

/** One accepted SMTP transaction. */
export type Received = {
  readonly host: string;
  readonly from: string;
  readonly recipients: readonly string[];
  /** "TLSv1.3", or null for plain text. */
  readonly tls: string | null;
  readonly at: number;
  /** The message without dot-stuffing. */
  readonly bytes: Buffer;
};

export type Sinks = AsyncDisposable & {
  /** The port all hosts listen on. */
  readonly port: number;
  /** Everything accepted so far, oldest first. */
  readonly received: readonly Received[];
  /** What lies in one mailbox, oldest first. */
  mailbox(address: string): Received[];
  /** Resolves with the first message (already there or yet to come) that satisfies the condition; rejects after `patience` ms. */
  wait(condition: (received: Received) => boolean, patience?: number): Promise<Received>;
  /** Replies to every RCPT with this code and text instead, until set to null: an outage. */
  setOutage(reply: { readonly code: number; readonly text: string } | null): void;
};

type World = {
  readonly received: Received[];
  readonly news: EventEmitter;
  /** Sender and recipient pairs that a greylisting host has seen. */
  readonly seen: Set<string>;
  outage: { readonly code: number; readonly text: string } | null;
};

/** Starts all hosts on one port: `port`, or one the system picks when 0. */
export async function startSinks(hosts: readonly MailHost[], port = 0): Promise<Sinks> {
  const world: World = { received: [], news: new EventEmitter(), seen: new Set(), outage: null };
  world.news.setMaxListeners(0);
  const { servers, bound } = await listenOnOnePort(hosts, port, world);
  return {
    port: bound,
    received: world.received,
    mailbox: (address) =>
      world.received.filter((one) => one.recipients.some((to) => to.toLowerCase() === address.toLowerCase())),
    wait: async (condition, patience = 90_000) => {
      const signal = AbortSignal.timeout(patience);
      for (;;) {
        const hit = world.received.find(condition);
        if (hit !== undefined) return hit;
        await once(world.news, 'received', { signal });
      }
    },
    setOutage: (reply) => {
      world.outage = reply;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map(closeServer));
    },
  };
}

async function listenOnOnePort(hosts: readonly MailHost[], port: number, world: World) {
  for (let tries = 0; ; tries++) {
    const servers: SMTPServer[] = [];
    let bound = port;
    try {
      for (const host of hosts) {
        const server = createHost(host, world);
        servers.push(server);
        bound = await listen(server, bound, host.address);
      }
      return { servers, bound };
    } catch (error) {
      await Promise.all(servers.map(closeServer));
      const code = error instanceof Error && 'code' in error ? error.code : null;
      if (code === 'EADDRNOTAVAIL')
        throw new Error(
          'this system has no loopback addresses besides 127.0.0.1 (add them: ifconfig lo0 alias ADDRESS)',
          {
            cause: error,
          },
        );
      // A port the system picked on one address may be in use on another: pick again.
      if (code !== 'EADDRINUSE' || port !== 0 || tries === 20) throw error;
    }
  }
}

function createHost(host: MailHost, world: World): SMTPServer {
  const keep = async (stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> => {
    const bytes = await readAll(stream);
    world.received.push({ ...describe(host, session), bytes });
    world.news.emit('received');
  };
  const hangUp = () => {
    for (const connection of server.connections) connection.close();
  };
  const server = new SMTPServer({
    name: host.name,
    banner: 'pretend mail server',
    ...(host.tls === null ? {} : { key: host.tls.key, cert: host.tls.cert, minVersion: 'TLSv1.2' }),
    disabledCommands: ['AUTH'],
    authOptional: true,
    disableReverseLookup: true,
    hideENHANCEDSTATUSCODES: false,
    hideDSN: false,
    logger: false,
    closeTimeout: 200,
    onConnect: (session, done) => {
      const lost = host.losesTls === true && world.received.some((one) => one.host === host.name);
      if (host.tls === null || lost) session.disabledCommands = ['AUTH', 'STARTTLS'];
      done();
    },
    onRcptTo: (address, session, done) => {
      const refusal = world.outage ?? refuse(host, world, address.address, session);
      done(refusal === null ? null : replyError(refusal));
    },
    onData: (stream, session, done) => {
      void keep(stream, session)
        .catch(() => {})
        .finally(() => {
          done();
          if (host.losesTls === true) setImmediate(hangUp);
        });
    },
  });
  // A client that hangs up in the middle is the client's affair.
  server.on('error', () => {});
  return server;
}

function refuse(host: MailHost, world: World, recipient: string, session: SMTPServerSession) {
  const domain = recipient.slice(recipient.lastIndexOf('@') + 1).toLowerCase();
  if (!host.domains.includes(domain)) return { code: 550, text: 'not a domain of this server' };
  if (host.knowsNobody === true) return { code: 550, text: 'no such user here' };
  if (host.greylists !== true) return null;
  const from = session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address;
  const pair = `${from} ${recipient}`;
  if (world.seen.has(pair)) return null;
  world.seen.add(pair);
  return { code: 451, text: 'greylisted, please try again' };
}

function describe(host: MailHost, session: SMTPServerSession): Omit<Received, 'bytes'> {
  const { mailFrom, rcptTo } = session.envelope;
  return {
    host: host.name,
    from: mailFrom === false ? '' : mailFrom.address,
    recipients: rcptTo.map((to) => to.address),
    tls: session.tlsOptions === false ? null : session.tlsOptions.version,
    at: Date.now(),
  };
}

async function readAll(stream: SMTPServerDataStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function replyError(reply: { readonly code: number; readonly text: string }): Error {
  return Object.assign(new Error(reply.text), { responseCode: reply.code });
}

async function listen(server: SMTPServer, port: number, address: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(port, address, () => resolve());
  });
  const bound = server.server.address();
  return bound === null || typeof bound === 'string' ? port : bound.port;
}

async function closeServer(server: SMTPServer): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}
