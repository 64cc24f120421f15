/**
 * `postern serve`: starts the gateway, prints one line `ready` with its addresses once it accepts mail, reads policies again on SIGHUP, drains on
 * SIGTERM or SIGINT and exits 0.
 */
import { once } from 'node:events';
import type { Config } from '../config/config.ts';
import { PolicyBroken } from '../pipeline/policies.ts';
import { type Gateway, startGateway } from './gateway.ts';

export async function serve(config: Config): Promise<number> {
  let gateway: Gateway;
  try {
    gateway = await startGateway(config);
  } catch (error) {
    if (!(error instanceof PolicyBroken)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
  const addresses = [
    ...gateway.smtp.map((address) => `smtp=${address}`),
    ...(gateway.portal === null ? [] : [`web=${gateway.portal}`]),
  ];
  process.stdout.write(`ready ${addresses.join(' ')}\n`);
  process.on('SIGHUP', () => gateway.reload());
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await gateway.stop();
  return 0;
}
