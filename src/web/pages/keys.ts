/** The page of a person's own keys: why one would give one, what is known for each address, and a form to give another. */
import { html } from 'hono/html';
import type { Given, KnownKey } from '../../keys/given.ts';
import { shortFingerprint } from '../../keys/words.ts';
import { type Around, layout } from './layout.ts';
import {
  address,
  button,
  day,
  form,
  hint,
  lead,
  link,
  list,
  more,
  notice,
  type Page,
  type Piece,
  type Row,
  sheet,
} from './parts.ts';

/** What was just done, or why not: `address` is the one that a refused key was given for. */
export type GivenNow = { readonly said: Given | 'taken-back'; readonly address: string | null };

export type KeysView = {
  readonly form: string;
  readonly organisation: string;
  readonly addresses: readonly {
    readonly tenant: string;
    readonly address: string;
    /** Whether the person may give keys and take them back now; `stale`: after proving who they are anew. */
    readonly right: 'yes' | 'stale' | 'no';
    readonly keys: readonly KnownKey[];
  }[];
  readonly now: GivenNow | null;
};

export function keysPage(around: Around, view: KeysView): Page {
  const { keys } = around.words;
  const { now } = view;
  const refused = now?.address ?? null;
  const content = sheet(
    'key',
    keys.title,
    now === null ? '' : notice(refused === null ? 'good' : 'bad', html`<p>${keys.said[now.said]}</p>`),
    lead(keys.text(view.organisation)),
    more(keys.which, html`<p>${keys.whichText}</p>`),
    view.addresses.map((of) => keysOf(around, view, of)),
    html`<p>${link(around.words.frame.back, '/account')}</p>`,
  );
  const corner = form('/sign-out', view.form, button(around.words.frame.signOut, 'plain'));
  return layout(around, keys.title, content, { problem: refused !== null, corner });
}

function keysOf(around: Around, view: KeysView, of: KeysView['addresses'][number]): Page {
  const { keys } = around.words;
  const { tenant, right, address: at } = of;
  const whose = html`<input type="hidden" name="tenant" value="${tenant}"><input type="hidden" name="address" value="${at}">`;
  const rows = of.keys.map((key): Row => {
    const title = `${keys.kinds[key.kind]} ${shortFingerprint(key)}`;
    const remove = button(keys.takeBack, 'plain', { 'aria-label': `${keys.takeBack}: ${title}` });
    const id = html`<input type="hidden" name="id" value="${key.id}">`;
    const end = key.own && right === 'yes' ? form('/account/keys/remove', view.form, html`${whose}${id}${remove}`) : '';
    return { picture: 'key', title, line: lineOf(around, key), end };
  });
  return html`<section><h2>${address(at)}</h2>${rows.length === 0 ? html`<p>${keys.none}</p>` : list(rows)}${right === 'yes' ? giveForm(around, view, whose, at) : hint(keys.rights[right])}</section>`;
}

function lineOf(around: Around, { source, standing, createdAt }: KnownKey): Piece {
  const { keys } = around.words;
  const from = source === 'portal' ? 'here' : source === 'import' || source === 'pinned' ? 'organisation' : 'found';
  return [keys.standings[standing], ' · ', keys.origins[from], ', ', day(around, createdAt)];
}

function giveForm(around: Around, view: KeysView, whose: Page, at: string): Page {
  const { keys } = around.words;
  // One form for each address can stand on the page.
  const id = at.replace(/[^a-z0-9]+/gi, '-');
  const wrong = view.now?.address === at ? html` aria-invalid="true"` : '';
  const inputs = html`<div class="field"><label for="file-${id}">${keys.file}</label>
<p class="hint" id="file-${id}-hint">${keys.fileHint}</p>
<input type="file" id="file-${id}" name="file" accept=".asc,.gpg,.pgp,.pub,.key,.cer,.crt,.pem,.der,.p7b,.p7c" aria-describedby="file-${id}-hint"${wrong}></div>
<div class="field"><label for="text-${id}">${keys.paste}</label>
<textarea id="text-${id}" name="text" rows="4" spellcheck="false" autocapitalize="off" autocomplete="off" maxlength="65536" dir="ltr"${wrong}></textarea></div>`;
  const encoding = { enctype: 'multipart/form-data' };
  return form('/account/keys', view.form, html`${whose}${inputs}${button(keys.give)}`, encoding);
}
