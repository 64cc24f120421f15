/**
 * The links in letters to senders. A link is signed, not stored: the id of a message (or of a request to let somebody in) and a MAC of it under the
 * portal's key, so that whoever did not get our letter cannot make one, and the portal recognises it without a look into the database.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** `sent` leads to a message's page, where a code by mail is asked for besides; `access` to the one question whether somebody may read. */
export type SenderLink = { readonly to: 'sent' | 'access'; readonly id: string };

export function senderToken(portalKey: Buffer, link: SenderLink): string {
  return `${link.id}.${mac(portalKey, link)}`;
}

/** Null when it is none of ours. */
export function readSenderToken(portalKey: Buffer, to: SenderLink['to'], token: string): SenderLink | null {
  const [, id = '', given = ''] = /^([0-9a-f-]{36})\.([\w-]{43})$/.exec(token) ?? [];
  if (id === '') return null;
  const known = Buffer.from(mac(portalKey, { to, id }));
  return timingSafeEqual(known, Buffer.from(given)) ? { to, id } : null;
}

function mac(portalKey: Buffer, { to, id }: SenderLink): string {
  // RFC 5869 section 3.2: a key of its own for this use.
  const key = Buffer.from(hkdfSync('sha256', portalKey, '', 'postern links of senders', 32));
  return createHmac('sha256', key).update(`${to}\n${id}`).digest('base64url');
}
