/**
 * What senders hear of what waits in the portal and do about it, from the SMTP client to the mailboxes and the browser, on both databases. Time passes by a
 * clock that the tests hand to housekeeping.
 */
import { createHash, randomUUIDv7 } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { portal } from '../../src/command/portal.ts';
import { parseHeader, valuesOf } from '../../src/mail/header.ts';
import { receipt as receiptWords } from '../../src/mail/words/receipt.ts';
import { createAccept } from '../../src/pipeline/accept.ts';
import { createHousekeeping } from '../../src/pipeline/housekeeping.ts';
import { recall } from '../../src/pipeline/recall.ts';
import { portalLink, readMail } from '../../src/sandbox/reading.ts';
import { addressOf } from '../../src/sandbox/world.ts';
import { write } from '../../src/sandbox/write.ts';
import { wordsIn } from '../../src/web/words/words.ts';
import { type Engine, eachEngine } from '../engines.ts';
import { Client } from '../web/site.ts';
import { type FlowStage, letter, openFlow } from './stage.ts';

const day = 86_400_000;
const policy = (receipts: string): string => `version: 1
rules:
  - name: The sender asked for it
    when: { subject: { keyword: ["[secure]"] } }
    then: { protect: portal, stripKeyword: true${receipts === '' ? '' : `, receipts: ${receipts}`} }
  - name: Large files
    when: { subject: { contains: plans } }
    then: { linkFiles: { over: 100KB }, receipts: each }
  - name: Encrypted
    when: { subject: { contains: encrypted } }
    then: { protect: message }
default: { protect: none }
`;
const words = wordsIn.en.sent;
const told = receiptWords.en;
const anna = 'anna@corp.example';

type Place = AsyncDisposable & {
  readonly stage: FlowStage;
  /** Lets housekeeping look at the world `days` from now, once. */
  readonly turn: (days?: number) => Promise<void>;
  /** The text of a mailbox's mail, oldest first, once there are so many. */
  readonly mail: (address: string, atLeast?: number) => Promise<string[]>;
  readonly client: (address: string) => Client;
};

