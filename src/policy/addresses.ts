/**
 * Sets of addresses and domains as rules and lists name them: "anna@bank.example" is that mailbox, "bank.example" every mailbox of
 * exactly that domain, "*.bank.example" those of its subdomains at any depth, but not of the domain itself.
 */
import { addressKey, canonicalAddress, domainOf, toAsciiDomain } from '../mail/address.ts';

export type AddressSet = {
  /** In the form of `addressKey`. */
  readonly addresses: ReadonlySet<string>;
  readonly domains: ReadonlySet<string>;
  /** Domains whose subdomains are meant. */
  readonly parents: ReadonlySet<string>;
};

export type Entry = { readonly kind: 'address' | 'domain' | 'parent'; readonly key: string };

/** Reads one entry as people write it, internationalised domains included; null when it is none of the three. */
export function readEntry(text: string): Entry | null {
  const entry = text.trim();
  if (entry.includes('@')) {
    const address = canonicalAddress(entry);
    return address === null ? null : { kind: 'address', key: addressKey(address) };
  }
  const parent = entry.startsWith('*.');
  const name = parent ? entry.slice(2) : entry;
  const domain = name.includes('.') || parent ? toAsciiDomain(name) : null;
  return domain === null ? null : { kind: parent ? 'parent' : 'domain', key: domain };
}

export function addressSet(entries: readonly Entry[]): AddressSet {
  const keys = (kind: Entry['kind']) =>
    new Set(entries.filter((entry) => entry.kind === kind).map((entry) => entry.key));
  return { addresses: keys('address'), domains: keys('domain'), parents: keys('parent') };
}

/** Whether an address in normal form is in the set. */
export function includes(set: AddressSet, address: string): boolean {
  if (address === '') return false;
  const { key, domain } = keysOf(address);
  if (set.addresses.has(key) || set.domains.has(domain)) return true;
  if (set.parents.size === 0) return false;
  for (let dot = domain.indexOf('.'); dot !== -1; dot = domain.indexOf('.', dot + 1)) {
    if (set.parents.has(domain.slice(dot + 1))) return true;
  }
  return false;
}

type Keys = { readonly address: string; readonly key: string; readonly domain: string };
/** Of the address asked last: a thousand rules ask about the same one. */
let latest: Keys = { address: '', key: '', domain: '' };

/** What an address in normal form is compared by. */
export function keysOf(address: string): Keys {
  if (latest.address !== address)
    latest = { address, key: addressKey(address), domain: domainOf(address).toLowerCase() };
  return latest;
}
