/**
 * Loopback ports for processes that cannot be told to choose one themselves and report it. They lie below those that the system hands out (to
 * connections and to listeners on port 0), each of vitest's workers has a range of its own, and a process goes through its range in order: so nobody
 * takes a port between its being found free and its being used.
 */
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const size = 1_700;
const lowest = 10_000 + size * (Number(process.env['VITEST_POOL_ID'] ?? 0) % 13);
// The worker before us may have left something behind that still listens.
let next = Math.floor(Math.random() * size);

/** A free port that nobody else takes. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < size; tries++) {
    const port = lowest + next;
    next = (next + 1) % size;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port is free from ${lowest} on`);
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Resolves once something accepts connections there; rejects after `patience` milliseconds. */
export async function waitForPort(port: number, patience = 60_000): Promise<void> {
  const deadline = Date.now() + patience;
  while (!(await answers(port))) {
    if (Date.now() > deadline) throw new Error(`nothing listens on 127.0.0.1:${port}`);
    await sleep(20);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