async function open(engine: Engine, receipts: string): Promise<Place> {
  const stage = await openFlow(engine, policy(receipts));
  const { gateway, config, sinks, world } = stage;
  const { store, spool } = gateway;
  const mail = async (address: string, atLeast = 0): Promise<string[]> => {
    await sinks.wait(() => sinks.mailbox(address).length >= atLeast);
    const person = world.people.find((known) => known.address === address);
    const texts: string[] = [];
    for (const { bytes } of sinks.mailbox(address)) {
      const subject = valuesOf(parseHeader(bytes), 'subject')[0] ?? '';
      const text = person === undefined ? bytes.toString() : (await readMail(bytes, person)).text;
      texts.push(`${subject}\n\n${text}`);
    }
    return texts;
  };
  const url = config.web?.portalUrl ?? '';
  return {
    stage,
    mail,
    turn: async (days = 0) => {
      const now = () => Date.now() + days * day;
      const { own } = createAccept({ spool, store, emit: () => {}, wake: () => {} });
      const attempt = { config, store, spool, own, now };
      await createHousekeeping({ store, spool, attempt, emit: () => {}, now }).turn();
    },
    client: (address) => {
      const codeIn = (): string => {
        const bytes = sinks.mailbox(address).at(-1)?.bytes.toString() ?? '';
        return /^ {4}(\d{6})\r?$/m.exec(bytes)?.[1] ?? '';
      };
      return new Client({ origin: url, ca: world.authority.certPem, lastCode: codeIn });
    },
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

/** The path of the one link of ours in a letter. */
function linkIn(text: string, { config }: FlowStage, kind: string): string {
  const found = new RegExp(`${config.web?.portalUrl}(/${kind}/[\\w./-]+)`).exec(text.replaceAll('=\r\n', ''))?.[1];
  if (found === undefined) throw new Error(`no link to ${kind} in ${text}`);
  return found;
}

/** Opens the message that a notification announced, with a code, and returns the client and the path. */
async function read(place: Place, address: string, notification: string): Promise<{ client: Client; path: string }> {
  const { config, sinks } = place.stage;
  const link = portalLink(notification, config.web?.portalUrl ?? '') ?? '';
  const client = place.client(address);
  const path = await client.arrive({ token: link.slice(link.lastIndexOf('/') + 1) });
  const before = sinks.mailbox(address).length;
  await client.press(path, `${path}/new-code`);
  await place.mail(address, before + 1);
  expect((await client.press(`${path}/code`, `${path}/code`, { code: client.site.lastCode() })).status).toBe(303);
  expect((await client.get(path)).status).toBe(200);
  return { client, path };
}

/** Follows the link to the sender's page and proves the sender's address. */
async function asSender(place: Place, receipt: string): Promise<{ client: Client; page: string }> {
  const { sinks } = place.stage;
  const client = place.client(anna);
  const page = (await client.get(linkIn(receipt, place.stage, 'sent/link'))).headers.location ?? '';
  const door = await client.get(page);
  expect(door.text).toContain(words.door.title);
  expect(door.text).not.toContain(addressOf('Paula'));
  const before = sinks.mailbox(anna).length;
  await client.press(page, `${page}/new-code`);
  await place.mail(anna, before + 1);
  expect((await client.press(page, `${page}/code`, { code: client.site.lastCode() })).status).toBe(303);
  return { client, page };
}

eachEngine((engine) => {
  test('each piece of news is told once, without content; and not a second time by a second worker', async () => {
    await using place = await open(engine, 'each');
    const { stage, turn, mail } = place;
    const paula = addressOf('Paula');
    await stage.trace(await stage.send('[secure] Your results', [paula]));
    const [notification = ''] = await mail(paula, 1);
    await Promise.all([turn(), turn(), turn()]);
    const [waiting = ''] = await mail(anna, 1);
    expect(waiting).toContain(told.title.waiting(paula));
    expect(waiting).not.toMatch(/results|body of this/);
    await read(place, paula, notification);
    await Promise.all([turn(), turn(), turn()]);
    await turn();
    const all = await mail(anna, 2);
    expect(all).toHaveLength(2);
    expect(all[1]).toContain(told.title.opened(paula));
  });

  test('a digest gathers what happened since the last, and silence is silence', async () => {
    await using place = await open(engine, '');
    const { stage, turn, mail } = place;
    const [paula, others] = [addressOf('Paula'), ['[secure] One', '[secure] Two']];
    for (const subject of others) await stage.trace(await stage.send(subject, [paula]));
    await mail(paula, 2);
    await turn();
    expect(await mail(anna)).toEqual([]);
    await turn(1.1);
    await turn(1.1);
    const digests = await mail(anna, 1);
    expect(digests).toHaveLength(1);
    expect(digests[0]).toContain(told.title.several);
    expect(digests[0]?.match(/\/sent\/link\//g)?.length).toBeGreaterThanOrEqual(2);
  });

  test('nobody is told where a rule says silent', async () => {
    await using place = await open(engine, 'silent');
    const { stage, turn, mail } = place;
    await stage.trace(await stage.send('[secure] One', [addressOf('Paula')]));
    await mail(addressOf('Paula'), 1);
    await turn();
    await turn(2);
    expect(await mail(anna)).toEqual([]);
  });

  test('taken back before it was opened: the link says so, the bytes are gone, GET changed nothing', async () => {
    await using place = await open(engine, 'each');
    const { stage, turn, mail } = place;
    const paula = addressOf('Paula');
    const messageId = await stage.send('[secure] Your results', [paula]);
    await stage.trace(messageId);
    const [notification = ''] = await mail(paula, 1);
    await turn();
    const [waiting = ''] = await mail(anna, 1);
    const scanner = place.client(anna);
    for (let visit = 0; visit < 5; visit++) await scanner.get(linkIn(waiting, stage, 'sent/link'));
    const { client, page } = await asSender(place, waiting);
    const shown = await client.get(page);
    expect(shown.text).toContain(paula);
    const confirm = await client.get(`${page}/recall`);
    expect(confirm.text).toContain(words.recallTitle);
    expect((await stage.trace(messageId)).deliveries).toMatchObject([{ state: 'waiting' }]);
    // From another site, or without the page's token, nothing happens.
    expect((await client.post(`${page}/recall`, { what: 'message' })).status).toBe(403);
    await client.press(`${page}/recall`, `${page}/recall`, { what: 'message' });
    expect((await client.get(page)).text).toContain(words.states.unread);
    expect((await stage.trace(messageId)).deliveries).toMatchObject([{ state: 'dropped', status: '5.7.1' }]);

    const token =
      portalLink(notification, stage.config.web?.portalUrl ?? '')
        ?.split('/')
        .at(-1) ?? '';
    const late = await place.client(paula).get(`/m/${token}`);
    expect(late.status).toBe(410);
    expect(late.text).toContain(words.withdrawn.title);
    await turn();
    const [found] = await stage.gateway.store.findMessages(messageId);
    expect(found?.message.spool.wrappedKey).toBe('');
    expect((await mail(anna, 3)).join()).toContain(told.unread(paula));
  });

  test('a conversation with an answer is taken back after it was read: no more is read, and what was read is said', async () => {
    await using place = await open(engine, 'each');
    const { stage, turn, mail } = place;
    const paula = addressOf('Paula');
    const first = await stage.send('[secure] One', [paula]);
    await stage.trace(first);
    const second = `<${randomUUIDv7()}@corp.example>`;
    {
      await using smtp = await stage.connect();
      const bytes = letter('[secure] Two', paula, second)
        .toString()
        .replace('\r\n\r\n', `\r\nIn-Reply-To: ${first}\r\n\r\n`);
      await smtp.send({ from: anna, to: [paula] }, Buffer.from(bytes));
    }
    await stage.trace(second);
    const [notification = ''] = await mail(paula, 2);
    const { client: reader, path } = await read(place, paula, notification);
    const { store } = stage.gateway;
    const [one] = await store.findMessages(first);
    const row = await store.portal.byDelivery(one?.deliveries[0]?.id ?? '', Date.now());
    const draft = { id: randomUUIDv7(), tenant: 'corp', address: row?.address ?? '', author: '', content: 'sealed' };
    const about = {
      delivery: row?.delivery.id ?? null,
      thread: row?.thread ?? '',
      createdAt: 1,
      expiresAt: Date.now() + day,
    };
    expect(await store.answers.begin({ ...draft, ...about }, 5)).toBe(true);

    await turn();
    const receipts = await mail(anna, 3);
    const about1 = receipts.find((text) => text.includes(told.title.opened(paula))) ?? '';
    const { client, page } = await asSender(place, about1);
    expect((await client.get(`${page}/recall`)).text).toContain(words.recallConversation(2));
    await client.press(`${page}/recall`, `${page}/recall`, { what: 'conversation' });
    const account = await client.get(page);
    expect(account.text).toContain(words.states.read);
    const gone = await reader.get(path);
    expect(gone.status).toBe(410);
    expect(gone.text).toContain(words.withdrawn.title);
    expect((await reader.get(`${path}/message.eml`)).status).toBe(410);
    expect(await store.answers.find(draft.id, Date.now())).toBeNull();
    await turn();
    const messages = await Promise.all([first, second].map((id) => store.findMessages(id)));
    expect(messages.map(([found]) => found?.message.spool.wrappedKey)).toEqual(['', '']);
    expect(messages.map(([found]) => found?.deliveries[0]?.state)).toEqual(['opened', 'dropped']);
  });

  test('readers are reminded by the same link and senders told; kept longer, it ends later', async () => {
    await using place = await open(engine, 'each');
    const { stage, turn, mail } = place;
    const paula = addressOf('Paula');
    const messageId = await stage.send('[secure] Your results', [paula]);
    await stage.trace(messageId);
    const [notification = ''] = await mail(paula, 1);
    await turn(22);
    expect(await mail(paula)).toHaveLength(1);
    await Promise.all([turn(23.1), turn(23.1)]);
    const [, reminder = ''] = await mail(paula, 2);
    await turn(23.1);
    expect(await mail(paula)).toHaveLength(2);
    const link = (text: string) => portalLink(text, stage.config.web?.portalUrl ?? '');
    expect(link(reminder)).toBe(link(notification));
    await turn(23.2);
    const receipts = await mail(anna, 2);
    const expiring = receipts.find((text) => text.includes(told.title.expiring(paula))) ?? '';
    const { client, page } = await asSender(place, expiring);
    await client.press(page, `${page}/extend`);
    await turn(31);
    expect((await stage.trace(messageId)).deliveries).toMatchObject([{ state: 'waiting' }]);
    await turn(61);
    expect((await stage.trace(messageId)).deliveries).toMatchObject([{ state: 'failed', status: '5.4.7' }]);
  });

  test('a colleague is let in by one click of the sender, and by nobody else', async () => {
    await using place = await open(engine, 'silent');
    const { stage, turn, mail } = place;
    // Somebody with a mailbox: a notification that is refused would take the message back.
    const [paula, colleague] = [addressOf('Paula'), addressOf('Petra')];
    const messageId = await stage.send('[secure] Your results', [paula]);
    await stage.trace(messageId);
    const [notification = ''] = await mail(paula, 1);
    const { client: reader, path } = await read(place, paula, notification);
    await reader.press(`${path}/colleague`, `${path}/colleague`, { colleague });
    await turn();
    const [asked = ''] = await mail(anna, 1);
    expect(asked).toContain(told.title.accessAsked(paula));
    const stranger = place.client(anna);
    const client = place.client(anna);
    const page = (await client.get(linkIn(asked, stage, 'let-in/link'))).headers.location ?? '';
    expect((await stranger.get(page)).status).toBe(403);
    expect((await stranger.post(page, { answer: 'allow' })).status).toBe(403);
    expect((await client.get(page)).text).toContain(words.letIn.title);
    expect((await stage.trace(messageId)).deliveries).toHaveLength(1);
    await client.press(page, page, { answer: 'allow' });
    await client.press(page, page, { answer: 'allow' });
    const { deliveries } = await stage.trace(messageId);
    expect(deliveries.map(({ recipient, state }) => ({ recipient, state }))).toContainEqual({
      recipient: colleague,
      state: 'waiting',
    });
    expect(deliveries).toHaveLength(2);
    expect((await reader.get(`${path}/colleague`)).text).toContain(wordsIn.en.people.colleague.states.allowed);
  });

  test('more time is asked for, and the sender hears of it once', async () => {
    await using place = await open(engine, 'silent');
    const { stage, turn, mail } = place;
    const paula = addressOf('Paula');
    await stage.trace(await stage.send('[secure] Your results', [paula]));
    const [notification = ''] = await mail(paula, 1);
    const { client, path } = await read(place, paula, notification);
    for (let click = 0; click < 3; click++) await client.press(path, `${path}/more-time`);
    expect((await client.get(`${path}/more-time`)).text).toContain(words.moreTime.asked);
    await turn();
    await turn();
    const letters = await mail(anna, 1);
    expect(letters).toHaveLength(1);
    expect(letters[0]).toContain(told.title.timeAsked(paula));
  });

  test('an admin lists, keeps longer and takes back; the sender gets the account', async () => {
    await using place = await open(engine, 'silent');
    const { stage, turn, mail } = place;
    const paula = addressOf('Paula');
    const messageId = await stage.send('[secure] Your results', [paula]);
    await stage.trace(messageId);
    const run = async (...args: string[]): Promise<{ status: number; said: unknown }> => {
      const written: string[] = [];
      const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
      try {
        const status = await portal(stage.config, args, { json: true, conversation: false });
        return { status, said: JSON.parse(written.join('')) };
      } finally {
        write.mockRestore();
      }
    };
    const listed = await run('list');
    expect(listed).toMatchObject({
      status: 0,
      said: { deliveries: [{ recipient: paula, from: anna, state: 'waiting' }] },
    });
    expect(await run('extend', messageId)).toMatchObject({ status: 0, said: { deliveries: [{ recipient: paula }] } });
    expect(await run('recall', messageId)).toMatchObject({
      status: 0,
      said: { deliveries: [{ recipient: paula, was: 'waiting', gone: true }] },
    });
    expect(await run('recall', messageId)).toMatchObject({ status: 1, said: { deliveries: [{ gone: false }] } });
    expect(await run('extend', messageId)).toMatchObject({ status: 1, said: { deliveries: [] } });
    await turn();
    expect((await mail(anna, 1)).join()).toContain(told.unread(paula));
  });

  test('large files wait while the message leaves: by a link of each recipient’s own, fetched, reminded of and taken back', async () => {
    await using place = await open(engine, 'silent');
    const { stage, turn, mail } = place;
    const [paula, petra] = [addressOf('Paula'), addressOf('Petra')];
    const messageId = `<${randomUUIDv7()}@corp.example>`;
    const plans = Buffer.alloc(400_000, 'The plans. ');
    const attachments = [{ name: 'plans.bin', type: 'application/octet-stream', content: plans }];
    const written = { subject: 'The plans, encrypted', to: ['Paula', 'Petra'], text: 'As promised.', attachments };
    {
      await using smtp = await stage.connect();
      const { reply } = await smtp.send({ from: anna, to: [paula, petra] }, write(written, messageId, Date.now()));
      expect(reply.code).toBe(250);
    }
    const { deliveries } = await stage.trace(messageId);
    // Paula has no key, so the portal has all of it for her; Petra's copy is encrypted and carries the link.
    expect(deliveries.map(({ state, method }) => [state, method])).toEqual([
      ['waiting', 'portal'],
      ['delivered', 'pgp'],
    ]);
    expect(deliveries[1]?.because.at(-1)).toContain('one file larger than');
    const [copy = ''] = await mail(petra, 1);
    expect(copy).toContain('As promised.');
    expect(copy).toContain('plans.bin (4');
    expect(copy).toContain('waits for you');
    expect(stage.sinks.mailbox(petra)[0]?.bytes.length).toBeLessThan(20_000);

    await turn(23.1);
    expect((await mail(petra, 2))[1]).toContain('Large files from Anna');
    const { client, path } = await read(place, petra, copy);
    const page = await client.get(path);
    expect(page.text).toContain('plans.bin');
    const file = /href="([^"]+\/attachment\/[^"]+)"/.exec(page.text)?.[1] ?? '';
    expect(
      createHash('sha256')
        .update((await client.get(file)).text)
        .digest('hex'),
    ).toBe(createHash('sha256').update(plans).digest('hex'));
    expect((await stage.trace(messageId)).deliveries[1]).toMatchObject({ state: 'opened', method: 'pgp' });

    const again = await stage.send('The plans', [paula]);
    expect((await stage.trace(again)).deliveries[0]?.because.at(-1)).toContain('files are not linked');
    const third = `<${randomUUIDv7()}@corp.example>`;
    {
      await using smtp = await stage.connect();
      await smtp.send(
        { from: anna, to: [paula] },
        write({ ...written, subject: 'The plans', to: ['Paula'] }, third, Date.now()),
      );
    }
    expect((await stage.trace(third)).deliveries).toMatchObject([{ state: 'delivered' }]);
    const last = (await mail(paula, 4)).find((text) => text.includes('As promised.')) ?? '';
    const [found] = await stage.gateway.store.findMessages(third);
    const how = { what: 'message', by: anna } as const;
    const ports = { store: stage.gateway.store.senders, emit: () => {}, now: Date.now };
    expect(await recall({ id: found?.message.id ?? '' }, how, ports)).toMatchObject([{ was: 'delivered', gone: true }]);
    expect((await stage.trace(third)).deliveries).toMatchObject([{ state: 'delivered' }]);
    const token =
      portalLink(last, stage.config.web?.portalUrl ?? '')
        ?.split('/')
        .at(-1) ?? '';
    expect((await place.client(paula).get(`/m/${token}`)).status).toBe(410);
    await turn();
    await stage.sinks.wait(() => stage.sinks.mailbox(anna).some(({ bytes }) => bytes.includes('Taken back')));
    expect((await mail(anna)).join()).toContain(told.linked(paula));
    expect((await stage.gateway.store.findMessages(third))[0]?.message.spool.wrappedKey).toBe('');
  });

  test('the sender’s page opens to the sender’s code alone, tried five times at most', async () => {
    await using place = await open(engine, 'each');
    const { stage, turn, mail } = place;
    await stage.trace(await stage.send('[secure] Your results', [addressOf('Paula')]));
    await turn();
    const [receipt = ''] = await mail(anna, 1);
    const client = place.client(anna);
    const page = (await client.get(linkIn(receipt, stage, 'sent/link'))).headers.location ?? '';
    expect((await place.client(anna).get(page)).status).toBe(403);
    await client.press(page, `${page}/new-code`);
    await mail(anna, 2);
    const right = client.site.lastCode();
    const wrong = right === '000000' ? '000001' : '000000';
    const form = await client.formToken(page);
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => client.post(`${page}/code`, { form, code: wrong })),
    );
    expect(answers.filter(({ status }) => status === 303)).toEqual([]);
    expect((await client.post(`${page}/code`, { form, code: right })).status).toBe(422);
    expect((await client.get(page)).text).not.toContain(addressOf('Paula'));
    for (const room of ['recall', 'extend', 'access']) await client.post(`${page}/${room}`, { form, what: 'message' });
    const [found] = await stage.gateway.store.senders.inPortal(10);
    expect(found?.deliveries).toMatchObject([{ state: 'waiting', withdrawn: false }]);

    // Who has the link uses up the codes of the hour, and keeps nobody out who reads the mailbox: the last one is long.
    for (let other = 0; other < 8; other++) {
      const stranger = place.client(anna);
      await stranger.get(linkIn(receipt, stage, 'sent/link'));
      expect((await stranger.press(page, `${page}/new-code`)).headers.location).toBe(page);
      expect((await stranger.press(page, `${page}/code`, { code: '0000 0000 0000 0000' })).status).toBe(422);
    }
    const letters = await mail(anna, 7);
    expect(letters).toHaveLength(7);
    const long = letters.map((text) => /^ {4}((?:\d{4} ){3}\d{4})$/m.exec(text)?.[1] ?? '').join('');
    const person = place.client(anna);
    await person.get(linkIn(receipt, stage, 'sent/link'));
    expect((await person.press(page, `${page}/code`, { code: long })).status).toBe(303);
    expect((await person.get(page)).text).toContain(addressOf('Paula'));
    const again = place.client(anna);
    await again.get(linkIn(receipt, stage, 'sent/link'));
    expect((await again.press(page, `${page}/code`, { code: long })).status).toBe(422);
  });
});
