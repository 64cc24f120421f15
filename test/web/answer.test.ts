/** Writing in the portal over HTTP, as a browser without scripts and as an attacker; on both databases where counts matter. */
import { randomUUIDv7 } from 'node:crypto';
import { request } from 'node:https';
import { simpleParser } from 'mailparser';
import { describe, expect, test } from 'vitest';
import type { Writing } from '../../src/config/config.ts';
import { parseHeader, valuesOf } from '../../src/mail/header.ts';
import type { PortalPorts } from '../../src/web/ports.ts';
import { eachEngine, type Place } from '../engines.ts';
import { newsletter, plainLetter, report } from './samples.ts';
import { type Answer, Client, type Published, type Site, startSite, writable } from './site.ts';

const withWriting =
  (changes: Partial<Writing>) =>
  (ports: PortalPorts): PortalPorts => ({
    ...ports,
    tenants: ports.tenants.map((tenant) =>
      tenant.id === 'corp' ? { ...tenant, portal: { ...writable, ...changes } } : tenant,
    ),
  });

const at = { tenant: 'corp', address: 'robin@clinic.example' };

type Sent = Readonly<Record<string, string | readonly { readonly name: string; readonly octets: Buffer }[]>>;

/** Sends the form of the page as a browser does, with files or without. */
async function submit(
  client: Client,
  path: string,
  fields: Sent,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const form = new FormData();
  form.set('form', await client.formToken(path));
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') form.append(name, value);
    else for (const file of value) form.append(name, new Blob([new Uint8Array(file.octets)]), file.name);
  }
  const response = new Response(form);
  const type = response.headers.get('content-type') ?? '';
  const body = Buffer.from(await response.arrayBuffer()).toString('latin1');
  return sendRaw(client, path, { 'content-type': type, 'sec-fetch-site': 'same-origin', ...headers }, body);
}

/** Octets as they are; `cut` ends the connection after as many. */
function sendRaw(
  client: Client,
  path: string,
  headers: Record<string, string>,
  body: string,
  cut: number | null = null,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const octets = Buffer.from(body, 'latin1');
  const url = new URL(client.site.origin);
  const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const sent = request({
    host: '127.0.0.1',
    servername: 'localhost',
    port: url.port,
    path,
    method: 'POST',
    ca: client.site.ca,
    headers: { host: url.host, cookie, 'content-length': String(octets.length), ...headers },
  });
  sent.on('error', reject);
  sent.on('response', (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => {
      const all = Buffer.concat(chunks);
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: all, text: all.toString() });
    });
  });
  if (cut === null) sent.end(octets);
  else sent.write(octets.subarray(0, cut), () => setTimeout(() => sent.destroy(), 100));
  return promise;
}

/** Opens a message and begins an answer to it: the path of the draft. */
async function beginAnswer(client: Client, message: Published, kind = 'reply'): Promise<string> {
  const path = await client.open(message);
  const { status, headers } = await client.press(path, `${path}/answer`, { kind });
  expect(status).toBe(303);
  return headers.location ?? '';
}

/** The messages that were handed to the work role, as octets. */
async function outbox(site: Site): Promise<{ octets: Buffer; recipients: readonly string[]; mailFrom: string }[]> {
  const left = await site.store.publications.submitted(100);
  return Promise.all(
    left.map(async ({ spool, recipients, mailFrom }) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of site.items.readOwn(spool)) chunks.push(chunk);
      return { octets: Buffer.concat(chunks), recipients, mailFrom };
    }),
  );
}

const unescaped = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
const typedIn = ({ text }: Answer): string => unescaped(/<textarea[^>]*>\n([^<]*)<\/textarea>/.exec(text)?.[1] ?? '');

