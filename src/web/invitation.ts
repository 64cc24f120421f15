/**
 * Coming by invitation: the link, a name, a passkey (or, also without scripts, a password or an authenticator app), and one is a member of the address. The
 * token is sealed by the portal and names the member it makes; it works once, for as long as the invitation is kept (account-people.ts). It leaves the address bar at once, for a cookie of its own, so that no history on a shared computer has a way in. GET changes nothing.
 */
import { randomUUIDv7 } from 'node:crypto';
import type { Context } from 'hono';
import type { Event } from '../event/event.ts';
import { hashPassword } from '../protect/password.ts';
import { openText, SealBroken, sealText } from '../protect/seal.ts';
import type { Credential, Invitation } from '../store/portal-port.ts';
import { nameIn, say } from './account.ts';
import { byForm, type Submitted } from './entrance.ts';
import { networkKey } from './limits.ts';
import { authenticatorPage, type EnrolPlace, passwordPage } from './pages/account.ts';
import { joinPage } from './pages/joining.ts';
import type { Shared } from './ports.ts';
import { pictureOf, sealSecret, secretFrom, stepOf } from './proof/authenticator.ts';
import { creationOptions, madePasskey } from './proof/passkey.ts';
import { judgePassword, minPassword } from './proof/password.ts';
import { prove } from './proof/prove.ts';
import { clientOf, cookiesOf, type Env, limited, trouble } from './request.ts';
import type { PasswordView } from './views.ts';

const context = 'invitation';
const cookieName = '__Host-invitation';
const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax';
/** Seconds for which a browser remembers it. */
const remembered = 3_600;

/** What the link carries. `member`: the id of the member it makes. */
export function sealInvitation(key: Buffer, member: string): string {
  return sealText(key, member, context);
}

/** GET /join/TOKEN */
export async function followInvitation(c: Context<Env>, shared: Shared): Promise<Response> {
  const token = c.req.param('token') ?? '';
  const invitation = await invited(c, shared, token);
  if (invitation instanceof Response) return invitation;
  c.header('Set-Cookie', `${cookieName}=${token}; Max-Age=${remembered}; ${attributes}`, { append: true });
  return c.redirect('/join', 303);
}

/** GET /join */
export async function showInvitation(c: Context<Env>, shared: Shared): Promise<Response> {
  const { sessions, looks } = shared;
  const invitation = await invited(c, shared, brought(c));
  if (invitation instanceof Response) return invitation;
  const visitor = await sessions.visitor(c);
  sessions.keep(c, visitor);
  const view = { ...invitation, form: sessions.formToken(visitor) };
  return c.html(joinPage(looks.around(c, invitation.tenant, '/'), view));
}

/** POST /join/passkey/options */
export async function joinOptions(c: Context<Env>, shared: Shared): Promise<Response> {
  const coming = await comer(c, shared);
  if (coming instanceof Response) return coming;
  const { visitor, form, invitation } = coming;
  shared.sessions.keep(c, visitor);
  const { member: id, address } = invitation;
  const name = nameIn(form) ?? invitation.name;
  return c.json(await creationOptions(shared, visitor, { id, name, address, has: [] }));
}

/** POST /join/passkey */
export async function joinByPasskey(c: Context<Env>, shared: Shared): Promise<Response> {
  const coming = await comer(c, shared);
  if (coming instanceof Response) return coming;
  const { visitor, form } = coming;
  const made = await madePasskey(shared, visitor, form.get('response') ?? '');
  if (made === null) return c.redirect('/join', 303);
  return admit(c, shared, coming, { ...made, id: randomUUIDv7(), kind: 'passkey' });
}

/** GET /join/password and authenticator: the ways that need no script. */
export async function showOtherWay(c: Context<Env>, shared: Shared, way: OtherWay): Promise<Response> {
  const invitation = await invited(c, shared, brought(c));
  if (invitation instanceof Response) return invitation;
  const visitor = await shared.sessions.visitor(c);
  shared.sessions.keep(c, visitor);
  const coming = { visitor, form: new URLSearchParams(), invitation };
  return way === 'password' ? passwordForm(c, shared, coming, null) : authenticatorForm(c, shared, coming, false);
}

/** POST /join/password */
export async function joinByPassword(c: Context<Env>, shared: Shared): Promise<Response> {
  const coming = await comer(c, shared);
  if (coming instanceof Response) return coming;
  const { form, invitation } = coming;
  const password = form.get('password') ?? '';
  const personal = [nameIn(form) ?? invitation.name, invitation.address, new URL(shared.ports.portalUrl).hostname];
  const problem = judgePassword(password, form.get('again') ?? '', personal);
  if (problem !== null) return passwordForm(c, shared, coming, problem);
  const secret = await hashPassword(password);
  return admit(c, shared, coming, { id: randomUUIDv7(), kind: 'password', lookup: '', secret, counter: 0 });
}

