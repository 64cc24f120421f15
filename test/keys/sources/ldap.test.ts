/** A directory that misbehaves: every answer here is written by hand. A well-behaved one is test/peers/directory.test.ts. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { ldapSource } from '../../../src/keys/sources/ldap.ts';
import { anna, authority, identityFor, searching, startInternet } from '../internet.ts';

const host = 'ldap.partner.example';

/** What the server does with a connection; `said` is all that the client wrote. */
type Conduct = (socket: Socket, said: Buffer[]) => void;

async function look(conduct: Conduct, tls: 'verify' | 'none' = 'none') {
  const said: Buffer[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    conduct(socket, said);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await using internet = await startInternet([{ name: host, type: 'A', data: '127.0.0.1' }], []);
  const directory = { url: `ldap://${host}`, host, port, secure: false, base: 'dc=x', domains: null, tls, trust: [] };
  const source = ldapSource({ ...directory, bind: null, private: false }, { ...internet, roots: [authority.certPem] });
  await using search = await searching([source], { deadline: 500 });
  const before = performance.now();
  const { rows, notes } = await search.look(anna);
  const took = performance.now() - before;
  for (const socket of open) socket.destroy();
  server.close();
  expect(rows).toEqual([]);
  expect(took).toBeLessThan(2_500);
  return { notes: notes.join('\n'), said: Buffer.concat(said) };
}

/** Answers whatever comes first with these octets; "id" is the number of what was asked. */
const answers =
  (...octets: readonly (Buffer | string)[]): Conduct =>
  (socket, said) =>
    socket.on('data', (chunk: Buffer) => {
      said.push(chunk);
      if (said.length > 1) return;
      const at = chunk.indexOf(Buffer.from([2, 1])) + 2;
      const id = chunk.subarray(at, at + 1).toString('hex');
      for (const each of octets)
        socket.write(typeof each === 'string' ? Buffer.from(each.replace('id', id), 'hex') : each);
    });

const startTlsDone = '300c02010178070a010004000400';
const searchDone = '300c0201id65070a010004000400';

test.each<[string, Conduct, string]>([
  ['silence', () => {}, 'did not answer in time'],
  ['a hang-up', (socket) => socket.destroy(), 'broke off its answer'],
  ['an end without an answer', answers(searchDone), 'does not know this address'],
  ['noise', answers(Buffer.alloc(5_000, 0x41)), 'did not answer in time'],
  [
    'noise without an end',
    (socket) => void socket.write(Buffer.alloc(400_000, 0x41)),
    'answered with more than 262144 octets',
  ],
  ['a refusal', answers('300c0201id65070a013204000400'), 'refused the search (LDAP result 50)'],
  ['an answer to another question', answers('300c02017f65070a010004000400'), 'did not answer in time'],
  ['an answer that cannot be read', answers('300c0201id65070a010084ffffff'), 'gave no answer'],
  [
    'one message without an end',
    (socket) => void socket.write(Buffer.concat([Buffer.from('3084ffffffff', 'hex'), Buffer.alloc(400_000)])),
    'answered with more than 262144 octets',
  ],
  // Without small pieces each of them would take a turn of the library's stack.
  [
    '30,000 empty answers at once',
    (socket) => void socket.write(Buffer.alloc(7 * 30_000, Buffer.from('30050201096500', 'hex'))),
    'did not answer in time',
  ],
])('%s', async (_, conduct, words) => {
  const { notes } = await look(conduct);
  expect(notes).toContain(words);
});

test.each<[string, Conduct, string]>([
  ['does not offer StartTLS', answers('300c02010178070a010204000400'), 'does not offer StartTLS'],
  ['answers something else', answers(searchDone), 'does not offer StartTLS'],
  ['hangs up', (socket) => socket.end(), 'hung up at StartTLS'],
  [
    'says more than is asked before TLS',
    answers(Buffer.from(startTlsDone + startTlsDone, 'hex')),
    'does not offer StartTLS',
  ],
  ['shows a certificate for another name', startsTls('other.example'), 'shows a certificate for another name'],
  ['speaks no TLS after all', answers(startTlsDone, Buffer.alloc(0)), 'did not answer in time'],
])('a directory that %s gets no question', async (_, conduct, words) => {
  const { notes, said } = await look(conduct, 'verify');
  expect(notes).toContain(words);
  expect(said.includes('mail')).toBe(false);
  expect(said.includes(anna)).toBe(false);
});

function startsTls(name: string): Conduct {
  const { key, cert } = identityFor(name);
  return (socket) =>
    socket.once('data', () => {
      socket.write(Buffer.from(startTlsDone, 'hex'));
      new TLSSocket(socket, { isServer: true, key, cert }).on('error', () => {});
    });
}
