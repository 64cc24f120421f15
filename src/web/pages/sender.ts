/** Pages that somebody opens who sent a message: its door, how it fares, taking it back, letting somebody in. And what of it readers see. */
import { html } from 'hono/html';
import type { SenderDoorView, SentRecipient, SentView } from '../views-sender.ts';
import { type Around, layout } from './layout.ts';
import {
  address,
  button,
  clock,
  day,
  facts,
  field,
  form,
  hint,
  lead,
  link,
  list,
  moment,
  notice,
  type Page,
  type Piece,
  sheet,
} from './parts.ts';

export function senderDoorPage(around: Around, view: SenderDoorView): Page {
  const { sent, code } = around.words;
  const { door } = sent;
  const base = `/sent/${view.id}`;
  const long = view.sent?.long === true;
  const asked = view.sent !== null && view.problem !== 'dead';
  const typed = asked
    ? form(
        `${base}/code`,
        view.form,
        html`${field({ name: 'code', label: long ? code.long.label : door.label, problem: mistyped(around, view), autocomplete: 'one-time-code', inputmode: 'numeric', maxLength: 24, look: 'code', autofocus: true })}${button(door.go)}`,
      )
    : '';
  const content = sheet(
    'letter',
    door.title,
    view.problem === 'dead' ? notice('bad', html`<p>${door.dead}</p>`) : '',
    view.problem === 'not-sent' ? notice('bad', html`<p>${door.notSent}</p>`) : '',
    view.sent === null || !asked
      ? lead(door.text(address(view.address)))
      : long
        ? lead(
            code.long.sent(address(view.address), clock(around, view.sent.at)),
            ' ',
            code.validUntil(clock(around, view.sent.until)),
          )
        : lead(door.sent(clock(around, view.sent.at), clock(around, view.sent.until))),
    typed,
    form(`${base}/new-code`, view.form, button(asked ? door.again : door.send, asked ? 'plain' : 'main')),
  );
  return layout(around, door.title, content, { problem: view.problem !== null });
}

/** What was wrong with what was typed. */
function mistyped({ words: { sent, code } }: Around, { problem, sent: asked }: SenderDoorView): string | null {
  if (problem === 'not-six-digits' || problem === 'not-the-long-one')
    return asked?.long === true ? code.long.wrong : sent.door.sixDigits;
  return typeof problem === 'object' && problem !== null ? sent.door.wrong(problem.triesLeft) : null;
}

export function sentPage(around: Around, view: SentView): Page {
  const { sent } = around.words;
  const base = `/sent/${view.id}`;
  const asked = view.recipients.flatMap(({ requests }) => requests.filter(({ state }) => state === 'asked'));
  const content = sheet(
    'letter',
    sent.title,
    facts([sent.sentOn, moment(around, view.sentAt)]),
    asked.length === 0
      ? ''
      : html`<h2>${sent.requests}</h2>${list(
          asked.map(({ id, colleague, askedBy }) => ({
            title: address(colleague),
            line: askedBy,
            end: decision(around, `${base}/access`, view.form, { id, colleague }),
          })),
        )}`,
    html`<h2>${sent.recipients}</h2>${list(view.recipients.map((one) => recipient(around, one)))}`,
    view.extendTo === null
      ? ''
      : html`${form(`${base}/extend`, view.form, button(sent.extend, 'quiet'))}${hint(sent.extendText(day(around, view.extendTo)))}`,
    hint(sent.truth),
    view.recallable ? link(sent.recall, `${base}/recall`, 'quiet') : '',
  );
  return layout(around, sent.title, content);
}

function recipient(
  around: Around,
  { recipient: to, state, until, happened }: SentRecipient,
): { title: Piece; line: Piece } {
  const { sent } = around.words;
  const said = sent.states[state];
  const lines = happened.map(
    ({ kind, reader, at }) => html`<br>${sent.happened[kind](reader ?? sent.mailbox, moment(around, at))}`,
  );
  return {
    title: address(to),
    line: html`${typeof said === 'function' ? said(day(around, until)) : said}${lines}`,
  };
}

