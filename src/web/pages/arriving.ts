/** From the link to the open message: who wrote and the simplest way in, the code and where it went, and having to wait. */
import { html } from 'hono/html';
import type { ArrivingView, CodeView, WaitView, Way } from '../views.ts';
import { icon } from './icons.ts';
import { type Around, layout } from './layout.ts';
import {
  address,
  button,
  clock,
  facts,
  field,
  form,
  hint,
  lead,
  link,
  moment,
  more,
  notice,
  type Page,
  type Piece,
  sheet,
} from './parts.ts';

/** Names of their own, the same in every language. */
const providers = { microsoft: 'Microsoft', google: 'Google' } as const;

/** What stands behind a link before anything is proved. The simplest way is the page's one action; the others are folded away. */
export function arrivingPage(around: Around, view: ArrivingView): Page {
  const { words, brand } = around;
  const { arriving } = words;
  const [first, ...others] = view.ways;
  const content = sheet(
    'letter',
    arriving.title,
    brand.text === null ? '' : html`<p class="lead" lang="${brand.text.language}">${brand.text.text}</p>`,
    facts(
      [arriving.from, view.from === '' ? (brand.name ?? '') : address(view.from)],
      [arriving.sent, moment(around, view.sentAt)],
      [arriving.until, moment(around, view.expiresAt)],
      brand.phrase === null ? null : [words.frame.phrase, html`<q>${brand.phrase}</q>`],
    ),
    demandOf(around, view),
    first === undefined ? '' : html`<div class="first">${wayIn(around, view, first, 'main')}</div>`,
    others.length === 0
      ? ''
      : more(
          arriving.otherWays,
          html`<div class="ways">${others.map((way) => wayIn(around, view, way, 'quiet'))}</div>`,
        ),
    smallPrint(around, view),
  );
  const scripts = view.ways.some(({ proof }) => proof === 'passkey') ? [around.assets.passkey] : [];
  return layout(around, arriving.title, content, { scripts });
}

function demandOf({ words }: Around, { proved, demand }: ArrivingView): Piece {
  if (proved !== null) return notice('info', html`<p>${words.arriving.notEnough}</p>`);
  return demand === 'code' ? '' : html`<p>${words.arriving.demands}</p>`;
}

function wayIn(around: Around, view: ArrivingView, way: Way, rank: 'main' | 'quiet'): Page {
  const { arriving } = around.words;
  const { protects, button: label } = arriving.ways[way.proof];
  const intro =
    way.proof === 'code' && rank === 'main' ? html`<p>${arriving.codeIntro(address(view.address))}</p>` : '';
  return html`<div class="way">${intro}${wayControl(around, view, way, rank, label)}${hint(protects)}</div>`;
}

function wayControl(
  around: Around,
  { form: token }: ArrivingView,
  way: Way,
  rank: 'main' | 'quiet',
  label: string,
): Page {
  const { proof, action, provider } = way;
  if (proof === 'code') return form(action, token, button(label, rank));
  if (proof === 'passkey')
    return passkeyForm(around, { action, options: `${action}/options`, token, ceremony: 'get' }, button(label, rank));
  return link(provider === undefined ? label : around.words.arriving.signInWith(providers[provider]), action, rank);
}

export type Ceremony = {
  readonly action: string;
  /** Where a POST with the form's token gives the options of the ceremony as JSON. */
  readonly options: string;
  readonly token: string;
  readonly ceremony: 'get' | 'create';
};

/** A form that passkey.js fills in: it lets the device answer the options and sends the answer as JSON in the field `response`, empty when the device broke off. */
export function passkeyForm({ words }: Around, { action, options, token, ceremony }: Ceremony, content: Piece): Page {
  const filled = html`<input type="hidden" name="response" value="">${content}`;
  return html`${form(action, token, filled, { 'data-passkey': ceremony, 'data-options': options })}<noscript><p class="hint">${words.arriving.noScript}</p></noscript>`;
}

function smallPrint({ words, brand }: Around, { proved }: ArrivingView): Page {
  const said = [
    ...(proved === null ? [words.arriving.nothingYet] : []),
    ...(brand.phrase === null ? [] : [words.frame.phraseHint]),
  ];
  return hint(said.join(' '));
}

