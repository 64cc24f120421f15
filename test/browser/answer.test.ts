/**
 * Writing in the portal from end to end, with the policy people start from: notified, opened, answered with two files, delivered to the staff member's mailbox
 * over TLS, answered from there without a keyword, and waiting in the portal again. Once without scripts, once with them and a line that breaks.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { simpleParser } from 'mailparser';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { portalLink, readMail } from '../../src/sandbox/reading.ts';
import { addressOf } from '../../src/sandbox/world.ts';
import { eachEngine, sqlite } from '../engines.ts';
import { type FlowStage, openFlow } from '../flow/stage.ts';
import { launch } from './chromium.ts';

const policy = readFileSync(new URL('../../policies/default.yaml', import.meta.url), 'utf8');
const anna = 'anna@corp.example';
const paula = addressOf('Paula');

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

async function sendFrom(
  stage: FlowStage,
  subject: string,
  more: readonly string[] = [],
  also: readonly string[] = [],
): Promise<void> {
  await using client = await stage.connect();
  const letter = [
    `From: Anna <${anna}>`,
    `To: ${[`Paula Porter <${paula}>`, 'Rita <rita@corp.example>', ...also].join(', ')}`,
    `Subject: ${subject}`,
    ...more,
    '',
    'All values are fine.',
    '',
  ].join('\r\n');
  const { reply } = await client.send({ from: anna, to: [paula, ...also] }, Buffer.from(letter));
  expect(reply.code).toBe(250);
}

/** The text of Paula's newest mail, once there are so many. */
async function mailOfPaula(stage: FlowStage, count: number): Promise<string> {
  const owner = stage.world.people.find(({ address }) => address === paula);
  if (owner === undefined) throw new Error('nobody is called Paula');
  await stage.sinks.wait(() => stage.sinks.mailbox(paula).length >= count);
  const mail = stage.sinks.mailbox(paula)[count - 1];
  return (await readMail(mail?.bytes ?? Buffer.alloc(0), owner)).text;
}

/** Paula opens what waits for her by a code, on a device of her own. */
async function opened(stage: FlowStage, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  const page = await context.newPage();
  await page.goto(portalLink(await mailOfPaula(stage, 1), stage.config.web?.portalUrl ?? '') ?? '');
  await page.getByRole('button', { name: 'Send me the code' }).click();
  const code = /^\s*(\d{6})\s*$/m.exec(await mailOfPaula(stage, 2))?.[1] ?? '';
  await page.getByLabel('Six-digit code').fill(code);
  // With scripts the code is sent by itself.
  if (options.javaScriptEnabled === false) await page.getByRole('button', { name: 'Open the message' }).click();
  await page.getByText('All values are fine.').waitFor();
  return page;
}

/** What lies in Anna's mailbox last. */
async function mailOfAnna(stage: FlowStage) {
  const received = await stage.sinks.wait(({ recipients }) => recipients.includes(anna));
  return { received, mail: await simpleParser(received.bytes) };
}

