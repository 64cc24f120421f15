/**
 * `postern serve`: starts the gateway, prints one line `ready` with its addresses once it accepts mail, reads policies and certificates again on SIGHUP, drains on
 * SIGTERM or SIGINT and exits 0.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { startGateway } from './gateway.ts';

/** Milliseconds for messages under way to end. */
const drainFor = 60_000;

export async function serve(config: Config): Promise<number> {
  const gateway = await startGateway(config);
  const addresses = [
    ...gateway.smtp.map((address) => `smtp=${address}`),
    ...(gateway.portal === null ? [] : [`web=${gateway.portal}`]),
  ];
  process.stdout.write(`ready ${addresses.join(' ')}\n`);
  process.on('SIGHUP', () => gateway.reload());
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await Promise.race([gateway.stop(), sleep(drainFor, undefined, { ref: false })]);
  // A conversation that still hangs is cut off here; its message is queued, as after a crash.
  setTimeout(() => process.exit(0), 1_000).unref();
  return 0;
}
