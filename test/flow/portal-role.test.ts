/**
 * The portal in a process of its own that has no master key: it shows what was published for it, mails codes through the outbox, and can open nothing else.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { startGateway } from '../../src/command/gateway.ts';
import { loadConfig } from '../../src/config/load.ts';
import { portalKeyOf } from '../../src/pipeline/portal.ts';
import { openText, SealBroken, unwrapKey } from '../../src/protect/seal.ts';
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
    then: { protect: portal, stripKeyword: true }
default: { protect: none }
`;

async function mailTo(stage: FlowStage, name: string, index: number): Promise<string> {
  const person = stage.world.people.find((known) => known.name === name);
  if (person === undefined) throw new Error(`nobody is called ${name}`);
  await stage.sinks.wait(() => stage.sinks.mailbox(person.address).length > index);
  const mail = stage.sinks.mailbox(person.address)[index];
  return (await readMail(mail?.bytes ?? Buffer.alloc(0), person)).text;
}

eachEngine((engine) => {
  test('a portal without master key shows what waits and mails codes; what does not wait is closed to it', async ({
    expect,
  }) => {
    let folder = '';
    await using stage = await openFlow(engine, policy, {
      edit: (yaml) => yaml.replace('web:\n', `roles: [smtp, work]\nweb:\n  key: { file: ./portal.key }\n`),
      before: (place) => {
        folder = place;
        writeFileSync(join(place, 'portal.key'), randomBytes(32).toString('base64'), { mode: 0o600 });
      },
    });
    expect(stage.gateway.portal).toBeNull();
    const file = join(folder, 'web.yaml');
    const yaml = readFileSync(stage.config.file, 'utf8').replace('roles: [smtp, work]', 'roles: [web]');
    writeFileSync(file, yaml);
    // Not even by mistake: there is no master key to read.
    renameSync(join(folder, 'master.key'), join(folder, 'elsewhere.key'));
    const loaded = loadConfig(file);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    expect(loaded.config.masterKey).toHaveLength(0);
    expect(existsSync(join(folder, 'master.key'))).toBe(false);
    const log: string[] = [];
    const web = await startGateway(loaded.config, { logTo: { write: (line) => log.push(line) } });
    try {
      const messageId = await stage.send('[secure] Your results', [addressOf('Paula')]);
      const url = loaded.config.web?.portalUrl ?? '';
      const link = portalLink(await mailTo(stage, 'Paula', 0), url) ?? '';
      const token = link.slice(link.lastIndexOf('/') + 1);
      let text = '';
      const visited = {
        origin: url,
        ca: stage.world.authority.certPem,
        lastCode: () => /^\s*(\d{6})\s*$/m.exec(text)?.[1] ?? '',
      };
      const client = new Client(visited);
      const path = await client.arrive({ token });
      await client.press(path, `${path}/new-code`);
      text = await mailTo(stage, 'Paula', 1);
      // The page knows that the next server has the mail, although another process sent it.
      const { delivered } = wordsIn.en.code.mail;
      await expect.poll(async () => (await client.get(`${path}/code`)).text).toContain(delivered);
      const opened = await client.press(`${path}/code`, `${path}/code`, { code: visited.lastCode() });
      expect(opened.status).toBe(303);
      expect((await client.get(path)).text).toContain('Your results');
      expect((await stage.trace(messageId)).deliveries).toMatchObject([{ state: 'opened', method: 'portal' }]);

      // What it holds of a message that went another way opens nothing.
      const plainId = await stage.send('Not for the portal', [addressOf('Paula')]);
      await stage.trace(plainId);
      const [plain] = await web.store.findMessages(plainId);
      const ref = plain?.message.spool;
      const key = portalKeyOf(loaded.config);
      expect(() => unwrapKey(key, ref?.wrappedKey ?? '', ref?.id ?? '')).toThrow(SealBroken);
      const facts = await web.store.messageFacts(plain?.message.id ?? '');
      expect(() => openText(key, facts?.sealedFacts ?? '', `facts ${plain?.message.id}`)).toThrow(SealBroken);
      expect(log.join('')).not.toContain(token);
      expect(log.join('')).not.toContain(visited.lastCode());
    } finally {
      await web.stop();
    }
  });
});
