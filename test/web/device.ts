/**
 * A passkey device in software, for tests that need its answers and no browser; what it says can be bent. It verifies its user, and counts.
 *
 * What it says of itself is packed as W3C Web Authentication sections 6.1 and 6.5.4 describe.
 */
import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';

export type Bent = {
  /** Where the device believes to be; the portal's own origin unless given. */
  readonly origin: string;
  readonly rpId: string;
  readonly counter: number;
  readonly userVerified: boolean;
  readonly type: string;
  /** The id it claims to have. */
  readonly id: Buffer;
};

export type Device = {
  /** The answer to the options of a ceremony that makes a passkey, or uses it. */
  create(options: unknown, bent?: Partial<Bent>): string;
  get(options: unknown, bent?: Partial<Bent>): string;
};

export function newDevice(origin: string): Device {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ownId = randomBytes(32);
  let counter = 0;
  const bentWith = (bent: Partial<Bent>): Bent => {
    counter += 1;
    const usual = { origin, rpId: new URL(origin).hostname, counter, userVerified: true, id: ownId };
    return { ...usual, type: 'webauthn.get', ...bent };
  };
  return {
    create: (options, given = {}) => {
      const bent = bentWith({ type: 'webauthn.create', ...given });
      const idLength = Buffer.alloc(2);
      idLength.writeUInt16BE(bent.id.length);
      const attested = Buffer.concat([Buffer.alloc(16), idLength, bent.id, coseKey(publicKey)]);
      const authData = Buffer.concat([authenticatorData(bent, true), attested]);
      const attestationObject = Buffer.concat([
        Buffer.from([0xa3]),
        cborText('fmt'),
        cborText('none'),
        cborText('attStmt'),
        Buffer.from([0xa0]),
        cborText('authData'),
        cborBytes(authData),
      ]);
      return answer(bent, options, { attestationObject });
    },
    get: (options, given = {}) => {
      const bent = bentWith(given);
      const authData = authenticatorData(bent, false);
      const clientHash = createHash('sha256').update(clientData(bent, options)).digest();
      const signature = createSign('sha256')
        .update(Buffer.concat([authData, clientHash]))
        .sign(privateKey);
      return answer(bent, options, { authenticatorData: authData, signature });
    },
  };
}

function clientData({ origin, type }: Bent, options: unknown): Buffer {
  const { challenge } = options as { challenge: string };
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
}

function answer(bent: Bent, options: unknown, parts: Readonly<Record<string, Buffer>>): string {
  const id = bent.id.toString('base64url');
  const response = Object.fromEntries(
    Object.entries({ ...parts, clientDataJSON: clientData(bent, options) }).map(([name, octets]) => [
      name,
      octets.toString('base64url'),
    ]),
  );
  return JSON.stringify({ id, rawId: id, type: 'public-key', clientExtensionResults: {}, response });
}

function authenticatorData({ rpId, counter, userVerified }: Bent, attested: boolean): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(counter);
  const flags = 0x01 | (userVerified ? 0x04 : 0) | (attested ? 0x40 : 0);
  return Buffer.concat([createHash('sha256').update(rpId).digest(), Buffer.from([flags]), count]);
}

/** RFC 9053 section 7.1.1: an ES256 key on P-256. */
function coseKey(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const coordinate = (text: string): Buffer => cborBytes(Buffer.from(text, 'base64url'));
  return Buffer.concat([
    Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21]),
    coordinate(x),
    Buffer.from([0x22]),
    coordinate(y),
  ]);
}

function cborText(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x60 + text.length]), Buffer.from(text)]);
}

function cborBytes(octets: Buffer): Buffer {
  const head = octets.length < 256 ? [0x58, octets.length] : [0x59, octets.length >> 8, octets.length & 0xff];
  return Buffer.concat([Buffer.from(head), octets]);
}
