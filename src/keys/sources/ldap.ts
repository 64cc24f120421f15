/**
 * Directories that the admin lists: the certificates of the people who have the address, from the attributes userCertificate (DER) and
 * userSMIMECertificate (a signed message without content, RFC 2798 section 2.8). One search, made for one address and closed. The way there is
 * ldap-connection.ts.
 *
 * Standards: RFC 4523, RFC 4511 (as far as one search needs it).
 * Limits: the address must stand in the attribute mail; referrals to other servers are not followed; of more than 5 people none is believed.
 */
import type { Socket } from 'node:net';
import { Client, type Entry, EqualityFilter } from 'ldapts';
import type { LdapDirectory } from '../../config/config.ts';
import { openPkcs7 } from '../../protect/containers.ts';
import { type DirectoryPorts, NoWay, openDirectory } from './ldap-connection.ts';
import { type Answer, type Asked, mostOctets, type Published, type Source } from './source.ts';

const mostPeople = 5;
const mostCertificates = 20;

export function ldapSource(directory: LdapDirectory, ports: DirectoryPorts): Source {
  const id = `ldap ${directory.url} ${directory.base}`;
  return {
    source: 'ldap',
    id,
    asks: ({ domain }) => directory.domains === null || directory.domains.some((pattern) => matches(pattern, domain)),
    title: () => `The directory ${directory.url}`,
    server: () => id,
    find: async ({ address }, milliseconds) => {
      const signal = AbortSignal.timeout(milliseconds);
      try {
        const people = await search(directory, address, ports, { signal, milliseconds });
        return answerOf(people, directory, address);
      } catch (error) {
        const why = error instanceof NoWay ? error.message : reasonOf(error, signal);
        return { kind: 'failed', why: `gave no answer: ${directory.host} ${why}`, everybody: true };
      }
    },
  };
}

const matches = (pattern: string, domain: string): boolean =>
  pattern.startsWith('*.') ? domain.endsWith(pattern.slice(1)) : domain === pattern;

async function search(
  directory: LdapDirectory,
  address: Asked['address'],
  ports: DirectoryPorts,
  { signal, milliseconds }: { readonly signal: AbortSignal; readonly milliseconds: number },
): Promise<readonly Entry[]> {
  const stream = await openDirectory(directory, ports, signal);
  const end = (): void => void stream.destroy(new NoWay('did not answer in time'));
  signal.addEventListener('abort', end);
  let taken = false;
  const client = new Client({
    url: 'ldap://directory',
    timeout: milliseconds,
    // It would connect again, by itself and unguarded, after a connection that ended.
    createConnection: () => {
      if (taken) throw new NoWay('hung up');
      taken = true;
      // A Duplex with what the library asks of a socket.
      return stream as Socket;
    },
  });
  try {
    if (directory.bind !== null) await client.bind(directory.bind.dn, directory.bind.password);
    // The filter is a structure, so nothing in the address can be read as part of it (RFC 4515 section 3).
    const filter = new EqualityFilter({ attribute: 'mail', value: address });
    const attributes = ['userCertificate;binary', 'userSMIMECertificate;binary', 'userSMIMECertificate'];
    const found = await client.search(directory.base, {
      scope: 'sub',
      filter,
      attributes,
      explicitBufferAttributes: attributes,
      sizeLimit: mostPeople + 1,
      timeLimit: Math.max(1, Math.ceil(milliseconds / 1000)),
    });
    return found.searchEntries;
  } catch (error) {
    // The library tells of an end only that it came.
    throw stream.errored instanceof NoWay ? stream.errored : error;
  } finally {
    signal.removeEventListener('abort', end);
    stream.destroy();
  }
}

function answerOf(people: readonly Entry[], { url, base }: LdapDirectory, address: string): Answer {
  if (people.length > mostPeople)
    return { kind: 'none', why: `has more than ${mostPeople} people with this address, so none is believed` };
  const keys = people.flatMap(certificatesOf).slice(0, mostCertificates);
  if (keys.length === 0) {
    const what = people.length === 0 ? 'does not know this address' : 'has no certificate for this address';
    return { kind: 'none', why: what };
  }
  return { kind: 'found', keys, where: `${url}/${base} (mail=${address})` };
}

function certificatesOf(person: Entry): Published[] {
  const found: Published[] = [];
  for (const [name, value] of Object.entries(person)) {
    const attribute = name.toLowerCase().split(';')[0];
    const values = [value].flat().filter((each) => Buffer.isBuffer(each) && each.length <= mostOctets);
    for (const octets of values as Buffer[]) {
      if (attribute === 'usercertificate') found.push({ kind: 'x509', octets });
      if (attribute !== 'usersmimecertificate') continue;
      const opened = openPkcs7(octets);
      if (opened.ok) found.push(...opened.certificates.map((each) => ({ kind: 'x509' as const, octets: each })));
    }
  }
  return found;
}

/** The library's own errors name the result code; their texts are the server's, so they are not repeated. */
function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'did not answer in time';
  const code = error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : null;
  if (code === 32) return 'has no such entry as the base that is searched';
  if (code === 49) return 'does not take the password';
  return code === null ? 'broke off its answer' : `refused the search (LDAP result ${code})`;
}
