/**
 * What a request says about itself: who asks, whether it comes from a page of ours, which fields its form has. And the answers that
 * every room of the portal gives: trouble, and not so often.
 *
 * Without TLS of our own we stand behind a reverse proxy, so the client is the last address it wrote into X-Forwarded-For.
 *
 * Limits: plain HTTP that is open to the network would let clients choose their address, and with it escape the limits counted by address.
 */
import { isIP } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Limiter } from './limits.ts';
import { waitPage } from './pages/arriving.ts';
import { troublePage } from './pages/trouble.ts';
import type { Shared } from './ports.ts';
import type { WaitView } from './views.ts';
import type { TroubleName } from './words/troubles.ts';

export type Env = { Bindings: HttpBindings };
export type Handler = (c: Context<Env>) => Response | Promise<Response>;

/** The client's address on the network. */
export function clientOf(c: Context<Env>): string {
  const { socket } = c.env.incoming;
  const peer = socket.remoteAddress ?? 'unknown';
  if ('encrypted' in socket) return peer;
  const forwarded = c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim() ?? '';
  return isIP(forwarded) === 0 ? peer : forwarded;
}

export function cookiesOf(c: Context<Env>): string {
  return c.req.header('cookie') ?? '';
}

/** Octets of a form; the longest of ours carries a passkey's answer. */
const maxForm = 32_768;

/** The fields of a submitted form, none for anything else than a form; or the answer that it is too long. */
export async function formOf(c: Context<Env>): Promise<URLSearchParams | Response> {
  const type = c.req.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  const { body } = c.req.raw;
  if (type !== 'application/x-www-form-urlencoded' || body === null) return new URLSearchParams();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxForm) return c.text('That was more than this page takes. Go back and try again.\n', 413);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

/**
 * Whether a POST came from somewhere other than a page of ours. Browsers say so in Sec-Fetch-Site; those too old for it say it in Origin, which our
 * own no-referrer pages send as "null", so there the form token alone decides.
 */
export function crossSite(c: Context<Env>, ownOrigin: string): boolean {
  const site = c.req.header('sec-fetch-site');
  const origin = c.req.header('origin');
  if (site !== undefined) return site !== 'same-origin';
  return origin !== undefined && origin !== 'null' && origin !== ownOrigin;
}

export async function trouble(
  c: Context<Env>,
  shared: Shared,
  name: TroubleName,
  status: 400 | 403 | 404 | 405 | 413 | 503,
  tenant: string | null = null,
): Promise<Response> {
  return c.html(troublePage(shared.looks.around(c, tenant), name, await signedIn(c, shared)), status);
}

/** Whether this browser proved anything, so that there is an inbox to show. */
export async function signedIn(c: Context<Env>, { sessions }: Shared): Promise<boolean> {
  const { session } = await sessions.visitor(c);
  return session !== null && session.reach.length > 0;
}

/** Answers 429 when the key's limit is used up, and null while it is not. */
export function limited(
  c: Context<Env>,
  shared: Shared,
  limit: { readonly limiter: Limiter; readonly key: string; readonly reason: string },
): Response | Promise<Response> | null {
  const wait = limit.limiter.waitFor(limit.key);
  if (wait === 0) return null;
  return tooOften(c, shared, limit.reason, { until: shared.now() + wait, back: null, what: 'network' });
}

/** The answer to one try too many. */
export function tooOften(
  c: Context<Env>,
  { ports, looks, now }: Shared,
  reason: string,
  view: WaitView,
  tenant: string | null = null,
): Response | Promise<Response> {
  ports.emit({ kind: 'portal.limited', delivery: c.req.param('id') ?? null, client: clientOf(c), reason });
  c.header('Retry-After', String(Math.max(1, Math.ceil((view.until - now()) / 1000))));
  return c.html(waitPage(looks.around(c, tenant), view), 429);
}
