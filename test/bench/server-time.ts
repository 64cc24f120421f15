/**
 * What a request costs inside the server: loaded into `postern serve` by `node --import`, it takes the time from the request's head to the last octet of the
 * answer handed to the system, by what Node itself tells of its HTTP servers. Requests name what they measure in `x-bench`; the parent
 * asks for what was taken since it last asked. Nothing of the product knows of this.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

export type ServerTimes = {
  /** Milliseconds of each request, by name. */
  readonly taken: Readonly<Record<string, readonly number[]>>;
  /** The 99th percentile of how late the event loop was, milliseconds. */
  readonly loopDelay: number;
  /** Processor time of all threads, milliseconds. */
  readonly processor: number;
};

type Asked = { readonly request: IncomingMessage; readonly response: ServerResponse };

// Its worker threads inherit the option that loads this.
if (isMainThread && process.send !== undefined) {
  const begun = new WeakMap<ServerResponse, number>();
  let taken: Record<string, number[]> = {};
  let processor = process.cpuUsage();
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  subscribe('http.server.request.start', (message) => void begun.set((message as Asked).response, performance.now()));
  subscribe('http.server.response.finish', (message) => {
    const { request, response } = message as Asked;
    const name = request.headers['x-bench'];
    const start = begun.get(response);
    if (typeof name === 'string' && start !== undefined) (taken[name] ??= []).push(performance.now() - start);
  });
  process.on('message', () => {
    const used = process.cpuUsage(processor);
    const report: ServerTimes = {
      taken,
      loopDelay: delay.percentile(99) / 1e6,
      processor: (used.user + used.system) / 1000,
    };
    taken = {};
    processor = process.cpuUsage();
    delay.reset();
    process.send?.(report);
  });
  process.channel?.unref();
}
