/**
 * The life of a message in the portal, from beginning to end, as the people in it see it: Anna sends, Paula reads on her phone and answers, her colleague
 * Gina is let in, Anna takes something back. One story, told in steps that need each other.
 */
import { randomBytes } from 'node:crypto';
import { simpleParser } from 'mailparser';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseHeader, valuesOf } from '../../src/mail/header.ts';
import { addressOf } from '../../src/sandbox/world.ts';
import { wordsIn } from '../../src/web/words/words.ts';
import { Client } from '../web/site.ts';
import { beginJourney, codeForm, codeIn, type Journey, type Letter, linkIn } from './journey-stage.ts';

const words = wordsIn.en;
const [anna, paula, gina] = ['Anna', 'Paula', 'Gina'].map(addressOf) as [string, string, string];
const phoneSize = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const scan = randomBytes(3_000_000);

const invitation = [
  'BEGIN:VCALENDAR',
  'METHOD:REQUEST',
  'PRODID:-//test//test//EN',
  'VERSION:2.0',
  'BEGIN:VEVENT',
  'UID:visit-17@corp.example',
  'DTSTAMP:20261101T100000Z',
  'DTSTART:20271204T090000Z',
  'DTEND:20271204T093000Z',
  'SEQUENCE:0',
  'SUMMARY:Your next visit',
  `ORGANIZER;CN=Anna:mailto:${anna}`,
  `ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Paula:mailto:${paula}`,
  'END:VEVENT',
  'END:VCALENDAR',
  '',
].join('\r\n');

function mailOf(subject: string, id: string, more: readonly string[], body: readonly string[]): Buffer {
  const head = [
    `From: Anna <${anna}>`,
    `To: Paula <${paula}>`,
    `Subject: ${subject}`,
    `Message-ID: <${id}@corp.example>`,
  ];
  return Buffer.from([...head, 'MIME-Version: 1.0', ...more, '', ...body, ''].join('\r\n'));
}

const results = mailOf(
  '[secure] Your results',
  'results',
  ['Content-Type: multipart/mixed; boundary=b'],
  [
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'All values are fine. Can you come in December?',
    '--b',
    'Content-Type: application/pdf; name=report.pdf',
    'Content-Disposition: attachment; filename=report.pdf',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from('%PDF-1.4 not really').toString('base64'),
    '--b',
    'Content-Type: text/calendar; method=REQUEST; charset=utf-8',
    '',
    invitation.trimEnd(),
    '--b--',
  ],
);

let journey: Journey;
let phone: Page;
/** The address of the first message on Paula's devices, and its link. */
let path = '';
let link = '';
beforeAll(async () => {
  journey = await beginJourney();
});
afterAll(() => journey[Symbol.asyncDispose]());

async function send(bytes: Buffer): Promise<void> {
  await using client = await journey.stage.connect();
  const { reply } = await client.send({ from: anna, to: [paula] }, bytes);
  expect(reply.code).toBe(250);
}

function field({ bytes }: Letter, name: string): string {
  return valuesOf(parseHeader(bytes), name)[0] ?? '';
}

async function stateOf(id: string): Promise<readonly string[]> {
  return (await journey.stage.trace(`<${id}@corp.example>`)).deliveries.map(({ state }) => state);
}

/** Asks for a code and types it. Six digits are enough for a reader; a sender presses the button, too. */
async function byCode(page: Page, address: string, whose: 'reader' | 'sender'): Promise<void> {
  const before = journey.stage.sinks.mailbox(address).length;
  await page.locator('form[action$="/new-code"] button').click();
  const code = codeIn(await journey.mailWith(address, codeForm, before));
  await page.locator('input[name=code]').fill(code);
  if (whose === 'sender') await page.locator('form[action$="/code"] button').click();
}

test('notified: a short mail with one link and nothing of the content', async () => {
  await send(results);
  const notification = await journey.mail(paula, 0);
  link = linkIn(notification, journey.url, '/m/');
  expect(notification.tls).not.toBeNull();
  expect(notification.text).not.toMatch(/results|values|come in|report\.pdf/);
  expect(link).not.toContain('paula');
  expect(await stateOf('results')).toEqual(['waiting']);
});

test('scanned 20 times, by programs and by a browser that runs scripts: nothing happens', async () => {
  const { pathname } = new URL(link);
  const visits = Array.from({ length: 16 }, async (_, visit) => {
    const ca = journey.stage.world.authority.certPem;
    const scanner = new Client({ origin: journey.url, ca, lastCode: () => '' });
    const verb = visit % 2 === 0 ? 'GET' : 'HEAD';
    const { status, headers } = await scanner.send(verb, pathname);
    expect(status).toBe(303);
    expect((await scanner.send(verb, headers.location ?? '')).status).toBe(200);
  });
  await Promise.all(visits);
  for (let visit = 0; visit < 4; visit++) {
    const page = await journey.device();
    await page.goto(link);
    await page.waitForLoadState('networkidle');
    await page.context().close();
  }
  expect(await stateOf('results')).toEqual(['waiting']);
  expect(journey.stage.sinks.mailbox(paula)).toHaveLength(1);
});

