/**
 * Keys in the domain's DNS: OPENPGPKEY records with an OpenPGP key, SMIMEA records with a certificate. They count only when DNSSEC vouches for
 * them, as the resolver on this host says (`dns.trustAd`); a certificate needs no authority then.
 *
 * The name holds the hash of the local part as it is written. Where that has capitals the small ones are tried too, since most domains do not
 * tell them apart.
 *
 * Standards: RFC 7929, RFC 8162.
 * Limits: of SMIMEA only whole certificates of a person: for signed DNS alone (3 0 0), or only with a path to a root besides (1 0 0), which is asked
 * for when it is found. A digest or a public key could at most confirm a certificate found elsewhere, and is not used for that.
 */
import { createHash } from 'node:crypto';
import type { DnsAnswer, KeyResolver } from '../../net/resolver.ts';
import { type Answer, type Asked, mostOctets, type Published, type Source } from './source.ts';

export function dnsSource(resolver: KeyResolver): Source {
  return {
    source: 'dns',
    id: 'dns',
    asks: () => true,
    title: ({ domain }) => `The DNS of ${domain}`,
    server: ({ domain }) => `dns ${domain}`,
    find: async (asked) => {
      const names = namesOf(asked);
      const answers = await Promise.all([
        ...names.map((name) => records(`${name}._openpgpkey.${asked.domain}`, (at) => resolver.openpgpkey(at), pgpOf)),
        ...names.map((name) =>
          records(`${name}._smimecert.${asked.domain}`, (at) => resolver.smimea(at), certificateOf),
        ),
      ]);
      return joined(answers);
    },
  };
}

/** RFC 7929 section 3: the first 28 octets of the SHA-256 of the local part, in hexadecimal. */
function namesOf({ local }: Asked): string[] {
  const spellings = new Set([local, local.replace(/[A-Z]/g, (letter) => letter.toLowerCase())]);
  return [...spellings].map((each) => createHash('sha256').update(each.normalize('NFC')).digest('hex').slice(0, 56));
}

async function records<T>(
  name: string,
  look: (name: string) => Promise<DnsAnswer<T>>,
  read: (record: T) => Published | string,
): Promise<Answer> {
  const answer = await look(name);
  if (answer.kind === 'failed') return { kind: 'failed', why: `gave no answer: ${answer.reason}`, everybody: true };
  if (answer.kind === 'none') return { kind: 'none', why: 'has neither key nor certificate for this address' };
  if (!answer.authenticated)
    return { kind: 'none', why: 'has records for this address, but they are not signed (DNSSEC) and do not count' };
  const keys: Published[] = [];
  const others = new Set<string>();
  for (const each of answer.records.map(read)) {
    if (typeof each === 'string') others.add(each);
    else keys.push(each);
  }
  if (keys.length > 0) return { kind: 'found', keys, where: name };
  return { kind: 'none', why: `has records for this address, but none of use here: ${[...others].join('; ')}` };
}

const tooLarge = `one of more than ${mostOctets} octets`;

const pgpOf = (octets: Uint8Array): Published | string =>
  octets.length > mostOctets ? tooLarge : { kind: 'pgp', octets };

/**
 * RFC 8162 section 2, with the numbers of RFC 6698 section 2.1: the person's own certificate (usage 1 or 3, not 0 or 2), all of it (selector 0), not a
 * digest of it (matching 0). What else it is, as a clause.
 */
function certificateOf(record: {
  readonly usage: number;
  readonly selector: number;
  readonly matching: number;
  readonly data: Uint8Array;
}): Published | string {
  const { usage, selector, matching, data: octets } = record;
  const numbers = `(${usage} ${selector} ${matching})`;
  if (usage === 0 || usage === 2) return `what stands for an authority ${numbers}, not the recipient's own certificate`;
  if (usage !== 1 && usage !== 3) return `one of a use that is not known ${numbers}`;
  if (matching !== 0) return `a digest ${numbers}, which is no certificate to encrypt to`;
  if (selector !== 0) return `a public key without its certificate ${numbers}`;
  if (octets.length > mostOctets) return tooLarge;
  return { kind: 'x509', octets, ...(usage === 1 ? { rooted: true } : {}) };
}

/** What was found counts, then what failed, then the most telling absence. */
function joined(answers: readonly Answer[]): Answer {
  const found = answers.filter((answer) => answer.kind === 'found');
  const [first] = found;
  if (first !== undefined) {
    const where = found.map((answer) => answer.where).join(', ');
    return { kind: 'found', keys: found.flatMap((answer) => answer.keys), where };
  }
  const failed = answers.find((answer) => answer.kind === 'failed');
  const telling = answers.find((answer) => answer.kind === 'none' && answer.why.startsWith('has records'));
  return failed ?? telling ?? { kind: 'none', why: 'has neither key nor certificate for this address' };
}
