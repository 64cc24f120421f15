/**
 * The web server around the portal: TLS, limits on what a client may send and how slowly, the headers every answer carries, and plain pages
 * for whatever goes wrong. An error page holds no stack and no content; what happened goes to the log as name and message of the error.
 *
 * One network may hold a quarter of all connections, so that nobody alone, however slow, keeps everybody else out.
 *
 * Without TLS it speaks plain HTTP, meant for a reverse proxy that does the rest.
 *
 * Standards: RFC 6797.
 */
import { randomBytes } from 'node:crypto';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { Identity, Listen } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import { serverTls, ticketKeysLive } from '../net/tls.ts';
import { TooManyPasswords } from '../protect/password.ts';
import { StoreBusy, StoreDown } from '../store/store.ts';
import type { Looks } from './branding.ts';
import { networkKey } from './limits.ts';
import { keepPace } from './pace.ts';
import { troublePage } from './pages/trouble.ts';
import type { Env } from './request.ts';

export type WebServerOptions = {
  readonly routes: Hono<Env>;
  readonly looks: Pick<Looks, 'around'>;
  readonly listen: Listen;
  readonly tls: Identity | null;
  readonly emit: (event: Event) => void;
  /** Rejects when the service cannot work; asked by /healthz. */
  readonly healthy: () => Promise<unknown>;
};

export type WebServer = {
  /** Resolves with the address, "https://127.0.0.1:8443". */
  listen(): Promise<string>;
  /** Shows this certificate to new connections; open ones live on. Does nothing without TLS. Its key must be its own. */
  renew(identity: Identity): void;
  /** Stops accepting, lets running answers end for a few seconds, then closes every connection. */
  close(): Promise<void>;
};

const maxHeader = 16_384;
const maxConnections = 2_000;
const closingTime = 5_000;

const securityHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Strict-Transport-Security': 'max-age=63072000; includeSubDomains', // RFC 6797 section 6.1
  'Cache-Control': 'no-store',
  'Permissions-Policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Robots-Tag': 'noindex, nofollow',
};

export function createWebServer(options: WebServerOptions): WebServer {
  const server = createServer(options.tls, siteOf(options));
  const { host, port } = options.listen;
  const rotation = setInterval(() => {
    if (server instanceof HttpsServer) server.setTicketKeys(randomBytes(48));
  }, ticketKeysLive).unref();
  return {
    listen: async () => {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port }, () => {
          server.off('error', reject);
          resolve();
        });
      });
      const address = server.address();
      const bound = address === null || typeof address === 'string' ? port : address.port;
      const name = host.includes(':') ? `[${host}]` : host;
      return `${options.tls === null ? 'http' : 'https'}://${name}:${bound}`;
    },
    renew: (identity) => {
      if (server instanceof HttpsServer) server.setSecureContext(serverTls(identity));
    },
    close: async () => {
      clearInterval(rotation);
      if (!server.listening) return;
      const timer = setTimeout(() => server.closeAllConnections(), closingTime);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
      clearTimeout(timer);
    },
  };
}

function siteOf({ routes, looks, emit, healthy }: WebServerOptions): Hono<Env> {
  const site = new Hono<Env>();
  site.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(securityHeaders))
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  });
  site.get('/healthz', async (c) => {
    try {
      await healthy();
      return c.text('ok\n');
    } catch {
      return c.text('unavailable\n', 503);
    }
  });
  site.route('/', routes);
  site.notFound((c) => c.html(troublePage(looks.around(c, null, '/'), 'notFound'), 404));
  site.onError((error, c) => failed(error, c, looks, emit));
  return site;
}

function failed(
  error: Error,
  c: Context<Env>,
  looks: WebServerOptions['looks'],
  emit: (event: Event) => void,
): Response | Promise<Response> {
  const ours = [StoreBusy, StoreDown, TooManyPasswords].some((kind) => error instanceof kind);
  emit({ kind: 'service.failed', component: 'web', error: `${error.name}: ${error.message}`.slice(0, 300) });
  const around = looks.around(c, null, '/');
  if (!ours) return c.html(troublePage(around, 'broken'), 500);
  c.header('Retry-After', '60');
  return c.html(troublePage(around, 'busy'), 503);
}

function createServer(tls: Identity | null, site: Hono<Env>): Server {
  const limits = {
    maxHeaderSize: maxHeader,
    headersTimeout: 10_000,
    // Files over slow lines; what trickles is pace.ts's.
    requestTimeout: 2 * 60 * 60_000,
    keepAliveTimeout: 15_000,
    connectionsCheckingInterval: 5_000,
  };
  const listener = getRequestListener(site.fetch, {
    // A request the adapter cannot even represent: a malformed target, a verb such as TRACE.
    errorHandler: () =>
      new Response('400 We could not read this request.\n', {
        status: 400,
        headers: { ...securityHeaders, 'Content-Type': 'text/plain; charset=utf-8' },
      }),
    overrideGlobalObjects: false,
  });
  const serve = (...args: Parameters<typeof listener>): void => void listener(...args);
  const server =
    tls === null
      ? createHttpServer(limits, serve)
      : createHttpsServer({ ...limits, ...serverTls(tls), handshakeTimeout: 10_000 }, serve);
  keepPace(server, { grace: 30_000, slowest: 1_000, every: 5_000 });
  server.maxConnections = maxConnections;
  // Behind a proxy they all come from one place, and it is for the proxy to share them.
  if (tls !== null) shareConnections(server);
  server.maxHeadersCount = 100;
  // A reader that takes nothing for two minutes is gone.
  server.setTimeout(120_000, (socket) => socket.destroy());
  return server;
}

function shareConnections(server: Server): void {
  const held = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const network = networkKey(socket.remoteAddress ?? 'unknown');
    const count = held.get(network) ?? 0;
    if (count >= maxConnections / 4) {
      socket.destroy();
      return;
    }
    held.set(network, count + 1);
    socket.once('close', () => {
      const left = (held.get(network) ?? 1) - 1;
      if (left === 0) held.delete(network);
      else held.set(network, left);
    });
  });
}
