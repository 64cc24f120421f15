/**
 * The pages of writing: a draft (`composePage`), what was sent (`sentPage`), the list of drafts, where a new message
 * begins, and what is left when a session ended while somebody typed.
 *
 * The whole draft is one form, so that whatever button is pressed, nothing typed is lost. It works without scripts; upload.js sends files in chunks as they
 * are chosen or dropped, and saves what is typed.
 */
import { html } from 'hono/html';
import { readableSize } from '../../mail/language.ts';
import { icon } from './icons.ts';
import { type Around, layout } from './layout.ts';
import {
  button,
  facts,
  field,
  form,
  hint,
  lead,
  link,
  list,
  moment,
  more,
  notice,
  type Page,
  type Rank,
  sheet,
} from './parts.ts';

export type Problem = keyof Around['words']['answer']['problems'];

export type FileLine = {
  readonly id: string;
  readonly name: string;
  /** Null while it is not known. */
  readonly size: number | null;
  readonly stored: number;
};

export type ComposeView = {
  readonly id: string;
  readonly form: string;
  readonly kind: 'reply' | 'all' | 'new';
  /** Whom an answer goes to, as people read it. */
  readonly to: readonly string[];
  readonly cc: readonly string[];
  /** For a new message: what was typed, whom one may choose from, and whether others of the organisation may be typed. */
  readonly typedTo: string;
  readonly known: readonly string[];
  readonly anyone: boolean;
  readonly subject: string;
  readonly text: string;
  /** Null when there is nothing to quote. */
  readonly quote: boolean | null;
  /** What the writer may have by mail, null when the organisation gives nothing; and whether they want it. */
  readonly ownCopy: 'receipt' | 'whole' | null;
  readonly wantsCopy: boolean;
  readonly files: readonly FileLine[];
  readonly room: { readonly total: number; readonly left: number };
  /** Null before it was saved. */
  readonly savedAt: number | null;
  readonly until: number;
  /** The message it answers; null for a new one. */
  readonly back: string | null;
  readonly maxText: number;
  readonly maxSubject: number;
  readonly problem: Problem | null;
};

/** The first button of a form is what the return key presses, seen or not: here it saves, and neither removes a file nor sends. */
export function composePage(around: Around, view: ComposeView): Page {
  const { answer } = around.words;
  const { id, problem } = view;
  const title = answer.title[view.kind];
  // A wrong address is said at its field, where it was typed.
  const said = problem === 'address' && view.kind === 'new' && view.anyone ? null : problem;
  const content = html`<article class="sheet">
<h1>${title}</h1>
${said === null ? '' : notice('bad', html`<p>${answer.problems[said]}</p>`)}
<form method="post" action="/answer/${id}" enctype="multipart/form-data" class="compose" ${scriptWords(around, view)}>
<input type="hidden" name="form" value="${view.form}">
<button type="submit" name="do" value="save" hidden></button>
${view.kind === 'new' ? newFields(around, view) : answeredFields(around, view)}
<div class="field"><label for="text">${answer.text}</label>
<p class="hint" id="text-hint">${answer.textHint}</p>
<textarea id="text" name="text" rows="12" maxlength="${view.maxText}" aria-describedby="text-hint" dir="auto">
${view.text}</textarea></div>
${view.quote === null ? '' : checkbox('quote', answer.quote, view.quote)}
${fileFields(around, view)}
${view.ownCopy === null ? '' : checkbox('receipt', answer.ownCopies[view.ownCopy].label, view.wantsCopy, answer.ownCopies[view.ownCopy].hint)}
<div class="actions">${button(answer.send, 'main', { name: 'do', value: 'send' })}${button(answer.save, 'quiet', { name: 'do', value: 'save' })}</div>
<p class="hint" role="status" data-status>${view.savedAt === null ? '' : answer.saved(moment(around, view.savedAt))}</p>
${hint(answer.protects(around.brand.name ?? ''), ' ', answer.kept(moment(around, view.until)))}
${more(answer.discard, html`<p>${answer.discardWhy}</p>${button(answer.discard, 'danger', { name: 'do', value: 'discard' })}`)}
</form>
${view.back === null ? '' : html`<p>${link(answer.back, view.back)}</p>`}
</article>`;
  return layout(around, title, content, {
    width: 'wide',
    scripts: [around.assets.upload],
    corner: html`${link(around.words.inbox.messages, '/inbox')}${link(answer.drafts.title, '/drafts')}`,
    problem: problem !== null,
  });
}

function answeredFields(around: Around, { to, cc, subject }: ComposeView): Page {
  const { reading, answer } = around.words;
  return facts(
    [answer.toWhom, html`<span dir="auto">${to.join(', ')}</span>`],
    cc.length === 0 ? null : [reading.cc, html`<span dir="auto">${cc.join(', ')}</span>`],
    [answer.subject, html`<span dir="auto">${subject}</span>`],
  );
}

