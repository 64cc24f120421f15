/** A name server for tests on real UDP and TCP sockets: each question is answered by what the test says, and is recorded. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { decodeQuery, encodeAnswer, frame, type Query, type Reply, unframe } from '../../src/net/dns-message.ts';
import { freePort } from '../bench/ports.ts';

type Via = 'udp' | 'tcp';
/** A reply, ready octets, several datagrams, or silence. */
export type Answerer = (query: Query, via: Via) => Reply | Buffer | Buffer[] | null;

export type NameServer = AsyncDisposable & { readonly address: string; readonly asked: string[] };

export const nothing: Reply = { rcode: 'NOERROR', answers: [], authority: [], authenticated: false };

export async function startNameServer(answerer: Answerer): Promise<NameServer> {
  const asked: string[] = [];
  const answersTo = (bytes: Buffer, via: Via): Buffer[] => {
    const query = decodeQuery(bytes);
    if (query === null) return [];
    asked.push(`${via} ${query.type} ${query.name}${query.udpBytes === 512 ? ' without EDNS' : ''}`);
    const answer = answerer(query, via);
    if (answer === null) return [];
    if (Array.isArray(answer)) return answer;
    return [Buffer.isBuffer(answer) ? answer : encodeAnswer(query, answer, via === 'udp' ? query.udpBytes : undefined)];
  };
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      const message = unframe(bytes)?.message;
      if (message === undefined) return;
      // Octet by octet, as TCP may.
      for (const answer of answersTo(message, 'tcp'))
        for (const octet of frame(answer)) socket.write(Buffer.from([octet]));
    });
  });
  // The same for both protocols.
  const port = await freePort();
  tcp.listen(port, '127.0.0.1');
  await once(tcp, 'listening');
  const udp = createSocket('udp4');
  udp.on('message', (bytes, from) => {
    for (const answer of answersTo(bytes, 'udp')) udp.send(answer, from.port, from.address);
  });
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  return {
    address: `127.0.0.1:${port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      udp.close();
      tcp.close();
      await once(tcp, 'close');
    },
  };
}