describe('an answer', () => {
  eachEngine((engine) => {
    test('without scripts: delivered in the thread, and what staff write back waits in the portal again', async () => {
      await using stage = await openFlow(engine, policy);
      await sendFrom(stage, '[secure] Your results', ['Message-ID: <first@corp.example>']);
      const page = await opened(stage, { javaScriptEnabled: false });
      await page.getByRole('button', { name: 'Reply', exact: true }).click();
      await page.getByLabel('Your message').fill('Thank you, Anna!\n\n- one\n- two');
      const scan = randomBytes(300_000);
      await page.getByLabel('Attach files').setInputFiles([
        { name: 'Befund Müller.pdf', mimeType: 'application/pdf', buffer: scan },
        { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('notes') },
      ]);
      await page.getByRole('button', { name: 'Attach the chosen files' }).click();
      await page.getByText('Befund Müller.pdf').waitFor();
      expect(await page.getByLabel('Your message').inputValue()).toBe('Thank you, Anna!\n\n- one\n- two');
      await page.getByLabel('Send me a receipt by email').check();
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByText('Thank you, Anna!').waitFor();

      const { received, mail } = await mailOfAnna(stage);
      expect(received).toMatchObject({ host: 'mx.corp.example', from: 'secure-mail@corp.example' });
      expect(received.tls).toMatch(/^TLS/);
      expect(mail.from?.value).toEqual([{ name: 'Paula Porter via secure mail', address: 'secure-mail@corp.example' }]);
      expect(mail.replyTo?.value).toEqual([{ name: 'Paula Porter', address: paula }]);
      expect([mail.subject, mail.inReplyTo]).toEqual(['Re: Your results', '<first@corp.example>']);
      expect(mail.text).toContain('> All values are fine.');
      expect(mail.attachments.map(({ filename }) => filename)).toEqual(['Befund Müller.pdf', 'notes.txt']);
      expect(mail.attachments[0]?.content.equals(scan)).toBe(true);
      await expect
        .poll(async () => (await page.reload(), await page.locator('main').innerText()), { timeout: 20_000 })
        .toContain('Delivered');
      const receipt = await mailOfPaula(stage, 3);
      expect(receipt).toContain('with 2 files');
      expect(receipt).not.toMatch(/Thank you|Befund|results/);

      // Anna presses "Reply" in Outlook: no keyword, addressed to Reply-To.
      await sendFrom(stage, 'RE: Your results', [
        `In-Reply-To: ${mail.messageId}`,
        `References: <first@corp.example> ${mail.messageId}`,
        'Message-ID: <second@corp.example>',
      ]);
      const trace = await stage.trace('<second@corp.example>');
      expect(trace.deliveries).toMatchObject([
        { recipient: paula, level: 'message', method: 'portal', state: 'waiting' },
      ]);
      expect(await mailOfPaula(stage, 4)).toContain('has sent you a message');
      expect(stage.sinks.mailbox(paula).every(({ bytes }) => !bytes.includes('All values'))).toBe(true);
      const conversation = await page.context().newPage();
      await conversation.goto(portalLink(await mailOfPaula(stage, 4), stage.config.web?.portalUrl ?? '') ?? '');
      expect(await conversation.locator('main').innerText()).toMatch(/You\s+Re: Your results/);
      expect(stage.log.join('')).not.toMatch(/Thank you|Befund|Your results/);
      await page.context().close();
    });
  });

  test('with scripts: a line that breaks, a page that is closed, a file that is dropped; nothing is lost', async () => {
    await using stage = await openFlow(sqlite, policy);
    await sendFrom(stage, '[secure] Your results', ['Message-ID: <first@corp.example>']);
    const page = await opened(stage);
    const broken: string[] = [];
    page.on('pageerror', (error) => broken.push(error.message));
    page.on('console', (line) => {
      if (/Content.Security.Policy|Refused/i.test(line.text())) broken.push(line.text());
    });
    await page.getByRole('button', { name: 'Reply', exact: true }).click();
    await page.getByLabel('Your message').fill('Saved by itself');
    await page.getByText('Draft saved.').waitFor();
    const draft = page.url();

    // The line breaks in the middle of the second chunk, for good as it seems.
    const large = { name: 'scan.pdf', mimeType: 'application/pdf', buffer: randomBytes(10_000_000) };
    const folder = await writeFiles([large]);
    let chunks = 0;
    let offline = true;
    await page.route('**/upload/*', async (route) => {
      if (route.request().method() === 'POST') chunks += 1;
      await (chunks > 1 && offline ? route.abort('connectionreset') : route.continue());
    });
    await page.getByLabel('Attach files').setInputFiles(folder.paths);
    await page.getByText('The connection is lost.').waitFor();
    page.on('dialog', (dialog) => void dialog.accept());
    await page.goto('about:blank');
    await page.goto(draft);
    expect(await page.getByLabel('Your message').inputValue()).toBe('Saved by itself');
    await page.getByText('Choose the same file again').waitFor();
    offline = false;
    const before = chunks;
    await page.getByLabel('Attach files').setInputFiles(folder.paths);
    await page.getByText('scan.pdf is attached.').waitFor();
    // Not from the beginning: what had arrived was not sent again.
    expect(chunks - before).toBeLessThan(3);

    // As text: what runs in the page is none of the test's own types.
    await page.evaluate(`{
      const data = new DataTransfer();
      data.items.add(new File(['dropped'], 'dropped.txt', { type: 'text/plain' }));
      document.querySelector('.drop').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true }));
    }`);
    await page.getByText('dropped.txt is attached.').waitFor();
    await page.getByLabel('Your message').fill('With *both* files');
    await page.getByRole('button', { name: 'Send' }).click();
    const { mail } = await mailOfAnna(stage);
    expect(mail.text).toContain('With *both* files');
    expect(mail.html).toContain('With <strong>both</strong> files');
    expect(mail.attachments.map(({ filename }) => filename)).toEqual(['scan.pdf', 'dropped.txt']);
    expect(mail.attachments[0]?.content.equals(large.buffer)).toBe(true);
    expect(broken).toEqual([]);
    await folder.remove();
    await page.context().close();
  });
});

