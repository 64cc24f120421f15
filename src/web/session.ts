/**
 * One browser, one message: a session is a cookie for one delivery, in one of two stages.
 *
 * `asking`: the person pressed the button and a code was mailed. The cookie holds a random secret and the hash of the link's token, so that the
 * address bar need not. `reading`: the code was right. The reading secret is derived from the asking one with our key and handed to the browser
 * only now, so whoever planted or saw the earlier cookie holds nothing (no session fixation). The database knows SHA-256 of the reading
 * secret and until when it is good; the cookie carries when it was last seen, under a MAC, for the idle limit.
 *
 * Forms carry a token derived from the session, and every POST must come from our own pages (request.ts).
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const minute = 60_000;
/** How long a session lasts without a request: the first stage, and the second. */
const idle = { asking: 60 * minute, reading: 30 * minute };
/** How long a session lasts in all. */
export const sessionLength = 8 * 60 * minute;
/** A browser keeps this many messages open at once; more, and the cookies would outgrow the request's header. */
const maxSessions = 20;

export type Session = {
  readonly stage: 'asking' | 'reading';
  readonly deliveryId: string;
  readonly secret: string;
  /** SHA-256 of the link's token while asking; afterwards empty. */
  readonly tokenHash: string;
};

export type Sessions = {
  /** A fresh session that asks for a code. */
  begin(deliveryId: string, tokenHash: string): Session;
  /** The session this request brings for the delivery; null when there is none, it was altered, or it sat idle too long. */
  find(cookies: string, deliveryId: string): Session | null;
  /** What an asking session becomes by the right code. */
  confirm(session: Session): Session;
  /** What the database knows the session by, the same in both stages. */
  storedHash(session: Session): string;
  /** Set-Cookie lines that keep the session, and drop the oldest when a browser has too many. */
  keep(session: Session, cookies: string): string[];
  drop(deliveryId: string): string;
  formToken(session: Session): string;
  /** Whether a form came from a page of this session. */
  formIsOurs(session: Session, token: string | null): boolean;
};

const prefix = '__Host-pickup-';
const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax';

export function createSessions(key: Buffer, now: () => number): Sessions {
  const mac = (label: string, text: string): string =>
    createHmac('sha256', key).update(`${label}\n${text}`).digest('base64url');
  const readingSecret = (session: Session): string =>
    session.stage === 'reading' ? session.secret : mac('reading', `${session.deliveryId}\n${session.secret}`);

  /** stage.secret.tokenHash.seen.mac */
  const find = (cookies: string, deliveryId: string): Session | null => {
    const value = allCookies(cookies).find(([name]) => name === prefix + deliveryId)?.[1] ?? '';
    const [stage, secret = '', tokenHash = '', seen = '', given = ''] = value.split('.');
    if (stage !== 'asking' && stage !== 'reading') return null;
    if (!equal(given, mac('cookie', [deliveryId, stage, secret, tokenHash, seen].join('.')))) return null;
    if (now() - Number.parseInt(seen, 36) > idle[stage]) return null;
    return { stage, deliveryId, secret, tokenHash };
  };

  return {
    begin: (deliveryId, tokenHash) => ({
      stage: 'asking',
      deliveryId,
      secret: randomBytes(32).toString('base64url'),
      tokenHash,
    }),
    find,
    confirm: (session) => ({ ...session, stage: 'reading', secret: readingSecret(session), tokenHash: '' }),
    storedHash: (session) => createHash('sha256').update(readingSecret(session)).digest('hex'),
    keep: (session, cookies) => {
      const parts = [session.stage, session.secret, session.tokenHash, now().toString(36)];
      const value = [...parts, mac('cookie', [session.deliveryId, ...parts].join('.'))].join('.');
      const others = allCookies(cookies).filter(
        ([name]) => name.startsWith(prefix) && name !== prefix + session.deliveryId,
      );
      const lastSeen = ([, value]: [string, string]): number => Number.parseInt(value.split('.')[3] ?? '0', 36) || 0;
      const surplus = others.sort((a, b) => lastSeen(b) - lastSeen(a)).slice(maxSessions - 1);
      return [
        `${prefix}${session.deliveryId}=${value}; Max-Age=${sessionLength / 1000}; ${attributes}`,
        ...surplus.map(([name]) => `${name}=; Max-Age=0; ${attributes}`),
      ];
    },
    drop: (deliveryId) => `${prefix}${deliveryId}=; Max-Age=0; ${attributes}`,
    formToken: (session) => mac('form', `${session.deliveryId}\n${session.secret}`),
    formIsOurs: (session, token) => equal(token ?? '', mac('form', `${session.deliveryId}\n${session.secret}`)),
  };
}

function allCookies(header: string): [name: string, value: string][] {
  return header.split(';').map((pair) => {
    const equals = pair.indexOf('=');
    return [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
  });
}

function equal(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
