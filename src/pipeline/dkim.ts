/**
 * Which messages leave with a DKIM signature of ours: what we wrote in the name of a tenant's domain, and what a tenant's person wrote and we changed, whose
 * own signature no longer holds. What leaves as it came keeps the signature it has.
 *
 * Limits: protected copies are not signed, since they are made while they are sent; they rest on SPF. TLS reports have a key of their own.
 */
import type { Config } from '../config/config.ts';
import { domainOf } from '../mail/address.ts';
import type { Signer } from '../mail/dkim.ts';
import { authorsOf, type Field } from '../mail/header.ts';
import type { MessageRow } from '../store/store.ts';

/** Null when it leaves without. `changed`: its octets are not those that came. */
export function dkimSigner(
  { tenant: id, kind }: MessageRow,
  fields: readonly Field[],
  changed: boolean,
  { tenants }: Pick<Config, 'tenants'>,
): Signer | null {
  const tenant = tenants.find((known) => known.id === id);
  const asCame = kind === 'inbound' || kind === 'report' || (kind === 'submitted' && !changed);
  if (asCame || tenant === undefined || tenant.dkim === null) return null;
  const { mailboxes, ambiguous } = authorsOf(fields);
  const [author] = mailboxes;
  const domain = author === undefined || ambiguous ? '' : domainOf(author.address);
  return tenant.domains.includes(domain) ? { ...tenant.dkim, domain } : null;
}