function newFields(around: Around, { typedTo, known, anyone, subject, problem, maxSubject }: ComposeView): Page {
  const { answer } = around.words;
  const wrong = problem === 'address' ? answer.problems.address : null;
  const to = anyone
    ? field({
        name: 'to',
        label: answer.toWhom,
        hint: answer.toHint.anyone,
        problem: wrong,
        value: typedTo,
        autocomplete: 'off',
        inputmode: 'email',
        maxLength: 2000,
        required: false,
      })
    : html`<div class="field"><label for="to">${answer.toWhom}</label><p class="hint" id="to-hint">${answer.toHint.known}</p>
<select id="to" name="to" aria-describedby="to-hint">${known.map(
        (address) => html`<option value="${address}"${address === typedTo ? html` selected` : ''}>${address}</option>`,
      )}</select></div>`;
  const about = field({
    name: 'subject',
    label: answer.subject,
    value: subject,
    autocomplete: 'off',
    maxLength: maxSubject,
    required: false,
  });
  return html`${to}${about}`;
}

function checkbox(name: string, label: string, checked: boolean, about?: string): Page {
  return html`<div class="check"><input type="checkbox" id="${name}" name="${name}" value="yes"${checked ? html` checked` : ''}${about === undefined ? '' : html` aria-describedby="${name}-hint"`}><label for="${name}">${label}</label>${about === undefined ? '' : html`<p class="hint" id="${name}-hint">${about}</p>`}</div>`;
}

function fileFields(around: Around, { files, room }: ComposeView): Page {
  const { answer } = around.words;
  const said =
    room.left > 0
      ? answer.room(readableSize(room.total, around.language), readableSize(room.left, around.language))
      : answer.noRoom(readableSize(room.total, around.language));
  return html`<fieldset class="drop"><legend>${answer.files}</legend>
<ul class="list" data-files>${files.map((file) => fileLine(around, file))}</ul>
<div class="field"><label for="file">${answer.attach}</label>
<p class="hint" id="file-hint">${said}<span data-drop hidden> ${answer.script.drop}</span></p>
<input type="file" id="file" name="file" multiple aria-describedby="file-hint"></div>
<div data-without>${button(answer.attachNow, 'quiet', { name: 'do', value: 'attach' })}</div>
<p role="status" data-uploads></p></fieldset>`;
}

function fileLine(around: Around, { id, name, size, stored }: FileLine): Page {
  const { answer } = around.words;
  const whole = size === stored;
  const line = whole
    ? readableSize(stored, around.language)
    : answer.arrived(readableSize(stored, around.language), size === null ? '?' : readableSize(size, around.language));
  return html`<li data-file="${id}"${whole ? '' : html` data-incomplete`}>${icon('file')}<div><b dir="auto">${name}</b><span>${line}</span></div>${button(answer.removeShort, 'plain', { name: 'remove', value: id, 'aria-label': answer.remove(name) })}</li>`;
}

/** What upload.js says, and what it needs to know. */
function scriptWords({ words: { answer }, language }: Around, { id, room }: ComposeView): Page[] {
  const { script } = answer;
  const given: Record<string, string> = {
    'data-answer': id,
    'data-left': String(room.left),
    'data-language': language,
    'data-remove': answer.removeShort,
    ...Object.fromEntries(Object.entries(script).map(([name, words]) => [`data-${name}`, words])),
  };
  return Object.entries(given).map(([name, value]) => html` ${name}="${value}"`);
}

/** What became of it, for one recipient or all. */
export type SentProgress = 'on' | 'delivered' | 'delayed' | 'failed';

export type SentView = {
  readonly id: string;
  readonly sentAt: number;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly files: readonly Pick<FileLine, 'id' | 'name' | 'stored'>[];
  readonly progress: readonly { readonly recipient: string; readonly state: SentProgress }[];
  readonly until: number;
};

export function sentPage(
  around: Around,
  view: SentView & { readonly form: string; readonly back: string | null },
): Page {
  const { answer } = around.words;
  const states = new Set(view.progress.map(({ state }) => state));
  const [only] = states;
  const title = states.size === 1 && only !== undefined && only !== 'on' ? heading(around, only) : answer.sent.title;
  const content = html`${sheet(
    states.has('failed') ? 'warning' : 'done',
    title,
    // Where it failed for all, the title says so.
    states.has('failed') && states.size > 1 ? notice('bad', html`<p>${answer.sent.failed}</p>`) : '',
    sentEntry(around, view),
    hint(answer.sent.until(moment(around, view.until))),
    view.back === null ? '' : html`<p>${link(answer.back, view.back, 'quiet')}</p>`,
  )}`;
  return layout(around, title, content, { width: 'wide' });
}

function heading({ words: { answer } }: Around, state: Exclude<SentProgress, 'on'>): string {
  return { delivered: answer.sent.delivered, delayed: answer.sent.title, failed: answer.sent.failed }[state];
}

