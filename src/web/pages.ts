/**
 * The pages around a message: what waits behind a link, where the code went, and what went wrong. message-page.ts has the message itself.
 *
 * Every value goes through `html`, which escapes it. No page has a script. Each error says what
 * happened, truthfully, and what to do next.
 */
import { html } from 'hono/html';
import type { PortalRow } from '../store/store.ts';
import { codeMinutes, codeTries, maskAddress } from './codes.ts';

export type Page = ReturnType<typeof html>;

/** The frame of every page. `organisation` is the domain whose mail this is, null where that is not known. */
export function layout(title: string, organisation: string | null, content: Page): Page {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex, nofollow">
    <title>${title}</title>
    <link rel="stylesheet" href="/style.css">
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
  </head>
  <body>
    <header class="top">
      <div class="inner">
        <svg class="mark" viewBox="0 0 24 24" width="28" height="28" aria-hidden="true"><path d="M4 22V11a8 8 0 0 1 16 0v11h-4V11a4 4 0 0 0-8 0v11z"/><path d="M10 14h4v8h-4z"/></svg>
        <p class="who">${organisation === null ? html`Secure mail` : html`<b>${organisation}</b> <span>secure mail</span>`}</p>
      </div>
    </header>
    <main class="inner">${content}</main>
    <footer class="inner"><p>Nothing on this site is loaded from elsewhere. It keeps one cookie per message you open, and no record for advertising.</p></footer>
  </body>
</html>`;
}

export type Around = { readonly organisation: string; readonly row: PortalRow };

/** What the link shows before anything happens. */
export function linkPage({ organisation, row }: Around, token: string): Page {
  const { mailFrom, receivedAt } = row.message;
  const address = maskAddress(row.delivery.recipient);
  return layout(
    'A protected message is waiting',
    organisation,
    html`<h1>A protected message is waiting for you</h1>
    <dl class="facts">
      <div><dt>From</dt><dd>${mailFrom === '' ? organisation : mailFrom}</dd></div>
      <div><dt>Sent</dt><dd>${moment(receivedAt)}</dd></div>
      <div><dt>Waits until</dt><dd>${moment(row.expiresAt)}</dd></div>
    </dl>
    <p>To open it, show that you can read mail at the address it was sent to. We mail a six-digit code to <b class="nowrap">${address}</b>.</p>
    <form method="post" action="/m/${token}/code"><button type="submit">Mail me the code</button></form>
    <p class="hint">Nothing has been opened yet, and the sender has been told nothing.</p>`,
  );
}

export type CodeForm = {
  readonly deliveryId: string;
  readonly formToken: string;
  /** Our own address, that the person may look for. */
  readonly sentFrom: string;
  /** What went wrong with the last try, if anything. */
  readonly problem: 'not-six-digits' | 'dead' | { readonly triesLeft: number } | null;
};

/** Where the code is typed. */
export function codePage({ organisation, row }: Around, form: CodeForm): Page {
  const { deliveryId, formToken, problem } = form;
  const dead = problem === 'dead';
  return layout(
    problem === null ? 'Type your code' : 'That did not work - type your code',
    organisation,
    html`<h1>${dead ? 'This code no longer works' : 'Type your code'}</h1>
    ${dead ? deadCode() : html`<p>A six-digit code is on its way to <b class="nowrap">${maskAddress(row.delivery.recipient)}</b>. It comes from <span class="nowrap">${form.sentFrom}</span> and is good for ${codeMinutes} minutes, in this browser.</p>`}
    ${dead ? '' : codeField(form)}
    <form method="post" action="/d/${deliveryId}/new-code">
      <input type="hidden" name="form" value="${formToken}">
      <button type="submit" class="${dead ? '' : 'quiet'}">Mail me a new code</button>
    </form>
    ${dead ? '' : html`<p class="hint">Nothing there? It can take a minute or two; look in the junk folder as well. A new code replaces the one before.</p>`}`,
  );
}

function deadCode(): Page {
  return html`<div class="note bad" role="alert"><p>It was used, it is more than ${codeMinutes} minutes old, it was typed wrongly ${codeTries} times, or too many wrong codes were typed within an hour. The message is still waiting: ask for a new code.</p></div>`;
}

function codeField({ deliveryId, formToken, problem }: CodeForm): Page {
  const said = problemText(problem);
  return html`<form method="post" action="/d/${deliveryId}/code" class="code">
      <input type="hidden" name="form" value="${formToken}">
      <label for="code">Six-digit code</label>
      ${said === null ? '' : html`<p class="problem" id="problem" role="alert">${said}</p>`}
      <input id="code" name="code" type="text" inputmode="numeric" autocomplete="one-time-code" maxlength="12" required autofocus${said === null ? '' : html` aria-invalid="true" aria-describedby="problem"`}>
      <button type="submit">Open the message</button>
    </form>`;
}

function problemText(problem: CodeForm['problem']): string | null {
  if (problem === null || problem === 'dead') return null;
  if (problem === 'not-six-digits') return 'The code has six digits. That was not counted as a try.';
  const { triesLeft } = problem;
  return `That is not the code. You have ${triesLeft} ${triesLeft === 1 ? 'try' : 'tries'} left with it.`;
}

/** Said instead of sending one code too many. `until` is when the next one can be sent. */
export function tooManyCodesPage({ organisation, row }: Around, until: number, deliveryId: string | null): Page {
  return layout(
    'Too many codes',
    organisation,
    html`<h1>No new code yet</h1>
    <p>Several codes were mailed to <b class="nowrap">${maskAddress(row.delivery.recipient)}</b> within the last hour, so no other was sent now. The next can be sent ${moment(until)}.</p>
    ${deliveryId === null ? html`<p>Come back then, with the link in the e-mail you received.</p>` : html`<p>If you have the newest code, <a href="/d/${deliveryId}/code">type it here</a>. Otherwise come back then.</p>`}`,
  );
}

export function signedOutPage(): Page {
  return layout(
    'Signed out',
    null,
    html`<h1>You are signed out</h1>
    <p>The message is closed in this browser. To read it again, open the link in the e-mail you received and ask for a new code.</p>`,
  );
}

export function homePage(): Page {
  return layout(
    'Secure mail',
    null,
    html`<h1>Secure mail</h1>
    <p>This is where protected messages wait for the people they were sent to. To read one, open the link in the e-mail that told you about it.</p>
    <p>You are never asked for a password or a payment here.</p>`,
  );
}

/** What is said when something cannot be done: a heading, and what to do. */
export type Trouble = { readonly title: string; readonly advice: string };

export function troublePage({ title, advice }: Trouble): Page {
  return layout(title, null, html`<h1>${title}</h1><p>${advice}</p>`);
}

export const troubles = {
  noLink: {
    title: 'No message is waiting behind this link',
    advice:
      'The link may be incomplete, or the time the message could wait is over. Open it again from the e-mail, or copy the whole of it. If that does not help, ask the sender to send the message again.',
  },
  noSession: {
    title: 'This message is not open in this browser',
    advice:
      'You were signed out, were away for more than half an hour, or are using another browser or device. Open the link in the e-mail you received and ask for a new code: that works on any device.',
  },
  notFound: {
    title: 'There is no such page',
    advice: 'To read a message, open the link in the e-mail that told you about it.',
  },
  noAttachment: {
    title: 'There is no such attachment',
    advice: 'Go back to the message and choose an attachment there.',
  },
  wrongVerb: { title: 'This page cannot do that', advice: 'Go back, and use the buttons and links of the page.' },
  crossSite: {
    title: 'This request did not come from our page',
    advice:
      'For your safety nothing was done. Open the link in the e-mail you received and use the button on that page.',
  },
  tooLarge: { title: 'That was more than this page takes', advice: 'Go back and try again.' },
  badRequest: { title: 'We could not read this request', advice: 'Go back and try again.' },
  broken: {
    title: 'Something went wrong on our side',
    advice: 'Your message is safe and nothing was lost. Please try again in a few minutes.',
  },
  busy: {
    title: 'We cannot open messages at the moment',
    advice: 'Your message is safe and nothing was lost. Please try again in a few minutes.',
  },
  noCodeSent: {
    title: 'We could not mail the code',
    advice: 'No code was sent. Your message is safe. Please go back and try again in a few minutes.',
  },
} satisfies Record<string, Trouble>;

export function slowDown(until: number): Page {
  return layout(
    'Too many tries',
    null,
    html`<h1>Too many tries from your network</h1>
    <p>To protect the messages here, we wait before taking more. Please come back ${moment(until)}. Your message is safe.</p>`,
  );
}

/** "20 November 2026 at 15:04 UTC", for people and for programs. */
export function moment(at: number): Page {
  const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  return html`<time datetime="${new Date(at).toISOString()}">${format.format(at)} UTC</time>`;
}
