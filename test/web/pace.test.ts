/** T-6: requests that trickle lose their connection; those that come slowly but steadily, and those that wait for us, do not. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { keepPace } from '../../src/web/pace.ts';

async function serve(): Promise<{ server: Server; open: (body: number) => Promise<Socket>; stop: () => void }> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => setTimeout(() => response.end('done'), 600));
  });
  const stop = keepPace(server, { grace: 200, slowest: 1000, every: 20 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const open = async (body: number): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => {});
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body}\r\n\r\n`);
    return socket;
  };
  return { server, open, stop };
}

test('one octet at a time is too slow, a thousand a second are not, and waiting for the answer is no fault', async () => {
  const { server, open, stop } = await serve();
  try {
    const slow = await open(10_000);
    const steady = await open(2_000);
    const answered: string[] = [];
    steady.on('data', (chunk: Buffer) => answered.push(chunk.toString()));
    const ended = once(slow, 'close');
    for (let sent = 0; sent < 20; sent += 1) {
      slow.write('x');
      steady.write('x'.repeat(100));
      await sleep(20);
    }
    await ended;
    expect(steady.destroyed).toBe(false);
    await expect.poll(() => answered.join('')).toContain('done');
    steady.destroy();
  } finally {
    stop();
    server.close();
  }
});
