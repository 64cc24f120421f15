/**
 * Postfix as the yardstick: its own instance with its own configuration and queue in a temporary folder, taking mail on a loopback port
 * and relaying everything to one next hop. Nothing is tuned up or down except what a plain relay without DNS needs; the queue lies on the
 * same disk as Postern's, so both pay the same for fsync.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, chmodSync, chownSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort, waitForPort } from './ports.ts';

export type Postfix = { readonly port: number; stop(): void };

/** What keeps Postfix from being run here, in words, or null. */
export function postfixMissing(): string | null {
  for (const tool of ['/usr/sbin/postfix', '/usr/sbin/smtp-source', '/usr/sbin/smtp-sink']) {
    try {
      accessSync(tool, constants.X_OK);
    } catch {
      return `${tool} is not installed (Debian package postfix)`;
    }
  }
  return userInfo().uid === 0 ? null : 'Postfix must be started by root';
}

/** Starts an instance under `folder` that relays to 127.0.0.1:`nextHop`. `settings`: more lines of main.cf. */
export async function startPostfix(
  folder: string,
  nextHop: number,
  settings: readonly string[] = [],
): Promise<Postfix> {
  const port = await freePort();
  const config = join(folder, 'etc');
  const queue = join(folder, 'queue');
  const data = join(folder, 'data');
  for (const path of [config, queue, data]) mkdirSync(path, { recursive: true });
  // The daemons run as the user postfix and must reach their folders.
  for (const path of [folder, queue]) chmodSync(path, 0o755);
  const account = execFileSync('id', ['-u', 'postfix'], { encoding: 'utf8' });
  chownSync(data, Number(account), 0);
  const usual = mainCf({ queue, data, log: join(folder, 'mail.log'), folder, nextHop });
  writeFileSync(join(config, 'main.cf'), `${usual}${settings.map((line) => `${line}\n`).join('')}`);
  writeFileSync(join(config, 'master.cf'), masterCf(port));
  execFileSync('/usr/sbin/postfix', ['-c', config, 'start'], { stdio: 'ignore' });
  await waitForPort(port);
  return {
    port,
    stop: () => {
      execFileSync('/usr/sbin/postfix', ['-c', config, 'stop'], { stdio: 'ignore' });
    },
  };
}

function mainCf(at: { queue: string; data: string; log: string; folder: string; nextHop: number }): string {
  return `compatibility_level = 3.6
queue_directory = ${at.queue}
data_directory = ${at.data}
maillog_file_prefixes = ${at.folder}
maillog_file = ${at.log}
myhostname = relay.postern.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:${at.nextHop}
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
alias_maps =
alias_database =
smtputf8_enable = no
`;
}

/** Debian's master.cf reduced to the services a relay uses, without chroot. */
function masterCf(port: number): string {
  return `127.0.0.1:${port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
tlsproxy unix - - n - 0 tlsproxy
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
pickup unix n - n 60 1 pickup
postlog unix-dgram n - n - 1 postlogd
`;
}
