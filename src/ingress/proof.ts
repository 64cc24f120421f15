/**
 * Whose message is this? A pure function from what one MAIL transaction showed of itself to a tenant, or to the reason why there is none.
 * All tenants of a platform arrive from the same addresses with the same certificate, so nothing about a connection names a tenant;
 * every message is attributed anew, and what is not proved is refused: Postern relays for nobody else.
 *
 * A tenant is found when all of this holds:
 *   1. every proof the tenant configured: the client's address in its networks, and its secret header with one of its values,
 *      exactly once (twice is a contradiction). A tenant that configured no proof is never found;
 *   2. exactly one From field with exactly one mailbox, read the same way by everybody;
 *   3. the domains of From and of MAIL FROM are domains of the tenant, exactly (a subdomain is another domain). The null
 *      reverse-path needs only From.
 *
 * Mail that comes in for a tenant's own people is taken (`inbound`) where the tenant has the setting `opening`: its platform hands it over with the same
 * proof, every recipient is in a domain of the tenant, and the author is whoever it may be. Networks that all customers of a platform share are no
 * proof for this: it would let any of them put mail past the platform's filters.
 *
 * Auto-forwarded mail carries its author's addresses, not the tenant's. It is taken as `foreignSender` only when the tenant's secret header
 * proves who handed it over and the header says that it was forwarded; a network alone would make the platform's every
 * customer a relay. Such a message is never signed or encrypted as the tenant.
 *
 * Refusals name no secret, no tenant and no domain, and one text serves every failed proof, so nothing can be learnt by trying.
 * The entries are findTenant(), with all the evidence, and couldBeFound() with what is known at MAIL already.
 *
 * Limits: the sender of Exchange's connector validation mail is no exception: it is accepted like any other when its domain is one of the
 * tenant's. Client certificates, DKIM and the platform's organisation headers are not evidence yet.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import type { Tenant } from '../config/config.ts';
import { domainOf } from '../mail/address.ts';
import type { Field } from '../mail/header.ts';

/** What one MAIL transaction showed of itself. */
export type Evidence = {
  /** Without an IPv4-mapped prefix. */
  readonly clientIp: string;
  /** Canonical address; empty for the null reverse-path. */
  readonly mailFrom: string;
  /** Canonical addresses. */
  readonly recipients: readonly string[];
  /** Canonical addresses of the From header. */
  readonly headerFrom: readonly string[];
  /** No From field, several, or one that two readers could read differently. */
  readonly fromAmbiguous: boolean;
  /** The raw values, as latin1, per lower-case name, of every field whose name is some tenant's secret header. */
  readonly secretHeaders: ReadonlyMap<string, readonly string[]>;
  /** The header says that a mailbox rule or a redirect sent the message on. */
  readonly forwardingMarks: boolean;
};

export type Finding =
  | { readonly kind: 'tenant'; readonly tenant: Tenant; readonly foreignSender: boolean }
  | { readonly kind: 'inbound'; readonly tenant: Tenant }
  | NotFound;

/** `status` goes with reply code 550. `reason` may be shown to the client and the sender. */
export type NotFound = { readonly kind: 'refused'; readonly status: string; readonly reason: string };

/** Fields that mailbox rules, redirects and forwarding servers leave in a header. */
const forwardingFields = new Set([
  'resent-from',
  'x-forwarded-for',
  'x-forwarded-to',
  'x-ms-exchange-inbox-rules-loop',
  'x-ms-exchange-generated-message-source',
]);

/** Said for every failed proof alike. */
export const notConfirmed: NotFound = {
  kind: 'refused',
  status: '5.7.1',
  reason: 'Not accepted: this server could not confirm that the message comes from one of its organisations',
};

const ambiguousFrom: NotFound = {
  kind: 'refused',
  status: '5.7.1',
  reason: 'Not accepted: the message must have exactly one From field with exactly one address',
};

