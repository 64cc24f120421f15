/**
 * The portal: where a message waits for a person who has no key of their own.
 *
 * The way through: /m/TOKEN (the link of the notification, left at once) - /d/ID (the front door, arriving.ts) - a proof (proof/) - /d/ID (the message,
 * reading.ts). Who wants to come back with one tap goes to /account. This file has the table of routes and what they share.
 * GET and HEAD never change anything that a link scanner could set off: only a POST from our own page mails a code, and only a proof opens.
 *
 * What it may touch is in `PortalPorts` (ports.ts): the part of the database that is the portal's, a key that opens what was published for it, and an outbox.
 */
import { hkdfSync } from 'node:crypto';
import { type Context, Hono } from 'hono';
import * as account from './account.ts';
import * as enrolment from './account-enrol.ts';
import * as keys from './account-keys.ts';
import * as people from './account-people.ts';
import * as writing from './answer.ts';
import { ownFile } from './answer-sent.ts';
import { backToDoor, followLink } from './arriving.ts';
import { createLooks, type Looks } from './branding.ts';
import { answerInvitation } from './calendar.ts';
import { createCleaner } from './clean.ts';
import * as files from './files.ts';
import { showInbox } from './inbox.ts';
import * as invitation from './invitation.ts';
import { createLimiter } from './limits.ts';
import { openMessages } from './message.ts';
import { homePage } from './pages/arriving.ts';
import { troublePage } from './pages/trouble.ts';
import type { PortalPorts } from './ports.ts';
import * as ceremonies from './proof/ceremonies.ts';
import * as code from './proof/code.ts';
import * as oidc from './proof/oidc.ts';
import * as secrets from './proof/secrets.ts';
import * as reading from './reading.ts';
import { type Env, type Handler, signedIn } from './request.ts';
import * as sender from './sender.ts';
import { followSenderLink, senderOf } from './sender-entrance.ts';
import { askSenderCode, typeSenderCode } from './sender-proof.ts';
import { createSessions } from './session.ts';
import * as uploads from './uploads.ts';

export type Portal = {
  readonly routes: Hono<Env>;
  /** For pages that belong to no route, such as errors. */
  readonly looks: Looks;
  /** Ends the threads that clean HTML. */
  close(): Promise<void>;
};

type Step = (c: Context<Env>, shared: reading.ReadingShared) => Promise<Response>;
/** What a path answers; everything else is refused with 405. */
export type Verbs = { readonly GET?: Step; readonly POST?: Step };

const hour = 3_600_000;

export function createPortal(ports: PortalPorts): Portal {
  const now = ports.now ?? Date.now;
  const cleaner = createCleaner();
  const looks = createLooks(ports.tenants, ports.portalUrl);
  // Cookies and form tokens by a key of their own, apart from what is sealed. RFC 5869 section 3.2.
  const cookieKey = Buffer.from(hkdfSync('sha256', ports.key, '', 'postern portal cookies', 32));
  const shared: reading.ReadingShared = {
    ports,
    now,
    sessions: createSessions(cookieKey, ports.store, now),
    looks,
    messages: openMessages(ports),
    cleaner,
    seen: reading.createSeen(),
    limits: {
      lookUps: createLimiter(30, hour / 6, now),
      // Many, as a whole hospital may come from one address; for a message and for an address the database counts.
      codes: createLimiter(300, hour, now),
      wrong: createLimiter(60, hour, now),
      answers: createLimiter(60, hour, now),
    },
  };
  const site = new Hono<Env>();
  const serve = (path: string, verbs: { readonly GET?: Handler; readonly POST?: Handler }): void => {
    if (verbs.GET !== undefined) site.get(path, verbs.GET);
    if (verbs.POST !== undefined) site.post(path, verbs.POST);
    const allow = [...(verbs.GET === undefined ? [] : ['GET', 'HEAD']), ...(verbs.POST === undefined ? [] : ['POST'])];
    site.all(path, async (c) => {
      c.header('Allow', allow.join(', '));
      return c.html(troublePage(looks.around(c, null, '/'), 'wrongVerb', await signedIn(c, shared)), 405);
    });
  };
  for (const { path, ...verbs } of looks.files) serve(path, verbs);
  for (const [path, { GET, POST }] of Object.entries(routes)) {
    serve(path, {
      ...(GET === undefined ? {} : { GET: (c) => GET(c, shared) }),
      ...(POST === undefined ? {} : { POST: (c) => POST(c, shared) }),
    });
  }
  site.all('*', async (c) => {
    const here = looks.around(c, null, '/');
    return c.html(troublePage(here, 'notFound', await signedIn(c, shared)), 404);
  });
  return { routes: site, looks, close: () => cleaner.close() };
}

