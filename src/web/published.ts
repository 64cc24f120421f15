/**
 * What the gateway publishes of the tenant's own keys, for programs and not for people: OpenPGP keys in a Web Key Directory (`createKeyDirectory`), and the
 * lists of revoked certificates with the certificates of their authorities (`createRevocationPages`). Nobody signs in, nothing is remembered, no private key
 * is needed.
 *
 * The directory is found under openpgpkey.DOMAIN with the domain in the path (the advanced method) or under DOMAIN itself (the direct one), so a CNAME or
 * a proxy for either is enough. Whoever knows an address can learn whether it has a key, which is what a directory is for; everything else that
 * is not there looks the same, whether domain, address or hash is unknown.
 *
 * Standards: RFC 2585 (certificates and lists over HTTP).
 * Limits: draft-koch-openpgp-webkey-service: keys are published here, not submitted.
 */
import { X509Certificate } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { toAsciiDomain } from '../mail/address.ts';
import type { PublishedStore } from '../store/own-key-port.ts';
import { createLimiter, networkKey } from './limits.ts';
import { clientOf, type Env, type Handler } from './request.ts';

export type PublishedPorts = {
  readonly store: PublishedStore;
  readonly tenants: readonly { readonly domains: readonly string[] }[];
  readonly now?: () => number;
};

/** Requests of one network within a minute; a mail provider that looks keys up for its users stays below. */
const perMinute = 600;
/** Seconds for which others may keep an answer: a revoked key should not live on for long. */
const keyLives = 3_600;
const hashes = /^[ybndrfg8ejkmcpqxot1uwisza345h769]{32}$/;

/** The Web Key Directory of all domains of all tenants. */
export function createKeyDirectory(ports: PublishedPorts): Hono<Env> {
  const domains = new Set(ports.tenants.flatMap((tenant) => tenant.domains));
  const key = async (c: Context<Env>, domain: string | null): Promise<Response> => {
    const hash = c.req.param('hash') ?? '';
    // An unknown domain costs the same look-up as a known one.
    const found = hashes.test(hash) ? await ports.store.published(domain ?? '', hash) : [];
    if (domain === null || !domains.has(domain) || found.length === 0) return notHere(c);
    const body = Buffer.concat(found.map(unarmored));
    return file(c, body, 'application/octet-stream', keyLives);
  };
  // Section 4.5 of the draft: an empty file says that the directory is there.
  const policy = (c: Context<Env>, domain: string | null): Response =>
    domain !== null && domains.has(domain)
      ? file(c, Buffer.alloc(0), 'text/plain; charset=utf-8', keyLives)
      : notHere(c);
  const routes = new Hono<Env>();
  const serve = serving(routes, ports);
  const root = '/.well-known/openpgpkey';
  serve(`${root}/:domain/hu/:hash`, (c) => key(c, toAsciiDomain(c.req.param('domain') ?? '')));
  serve(`${root}/:domain/policy`, (c) => policy(c, toAsciiDomain(c.req.param('domain') ?? '')));
  serve(`${root}/hu/:hash`, (c) => key(c, hostOf(c)));
  serve(`${root}/policy`, (c) => policy(c, hostOf(c)));
  return routes;
}

/** Revocation lists, and certificates of authorities, under the URLs that certificates name (keys/own-maker.ts). */
export function createRevocationPages(ports: PublishedPorts): Hono<Env> {
  const now = ports.now ?? Date.now;
  const routes = new Hono<Env>();
  const serve = serving(routes, ports);
  serve('/crl/:name', async (c) => {
    const id = idOf(c, '.crl');
    const list = id === null ? null : await ports.store.revocationList(id);
    if (list === null) return notHere(c);
    c.header('Last-Modified', new Date(list.thisUpdate).toUTCString());
    const lives = Math.max(0, Math.min(keyLives, Math.floor((list.nextUpdate - now()) / 1000)));
    return file(c, list.der, 'application/pkix-crl', lives);
  });
  serve('/ca/:name', async (c) => {
    const id = idOf(c, '.cer');
    const certificate = id === null ? null : await ports.store.authorityCertificate(id);
    return certificate === null
      ? notHere(c)
      : file(c, new X509Certificate(certificate).raw, 'application/pkix-cert', 24 * keyLives);
  });
  return routes;
}

/** Routes for GET (and HEAD) that give way when one network asks too often. */
function serving(routes: Hono<Env>, { now = Date.now }: PublishedPorts): (path: string, handler: Handler) => void {
  const limiter = createLimiter(perMinute, 60_000, now);
  return (path, handler) => {
    routes.get(path, (c) => {
      const network = networkKey(clientOf(c));
      const wait = limiter.waitFor(network);
      if (wait > 0) return c.text('Too many requests.\n', 429, { 'Retry-After': String(Math.ceil(wait / 1000)) });
      limiter.count(network);
      return handler(c);
    });
    routes.all(path, (c) => c.text('Only GET.\n', 405, { Allow: 'GET, HEAD' }));
  };
}

/** Anybody may read it, also scripts of other sites (section 3.1 of the draft asks for that). */
function file(c: Context<Env>, body: Uint8Array, type: string, seconds: number): Response {
  return c.body(new Uint8Array(body), 200, {
    'Content-Type': type,
    'Cache-Control': `public, max-age=${seconds}`,
    'Access-Control-Allow-Origin': '*',
    'Cross-Origin-Resource-Policy': 'cross-origin',
  });
}

function notHere(c: Context<Env>): Response {
  return c.text('Not found.\n', 404, { 'Access-Control-Allow-Origin': '*' });
}

function hostOf(c: Context<Env>): string | null {
  const name = new URL(c.req.url).hostname;
  return name.includes('.') ? toAsciiDomain(name) : null;
}

/** The id of an authority in a file name; null for what cannot be one. */
function idOf(c: Context<Env>, ending: string): string | null {
  const name = c.req.param('name') ?? '';
  const id = name.endsWith(ending) ? name.slice(0, -ending.length) : '';
  return /^[0-9a-f-]{36}$/.test(id) ? id : null;
}

/** The octets in armor of our own making. */
function unarmored(armored: string): Buffer {
  const lines = armored.split(/\r?\n/);
  const begin = lines.indexOf('') + 1;
  const end = lines.findIndex((line, at) => at >= begin && (line.startsWith('=') || line.startsWith('-----END')));
  return Buffer.from(lines.slice(begin, end).join(''), 'base64');
}
