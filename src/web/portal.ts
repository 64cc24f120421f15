/**
 * The portal: where a message waits for a person who has no key of their own.
 *
 * The way through: /m/TOKEN (the link of the notification; opening it changes nothing) - a button mails a code - /d/ID/code (the code is typed) -
 * /d/ID (the message). pickup.ts serves the way to the message, reading.ts the message; this file has the table of routes and what they share.
 * GET and HEAD never change anything that a link scanner could set off: only a POST from our own page mails a code, and only a right code opens.
 *
 * What it may touch is in `PortalPorts` (ports.ts): the part of the database that is the portal's, the spool to read, and one way to mail a code.
 */
import { readFileSync } from 'node:fs';
import { type Context, Hono } from 'hono';
import { createCleaner } from './clean.ts';
import { createLimiter } from './limits.ts';
import { openMessages } from './message.ts';
import { homePage, troublePage, troubles } from './pages.ts';
import * as pickup from './pickup.ts';
import type { PortalPorts } from './ports.ts';
import * as reading from './reading.ts';
import type { Env, Handler } from './request.ts';
import { createSessions } from './session.ts';

export type Portal = {
  readonly routes: Hono<Env>;
  /** Ends the threads that clean HTML. */
  close(): Promise<void>;
};

const hour = 3_600_000;

export function createPortal(ports: PortalPorts): Portal {
  const now = ports.now ?? Date.now;
  const cleaner = createCleaner();
  const shared: reading.ReadingShared = {
    ports,
    now,
    sessions: createSessions(ports.key, now),
    messages: openMessages(ports),
    cleaner,
    limits: {
      lookUps: createLimiter(30, hour / 6, now),
      codes: createLimiter(30, hour, now),
      wrong: createLimiter(30, hour, now),
      wrongForDelivery: createLimiter(40, 24 * hour, now),
    },
  };
  const withShared =
    (step: (c: Context<Env>, shared: reading.ReadingShared) => Promise<Response>): Handler =>
    (c) =>
      step(c, shared);
  const routes = new Hono<Env>();
  const serve = (path: string, verbs: { GET?: Handler; POST?: Handler }): void => {
    if (verbs.GET !== undefined) routes.get(path, verbs.GET);
    if (verbs.POST !== undefined) routes.post(path, verbs.POST);
    const allow = [...(verbs.GET === undefined ? [] : ['GET', 'HEAD']), ...(verbs.POST === undefined ? [] : ['POST'])];
    routes.all(path, (c) => {
      c.header('Allow', allow.join(', '));
      return c.html(troublePage(troubles.wrongVerb), 405);
    });
  };

  serve('/', { GET: (c) => c.html(homePage()) });
  serve('/style.css', { GET: staticFile('style.css', 'text/css; charset=utf-8') });
  serve('/icon.svg', { GET: staticFile('icon.svg', 'image/svg+xml') });
  serve('/m/:token', { GET: withShared(pickup.showLink) });
  serve('/m/:token/code', { GET: pickup.backToLink, POST: withShared(pickup.askCode) });
  serve('/d/:id/code', { GET: withShared(pickup.showCodeForm), POST: withShared(pickup.tryCode) });
  serve('/d/:id/new-code', { GET: pickup.backToCodeForm, POST: withShared(pickup.askNewCode) });
  serve('/d/:id', { GET: withShared(reading.showMessage) });
  serve('/d/:id/html', { GET: withShared(reading.showFormatted) });
  serve('/d/:id/attachment/:path', { GET: withShared(reading.download) });
  serve('/d/:id/message.eml', { GET: withShared(reading.downloadWhole) });
  serve('/d/:id/sign-out', { POST: withShared(reading.signOut) });
  return { routes, close: () => cleaner.close() };
}

function staticFile(name: string, type: string): Handler {
  const content = readFileSync(new URL(`./${name}`, import.meta.url), 'utf8');
  return (c) => c.body(content, 200, { 'Content-Type': type });
}
