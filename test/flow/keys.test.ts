/** A key that nobody imported, found on the way: what the decision says of it, what is kept, and that `postern explain` says the same and keeps nothing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addressOf } from '../../src/sandbox/world.ts';
import { run } from '../command/run.ts';
import { eachEngine } from '../engines.ts';
import { letter, openFlow } from './stage.ts';

const wanda = addressOf('Wanda');
const policy = `version: 1
rules:
  - name: Asked for
    when: { subject: { keyword: ["[secure]"] } }
    then: { protect: message }
default: { protect: none }
`;

/** What is said about her key, and when it was learnt. */
const sentence =
  /^WKD of wkd\.example gave the OpenPGP key [0-9a-f]{16} \(https:\/\/openpgpkey\.wkd\.example.*\), now vouched: the web server of the address's own domain publishes it\./;

eachEngine((engine) => {
  test('her domain publishes it', async () => {
    await using stage = await openFlow(engine, policy);
    const { store } = stage.gateway;

    const file = join(stage.config.data, 'letter.eml');
    writeFileSync(file, letter('[secure] Hello', wanda, '<1@corp.example>'));
    const words = ['--from', 'anna@corp.example', '--to', wanda, file, '--json'];
    const explained = await run(['explain', '--config', stage.config.file, ...words]);
    const { deliveries } = JSON.parse(explained.stdout) as { deliveries: [{ because: string[]; methods: string[] }] };
    expect(deliveries[0].methods).toEqual(['pgp', 'portal']);
    expect(deliveries[0].because).toContainEqual(expect.stringMatching(sentence));
    expect(deliveries[0].because).toContain('This was only a look: the keyring stays as it was.');
    expect(await store.keysFor(wanda)).toEqual([]);
    expect(await store.lookupsFor(wanda)).toEqual([]);

    const first = await stage.trace(await stage.send('[secure] Hello', [wanda]));
    expect(first.deliveries).toMatchObject([{ method: 'pgp', state: 'delivered' }]);
    expect(first.deliveries[0]?.because).toContainEqual(expect.stringMatching(sentence));
    expect(await store.keysFor(wanda)).toMatchObject([{ source: 'wkd', state: 'trusted', trust: 'vouched' }]);
    expect(stage.log.some((line) => line.includes('key.found') && line.includes('wkd'))).toBe(true);

    const second = await stage.trace(await stage.send('[secure] Hello again', [wanda]));
    expect(second.deliveries).toMatchObject([{ method: 'pgp', state: 'delivered' }]);
    expect(second.deliveries[0]?.because).toContainEqual(expect.stringMatching(/^WKD of wkd\.example .*\(As of /));
  });

  test('mail that needs no protection asks nobody', async () => {
    await using stage = await openFlow(engine, policy);
    const { deliveries } = await stage.trace(await stage.send('Hello', [wanda]));
    expect(deliveries).toMatchObject([{ method: 'none', state: 'delivered' }]);
    expect(await stage.gateway.store.lookupsFor(wanda)).toEqual([]);
  });
});
