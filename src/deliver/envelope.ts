/**
 * The envelope as SMTP commands. Every string that reaches the wire passes here and is either shaped so that it cannot end its
 * command early, or refused: an address with a line end or an angle bracket in it would otherwise be a command of its choice.
 *
 * Standards: RFC 3461 (DSN parameters, xtext), RFC 1870 (SIZE), RFC 6152 (8BITMIME).
 * Limits: a message with 8-bit octets goes as it is to a server that does not offer 8BITMIME. Converting it would break its signatures,
 * and servers without the keyword have passed eight bits for decades; RFC 6152 section 3 would have it converted or returned.
 * ORCPT with characters beyond Latin-1 (RFC 6533) is left out.
 */

/** What a server offered after EHLO: keyword in upper case -> its parameters. */
export type Extensions = ReadonlyMap<string, string>;

export type Envelope = {
  readonly mailFrom: string;
  readonly eightBit: boolean;
  readonly utf8: boolean;
  readonly ret: 'FULL' | 'HDRS' | null;
  readonly envid: string | null;
  /** RFC 8689: only to servers that promise to hand it on over proven TLS. */
  readonly requireTls: boolean;
  /** Octets of the message, or null when not known. */
  readonly size: number | null;
};

export type Recipient = {
  readonly address: string;
  /** NEVER, or any of SUCCESS, FAILURE, DELAY. */
  readonly notify: readonly string[] | null;
  /** "rfc822;user@example", decoded from xtext. */
  readonly orcpt: string | null;
};

/** Keywords of an EHLO reply: the lines after the first, which is the server's name. */
export function extensionsOf(lines: readonly string[]): Extensions {
  const extensions = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const match = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:[ =](.*))?$/.exec(line.trim());
    if (match?.[1] !== undefined) extensions.set(match[1].toUpperCase(), match[2] ?? '');
  }
  return extensions;
}

/** Whether this is one address that can stand between angle brackets and nothing else. */
export function isSafeAddress(address: string): boolean {
  if (address.length > 512) return false;
  const at = address.lastIndexOf('@');
  const [local, domain] = [address.slice(0, at), address.slice(at + 1)];
  if (at < 1 || Buffer.byteLength(local) > 256) return false;
  return isLocalPart(local) && (isDomain(domain) || /^\[[A-Za-z0-9:.-]{2,60}\]$/.test(domain));
}

/** EHLO names and mail domains; U-labels only within SMTPUTF8, which `mailCommand` demands. */
export function isDomain(text: string): boolean {
  return text.length <= 255 && /^[\p{L}\p{M}\p{N}_-]+(?:\.[\p{L}\p{M}\p{N}_-]+)*\.?$/u.test(text);
}

function isLocalPart(local: string): boolean {
  // Nothing a terminal, a parser or a line reader could act on: controls, separators, formatting characters.
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(local)) return false;
  if (/^[^\s"(),:;<>@[\\\]]+$/u.test(local)) return true;
  return /^"(?:[^"\\]|\\[ -~])*"$/u.test(local);
}

/** Non-ASCII in an address needs SMTPUTF8 whatever the message says. */
export function needsUtf8(envelope: Envelope, recipients: readonly Recipient[]): boolean {
  return (
    envelope.utf8 ||
    [envelope.mailFrom, ...recipients.map(({ address }) => address)].some((text) => /[^\0-\x7f]/.test(text))
  );
}

export function mailCommand(envelope: Envelope, utf8: boolean, offered: Extensions): string {
  const parameters = [`MAIL FROM:<${envelope.mailFrom}>`];
  if (envelope.size !== null && offered.has('SIZE')) parameters.push(`SIZE=${envelope.size}`);
  if (envelope.eightBit && offered.has('8BITMIME')) parameters.push('BODY=8BITMIME');
  if (utf8) parameters.push('SMTPUTF8');
  if (envelope.requireTls && offered.has('REQUIRETLS')) parameters.push('REQUIRETLS');
  if (offered.has('DSN')) {
    if (envelope.ret !== null) parameters.push(`RET=${envelope.ret}`);
    const envid = envelope.envid === null ? null : xtext(envelope.envid);
    // RFC 3461 section 4.4: at most 100 characters.
    if (envid !== null && envid.length <= 100) parameters.push(`ENVID=${envid}`);
  }
  return `${parameters.join(' ')}\r\n`;
}

export function rcptCommand(recipient: Recipient, offered: Extensions): string {
  const parameters = [`RCPT TO:<${recipient.address}>`];
  if (offered.has('DSN')) {
    const notify = notifyOf(recipient.notify ?? []);
    if (notify !== null) parameters.push(`NOTIFY=${notify}`);
    const [, type = '', address = ''] = /^([A-Za-z0-9-]{1,20});([^]+)$/.exec(recipient.orcpt ?? '') ?? [];
    const orcpt = address === '' ? null : xtext(address);
    // RFC 3461 section 4.2: at most 500 characters.
    if (orcpt !== null && orcpt.length <= 480) parameters.push(`ORCPT=${type};${orcpt}`);
  }
  return `${parameters.join(' ')}\r\n`;
}

function notifyOf(values: readonly string[]): string | null {
  const upper = values.map((value) => value.toUpperCase());
  if (upper.includes('NEVER')) return 'NEVER';
  const known = ['SUCCESS', 'FAILURE', 'DELAY'].filter((value) => upper.includes(value));
  return known.length > 0 ? known.join(',') : null;
}

/** RFC 3461 section 4: printable ASCII stands for itself, the rest as +XX; null for what xtext cannot say. */
function xtext(text: string): string | null {
  if (text === '' || /[^\0-\xff]/.test(text)) return null;
  return text.replace(
    /[^!-*,-<>-~]/g,
    (octet) => `+${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
