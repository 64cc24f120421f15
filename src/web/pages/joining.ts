/** The page of an invitation: whose mail is to be read, under which name, and the passkey to make, or what else one can sign in with. */
import { html } from 'hono/html';
import { passkeyForm } from './arriving.ts';
import { type Around, layout } from './layout.ts';
import { address, button, field, lead, link, type Page, sheet } from './parts.ts';

export type JoinView = {
  readonly form: string;
  readonly name: string;
  readonly address: string;
};

export function joinPage(around: Around, view: JoinView): Page {
  const { account, enrol, people } = around.words;
  const { offer } = enrol;
  const name = field({ name: 'name', label: offer.name, value: view.name, autocomplete: 'name', maxLength: 80 });
  const inputs = html`${name}${button(offer.add)}`;
  const ceremony = {
    action: '/join/passkey',
    options: '/join/passkey/options',
    token: view.form,
    ceremony: 'create',
  } as const;
  const content = sheet(
    'people',
    people.join.title,
    lead(people.join.text(address(view.address))),
    html`<p>${offer.text}</p>`,
    passkeyForm(around, ceremony, inputs),
    html`<section><h2>${people.join.other}</h2><div class="ways">${link(account.setPassword, '/join/password', 'quiet')}
${link(account.addAuthenticator, '/join/authenticator', 'quiet')}</div></section>`,
  );
  return layout(around, people.join.title, content, { scripts: [around.assets.passkey] });
}