/** Several can stand on a page, so each says to who only hears it whom it is about. */
function decision(
  { words: { sent } }: Around,
  action: string,
  token: string,
  { id, colleague }: { readonly id: string; readonly colleague: string },
): Page {
  const choice = (value: string, label: string) => ({ name: 'answer', value, 'aria-label': `${label}: ${colleague}` });
  const allow = button(sent.allow, 'quiet', choice('allow', sent.allow));
  const refuse = button(sent.refuse, 'plain', choice('refuse', sent.refuse));
  return form(action, token, html`<input type="hidden" name="request" value="${id}">${allow} ${refuse}`);
}

/** `messages`: of the sender's in the conversation; 1 for this alone. */
export function recallPage(
  around: Around,
  view: { readonly id: string; readonly form: string; readonly messages: number },
): Page {
  const { sent, frame } = around.words;
  const action = `/sent/${view.id}/recall`;
  const scope = (value: string): Readonly<Record<string, string>> => ({ name: 'what', value });
  const content = sheet(
    'warning',
    sent.recallTitle,
    lead(sent.recallText),
    html`<p>${sent.truth}</p>`,
    form(action, view.form, button(sent.recall, 'danger', scope('message'))),
    view.messages < 2
      ? ''
      : form(action, view.form, button(sent.recallConversation(view.messages), 'quiet', scope('conversation'))),
    link(frame.cancel, `/sent/${view.id}`),
  );
  return layout(around, sent.recallTitle, content);
}

export type LetInView = {
  readonly id: string;
  readonly form: string;
  readonly by: string;
  readonly colleague: string;
  readonly recipient: string;
  readonly sentAt: number;
  readonly state: 'asked' | 'allowed' | 'refused' | 'gone';
};

export function letInPage(around: Around, view: LetInView): Page {
  const { letIn } = around.words.sent;
  const { state } = view;
  const answered = state === 'asked' ? '' : state === 'gone' ? letIn.gone : letIn[state](address(view.colleague));
  const content = sheet(
    'people',
    letIn.title,
    answered === '' ? '' : notice(state === 'allowed' ? 'good' : 'info', html`<p>${answered}</p>`),
    state === 'asked' ? lead(letIn.text(address(view.by), address(view.colleague), moment(around, view.sentAt))) : '',
    facts([letIn.recipient, address(view.recipient)]),
    state === 'asked' ? letInForm(around, view) : '',
  );
  return layout(around, letIn.title, content);
}

function letInForm({ words: { sent } }: Around, view: LetInView): Page {
  const yes = button(sent.allow, 'main', { name: 'answer', value: 'allow' });
  const no = button(sent.refuse, 'quiet', { name: 'answer', value: 'refuse' });
  return form(`/let-in/${view.id}`, view.form, html`${yes} ${no}`, { class: 'answer' });
}

export function moreTimePage(
  around: Around,
  view: { readonly deliveryId: string; readonly form: string; readonly expiresAt: number; readonly asked: boolean },
): Page {
  const { sent, frame } = around.words;
  const { moreTime } = sent;
  const base = `/d/${view.deliveryId}`;
  const content = sheet(
    'clock',
    moreTime.title,
    view.asked
      ? notice('good', html`<p>${moreTime.asked}</p>`)
      : html`${lead(moreTime.text(moment(around, view.expiresAt)))}${form(`${base}/more-time`, view.form, button(moreTime.ask))}`,
    link(frame.back, base),
  );
  return layout(around, moreTime.title, content);
}

/** For who follows the link of a message that was taken back. */
export function withdrawnPage(around: Around): Page {
  const { title, advice } = around.words.sent.withdrawn;
  return layout(around, title, sheet('info', title, html`<p>${advice}</p>`));
}
