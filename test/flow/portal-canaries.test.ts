/**
 * T-38, T-40: one whole journey through the portal of a running gateway, with words nobody else would write in every place where somebody can write or is
 * given something secret. Afterwards none of them is in a log line, an audit row, or, unsealed, anywhere on the disk.
 */
import { randomUUIDv7 } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Secret, TOTP } from 'otpauth';
import { expect, test } from 'vitest';
import { portalLink, readMail } from '../../src/sandbox/reading.ts';
import { addressOf } from '../../src/sandbox/world.ts';
import { sqlite } from '../engines.ts';
import { Client } from '../web/site.ts';
import { type FlowStage, openFlow } from './stage.ts';

const policy = `version: 1
rules:
  - name: The sender asked for it
    when: { subject: { keyword: ["[secure]"] } }
    then: { protect: portal, stripKeyword: true }
default: { protect: none }
`;

/** Never in a log, never in the database or the spool as they are. */
const secrets = {
  subject: 'Zabaglione subject',
  body: 'Quokkawort body',
  html: 'Fandangle html',
  file: 'Wombatten-report.pdf',
  octets: 'Narwhalish octets',
  passphrase: 'Brouhaha harbour',
  password: 'kumquat-Zeppelin-77-lampa',
  draft: 'Gobbledygook draft',
  ownFile: 'Hullabaloo-scan.txt',
  ownOctets: 'Skedaddle octets',
  guess: 'Discombobulated guess',
};
/** Kept readable where they belong, but in no log that is to have no addresses. */
const personal = { name: 'Bamboozle McReader', invited: 'Collywobbles Guest' };

function letter(to: string, fields: readonly string[] = []): Buffer {
  const id = `<${randomUUIDv7()}@corp.example>`;
  return Buffer.from(
    [
      'From: anna@corp.example',
      `To: ${to}`,
      `Subject: [secure] ${secrets.subject}`,
      `Message-ID: ${id}`,
      ...fields,
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: multipart/alternative; boundary=a',
      '',
      '--a',
      'Content-Type: text/plain',
      '',
      secrets.body,
      '--a',
      'Content-Type: text/html',
      '',
      `<p>${secrets.html}</p><img src="https://elsewhere.example/p.png">`,
      '--a--',
      '--b',
      `Content-Type: application/pdf; name="${secrets.file}"`,
      `Content-Disposition: attachment; filename="${secrets.file}"`,
      '',
      `%PDF-1.4 ${secrets.octets}`,
      '--b--',
      '',
    ].join('\r\n'),
  );
}

async function mail(stage: FlowStage, index: number): Promise<string> {
  const person = stage.world.people.find((known) => known.name === 'Paula');
  if (person === undefined) throw new Error('nobody is called Paula');
  await stage.sinks.wait(() => stage.sinks.mailbox(person.address).length > index);
  return (await readMail(stage.sinks.mailbox(person.address)[index]?.bytes ?? Buffer.alloc(0), person)).text;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => statSync(name).isFile());
}

