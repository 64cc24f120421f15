/**
 * One browser, one cookie. `__Host-portal` holds a random secret, which links this browser has brought, and when it was last seen, under a MAC with
 * the portal's key. The database knows the session by the SHA-256 of the secret, and there only from the first thing a person did: a link scanner
 * leaves no row behind. What the session has proved is in the database too (store/portal-sessions.ts).
 *
 * Every proof renews the secret, so whoever planted or saw the one before holds nothing (no session fixation). Half an hour without a request, or eight
 * hours in all, end a session. A link's token leaves the address bar at once: its hash goes into the cookie, where it allows no more than to see that
 * a message waits and to ask for a proof.
 *
 * Forms carry a token derived from the secret, and every POST must come from our own pages (request.ts).
 *
 * Limits: the last answer wins. Who opens two links at the same moment in a browser that was never here keeps one of them, and opens the other again from
 * the letter; who proves who they are while another page of theirs is still loading may be asked once more. Nothing is lost on our side, and nobody gets
 * what is another's.
 */
import { createHash, createHmac, randomBytes, randomUUIDv7, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';
import type { PortalSession, PortalStore } from '../store/portal-port.ts';
import { cookiesOf, type Env } from './request.ts';

const minute = 60_000;
/** How long a session lasts without a request, and in all. */
export const idleTime = 30 * minute;
export const sessionLength = 8 * 60 * minute;
/** How long a browser remembers the links it brought, without a request. */
const linkTime = 60 * minute;
/** Links in one cookie; the oldest go first. */
const maxLinks = 20;

const cookieName = '__Host-portal';
const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax';

/** Who asks: a browser, perhaps with a session that proved something. */
export type Visitor = {
  readonly secret: string;
  /** SHA-256 of the tokens of links it brought, newest last. */
  readonly links: readonly string[];
  /** Null until the person did something, and when it ended. */
  readonly session: PortalSession | null;
  /** Whether the browser brought the secret; else this is its first visit. */
  readonly known: boolean;
};

export type Sessions = {
  visitor(c: Context<Env>): Promise<Visitor>;
  /** The same with a session in the database, begun if need be. */
  begun(c: Context<Env>, visitor: Visitor): Promise<Visitor & { readonly session: PortalSession }>;
  /** The visitor with one more link. */
  withLink(visitor: Visitor, tokenHash: string): Visitor;
  /** A secret for the same session from now on, and the hash to store. */
  renewed(visitor: Visitor): { readonly visitor: Visitor; readonly secretHash: string };
  /** Tells the browser; once for every answer that a visitor gets. */
  keep(c: Context<Env>, visitor: Visitor): void;
  drop(c: Context<Env>): void;
  formToken(visitor: Visitor): string;
  /** Whether a form came from a page of this browser's. */
  formIsOurs(visitor: Visitor, token: string | null): boolean;
  /** Binds a value to this browser and a purpose. */
  mac(visitor: Visitor, purpose: string, value: string): string;
};

export function createSessions(
  key: Buffer,
  store: Pick<PortalStore, 'session' | 'beginSession'>,
  now: () => number,
): Sessions {
  const mac = (label: string, text: string): string =>
    createHmac('sha256', key).update(`${label}\n${text}`).digest('base64url');
  // By the session where there is one, so that forms in other tabs outlive a proof in this one; its id alone is worth nothing.
  const bound = ({ secret, session }: Visitor, purpose: string, value: string): string =>
    mac(purpose, `${session === null ? secret : session.id}\n${value}`);

  /** secret.seen.link.link...mac */
  const read = (c: Context<Env>): Omit<Visitor, 'session'> | null => {
    const parts = cookieIn(cookiesOf(c)).split('.');
    const given = parts.pop() ?? '';
    if (parts.length < 2 || !equal(given, mac('cookie', parts.join('.')))) return null;
    const [secret = '', seen = '', ...links] = parts;
    const age = now() - Number.parseInt(seen, 36);
    if (age > linkTime || age < -minute) return null;
    return { secret, links: links.map((link) => Buffer.from(link, 'base64url').toString('hex')), known: true };
  };

  return {
    visitor: async (c) => {
      const found = read(c);
      if (found === null) return { secret: newSecret(), links: [], session: null, known: false };
      return { ...found, session: await store.session(hashOf(found.secret), now(), idleTime) };
    },
    begun: async (c, visitor) => {
      if (visitor.session !== null) return { ...visitor, session: visitor.session };
      // Whatever secret the browser brought, a session has one of its own.
      const secret = newSecret();
      const id = randomUUIDv7();
      const endsAt = now() + sessionLength;
      const agent = agentOf(c.req.header('user-agent') ?? '');
      await store.beginSession({ id, secretHash: hashOf(secret), now: now(), endsAt, agent });
      const session = { id, createdAt: now(), seenAt: now(), endsAt, reach: [], passphrases: [] };
      return { ...visitor, secret, session };
    },
    withLink: (visitor, tokenHash) => ({
      ...visitor,
      links: [...visitor.links.filter((link) => link !== tokenHash), tokenHash].slice(-maxLinks),
    }),
    renewed: (visitor) => {
      const secret = newSecret();
      return { visitor: { ...visitor, secret }, secretHash: hashOf(secret) };
    },
    keep: (c, visitor) => {
      const links = visitor.links.map((link) => Buffer.from(link, 'hex').toString('base64url'));
      const value = [visitor.secret, now().toString(36), ...links].join('.');
      const line = `${cookieName}=${value}.${mac('cookie', value)}; Max-Age=${sessionLength / 1000}; ${attributes}`;
      c.header('Set-Cookie', line, { append: true });
    },
    drop: (c) => c.header('Set-Cookie', `${cookieName}=; Max-Age=0; ${attributes}`, { append: true }),
    formToken: (visitor) => bound(visitor, 'form', ''),
    formIsOurs: (visitor, token) => visitor.known && equal(token ?? '', bound(visitor, 'form', '')),
    mac: bound,
  };
}

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function cookieIn(header: string): string {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (pair.slice(0, equals).trim() === cookieName) return pair.slice(equals + 1).trim();
  }
  return '';
}

export function equal(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bOPR\//, 'Opera'],
  [/\bCriOS\/|\bChrome\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const systems: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'Mac'],
  [/\bLinux\b|\bCrOS\b/, 'Linux'],
];

/** "Firefox on Windows": enough to know one's own browser in a list, and nothing that could be tracked. Empty when it says nothing known. */
export function agentOf(userAgent: string): string {
  const text = userAgent.slice(0, 500);
  const named = (names: typeof browsers): string => names.find(([form]) => form.test(text))?.[1] ?? '';
  return [named(browsers), named(systems)].filter((name) => name !== '').join(', ');
}
