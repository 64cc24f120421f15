/**
 * Accounts elsewhere: off to Microsoft or Google and back with an address they vouch for, which must be the one the message was sent to.
 *
 * OpenID Connect's authorization code flow with PKCE, state and nonce. What the way back needs (which message, the PKCE verifier, the nonce) travels sealed
 * in `state` and holds only in this browser's session for ten minutes, so nothing is stored for who never comes back. The providers are accounts.ts.
 *
 * Standards: OpenID Connect Core 1.0 (the relying party's part); RFC 7636 (PKCE).
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { addressKey } from '../../mail/address.ts';
import { openText, SealBroken, sealText } from '../../protect/seal.ts';
import type { NewProof } from '../../store/portal-port.ts';
import { entrant } from '../entrance.ts';
import { networkKey } from '../limits.ts';
import type { Shared } from '../ports.ts';
import { clientOf, type Env, limited, trouble } from '../request.ts';
import { equal, type Visitor } from '../session.ts';
import { showSignIn } from './ceremonies.ts';
import { prove } from './prove.ts';

export const providers = ['microsoft', 'google'] as const;
export type Provider = (typeof providers)[number];

export type Vouched =
  /** In normal form. */
  | { readonly kind: 'address'; readonly address: string }
  /** The account has no address that its provider vouches for. */
  | { readonly kind: 'unverified' }
  /** `reason` is for the log and names no person. */
  | { readonly kind: 'failed'; readonly reason: string };

export type SignIn = {
  /** Those that are configured. */
  readonly providers: readonly Provider[];
  /** Where to send the browser; null when the provider cannot be reached. */
  begin(
    provider: Provider,
    with_: { readonly state: string; readonly nonce: string; readonly challenge: string },
  ): Promise<string | null>;
  finish(
    provider: Provider,
    with_: { readonly code: string; readonly verifier: string; readonly nonce: string },
  ): Promise<Vouched>;
};

type State = {
  readonly provider: Provider;
  readonly verifier: string;
  readonly nonce: string;
  readonly delivery: string | null;
  readonly at: number;
  /** Of the session that began it. */
  readonly by: string;
};

const stateFor = 10 * 60_000;
const context = 'sign-in elsewhere';

/** GET /d/ID/sign-in/PROVIDER */
export async function leaveFromDoor(c: Context<Env>, shared: Shared): Promise<Response> {
  const found = await entrant(c, shared);
  return found instanceof Response ? found : leave(c, shared, found.visitor, found.row.delivery.id);
}

/** GET /sign-in/PROVIDER */
export async function leaveFromSignIn(c: Context<Env>, shared: Shared): Promise<Response> {
  const visitor = await shared.sessions.visitor(c);
  shared.sessions.keep(c, visitor);
  return leave(c, shared, visitor, null);
}

async function leave(c: Context<Env>, shared: Shared, visitor: Visitor, delivery: string | null): Promise<Response> {
  const { ports, now, sessions } = shared;
  const provider = providerIn(c, shared);
  if (provider === null) return trouble(c, shared, 'notFound', 404);
  const verifier = randomBytes(32).toString('base64url');
  const nonce = randomBytes(16).toString('base64url');
  const state: State = { provider, verifier, nonce, delivery, at: now(), by: sessions.mac(visitor, context, '') };
  const url = await ports.signIn.begin(provider, {
    state: sealText(ports.key, JSON.stringify(state), context),
    nonce,
    // RFC 7636 section 4.2
    challenge: createHash('sha256').update(verifier).digest('base64url'),
  });
  return url === null ? showSignIn(c, shared, 'oidc') : c.redirect(url, 303);
}

/** GET /sign-in/PROVIDER/back: what the provider sends the browser to. */
export async function comeBack(c: Context<Env>, shared: Shared): Promise<Response> {
  const { ports, limits } = shared;
  const key = `account ${networkKey(clientOf(c))}`;
  const limit = limited(c, shared, { limiter: limits.wrong, key, reason: 'accounts elsewhere tried' });
  if (limit !== null) return limit;
  const provider = providerIn(c, shared);
  if (provider === null) return trouble(c, shared, 'notFound', 404);
  const visitor = await shared.sessions.visitor(c);
  const state = stateIn(c, shared, visitor, provider);
  const code = c.req.query('code') ?? '';
  if (state === null || code === '') return showSignIn(c, shared, 'oidc');
  const vouched = await ports.signIn.finish(provider, { code, verifier: state.verifier, nonce: state.nonce });
  if (vouched.kind === 'failed') {
    limits.wrong.count(key);
    ports.emit({ kind: 'service.failed', component: `web.signIn.${provider}`, error: vouched.reason });
    return showSignIn(c, shared, 'oidc');
  }
  const proofs = vouched.kind === 'address' ? await proofsOf(shared, addressKey(vouched.address), state.delivery) : [];
  if (proofs.length === 0) {
    ports.emit({
      kind: 'portal.proofWrong',
      delivery: state.delivery,
      member: null,
      method: 'oidc',
      client: clientOf(c),
    });
    return showSignIn(c, shared, 'oidc-address');
  }
  await prove(c, shared, visitor, proofs, state.delivery);
  return c.redirect(state.delivery === null ? '/inbox' : `/d/${state.delivery}`, 303);
}

/** For a message: of its address and no other. For /sign-in: of the address wherever something can wait for it. */
async function proofsOf({ ports, now }: Shared, address: string, delivery: string | null): Promise<NewProof[]> {
  if (delivery === null) return ports.tenants.map(({ id }) => ({ method: 'oidc', tenant: id, address }));
  const row = await ports.store.byDelivery(delivery, now());
  return row?.address === address ? [{ method: 'oidc', tenant: row.tenant, address }] : [];
}

function providerIn(c: Context<Env>, { ports }: Shared): Provider | null {
  return ports.signIn.providers.find((provider) => provider === c.req.param('provider')) ?? null;
}

/** Null when it is not ours, not this browser's, for another provider, or too old. */
function stateIn(
  c: Context<Env>,
  { ports, now, sessions }: Shared,
  visitor: Visitor,
  provider: Provider,
): State | null {
  try {
    const state = JSON.parse(openText(ports.key, c.req.query('state') ?? '', context)) as State;
    const age = now() - state.at;
    const fine = state.provider === provider && age >= 0 && age < stateFor && visitor.known;
    return fine && equal(state.by, sessions.mac(visitor, context, '')) ? state : null;
  } catch (error) {
    if (error instanceof SealBroken) return null;
    throw error;
  }
}
