/**
 * Conditions on the people of a message: who sends it, who gets it, how many, and how many organisations they belong to.
 *
 * **Sender** is more than one address: the envelope's sender and every address of the From header. A null envelope sender is no address.
 * The keys of one `sender` (address, domain, in, group, external, internal) must all hold of the same address.
 *
 * External is whoever is not at one of the tenant's own domains; a subdomain counts only when it is listed.
 */
import type * as z from 'zod';
import * as kinds from '../../config/kinds.ts';
import { nearest, type Path, section } from '../../config/yaml.ts';
import { type AddressSet, addressSet, includes, keysOf } from '../addresses.ts';
import { type Condition, type Judgement, messageTest, type Reading, recipientTest, unknown } from '../conditions.ts';
import type { Facts } from '../facts.ts';
import { compileEntries, type Report } from '../lists.ts';
import { compileCount, words } from './values.ts';

const who = {
  address: words('an address').optional(),
  domain: words('a domain').optional(),
  in: words('the name of a list').optional(),
  group: words('the name of a group').optional(),
};
/** Whom a section of a policy is for. */
export const whoSchema = section(who);
export const addressSchema = section({
  ...who,
  external: kinds.flag().optional(),
  internal: kinds.flag().optional(),
});
export type AddressText = z.output<typeof addressSchema>;

/** One key: `ask` says null when nobody knows. The labels are as in "the recipient <label>". */
type AddressTest = {
  readonly ask: (facts: Facts, address: string) => boolean | null;
  readonly label: string;
  readonly labelNot: string;
};

type Lists = ReadonlyMap<string, AddressSet>;

export function compileRecipient(text: AddressText, at: Path, report: Report, lists: Lists): Condition {
  const tests = compileTests(text, at, report, lists);
  const failed = new Map(tests.map((test) => [test, { holds: false, reason: `the recipient ${test.labelNot}` }]));
  const held = { holds: true, reason: `the recipient ${labels(tests)}` };
  const judge = (facts: Facts, reading: Reading, recipient: string): Judgement => {
    let open: AddressTest | null = null;
    for (const test of tests) {
      const answer = test.ask(facts, recipient);
      if (answer === false) return failed.get(test) ?? held;
      if (answer === null) open ??= test;
    }
    return open === null ? held : unknown(reading, `the recipient ${open.label}`);
  };
  return recipientTest(judge, { groups: text.group ?? [] });
}

export function compileSender(text: AddressText, at: Path, report: Report, lists: Lists): Condition {
  const tests = compileTests(text, at, report, lists);
  return messageTest((facts, reading) => examineSender(tests, facts, reading), {
    restsOn: ['from'],
    groups: text.group ?? [],
  });
}

function examineSender(tests: readonly AddressTest[], facts: Facts, reading: Reading): Judgement {
  const addresses = [...new Set([facts.envelope.from, ...facts.from])].filter((address) => address !== '');
  if (addresses.length === 0) return { holds: false, reason: 'the message names no sender' };
  const holdsFor = (address: string): boolean => tests.every((test) => test.ask(facts, address) ?? reading === 'any');
  const decisive = addresses.find((address) => holdsFor(address) === (reading === 'any'));
  const holds = (decisive === undefined) !== (reading === 'any');
  const shown = decisive ?? addresses[0] ?? '';
  if (holds) {
    const open = tests.find((test) => test.ask(facts, shown) === null);
    return open === undefined
      ? { holds, reason: `sender ${shown} ${labels(tests)}` }
      : unknown(reading, `sender ${shown} ${open.label}`);
  }
  const failed = tests.find((test) => test.ask(facts, shown) === false);
  if (failed !== undefined) return { holds, reason: `sender ${shown} ${failed.labelNot}` };
  const open = tests.find((test) => test.ask(facts, shown) === null);
  return unknown(reading, `sender ${shown} ${open?.label ?? ''}`);
}

function labels(tests: readonly AddressTest[]): string {
  return tests.map((test) => test.label).join(' and ');
}

function compileTests(text: AddressText, at: Path, report: Report, lists: Lists): AddressTest[] {
  const tests: AddressTest[] = [];
  if (text.address !== undefined) {
    const form = 'an address like anna@bank.example';
    const set = compileEntries(text.address, [...at, 'address'], ['address'], form, report);
    tests.push(among(set, 'is named', 'is not named'));
  }
  if (text.domain !== undefined) {
    const expected = 'a domain like bank.example, or "*.bank.example" for its subdomains';
    const set = compileEntries(text.domain, [...at, 'domain'], ['domain', 'parent'], expected, report);
    const names = text.domain.length > 3 ? 'a domain named' : text.domain.join(' or ');
    tests.push(among(set, `is at ${names}`, `is not at ${names}`));
  }
  if (text.in !== undefined) {
    const sets = text.in.map((name) => lists.get(name) ?? unknownList(name, [...at, 'in'], lists, report));
    const names = `list ${text.in.join(' or ')}`;
    tests.push(among(union(sets), `is in ${names}`, `is not in ${names}`));
  }
  if (text.group !== undefined) tests.push(inGroup(text.group));
  if (text.external !== undefined) tests.push(outside(text.external));
  if (text.internal !== undefined) tests.push(outside(!text.internal));
  if (tests.length === 0) report(at, 'nothing to compare with', 'Write address, domain, in or group.');
  return tests;
}

function among(set: AddressSet, label: string, labelNot: string): AddressTest {
  return { ask: (_facts, address) => includes(set, address), label, labelNot };
}

function inGroup(names: readonly string[]): AddressTest {
  const ask = ({ groups }: Facts, address: string): boolean | null => {
    const { key } = keysOf(address);
    const of = Object.hasOwn(groups.of, key) ? (groups.of[key] ?? []) : [];
    if (names.some((name) => of.includes(name))) return true;
    return names.every((name) => groups.known?.includes(name) === true) ? false : null;
  };
  const group = `group ${names.join(' or ')}`;
  return { ask, label: `is in ${group}`, labelNot: `is not in ${group}` };
}

function outside(external: boolean): AddressTest {
  const [label, labelNot] = external ? ['is external', 'is internal'] : ['is internal', 'is external'];
  return { ask: (facts, address) => isExternal(facts, address) === external, label, labelNot };
}

function isExternal(facts: Facts, address: string): boolean {
  return !facts.tenantDomains.includes(keysOf(address).domain);
}

function unknownList(name: string, at: Path, lists: Lists, report: Report): AddressSet {
  const near = nearest(name, [...lists.keys()]);
  const hint = near === null ? '' : `Did you mean "${near}"? `;
  report(at, `there is no list ${JSON.stringify(name)}`, `${hint}Lists are named under lists.`);
  return addressSet([]);
}

function union(sets: readonly AddressSet[]): AddressSet {
  const [only] = sets;
  if (sets.length === 1 && only !== undefined) return only;
  const all = (pick: (set: AddressSet) => ReadonlySet<string>) => new Set(sets.flatMap((set) => [...pick(set)]));
  return {
    addresses: all((set) => set.addresses),
    domains: all((set) => set.domains),
    parents: all((set) => set.parents),
  };
}

/** `recipients`: of the envelope, so those in Bcc too. */
export const compileRecipients = compileCount('recipients', (facts) => facts.envelope.recipients.length);

/** `externalDomains`: distinct domains among the recipients that are not the tenant's. */
export const compileExternalDomains = compileCount(
  'external domains',
  (facts) =>
    new Set(
      facts.envelope.recipients
        .filter((address) => isExternal(facts, address))
        .map((address) => keysOf(address).domain),
    ).size,
);
