/**
 * The people of an address: an owner names others, who are invited by mail and come with a way to sign in of their own; who belongs to several addresses
 * joins them; everybody may leave. And readers ask the sender to let a colleague in, which is the sender's to allow.
 *
 * An invitation works once, for three days, while who sent it is an owner, and until an owner withdraws it.
 */
import { createHash, randomBytes, randomUUID, randomUUIDv7 } from 'node:crypto';
import type { Context } from 'hono';
import type { Event } from '../event/event.ts';
import { addressKey, canonicalAddress } from '../mail/address.ts';
import { serviceAddress } from '../mail/compose.ts';
import { invitationMessage } from '../mail/invitation.ts';
import type { AccessRequest, MemberOfAddress } from '../store/portal-port.ts';
import { enrolling, nameIn, type Person, personByForm, say } from './account.ts';
import { type Reader, reader } from './entrance.ts';
import { sealInvitation } from './invitation.ts';
import { colleaguePage } from './pages/account.ts';
import { domainsOf, type Shared } from './ports.ts';
import { clientOf, crossSite, type Env, formOf, tooOften, trouble } from './request.ts';
import { addressesOf } from './rights.ts';
import type { ColleagueView } from './views.ts';

const invitationFor = 3 * 86_400_000;
/** Invitations an hour by one person, and requests about one message: what goes to addresses somebody typed is little. */
const invitationsPerHour = 10;
const maxRequests = 10;

/** POST /account/invite */
export async function invite(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, now, looks } = shared;
  const found = await ownedAddress(c, shared);
  if (found instanceof Response) return found;
  const { who, tenant, address } = found;
  const name = nameIn(who.form);
  const to = canonicalAddress((who.form.get('to') ?? '').slice(0, 320).trim());
  if (name === null || to === null || who.member === null) return c.redirect('/account', 303);
  if ((await ports.store.countFailure(`invitations by ${who.member.id}`, now())) > invitationsPerHour)
    return tooOften(c, shared, 'invitations', { until: now() + 3_600_000, back: '/account', what: 'tries' }, tenant);
  const member = randomUUIDv7();
  const until = now() + invitationFor;
  const token = sealInvitation(ports.key, member);
  const voice = looks.voice(c, tenant);
  const bytes = invitationMessage({
    from: serviceAddress('', domainsOf(tenant, ports), voice.from),
    to,
    inviter: who.member.name,
    name,
    address,
    voice,
    link: `${ports.portalUrl}/join/${token}`,
    until,
    messageId: `<${randomUUID()}@${new URL(ports.portalUrl).hostname}>`,
    date: now(),
  });
  const event: Event = { kind: 'portal.invited', tenant, address, member, reader: name, client: clientOf(c) };
  await ports.store.invite({ member, owner: who.member.id, tenant, address, name, until }, [event], now());
  await ports.submit({ id: randomUUIDv7(), tenant, kind: 'code', mailFrom: '', to, bytes, requireTls: false });
  ports.emit(event);
  return say(c, 'invited');
}

/** POST /account/invite/withdraw: any owner of the address, whoever invited. */
export async function withdrawInvitation(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, now } = shared;
  const found = await ownedAddress(c, shared);
  if (found instanceof Response) return found;
  const { who, tenant, address } = found;
  const at = { tenant, address };
  const invitation = (await ports.store.invitationsTo(at, now())).find(
    ({ member }) => member === who.form.get('member'),
  );
  if (invitation === undefined) return c.redirect('/account', 303);
  const { member, name } = invitation;
  const event: Event = { kind: 'portal.uninvited', ...at, member, reader: name, client: clientOf(c) };
  if (await ports.store.withdrawInvitation(member, at, [event], now())) ports.emit(event);
  return say(c, 'removed');
}

/** POST /account/member/remove */
export async function removeMember(c: Context<Env>, shared: Shared): Promise<Response> {
  const found = await ownedAddress(c, shared);
  if (found instanceof Response) return found;
  const other = found.members.find(({ id }) => id === found.who.form.get('member'));
  if (other !== undefined) await leaveAddress(c, shared, found, other);
  return say(c, 'removed');
}

/** POST /account/phrase: any reader of the address; it tells letters from forgeries and opens nothing. */
export async function choosePhrase(c: Context<Env>, shared: Shared): Promise<Response> {
  const found = await provedAddress(c, shared);
  if (found instanceof Response) return found;
  const { who, tenant, address } = found;
  const phrase = (who.form.get('phrase') ?? '')
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, 80);
  await shared.ports.greetings.keep({ tenant, address }, { phrase: phrase === '' ? null : phrase });
  return say(c, 'phrase-saved');
}

/** POST /account/leave */
export async function leave(c: Context<Env>, shared: Shared): Promise<Response> {
  const found = await provedAddress(c, shared);
  if (found instanceof Response) return found;
  const self = found.members.find(({ id }) => id === found.who.member?.id);
  if (self !== undefined) await leaveAddress(c, shared, found, self);
  return say(c, 'left');
}

