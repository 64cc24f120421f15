/**
 * The life of a recipient's certificate, end to end: imported, followed to a root the admin trusts, not revoked, used and told; then its issuer takes it back,
 * and the mail goes by the next method.
 */

import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { issueCertificate, issueRevocationList } from '../../src/protect/issue.ts';
import { run } from '../command/run.ts';
import { eachEngine } from '../engines.ts';
import { openFlow, until } from './stage.ts';

const carla = 'carla@smime.example';
const policy = `version: 1
rules:
  - name: Asked for
    when: { subject: { keyword: ["[secure]"] } }
    then: { protect: message }
  - name: Waits
    when: { subject: { keyword: ["[wait]"] } }
    then: { protect: hold }
default: { protect: none }
`;

eachEngine((engine) => {
  test('a certificate is used until its issuer takes it back', async () => {
    const root = issueCertificate({ subject: 'Partner Root', ca: true });
    let revoked: { serial: string; at: number; reason: number }[] = [];
    await using site = await startLists(() => {
      const now = Date.now();
      return issueRevocationList(root, { number: 1, thisUpdate: now - 1_000, nextUpdate: now + 1_000, revoked });
    });
    const own = issueCertificate({ subject: 'Carla', issuer: root, san: { email: [carla] }, crlUrl: site.url });
    const folder = mkdtempSync(join(tmpdir(), 'postern-root-'));
    using _folder = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
    const rootFile = join(folder, 'root.pem');
    writeFileSync(rootFile, root.certPem);
    await using stage = await openFlow(engine, policy, {
      edit: (yaml) => yaml.replace(/^keys: \{/m, `keys: { roots: [${rootFile}],`),
    });
    const { store } = stage.gateway;
    const postern = (...words: string[]) => run([...words, '--config', stage.config.file]);
    const file = join(stage.config.data, 'carla.pem');
    writeFileSync(file, own.certPem);
    expect((await postern('keys', 'import', file)).stdout).toMatch(
      /^trusted: certificate .* for carla@smime\.example/m,
    );

    const first = await stage.send('[secure] Hello', [carla]);
    expect((await stage.trace(first)).deliveries).toMatchObject([{ method: 'smime', state: 'delivered' }]);
    const [row] = await store.keysFor(carla);
    expect(row).toMatchObject({
      trust: 'confirmed',
      status: { path: { ok: true, root: 'Partner Root' }, revocation: 'good' },
    });
    const [found] = await store.findMessages(first);
    const events = (await store.listEvents(found?.message.id ?? '')).map(({ event }) => event);
    expect(events).toContainEqual(
      expect.objectContaining({
        kind: 'delivery.protected',
        recipient: carla,
        method: 'smime',
        key: row?.id,
        fingerprint: row?.fingerprint,
        source: 'import',
        trust: 'confirmed',
      }),
    );
    expect((await postern('trace', first)).stdout).toContain(`smime to ${row?.fingerprint}, confirmed (import)`);

    const waiting = await stage.send('[secure] [wait] Hello', [carla]);
    const [held] = (await stage.trace(waiting)).deliveries;
    expect(held?.state).toBe('held');
    revoked = [{ serial: new X509Certificate(own.certPem).serialNumber, at: Date.now() - 1_000, reason: 1 }];
    // As when a day went by.
    await store.updateKey(row?.id ?? '', { checkedAt: 0 }, []);
    expect((await postern('queue', 'release', held?.id ?? '')).status).toBe(0);
    await until(async () => (await stage.trace(waiting)).deliveries[0]?.state === 'waiting');
    expect((await stage.trace(waiting)).deliveries).toMatchObject([{ method: 'portal', state: 'waiting' }]);

    const checked = await postern('keys', 'check', carla);
    expect(checked.stderr).toBe('');
    expect(checked).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('it is revoked (its key is compromised)'),
    });
    const second = await stage.trace(await stage.send('[secure] Hello again', [carla]));
    expect(second.deliveries).toMatchObject([{ method: 'portal', state: 'waiting' }]);
    expect(second.deliveries[0]?.because.join(' ')).toContain('it is revoked (its key is compromised)');
  });
});

/** Revocation lists over plain HTTP, under a name that the sandbox's DNS knows. */
async function startLists(list: () => Buffer): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((_request, response) => {
    const body = list();
    response.writeHead(200, { 'content-length': body.length }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const place = server.address();
  return {
    url: `http://openpgpkey.wkd.example:${typeof place === 'object' && place !== null ? place.port : 0}/list`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
