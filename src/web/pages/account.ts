/** Where people keep their sign-in: an offer to make it one tap, their ways in, addresses and named members, sessions; and asking a colleague in. */
import { html, raw } from 'hono/html';
import type { AccountView, AuthenticatorView, ColleagueView, PasswordView } from '../views.ts';
import { passkeyForm } from './arriving.ts';
import type { Icon } from './icons.ts';
import { type Around, layout } from './layout.ts';
import {
  address,
  button,
  day,
  field,
  form,
  lead,
  link,
  list,
  moment,
  more,
  notice,
  type Page,
  type Piece,
  type Row,
  sheet,
} from './parts.ts';

/** Where the forms of these pages post to. */
export const accountPaths = {
  name: '/account/name',
  passkey: '/account/passkey',
  passkeyOptions: '/account/passkey/options',
  authenticator: '/account/authenticator',
  password: '/account/password',
  removeCredential: '/account/credential/remove',
  invite: '/account/invite',
  withdrawInvitation: '/account/invite/withdraw',
  removeMember: '/account/member/remove',
  leave: '/account/leave',
  phrase: '/account/phrase',
  endSession: '/account/session/end',
  endAll: '/account/session/end-all',
} as const;

const failures: readonly AccountView['said'][] = ['passkey-failed', 'stronger-proof-needed'];

export function accountPage(around: Around, view: AccountView): Page {
  const { account } = around.words;
  const { said } = view;
  const content = sheet(
    'person',
    account.title,
    said === null ? '' : notice(failures.includes(said) ? 'bad' : 'good', html`<p>${account.said[said]}</p>`),
    view.member === null ? offer(around, view) : '',
    ways(around, view),
    view.addresses.length === 0 ? '' : addresses(around, view),
    ownKey(around),
    view.member === null ? '' : nameForm(around, view.member.name, view.form),
    sessions(around, view),
  );
  const { inbox, frame } = around.words;
  const corner = html`${link(inbox.messages, '/inbox')}${form('/sign-out', view.form, button(frame.signOut, 'plain'))}`;
  return layout(around, account.title, content, { scripts: [around.assets.passkey], corner });
}

const nameField = (label: string, value = ''): Page =>
  field({ name: 'name', label, value, autocomplete: 'name', maxLength: 80 });

function ownKey(around: Around): Page {
  const { keys } = around.words;
  return html`<section><h2>${keys.title}</h2><p>${keys.short}</p><p>${link(keys.open, '/account/keys', 'quiet')}</p></section>`;
}

/** To who has proved a mailbox only: a name and a passkey, and the next message opens with one tap. */
function offer(around: Around, { form: token }: AccountView): Page {
  const { offer: words } = around.words.enrol;
  return html`<section><h2>${words.title}</h2><p>${words.text}</p>${newPasskey(around, token, html`${nameField(words.name)}${button(words.add)}`)}</section>`;
}

function newPasskey(around: Around, token: string, content: Piece): Page {
  const { passkey: action, passkeyOptions: options } = accountPaths;
  return passkeyForm(around, { action, options, token, ceremony: 'create' }, content);
}

const pictures = { passkey: 'key', authenticator: 'phone', password: 'lock', oidc: 'person' } as const satisfies Record<
  string,
  Icon
>;

function ways(around: Around, { credentials, member, form: token }: AccountView): Page | string {
  const { account } = around.words;
  if (member === null) return '';
  const has = (kind: string): boolean => credentials.some((credential) => credential.kind === kind);
  const rows = credentials.map(({ id, kind, label, createdAt, lastUsedAt }): Row => {
    const what = label === '' ? account.kinds[kind] : label;
    return {
      picture: pictures[kind],
      title: what,
      line: lastUsedAt === null ? account.added(day(around, createdAt)) : account.used(day(around, lastUsedAt)),
      end: row(accountPaths.removeCredential, token, { id }, account.remove, `${account.remove}: ${what}`),
    };
  });
  return html`<section><h2>${account.ways}</h2>${rows.length === 0 ? html`<p>${account.noWays}</p>` : list(rows)}
<div class="ways">${newPasskey(around, token, button(account.addPasskey, 'quiet'))}
${has('authenticator') ? '' : link(account.addAuthenticator, accountPaths.authenticator, 'quiet')}
${link(has('password') ? account.changePassword : account.setPassword, accountPaths.password, 'quiet')}</div></section>`;
}

