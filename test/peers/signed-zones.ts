/**
 * DNSSEC for real: zones signed by ldns, and an unbound of the test's own on a loopback port that reads and validates them. A zone may be left unsigned,
 * be tampered with after it was signed, or carry signatures whose time is over.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, waitForPort } from '../bench/ports.ts';

export type Zone = {
  readonly name: string;
  /** Master file lines after the SOA and NS records. */
  readonly lines: readonly string[];
  readonly signed: 'yes' | 'no' | 'until yesterday';
  /** Changes the signed master file. */
  readonly tamper?: (text: string) => string;
};

const daemon = '/usr/sbin/unbound';

/** What is not installed, in words, or null. */
export function dnssecMissing(): string | null {
  const missing = [daemon, '/usr/bin/ldns-keygen', '/usr/bin/ldns-signzone'].find((tool) => !existsSync(tool));
  return missing === undefined ? null : `${missing} is not installed (Debian packages unbound, ldnsutils)`;
}

/** Serves the zones; `address` is the validating resolver, "127.0.0.1:port". */
export async function startSignedZones(
  zones: readonly Zone[],
): Promise<AsyncDisposable & { readonly address: string }> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'postern-dnssec-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const files = zones.map((zone) => masterFile(zone, folder));
  const port = await freePort();
  writeFileSync(join(folder, 'unbound.conf'), unboundConf(folder, port, zones, files));
  stack.use(await unbound(join(folder, 'unbound.conf'), port));
  const running = stack.move();
  return { address: `127.0.0.1:${port}`, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Writes the zone, signed as told, with the trust anchor beside it, and returns the path. */
function masterFile({ name, lines, signed, tamper = (text) => text }: Zone, folder: string): string {
  const path = join(folder, `${name}.zone`);
  const head = [
    `$ORIGIN ${name}.`,
    '$TTL 60',
    '@ IN SOA ns hostmaster 1 3600 600 86400 60',
    '@ IN NS ns',
    'ns IN A 127.0.0.1',
  ];
  writeFileSync(path, [...head, ...lines, ''].join('\n'));
  if (signed === 'no') return path;
  const ldns = (tool: string, ...words: string[]): string =>
    execFileSync(`/usr/bin/${tool}`, words, { cwd: folder, encoding: 'utf8' }).trim();
  const [keys, zoneKey] = [['-k'], []].map((kind) => ldns('ldns-keygen', '-a', 'ECDSAP256SHA256', ...kind, name));
  const day = (offset: number): string =>
    new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  const times = signed === 'yes' ? [] : ['-i', day(-9), '-e', day(-1)];
  ldns('ldns-signzone', ...times, path, keys ?? '', zoneKey ?? '');
  appendFileSync(join(folder, 'anchors'), readFileSync(join(folder, `${keys ?? ''}.ds`)));
  const output = `${path}.signed`;
  writeFileSync(output, tamper(readFileSync(output, 'utf8')));
  return output;
}

function unboundConf(folder: string, port: number, zones: readonly Zone[], files: readonly string[]): string {
  // Not served as they are, but read as any other server's answers would be, and validated.
  const read = zones.map(
    ({ name }, index) =>
      `auth-zone:\n  name: ${name}\n  zonefile: "${files[index]}"\n  for-upstream: yes\n  for-downstream: no\n`,
  );
  return `server:
  interface: 127.0.0.1@${port}
  username: ""
  chroot: ""
  directory: "${folder}"
  pidfile: "${folder}/unbound.pid"
  use-syslog: no
  logfile: "${folder}/unbound.log"
  module-config: "validator iterator"
  trust-anchor-file: "${folder}/anchors"
  num-threads: 1
remote-control:
  control-enable: no
${read.join('')}`;
}

async function unbound(config: string, port: number): Promise<AsyncDisposable> {
  const child = spawn(daemon, ['-d', '-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const exit = once(child, 'exit');
  await Promise.race([
    waitForPort(port),
    exit.then(() => {
      throw new Error(`unbound ended: ${said}`);
    }),
  ]);
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await exit;
    },
  };
}
