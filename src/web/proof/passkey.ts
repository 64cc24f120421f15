/**
 * Passkeys: making one for a member, and proving by one. The library judges what the device answers; here is what it is judged against.
 *
 * A challenge is a random value and its time under a MAC of this browser's session, so none has to be kept before it is answered; it is good for five minutes,
 * in the session that asked, and once, which the database counts. A device must have verified its user (fingerprint, face, PIN), and counters that do not grow are refused.
 *
 * Standards: W3C Web Authentication Level 3 (the relying party's part).
 * Limits: attestation is not asked for: whose make the device is makes no difference to us.
 */
import { randomBytes } from 'node:crypto';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import type { Credential, Member } from '../../store/portal-port.ts';
import { StoreBusy, StoreDown } from '../../store/store.ts';
import type { Shared } from '../ports.ts';
import { equal, type Visitor } from '../session.ts';

const challengeFor = 5 * 60_000;

type Ceremony = 'create' | 'get';

/** What a passkey's `secret` holds: nothing of it is one. */
type PublicPart = { readonly publicKey: string; readonly transports: readonly string[] };

/** JSON for navigator.credentials.create. */
export async function creationOptions(
  shared: Shared,
  visitor: Visitor,
  person: Pick<Member, 'id' | 'name'> & { readonly address: string; readonly has: readonly Credential[] },
): Promise<object> {
  const { portalUrl } = shared.ports;
  return await generateRegistrationOptions({
    rpName: new URL(portalUrl).hostname,
    rpID: new URL(portalUrl).hostname,
    userID: new Uint8Array(Buffer.from(person.id)),
    userName: person.address,
    userDisplayName: person.name,
    challenge: newChallenge(shared, visitor, 'create'),
    attestationType: 'none',
    excludeCredentials: person.has.filter(({ kind }) => kind === 'passkey').map(allowed),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    timeout: challengeFor,
  });
}

/** JSON for navigator.credentials.get. Without `among`, the device offers what it has. */
export async function requestOptions(
  shared: Shared,
  visitor: Visitor,
  among: readonly Credential[] | null,
): Promise<object> {
  return await generateAuthenticationOptions({
    rpID: new URL(shared.ports.portalUrl).hostname,
    challenge: newChallenge(shared, visitor, 'get'),
    userVerification: 'required',
    timeout: challengeFor,
    ...(among === null ? {} : { allowCredentials: among.map(allowed) }),
  });
}

/** What to keep of a passkey just made; null when the device broke off or its answer is not good. */
export async function madePasskey(
  shared: Shared,
  visitor: Visitor,
  response: string,
): Promise<Pick<Credential, 'lookup' | 'secret' | 'counter'> | null> {
  const { store, portalUrl } = shared.ports;
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: JSON.parse(response) as Parameters<typeof verifyRegistrationResponse>[0]['response'],
      expectedChallenge: (challenge) => isChallenge(shared, visitor, 'create', challenge),
      expectedOrigin: portalUrl,
      expectedRPID: new URL(portalUrl).hostname,
      requireUserVerification: true,
    });
    if (!verified) return null;
    const { id, publicKey, counter, transports = [] } = registrationInfo.credential;
    // Section 7.1: an id that somebody has already is no device's of theirs, or one that claims to be it.
    if ((await store.credentialBy('passkey', id)) !== null) return null;
    const part: PublicPart = { publicKey: Buffer.from(publicKey).toString('base64url'), transports };
    return { lookup: id, secret: JSON.stringify(part), counter };
  } catch (error) {
    // The library throws for whatever is not as it must be.
    if (error instanceof StoreBusy || error instanceof StoreDown) throw error;
    return null;
  }
}

/** The passkey that answered, its use counted; null when it is none of ours or the answer is not good. */
export async function provedPasskey(
  shared: Shared,
  visitor: Visitor,
  response: string,
): Promise<(Credential & { readonly name: string }) | null> {
  const { store, portalUrl } = shared.ports;
  try {
    const answer = JSON.parse(response) as Parameters<typeof verifyAuthenticationResponse>[0]['response'];
    const known = typeof answer.id === 'string' ? await store.credentialBy('passkey', answer.id) : null;
    if (known === null) return null;
    const { publicKey } = JSON.parse(known.secret) as PublicPart;
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: answer,
      expectedChallenge: (challenge) => isChallenge(shared, visitor, 'get', challenge),
      expectedOrigin: portalUrl,
      expectedRPID: new URL(portalUrl).hostname,
      requireUserVerification: true,
      credential: {
        id: known.lookup,
        publicKey: new Uint8Array(Buffer.from(publicKey, 'base64url')),
        counter: known.counter,
      },
    });
    if (!verified || !(await store.useCredential(known.id, authenticationInfo.newCounter, shared.now()))) return null;
    return known;
  } catch (error) {
    if (error instanceof StoreBusy || error instanceof StoreDown) throw error;
    return null;
  }
}

function allowed({ lookup, secret }: Credential): { id: string; transports: string[] } {
  return { id: lookup, transports: [...(JSON.parse(secret) as PublicPart).transports] };
}

/** random.time.mac, in octets that the library passes on as base64url. */
function newChallenge({ sessions, now }: Shared, visitor: Visitor, ceremony: Ceremony): Uint8Array<ArrayBuffer> {
  const text = `${randomBytes(16).toString('base64url')}.${now().toString(36)}`;
  return new Uint8Array(Buffer.from(`${text}.${sessions.mac(visitor, `passkey ${ceremony}`, text)}`));
}

/** Whether it is ours, in time, and answered for the first time. */
async function isChallenge(
  { ports, sessions, now }: Shared,
  visitor: Visitor,
  ceremony: Ceremony,
  challenge: string,
): Promise<boolean> {
  const [random = '', time = '', mac = ''] = Buffer.from(challenge, 'base64url').toString().split('.');
  const age = now() - Number.parseInt(time, 36);
  const ours = equal(mac, sessions.mac(visitor, `passkey ${ceremony}`, `${random}.${time}`));
  if (!ours || age < 0 || age >= challengeFor) return false;
  return (await ports.store.countFailure(`passkey challenge ${random}`, now())) === 1;
}
