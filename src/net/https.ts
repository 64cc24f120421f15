/**
 * HTTPS to hosts that strangers name, and plain HTTP for what is signed itself (revocation lists, OCSP): one GET or POST, through the egress guard, to an address that was checked and to no other.
 *
 * The name is resolved by our own resolver, every address judged by the guard, and the connection goes to an address that passed, so nothing
 * can change between check and connect. The certificate must be good for the name. Redirects are not followed: they would lead to a host that
 * nobody checked. Size and time have limits, and an answer whose end only the end of the connection marks is none: somebody on the way could have cut it
 * short. Nothing throws: what went wrong is a clause that continues "HOST ".
 *
 * Standards: RFC 9110 (as far as one request needs it).
 */
import { request as plainRequest } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { isIPv6, type LookupFunction } from 'node:net';
import type { Egress } from './egress.ts';
import type { Resolver } from './resolver.ts';

export type HttpsRequest = {
  /** Lower-case A-labels. */
  readonly host: string;
  readonly port: number;
  /** Begins with a slash. */
  readonly path: string;
  readonly method: 'GET' | 'POST';
  /** Without TLS: only where the answer proves itself. */
  readonly plain?: true;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Octets of the answer that are read; more is an error. */
  readonly maxBytes: number;
  /** Milliseconds for all of it. */
  readonly timeout: number;
};

export type HttpsAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** Media type in lower case without parameters; empty when there is none. */
      readonly type: string;
      readonly body: Buffer;
    }
  | { readonly kind: 'failed'; readonly reason: string };

export type HttpsPorts = {
  readonly resolver: Pick<Resolver, 'a' | 'aaaa'>;
  readonly egress: Egress;
  /** PEM texts of the roots to trust: the bundled ones and the admin's. */
  readonly roots: readonly string[];
};

/** Asks once. */
export async function askHttps(asked: HttpsRequest, ports: HttpsPorts): Promise<HttpsAnswer> {
  const [six, four] = await Promise.all([ports.resolver.aaaa(asked.host), ports.resolver.a(asked.host)]);
  const found = [six, four].flatMap((answer) => (answer.kind === 'found' ? answer.records : []));
  const addresses = found.filter((ip) => ports.egress.permits(ip));
  if (addresses.length === 0) {
    const failure = [six, four].find((answer) => answer.kind === 'failed');
    if (found.length > 0) return failed('has only private addresses (setting egress.allowPrivate)');
    return failed(failure === undefined ? 'has no address' : `cannot be looked up: ${failure.reason}`);
  }
  const until = Date.now() + asked.timeout;
  let last = failed('cannot be reached');
  // One address of each kind is enough of a try for what is asked again later.
  for (const ip of [addresses.find((each) => !isIPv6(each)), addresses.find((each) => isIPv6(each))]) {
    if (ip === undefined || until <= Date.now()) continue;
    last = await ask(asked, ip, until - Date.now(), ports.roots);
    if (last.kind === 'answer') return last;
  }
  return last;
}

function failed(reason: string): HttpsAnswer {
  return { kind: 'failed', reason };
}

function ask(asked: HttpsRequest, ip: string, timeout: number, roots: readonly string[]): Promise<HttpsAnswer> {
  const { host, port, path, method, plain = false, headers = {}, body, maxBytes } = asked;
  const pinned: LookupFunction = (_, options, done) => {
    const family = isIPv6(ip) ? 6 : 4;
    if (options.all === true) done(null, [{ address: ip, family }]);
    else done(null, ip, family);
  };
  const options: RequestOptions = {
    host,
    port,
    path,
    method,
    agent: false,
    ...(plain ? {} : { ca: [...roots], minVersion: 'TLSv1.2' as const }),
    lookup: pinned,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(body.length) }) },
    maxHeaderSize: 16_384,
  };
  return new Promise((resolve) => {
    const sent = plain ? plainRequest(options) : request(options);
    const give = (answer: HttpsAnswer): void => {
      clearTimeout(timer);
      resolve(answer);
      sent.destroy();
    };
    const timer = setTimeout(() => give(failed('did not answer in time')), timeout);
    sent.on('error', (error: NodeJS.ErrnoException) => give(failed(clauseOf(error))));
    sent.on('response', (response) => {
      // RFC 9112 section 6.3: without a length and without chunks, nobody can tell a whole answer from the beginning of one.
      const { 'content-length': length, 'transfer-encoding': coding } = response.headers;
      if (method === 'GET' && length === undefined && coding === undefined)
        return give(failed('did not say how long its answer is'));
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBytes) give(failed(`answered with more than ${maxBytes} octets`));
        else chunks.push(chunk);
      });
      response.on('error', () => give(failed('broke off its answer')));
      response.on('aborted', () => give(failed('broke off its answer')));
      response.on('end', () => {
        const type = (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
        give({ kind: 'answer', status: response.statusCode ?? 0, type, body: Buffer.concat(chunks) });
      });
    });
    sent.end(body);
  });
}

function clauseOf(error: NodeJS.ErrnoException): string {
  const code = error.code ?? '';
  if (code === 'ECONNREFUSED') return 'refused the connection';
  if (code === 'CERT_HAS_EXPIRED') return 'shows an expired certificate';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'shows a certificate for another name';
  if (/SELF_SIGNED|UNABLE_TO_|CERT_/.test(code)) return `shows a certificate that cannot be verified (${code})`;
  return `cannot be asked (${/^[A-Z0-9_]{1,80}$/.test(code) ? code : 'no reason given'})`;
}