describe('an answer', () => {
  test('goes to who wrote, in the thread, with two files; and is there to read again', async () => {
    await using site = await startSite();
    const message = await site.publish(newsletter);
    const client = new Client(site);
    const draft = await beginAnswer(client, message);
    const page = await client.get(draft);
    expect(page.text).toContain('Anna Müller &lt;anna@corp.example&gt;');
    expect(page.text).toContain('Together up to 26 MB');
    const files = [
      { name: 'Befund Müller.pdf', octets: report },
      { name: '../../evil\r\nX: y.exe', octets: Buffer.from('x') },
    ];
    const answer = await submit(client, draft, {
      text: 'Thank you!\r\n\r\nRobin',
      quote: 'yes',
      file: files,
      receipt: 'yes',
      do: 'send',
    });
    expect([answer.status, answer.headers.location]).toEqual([303, draft]);

    const [sent, ...more] = await outbox(site);
    expect(more).toEqual([]);
    expect(sent?.recipients).toEqual(['anna@corp.example']);
    expect(sent?.mailFrom).toBe('secure-mail@corp.example');
    const mail = await simpleParser(sent?.octets ?? '');
    expect(mail.from?.value).toEqual([{ name: 'Robin Doe via secure mail', address: 'secure-mail@corp.example' }]);
    expect(mail.replyTo?.value).toEqual([{ name: 'Robin Doe', address: 'robin@clinic.example' }]);
    expect(mail.subject).toBe('Re: Your laboratory results – please read before Thursday');
    expect([mail.inReplyTo, mail.references]).toEqual(['<results@corp.example>', '<results@corp.example>']);
    expect(mail.text).toContain('Thank you!\n\nRobin');
    expect(mail.text).toContain('> the results are attached.');
    expect(mail.attachments.map(({ filename }) => filename)).toEqual(['Befund Müller.pdf', '_.._evilX_ y.exe']);
    expect(mail.attachments[0]?.content.equals(report)).toBe(true);

    const shown = await client.get(draft);
    expect(shown.text).toContain('Your message is on its way');
    expect(shown.text).toContain('Thank you!');
    const [, file = ''] = /href="(\/answer\/[^"]+\/file\/[^"]+)"/.exec(shown.text) ?? [];
    const saved = await client.get(file);
    expect(saved.headers['content-disposition']).toMatch(/^attachment; filename="Befund M_ller\.pdf"/);
    expect(saved.body.equals(report)).toBe(true);
    const conversation = await client.get(`/d/${message.deliveryId}`);
    expect(conversation.text).toContain(`href="${draft}"`);

    const receipt = site.mails.at(-1);
    expect(receipt).toMatchObject({ kind: 'notice', to: 'robin@clinic.example', mailFrom: '' });
    const letter = (await simpleParser(receipt?.bytes ?? '')).text ?? '';
    expect(letter).toContain('with 2 files');
    expect(receipt?.bytes.toString()).not.toMatch(/Thank you|Befund|laboratory/);
    const answered = site.events.filter(({ kind }) => kind === 'delivery.answered');
    expect(answered).toMatchObject([{ message: message.messageId, delivery: message.deliveryId, by: 'mail' }]);
    expect(JSON.stringify(site.events)).not.toMatch(/Thank you|Befund|laboratory|evil/);
  });

  test('comes to its writer whole where the tenant says so: the same octets, to the address that was written to', async () => {
    await using site = await startSite({ ports: withWriting({ ownCopies: 'whole' }) });
    const message = await site.publish(newsletter);
    const client = new Client(site);
    const draft = await beginAnswer(client, message);
    expect((await client.get(draft)).text).toContain('Send me a copy by email');
    const mails = site.mails.length;
    await submit(client, draft, { text: 'Thank you!', file: [], receipt: 'yes', do: 'send' });
    const [sent] = await outbox(site);
    expect(sent?.recipients).toEqual(['anna@corp.example', 'robin@clinic.example']);
    expect(site.mails).toHaveLength(mails);
  });

  test('to all goes to the tenant’s people, and never to anybody else', async () => {
    await using site = await startSite();
    const letter = [
      'From: Anna <anna@corp.example>',
      'Reply-To: desk@service.example, Team <team@corp.example>',
      'To: Robin <robin@clinic.example>, Carl <carl@corp.example>, kim@partner.example',
      'Cc: dora@corp.example, ROBIN@clinic.example, secure-mail@corp.example, carl@corp.example',
      'Subject: Re: plan',
      'Message-ID: <plan@corp.example>',
      '',
      'Hello',
    ].join('\r\n');
    const client = new Client(site);
    const draft = await beginAnswer(client, await site.publish(letter), 'all');
    await submit(client, draft, { text: 'x', do: 'send' });
    const [sent] = await outbox(site);
    expect(sent?.recipients).toEqual(['team@corp.example', 'carl@corp.example', 'dora@corp.example']);
    const fields = parseHeader(sent?.octets ?? Buffer.alloc(0));
    expect(valuesOf(fields, 'subject')).toEqual(['Re: plan']);
    expect(sent?.octets.toString().split('\r\n\r\n')[0]).not.toMatch(/partner|service\.example/);
  });

  test('reaches others who read the message here only where the tenant says so', async () => {
    for (const replies of ['tenant', 'everyone'] as const) {
      await using site = await startSite({ ports: withWriting({ replies }) });
      const letter =
        'From: anna@corp.example\r\nTo: robin@clinic.example, kim@partner.example, eve@evil.example\r\nMessage-ID: <a@corp.example>\r\n\r\nHello';
      const { messageId, ...message } = await site.publish(letter, {
        also: ['kim@partner.example', 'hidden@bcc.example'],
      });
      const client = new Client(site);
      const draft = await beginAnswer(client, { messageId, ...message }, 'all');
      await submit(client, draft, { text: 'x', do: 'send' });
      const [sent] = await outbox(site);
      // Who is in Bcc is not named, and who is named but has it elsewhere is not written to.
      const others = replies === 'everyone' ? ['kim@partner.example'] : [];
      expect(sent?.recipients).toEqual(['anna@corp.example', ...others]);
    }
  });

  test.each([
    ['off', null, false],
    ['off', true, true],
    ['tenant', false, false],
    ['tenant', null, true],
    ['sender', null, true],
  ] as const)('with the setting %s and the rule reply: %s may be given: %s', async (replies, reply, may) => {
    await using site = await startSite({ ports: withWriting({ replies }) });
    const client = new Client(site);
    const path = await client.open(await site.publish(plainLetter, { reply }));
    expect((await client.get(path)).text.includes(`action="${path}/answer"`)).toBe(may);
    const { status } = await client.press(path, `${path}/answer`, { kind: 'reply' });
    expect(status).toBe(may ? 303 : 405);
  });
});

