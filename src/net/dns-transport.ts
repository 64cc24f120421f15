/**
 * One question to one name server: a datagram from a fresh random port to it, and the same question over TCP when the answer was cut
 * off. Only a datagram from that server with our id and our question counts; others are ignored until the time is up.
 */
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { type DecodedAnswer, decodeAnswer, encodeQuery, frame, type Question, unframe } from './dns-message.ts';

export type NameServer = { readonly address: string; readonly port: number };
/** `signal` ends everything under way. */
export type Transport = { readonly timeoutMs: number; readonly signal: AbortSignal };

type Answered = Extract<DecodedAnswer, { kind: 'answer' }>;
/** `reason` continues a sentence that begins with the server's address. */
type Asked = Answered | { readonly kind: 'trouble'; readonly reason: string };

/** Wrong datagrams after which a server (or somebody in its name) is not listened to any longer. */
const maxForeign = 100;

export async function askServer(
  server: NameServer,
  question: Question,
  transport: Transport,
  options: { readonly edns: boolean },
): Promise<Asked> {
  const query = encodeQuery(question, options);
  if (query === null) return { kind: 'trouble', reason: 'was not asked' };
  const answer = await overUdp(server, question, query, transport);
  return answer.kind === 'answer' && answer.truncated ? overTcp(server, question, query, transport) : answer;
}

function overUdp(server: NameServer, question: Question, query: Buffer, transport: Transport): Promise<Asked> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
    let foreign = 0;
    const end = (asked: Asked) => {
      clearTimeout(timer);
      transport.signal.removeEventListener('abort', abort);
      socket.removeAllListeners().on('error', () => {});
      socket.close();
      resolve(asked);
    };
    const timer = setTimeout(() => end({ kind: 'trouble', reason: 'did not answer in time' }), transport.timeoutMs);
    const abort = () => end({ kind: 'trouble', reason: 'was not waited for' });
    transport.signal.addEventListener('abort', abort);
    socket.on('error', () => end({ kind: 'trouble', reason: 'cannot be reached' }));
    socket.on('message', (bytes) => {
      const answer = decodeAnswer(bytes, question);
      if (answer.kind === 'answer') return end(answer);
      if (answer.kind === 'garbage') return end({ kind: 'trouble', reason: 'sent an unreadable answer' });
      foreign += 1;
      if (foreign > maxForeign) end({ kind: 'trouble', reason: 'sent answers to other questions' });
    });
    // A connected datagram socket hears only this server, and hears at once when nothing listens there.
    socket.connect(server.port, server.address, () => socket.send(query));
  });
}

function overTcp(server: NameServer, question: Question, query: Buffer, transport: Transport): Promise<Asked> {
  return new Promise((resolve) => {
    const socket = connect({ host: server.address, port: server.port });
    const chunks: Buffer[] = [];
    let octets = 0;
    const end = (asked: Asked) => {
      clearTimeout(timer);
      transport.signal.removeEventListener('abort', abort);
      socket.removeAllListeners().on('error', () => {});
      socket.destroy();
      resolve(asked);
    };
    const timer = setTimeout(
      () => end({ kind: 'trouble', reason: 'did not answer over TCP in time' }),
      transport.timeoutMs,
    );
    const abort = () => end({ kind: 'trouble', reason: 'was not waited for' });
    transport.signal.addEventListener('abort', abort);
    socket.on('connect', () => socket.write(frame(query)));
    socket.on('error', () => end({ kind: 'trouble', reason: 'cannot be reached over TCP' }));
    socket.on('close', () => end({ kind: 'trouble', reason: 'closed the TCP connection' }));
    socket.on('data', (chunk: Buffer) => {
      // The length may come in two pieces; joining only then and at the end keeps a slow drip from costing more than its octets.
      const head = chunks[0];
      if (head !== undefined && head.length < 2) chunks[0] = Buffer.concat([head, chunk]);
      else chunks.push(chunk);
      octets += chunk.length;
      const first =
        octets >= 2 && octets >= 2 + (chunks[0]?.readUInt16BE(0) ?? 0) ? unframe(Buffer.concat(chunks)) : null;
      if (first === null) return;
      const answer = decodeAnswer(first.message, question);
      const clear = answer.kind === 'answer' && !answer.truncated;
      end(clear ? answer : { kind: 'trouble', reason: 'sent an unreadable answer over TCP' });
    });
  });
}
