/**
 * IP addresses: IPv4 in dotted decimal and every form of IPv6, with a zone and with brackets around. Four numbers that a word like
 * "version" introduces, that follow a product's slash ("Mail/16.0.4.1") or that belong to a longer chain are no address; four single digits
 * ("section 1.2.3.4") are one only beside a word of networks.
 *
 * Limits: the unspecified address "::" is not reported alone (it stands in program texts and tells nothing).
 */
import { isIPv6 } from 'node:net';
import type { Match } from './detector.ts';
import { firstEndingAfter, type Text } from './text.ts';

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = new RegExp(`(?<![A-Za-z0-9_.]|[A-Za-z0-9]/)${octet}(?:\\.${octet}){3}(?![A-Za-z0-9_]|\\.\\d)`, 'g');
const ipv6 = /(?<![A-Za-z0-9:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,41}(?:%[A-Za-z0-9]{1,15})?(?![A-Za-z0-9:])/g;

export function* ip(text: Text): Iterable<Match> {
  const six = [...findIpv6(text)];
  yield* six;
  for (const { written: value, start } of text.numbers.find(ipv4)) {
    const end = start + value.length;
    const beside = six[firstEndingAfter(six, start)];
    if ((beside === undefined || beside.start >= end) && !isVersion(text, value, start, end))
      yield { start, end, value };
  }
}

function isVersion(text: Text, value: string, start: number, end: number): boolean {
  // "Microsoft SMTP Server id 15.20.13.10" is a version too.
  if (text.distance('version', start) < 14 || /\bid[ :=]{1,2}$/.test(text.plain.slice(Math.max(0, start - 5), start)))
    return true;
  const isSubnet = text.plain.charAt(end) === '/';
  return /^\d(?:\.\d){3}$/.test(value) && !isSubnet && !text.near('network', start, end, { before: 40, after: 30 });
}

function* findIpv6({ plain, whole, numbers }: Text): Iterable<Match> {
  const excerpt = plain.includes('::/') ? whole : numbers;
  // Most texts have no such thing, and this is told faster.
  if (!/:[0-9A-Fa-f]{0,4}:/.test(excerpt.plain)) return;
  for (const { written, start } of excerpt.find(ipv6)) {
    // A full stop or colon at the end belongs to the sentence.
    const value = written.replace(/\.$|(?<!:):$/, '');
    const telling = /\d/.test(value) && /::|[0-9A-Fa-f]{3}/.test(value);
    if (telling && isIPv6(value)) yield { start, end: start + value.length, value: value.toLowerCase() };
    else if (value === '::' && plain.charAt(start + 2) === '/') yield { start, end: start + 2, value };
  }
}
