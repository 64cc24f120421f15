import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startGateway } from '../../src/command/gateway.ts';
import { runSandbox } from '../../src/sandbox/sandbox.ts';
import type { Store } from '../../src/store/store.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

test('postern sandbox --once shows every method and exits 0', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'sandbox', '--once']);
  expect(stdout).toContain('Everything went as expected.');
  for (const line of [
    /^ {2}paula@portal\.example +none +none +TLSv1\.3, root Postern sandbox CA +delivered$/m,
    /^ {2}gina@good-tls\.example +transport +tls +TLSv1\.3, root Postern sandbox CA +delivered$/m,
    /^ {2}erik@expired-cert\.example +transport +portal +link and code, both by mail +waiting$/m,
    /^ {2}petra@openpgp\.example +message +pgp +OpenPGP key [0-9a-f]{16} +delivered$/m,
    /^ {2}wanda@wkd\.example +message +pgp +OpenPGP key [0-9a-f]{16}, found by WKD +delivered$/m,
    /^ {2}simon@smime\.example +message +smime +certificate [0-9a-f]{16} +delivered$/m,
    /^ {2}ulf@nobody\.example +none +none +.*550.* +failed$/m,
    /^ {2}refused: 550 5\.7\.1 /m,
    /^ {2}paula@portal\.example +portal +portal +link and code, both by mail +waiting$/m,
    /^ {2}gina@good-tls\.example +hold +- +a person decides +held$/m,
    /^ {2}stella@sts-enforce\.example +none +none +TLSv1\.3, root Postern sandbox CA, MTA-STS policy 1 +delivered$/m,
    /^ {2}dana@dane-match\.example +none +none +TLSv1\.3, TLSA 3 1 1 +delivered$/m,
    /^ {2}stefan@sts-mismatch\.example +none +none +nothing was sent +deferred\n +mx\.sts-mismatch\.example is not among the mail servers/m,
    /^ {2}dirk@dane-mismatch\.example +none +none +nothing was sent +deferred\n .* matches none of the TLSA records/m,
    /^ {2}lotte@lost-tls\.example +none +none +TLSv1\.3, root Postern sandbox CA +delivered$/m,
    /^ {2}lotte@lost-tls\.example +none +none +nothing was sent +deferred\n .* does not offer STARTTLS\. .* shown before/m,
    /\(rita@corp\.example was told\)$/m,
    /\(anna@corp\.example was told\)$/m,
  ])
    expect(stdout).toMatch(line);
});

test('postern sandbox --messages sends as many more', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'sandbox', '--once', '--messages', '20']);
  expect(stdout).toMatch(/^20 more messages: accepted after [\d.]+ s, at rest after [\d.]+ s\.$/m);
});

test('postern sandbox stays, with links that lead somewhere, until it is interrupted', async () => {
  const child = spawn(process.execPath, [main, 'sandbox'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const links: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    links.push(...(line.match(/http:\/\/localhost:\d+\/(?= )/g) ?? []));
    if (line.startsWith('Ctrl-C')) break;
  }
  const page = await (await fetch(links[0] ?? '')).text();
  expect(page).toContain('opened with the key of this mailbox');
  expect(page).toMatch(/<a href="https:\/\/localhost:\d+\/[^"]{30,}"/);
  child.kill('SIGINT');
  expect(await exit).toEqual([0, null]);
});

test('a delivery that ends other than expected makes it fail', async () => {
  // The keyring forgets every key, so those who were to get protected copies are served by the portal.
  const status = await runSandbox({
    once: true,
    start: async (config, options) => {
      const gateway = await startGateway(config, options);
      const store: Store = { ...gateway.store, insertKeys: () => Promise.resolve() };
      return { ...gateway, store };
    },
  });
  expect(status).toBe(1);
});
