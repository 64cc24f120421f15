/**
 * Authenticator apps: a secret shared once as a picture, and a code of six digits every half minute. The secret is sealed for the portal; a code
 * is taken once (the step it is for is kept and only grows), and one step early or late for clocks that go wrong.
 *
 * Standards: RFC 6238 (time-based one-time passwords).
 */
import { Secret, TOTP } from 'otpauth';
import QRCode from 'qrcode';
import { openText, sealText } from '../../protect/seal.ts';
import type { Credential } from '../../store/portal-port.ts';
import { readCode } from '../codes.ts';
import type { Shared } from '../ports.ts';

const period = 30_000;
/** Steps a clock may be off. */
const window = 1;

/** A secret as text, of 160 bits of random octets. RFC 4226 section 4. */
export function secretFrom(octets: Buffer): string {
  return new Secret({ buffer: new Uint8Array(octets.subarray(0, 20)).buffer }).base32;
}

/** The secret for an app to read: an SVG element and groups of four characters. */
export async function pictureOf(
  secret: string,
  who: { readonly issuer: string; readonly label: string },
): Promise<{ readonly qr: string; readonly secret: string }> {
  const url = totp(secret, who).toString();
  const svg = await QRCode.toString(url, { type: 'svg', errorCorrectionLevel: 'M', margin: 2 });
  return { qr: svg, secret: secret.replace(/(.{4})(?=.)/g, '$1 ') };
}

/** The step that a typed code is for; null when it is not a code of this secret at `now`. */
export function stepOf(secret: string, typed: string, now: number): number | null {
  const token = readCode(typed);
  const delta =
    token === null ? null : totp(secret, { issuer: '', label: '' }).validate({ token, timestamp: now, window });
  return delta === null ? null : Math.floor(now / period) + delta;
}

export function sealSecret({ ports }: Shared, credential: string, secret: string): string {
  return sealText(ports.key, secret, `authenticator ${credential}`);
}

/** Whether the code is right and was not used before; its use is kept. */
export async function provedAuthenticator(shared: Shared, credential: Credential, typed: string): Promise<boolean> {
  const { ports, now } = shared;
  const secret = openText(ports.key, credential.secret, `authenticator ${credential.id}`);
  const step = stepOf(secret, typed, now());
  return step !== null && (await ports.store.useCredential(credential.id, step, now()));
}

function totp(secret: string, { issuer, label }: { readonly issuer: string; readonly label: string }): TOTP {
  return new TOTP({
    issuer,
    label,
    secret: Secret.fromBase32(secret),
    algorithm: 'SHA1',
    digits: 6,
    period: period / 1000,
  });
}
