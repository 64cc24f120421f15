/**
 * How requests about what somebody sent come in: by a link of a letter to them, whose token leaves the address bar at once, and from then on by what the
 * browser brought or proved. Who did neither gets one and the same answer, whether the message exists or not.
 */
import type { Context } from 'hono';
import { addressKey } from '../mail/address.ts';
import { hashToken } from '../pipeline/portal.ts';
import { readSenderToken, type SenderLink, senderToken } from '../pipeline/sender-link.ts';
import type { SentMessage } from '../store/sender-port.ts';
import { isId } from './entrance.ts';
import { networkKey } from './limits.ts';
import type { Shared } from './ports.ts';
import { clientOf, type Env, limited, trouble } from './request.ts';
import { bestAt } from './rights.ts';
import type { Visitor } from './session.ts';

/** GET /sent/link/TOKEN and /let-in/link/TOKEN */
export function followSenderLink(to: SenderLink['to']): (c: Context<Env>, shared: Shared) => Promise<Response> {
  return async (c, shared) => {
    const { ports, limits, sessions } = shared;
    const token = c.req.param('token') ?? '';
    const link = readSenderToken(ports.key, to, token);
    if (link === null) {
      const key = networkKey(clientOf(c));
      const tooOften = limited(c, shared, { limiter: limits.lookUps, key, reason: 'unknown links' });
      if (tooOften !== null) return tooOften;
      limits.lookUps.count(key);
      return trouble(c, shared, 'noLink', 404);
    }
    sessions.keep(c, sessions.withLink(await sessions.visitor(c), hashToken(token)));
    return c.redirect(`${to === 'sent' ? '/sent' : '/let-in'}/${link.id}`, 303);
  };
}

/** Whether the browser brought this link. */
export function brought({ ports }: Shared, visitor: Visitor, link: SenderLink): boolean {
  return visitor.links.includes(hashToken(senderToken(ports.key, link)));
}

/** A message, for who may know that it was sent; `proved`: for its sender. */
export type Sender = { readonly visitor: Visitor; readonly sent: SentMessage; readonly proved: boolean };

export async function senderOf(c: Context<Env>, shared: Shared, visitor: Visitor): Promise<Sender | Response> {
  const id = c.req.param('id') ?? '';
  const sent = visitor.known && isId(id) ? await shared.ports.senders.sent(id) : null;
  if (sent === null || sent.sender === '') return trouble(c, shared, 'noSession', 403);
  const at = { tenant: sent.tenant, address: addressKey(sent.sender) };
  const proved = bestAt(at, visitor.session) !== null;
  if (!proved && !brought(shared, visitor, { to: 'sent', id })) return trouble(c, shared, 'noSession', 403);
  return { visitor, sent, proved };
}