/** Finds the tenant of a message. Every call compares every candidate's secrets in constant time. */
export function findTenant(evidence: Evidence, tenants: readonly Tenant[]): Finding {
  const proven = tenants.filter((tenant) => isProven(tenant, evidence));
  const inbound = proven.find((tenant) => isInbound(tenant, evidence));
  const [from, ...moreFrom] = evidence.headerFrom;
  if (evidence.fromAmbiguous || from === undefined || moreFrom.length > 0)
    return inbound === undefined ? ambiguousFrom : { kind: 'inbound', tenant: inbound };

  const own = proven.find(
    ({ domains }) =>
      domains.includes(domainOf(from)) && (evidence.mailFrom === '' || domains.includes(domainOf(evidence.mailFrom))),
  );
  if (own !== undefined) return { kind: 'tenant', tenant: own, foreignSender: false };
  if (inbound !== undefined) return { kind: 'inbound', tenant: inbound };

  if (!evidence.forwardingMarks) return notConfirmed;
  const [forwarder, ...others] = proven.filter((tenant) => tenant.proof.secretHeader !== null);
  // two tenants with the same secret cannot be told apart without a domain of theirs
  if (forwarder === undefined || others.length > 0) return notConfirmed;
  return { kind: 'tenant', tenant: forwarder, foreignSender: true };
}

/**
 * Whether any header at all could still prove a tenant for this client and reverse-path; if not, MAIL can be refused at once.
 */
export function couldBeFound(
  { clientIp, mailFrom }: Pick<Evidence, 'clientIp' | 'mailFrom'>,
  tenants: readonly Tenant[],
) {
  return tenants.some(({ domains, proof, opening }) => {
    const senderPossible =
      mailFrom === '' || domains.includes(domainOf(mailFrom)) || proof.secretHeader !== null || opening !== null;
    const proofPossible = proof.networks.length > 0 ? isInside(clientIp, proof.networks) : proof.secretHeader !== null;
    return senderPossible && proofPossible;
  });
}

/** Whether the header says that the message was sent on, not written, by the mailbox it comes from. */
export function hasForwardingMarks(fields: readonly Field[]): boolean {
  return fields.some((field) => forwardingFields.has(field.name.toLowerCase()));
}

/** Of a tenant that is proven. */
function isInbound({ opening, platform, proof, domains }: Tenant, { recipients }: Evidence): boolean {
  if (opening === null || (platform !== 'generic' && proof.secretHeader === null)) return false;
  return recipients.length > 0 && recipients.every((recipient) => domains.includes(domainOf(recipient)));
}

function isProven({ proof }: Tenant, { clientIp, secretHeaders }: Evidence): boolean {
  if (proof.networks.length === 0 && proof.secretHeader === null) return false;
  if (proof.networks.length > 0 && !isInside(clientIp, proof.networks)) return false;
  if (proof.secretHeader === null) return true;
  const values = secretHeaders.get(proof.secretHeader.name.toLowerCase()) ?? [];
  return values.length === 1 && isSecret(values[0] ?? '', proof.secretHeader.valueHashes);
}

function isSecret(value: string, hashes: readonly string[]): boolean {
  const digest = createHash('sha256').update(value.trim(), 'latin1').digest();
  // no early end: the time tells neither whether a value matched nor which
  return hashes.reduce((found, hash) => {
    const expected = Buffer.from(hash, 'hex');
    return (expected.length === digest.length && timingSafeEqual(expected, digest)) || found;
  }, false);
}

type Network = ReturnType<typeof ipaddr.parseCIDR>;

/** Parsed once: the settings do not change while the process runs, and every message asks. */
const parsedNetworks = new Map<string, Network>();

/** Whether an address, without an IPv4-mapped prefix or with it, is in one of the CIDR networks. */
export function isInside(ip: string, networks: readonly string[]): boolean {
  if (!ipaddr.isValid(ip)) return false;
  const address = ipaddr.process(ip);
  return networks.some((text) => {
    const network = parsedNetworks.get(text) ?? ipaddr.parseCIDR(text);
    parsedNetworks.set(text, network);
    return address.kind() === network[0].kind() && address.match(network);
  });
}