/** POST /account/join: somebody with a name adds an address they proved, and that nobody else is at. */
export async function join(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, now } = shared;
  const found = await provedAddress(c, shared);
  if (found instanceof Response) return found;
  const { who, tenant, address, members } = found;
  if (who.member === null || members.length > 0) return say(c, 'stronger-proof-needed');
  if ((await enrolling(shared, who)).kind !== 'own') return say(c, 'stronger-proof-needed');
  const { id: member, name } = who.member;
  const event: Event = { kind: 'portal.joined', tenant, address, member, reader: name, client: clientOf(c) };
  await ports.store.join(member, { tenant, address, role: 'owner' }, now(), [event]);
  ports.emit(event);
  return say(c, 'joined');
}

type Found = {
  readonly who: Person;
  readonly tenant: string;
  readonly address: string;
  readonly members: readonly MemberOfAddress[];
};

/** The address a form is about, if the person proved it. */
async function provedAddress(c: Context<Env>, shared: Shared): Promise<Found | Response> {
  const who = await personByForm(c, shared);
  if (who instanceof Response) return who;
  const { form, session } = who;
  // Only of the tenant whose person they are here: nobody of one becomes somebody of another by having proved both.
  const at = addressesOf(session).find(
    ({ tenant, address }) => tenant === who.tenant && tenant === form.get('tenant') && address === form.get('address'),
  );
  if (at === undefined) return trouble(c, shared, 'noSession', 403);
  const { tenant, address } = at;
  return { who, tenant, address, members: await shared.ports.store.members({ tenant, address }) };
}

/** The same, if the person owns it and showed as much as they ever set up. */
async function ownedAddress(c: Context<Env>, shared: Shared): Promise<Found | Response> {
  const found = await provedAddress(c, shared);
  if (found instanceof Response) return found;
  const { who, members } = found;
  const owner = members.some(({ id, role }) => id === who.member?.id && role === 'owner');
  if (!owner || (await enrolling(shared, who)).kind !== 'own') return say(c, 'stronger-proof-needed');
  return found;
}

async function leaveAddress(
  c: Context<Env>,
  { ports }: Shared,
  { tenant, address }: Found,
  { id: member, name }: MemberOfAddress,
): Promise<void> {
  const event: Event = { kind: 'portal.left', tenant, address, member, reader: name, client: clientOf(c) };
  await ports.store.leave(member, { tenant, address }, [event]);
  ports.emit(event);
}

/** GET /d/ID/colleague */
export async function showColleague(c: Context<Env>, shared: Shared): Promise<Response> {
  const found = await reader(c, shared);
  return found instanceof Response ? found : colleagueForm(c, shared, found, null);
}

/** POST /d/ID/colleague: keeps the request. What the sender is asked, and what their answer does, is the work role's. */
export async function askColleague(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, now, sessions } = shared;
  if (crossSite(c, ports.portalUrl)) return trouble(c, shared, 'crossSite', 403);
  const form = await formOf(c);
  if (form instanceof Response) return form;
  const found = await reader(c, shared);
  if (found instanceof Response) return found;
  const { visitor, row, right } = found;
  if (!sessions.formIsOurs(visitor, form.get('form'))) return trouble(c, shared, 'crossSite', 403);
  const canonical = canonicalAddress((form.get('colleague') ?? '').slice(0, 320).trim());
  if (canonical === null) return colleagueForm(c, shared, found, 'address');
  const colleague = addressKey(canonical);
  if (colleague === row.address) return colleagueForm(c, shared, found, 'same');
  if ((await ports.store.accessOf(row.delivery.id)).length >= maxRequests)
    return colleagueForm(c, shared, found, 'many');
  const { tenant } = row;
  const request: AccessRequest = {
    id: randomUUIDv7(),
    tenant,
    address: row.address,
    delivery: row.delivery.id,
    colleague,
    askedBy: right.reader ?? row.address,
    askedAt: now(),
    state: 'asked',
    tokenHash: createHash('sha256').update(randomBytes(32)).digest('hex'),
  };
  const event: Event = {
    kind: 'portal.accessAsked',
    tenant,
    address: colleague,
    delivery: row.delivery.id,
    client: clientOf(c),
  };
  await ports.store.askAccess(request, [event]);
  ports.emit(event);
  return c.redirect(`/d/${row.delivery.id}/colleague`, 303);
}

async function colleagueForm(
  c: Context<Env>,
  { ports, sessions, looks }: Shared,
  { visitor, row }: Reader,
  problem: ColleagueView['problem'],
): Promise<Response> {
  const id = row.delivery.id;
  const view: ColleagueView = {
    deliveryId: id,
    form: sessions.formToken(visitor),
    sender: row.message.mailFrom,
    asked: await ports.store.accessOf(id),
    problem,
  };
  return c.html(colleaguePage(looks.around(c, row.tenant, `/d/${id}/colleague`), view), problem === null ? 200 : 422);
}
