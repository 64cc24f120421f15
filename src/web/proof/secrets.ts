/**
 * Secrets that are typed: the passphrase agreed with the sender, a member's password, the code of a member's app; at a message's door, or at /sign-in, where
 * the address is asked for too.
 *
 * Every try is counted before it is judged (tries.ts). What was wrong is never said, and an address that nobody has set anything up for answers like any
 * other, after the same work.
 *
 * The code of an app is six digits and stands alone only behind a message's link. At /sign-in it comes after another proof of the same address.
 *
 * Limits: a wrong password takes as many times as long as people at the address chose one, if they are several: more work for everybody would hide it,
 * and would make a flood of tries as many times as heavy.
 */
import type { Context } from 'hono';
import { addressKey, canonicalAddress } from '../../mail/address.ts';
import { plainAnswer } from '../../mail/agreed.ts';
import { pretendToVerify, verifyPassword } from '../../protect/password.ts';
import type { Credential, NewProof, PortalAddress } from '../../store/portal-port.ts';
import { byForm, entrant, entrantByForm } from '../entrance.ts';
import { networkKey } from '../limits.ts';
import { secretPage } from '../pages/proving.ts';
import type { Shared } from '../ports.ts';
import { clientOf, type Env, limited, tooOften } from '../request.ts';
import { bestAt } from '../rights.ts';
import type { Visitor } from '../session.ts';
import type { SecretView } from '../views.ts';
import { provedAuthenticator } from './authenticator.ts';
import { prove } from './prove.ts';
import { countTry } from './tries.ts';

type Typed = SecretView['proof'];
type OwnTyped = Exclude<Typed, 'passphrase'>;

/** People of one address whose secrets a try is compared with. */
const maxCompared = 10;

/** GET /d/ID/passphrase, password, authenticator */
export async function showSecretForm(c: Context<Env>, shared: Shared, proof: Typed): Promise<Response> {
  const found = await entrant(c, shared);
  if (found instanceof Response) return found;
  const { visitor, row } = found;
  const question = proof === 'passphrase' ? (row.passphrase?.question ?? '') : '';
  return showForm(c, shared, visitor, {
    proof,
    question,
    at: `/d/${row.delivery.id}`,
    tenant: row.tenant,
    wrong: false,
  });
}

/** POST /d/ID/passphrase, password, authenticator */
export async function typeSecret(c: Context<Env>, shared: Shared, proof: Typed): Promise<Response> {
  const found = await entrantByForm(c, shared);
  if (found instanceof Response) return found;
  const { visitor, row, form } = found;
  const id = row.delivery.id;
  const back = `/d/${id}`;
  const typed = form.get('secret') ?? '';
  const until = await countTry(shared.ports.store, proof, id, networkKey(clientOf(c)), shared.now());
  if (until !== null) return tooOften(c, shared, `${proof} tried`, { until, back, what: 'tries' }, row.tenant);
  const proved =
    proof === 'passphrase'
      ? await agreed(row.passphrase?.hash ?? null, typed, { method: proof, tenant: row.tenant, delivery: id })
      : await ownSecret(shared, proof, [row], typed);
  if (proved !== null) {
    await prove(c, shared, visitor, [proved], id);
    return c.redirect(back, 303);
  }
  shared.ports.emit({ kind: 'portal.proofWrong', delivery: id, member: null, method: proof, client: clientOf(c) });
  const question = proof === 'passphrase' ? (row.passphrase?.question ?? '') : '';
  return showForm(c, shared, visitor, { proof, question, at: back, tenant: row.tenant, wrong: true });
}

/** GET /sign-in/password, authenticator */
export async function showSignInForm(c: Context<Env>, shared: Shared, proof: OwnTyped): Promise<Response> {
  const visitor = await shared.sessions.visitor(c);
  if (!maySignIn(proof, visitor)) return c.redirect('/sign-in', 303);
  return showForm(c, shared, visitor, { proof, question: '', at: '/sign-in', tenant: null, wrong: false });
}

