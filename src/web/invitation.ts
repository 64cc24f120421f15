/**
 * Coming by invitation: the link, a name, a passkey, and one is a member of the address. The token is sealed by the portal, names the member it makes, and
 * works once, as that member exists once, and only while who sent it is an owner. GET shows the page and changes nothing.
 */
import { randomUUIDv7 } from 'node:crypto';
import type { Context } from 'hono';
import type { Event } from '../event/event.ts';
import { openText, SealBroken, sealText } from '../protect/seal.ts';
import type { Credential } from '../store/portal-port.ts';
import { nameIn, say } from './account.ts';
import { byForm, type Submitted } from './entrance.ts';
import { networkKey } from './limits.ts';
import { joinPage } from './pages/joining.ts';
import type { Shared } from './ports.ts';
import { creationOptions, madePasskey } from './proof/passkey.ts';
import { prove } from './proof/prove.ts';
import { clientOf, type Env, limited, trouble } from './request.ts';

export type Invitation = {
  readonly member: string;
  /** The owner who invites. */
  readonly by: string;
  readonly tenant: string;
  readonly address: string;
  /** As the owner wrote it; the person may change it. */
  readonly name: string;
  readonly until: number;
};

const context = 'invitation';

export function sealInvitation(key: Buffer, invitation: Invitation): string {
  return sealText(key, JSON.stringify(invitation), context);
}

/** GET /join/TOKEN */
export async function showInvitation(c: Context<Env>, shared: Shared): Promise<Response> {
  const { sessions, looks } = shared;
  const invitation = await invited(c, shared, c.req.param('token') ?? '');
  if (invitation instanceof Response) return invitation;
  const visitor = await sessions.visitor(c);
  sessions.keep(c, visitor);
  const view = { ...invitation, form: sessions.formToken(visitor), token: c.req.param('token') ?? '' };
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
  const { ports, now } = shared;
  const coming = await comer(c, shared);
  if (coming instanceof Response) return coming;
  const { visitor, form, invitation } = coming;
  const { member, tenant, address } = invitation;
  const made = await madePasskey(shared, visitor, form.get('response') ?? '');
  if (made === null) return c.redirect(`/join/${encodeURIComponent(form.get('token') ?? '')}`, 303);
  const name = nameIn(form) ?? invitation.name;
  const passkey = { ...made, id: randomUUIDv7(), kind: 'passkey', member, tenant } as const;
  const credential: Credential = { ...passkey, label: '', createdAt: now(), lastUsedAt: now() };
  const place = { tenant, address, client: clientOf(c), member, reader: name };
  const event: Event = { kind: 'portal.enrolled', ...place, method: 'passkey' };
  const enrolled = await ports.store.enrol(
    { id: member, tenant, name, createdAt: now() },
    { tenant, address, role: 'member' },
    credential,
    [event],
  );
  // Two devices at once, and this was the second.
  if (!enrolled) return trouble(c, shared, 'noLink', 404);
  ports.emit(event);
  await prove(c, shared, visitor, [{ method: 'passkey', tenant, member }], null);
  return say(c, 'passkey-added');
}

async function comer(
  c: Context<Env>,
  shared: Shared,
): Promise<(Submitted & { readonly invitation: Invitation }) | Response> {
  const submitted = await byForm(c, shared);
  if (submitted instanceof Response) return submitted;
  const invitation = await invited(c, shared, submitted.form.get('token') ?? '');
  return invitation instanceof Response ? invitation : { ...submitted, invitation };
}

/** The invitation while it is good: sealed by us, in time, and not used. */
async function invited(c: Context<Env>, shared: Shared, token: string): Promise<Invitation | Response> {
  const { ports, now, limits } = shared;
  try {
    const invitation = JSON.parse(openText(ports.key, token.slice(0, 2_000), context)) as Invitation;
    const fresh = invitation.until > now() && !(await ports.store.memberKnown(invitation.member));
    const people = await ports.store.members(invitation);
    if (fresh && people.some(({ id, role }) => id === invitation.by && role === 'owner')) return invitation;
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
  }
  const key = networkKey(clientOf(c));
  const limit = limited(c, shared, { limiter: limits.lookUps, key, reason: 'unknown invitations' });
  if (limit !== null) return limit;
  limits.lookUps.count(key);
  return trouble(c, shared, 'noLink', 404);
}
