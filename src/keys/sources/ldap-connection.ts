/**
 * The way to a directory: its name resolved by our own resolver, the address judged by the egress guard, TLS with a certificate that is good for
 * the name, from the first octet (ldaps) or after StartTLS, and then a stream for the LDAP library that hands on its octets in small pieces
 * and not more of them than we take: the library would collect whatever comes, and takes one turn of the stack for each message in a piece.
 *
 * Nothing that came before TLS is believed after it: octets behind the answer to StartTLS end the connection (RFC 4513 section 3.1.1).
 */
import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { LdapDirectory } from '../../config/config.ts';
import type { Egress } from '../../net/egress.ts';
import type { Resolver } from '../../net/resolver.ts';
import { suites } from '../../net/tls.ts';

export type DirectoryPorts = {
  readonly resolver: Pick<Resolver, 'a' | 'aaaa'>;
  readonly egress: Egress;
  /** PEM texts: the bundled roots and the admin's. */
  readonly roots: readonly string[];
};

/** What is wrong with the way there, as a clause that goes on after the host's name. */
export class NoWay extends Error {
  override name = 'NoWay';
}

/** Octets of everything a directory says: some certificates and what is around them. */
const mostOctets = 262_144;
const piece = 1024;

/** Rejects with NoWay, also when `signal` ends it. */
export async function openDirectory(
  directory: LdapDirectory,
  ports: DirectoryPorts,
  signal: AbortSignal,
): Promise<Duplex> {
  const ip = await addressOf(directory, ports);
  const socket = quiet(connect({ host: ip, port: directory.port }));
  try {
    await once(socket, 'connect', { signal });
    if (directory.tls === 'none') return bounded(socket);
    if (!directory.secure) await startTls(socket, signal);
    return bounded(await secured(socket, directory, ports.roots, signal));
  } catch (error) {
    socket.destroy();
    if (error instanceof NoWay) throw error;
    throw new NoWay(signal.aborted ? 'did not answer in time' : clauseOf(error as NodeJS.ErrnoException));
  }
}

async function addressOf({ host, private: own }: LdapDirectory, { resolver, egress }: DirectoryPorts): Promise<string> {
  const answers = isIP(host) === 0 ? await Promise.all([resolver.a(host), resolver.aaaa(host)]) : [];
  const found = isIP(host) === 0 ? answers.flatMap((each) => (each.kind === 'found' ? each.records : [])) : [host];
  const permitted = found.find((ip) => own || egress.permits(ip));
  if (permitted !== undefined) return permitted;
  if (found.length > 0) throw new NoWay('has only private addresses (setting private of the directory)');
  for (const answer of answers) if (answer.kind === 'failed') throw new NoWay(`cannot be looked up: ${answer.reason}`);
  throw new NoWay('has no address');
}

async function secured(
  socket: Socket,
  { host, trust }: LdapDirectory,
  roots: readonly string[],
  signal: AbortSignal,
): Promise<Socket> {
  const name = isIP(host) === 0 ? { servername: host } : {};
  const ca = [...roots, ...trust];
  const tls = quiet(connectTls({ socket, host, ...name, ca, minVersion: 'TLSv1.2', ciphers: suites }));
  await once(tls, 'secureConnect', { signal });
  return tls;
}

/** An error between two steps, when nobody waits for one, ends the connection and nothing more. */
function quiet<T extends Socket>(socket: T): T {
  return socket.on('error', () => {});
}

/** RFC 4511 section 4.14: an extended request with message id 1, and the response that says success. */
async function startTls(socket: Socket, signal: AbortSignal): Promise<void> {
  socket.write(Buffer.from('301d02010177188016312e332e362e312e342e312e313436362e3230303337', 'hex'));
  let said = Buffer.alloc(0);
  while (said.length < 1024) {
    const [chunk] = (await Promise.race([
      once(socket, 'data', { signal }),
      once(socket, 'end', { signal }).then(() => [null]),
    ])) as [Buffer | null];
    if (chunk === null) throw new NoWay('hung up at StartTLS');
    said = Buffer.concat([said, chunk]);
    const answer = readAnswer(said);
    if (answer === 'incomplete') continue;
    if (answer !== 'success') throw new NoWay('does not offer StartTLS');
    socket.pause();
    return;
  }
  throw new NoWay('does not offer StartTLS');
}

/** LDAPMessage { messageID 1, extendedResp [APPLICATION 24] { resultCode success, ... } }, and nothing behind it. */
function readAnswer(octets: Buffer): 'incomplete' | 'success' | 'other' {
  const message = elementAt(octets, 0);
  if (message === null) return 'incomplete';
  const id = elementAt(octets, message.start);
  const operation = id === null ? null : elementAt(octets, id.end);
  const code = operation === null ? null : elementAt(octets, operation.start);
  if (message.end !== octets.length || id === null || operation === null || code === null) return 'other';
  const shape = octets[0] === 0x30 && octets[id.start] === 1 && octets[id.end] === 0x78;
  return shape && octets[operation.start] === 0x0a && octets[code.start] === 0 ? 'success' : 'other';
}

/** Where the content of the BER element at `at` begins and ends; null while it is not whole. */
function elementAt(octets: Buffer, at: number): { readonly start: number; readonly end: number } | null {
  const first = octets[at + 1];
  if (first === undefined) return null;
  const long = first < 0x80 ? 0 : Math.min(first & 0x7f, 6);
  const start = at + 2 + long;
  if (start > octets.length) return null;
  const end = start + (long === 0 ? first : octets.readUIntBE(at + 2, long));
  return end > octets.length ? null : { start, end };
}

/** The connection as the library reads it. It has the two properties by which that knows a socket that is connected. */
function bounded(socket: Socket): Duplex {
  let octets = 0;
  const stream = new Duplex({
    read() {},
    write: (chunk: Buffer, _, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    octets += chunk.length;
    if (octets > mostOctets) stream.destroy(new NoWay(`answered with more than ${mostOctets} octets`));
    else for (let at = 0; at < chunk.length; at += piece) stream.push(chunk.subarray(at, at + piece));
  });
  socket.on('close', () => stream.destroy());
  socket.resume();
  return Object.assign(stream, { connecting: false, readyState: 'open' });
}

function clauseOf({ code = '' }: NodeJS.ErrnoException): string {
  if (code === 'ECONNREFUSED') return 'refused the connection';
  if (code === 'CERT_HAS_EXPIRED') return 'shows an expired certificate';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'shows a certificate for another name';
  if (/SELF_SIGNED|UNABLE_TO_|CERT_/.test(code)) return `shows a certificate that cannot be verified (${code})`;
  return `cannot be asked (${/^[A-Z0-9_]{1,80}$/.test(code) ? code : 'no reason given'})`;
}