/** POST /join/authenticator */
export async function joinByAuthenticator(c: Context<Env>, shared: Shared): Promise<Response> {
  const coming = await comer(c, shared);
  if (coming instanceof Response) return coming;
  const secret = secretOf(shared, coming);
  const step = stepOf(secret, coming.form.get('code') ?? '', shared.now());
  if (step === null) return authenticatorForm(c, shared, coming, true);
  const id = randomUUIDv7();
  const sealed = sealSecret(shared, id, secret);
  return admit(c, shared, coming, { id, kind: 'authenticator', lookup: '', secret: sealed, counter: step });
}

type OtherWay = 'password' | 'authenticator';

/** Whoever holds a good invitation, and what they typed. */
type Comer = Submitted & { readonly invitation: Invitation };

/** Makes them a member, with this as their way to sign in. */
async function admit(
  c: Context<Env>,
  shared: Shared,
  { visitor, form, invitation }: Comer,
  made: Pick<Credential, 'id' | 'lookup' | 'secret' | 'counter'> & { readonly kind: 'passkey' | OtherWay },
): Promise<Response> {
  const { ports, now } = shared;
  const { member, tenant, address } = invitation;
  const name = nameIn(form) ?? invitation.name;
  const credential: Credential = { ...made, member, tenant, label: '', createdAt: now(), lastUsedAt: now() };
  const place = { tenant, address, client: clientOf(c), member, reader: name };
  const event: Event = { kind: 'portal.enrolled', ...place, method: made.kind };
  const newcomer = { id: member, tenant, name, createdAt: now() };
  const enrolled = await ports.store.enrolInvited(newcomer, { tenant, address }, credential, [event]);
  // Two devices at once, and this was the second; or it was withdrawn in between.
  if (!enrolled) return trouble(c, shared, 'noLink', 404);
  ports.emit(event);
  await prove(c, shared, visitor, [{ method: made.kind, tenant, member }], null);
  c.header('Set-Cookie', `${cookieName}=; Max-Age=0; ${attributes}`, { append: true });
  return say(c, saidOf[made.kind]);
}

const saidOf = {
  passkey: 'passkey-added',
  authenticator: 'authenticator-added',
  password: 'password-set',
} as const;

/** Where the forms of a way lead, and where one may turn back to. */
function placeOf({ form, invitation }: Comer, way: OtherWay): EnrolPlace {
  return { action: `/join/${way}`, back: '/join', name: nameIn(form) ?? invitation.name };
}

function passwordForm(
  c: Context<Env>,
  { sessions, looks }: Shared,
  coming: Comer,
  problem: PasswordView['problem'],
): Response | Promise<Response> {
  const view: PasswordView = { form: sessions.formToken(coming.visitor), minLength: minPassword, problem };
  const page = passwordPage(looks.around(c, coming.invitation.tenant, '/'), view, placeOf(coming, 'password'));
  return c.html(page, problem === null ? 200 : 422);
}

async function authenticatorForm(c: Context<Env>, shared: Shared, coming: Comer, wrong: boolean): Promise<Response> {
  const { looks, ports, sessions } = shared;
  const { tenant, address } = coming.invitation;
  const issuer = ports.tenants.find(({ id }) => id === tenant)?.branding.name ?? new URL(ports.portalUrl).hostname;
  const picture = await pictureOf(secretOf(shared, coming), { issuer, label: address });
  const problem = wrong ? ('wrong' as const) : null;
  const view = { form: sessions.formToken(coming.visitor), ...picture, problem };
  const page = authenticatorPage(looks.around(c, tenant, '/'), view, placeOf(coming, 'authenticator'));
  return c.html(page, wrong ? 422 : 200);
}

/** The same from the page to its form, without being kept: made from the browser's secret and the invitation. */
function secretOf({ sessions }: Shared, { visitor, invitation }: Comer): string {
  return secretFrom(Buffer.from(sessions.mac(visitor, 'authenticator secret', invitation.member), 'base64url'));
}

async function comer(c: Context<Env>, shared: Shared): Promise<Comer | Response> {
  const submitted = await byForm(c, shared);
  if (submitted instanceof Response) return submitted;
  const invitation = await invited(c, shared, brought(c));
  return invitation instanceof Response ? invitation : { ...submitted, invitation };
}

/** The token this browser brought, or empty. */
function brought(c: Context<Env>): string {
  return new RegExp(`(?:^|;\\s*)${cookieName}=([^;\\s]+)`).exec(cookiesOf(c))?.[1] ?? '';
}

/** The invitation while it is good: sealed by us, in time, and neither used nor withdrawn. */
async function invited(c: Context<Env>, shared: Shared, token: string): Promise<Invitation | Response> {
  const { ports, now, limits } = shared;
  const invitation = await ports.store.invitation(memberIn(ports.key, token), now());
  if (invitation !== null) return invitation;
  const key = networkKey(clientOf(c));
  const limit = limited(c, shared, { limiter: limits.lookUps, key, reason: 'unknown invitations' });
  if (limit !== null) return limit;
  limits.lookUps.count(key);
  return trouble(c, shared, 'noLink', 404);
}

/** Empty when the token is none of ours. */
function memberIn(key: Buffer, token: string): string {
  try {
    return openText(key, token.slice(0, 2_000), context);
  } catch (error) {
    if (error instanceof SealBroken) return '';
    throw error;
  }
}
