/**
 * Who one is here: the people of an address and how they sign in. Nobody needs it to read a message; who wants the next one with one tap, or reads for a shared
 * mailbox by name, sets it up after the first.
 *
 * Who may add to what. Whoever proves an address that nobody has set anything up for is the first, and its owner. From then on owners name others (an
 * invitation, by mail), and a way to sign in is added only by who showed one at least as strong as the person's strongest: reading the mailbox is not
 * enough to become somebody who demanded more. Who lost all of theirs reads by code what asks for no more, and is let in anew by an owner, or by the
 * organisation (`postern people forget`).
 */
import type { Context } from 'hono';
import type { Event } from '../event/event.ts';
import type { Credential, Member, PortalAddress, PortalSession, Reach } from '../store/portal-port.ts';
import { byForm } from './entrance.ts';
import { accountPage } from './pages/account.ts';
import type { Shared } from './ports.ts';
import { clientOf, type Env, trouble } from './request.ts';
import { addressesOf, strength } from './rights.ts';
import type { Visitor } from './session.ts';
import type { AccountSaid, AccountView } from './views.ts';

/** Somebody who proved at least one address. */
export type Person = {
  readonly visitor: Visitor;
  readonly session: PortalSession;
  /** The one that was proved last. */
  readonly latest: Reach;
  /** Who they are by name, null while only a mailbox was proved. */
  readonly member: NonNullable<Reach['member']> | null;
  readonly tenant: string;
  readonly form: URLSearchParams;
};

/** The person behind a GET; or the answer for a browser that proved nothing. */
export async function person(c: Context<Env>, shared: Shared): Promise<Person | Response> {
  const visitor = await shared.sessions.visitor(c);
  return personOf(c, shared, visitor, new URLSearchParams());
}

/** The person behind a form of our own pages. */
export async function personByForm(c: Context<Env>, shared: Shared): Promise<Person | Response> {
  const submitted = await byForm(c, shared);
  return submitted instanceof Response ? submitted : personOf(c, shared, submitted.visitor, submitted.form);
}

/** The person a browser stands for. `form`: what it sent, once that is known to come from a page of ours. */
export function personOf(
  c: Context<Env>,
  shared: Shared,
  visitor: Visitor,
  form: URLSearchParams,
): Person | Response | Promise<Response> {
  const { session } = visitor;
  const latest = session?.reach.toSorted((a, b) => b.at - a.at)[0];
  if (session === null || latest === undefined) return trouble(c, shared, 'noSession', 403);
  shared.sessions.keep(c, visitor);
  const named = session.reach.filter(({ tenant, member }) => tenant === latest.tenant && member !== null);
  const member = named.toSorted((a, b) => b.at - a.at)[0]?.member ?? null;
  return { visitor, session, latest, member, tenant: latest.tenant, form };
}

/** GET /account */
export async function showAccount(c: Context<Env>, shared: Shared): Promise<Response> {
  const who = await person(c, shared);
  if (who instanceof Response) return who;
  return c.html(accountPage(shared.looks.around(c, who.tenant, '/account'), await accountView(c, shared, who)));
}

async function accountView(c: Context<Env>, shared: Shared, who: Person): Promise<AccountView> {
  const { ports, now, sessions } = shared;
  const { member, latest, session } = who;
  const mine = addressesOf(session).filter(({ tenant }) => tenant === who.tenant);
  const lines = await ports.store.sessionsOf({ ...latest, member: member?.id ?? null }, now());
  return {
    form: sessions.formToken(who.visitor),
    member,
    addresses: await Promise.all(
      mine.map(async ({ tenant, address, member: as }) => ({
        tenant,
        address,
        organisation: ports.tenants.find(({ id }) => id === tenant)?.branding.name ?? tenant,
        role: as?.role ?? null,
        members: await ports.store.members({ tenant, address }),
        invited: as?.role === 'owner' ? await ports.store.invitationsTo({ tenant, address }, now()) : [],
        phrase: (await ports.greetings.of({ tenant, address })).phrase,
      })),
    ),
    credentials: member === null ? [] : await ports.store.credentials(member.id),
    sessions: lines.map((line) => ({ ...line, current: line.id === session.id })),
    said: saidIn(c),
  };
}

const sayings: readonly AccountSaid[] = [
  'passkey-added',
  'authenticator-added',
  'password-set',
  'removed',
  'joined',
  'invited',
  'left',
  'session-ended',
  'renamed',
  'phrase-saved',
  'stronger-proof-needed',
  'passkey-failed',
];

/** Pages that say what was done are reached by a redirect; the word in the address is one of a list and no content. */
export function say(c: Context<Env>, said: AccountSaid): Response {
  return c.redirect(`/account?said=${said}`, 303);
}

function saidIn(c: Context<Env>): AccountSaid | null {
  return sayings.find((saying) => saying === c.req.query('said')) ?? null;
}

