/**
 * What the sources that are web servers have in common: one GET through the guard of net/https.ts, and what the answer means. A redirect is no answer:
 * it would lead to a host that nobody vouched for.
 */
import type { HttpsAnswer, HttpsRequest } from '../../net/https.ts';
import { type Answer, mostOctets } from './source.ts';

export type AskWeb = (request: HttpsRequest) => Promise<HttpsAnswer>;

/** What servers call a file of keys, that of many who know no better among it. */
const types = new Set([
  'application/octet-stream',
  'application/octet-string',
  'application/pgp-keys',
  'text/plain',
  'binary/octet-stream',
  '',
]);

export async function getKeys(
  at: { readonly host: string; readonly port: number; readonly path: string },
  milliseconds: number,
  ask: AskWeb,
): Promise<Answer> {
  const { host, port, path } = at;
  const answer = await ask({ ...at, method: 'GET', maxBytes: mostOctets, timeout: milliseconds });
  // A host without an address, or one that answers too much, says nothing that others should wait for.
  if (answer.kind === 'failed') {
    if (answer.reason === 'has no address') return { kind: 'none', why: `has none: ${host} has no address` };
    return { kind: 'failed', why: `gave no answer: ${host} ${answer.reason}`, everybody: isTrouble(answer.reason) };
  }
  const { status, type, body } = answer;
  if (status === 404 || status === 410) return { kind: 'none', why: 'has no key for this address' };
  if (status >= 300 && status < 400)
    return refused(`${host} answered ${status}, and redirects are not followed`, status);
  if (status !== 200) return refused(`${host} answered ${status}`, status);
  if (type === 'text/html') return { kind: 'none', why: `has none: ${host} sent a web page` };
  if (!types.has(type)) return refused(`${host} sent ${type.slice(0, 80)}, which is no key`, status);
  if (body.length === 0) return refused(`${host} sent nothing`, status);
  const where = `https://${host}${port === 443 ? '' : `:${port}`}${path}`;
  return { kind: 'found', keys: [{ kind: 'pgp', octets: body }], where };
}

function refused(why: string, status: number): Answer {
  return { kind: 'failed', why: `gave no key: ${why}`, everybody: status >= 500 };
}

/** An answer that is too long or without a length is about one address; all else that net/https.ts says is about the host. */
function isTrouble(reason: string): boolean {
  return !reason.startsWith('answered with more') && !reason.startsWith('did not say');
}
