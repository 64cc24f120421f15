/** The list of conversations that wait, or were opened, at the addresses a session has proved. */
import { html } from 'hono/html';
import { icon } from './icons.ts';
import { type Around, layout } from './layout.ts';
import { button, day, form, link, type Page } from './parts.ts';

export type InboxView = {
  readonly form: string;
  readonly conversations: readonly {
    /** Where it opens. */
    readonly href: string;
    /** Empty for none. */
    readonly subject: string;
    /** Who wrote last: a name, or an address. */
    readonly from: string;
    readonly latestAt: number;
    readonly messages: number;
    readonly unread: number;
  }[];
  /** Where older ones are, null when these are all. */
  readonly older: string | null;
  readonly may: { readonly write: boolean; readonly drafts: boolean };
};

export function inboxPage(around: Around, view: InboxView): Page {
  const { inbox, frame, answer } = around.words;
  const writing = [
    ...(view.may.write ? [link(answer.write, '/write')] : []),
    ...(view.may.drafts ? [link(answer.drafts.title, '/drafts')] : []),
  ];
  const rows = view.conversations.map(
    (conversation) =>
      html`<li${conversation.unread > 0 ? html` class="unread"` : ''}>${row(around, conversation)}</li>`,
  );
  const content = html`<div class="sheet"><h1>${inbox.messages}</h1>
${rows.length === 0 ? html`<p>${inbox.noMessages}</p>` : html`<ul class="inbox">${rows}</ul>`}
${view.older === null ? '' : html`<p>${link(inbox.older, view.older, 'quiet')}</p>`}
${writing.length === 0 ? '' : html`<p class="writing">${writing}</p>`}</div>`;
  const corner = html`${link(frame.account, '/account')}${form('/sign-out', view.form, button(frame.signOut, 'plain'))}`;
  return layout(around, inbox.messages, content, { width: 'wide', corner });
}

/** What is new is said in words, not by weight alone. */
function row(around: Around, conversation: InboxView['conversations'][number]): Page {
  const { inbox } = around.words;
  const { href, subject, from, latestAt, messages, unread } = conversation;
  const count = [...(unread > 0 ? [inbox.unread(unread)] : []), ...(messages > 1 ? [inbox.count(messages)] : [])];
  return html`<a href="${href}">${icon('letter')}<span class="what"><b dir="auto">${subject === '' ? inbox.hidden : subject}</b><span dir="auto">${from}</span></span><span class="when">${day(around, latestAt)}${count.length === 0 ? '' : html`<span>${count.join(' · ')}</span>`}</span></a>`;
}