describe('what is refused loses nothing', () => {
  test.each([
    ['nothing in it', { text: '  ' }, {}, 422, 'nothing to send yet'],
    [
      'files too large',
      { text: 'Typed', file: [{ name: 'a', octets: Buffer.alloc(1001) }] },
      { maxAttachments: 1000 },
      422,
      'too large together',
    ],
    ['too many in an hour', { text: 'Typed' }, { perHour: 0 }, 429, 'a little later'],
    ['a tenant that stopped it', { text: 'Typed' }, { replies: 'off' }, 422, 'nobody this could go to'],
  ] as const)('%s', async (_, fields, changes, status, says) => {
    let writing = writable;
    await using site = await startSite({
      ports: (ports) => ({
        ...ports,
        tenants: ports.tenants.map((tenant) => ({
          ...tenant,
          get portal() {
            return writing;
          },
        })),
      }),
    });
    const client = new Client(site);
    const draft = await beginAnswer(client, await site.publish(plainLetter));
    writing = { ...writable, ...changes };
    const answer = await submit(client, draft, { ...fields, do: 'send' });
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(says);
    expect(typedIn(answer)).toBe(fields.text);
    expect(typedIn(await client.get(draft))).toBe(fields.text);
    expect(await outbox(site)).toEqual([]);
  });

  test('a session that ended while somebody typed: the text is put before them', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const draft = await beginAnswer(client, await site.publish(plainLetter));
    const form = await client.formToken(draft);
    site.clock.now += 9 * 3_600_000;
    const answer = await client.post(draft, { form, text: 'All I <wrote>', do: 'send' });
    expect(answer.status).toBe(403);
    expect(typedIn(answer)).toBe('All I <wrote>');
    expect(answer.text).toContain('Nothing was sent');
    // Not for what another site sends.
    const foreign = await client.post(draft, { form, text: 'All I wrote' }, { 'sec-fetch-site': 'cross-site' });
    expect(foreign.text).not.toContain('All I wrote');
  });

  test('a connection that ends in a large file: what was typed is kept, the half file is not', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const draft = await beginAnswer(client, await site.publish(plainLetter));
    const form = await client.formToken(draft);
    const part = (name: string, more: string, value: string): string =>
      `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;
    const body = `${part('form', '', form)}${part('text', '', 'Typed')}${part('file', '; filename="a"', 'x'.repeat(9_000_000))}--b--\r\n`;
    const headers = { 'content-type': 'multipart/form-data; boundary=b', 'sec-fetch-site': 'same-origin' };
    await expect(sendRaw(client, draft, headers, body, 8_800_000)).rejects.toThrow();
    await expect.poll(async () => typedIn(await client.get(draft))).toBe('Typed');
    const id = draft.slice('/answer/'.length);
    await expect.poll(() => site.store.answers.uploads(id)).toEqual([]);
  });

  test('a file larger than all that may be attached is left out whole', async () => {
    await using site = await startSite({ ports: withWriting({ maxAttachments: 1000 }) });
    const client = new Client(site);
    const draft = await beginAnswer(client, await site.publish(plainLetter));
    const answer = await submit(client, draft, {
      text: 'Typed',
      file: [{ name: 'a', octets: Buffer.alloc(50_000) }],
      do: 'attach',
    });
    expect(answer.status).toBe(422);
    expect(await site.store.answers.uploads(draft.slice('/answer/'.length))).toEqual([]);
  });
});

describe('a file in chunks', () => {
  const announce = async (client: Client, draft: string, about: Record<string, string>): Promise<Answer> =>
    client.post(`${draft}/upload`, { form: await client.formToken(draft), ...about });
  const chunk = async (client: Client, path: string, offset: number, octets: Buffer, form: string, cut?: number) =>
    sendRaw(
      client,
      path,
      {
        'content-type': 'application/octet-stream',
        'sec-fetch-site': 'same-origin',
        'upload-offset': String(offset),
        'x-form': form,
      },
      octets.toString('latin1'),
      cut ?? null,
    );

  test('goes on where it was after the connection ended, and is found again by its mark', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const draft = await beginAnswer(client, await site.publish(plainLetter));
    const form = await client.formToken(draft);
    const about = { name: 'scan.pdf', type: 'application/pdf', size: String(report.length), mark: '70000 1' };
    const begun = await announce(client, draft, about);
    expect(begun.status).toBe(201);
    const { id } = JSON.parse(begun.text);
    const path = `${draft}/upload/${id}`;
    expect(JSON.parse((await chunk(client, path, 0, report.subarray(0, 20_000), form)).text)).toMatchObject({
      stored: 20_000,
    });
    await expect(chunk(client, path, 20_000, report.subarray(20_000), form, 30_000)).rejects.toThrow();
    await expect
      .poll(async () => JSON.parse((await client.get(path)).text).stored, { timeout: 5000 })
      .toBeGreaterThan(20_000);
    expect((await client.get(draft)).text).toContain('Choose the same file again');
    expect((await submit(client, draft, { text: 'x', do: 'send' })).status).toBe(422);

    const again = JSON.parse((await announce(client, draft, about)).text);
    expect(again.id).toBe(id);
    expect((await chunk(client, path, 0, report, form)).status).toBe(409);
    const rest = await chunk(client, path, again.stored, report.subarray(again.stored), form);
    expect(JSON.parse(rest.text)).toMatchObject({ stored: report.length, size: report.length });
    await submit(client, draft, { text: 'x', do: 'send' });
    const [sent] = await outbox(site);
    const mail = await simpleParser(sent?.octets ?? '');
    expect(mail.attachments[0]?.content.equals(report)).toBe(true);
  });

  eachEngine((engine) => {
    test('many at once at the same place: one is kept, no octet twice, nothing left behind', async () => {
      await using place: Place = await engine.create();
      await using site = await startSite({ place });
      const client = new Client(site);
      const draft = await beginAnswer(client, await site.publish(plainLetter));
      const form = await client.formToken(draft);
      const half = report.length / 2;
      const { id } = JSON.parse((await announce(client, draft, { name: 'a', size: String(report.length) })).text);
      for (const start of [0, half]) {
        const tries = await Promise.all(
          Array.from({ length: 8 }, () =>
            chunk(client, `${draft}/upload/${id}`, start, report.subarray(start, start + half), form),
          ),
        );
        expect(tries.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
          200,
          ...Array.from({ length: 7 }, () => 409),
        ]);
      }
      await submit(client, draft, { text: 'x', do: 'send' });
      const [sent] = await outbox(site);
      const mail = await simpleParser(sent?.octets ?? '');
      expect(mail.attachments[0]?.content.equals(report)).toBe(true);
    });

    test('sent twenty times at once, it goes once', async () => {
      await using place: Place = await engine.create();
      await using site = await startSite({ place });
      const client = new Client(site);
      const draft = await beginAnswer(client, await site.publish(plainLetter));
      const form = await client.formToken(draft);
      const tries = await Promise.all(
        Array.from({ length: 20 }, () => client.post(draft, { form, text: 'Once', do: 'send' })),
      );
      expect(new Set(tries.map(({ status }) => status))).toEqual(new Set([303]));
      expect(await outbox(site)).toHaveLength(1);
      expect(site.events.filter(({ kind }) => kind === 'delivery.answered')).toHaveLength(1);
    });
  });

  test('more octets than announced, or than there is room for, are refused', async () => {
    await using site = await startSite({ ports: withWriting({ maxAttachments: 1000 }) });
    const client = new Client(site);
    const draft = await beginAnswer(client, await site.publish(plainLetter));
    const form = await client.formToken(draft);
    expect((await announce(client, draft, { name: 'a', size: '1001' })).status).toBe(413);
    expect((await announce(client, draft, { name: 'a', size: '-1' })).status).toBe(400);
    const { id } = JSON.parse((await announce(client, draft, { name: 'a', size: '100' })).text);
    const path = `${draft}/upload/${id}`;
    expect((await chunk(client, path, 0, Buffer.alloc(101), form)).status).toBe(413);
    expect(JSON.parse((await client.get(path)).text)).toMatchObject({ stored: 0 });
  });

  test('without the form’s token, from elsewhere, or into somebody else’s draft nothing is taken', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const draft = await beginAnswer(client, await site.publish(plainLetter));
    const form = await client.formToken(draft);
    const { id } = JSON.parse((await announce(client, draft, { name: 'a', size: '4' })).text);
    const path = `${draft}/upload/${id}`;
    expect((await chunk(client, path, 0, Buffer.alloc(4), 'wrong')).status).toBe(403);
    const foreign = { 'sec-fetch-site': 'cross-site', 'upload-offset': '0', 'x-form': form };
    expect((await sendRaw(client, path, foreign, 'abcd')).status).toBe(403);
    const eve = new Client(site);
    const own = await beginAnswer(eve, await site.publish(newsletter, { recipient: 'eve@clinic.example' }));
    const evesForm = await eve.formToken(own);
    expect((await chunk(eve, path, 0, Buffer.alloc(4), evesForm)).status).toBe(404);
    expect((await chunk(eve, `${own}/upload/${id}`, 0, Buffer.alloc(4), evesForm)).status).toBe(404);
    expect((await eve.get(path)).status).toBe(404);
    expect((await eve.get(`${draft}/file/${id}`)).status).toBe(404);
    expect(JSON.parse((await client.get(path)).text)).toMatchObject({ stored: 0 });
  });
});

describe('drafts', () => {
  test('are saved, listed, found again, and deleted with their files', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const client = new Client(site);
    const draft = await beginAnswer(client, message);
    const id = draft.slice('/answer/'.length);
    await submit(client, draft, {
      text: 'First words of a draft',
      file: [{ name: 'a.txt', octets: Buffer.from('a') }],
      do: 'save',
    });
    expect(
      (await client.post(draft, { form: await client.formToken(draft), text: 'Typed on', do: 'autosave' })).status,
    ).toBe(204);
    expect((await client.get('/drafts')).text).toContain('Typed on');
    const path = `/d/${message.deliveryId}`;
    expect((await client.press(path, `${path}/answer`, { kind: 'reply' })).headers.location).toBe(draft);
    const [file] = await site.store.answers.uploads(id);
    const pieces = await site.store.answers.pieces(file?.id ?? '');
    expect(pieces).toHaveLength(1);
    await client.press(draft, draft, { do: 'discard' });
    expect((await client.get(draft)).status).toBe(404);
    expect(await site.store.answers.upload(file?.id ?? '')).toBeNull();
    const read = async (): Promise<void> => {
      for await (const _ of site.items.readOwn(pieces[0]?.spool ?? { id: '', wrappedKey: '', size: 0 }));
    };
    await expect(read()).rejects.toThrow();
  });

  test('end with the message they answer, and a week after they were last written to', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const short = await beginAnswer(client, await site.publish(plainLetter, { keepFor: 3_600_000 }));
    const { expiresAt } = (await site.store.answers.find(short.slice('/answer/'.length), site.clock.now)) ?? {};
    expect(expiresAt).toBe(site.clock.now + 3_600_000);
  });

  test('of a named member of a shared mailbox are that member’s', async () => {
    await using site = await startSite();
    const message = await site.publish(plainLetter);
    const member = new Client(site);
    await member.open(message);
    await member.press('/account/password', '/account/password', {
      password: 'tjuv-kloster-77-lampa',
      again: 'tjuv-kloster-77-lampa',
    });
    const path = `/d/${message.deliveryId}`;
    const { location: draft = '' } = (await member.press(path, `${path}/answer`, { kind: 'reply' })).headers;
    await member.press(draft, draft, { text: 'Mine', do: 'save' });
    const other = new Client(site);
    await other.open(message);
    expect((await other.get(draft)).status).toBe(404);
    expect((await other.get('/drafts')).text).not.toContain('Mine');
    // Once sent, it is part of what everybody at the address reads.
    await member.press(draft, draft, { text: 'Mine', do: 'send' });
    expect((await other.get(draft)).text).toContain('Mine');
  });

  test('of somebody else do not exist, on any route and verb', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const draft = await beginAnswer(client, await site.publish(plainLetter));
    await submit(client, draft, {
      text: 'Secret words',
      file: [{ name: 'secret.txt', octets: Buffer.from('s') }],
      do: 'save',
    });
    const [file] = await site.store.answers.uploads(draft.slice('/answer/'.length));
    const eve = new Client(site);
    await eve.open(await site.publish(newsletter, { recipient: 'eve@clinic.example' }));
    const elsewhere = new Client(site);
    await elsewhere.open(await site.publish(plainLetter, { tenant: 'other' }));
    const stranger = new Client(site);
    const none = `/answer/${randomUUIDv7()}`;
    for (const who of [eve, elsewhere, stranger]) {
      const form = await who.formToken(who === stranger ? '/sign-in' : '/drafts');
      for (const path of ['', '/upload', `/upload/${file?.id}`, `/file/${file?.id}`]) {
        for (const verb of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE']) {
          const ask = (target: string): Promise<Answer> =>
            verb === 'POST'
              ? who.post(target, { form, text: 'Changed', do: 'send', name: 'a', size: '1', remove: file?.id ?? '' })
              : who.send(verb, target, { 'sec-fetch-site': 'same-origin' });
          const [there, not] = [await ask(`${draft}${path}`), await ask(`${none}${path}`)];
          expect([403, 404, 405], `${verb} ${path} ${there.status}`).toContain(there.status);
          expect(there.status).toBe(not.status);
          expect(there.text).not.toMatch(/Secret|secret\.txt/);
        }
      }
    }
    expect(typedIn(await client.get(draft))).toBe('Secret words');
    expect(await outbox(site)).toEqual([]);
  });

  test('a form from elsewhere, or without its token, changes nothing', async () => {
    await using site = await startSite();
    const client = new Client(site);
    const draft = await beginAnswer(client, await site.publish(plainLetter));
    await submit(client, draft, { text: 'Mine', do: 'save' });
    const form = await client.formToken(draft);
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }])
      expect((await client.post(draft, { form, text: 'Theirs', do: 'send' }, headers)).status).toBe(403);
    expect((await client.post(draft, { text: 'Theirs', do: 'send' })).status).toBe(403);
    expect((await submit(client, draft, { form: 'wrong', text: 'Theirs', do: 'send' })).status).toBe(403);
    expect(typedIn(await client.get(draft))).toBe('Mine');
    for (const verb of ['GET', 'HEAD']) await client.send(verb, draft);
    expect(await outbox(site)).toEqual([]);
  });
});

describe('a new message', () => {
  const begin = async (client: Client): Promise<string> => {
    const answer = await client.press('/account', '/write', at);
    return answer.headers.location ?? String(answer.status);
  };

  test.each([
    ['known', 'anna@corp.example', 303],
    ['known', 'ANNA@CORP.EXAMPLE', 303],
    ['known', 'carl@corp.example', 422],
    ['anyone', 'carl@corp.example, dora@corp.example', 303],
    ['anyone', 'carl@corp.example, eve@evil.example', 422],
    ['anyone', 'secure-mail@corp.example', 422],
    ['anyone', 'carl@corp.example\r\nBcc: eve@evil.example', 422],
    ['anyone', 'carl@corp.example@evil.example', 422],
    ['anyone', '"carl@corp.example, x"@evil.example', 422],
    ['anyone', '', 422],
  ] as const)('where %s may be written to, to %j is answered with %i', async (newMessages, to, status) => {
    await using site = await startSite({ ports: withWriting({ newMessages }) });
    const client = new Client(site);
    await client.open(await site.publish(plainLetter));
    const draft = await begin(client);
    const answer = await submit(client, draft, {
      to,
      subject: 'Question\r\nBcc: eve@evil.example',
      text: 'Typed',
      do: 'send',
    });
    expect(answer.status).toBe(status);
    const sent = await outbox(site);
    expect(sent).toHaveLength(status === 303 ? 1 : 0);
    if (status !== 303) {
      expect(typedIn(answer)).toBe('Typed');
      return;
    }
    const mail = await simpleParser(sent[0]?.octets ?? '');
    expect(mail.subject).toBe('Question Bcc: eve@evil.example');
    expect(mail.bcc).toBeUndefined();
    expect(mail.inReplyTo).toBeUndefined();
    expect((await client.get(draft)).text).toContain('Typed');
    expect(site.events.at(-1)).toMatchObject({ kind: 'portal.wrote', ...at });
  });

  test('cannot be begun where nobody may be written to, nor from somebody else’s address', async () => {
    await using site = await startSite({ ports: withWriting({ newMessages: 'off' }) });
    const client = new Client(site);
    await client.open(await site.publish(plainLetter));
    expect(await begin(client)).toBe('405');
    expect((await client.get('/write')).text).not.toContain('action="/write"');
    const { status } = await client.press('/account', '/write', { ...at, address: 'eve@clinic.example' });
    expect(status).toBe(403);
  });
});
