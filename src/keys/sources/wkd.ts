/**
 * Web Key Directory: the domain's own web server has the key (draft-koch-openpgp-webkey-service section 3.1).
 *
 * The advanced method asks openpgpkey.DOMAIN. Only where that name has no address in the DNS is DOMAIN itself asked, by the direct method: when
 * the name is there and its server fails, or the DNS does not say, there is no key, or somebody on the way could choose the method.
 */

import { wkdHash } from '../../mail/wkd.ts';
import type { Resolver } from '../../net/resolver.ts';
import type { Answer, Asked, Source } from './source.ts';
import { type AskWeb, getKeys } from './web.ts';

/** `port` is 443, but for the sandbox and tests. */
export function wkdSource(
  port: number,
  ports: { readonly resolver: Pick<Resolver, 'a' | 'aaaa'>; readonly ask: AskWeb },
): Source {
  return {
    source: 'wkd',
    id: 'wkd',
    asks: () => true,
    title: ({ domain }) => `WKD of ${domain}`,
    server: ({ domain }) => `wkd ${domain}`,
    find: async (asked, milliseconds): Promise<Answer> => {
      const host = `openpgpkey.${asked.domain}`;
      const presence = await presenceOf(host, ports.resolver);
      if (presence.kind === 'unknown')
        return { kind: 'failed', why: `gave no answer: ${host} ${presence.why}`, everybody: true };
      const directory = '/.well-known/openpgpkey';
      const file = `hu/${wkdHash(asked.local)}?l=${encodeURIComponent(asked.local)}`;
      return presence.kind === 'there'
        ? getKeys({ host, port, path: `${directory}/${asked.domain}/${file}` }, milliseconds, ports.ask)
        : getKeys({ host: asked.domain, port, path: `${directory}/${file}` }, milliseconds, ports.ask);
    },
  };
}

type Presence = { kind: 'there' } | { kind: 'absent' } | { kind: 'unknown'; why: string };

async function presenceOf(host: Asked['domain'], resolver: Pick<Resolver, 'a' | 'aaaa'>): Promise<Presence> {
  const answers = await Promise.all([resolver.aaaa(host), resolver.a(host)]);
  if (answers.some((answer) => answer.kind === 'found')) return { kind: 'there' };
  for (const answer of answers) {
    if (answer.kind === 'failed') return { kind: 'unknown', why: `cannot be looked up: ${answer.reason}` };
    // An alias that leads nowhere is there, and broken.
    if (answer.kind === 'none' && answer.name !== host)
      return { kind: 'unknown', why: 'is an alias that has no address' };
  }
  return { kind: 'absent' };
}
