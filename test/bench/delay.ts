/** A road that takes time: a TCP proxy on loopback that passes on every octet, in either direction, a fixed time after it came. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type Road = AsyncDisposable & {
  readonly port: number;
  /** When each connection came, by performance.now(). */
  readonly accepted: readonly number[];
  /** How long the road took on average in one direction: timers on a busy machine are late. Milliseconds. */
  taken(): number;
};

/** @param delay milliseconds in each direction; a round trip takes twice that. */
export async function startRoad(to: number, delay: number): Promise<Road> {
  const accepted: number[] = [];
  const sockets = new Set<Socket>();
  let passed = 0;
  let taken = 0;
  const after = (then: () => void): void => {
    const came = performance.now();
    setTimeout(() => {
      passed += 1;
      taken += performance.now() - came;
      then();
    }, delay);
  };
  const server = createServer({ noDelay: true }, (near) => {
    accepted.push(performance.now());
    sockets.add(near);
    near.on('error', () => near.destroy()).on('close', () => sockets.delete(near));
    // The first packet needs its time as well.
    after(() => {
      const far = connect({ port: to, host: '127.0.0.1', noDelay: true });
      sockets.add(far);
      far.on('error', () => far.destroy()).on('close', () => sockets.delete(far));
      pass(near, far, after);
      pass(far, near, after);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    accepted,
    taken: () => (passed === 0 ? delay : taken / passed),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Timers of one length end in the order in which they began. */
function pass(from: Socket, to: Socket, after: (then: () => void) => void): void {
  from.on('data', (chunk) => after(() => to.write(chunk)));
  from.on('end', () => after(() => to.end()));
  from.on('close', () => after(() => to.destroy()));
}