export type Enrolling =
  /** A new person, owner of the addresses they proved that nobody else is at. */
  | { readonly kind: 'new'; readonly at: readonly PortalAddress[] }
  /** One more way for who they are. */
  | { readonly kind: 'own'; readonly member: NonNullable<Reach['member']> }
  | { readonly kind: 'no' };

/** Whether this person may set up a way to sign in, and as whom. */
export async function enrolling({ ports }: Shared, { session, member, tenant }: Person): Promise<Enrolling> {
  if (member !== null) {
    const has = await ports.store.credentials(member.id);
    const shown = session.reach.filter((reach) => reach.member?.id === member.id).map(({ method }) => strength(method));
    const needed = Math.max(...has.map(({ kind }) => strength(kind)), 0);
    return Math.max(...shown) >= needed ? { kind: 'own', member } : { kind: 'no' };
  }
  const free: PortalAddress[] = [];
  for (const reach of addressesOf(session)) {
    if (reach.tenant === tenant && (await ports.store.members(reach)).length === 0)
      free.push({ tenant, address: reach.address });
  }
  return free.length === 0 ? { kind: 'no' } : { kind: 'new', at: free };
}

/** A person's own name for themselves, one line; null when there is nothing in it. */
export function nameIn(form: URLSearchParams): string | null {
  const name = (form.get('name') ?? '')
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, 80);
  return name === '' ? null : name;
}

/** Keeps a way to sign in: as one more of the member's, or as the first of a new one. */
export async function enrol(
  c: Context<Env>,
  { ports, now }: Shared,
  as: Exclude<Enrolling, { kind: 'no' }>,
  credential: Pick<Credential, 'id' | 'kind' | 'lookup' | 'secret' | 'counter'> & {
    readonly member: string;
    readonly tenant: string;
  },
  name: string,
): Promise<void> {
  const whole: Credential = { ...credential, label: '', createdAt: now(), lastUsedAt: now() };
  const { tenant, kind } = whole;
  const address = as.kind === 'new' ? (as.at[0]?.address ?? '') : '';
  const place = { tenant, address, client: clientOf(c), member: whole.member };
  const enrolled: Event = { kind: 'portal.enrolled', ...place, reader: name, method: kind };
  if (as.kind === 'own') {
    if (kind === 'passkey') await ports.store.addCredential(whole, [enrolled]);
    else await ports.store.replaceCredential(whole, [enrolled]);
  } else {
    const member: Member = { id: whole.member, tenant, name, createdAt: now() };
    for (const [index, at] of as.at.entries()) {
      const role = 'owner';
      if (index === 0) await ports.store.enrol(member, { ...at, role }, whole, [enrolled]);
      else await ports.store.join(member.id, { ...at, role }, now(), []);
    }
  }
  ports.emit(enrolled);
}

/** POST /account/name */
export async function rename(c: Context<Env>, shared: Shared): Promise<Response> {
  const who = await personByForm(c, shared);
  if (who instanceof Response) return who;
  const name = nameIn(who.form);
  if (who.member === null || name === null) return c.redirect('/account', 303);
  await shared.ports.store.renameMember(who.member.id, name);
  return say(c, 'renamed');
}

/** POST /account/credential/remove */
export async function removeCredential(c: Context<Env>, shared: Shared): Promise<Response> {
  const who = await personByForm(c, shared);
  if (who instanceof Response) return who;
  const { member, tenant, latest, form } = who;
  if (member === null) return c.redirect('/account', 303);
  const credential = (await shared.ports.store.credentials(member.id)).find(({ id }) => id === form.get('id'));
  if (credential === undefined) return c.redirect('/account', 303);
  if ((await enrolling(shared, who)).kind !== 'own') return say(c, 'stronger-proof-needed');
  const place = { tenant, address: latest.address, client: clientOf(c), member: member.id, reader: member.name };
  const event: Event = { kind: 'portal.unenrolled', ...place, method: credential.kind };
  if (await shared.ports.store.removeCredential(credential.id, member.id, [event])) shared.ports.emit(event);
  return say(c, 'removed');
}

/** POST /account/session/end and end-all */
export async function endSessions(c: Context<Env>, shared: Shared, which: 'one' | 'all'): Promise<Response> {
  const { ports, now } = shared;
  const who = await personByForm(c, shared);
  if (who instanceof Response) return who;
  const { member, latest, session, form } = who;
  const mine = await ports.store.sessionsOf({ ...latest, member: member?.id ?? null }, now());
  const ending =
    which === 'all' ? mine.filter(({ id }) => id !== session.id) : mine.filter(({ id }) => id === form.get('id'));
  for (const { id } of ending) await ports.store.endSession(id);
  const event: Event = { kind: 'portal.signedOut', sessions: ending.length, client: clientOf(c) };
  await ports.store.note([event], now());
  ports.emit(event);
  return say(c, 'session-ended');
}
