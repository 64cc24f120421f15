/**
 * MAIL and RCPT, judged: the addresses in normal form or the reply that refuses them. Pure.
 *
 * One parser reads every address (mail/address.ts), after smtp-server took the command apart and a source route off. What it cannot
 * read, it refuses; what looks like routing inside a local part (`u%d@x`, `u!d@x`) is just a local part. A parameter we did not
 * offer is refused, not ignored (RFC 5321 section 4.1.1.11): ignoring a hold would be a broken promise.
 *
 * Limits: quoted local parts with spaces or @ do not get past smtp-server's parser (501 5.1.3); `postmaster` without a domain is refused,
 * as this server has no mailboxes.
 */
import type { SMTPServerAddress, SMTPServerEnvelope } from 'smtp-server';
import type { Tenant } from '../config/config.ts';
import { addressKey, canonicalAddress } from '../mail/address.ts';
import type { SmtpOptions } from '../store/store.ts';
import type { Reply } from './admit.ts';
import { couldBeFound, notConfirmed } from './proof.ts';

export type Judged =
  | { readonly kind: 'ok'; readonly address: string }
  | { readonly kind: 'refused'; readonly reply: Reply };

const mailParameters = new Set(['SIZE', 'BODY', 'SMTPUTF8', 'RET', 'ENVID', 'REQUIRETLS']);
const rcptParameters = new Set(['NOTIFY', 'ORCPT']);

/** The reverse-path in normal form, empty for null; refused when no header could prove a tenant any more. */
export function judgeSender(
  path: SMTPServerAddress,
  clientIp: string,
  utf8: boolean,
  tenants: readonly Tenant[],
): Judged {
  const judged =
    path.address === '' ? judgeParameters(path, mailParameters) : judgeAddress(path, utf8, mailParameters, '5.1.7');
  if (judged.kind === 'refused') return judged;
  if (couldBeFound({ clientIp, mailFrom: judged.address }, tenants)) return judged;
  return refused(550, notConfirmed.status, notConfirmed.reason);
}

/** A forward-path in normal form. */
export function judgeRecipient(path: SMTPServerAddress, utf8: boolean): Judged {
  return judgeAddress(path, utf8, rcptParameters, '5.1.3');
}

/** The recipients in normal form, each once, and what the client asked for. All must have been judged before. */
export function readEnvelope(envelope: SMTPServerEnvelope): { recipients: string[]; smtp: SmtpOptions } {
  const recipients = new Map<string, string>();
  const dsn: Record<string, SmtpOptions['dsn'][string]> = {};
  for (const path of envelope.rcptTo) {
    const address = canonicalAddress(path.address);
    if (address === null || recipients.has(addressKey(address))) continue;
    recipients.set(addressKey(address), address);
    if (path.dsn !== undefined) dsn[address] = { notify: path.dsn.notify ?? null, orcpt: path.dsn.orcpt ?? null };
  }
  const ret = envelope.dsn?.ret;
  const smtp: SmtpOptions = {
    eightBit: envelope.bodyType === '8bitmime',
    utf8: envelope.smtpUtf8 === true,
    ret: ret === 'FULL' || ret === 'HDRS' ? ret : null,
    envid: envelope.dsn?.envid ?? null,
    dsn,
    ...(envelope.requireTLS === true ? { requireTls: true } : {}),
  };
  return { recipients: [...recipients.values()], smtp };
}

function judgeAddress(path: SMTPServerAddress, utf8: boolean, known: ReadonlySet<string>, status: string): Judged {
  const parameters = judgeParameters(path, known);
  if (parameters.kind === 'refused') return parameters;
  const address = canonicalAddress(path.address);
  if (address === null) return refused(501, status, 'Address not understood');
  // RFC 6531 section 3.5
  if (!utf8 && !/^[\0-\x7f]*$/.test(address)) return refused(553, '5.6.7', 'Address needs the SMTPUTF8 parameter');
  return { kind: 'ok', address };
}

function judgeParameters(path: SMTPServerAddress, known: ReadonlySet<string>): Judged {
  const unknown = Object.keys(path.args || {}).some((name) => !known.has(name));
  return unknown ? refused(555, '5.5.4', 'A parameter is not supported here') : { kind: 'ok', address: '' };
}

function refused(code: number, status: string, text: string): Judged {
  return { kind: 'refused', reply: { code, status, text } };
}
