/**
 * The one guard on the way out: which addresses Postern connects to on the word of strangers (MX records, MTA-STS, web servers and
 * directories that have keys). A name is resolved first, each address is asked about here, and the connection goes to that very
 * address, so nothing can change between check and connect. Mail servers that the admin named in the configuration do not pass
 * through the guard.
 */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export type Egress = {
  /** Whether a connection to this literal IP address may be opened. False for anything that is not one. */
  permits(ip: string): boolean;
};

/** @param options.allowPrivate `egress.allowPrivate`: the sandbox and closed networks reach loopback and private ranges too. */
export function createEgress(options: { readonly allowPrivate: boolean }): Egress {
  return { permits: (ip) => (options.allowPrivate ? isIP(ip) !== 0 : isPublic(ip)) };
}

/** Whether `ip` is a literal, globally reachable unicast address. Addresses that carry an IPv4 address inside are judged by it. */
export function isPublic(ip: string): boolean {
  // Four decimal octets or IPv6 without a zone; ipaddr.js alone would also take "127.1", "0x7f000001" and octal.
  if (ipaddr.IPv4.isValidFourPartDecimal(ip)) return isPublicV4(ipaddr.IPv4.parse(ip));
  if (!ipaddr.IPv6.isValid(ip) || ip.includes('%')) return false;
  const address = ipaddr.IPv6.parse(ip);
  const inside = embedded(address);
  if (inside !== null) return isPublicV4(inside);
  // Only 2000::/3 is handed out as global unicast; the special blocks within it are named by ipaddr.js.
  return ((address.parts[0] ?? 0) & 0xe000) === 0x2000 && address.range() === 'unicast';
}

function isPublicV4(address: ipaddr.IPv4): boolean {
  return address.range() === 'unicast';
}

/** The IPv4 address that an IPv4-mapped, NAT64 (RFC 6052) or 6to4 (RFC 3056) address leads to. */
function embedded(address: ipaddr.IPv6): ipaddr.IPv4 | null {
  const octets = address.toByteArray();
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  if (address.match(ipaddr.IPv6.parse('64:ff9b::'), 96)) return new ipaddr.IPv4(octets.slice(12, 16));
  if (address.match(ipaddr.IPv6.parse('2002::'), 16)) return new ipaddr.IPv4(octets.slice(2, 6));
  return null;
}
