/**
 * Where journeys happen: the whole gateway with its pretend internet, real browsers as the devices of people, and their mailboxes. Every page a journey
 * stops at is judged by axe, light and dark.
 */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { createAccept } from '../../src/pipeline/accept.ts';
import { createHousekeeping } from '../../src/pipeline/housekeeping.ts';
import { links, readMail } from '../../src/sandbox/reading.ts';
import type { Received } from '../../src/sandbox/sink.ts';
import { sqlite } from '../engines.ts';
import { type FlowStage, openFlow } from '../flow/stage.ts';
import { wrongInEitherTheme } from './axe.ts';
import { launch } from './chromium.ts';

const day = 86_400_000;
const policy = `version: 1
rules:
  - name: The sender asked for it
    when: { subject: { keyword: ["[secure]"] } }
    then: { protect: portal, stripKeyword: true, receipts: each }
  - name: An answer stays as protected as what it answers
    when: { thread: message }
    then: { protect: portal }
default: { protect: none }
`;

/** A mail in a mailbox, and its text as a person reads it. */
export type Letter = Received & { readonly text: string };

export type Journey = AsyncDisposable & {
  readonly stage: FlowStage;
  readonly url: string;
  /** A browser of somebody's own, with a screen lock that says yes. */
  device(options?: BrowserContextOptions): Promise<Page>;
  /** Mail number `index` (oldest is 0) of an address, once it is there. */
  mail(address: string, index: number): Promise<Letter>;
  /** The newest mail whose text has this, once there is one among those after the first `after`. */
  mailWith(address: string, text: string | RegExp, after?: number): Promise<Letter>;
  /** What becomes due within so many days is done. */
  later(days?: number): Promise<void>;
  /** Nothing wrong with the page in either theme. */
  judge(page: Page): Promise<void>;
};

export async function beginJourney(): Promise<Journey> {
  const stack = new AsyncDisposableStack();
  const stage = stack.use(await openFlow(sqlite, policy));
  const browser: Browser = await launch();
  stack.defer(() => browser.close());
  const { gateway, config, sinks, world } = stage;
  const { store, spool } = gateway;
  const read = async (address: string, received: Received | undefined): Promise<Letter> => {
    const owner = world.people.find((person) => person.address === address);
    if (owner === undefined || received === undefined) throw new Error(`no such mail of ${address}`);
    return { ...received, text: (await readMail(received.bytes, owner)).text };
  };
  const box = (address: string): readonly Received[] => sinks.mailbox(address);
  return {
    stage,
    url: config.web?.portalUrl ?? '',
    device: (options = {}) => device(browser, options),
    mail: async (address, index) => {
      await sinks.wait(() => box(address).length > index);
      return read(address, box(address)[index]);
    },
    mailWith: async (address, text, after = 0) => {
      for (let seen = after; ; ) {
        await sinks.wait(() => box(address).length > seen);
        const mails = box(address).slice(after);
        seen = after + mails.length;
        const letters = await Promise.all(mails.map((received) => read(address, received)));
        const found = letters.findLast((letter) => letter.text.search(text) !== -1);
        if (found !== undefined) return found;
      }
    },
    later: async (days = 0) => {
      const now = () => Date.now() + days * day;
      const { own } = createAccept({ spool, store, emit: () => {}, wake: () => {} });
      const attempt = { config, store, spool, own, now };
      await createHousekeeping({ store, spool, attempt, emit: () => {}, now }).turn();
    },
    judge,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function device(browser: Browser, options: BrowserContextOptions): Promise<Page> {
  // Colours are judged at rest, not on their way.
  const context = await browser.newContext({ ignoreHTTPSErrors: true, reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  if (options.javaScriptEnabled === false) return page;
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return page;
}

async function judge(page: Page): Promise<void> {
  expect([page.url(), await wrongInEitherTheme(page)]).toEqual([page.url(), []]);
}

/** The address of ours in a letter that begins like this. */
export function linkIn({ text }: Letter, url: string, path: string): string {
  const link = links(text).find((found) => found.startsWith(`${url}${path}`));
  if (link === undefined) throw new Error(`no link to ${path} in: ${text}`);
  return link;
}

export const codeForm = /^\s*(\d{6})\s*$/m;

export function codeIn({ text }: Letter): string {
  return codeForm.exec(text)?.[1] ?? '';
}