/** Every path with its verbs; a test walks the table with other people's ids. */
export const routes: Readonly<Record<string, Verbs>> = {
  '/': { GET: async (c, { looks }) => c.html(homePage(looks.around(c, null), '/sign-in')) },
  '/m/:token': { GET: followLink },
  '/d/:id': { GET: reading.showMessage },
  '/d/:id/new-code': { GET: backToDoor, POST: code.askCode },
  '/d/:id/code': { GET: code.showCodeForm, POST: code.typeCode },
  '/d/:id/passkey': { GET: backToDoor, POST: ceremonies.answerAtDoor },
  '/d/:id/passkey/options': { POST: ceremonies.doorOptions },
  '/d/:id/passphrase': typed('passphrase'),
  '/d/:id/password': typed('password'),
  '/d/:id/authenticator': typed('authenticator'),
  '/d/:id/sign-in/:provider': { GET: oidc.leaveFromDoor },
  '/d/:id/html': { GET: reading.showFormatted },
  '/d/:id/pictures': { GET: backToDoor, POST: reading.showPictures },
  '/d/:id/answer-invitation': { GET: backToDoor, POST: answerInvitation },
  '/d/:id/attachment/:path': { GET: files.download },
  '/d/:id/attachments.zip': { GET: files.downloadAll },
  '/d/:id/preview/:path': { GET: files.showPreview },
  '/d/:id/picture/:path': { GET: files.showPicture },
  '/d/:id/message.eml': { GET: files.downloadWhole },
  '/d/:id/colleague': { GET: people.showColleague, POST: people.askColleague },
  '/d/:id/more-time': { GET: sender.showMoreTime, POST: sender.askMoreTime },
  '/d/:id/answer': { GET: backToDoor, POST: writing.startAnswer },
  '/d/:id/sign-out': { GET: backToDoor, POST: reading.signOut },
  '/answer/:id': { GET: writing.showAnswer, POST: writing.submitAnswer },
  '/answer/:id/upload': { POST: uploads.announceUpload },
  '/answer/:id/upload/:upload': { GET: uploads.showUpload, POST: uploads.takeChunk },
  '/answer/:id/file/:upload': { GET: ownFile },
  '/drafts': { GET: writing.showDrafts },
  '/write': { GET: writing.showWrite, POST: writing.startMessage },
  '/sign-in': { GET: (c, shared) => ceremonies.showSignIn(c, shared) },
  '/sign-in/passkey': { GET: backToSignIn, POST: ceremonies.answerSignIn },
  '/sign-in/passkey/options': { POST: ceremonies.signInOptions },
  '/sign-in/password': typedAtSignIn('password'),
  '/sign-in/authenticator': typedAtSignIn('authenticator'),
  '/sign-in/:provider': { GET: oidc.leaveFromSignIn },
  '/sign-in/:provider/back': { GET: oidc.comeBack },
  '/sign-out': { GET: backToSignIn, POST: reading.signOut },
  '/inbox': { GET: showInbox },
  '/account': { GET: account.showAccount },
  '/account/name': { GET: backToAccount, POST: account.rename },
  '/account/passkey': { GET: backToAccount, POST: enrolment.makePasskey },
  '/account/passkey/options': { POST: enrolment.passkeyOptions },
  '/account/authenticator': { GET: enrolment.showAuthenticator, POST: enrolment.makeAuthenticator },
  '/account/password': { GET: enrolment.showPassword, POST: enrolment.setPassword },
  '/account/keys': { GET: keys.showKeys, POST: keys.giveKey },
  '/account/keys/remove': { GET: backToAccount, POST: keys.takeKeyBack },
  '/account/credential/remove': { GET: backToAccount, POST: account.removeCredential },
  '/account/session/end': { GET: backToAccount, POST: (c, shared) => account.endSessions(c, shared, 'one') },
  '/account/session/end-all': { GET: backToAccount, POST: (c, shared) => account.endSessions(c, shared, 'all') },
  '/account/invite': { GET: backToAccount, POST: people.invite },
  '/account/invite/withdraw': { GET: backToAccount, POST: people.withdrawInvitation },
  '/account/join': { GET: backToAccount, POST: people.join },
  '/account/member/remove': { GET: backToAccount, POST: people.removeMember },
  '/account/phrase': { GET: backToAccount, POST: people.choosePhrase },
  '/account/leave': { GET: backToAccount, POST: people.leave },
  '/sent/link/:token': { GET: followSenderLink('sent') },
  '/sent/:id': { GET: sender.showSent },
  '/sent/:id/new-code': { GET: backToSent, POST: askSenderCode },
  '/sent/:id/code': { GET: backToSent, POST: typeSenderCode },
  '/sent/:id/recall': { GET: sender.showRecall, POST: sender.doRecall },
  '/sent/:id/extend': { GET: backToSent, POST: sender.doExtend },
  '/sent/:id/access': { GET: backToSent, POST: sender.doAccess },
  '/let-in/link/:token': { GET: followSenderLink('access') },
  '/let-in/:id': { GET: sender.showLetIn, POST: sender.doLetIn },
  '/join': { GET: invitation.showInvitation },
  '/join/passkey': { GET: async (c) => c.redirect('/join', 303), POST: invitation.joinByPasskey },
  '/join/passkey/options': { POST: invitation.joinOptions },
  '/join/password': {
    GET: (c, shared) => invitation.showOtherWay(c, shared, 'password'),
    POST: invitation.joinByPassword,
  },
  '/join/authenticator': {
    GET: (c, shared) => invitation.showOtherWay(c, shared, 'authenticator'),
    POST: invitation.joinByAuthenticator,
  },
  '/join/:token': { GET: invitation.followInvitation },
};

function typed(proof: 'passphrase' | 'password' | 'authenticator'): Verbs {
  return {
    GET: (c, shared) => secrets.showSecretForm(c, shared, proof),
    POST: (c, shared) => secrets.typeSecret(c, shared, proof),
  };
}

function typedAtSignIn(proof: 'password' | 'authenticator'): Verbs {
  return {
    GET: (c, shared) => secrets.showSignInForm(c, shared, proof),
    POST: (c, shared) => secrets.typeSignIn(c, shared, proof),
  };
}

/** For who reloads, or opens by hand, an address that only a form leads to. */
async function backToAccount(c: Context<Env>): Promise<Response> {
  return c.redirect('/account', 303);
}

async function backToSent(c: Context<Env>, shared: reading.ReadingShared): Promise<Response> {
  const found = await senderOf(c, shared, await shared.sessions.visitor(c));
  return found instanceof Response ? found : c.redirect(`/sent/${found.sent.id}`, 303);
}

async function backToSignIn(c: Context<Env>): Promise<Response> {
  return c.redirect('/sign-in', 303);
}
