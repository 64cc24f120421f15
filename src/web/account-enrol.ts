/** Setting up a way to sign in: a passkey, an authenticator app, a password. Making one proves it, so what asked for more can be read at once. */
import { randomUUIDv7 } from 'node:crypto';
import type { Context } from 'hono';
import { hashPassword } from '../protect/password.ts';
import type { Credential } from '../store/portal-port.ts';
import { type Enrolling, enrol, enrolling, nameIn, type Person, person, personByForm, say } from './account.ts';
import { authenticatorPage, passwordPage } from './pages/account.ts';
import type { Shared } from './ports.ts';
import { pictureOf, sealSecret, secretFrom, stepOf } from './proof/authenticator.ts';
import { creationOptions, madePasskey } from './proof/passkey.ts';
import { judgePassword, minPassword } from './proof/password.ts';
import { prove } from './proof/prove.ts';
import { type Env, trouble } from './request.ts';
import type { PasswordView } from './views.ts';

type Allowed = Exclude<Enrolling, { kind: 'no' }>;

/** POST /account/passkey/options */
export async function passkeyOptions(c: Context<Env>, shared: Shared): Promise<Response> {
  const who = await personByForm(c, shared);
  if (who instanceof Response) return who;
  const as = await enrolling(shared, who);
  if (as.kind === 'no') return trouble(c, shared, 'noSession', 403);
  const has = as.kind === 'own' ? await shared.ports.store.credentials(as.member.id) : [];
  const id = as.kind === 'own' ? as.member.id : randomUUIDv7();
  const person = { id, name: nameOf(who, as), address: who.latest.address, has };
  return c.json(await creationOptions(shared, who.visitor, person));
}

/** POST /account/passkey */
export async function makePasskey(c: Context<Env>, shared: Shared): Promise<Response> {
  const who = await personByForm(c, shared);
  if (who instanceof Response) return who;
  const as = await enrolling(shared, who);
  if (as.kind === 'no') return say(c, 'stronger-proof-needed');
  const made = await madePasskey(shared, who.visitor, who.form.get('response') ?? '');
  if (made === null) return say(c, 'passkey-failed');
  await keep(c, shared, who, as, { ...made, id: randomUUIDv7(), kind: 'passkey' });
  return say(c, 'passkey-added');
}

/** GET /account/authenticator */
export async function showAuthenticator(c: Context<Env>, shared: Shared): Promise<Response> {
  const who = await person(c, shared);
  if (who instanceof Response) return who;
  if ((await enrolling(shared, who)).kind === 'no') return say(c, 'stronger-proof-needed');
  return authenticatorForm(c, shared, who, false);
}

/** POST /account/authenticator */
export async function makeAuthenticator(c: Context<Env>, shared: Shared): Promise<Response> {
  const who = await personByForm(c, shared);
  if (who instanceof Response) return who;
  const as = await enrolling(shared, who);
  if (as.kind === 'no') return say(c, 'stronger-proof-needed');
  const secret = await freshSecret(shared, who);
  const step = stepOf(secret, who.form.get('code') ?? '', shared.now());
  if (step === null) return authenticatorForm(c, shared, who, true);
  const id = randomUUIDv7();
  const sealed = sealSecret(shared, id, secret);
  await keep(c, shared, who, as, { id, kind: 'authenticator', lookup: '', secret: sealed, counter: step });
  return say(c, 'authenticator-added');
}

async function authenticatorForm(c: Context<Env>, shared: Shared, who: Person, wrong: boolean): Promise<Response> {
  const { sessions, looks, ports } = shared;
  const issuer = ports.tenants.find(({ id }) => id === who.tenant)?.branding.name ?? new URL(ports.portalUrl).hostname;
  const picture = await pictureOf(await freshSecret(shared, who), { issuer, label: who.latest.address });
  const view = { form: sessions.formToken(who.visitor), ...picture, problem: wrong ? ('wrong' as const) : null };
  return c.html(authenticatorPage(looks.around(c, who.tenant, '/account/authenticator'), view), wrong ? 422 : 200);
}

/** The same from the page to its form, without being kept: made from the session, and another one once one was set up. */
async function freshSecret({ ports, sessions }: Shared, { visitor, member }: Person): Promise<string> {
  const has = member === null ? [] : await ports.store.credentials(member.id);
  const earlier = has.find(({ kind }) => kind === 'authenticator')?.id ?? '';
  return secretFrom(Buffer.from(sessions.mac(visitor, 'authenticator secret', earlier), 'base64url'));
}

/** GET /account/password */
export async function showPassword(c: Context<Env>, shared: Shared): Promise<Response> {
  const who = await person(c, shared);
  if (who instanceof Response) return who;
  if ((await enrolling(shared, who)).kind === 'no') return say(c, 'stronger-proof-needed');
  return passwordForm(c, shared, who, null);
}

/** POST /account/password */
export async function setPassword(c: Context<Env>, shared: Shared): Promise<Response> {
  const who = await personByForm(c, shared);
  if (who instanceof Response) return who;
  const as = await enrolling(shared, who);
  if (as.kind === 'no') return say(c, 'stronger-proof-needed');
  const password = who.form.get('password') ?? '';
  const personal = [nameOf(who, as), who.latest.address, new URL(shared.ports.portalUrl).hostname];
  const problem = judgePassword(password, who.form.get('again') ?? '', personal);
  if (problem !== null) return passwordForm(c, shared, who, problem);
  const secret = await hashPassword(password);
  await keep(c, shared, who, as, { id: randomUUIDv7(), kind: 'password', lookup: '', secret, counter: 0 });
  return say(c, 'password-set');
}

function passwordForm(
  c: Context<Env>,
  { sessions, looks }: Shared,
  who: Person,
  problem: PasswordView['problem'],
): Response | Promise<Response> {
  const view: PasswordView = { form: sessions.formToken(who.visitor), minLength: minPassword, problem };
  return c.html(passwordPage(looks.around(c, who.tenant, '/account/password'), view), problem === null ? 200 : 422);
}

async function keep(
  c: Context<Env>,
  shared: Shared,
  who: Person,
  as: Allowed,
  credential: Pick<Credential, 'id' | 'lookup' | 'secret' | 'counter'> & {
    readonly kind: 'passkey' | 'authenticator' | 'password';
  },
): Promise<void> {
  const { tenant, visitor } = who;
  const member = as.kind === 'own' ? as.member.id : randomUUIDv7();
  await enrol(c, shared, as, { ...credential, member, tenant }, nameOf(who, as));
  await prove(c, shared, visitor, [{ method: credential.kind, tenant, member }], null);
}

/** What somebody new calls themselves, or else the part of their address before the at-sign. */
function nameOf({ form, latest }: Person, as: Allowed): string {
  if (as.kind === 'own') return as.member.name;
  return nameIn(form) ?? latest.address.slice(0, latest.address.lastIndexOf('@'));
}