/** A button at the end of a row. `name` says to who only hears it which row it is about. */
function row(
  action: string,
  token: string,
  fields: Readonly<Record<string, string>>,
  label: string,
  name: string,
): Page {
  const hidden = Object.entries(fields).map(
    ([key, value]) => html`<input type="hidden" name="${key}" value="${value}">`,
  );
  return form(action, token, html`${hidden}${button(label, 'plain', { 'aria-label': name })}`);
}

function addresses(around: Around, view: AccountView): Page {
  const { people } = around.words;
  return html`<section><h2>${people.addresses}</h2><p class="hint">${people.addressesText}</p>${view.addresses.map((of) => addressOf(around, view, of))}</section>`;
}

function addressOf(around: Around, { member, form: token }: AccountView, of: AccountView['addresses'][number]): Page {
  const { people, account } = around.words;
  const { tenant, address: at, role, members, invited, organisation } = of;
  const whose = { tenant, address: at };
  const rows = members.map(({ id, name, role: theirs, joinedAt }): Row => {
    const self = member?.id === id;
    return {
      picture: 'person',
      title: self ? [name, ' (', people.you, ')'] : name,
      line: [theirs === 'owner' ? people.owner : people.member, ' · ', account.added(day(around, joinedAt))],
      ...(self
        ? { end: row(accountPaths.leave, token, whose, people.leave, `${people.leave}: ${at}`) }
        : role === 'owner'
          ? {
              end: row(
                accountPaths.removeMember,
                token,
                { ...whose, member: id },
                account.remove,
                people.removeMember(name),
              ),
            }
          : {}),
    };
  });
  rows.push(
    ...invited.map(({ member: id, name, until }): Row => {
      const label = people.withdrawInvitation(name);
      return {
        picture: 'clock',
        title: name,
        line: people.invited(day(around, until)),
        end: row(accountPaths.withdrawInvitation, token, { ...whose, member: id }, people.withdraw, label),
      };
    }),
  );
  return html`<div class="address-of"><h3>${address(at)} <span>${organisation}</span></h3>${rows.length === 0 ? '' : list(rows)}${role === 'member' ? '' : invitation(around, token, whose)}${phraseForm(around, token, of)}</div>`;
}

function invitation(around: Around, token: string, whose: { readonly tenant: string; readonly address: string }): Page {
  const { people } = around.words;
  const { tenant, address: at } = whose;
  const hidden = Object.entries(whose).map(
    ([key, value]) => html`<input type="hidden" name="${key}" value="${value}">`,
  );
  const inputs = html`${field({ name: 'name', id: idFor('name', tenant, at), label: people.inviteName, autocomplete: 'off', maxLength: 80 })}
${field({ name: 'to', id: idFor('to', tenant, at), label: people.inviteAddress, type: 'email', inputmode: 'email', autocomplete: 'off', maxLength: 320 })}`;
  return more(
    people.invite,
    html`<p>${people.inviteText}</p>`,
    form(accountPaths.invite, token, html`${hidden}${inputs}${button(people.sendInvite)}`),
  );
}

/** The phrase stands in the form as it is, to be compared with letters. */
function phraseForm(
  { words }: Around,
  token: string,
  { tenant, address: at, phrase }: AccountView['addresses'][number],
): Page {
  const { label, text, save } = words.people.phrase;
  const value = phrase ?? '';
  const input = field({
    name: 'phrase',
    id: idFor('phrase', tenant, at),
    label,
    hint: text,
    value,
    autocomplete: 'off',
    maxLength: 80,
    required: false,
  });
  const hidden = html`<input type="hidden" name="tenant" value="${tenant}"><input type="hidden" name="address" value="${at}">`;
  return more(label, form(accountPaths.phrase, token, html`${hidden}${input}${button(save, 'quiet')}`));
}

/** Several forms of one kind can stand on a page, so their fields are named by whom they are about. */
function idFor(name: string, tenant: string, address: string): string {
  return `${name}-${tenant}-${address}`.replace(/[^a-z0-9]+/gi, '-');
}

function nameForm(around: Around, name: string, token: string): Page {
  const { account } = around.words;
  return html`<section>${form(accountPaths.name, token, html`${nameField(account.name, name)}${button(account.rename, 'quiet')}`)}</section>`;
}

