/**
 * The page that shows a message: what stands at its top, its files, an invitation, and its text, escaped. The rest of the conversation is above and below.
 *
 * The sender's HTML never enters this page; it is in a frame of its own (formatted.ts).
 */
import { html } from 'hono/html';
import type { MessageView } from '../message.ts';
import type { Words } from '../words/words.ts';
import { type Answering, answerButtons } from './answer.ts';
import { type InvitationView, invitationSection } from './calendar.ts';
import { type ConversationRow, otherMessages } from './conversation.ts';
import { fileList } from './files.ts';
import { type Around, layout } from './layout.ts';
import { button, facts, form, hint, link, moment, more, notice, type Page, type Piece } from './parts.ts';

export type Shown = {
  readonly deliveryId: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly expiresAt: number;
  /** Envelope sender, for a message without From. */
  readonly mailFrom: string;
  readonly view: MessageView;
  readonly text: { readonly text: string; readonly cut: boolean };
  readonly formToken: string;
  /** Null when the formatted view has no pictures from elsewhere; `shown` is the token of who asked for them, null while nobody did. */
  readonly elsewhere: { readonly shown: string | null } | null;
  readonly invitation: InvitationView | null;
  readonly answers: Answering;
  /** Oldest first, this message among them; empty when it stands alone. */
  readonly conversation: readonly ConversationRow[];
};

export function messagePage(around: Around, shown: Shown): Page {
  const { reading, frame: common } = around.words;
  const { view, text, formToken } = shown;
  const base = `/d/${shown.deliveryId}`;
  const formatted = view.rich.length > 0;
  const whole = link(reading.whole, `${base}/message.eml`);
  const content = html`${otherMessages(around, shown.conversation, 'earlier')}<article class="sheet">
<h1 class="subject${view.subject.length > 90 ? ' long' : ''}" dir="auto">${view.subject === '' ? reading.noSubject : view.subject}</h1>
${facts(
  [reading.from, people(view.from === '' ? shown.mailFrom : view.from)],
  view.to === '' ? null : [reading.to, people(view.to)],
  view.cc === '' ? null : [reading.cc, people(view.cc)],
  [reading.date, dated(around, view.date, shown.receivedAt)],
)}
${view.incomplete ? notice('bad', html`<p>${reading.incomplete} ${whole}</p>`) : ''}
${shown.invitation === null ? '' : invitationSection(around, shown.invitation)}
${view.attachments.length === 0 ? '' : fileList(around, reading.attachments, base, view.attachments)}
${formatted ? framed(reading, base, shown) : ''}
${bodyText(reading, text.text, formatted)}
${text.cut ? notice('info', html`<p>${reading.cut} ${whole}</p>`) : ''}
${view.pictures.length === 0 ? '' : more(reading.picturesIn(view.pictures.length), fileList(around, reading.pictures, base, view.pictures))}
${answerButtons(around, shown.deliveryId, formToken, shown.answers, asks(shown.invitation) ? 'quiet' : 'main', whole)}
<div class="leaving">${hint(reading.until(moment(around, shown.expiresAt)), ' ', link(around.words.sent.moreTime.title, `${base}/more-time`), '. ', reading.shared)}${form(`${base}/sign-out`, formToken, button(common.signOut, 'quiet'))}</div>
</article>${otherMessages(around, shown.conversation, 'later')}`;
  return layout(around, reading.title, content, {
    width: 'wide',
    corner: html`${link(around.words.inbox.messages, '/inbox')}${link(common.account, '/account')}`,
  });
}

/** Of a long list the first; the rest unfolds, so that it does not stand before the message. Addresses read from left to right, whatever stands beside them. */
function people(list: string): Page {
  const whole = html`<span dir="ltr">${list}</span>`;
  if (list.length <= 200) return whole;
  const cut = list.lastIndexOf(',', 120);
  return more(html`<span dir="ltr">${list.slice(0, cut > 0 ? cut : 120).toWellFormed()} …</span>`, whole);
}

/** As the sender's program dated it; as it is written there when that is no date. */
function dated(around: Around, written: string, receivedAt: number): Piece {
  if (written === '') return moment(around, receivedAt);
  const at = Date.parse(written);
  return Number.isNaN(at) ? written : moment(around, at);
}

/** An invitation that waits for an answer is what the page is for. */
function asks(invitation: InvitationView | null): boolean {
  if (invitation === null || invitation.answered !== null || invitation.action === null) return false;
  const { cancelled, method, organizer } = invitation.meeting;
  return !cancelled && method === 'request' && organizer !== null;
}

function framed(reading: Words['reading'], base: string, { elsewhere, formToken }: Shown): Page {
  const source = elsewhere?.shown == null ? `${base}/html` : `${base}/html?pictures=${elsewhere.shown}`;
  const pictures =
    elsewhere === null
      ? ''
      : elsewhere.shown === null
        ? form(
            `${base}/pictures`,
            formToken,
            html`${hint(reading.picturesTell)}${button(reading.showPictures, 'quiet')}`,
          )
        : hint(reading.picturesShown, ' ', link(reading.hidePictures, base));
  return html`<div class="framed">${pictures}<iframe src="${source}" title="${reading.formatted}" sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"></iframe>
${hint(html`<a href="${source}" target="_blank" rel="noopener">${reading.ownTab}</a>`)}</div>`;
}

function bodyText(reading: Words['reading'], text: string, formatted: boolean): Page | string {
  if (text.trim() === '') return formatted ? '' : hint(reading.noText);
  const body = html`<div class="text" dir="auto">${linked(text)}</div>`;
  return formatted ? html`<div class="plain-text">${more(reading.plain, body)}</div>` : body;
}

/** Text with its web addresses as links; everything else stays as written. */
function linked(text: string): Piece[] {
  return text.split(/(https?:\/\/[^\s<>"'`]{1,2000})/).map((piece, index) => {
    if (index % 2 === 0) return piece;
    const address = piece.replace(/[.,;:!?)\]]{1,3}$/, '');
    const rest = piece.slice(address.length);
    return html`<a href="${address}" target="_blank" rel="noopener noreferrer nofollow">${address}</a>${rest}`;
  });
}
