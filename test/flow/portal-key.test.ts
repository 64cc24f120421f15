/** The key that the portal's processes share: who has another one is told so at the start, by `postern check`, and by /healthz, and shows nobody a page of trouble. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Gateway, startGateway } from '../../src/command/gateway.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { addressOf } from '../../src/sandbox/world.ts';
import { run } from '../command/run.ts';
import { eachEngine } from '../engines.ts';
import { Client } from '../web/site.ts';
import { openFlow } from './stage.ts';

const policy = `version: 1
rules:
  - name: The sender asked for it
    when: { subject: { keyword: ["[secure]"] } }
    then: { protect: portal, stripKeyword: true }
default: { protect: none }
`;
const sentence = /web\.key: this is not the key that sealed what waits in the portal\. Restore the right one/;
const silent = { logTo: { write: () => {} } };

const newKey = (folder: string, name: string): void =>
  writeFileSync(join(folder, name), randomBytes(32).toString('base64'), { mode: 0o600 });

/** A configuration beside the stage's own. */
function beside(stage: { readonly config: Config }, name: string, edit: (yaml: string) => string): string {
  const file = join(stage.config.file, '..', name);
  writeFileSync(file, edit(readFileSync(stage.config.file, 'utf8')));
  return file;
}

async function started(file: string): Promise<Gateway> {
  const loaded = loadConfig(file);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return startGateway(loaded.config, silent);
}

eachEngine((engine) => {
  test('a portal with another key than was published for does not start, and says why', async () => {
    await using stage = await openFlow(engine, policy, {
      edit: (yaml) => yaml.replace('web:\n', `roles: [smtp, work]\nweb:\n  key: { file: ./portal.key }\n`),
      before: (folder) => {
        newKey(folder, 'portal.key');
        newKey(folder, 'other.key');
      },
    });
    const web = beside(stage, 'web.yaml', (yaml) => yaml.replace('roles: [smtp, work]', 'roles: [web]'));
    const wrong = beside(stage, 'wrong.yaml', () => readFileSync(web, 'utf8').replace('portal.key', 'other.key'));
    await expect(started(wrong)).rejects.toThrow(sentence);
    const checked = await run(['check', '--config', wrong, '--json']);
    expect(checked.status).toBe(1);
    expect((JSON.parse(checked.stdout) as { errors: string[] }).errors.join('\n')).toMatch(sentence);
    const served = await run(['serve', '--config', wrong]);
    expect(served).toMatchObject({ status: 1, stdout: '' });
    expect(served.stderr).toMatch(sentence);
    expect(served.stderr).not.toMatch(/^ {4}at /m);

    const right = await started(web);
    const client = new Client({
      origin: stage.config.web?.portalUrl ?? '',
      ca: stage.world.authority.certPem,
      lastCode: () => '',
    });
    expect((await client.get('/healthz')).status).toBe(200);

    // Nothing waits, so who publishes may take another key; the portal that runs is no longer fit then.
    await stage.gateway.stop();
    const changed = beside(stage, 'changed.yaml', (yaml) => yaml.replace('portal.key', 'other.key'));
    const anew = await started(changed);
    expect((await client.get('/healthz')).status).toBe(503);
    await right.stop();
    await anew.stop();
  });

  test('once something waits, the key stays: another one, or none, is refused', async () => {
    await using stage = await openFlow(engine, policy, {
      edit: (yaml) => yaml.replace('web:\n', `web:\n  key: { file: ./portal.key }\n`),
      before: (folder) => {
        newKey(folder, 'portal.key');
        newKey(folder, 'other.key');
      },
    });
    const { deliveries } = await stage.trace(await stage.send('[secure] Your results', [addressOf('Paula')]));
    expect(deliveries).toMatchObject([{ state: 'waiting' }]);
    await stage.gateway.stop();
    await expect(started(beside(stage, 'a.yaml', (yaml) => yaml.replace('portal.key', 'other.key')))).rejects.toThrow(
      sentence,
    );
    const without = beside(stage, 'b.yaml', (yaml) => yaml.replace('  key: { file: ./portal.key }\n', ''));
    await expect(started(without)).rejects.toThrow(/web\.key: the portal had a key of its own before/);
    const again = await started(stage.config.file);
    await again.stop();
  });
});
