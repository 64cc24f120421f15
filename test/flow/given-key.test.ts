/**
 * A reader gives their public key in the portal, which runs in a process of its own without the master key; the next message leaves encrypted to it, and only
 * they can open it.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startGateway } from '../../src/command/gateway.ts';
import { loadConfig } from '../../src/config/load.ts';
import { decryptPgp, generateKey } from '../../src/protect/openpgp.ts';
import { portalLink, readMail } from '../../src/sandbox/reading.ts';
import { addressOf } from '../../src/sandbox/world.ts';
import { wordsIn } from '../../src/web/words/words.ts';
import { eachEngine } from '../engines.ts';
import { Client } from '../web/site.ts';
import { type FlowStage, openFlow } from './stage.ts';

const policy = `version: 1
rules:
  - name: The sender asked for it
    when: { subject: { keyword: ["[secure]"] } }
    then: { protect: message, keys: confirmed }
default: { protect: none }
`;
const paula = addressOf('Paula');

async function mailTo(stage: FlowStage, index: number): Promise<Buffer> {
  await stage.sinks.wait(() => stage.sinks.mailbox(paula).length > index);
  return stage.sinks.mailbox(paula)[index]?.bytes ?? Buffer.alloc(0);
}

async function textTo(stage: FlowStage, index: number): Promise<string> {
  const person = stage.world.people.find(({ address }) => address === paula);
  if (person === undefined) throw new Error('Paula was expected');
  return (await readMail(await mailTo(stage, index), person)).text;
}

eachEngine((engine) => {
  test('the first message waits in the portal, the next one comes straight to the mail program', async () => {
    const key = await generateKey({ email: paula });
    let folder = '';
    await using stage = await openFlow(engine, policy, {
      edit: (yaml) => yaml.replace('web:\n', `roles: [smtp, work]\nweb:\n  key: { file: ./portal.key }\n`),
      before: (place) => {
        folder = place;
        writeFileSync(join(place, 'portal.key'), randomBytes(32).toString('base64'), { mode: 0o600 });
      },
    });
    const file = join(folder, 'web.yaml');
    writeFileSync(file, readFileSync(stage.config.file, 'utf8').replace('roles: [smtp, work]', 'roles: [web]'));
    renameSync(join(folder, 'master.key'), join(folder, 'elsewhere.key'));
    const loaded = loadConfig(file);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const web = await startGateway(loaded.config, { logTo: { write: (line) => stage.log.push(line) } });
    try {
      const first = await stage.send('[secure] Your results', [paula]);
      const origin = loaded.config.web?.portalUrl ?? '';
      const link = portalLink(await textTo(stage, 0), origin) ?? '';
      let text = '';
      const lastCode = (): string => /^\s*(\d{6})\s*$/m.exec(text)?.[1] ?? '';
      const client = new Client({ origin, ca: stage.world.authority.certPem, lastCode });
      const path = await client.arrive({ token: link.slice(link.lastIndexOf('/') + 1) });
      await client.press(path, `${path}/new-code`);
      text = await textTo(stage, 1);
      await client.press(`${path}/code`, `${path}/code`, { code: lastCode() });
      expect((await client.get(path)).text).toContain('Your results');
      expect((await stage.trace(first)).deliveries).toMatchObject([{ method: 'portal', state: 'opened' }]);

      const form = await client.formToken('/account/keys');
      const fields = { form, tenant: 'corp', address: paula, text: '' };
      const refused = await client.upload('/account/keys', fields, key.privateKey);
      expect(refused.text).toContain(wordsIn.en.keys.said.private);
      const given = await client.upload('/account/keys', fields, key.publicKey);
      expect(given.headers.location).toBe('/account/keys?said=accepted');

      const next = await stage.trace(await stage.send('[secure] More results', [paula]));
      expect(next.deliveries).toMatchObject([{ method: 'pgp', state: 'delivered' }]);
      const mail = (await mailTo(stage, 2)).toString();
      const [armored = ''] = /-----BEGIN PGP MESSAGE-----[^]*-----END PGP MESSAGE-----/.exec(mail) ?? [];
      expect((await decryptPgp(key.privateKey, armored)).toString()).toContain('The body of this message.');
      expect(mail).not.toContain('The body of this message.');

      const rows = await stage.gateway.store.keysFor(paula);
      expect(rows).toMatchObject([{ source: 'portal', trust: 'confirmed', fingerprint: key.fingerprint }]);
      expect(stage.log.some((line) => line.includes('key.found') && line.includes('portal'))).toBe(true);
      expect(stage.log.join('')).not.toContain('PRIVATE KEY');
    } finally {
      await web.stop();
    }
  });
});
