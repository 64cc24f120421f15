/**
 * How fast a request must come in. A large file may take its time over a slow line, so no single deadline fits all requests; one that trickles only holds a
 * connection that others need. After a grace every request must have come, or have come at a pace on the average; else its connection ends.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';

export type Pace = {
  /** Milliseconds that every request has. */
  readonly grace: number;
  /** Octets a second after that, on the average since it began. */
  readonly slowest: number;
  /** Milliseconds between two looks. */
  readonly every: number;
};

/** Until the result is called. */
export function keepPace(server: Server | HttpsServer, { grace, slowest, every }: Pace): () => void {
  const coming = new Map<IncomingMessage, { readonly since: number; readonly from: number }>();
  server.on('request', (request: IncomingMessage) => {
    coming.set(request, { since: performance.now(), from: request.socket.bytesRead });
    request.once('close', () => coming.delete(request));
  });
  const timer = setInterval(() => {
    const now = performance.now();
    for (const [request, { since, from }] of coming) {
      const seconds = (now - since) / 1000;
      if (request.complete) coming.delete(request);
      else if (now - since > grace && request.socket.bytesRead - from < slowest * seconds) request.socket.destroy();
    }
  }, every).unref();
  return () => clearInterval(timer);
}
