/** The ways to prove who one is other than by a code by mail, and the page to sign in without a message. */
import { html } from 'hono/html';
import type { SecretView, SignInView } from '../views.ts';
import { passkeyForm } from './arriving.ts';
import { type Around, layout } from './layout.ts';
import { button, type Field, field, form, lead, link, notice, type Page, type Piece, sheet } from './parts.ts';

const providers = { microsoft: 'Microsoft', google: 'Google' } as const;

const pictures = { passphrase: 'speech', password: 'key', authenticator: 'phone' } as const;

/** A passphrase, a password or the code of an app. */
export function secretPage(around: Around, view: SecretView): Page {
  const { proving } = around.words;
  const { proof, problem, askAddress } = view;
  const { title } = proving[proof];
  const who = field({
    name: 'address',
    label: proving.address,
    type: 'email',
    autocomplete: 'username',
    inputmode: 'email',
    maxLength: 320,
    autofocus: true,
  });
  const content = sheet(
    pictures[proof],
    title,
    introOf(around, view),
    form(
      view.action,
      view.form,
      html`${askAddress ? who : ''}${field({ ...inputOf(around, view), maxLength: 200, autofocus: !askAddress, problem: problem === null ? null : proving.wrong })}${button(proving.go)}`,
    ),
  );
  return layout(around, title, content, { problem: problem !== null });
}

function introOf({ words }: Around, { proof, question }: SecretView): Piece {
  const { proving } = words;
  if (proof !== 'passphrase' || question === '') return lead(proving[proof].text);
  return html`<div class="asked"><p>${proving.passphrase.asks}</p><p class="question" dir="auto">${question}</p></div>`;
}

function inputOf({ words }: Around, { proof, question }: SecretView): Omit<Field, 'maxLength'> {
  const { passphrase, password, authenticator } = words.proving;
  if (proof === 'password')
    return { name: 'secret', label: password.label, type: 'password', autocomplete: 'current-password' };
  if (proof === 'authenticator') {
    const { label } = authenticator;
    return { name: 'secret', label, autocomplete: 'one-time-code', inputmode: 'numeric', look: 'code' };
  }
  return { name: 'secret', label: question === '' ? passphrase.label : passphrase.answer, autocomplete: 'off' };
}

export function signInPage(around: Around, view: SignInView): Page {
  const { arriving, proving } = around.words;
  const { signIn, problems } = proving;
  const content = sheet(
    'key',
    signIn.title,
    lead(signIn.text),
    view.problem === null ? '' : notice('bad', html`<p>${problems[view.problem]}</p>`),
    html`<div class="first">${passkeyForm(
      around,
      { action: '/sign-in/passkey', options: view.passkeyOptions, token: view.form, ceremony: 'get' },
      button(signIn.passkey),
    )}</div>`,
    html`<div class="ways">${[
      link(signIn.password, '/sign-in/password', 'quiet'),
      view.authenticator ? link(signIn.authenticator, '/sign-in/authenticator', 'quiet') : '',
      ...view.providers.map((provider) =>
        link(arriving.signInWith(providers[provider]), `/sign-in/${provider}`, 'quiet'),
      ),
    ]}</div>`,
  );
  return layout(around, signIn.title, content, { scripts: [around.assets.passkey], problem: view.problem !== null });
}