test('opened on another device than the one the code was asked on', async () => {
  const desk = await journey.device();
  await desk.goto(link);
  await journey.judge(desk);
  await desk.locator('form[action$="/new-code"] button').click();
  await desk.waitForURL('**/code');
  await journey.judge(desk);
  const code = codeIn(await journey.mail(paula, 1));
  phone = await journey.device({ ...phoneSize, acceptDownloads: true });
  await phone.goto(link);
  path = new URL(phone.url()).pathname;
  await phone.goto(`${journey.url}${path}/code`);
  await phone.locator('input[name=code]').fill(code);
  await phone.getByRole('heading', { level: 1, name: 'Your results', exact: true }).waitFor();
  await phone.getByText('All values are fine.').waitFor();
  await journey.judge(phone);
  // The link and its token are gone from where people and programs look.
  expect(phone.url()).toBe(`${journey.url}${path}`);
  expect(await phone.evaluate('document.referrer')).toBe('');
  expect(await stateOf('results')).toEqual(['opened']);
  // Who asked and did not type reads nothing.
  await desk.goto(`${journey.url}${path}`);
  await desk.locator('form[action$="/new-code"]').waitFor();
  await desk.context().close();
});

test('the calendar has the answer: Anna gets a true iTIP reply', async () => {
  const accept = phone.getByRole('button', { name: words.calendar.accept, exact: true });
  await accept.click();
  await phone.locator('#invitation').waitFor();
  await journey.judge(phone);
  const reply = await journey.mailWith(anna, 'Your next visit');
  expect(reply.tls).not.toBeNull();
  const { attachments } = await simpleParser(reply.bytes);
  const calendar = attachments.find(({ contentType }) => contentType === 'text/calendar');
  const lines = calendar?.content.toString().replaceAll(/\r\n[ \t]/g, '') ?? '';
  expect(lines).toMatch(/^METHOD:REPLY\r$/m);
  expect(lines).toMatch(/^UID:visit-17@corp\.example\r$/m);
  expect(lines).toMatch(new RegExp(`^ATTENDEE;[^:]*PARTSTAT=ACCEPTED[^:]*:mailto:${paula}\r$`, 'm'));
});

test('answered with a file: it arrives in Anna’s inbox in its thread, octet by octet', async () => {
  await phone.goto(`${journey.url}${path}`);
  await phone.getByRole('button', { name: words.answer.reply, exact: true }).click();
  await phone.locator('textarea[name=text]').waitFor();
  await journey.judge(phone);
  await phone.locator('textarea[name=text]').fill('Yes, the fourth suits me. Here is the scan.');
  await phone
    .locator('input[type=file]')
    .setInputFiles({ name: 'scan.dcm', mimeType: 'application/dicom', buffer: scan });
  await phone.locator('[data-file]:not([data-incomplete])', { hasText: 'scan.dcm' }).waitFor();
  await journey.judge(phone);
  await phone.getByRole('button', { name: words.answer.send, exact: true }).click();
  await phone.getByRole('heading', { level: 1 }).waitFor();
  await journey.judge(phone);

  const answer = await journey.mailWith(anna, 'the fourth suits me');
  expect(answer.tls).not.toBeNull();
  expect(field(answer, 'in-reply-to')).toContain('<results@corp.example>');
  expect(field(answer, 'reply-to')).toContain(paula);
  expect(field(answer, 'from')).not.toContain(paula);
  expect(field(answer, 'from')).toContain('corp.example');
  const { attachments } = await simpleParser(answer.bytes);
  expect(attachments.map(({ filename, content }) => [filename, content.equals(scan)])).toEqual([['scan.dcm', true]]);

  // What Anna writes back is protected because the thread is, and stands in the same conversation.
  const id = field(answer, 'message-id');
  await send(
    mailOf(
      'Re: Your results',
      'again',
      [`In-Reply-To: ${id}`, `References: <results@corp.example> ${id}`],
      ['See you then.'],
    ),
  );
  expect(await stateOf('again')).toEqual(['waiting']);
  await phone.goto(`${journey.url}${path}`);
  expect(await phone.locator('nav.later li').count()).toBe(2);
  await phone.locator('nav.later a[href^="/answer/"]').click();
  await phone.getByText('the fourth suits me').waitFor();
});

test('a passkey is made, and opens the next message with one tap and no code', async () => {
  await phone.goto(`${journey.url}/account`);
  await phone.locator('form[data-passkey=create] input[name=name]').fill('Paula');
  await journey.judge(phone);
  await phone.locator('form[data-passkey=create] button').click();
  await phone.waitForURL('**/account?said=passkey-added');
  await journey.judge(phone);
  await phone.context().clearCookies();
  // After the first notification and the code.
  const notification = await journey.mailWith(paula, `${journey.url}/m/`, 2);
  const next = linkIn(notification, journey.url, '/m/');
  expect(next).not.toBe(link);
  const mails = journey.stage.sinks.mailbox(paula).length;
  await phone.goto(next);
  await journey.judge(phone);
  await phone.locator('form[data-passkey=get] button').click();
  await phone.getByText('See you then.').first().waitFor();
  expect(journey.stage.sinks.mailbox(paula)).toHaveLength(mails);
  const { deliveries } = await journey.stage.trace('<again@corp.example>');
  expect(deliveries).toMatchObject([{ state: 'opened' }]);
});

