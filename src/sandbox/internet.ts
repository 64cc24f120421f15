/**
 * The pretend internet, running: every mail server and policy host of a world, and the DNS that leads to them. All of it on loopback.
 */
import { type DnsServer, startDnsServer } from './dns-server.ts';
import { type PolicyHost, startPolicyHost } from './policy-host.ts';
import { type Sinks, startSinks } from './sink.ts';
import type { World } from './world.ts';

export type Internet = AsyncDisposable & {
  readonly sinks: Sinks;
  readonly policies: PolicyHost;
  readonly dns: DnsServer;
};

export async function startInternet(world: World): Promise<Internet> {
  await using stack = new AsyncDisposableStack();
  const sinks = stack.use(await startSinks(world.hosts));
  const policies = stack.use(await startPolicyHost(world.sites));
  const zone = world.zone({ mailPort: sinks.port, webAddress: policies.address });
  const dns = stack.use(await startDnsServer(zone, { signed: world.signed }));
  const running = stack.move();
  return { sinks, policies, dns, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
