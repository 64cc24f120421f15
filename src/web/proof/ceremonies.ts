/** Passkeys at a message's door and at /sign-in: options for the device, and its answer (passkey.ts judges it). */
import type { Context } from 'hono';
import type { Credential, PortalAddress } from '../../store/portal-port.ts';
import { byForm, entrantByForm } from '../entrance.ts';
import { networkKey } from '../limits.ts';
import { signInPage } from '../pages/proving.ts';
import type { Shared } from '../ports.ts';
import { clientOf, type Env, limited } from '../request.ts';
import type { Visitor } from '../session.ts';
import type { SignInView } from '../views.ts';
import { provedPasskey, requestOptions } from './passkey.ts';
import { prove } from './prove.ts';

/** POST /d/ID/passkey/options */
export async function doorOptions(c: Context<Env>, shared: Shared): Promise<Response> {
  const found = await entrantByForm(c, shared);
  if (found instanceof Response) return found;
  shared.sessions.keep(c, found.visitor);
  return c.json(await requestOptions(shared, found.visitor, await passkeysAt(shared, found.row)));
}

/** POST /d/ID/passkey */
export async function answerAtDoor(c: Context<Env>, shared: Shared): Promise<Response> {
  const found = await entrantByForm(c, shared);
  if (found instanceof Response) return found;
  const { visitor, row, form } = found;
  const done = await answer(c, shared, visitor, form.get('response') ?? '', row.delivery.id);
  return done ?? c.redirect(`/d/${row.delivery.id}`, 303);
}

/** GET /sign-in */
export async function showSignIn(
  c: Context<Env>,
  shared: Shared,
  problem: SignInView['problem'] = null,
): Promise<Response> {
  const { ports, sessions, looks } = shared;
  const visitor = await sessions.visitor(c);
  sessions.keep(c, visitor);
  const view: SignInView = {
    form: sessions.formToken(visitor),
    passkeyOptions: '/sign-in/passkey/options',
    providers: ports.signIn.providers,
    authenticator: (visitor.session?.reach.length ?? 0) > 0,
    problem,
  };
  return c.html(signInPage(looks.around(c, null, '/sign-in'), view), problem === null ? 200 : 422);
}

/** POST /sign-in/passkey/options */
export async function signInOptions(c: Context<Env>, shared: Shared): Promise<Response> {
  const submitted = await byForm(c, shared);
  if (submitted instanceof Response) return submitted;
  shared.sessions.keep(c, submitted.visitor);
  return c.json(await requestOptions(shared, submitted.visitor, null));
}

/** POST /sign-in/passkey */
export async function answerSignIn(c: Context<Env>, shared: Shared): Promise<Response> {
  const submitted = await byForm(c, shared);
  if (submitted instanceof Response) return submitted;
  const { visitor, form } = submitted;
  const done = await answer(c, shared, visitor, form.get('response') ?? '', null);
  return done ?? c.redirect('/inbox', 303);
}

/** Null when the passkey was good and is written down; else the answer that says it was not. */
async function answer(
  c: Context<Env>,
  shared: Shared,
  visitor: Visitor,
  response: string,
  delivery: string | null,
): Promise<Response | null> {
  const { ports, limits } = shared;
  const client = clientOf(c);
  const network = networkKey(client);
  const credential = response === '' ? null : await provedPasskey(shared, visitor, response);
  if (credential === null) {
    // Nobody guesses a signature: what is limited is the noise, and never who has one.
    const key = `passkey ${network}`;
    const limit = limited(c, shared, { limiter: limits.wrong, key, reason: 'passkeys tried' });
    if (limit !== null) return limit;
    limits.wrong.count(key);
    ports.emit({ kind: 'portal.proofWrong', delivery, member: null, method: 'passkey', client });
    return delivery === null ? showSignIn(c, shared, 'passkey') : c.redirect(`/d/${delivery}`, 303);
  }
  const { tenant, member } = credential;
  await prove(c, shared, visitor, [{ method: 'passkey', tenant, member }], delivery);
  return null;
}

async function passkeysAt({ ports }: Shared, at: PortalAddress): Promise<Credential[]> {
  const members = await ports.store.members(at);
  const all = await Promise.all(members.map(({ id }) => ports.store.credentials(id)));
  return all.flat().filter(({ kind }) => kind === 'passkey');
}