test('a colleague is let in by one click of the sender', async () => {
  await phone.goto(`${journey.url}${path}/colleague`);
  await journey.judge(phone);
  await phone.locator('input[name=colleague]').fill(gina);
  await phone.locator(`form[action="${path}/colleague"] button`).click();
  await phone.getByText(gina).first().waitFor();
  await journey.later();
  const asked = await journey.mailWith(anna, '/let-in/link/');
  const annas = await journey.device();
  await annas.goto(linkIn(asked, journey.url, '/let-in/link/'));
  await journey.judge(annas);
  await annas.locator('button[name=answer][value=allow]').click();
  await annas.getByText('may read the message and is being notified').waitFor();
  await annas.context().close();

  const notification = await journey.mailWith(gina, `${journey.url}/m/`);
  const ginas = await journey.device();
  await ginas.goto(linkIn(notification, journey.url, '/m/'));
  await byCode(ginas, gina, 'reader');
  await ginas.getByText('All values are fine.').waitFor();
  await ginas.context().close();
});

test('a member invited to the address has a passkey of their own', async () => {
  await phone.goto(`${journey.url}/account`);
  const form = phone.locator('form[action="/account/invite"]');
  await phone.locator('details', { has: form }).locator('summary').click();
  await form.locator('input[name=name]').fill('Gina');
  await form.locator('input[name=to]').fill(gina);
  await form.locator('button').click();
  await phone.waitForURL('**/account?said=invited');
  const invited = await journey.mailWith(gina, '/join/');
  const ginas = await journey.device();
  await ginas.goto(linkIn(invited, journey.url, '/join/'));
  await journey.judge(ginas);
  await ginas.locator('form[data-passkey=create] button').click();
  await ginas.waitForURL('**/account?said=passkey-added');
  await ginas.goto(`${journey.url}${path}`);
  await ginas.getByText('All values are fine.').waitFor();
  await ginas.context().close();
});

test('recalled: Anna sees who read it, takes it back, and nobody reads it again', async () => {
  await journey.later();
  const [results] = await journey.stage.gateway.store.findMessages('<results@corp.example>');
  const receipt = await journey.mailWith(anna, `/sent/link/${results?.message.id}`);
  const annas = await journey.device();
  await annas.goto(linkIn(receipt, journey.url, '/sent/link/'));
  await journey.judge(annas);
  await byCode(annas, anna, 'sender');
  await annas.getByRole('heading', { level: 1, name: words.sent.title }).waitFor();
  await annas.getByText('Opened by').first().waitFor();
  await journey.judge(annas);
  await annas.locator('a[href$="/recall"]').click();
  await journey.judge(annas);
  await annas.locator('button[name=what][value=message]').click();
  await annas.getByText(words.sent.states.read).first().waitFor();
  await annas.context().close();

  // On a page that shows it already, by its link, and for the colleague.
  for (const address of [path, new URL(link).pathname]) {
    const answer = await phone.goto(`${journey.url}${address}`);
    expect(answer?.status()).toBe(410);
    await phone.getByText(words.sent.withdrawn.title).first().waitFor();
  }
  await journey.judge(phone);
  expect(await stateOf('results')).toEqual(['opened', 'opened']);
  // Its key goes with it.
  const keyOf = async () => {
    await journey.later();
    const [found] = await journey.stage.gateway.store.findMessages('<results@corp.example>');
    return found?.message.spool.wrappedKey;
  };
  await expect.poll(keyOf).toBe('');
});

test('expired: after its time the link opens nothing, and Anna is told that nobody came', async () => {
  const before = journey.stage.sinks.mailbox(paula).length;
  await send(mailOf('[secure] Last call', 'last', [], ['Nobody will read this.']));
  expect(await stateOf('last')).toEqual(['waiting']);
  const notification = await journey.mailWith(paula, `${journey.url}/m/`, before);
  await journey.later(31);
  expect(await stateOf('last')).toEqual(['failed']);
  const answer = await phone.goto(linkIn(notification, journey.url, '/m/'));
  expect(answer?.status()).toBe(404);
  await journey.judge(phone);
  await journey.mailWith(anna, 'Nobody opened the message in the portal');
});

test('all the while nothing of the content, no code and no link was logged', () => {
  const log = journey.stage.log.join('');
  expect(log).toContain('delivery.opened');
  expect(log).not.toMatch(/results|All values|suits me|scan\.dcm|report\.pdf|next visit/i);
  expect(log).not.toContain(link.slice(link.lastIndexOf('/') + 1));
  for (const { bytes } of [paula, anna, gina].flatMap((address) => journey.stage.sinks.mailbox(address))) {
    const code = codeForm.exec(bytes.toString())?.[1];
    if (code !== undefined) expect(log).not.toContain(`"${code}"`);
  }
});
