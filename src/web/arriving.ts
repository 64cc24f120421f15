/**
 * The way to a message: the link of the notification, and its front door, which says who wrote and offers the simplest proof that is enough.
 *
 * The link's token leaves the address bar with the first answer: a redirect to the message's own address, which is no secret. Redirects stay out of the
 * history, and no page was shown that could pass the token on. Nothing else happens: GET and HEAD change nothing here, however often a
 * link scanner comes.
 */
import type { Context } from 'hono';
import { hashToken } from '../pipeline/portal.ts';
import type { Proof } from '../policy/verdict.ts';
import type { PortalRow } from '../store/portal-port.ts';
import { greeted } from './branding.ts';
import { maskAddress } from './codes.ts';
import { type Entrant, entrant } from './entrance.ts';
import { networkKey } from './limits.ts';
import { arrivingPage } from './pages/arriving.ts';
import { withdrawnPage } from './pages/sender.ts';
import type { Shared } from './ports.ts';
import { clientOf, type Env, limited, trouble } from './request.ts';
import { rightTo, strength } from './rights.ts';
import type { ArrivingView, Way } from './views.ts';

/** GET /m/TOKEN */
export async function followLink(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, now, limits, sessions } = shared;
  const token = c.req.param('token') ?? '';
  // 256 bits in base64url; anything else is not worth a look into the database.
  const row = /^[A-Za-z0-9_-]{43}$/.test(token) ? await ports.store.byToken(hashToken(token), now()) : null;
  if (row === null) {
    const gone = await ports.senders.withdrawn({ tokenHash: hashToken(token) }, now());
    if (gone !== null) return c.html(withdrawnPage(shared.looks.around(c, gone.tenant, '/')), 410);
    // Nobody guesses 256 bits: what is limited is the noise, and never who has a link.
    const key = networkKey(clientOf(c));
    const tooOften = limited(c, shared, { limiter: limits.lookUps, key, reason: 'unknown links' });
    if (tooOften !== null) return tooOften;
    limits.lookUps.count(key);
    return trouble(c, shared, 'noLink', 404);
  }
  sessions.keep(c, sessions.withLink(await sessions.visitor(c), row.tokenHash));
  return c.redirect(`/d/${row.delivery.id}`, 303);
}

/** GET /d/ID, while what was proved is not enough. */
export async function frontDoor(c: Context<Env>, shared: Shared, { visitor, row }: Entrant): Promise<Response> {
  const { ports, looks, sessions } = shared;
  const right = rightTo(row, visitor.session);
  const view: ArrivingView = {
    deliveryId: row.delivery.id,
    form: sessions.formToken(visitor),
    from: row.message.mailFrom,
    sentAt: row.message.receivedAt,
    expiresAt: row.expiresAt,
    address: maskAddress(row.delivery.recipient),
    ways: await waysTo(row, shared, right.may ? null : right.proved),
    demand: row.demand,
    proved: right.may ? null : right.proved,
    question: row.passphrase?.question ?? '',
  };
  return c.html(arrivingPage(greeted(looks.around(c, row.tenant), await ports.greetings.of(row)), view));
}

/** Back to the front door, for who reloads, or opens by hand, an address that only a form leads to. */
export async function backToDoor(c: Context<Env>, shared: Shared): Promise<Response> {
  const found = await entrant(c, shared);
  return found instanceof Response ? found : c.redirect(`/d/${found.row.delivery.id}`, 303);
}

/**
 * The ways in, simplest first: what the people of the address have set up, accounts elsewhere, and a code by mail. Where a rule demands more than
 * anybody has set up, the code comes first and leads to setting it up.
 */
async function waysTo(row: PortalRow, { ports }: Shared, proved: Proof | null): Promise<Way[]> {
  const base = `/d/${row.delivery.id}`;
  if (row.demand === 'passphrase') return [{ proof: 'passphrase', action: `${base}/passphrase` }];
  const members = await ports.store.members(row);
  const enrolled = new Set(members.flatMap((member) => member.methods));
  const own = (['passkey', 'authenticator', 'password'] as const)
    .filter((proof) => enrolled.has(proof))
    .map((proof): Way => ({ proof, action: `${base}/${proof}` }));
  const elsewhere = ports.signIn.providers.map(
    (provider): Way => ({ proof: 'oidc', action: `${base}/sign-in/${provider}`, provider }),
  );
  const code: Way = { proof: 'code', action: `${base}/new-code` };
  const enough = (way: Way): boolean => strength(way.proof) >= strength(row.demand);
  const passkeys = own.filter((way) => way.proof === 'passkey');
  const others = [...own.filter((way) => way.proof !== 'passkey'), ...elsewhere];
  const ways = [...passkeys, code, ...others].filter(enough);
  if (own.some(enough) || row.demand === 'code') return ways;
  const setUp: Way = proved === null ? code : { proof: 'passkey', action: '/account' };
  return [setUp, ...ways];
}