/** Where the code is typed. */
export function codePage(around: Around, view: CodeView): Page {
  const { code } = around.words;
  const dead = view.problem === 'dead';
  const title = dead ? code.deadTitle : code.title;
  const content = sheet(
    'code',
    title,
    dead
      ? notice('bad', html`<p>${code.dead(view.minutes)}</p>`)
      : html`${view.problem === 'not-sent' ? notice('bad', html`<p>${code.notSent}</p>`) : ''}${whereSent(around, view)}${codeForm(around, view)}`,
    newCode(around, view, dead),
    dead ? '' : hint(code.missing),
  );
  return layout(around, title, content, { problem: view.problem !== null && !dead });
}

function whereSent(around: Around, { sent, address: to, sentFrom }: CodeView): Page {
  const { code } = around.words;
  if (sent === null) return lead(code.elsewhere);
  const said = sent.long ? code.long.sent : code.sent;
  return html`${lead(said(address(to), clock(around, sent.at)), ' ', code.validUntil(clock(around, sent.until)))}
<p class="status">${icon(sent.mail === 'failed' ? 'warning' : sent.mail === 'delivered' ? 'done' : 'clock')}<span>${code.sentFrom(address(sentFrom))} ${code.mail[sent.mail]}</span></p>`;
}

function codeForm({ words }: Around, { deliveryId, form: token, problem, sent }: CodeView): Page {
  const { code } = words;
  const long = sent?.long === true;
  const said =
    problem === 'not-the-long-one' || problem === 'not-six-digits'
      ? long
        ? code.long.wrong
        : code.notSixDigits
      : typeof problem === 'object' && problem !== null
        ? code.wrong(problem.triesLeft)
        : null;
  const input = field({
    name: 'code',
    label: long ? code.long.label : code.label,
    problem: said,
    autocomplete: 'one-time-code',
    inputmode: 'numeric',
    maxLength: 24,
    autofocus: true,
    look: 'code',
  });
  // Our script sends the form once all digits are there, but not after a mistake: then the person presses the button.
  const auto: Record<string, string> = said === null ? { 'data-auto': long ? '16' : '6' } : {};
  return form(`/d/${deliveryId}/code`, token, html`${input}${button(code.open)}`, auto);
}

/** Until `againAt` our script counts down and keeps the button from being pressed in vain; without it the text says when. */
function newCode(around: Around, { deliveryId, form: token, againAt }: CodeView, dead: boolean): Page {
  const { code } = around.words;
  const again = button(code.again, dead ? 'main' : 'quiet');
  const action = `/d/${deliveryId}/new-code`;
  if (againAt === 0) return form(action, token, again);
  const wait = html`<p class="hint" data-countdown="${code.countdown}">${code.againFrom(clock(around, againAt))}</p>`;
  return form(action, token, html`${again}${wait}`, { 'data-until': new Date(againAt).toISOString() });
}

/** Said instead of doing something once too often. */
export function waitPage(around: Around, { until, back, what }: WaitView): Page {
  const { wait } = around.words.code;
  const title = wait[what];
  const text = { codes: wait.codesText, tries: wait.triesText, network: wait.networkText }[what];
  return layout(
    around,
    title,
    sheet(
      'clock',
      title,
      html`<p>${text(moment(around, until))}</p>`,
      back === null ? '' : link(what === 'codes' ? wait.haveCode : around.words.frame.back, back, 'quiet'),
    ),
  );
}

export function signedOutPage(around: Around): Page {
  const { signedOut } = around.words.arriving;
  const text = html`<p>${signedOut.text}</p>`;
  return layout(around, signedOut.title, sheet('door', signedOut.title, text));
}

export function homePage(around: Around, signIn: string | null = null): Page {
  const { home } = around.words.arriving;
  const content = sheet(
    'lock',
    home.title,
    lead(home.text),
    html`<p>${home.never}</p>`,
    signIn === null ? '' : link(home.signIn, signIn, 'quiet'),
  );
  return layout(around, home.title, content);
}
