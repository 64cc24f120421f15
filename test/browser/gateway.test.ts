/** The whole way of a portal recipient: a message in by SMTP, the notification in a mailbox, and a real browser from its link to text and attachment. */
import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { portalLink, readMail } from '../../src/sandbox/reading.ts';
import { addressOf } from '../../src/sandbox/world.ts';
import { eachEngine } from '../engines.ts';
import { type FlowStage, openFlow } from '../flow/stage.ts';
import { launch } from './chromium.ts';

const policy = `version: 1
rules:
  - name: The sender asked for it
    when: { subject: { keyword: ["[secure]"] } }
    then: { protect: message, stripKeyword: true }
default: { protect: none }
`;

const letter = [
  'From: Anna <anna@corp.example>',
  'To: Paula <paula@portal.example>',
  'Subject: [secure] Your results',
  'Message-ID: <browser@corp.example>',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'All values are fine.',
  '--b',
  'Content-Type: application/pdf',
  'Content-Disposition: attachment; filename=report.pdf',
  'Content-Transfer-Encoding: base64',
  '',
  Buffer.from('%PDF-1.4 not really').toString('base64'),
  '--b--',
  '',
].join('\r\n');

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

eachEngine((engine) => {
  test('from the notification to the text and the attachment', async () => {
    await using stage = await openFlow(engine, policy);
    {
      await using client = await stage.connect();
      const { reply } = await client.send({ from: 'anna@corp.example', to: [addressOf('Paula')] }, Buffer.from(letter));
      expect(reply.code).toBe(250);
    }
    const notification = await nextText(stage, 0);
    const link = portalLink(notification, stage.config.web?.portalUrl ?? '') ?? '';
    expect(link).not.toBe('');
    expect(notification).not.toMatch(/results|values|report/i);

    const context = await browser.newContext({
      ignoreHTTPSErrors: true,
      acceptDownloads: true,
      javaScriptEnabled: false,
    });
    const page = await context.newPage();
    // A link scanner was here before.
    for (let visits = 0; visits < 5; visits++) await page.goto(link);
    expect((await stage.trace('<browser@corp.example>')).deliveries).toMatchObject([{ state: 'waiting' }]);
    expect(stage.sinks.mailbox(addressOf('Paula'))).toHaveLength(1);
    await page.getByRole('button', { name: 'Send me the code' }).click();
    const code = /^\s*(\d{6})\s*$/m.exec(await nextText(stage, 1))?.[1] ?? '';
    await page.getByLabel('Six-digit code').fill(code);
    await page.getByRole('button', { name: 'Open the message' }).click();

    await page.getByRole('heading', { level: 1, name: 'Your results', exact: true }).waitFor();
    await page.getByText('All values are fine.').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('a[download]', { hasText: 'report.pdf' }).click(),
    ]);
    expect(await readFile(await download.path(), 'utf8')).toBe('%PDF-1.4 not really');
    expect((await stage.trace('<browser@corp.example>')).deliveries).toMatchObject([
      { state: 'opened', method: 'portal' },
    ]);
    expect(stage.log.join('')).not.toContain(code);
    expect(stage.log.join('')).not.toContain(link.slice(link.lastIndexOf('/') + 1));
    await context.close();
  });
});

/** The text of Paula's mail number `index`, once it is there. */
async function nextText(stage: FlowStage, index: number): Promise<string> {
  const paula = stage.world.people.find(({ name }) => name === 'Paula');
  if (paula === undefined) throw new Error('nobody is called Paula');
  await stage.sinks.wait(() => stage.sinks.mailbox(paula.address).length > index);
  const mail = stage.sinks.mailbox(paula.address)[index];
  return (await readMail(mail?.bytes ?? Buffer.alloc(0), paula)).text;
}