test('a new message: the return key saves, and what is chosen and typed arrives', async () => {
  await using stage = await openFlow(sqlite, policy, { edit: (yaml) => `${yaml}    portal: { newMessages: known }\n` });
  await sendFrom(stage, '[secure] Your results', ['Message-ID: <first@corp.example>']);
  const page = await opened(stage, { javaScriptEnabled: false });
  await page.getByRole('link', { name: 'Write a message' }).click();
  await page.getByRole('button', { name: `${paula} to` }).click();
  await page
    .getByLabel('Attach files')
    .setInputFiles([{ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') }]);
  await page.getByRole('button', { name: 'Attach the chosen files' }).click();
  await page.getByLabel('Your message').fill('Something else');
  await page.getByLabel('Subject').fill('A question');
  await page.getByLabel('Subject').press('Enter');
  await page.getByText('Saved').waitFor();
  await page.getByText('a.txt').waitFor();
  expect(await page.getByLabel('Subject').inputValue()).toBe('A question');
  await page.getByRole('link', { name: 'Drafts' }).click();
  await page.getByText('Something else').waitFor();
  await page.getByRole('link', { name: 'New message' }).click();
  await page.getByRole('button', { name: 'Send' }).click();
  const { mail } = await mailOfAnna(stage);
  expect([mail.subject, mail.inReplyTo]).toEqual(['A question', undefined]);
  expect(mail.text).toContain('Something else');
  // What Anna writes back to it is protected, too.
  await sendFrom(stage, 'Re: A question', [`In-Reply-To: ${mail.messageId}`, 'Message-ID: <back@corp.example>']);
  expect((await stage.trace('<back@corp.example>')).deliveries).toMatchObject([{ level: 'message', method: 'portal' }]);
  await page.context().close();
});

test('an answer to all, where the tenant lets readers write to each other: the other reader gets it in the portal', async () => {
  const gina = addressOf('Gina');
  await using stage = await openFlow(sqlite, policy, { edit: (yaml) => `${yaml}    portal: { replies: everyone }\n` });
  await sendFrom(stage, '[secure] Your results', ['Message-ID: <first@corp.example>'], [gina]);
  const page = await opened(stage, { javaScriptEnabled: false });
  await stage.sinks.wait(() => stage.sinks.mailbox(gina).length === 1);
  await page.getByRole('button', { name: 'Reply to all' }).click();
  await page.getByLabel('Your message').fill('For all of you');
  await page.getByRole('button', { name: 'Send' }).click();
  const { mail } = await mailOfAnna(stage);
  const { deliveries } = await stage.trace(mail.messageId ?? '');
  expect(
    deliveries
      .map(({ recipient, method, state }) => [recipient, method, state])
      .toSorted((a, b) => String(a).localeCompare(String(b))),
  ).toEqual([
    [anna, 'tls', 'delivered'],
    [gina, 'portal', 'waiting'],
    ['rita@corp.example', 'tls', 'delivered'],
  ]);
  await stage.sinks.wait(() => stage.sinks.mailbox(gina).length === 2);
  expect(stage.sinks.mailbox(gina).filter(({ bytes }) => bytes.includes('For all of you'))).toEqual([]);
  await page.context().close();
});

describe('an answer that cannot be delivered', () => {
  test('because nobody takes it: the person is told by mail and where they wrote it', async () => {
    await using stage = await openFlow(sqlite, policy, {
      edit: (yaml) => yaml.replace('host: mx.corp.example', 'host: mx.nobody.example'),
    });
    await sendFrom(stage, '[secure] Your results', ['Message-ID: <first@corp.example>']);
    const page = await opened(stage, { javaScriptEnabled: false });
    await page.getByRole('button', { name: 'Reply', exact: true }).click();
    await page.getByLabel('Your message').fill('Will not arrive');
    await page.getByRole('button', { name: 'Send' }).click();
    await expect
      .poll(async () => (await page.reload(), await page.locator('main').innerText()), { timeout: 20_000 })
      .toContain('Could not be delivered');
    const notice = await mailOfPaula(stage, 3);
    expect(notice).toContain('has not received it');
    expect(notice).toContain(anna);
    expect(notice).not.toMatch(/Will not arrive|results/);
    expect(await page.locator('main').innerText()).toContain('Will not arrive');
    // No report to an address that nobody reads.
    expect(stage.sinks.mailbox('secure-mail@corp.example')).toEqual([]);
    await page.context().close();
  });

  test('because its server proves nothing: it waits, and no octet of it is sent in the clear', async () => {
    await using stage = await openFlow(sqlite, policy, {
      edit: (yaml) =>
        yaml.replace('host: mx.corp.example', 'host: mx.no-tls.example').replace('tls: verify', 'tls: may'),
    });
    await sendFrom(stage, '[secure] Your results', ['Message-ID: <first@corp.example>']);
    const page = await opened(stage, { javaScriptEnabled: false });
    await page.getByRole('button', { name: 'Reply', exact: true }).click();
    await page.getByLabel('Your message').fill('Only for Anna');
    await page.getByRole('button', { name: 'Send' }).click();
    await expect
      .poll(async () => (await page.reload(), await page.locator('main').innerText()), { timeout: 20_000 })
      .toContain('Delayed');
    expect(stage.log.some((line) => line.includes('delivery.deferred'))).toBe(true);
    expect(stage.sinks.received.filter(({ bytes }) => bytes.includes('Only for Anna'))).toEqual([]);
    await page.context().close();
  });
});

/** Files on disk keep their time of change, by which they are known again. */
async function writeFiles(files: readonly { readonly name: string; readonly buffer: Buffer }[]) {
  const { mkdtemp, rm, writeFile } = await import('node:fs/promises');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const folder = await mkdtemp(join(tmpdir(), 'answer-'));
  const paths = files.map(({ name }) => join(folder, name));
  for (const [index, { buffer }] of files.entries()) await writeFile(paths[index] ?? '', buffer);
  return { paths, remove: () => rm(folder, { recursive: true, force: true }) };
}
