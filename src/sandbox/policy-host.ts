/**
 * The pretend internet's web hosts for MTA-STS policies and for keys (WKD, key servers): one HTTPS server for all of them, which tells them apart by the
 * name in the TLS handshake and shows each one's own certificate. A site answers whatever it is told to, so that all that goes wrong with such
 * hosts can be had.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { Identity } from '../config/config.ts';

/** What a host does with a request for one of its files. */
export type PolicySite = {
  readonly domain: string;
  /** mta-sts.DOMAIN when left out. */
  readonly host?: string;
  /** Without what stands behind a question mark; the policy's when left out. */
  readonly path?: string;
  readonly identity: Identity;
  readonly body: string | Buffer;
  /** 200 when left out. */
  readonly status?: number;
  /** Content-Type: text/plain when left out. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds before the answer. */
  readonly delay?: number;
  /** Hangs up: instead of an answer, or behind one that says nothing of its length. */
  readonly hangsUp?: 'at once' | 'at the end';
};

export type PolicyHost = AsyncDisposable & {
  /** Where all sites live. */
  readonly address: string;
  readonly port: number;
  /** Every request so far, as "GET mta-sts.b.example/.well-known/mta-sts.txt". */
  readonly requests: readonly string[];
  /** Replaces all sites. */
  setSites(sites: readonly PolicySite[]): void;
};

const address = '127.0.0.1';

export async function startPolicyHost(given: readonly PolicySite[]): Promise<PolicyHost> {
  let sites = given;
  const requests: string[] = [];
  const sitesOf = (name: string) => sites.filter(({ domain, host = `mta-sts.${domain}` }) => host === name);
  const server = createServer({
    SNICallback: (name, done) => {
      const [site] = sitesOf(name);
      if (site === undefined) done(new Error(`no site is called ${name}`));
      else done(null, createSecureContext(site.identity));
    },
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '');
    requests.push(`${request.method} ${host}${request.url}`);
    const wanted = request.url?.split('?')[0];
    const site = sitesOf(host).find(({ path = '/.well-known/mta-sts.txt' }) => path === wanted);
    if (site !== undefined) answer(site, response);
    else response.writeHead(404).end();
  });
  // A client that does not like the certificate leaves; that is what it came for.
  server.on('tlsClientError', () => {});
  server.listen(0, address);
  await once(server, 'listening');
  const bound = server.address();
  return {
    address,
    port: bound === null || typeof bound === 'string' ? 0 : bound.port,
    requests,
    setSites: (next) => {
      sites = next;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function answer(site: PolicySite, response: ServerResponse): void {
  const { status = 200, headers = { 'content-type': 'text/plain' }, body, delay = 0 } = site;
  if (site.hangsUp === 'at once') response.socket?.destroy();
  else if (site.hangsUp === 'at the end')
    response.socket?.end(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n${body.toString()}`);
  else setTimeout(() => response.writeHead(status, headers).end(body), delay).unref();
}

/** The text of a policy. RFC 8461 section 3.2. */
export function policyText(mode: 'enforce' | 'testing' | 'none', mx: readonly string[], maxAge = 86_400): string {
  const hosts = mx.map((host) => `mx: ${host}\r\n`).join('');
  return `version: STSv1\r\nmode: ${mode}\r\n${hosts}max_age: ${maxAge}\r\n`;
}