function sessions(around: Around, { sessions: all, form: token }: AccountView): Page {
  const { account } = around.words;
  const rows = all.map(
    ({ id, agent, seenAt, current, methods }): Row => ({
      picture: 'screen',
      title: current ? [agent, ' – ', account.thisOne] : agent,
      line: [account.seen(moment(around, seenAt)), ...methods.map((method) => [' · ', account.proofs[method]])],
      ...(current ? {} : { end: row(accountPaths.endSession, token, { id }, account.end, `${account.end}: ${agent}`) }),
    }),
  );
  const endAll = form(accountPaths.endAll, token, button(account.endAll, 'quiet'));
  return html`<section><h2>${account.sessions}</h2>${list(rows)}${endAll}</section>`;
}

/** Where a way to sign in is set up: for oneself, or with `name` to be said, as somebody new. */
export type EnrolPlace = { readonly action: string; readonly back: string; readonly name: string | null };

const atAccount = (action: string): EnrolPlace => ({ action, back: '/account', name: null });

export function authenticatorPage(
  around: Around,
  view: AuthenticatorView,
  { action, back, name } = atAccount(accountPaths.authenticator),
): Page {
  const { authenticator } = around.words.enrol;
  const input = field({
    name: 'code',
    label: authenticator.label,
    autocomplete: 'one-time-code',
    inputmode: 'numeric',
    maxLength: 12,
    look: 'code',
    problem: view.problem === null ? null : authenticator.wrong,
  });
  const content = sheet(
    'phone',
    authenticator.title,
    lead(authenticator.scan),
    html`<figure class="qr" role="img" aria-label="${authenticator.picture}">${raw(view.qr)}</figure>`,
    html`<p>${authenticator.key}<br><code class="secret" dir="ltr">${view.secret}</code></p>`,
    form(action, view.form, html`${newName(around, name)}${input}${button(authenticator.save)}`),
    html`<p>${link(around.words.frame.cancel, back)}</p>`,
  );
  return layout(around, authenticator.title, content, { problem: view.problem !== null });
}

function newName(around: Around, name: string | null): Page | string {
  return name === null ? '' : nameField(around.words.enrol.offer.name, name);
}

export function passwordPage(
  around: Around,
  view: PasswordView,
  { action, back, name } = atAccount(accountPaths.password),
): Page {
  const { password } = around.words.enrol;
  const { problem, minLength } = view;
  const said = problem === null ? null : password.problems[problem];
  const common = { type: 'password', autocomplete: 'new-password', maxLength: 200 } as const;
  const inputs = html`${field({ ...common, name: 'password', label: password.label, hint: password.text(minLength), minLength, autofocus: true, problem: problem === 'different' ? null : said })}
${field({ ...common, name: 'again', label: password.again, problem: problem === 'different' ? said : null })}`;
  const content = sheet(
    'lock',
    password.title,
    form(action, view.form, html`${newName(around, name)}${inputs}${button(password.save)}`),
    html`<p>${link(around.words.frame.cancel, back)}</p>`,
  );
  return layout(around, password.title, content, { problem: problem !== null });
}

export function colleaguePage(around: Around, view: ColleagueView): Page {
  const { colleague } = around.words.people;
  const { problem, deliveryId, asked } = view;
  const input = field({
    name: 'colleague',
    label: colleague.label,
    type: 'email',
    inputmode: 'email',
    autocomplete: 'off',
    maxLength: 320,
    problem: problem === null ? null : colleague.problems[problem],
  });
  const rows = asked.map(
    ({ colleague: who, state, askedAt }): Row => ({
      picture: state === 'allowed' ? 'done' : state === 'refused' ? 'warning' : 'clock',
      title: who,
      line: [colleague.states[state], ' · ', moment(around, askedAt)],
    }),
  );
  const content = sheet(
    'people',
    colleague.title,
    lead(colleague.text(view.sender === '' ? (around.brand.name ?? '') : address(view.sender))),
    form(`/d/${deliveryId}/colleague`, view.form, html`${input}${button(colleague.ask)}`),
    rows.length === 0 ? '' : html`<section><h2>${colleague.asked}</h2>${list(rows)}</section>`,
    html`<p>${link(around.words.frame.back, `/d/${deliveryId}`)}</p>`,
  );
  return layout(around, colleague.title, content, { problem: problem !== null });
}