test('a journey leaves none of its words in the log, the audit rows or, unsealed, on the disk', async () => {
  await using stage = await openFlow(sqlite, policy, {
    change: (config) => ({ ...config, log: { ...config.log, addresses: 'hashed' } }),
  });
  const paula = addressOf('Paula');
  const url = stage.config.web?.portalUrl ?? '';
  const send = async (fields: readonly string[] = []): Promise<void> => {
    await using smtp = await stage.connect();
    const { reply } = await smtp.send({ from: 'anna@corp.example', to: [paula] }, letter(paula, fields));
    expect(reply.code).toBe(250);
  };
  let text = '';
  const tokens: string[] = [];
  const codes: string[] = [];
  const lastCode = (): string => /^\s*(\d{6})\s*$/m.exec(text)?.[1] ?? '';
  const client = new Client({ origin: url, ca: stage.world.authority.certPem, lastCode });
  const arrive = async (index: number): Promise<string> => {
    const link = portalLink(await mail(stage, index), url) ?? '';
    const token = link.slice(link.lastIndexOf('/') + 1);
    tokens.push(token);
    return client.arrive({ token });
  };

  await send();
  const path = await arrive(0);
  await client.press(path, `${path}/new-code`);
  text = await mail(stage, 1);
  codes.push(lastCode());
  await client.press(`${path}/code`, `${path}/code`, { code: secrets.guess });
  expect((await client.press(`${path}/code`, `${path}/code`, { code: lastCode() })).status).toBe(303);
  const page = await client.get(path);
  for (const seen of [secrets.subject, secrets.body, secrets.file]) expect(page.text).toContain(seen);
  expect((await client.get(`${path}/html`)).text).toContain(secrets.html);
  expect((await client.get(`${path}/attachment/2`)).text).toContain(secrets.octets);
  for (const room of ['/attachments.zip', '/message.eml', '/preview/2', '/attachment/9', '/nonsense'])
    await client.get(path + room);
  await client.press(path, `${path}/pictures`);
  await client.press(`${path}/colleague`, `${path}/colleague`, { colleague: `${secrets.guess}@x.example` });

  // An answer with a file, kept as a draft and sent.
  const begun = await client.press(path, `${path}/answer`, { kind: 'reply' });
  const draft = begun.headers.location ?? '';
  await client.press(draft, draft, { text: secrets.draft, do: 'save' });
  const file = Buffer.from(secrets.ownOctets);
  const form = await client.formToken(draft);
  await client.upload(draft, { form, text: secrets.draft, do: 'send' }, file, {}, secrets.ownFile);
  expect((await client.get(draft)).text).toContain(secrets.draft);
  const anna = (): number => stage.sinks.mailbox('anna@corp.example').length;
  await stage.sinks.wait(() => anna() > 0);

  // An account, with all that is secret of it.
  const account = { password: secrets.password, again: secrets.password, name: personal.name };
  await client.press('/account/password', '/account/password', { ...account, again: secrets.guess });
  expect((await client.press('/account/password', '/account/password', account)).headers.location).toContain('set');
  const app = await client.get('/account/authenticator');
  const key = /<code class="secret"[^>]*>([A-Z2-7 ]+)<\/code>/.exec(app.text)?.[1]?.replaceAll(' ', '') ?? '';
  expect(key).toHaveLength(32);
  const code = new TOTP({ secret: Secret.fromBase32(key) }).generate();
  await client.press('/account/authenticator', '/account/authenticator', { code });
  const invitation = { tenant: 'corp', address: paula, name: personal.invited, to: paula };
  expect((await client.press('/account', '/account/invite', invitation)).headers.location).toContain('invited');
  const invited = await mail(stage, 2);
  tokens.push(/\/join\/([\w.-]+)/.exec(invited)?.[1] ?? '');
  const stranger = new Client(client.site);
  const at = '/sign-in/password';
  await stranger.press(at, at, { address: paula, secret: secrets.guess });
  expect((await stranger.press(at, at, { address: paula, secret: secrets.password })).status).toBe(303);

  // A passphrase, guessed and known.
  await send([`X-Postern-Passphrase: ${secrets.passphrase}`]);
  const agreed = await arrive(3);
  const door = `${agreed}/passphrase`;
  await client.press(door, door, { secret: secrets.guess });
  expect((await client.press(door, door, { secret: secrets.passphrase })).status).toBe(303);

  const folder = stage.config.data;
  const disk = filesBelow(folder).map((name) => ({ name, octets: readFileSync(name) }));
  // What goes wrong inside: no octets left, of any message.
  for (const name of filesBelow(join(folder, 'spool'))) rmSync(name);
  const broken = await client.get(`${path}/message.eml`);
  expect(broken.status).toBe(500);
  for (const secret of Object.values(secrets)) expect(broken.text).not.toContain(secret);

  const log = stage.log.join('');
  expect(log).toContain('portal.proved');
  const cookies = [...client.cookies.values()].flatMap((value) => value.split('.')).filter((part) => part.length > 20);
  const given = { tokens, codes, key: [key], cookies };
  for (const secret of [...Object.values(secrets), ...Object.values(personal), ...Object.values(given).flat()]) {
    expect(secret.length).toBeGreaterThan(5);
    expect(log).not.toContain(secret);
  }
  expect(log).not.toContain(paula);
  expect(log).not.toContain(encodeURIComponent(secrets.subject));

  expect(disk.length).toBeGreaterThan(3);
  const unsealed = [...Object.values(secrets), ...tokens, key];
  for (const { name, octets } of disk)
    for (const secret of unsealed) expect([name, octets.includes(secret)]).toEqual([name, false]);
});