/** What one sent, as the conversation shows it. */
function sentEntry(around: Around, view: SentView): Page {
  const { answer, reading } = around.words;
  const { sent } = answer;
  const { to, cc, subject, text, files, progress, sentAt, id } = view;
  return html`<div class="sent">
${facts(
  [reading.from, sent.you],
  [answer.toWhom, html`<span dir="auto">${to.join(', ')}</span>`],
  cc.length === 0 ? null : [reading.cc, html`<span dir="auto">${cc.join(', ')}</span>`],
  [answer.subject, html`<span dir="auto">${subject === '' ? reading.noSubject : subject}</span>`],
  [reading.date, sent.line(moment(around, sentAt))],
  ...progress.map(({ recipient, state }) => [html`<span dir="ltr">${recipient}</span>`, sent[state]] as const),
)}
<div class="text" dir="auto">${text}</div>
${
  files.length === 0
    ? ''
    : html`<div class="files"><h2>${answer.files}</h2><ul>${files.map(
        (file) =>
          html`<li><a href="/answer/${id}/file/${file.id}" download>${icon('file')}<b dir="auto">${file.name}</b> <span>${readableSize(file.stored, around.language)}</span></a></li>`,
      )}</ul></div>`
}
</div>`;
}

export type DraftsView = {
  readonly form: string;
  readonly drafts: readonly {
    readonly id: string;
    readonly kind: 'reply' | 'all' | 'new';
    /** The first words, or empty. */
    readonly begins: string;
    readonly savedAt: number;
    readonly until: number;
  }[];
  readonly problem: Problem | null;
};

export function draftsPage(around: Around, view: DraftsView): Page {
  const { answer } = around.words;
  const rows = view.drafts.map(({ id, kind, begins, savedAt, until }) => ({
    picture: 'letter' as const,
    title: html`<a href="/answer/${id}">${answer.title[kind]}</a>`,
    line: html`<span dir="auto">${begins === '' ? answer.drafts.noText : begins}</span>${answer.saved(moment(around, savedAt))} ${answer.kept(moment(around, until))}`,
    end: form(`/answer/${id}`, view.form, button(answer.discard, 'plain', { name: 'do', value: 'discard' })),
  }));
  const content = sheet(
    'letter',
    answer.drafts.title,
    view.problem === null ? '' : notice('bad', html`<p>${answer.problems[view.problem]}</p>`),
    rows.length === 0 ? html`<p>${answer.drafts.none}</p>` : list(rows),
  );
  const corner = link(around.words.inbox.messages, '/inbox');
  return layout(around, answer.drafts.title, content, { width: 'wide', corner, problem: view.problem !== null });
}

export type WriteView = {
  readonly form: string;
  /** From where to whom a message may be written. */
  readonly ways: readonly { readonly tenant: string; readonly address: string; readonly organisation: string }[];
};

export function writePage(around: Around, { form: token, ways }: WriteView): Page {
  const { answer } = around.words;
  const choices = ways.map(({ tenant, address, organisation }) =>
    form(
      '/write',
      token,
      html`<input type="hidden" name="tenant" value="${tenant}"><input type="hidden" name="address" value="${address}">${button(answer.from.choose(address, organisation), ways.length === 1 ? 'main' : 'quiet')}`,
    ),
  );
  const content = sheet(
    'letter',
    answer.title.new,
    ways.length === 0 ? html`<p>${answer.from.none}</p>` : html`${lead(answer.from.lead)}${choices}`,
  );
  return layout(around, answer.title.new, content, { corner: link(around.words.inbox.messages, '/inbox') });
}

/** For who typed and was signed out meanwhile: nothing is lost that can be kept in front of them. */
export function lostPage(around: Around, typed: string): Page {
  const { lost } = around.words.answer;
  const content = sheet(
    'warning',
    lost.title,
    lead(lost.lead),
    html`<div class="field"><label for="typed">${lost.text}</label><textarea id="typed" rows="14" readonly dir="auto">
${typed}</textarea></div>`,
  );
  return layout(around, lost.title, content, { width: 'wide', problem: true });
}

/** What the reader of a message may do: answer it, answer all it names, write something new, go on with a draft. */
export type Answering = {
  readonly reply: boolean;
  readonly all: boolean;
  readonly write: boolean;
  readonly drafts: boolean;
};

/** The buttons under a message by which it is answered, and where else writing leads, with `further` ways on. */
export function answerButtons(
  around: Around,
  delivery: string,
  token: string,
  may: Answering,
  rank: Rank,
  further: Page,
): Page {
  const { answer } = around.words;
  const all = may.all ? button(answer.all, 'quiet', { name: 'kind', value: 'all' }) : '';
  const both = html`${button(answer.reply, rank, { name: 'kind', value: 'reply' })}${all}`;
  const links = [
    ...(may.write ? [link(answer.write, '/write')] : []),
    ...(may.drafts ? [link(answer.drafts.title, '/drafts')] : []),
  ];
  return html`${may.reply ? form(`/d/${delivery}/answer`, token, both, { class: 'answer' }) : ''}<p class="writing">${links}${further}</p>`;
}