/** Whether this browser showed what must come before. */
function maySignIn(proof: OwnTyped, { session }: Visitor): boolean {
  return proof === 'password' || (session?.reach.length ?? 0) > 0;
}

/** POST /sign-in/password, authenticator */
export async function typeSignIn(c: Context<Env>, shared: Shared, proof: OwnTyped): Promise<Response> {
  const { ports, now, limits } = shared;
  const submitted = await byForm(c, shared);
  if (submitted instanceof Response) return submitted;
  const { visitor, form } = submitted;
  if (!maySignIn(proof, visitor)) return c.redirect('/sign-in', 303);
  const network = networkKey(clientOf(c));
  // By network too: who tries one password at many addresses never comes to the limit of one.
  const limit = limited(c, shared, { limiter: limits.wrong, key: `typed ${network}`, reason: `${proof} tried` });
  if (limit !== null) return limit;
  const canonical = canonicalAddress((form.get('address') ?? '').slice(0, 320).trim());
  const address = canonical === null ? '' : addressKey(canonical);
  const until = await countTry(ports.store, proof, address, network, now());
  if (until !== null) return tooOften(c, shared, `${proof} tried`, { until, back: '/sign-in', what: 'tries' });
  const everywhere = ports.tenants
    .map(({ id }) => ({ tenant: id, address }))
    .filter((at) => proof === 'password' || bestAt(at, visitor.session) !== null);
  const proved = await ownSecret(shared, proof, everywhere, form.get('secret') ?? '');
  if (proved !== null) {
    await prove(c, shared, visitor, [proved], null);
    return c.redirect('/inbox', 303);
  }
  limits.wrong.count(`typed ${network}`);
  ports.emit({ kind: 'portal.proofWrong', delivery: null, member: null, method: proof, client: clientOf(c) });
  return showForm(c, shared, visitor, { proof, question: '', at: '/sign-in', tenant: null, wrong: true });
}

async function agreed(hash: string | null, typed: string, proof: NewProof): Promise<NewProof | null> {
  const answer = plainAnswer(typed);
  const right = hash === null ? await pretendToVerify(answer) : await verifyPassword(answer, hash);
  return right ? proof : null;
}

/** Compares with what the people of these addresses have set up; the proof of the one it is right for. */
async function ownSecret(
  shared: Shared,
  proof: OwnTyped,
  addresses: readonly PortalAddress[],
  typed: string,
): Promise<NewProof | null> {
  const { store } = shared.ports;
  const credentials: Credential[] = [];
  for (const address of addresses) {
    for (const member of await store.members(address)) {
      if (!member.methods.includes(proof) || credentials.length >= maxCompared) continue;
      credentials.push(...(await store.credentials(member.id)).filter(({ kind }) => kind === proof));
    }
  }
  for (const credential of credentials) {
    const { tenant, member } = credential;
    if (await isRight(shared, credential, typed)) return { method: proof, tenant, member };
  }
  if (proof === 'password' && credentials.length === 0) await pretendToVerify(typed.slice(0, 200));
  return null;
}

async function isRight(shared: Shared, credential: Credential, typed: string): Promise<boolean> {
  if (credential.kind === 'authenticator') return provedAuthenticator(shared, credential, typed);
  if (!(await verifyPassword(typed.slice(0, 200), credential.secret))) return false;
  return shared.ports.store.useCredential(credential.id, 0, shared.now());
}

function showForm(
  c: Context<Env>,
  { sessions, looks }: Shared,
  visitor: Visitor,
  of: {
    readonly proof: Typed;
    readonly question: string;
    readonly at: string;
    readonly tenant: string | null;
    readonly wrong: boolean;
  },
): Response | Promise<Response> {
  const { proof, question, at, tenant, wrong } = of;
  sessions.keep(c, visitor);
  const action = `${at}/${proof}`;
  const view: SecretView = {
    proof,
    action,
    form: sessions.formToken(visitor),
    question,
    problem: wrong ? 'wrong' : null,
    askAddress: at === '/sign-in',
  };
  return c.html(secretPage(looks.around(c, tenant, action), view), wrong ? 422 : 200);
}
