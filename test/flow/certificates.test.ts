/** New certificates for the listener and the portal while the gateway runs, end to end. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { gatewayName, portalName, serverIdentity } from '../../src/sandbox/world.ts';
import { sqlite } from '../engines.ts';
import { type FlowStage, openFlow } from './stage.ts';

const policy = 'version: 1\nrules: []\ndefault: { protect: none }\n';

/** The certificate that the portal shows. */
async function shownBy(origin: string): Promise<string | undefined> {
  const { hostname, port } = new URL(origin);
  const socket = connect({ host: hostname, port: Number(port), servername: portalName, rejectUnauthorized: false });
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  const shown = socket.getPeerX509Certificate()?.toString();
  socket.destroy();
  return shown;
}

function events(stage: FlowStage): { kind: string; setting: string }[] {
  const all = stage.log.map((line) => JSON.parse(line) as { kind: string; setting: string });
  return all.filter(({ kind }) => kind.startsWith('certificate.'));
}

test('are in use after a reload, and a broken one is not', async () => {
  await using stage = await openFlow(sqlite, policy);
  const folder = join(dirname(stage.config.file), 'tls');
  const put = (name: string, { key, cert }: { key: string; cert: string }) => {
    writeFileSync(join(folder, `${name}-key.pem`), key);
    writeFileSync(join(folder, `${name}-cert.pem`), cert);
  };
  await using open = await stage.connect();
  const web = serverIdentity(stage.world.authority, [portalName, '127.0.0.1']);
  // for another name, so that the client can tell
  const smtp = serverIdentity(stage.world.authority, ['else.example']);
  put('web', web);
  put('smtp', smtp);
  stage.gateway.reload();
  expect(await shownBy(stage.gateway.portal ?? '')).toBe(web.cert);
  await expect(stage.connect()).rejects.toThrow(/does not match/);
  expect(await open.command('NOOP')).toMatchObject({ code: 250 });
  put('smtp', serverIdentity(stage.world.authority, [gatewayName]));
  stage.gateway.reload();
  writeFileSync(join(folder, 'smtp-key.pem'), readFileSync(join(folder, 'web-key.pem')));
  stage.gateway.reload();
  await using again = await stage.connect();
  expect(await again.command('NOOP')).toMatchObject({ code: 250 });
  expect(events(stage).map(({ kind, setting }) => `${setting} ${kind}`)).toEqual([
    'web.tls certificate.loaded',
    'smtp.tls certificate.loaded',
    'web.tls certificate.loaded',
    'smtp.tls certificate.loaded',
    'web.tls certificate.loaded',
    'smtp.tls certificate.broken',
  ]);
});
