/**
 * Every page of the portal in every state it can be in, with made-up data, behind the real web server and its headers: what axe.test.ts judges and
 * screenshots.ts shows. A page is at /BRAND/NAME; `plain` is a tenant that set nothing, `clinic` one that set everything.
 */
import { Hono } from 'hono';
import { plainBranding } from '../../src/config/branding.ts';
import { nearestReadable } from '../../src/config/colour.ts';
import type { Branding } from '../../src/config/config.ts';
import { readLogo } from '../../src/config/logo.ts';
import { parseMeeting } from '../../src/mail/meeting.ts';
import type { Part } from '../../src/mail/structure.ts';
import { createLooks } from '../../src/web/branding.ts';
import { accountPage, authenticatorPage, colleaguePage, passwordPage } from '../../src/web/pages/account.ts';
import * as writing from '../../src/web/pages/answer.ts';
import { arrivingPage, codePage, homePage, signedOutPage, waitPage } from '../../src/web/pages/arriving.ts';
import type { InvitationView } from '../../src/web/pages/calendar.ts';
import { inboxPage } from '../../src/web/pages/inbox.ts';
import { joinPage } from '../../src/web/pages/joining.ts';
import { type KeysView, keysPage } from '../../src/web/pages/keys.ts';
import type { Around } from '../../src/web/pages/layout.ts';
import { messagePage } from '../../src/web/pages/message.ts';
import type { Page } from '../../src/web/pages/parts.ts';
import { previewPage } from '../../src/web/pages/preview.ts';
import { secretPage, signInPage } from '../../src/web/pages/proving.ts';
import {
  letInPage,
  moreTimePage,
  recallPage,
  senderDoorPage,
  sentPage,
  withdrawnPage,
} from '../../src/web/pages/sender.ts';
import { troublePage } from '../../src/web/pages/trouble.ts';
import type { Env } from '../../src/web/request.ts';
import { createWebServer, type WebServer } from '../../src/web/server.ts';
import type { AccountView, ArrivingView, CodeView, SecretView } from '../../src/web/views.ts';
import type { SentView } from '../../src/web/views-sender.ts';
import { troubles } from '../../src/web/words/troubles.ts';
import { outlook } from '../mail/invitations.ts';

const at = Date.UTC(2026, 10, 20, 15, 4);
const minute = 60_000;
const day = 86_400_000;
const form = 'f'.repeat(43);
const deliveryId = '0197a0c0-0000-7000-8000-000000000001';

const arriving: ArrivingView = {
  deliveryId,
  form,
  from: 'anna.mueller@clinic.example',
  sentAt: at,
  expiresAt: at + 30 * day,
  address: 'r***@example.org',
  ways: [{ proof: 'code', action: `/d/${deliveryId}/code` }],
  demand: 'code',
  proved: null,
  question: '',
};

const code: CodeView = {
  deliveryId,
  form,
  address: 'r***@example.org',
  sentFrom: 'secure-mail@clinic.example',
  sent: { at, until: at + 10 * minute, long: false, mail: 'delivered' },
  againAt: 0,
  problem: null,
  minutes: 10,
};

const secret: SecretView = { proof: 'passphrase', action: '/x', form, question: '', problem: null, askAddress: false };

const member = { id: 'm1', tenant: 'clinic', name: 'Robin Okafor', createdAt: at };
const account: AccountView = {
  form,
  member,
  addresses: [
    {
      tenant: 'clinic',
      organisation: 'Clinic am Fluss',
      address: 'billing@practice.example',
      role: 'owner',
      invited: [{ member: 'm3', name: 'Kim Sand', until: at + 3 * day }],
      members: [
        { ...member, role: 'owner', joinedAt: at, methods: ['passkey'] },
        { ...member, id: 'm2', name: 'Sam de Vries', role: 'member', joinedAt: at + day, methods: ['passkey'] },
      ],
      phrase: 'Blue tulips in May',
    },
    {
      tenant: 'clinic',
      organisation: 'Clinic am Fluss',
      address: 'robin@practice.example',
      role: null,
      members: [],
      invited: [],
      phrase: null,
    },
  ],
  credentials: [
    { kind: 'passkey' as const, label: 'iPhone', lastUsedAt: at },
    { kind: 'password' as const, label: '', lastUsedAt: null },
  ].map((credential, index) => ({
    ...credential,
    id: `c${index}`,
    member: 'm1',
    tenant: 'clinic',
    lookup: '',
    secret: '',
    counter: 0,
    createdAt: at,
  })),
  sessions: [
    { id: 's1', agent: 'Safari on iPhone', methods: ['passkey'], current: true, createdAt: at, seenAt: at, endsAt: at },
    { id: 's2', agent: 'Firefox on Windows', methods: ['code'], current: false, createdAt: at, seenAt: at, endsAt: at },
  ],
  said: null,
};

const text =
  'Dear Robin,\n\nthe results are attached. Please read them before Thursday:\nhttps://clinic.example/how-to-read-them\n\nKind regards\nAnna';
const part: Part = {
  path: '2',
  header: { start: 0, end: 0 },
  body: { start: 0, end: 262_144 },
  type: 'application/pdf',
  parameters: {},
  encoding: 'base64',
  disposition: 'attachment',
  fileName: 'Befund Müller.pdf',
  contentId: null,
  children: [],
};
const draft: writing.ComposeView = {
  id: deliveryId,
  form,
  kind: 'reply',
  to: ['Anna Müller <anna@clinic.example>'],
  cc: ['billing@clinic.example'],
  typedTo: 'anna@clinic.example',
  known: ['anna@clinic.example', 'billing@clinic.example'],
  anyone: false,
  subject: 'Re: Your laboratory results – please read before Thursday',
  text: 'Dear Anna,\n\nthank you, I have read them.\n\nRobin',
  quote: true,
  ownCopy: 'receipt',
  wantsCopy: false,
  files: [
    {
      id: 'f1',
      name: 'Befund Müller (März) – eine sehr lange Überschrift mit Anhang.pdf',
      size: 262_144,
      stored: 262_144,
    },
    { id: 'f2', name: 'video.mp4', size: 20_000_000, stored: 8_388_608 },
  ],
  room: { total: 26_214_400, left: 5_952_256 },
  savedAt: at,
  until: at + 7 * day,
  back: `/d/${deliveryId}`,
  maxText: 100_000,
  maxSubject: 200,
  problem: null,
};
const answered: writing.SentView = {
  id: deliveryId,
  sentAt: at,
  to: draft.to,
  cc: draft.cc,
  subject: draft.subject,
  text: draft.text,
  files: [{ id: 'f1', name: 'Befund Müller.pdf', stored: 262_144 }],
  progress: [
    { recipient: 'anna@clinic.example', state: 'delivered' },
    { recipient: 'billing@clinic.example', state: 'delayed' },
  ],
  until: at + 30 * day,
};
const message = {
  deliveryId,
  receivedAt: at,
  expiresAt: at + 30 * day,
  mailFrom: 'anna@clinic.example',
  formToken: form,
  elsewhere: null,
  invitation: null,
  answers: { reply: true, all: true, write: true, drafts: true },
  conversation: [],
  text: { text, cut: false },
  view: {
    subject: 'Your laboratory results – please read before Thursday',
    from: 'Anna Müller <anna@clinic.example>',
    to: 'Robin Okafor <robin@practice.example>',
    cc: 'billing@practice.example',
    date: 'Fri, 20 Nov 2026 16:04:00 +0100',
    plain: [],
    rich: [],
    pictures: [],
    calendars: [],
    attachments: [part, { ...part, path: '3', fileName: 'How to read your results, a guide for patients.docx' }],
    incomplete: false,
  },
};

const key = { kind: 'pgp', fingerprint: 'a1b2c3d4'.repeat(5), createdAt: at, notAfter: null } as const;
const keys: KeysView = {
  form,
  organisation: 'Clinic am Fluss',
  addresses: [
    {
      tenant: 'clinic',
      address: 'robin@practice.example',
      right: 'yes',
      keys: [
        { ...key, id: 'k1', source: 'wkd', standing: 'used', own: false },
        { ...key, id: 'k2', source: 'portal', standing: 'waiting', own: true },
        { ...key, id: 'k3', kind: 'x509', source: 'import', standing: 'useless', own: false },
      ],
    },
    { tenant: 'clinic', address: 'billing@practice.example', right: 'no', keys: [] },
    { tenant: 'clinic', address: 'old@practice.example', right: 'stale', keys: [] },
  ],
  now: null,
};

const rich = { ...message.view, rich: [part], pictures: [{ ...part, type: 'image/png', fileName: 'dot.png' }] };

const meeting = parseMeeting(outlook);
if (meeting === null) throw new Error('the invitation cannot be read');
const invitation: InvitationView = { meeting, action: '/x', form, file: '/x.ics', answered: null };
const file = { name: 'Befund Müller.txt', back: '/x', save: '/x/attachment/2' };

/** By name; the states of one page stand together. */
const states = [
  'waiting',
  'opened',
  'over',
  'unread',
  'read',
  'stopped',
  'delivered',
  'linked',
  'textOnly',
  'failed',
  'moving',
] as const;
const sentMessage: SentView = {
  id: deliveryId,
  form,
  sentAt: at,
  recipients: states.map((state, index) => ({
    recipient: `a.rather.long.name.${index}@practice.example`,
    state,
    until: at + 30 * day,
    happened:
      state === 'opened'
        ? (['opened', 'read', 'downloaded', 'answered'] as const).map((what, each) => ({
            kind: `delivery.${what}` as const,
            reader: each === 0 ? null : 'Robin Okafor',
            at: at + each * day,
          }))
        : [],
    requests:
      state === 'opened'
        ? [{ id: deliveryId, colleague: 'sam@practice.example', askedBy: 'Robin Okafor', state: 'asked' }]
        : [],
  })),
  recallable: true,
  extendTo: at + 60 * day,
};
const letIn = {
  id: deliveryId,
  form,
  by: 'Robin Okafor',
  colleague: 'sam@practice.example',
  recipient: 'billing@practice.example',
  sentAt: at,
};

export const pages: Readonly<Record<string, (around: Around) => Page>> = {
  home: (around) => homePage(around, '/sign-in'),
  arriving: (around) => arrivingPage(around, arriving),
  'arriving-many-ways': (around) =>
    arrivingPage(around, {
      ...arriving,
      demand: 'authenticator',
      ways: [
        { proof: 'passkey', action: '/x/passkey' },
        { proof: 'authenticator', action: '/x/authenticator' },
        { proof: 'oidc', action: '/x/microsoft', provider: 'microsoft' },
        { proof: 'oidc', action: '/x/google', provider: 'google' },
        { proof: 'password', action: '/x/password' },
        { proof: 'passphrase', action: '/x/passphrase' },
        { proof: 'code', action: '/x/code' },
      ],
    }),
  'arriving-one-more-step': (around) =>
    arrivingPage(around, {
      ...arriving,
      demand: 'passphrase',
      proved: 'code',
      ways: [{ proof: 'passphrase', action: '/x/passphrase' }],
    }),
  code: (around) => codePage(around, code),
  'code-wrong': (around) => codePage(around, { ...code, problem: { triesLeft: 1 } }),
  'code-not-six': (around) => codePage(around, { ...code, problem: 'not-six-digits' }),
  'code-long': (around) =>
    codePage(around, {
      ...code,
      sent: { at, until: at + 60 * minute, long: true, mail: 'delivered' },
      problem: 'not-the-long-one',
    }),
  'code-dead': (around) => codePage(around, { ...code, problem: 'dead' }),
  'code-not-sent': (around) => codePage(around, { ...code, sent: null, problem: 'not-sent' }),
  'code-refused': (around) =>
    codePage(around, { ...code, sent: { at, until: at + 10 * minute, long: false, mail: 'failed' } }),
  'code-wait': (around) =>
    codePage(around, {
      ...code,
      againAt: Date.now() + minute,
      sent: { at, until: at + 10 * minute, long: false, mail: 'delayed' },
    }),
  'wait-codes': (around) => waitPage(around, { until: at, back: '/x', what: 'codes' }),
  'wait-tries': (around) => waitPage(around, { until: at, back: null, what: 'tries' }),
  'wait-network': (around) => waitPage(around, { until: at, back: null, what: 'network' }),
  passphrase: (around) => secretPage(around, secret),
  question: (around) => secretPage(around, { ...secret, question: 'What is our dog called?', problem: 'wrong' }),
  password: (around) => secretPage(around, { ...secret, proof: 'password', askAddress: true, problem: 'wrong' }),
  authenticator: (around) => secretPage(around, { ...secret, proof: 'authenticator' }),
  'sign-in': (around) =>
    signInPage(around, {
      form,
      passkeyOptions: '/x',
      providers: ['microsoft', 'google'],
      authenticator: true,
      problem: null,
    }),
  'sign-in-failed': (around) =>
    signInPage(around, {
      form,
      passkeyOptions: '/x',
      providers: ['google'],
      authenticator: false,
      problem: 'oidc-address',
    }),
  account: (around) => accountPage(around, account),
  'account-offer': (around) =>
    accountPage(around, { ...account, member: null, credentials: [], said: 'stronger-proof-needed' }),
  'account-done': (around) => accountPage(around, { ...account, addresses: [], said: 'passkey-added' }),
  'account-authenticator': (around) =>
    authenticatorPage(around, { form, qr, secret: 'JBSW Y3DP EHPK 3PXP JBSW Y3DP', problem: 'wrong' }),
  'account-password': (around) => passwordPage(around, { form, minLength: 12, problem: 'common' }),
  'account-keys': (around) => keysPage(around, keys),
  'account-keys-refused': (around) =>
    keysPage(around, { ...keys, now: { said: 'private', address: 'robin@practice.example' } }),
  'account-keys-given': (around) => keysPage(around, { ...keys, now: { said: 'waiting', address: null } }),
  colleague: (around) =>
    colleaguePage(around, {
      deliveryId,
      form,
      sender: 'anna@clinic.example',
      problem: 'address',
      asked: [
        { colleague: 'sam@practice.example', state: 'asked', askedAt: at },
        { colleague: 'kim@practice.example', state: 'allowed', askedAt: at },
        { colleague: 'lee@practice.example', state: 'refused', askedAt: at },
      ],
    }),
  'join-password': (around) =>
    passwordPage(
      around,
      { form, minLength: 12, problem: null },
      { action: '/join/password', back: '/join', name: 'Sam de Vries' },
    ),
  join: (around) => joinPage(around, { form, name: 'Sam de Vries', address: 'billing@practice.example' }),
  inbox: (around) =>
    inboxPage(around, {
      form,
      older: '/inbox?before=1',
      may: { write: true, drafts: true },
      conversations: [
        {
          subject: 'Your laboratory results – please read before Thursday',
          from: 'Anna Müller',
          messages: 1,
          unread: 1,
        },
        { subject: 'Invoice 2026-1183 and the agreed payment plan', from: 'Billing', messages: 4, unread: 0 },
        { subject: '', from: 'noreply@clinic.example', messages: 1, unread: 0 },
      ].map((conversation, index) => ({ ...conversation, href: `/d/${index}`, latestAt: at - index * day })),
    }),
  'inbox-empty': (around) =>
    inboxPage(around, { form, older: null, conversations: [], may: { write: false, drafts: false } }),
  message: (around) => messagePage(around, message),
  'message-conversation': (around) =>
    messagePage(around, {
      ...message,
      conversation: [
        { href: '/d/1', from: 'Anna Müller', at: at - 2 * day, subject: 'Your visit', unread: false, open: false },
        { href: '/d/2', from: 'noreply@clinic.example', at: at - day, subject: null, unread: true, open: false },
        { href: '/d/3', from: 'Anna Müller', at, subject: 'Your laboratory results', unread: false, open: true },
        { href: '/d/4', from: 'Anna Müller', at: at + minute, subject: '', unread: true, open: false },
      ],
    }),
  'message-invitation': (around) => messagePage(around, { ...message, invitation }),
  'message-invitation-answered': (around) =>
    messagePage(around, {
      ...message,
      invitation: { ...invitation, answered: { coming: 'tentative', at, mail: 'delivered' } },
    }),
  'message-invitation-failed': (around) =>
    messagePage(around, {
      ...message,
      invitation: { ...invitation, answered: { coming: 'accepted', at, mail: 'failed' } },
    }),
  'message-cancelled': (around) =>
    messagePage(around, {
      ...message,
      invitation: { ...invitation, meeting: { ...meeting, cancelled: true, method: 'cancel', repeats: 'irregular' } },
    }),
  'message-formatted': (around) => messagePage(around, { ...message, view: rich, elsewhere: { shown: null } }),
  'message-pictures': (around) => messagePage(around, { ...message, view: rich, elsewhere: { shown: 'token' } }),
  'preview-text': (around) => previewPage(around, { ...file, kind: 'text', text, cut: true }),
  'preview-picture': (around) => previewPage(around, { ...file, kind: 'picture', source: '/icon.svg' }),
  'preview-none': (around) => previewPage(around, { ...file, kind: 'none' }),
  answer: (around) => writing.composePage(around, draft),
  'answer-new': (around) =>
    writing.composePage(around, {
      ...draft,
      kind: 'new',
      to: [],
      cc: [],
      quote: null,
      back: null,
      files: [],
      savedAt: null,
    }),
  'answer-anyone': (around) =>
    writing.composePage(around, {
      ...draft,
      kind: 'new',
      anyone: true,
      quote: null,
      problem: 'address',
      typedTo: 'anna@elsewhere.example',
    }),
  'answer-refused': (around) =>
    writing.composePage(around, { ...draft, problem: 'full', room: { total: 26_214_400, left: 0 } }),
  'answer-sent': (around) => writing.sentPage(around, { ...answered, form, back: `/d/${deliveryId}` }),
  'answer-failed': (around) =>
    writing.sentPage(around, {
      ...answered,
      form,
      back: null,
      progress: [{ recipient: 'anna@clinic.example', state: 'failed' }],
    }),
  'answer-lost': (around) => writing.lostPage(around, draft.text),
  drafts: (around) =>
    writing.draftsPage(around, {
      form,
      problem: null,
      drafts: [
        { id: deliveryId, kind: 'reply', begins: 'Dear Anna, thank you for the', savedAt: at, until: at + 7 * day },
        { id: deliveryId, kind: 'new', begins: '', savedAt: at, until: at + 7 * day },
      ],
    }),
  'drafts-empty': (around) => writing.draftsPage(around, { form, problem: 'drafts', drafts: [] }),
  write: (around) =>
    writing.writePage(around, {
      form,
      ways: [
        { tenant: 'clinic', address: 'robin@practice.example', organisation: 'Clinic am Fluss' },
        { tenant: 'clinic', address: 'billing@practice.example', organisation: 'Clinic am Fluss' },
      ],
    }),
  'write-none': (around) => writing.writePage(around, { form, ways: [] }),
  'sender-door': (around) =>
    senderDoorPage(around, { id: deliveryId, form, address: 'a***@clinic.example', sent: null, problem: null }),
  'sender-code': (around) =>
    senderDoorPage(around, {
      id: deliveryId,
      form,
      address: 'a***@clinic.example',
      sent: { at, until: at + 10 * minute, long: false },
      problem: { triesLeft: 2 },
    }),
  'sender-dead': (around) =>
    senderDoorPage(around, { id: deliveryId, form, address: 'a***@clinic.example', sent: null, problem: 'dead' }),
  sent: (around) => sentPage(around, sentMessage),
  'sent-over': (around) => sentPage(around, { ...sentMessage, recallable: false, extendTo: null }),
  recall: (around) => recallPage(around, { id: deliveryId, form, messages: 3 }),
  'let-in': (around) => letInPage(around, { ...letIn, state: 'asked' }),
  'let-in-allowed': (around) => letInPage(around, { ...letIn, state: 'allowed' }),
  'let-in-gone': (around) => letInPage(around, { ...letIn, state: 'gone' }),
  'more-time': (around) => moreTimePage(around, { deliveryId, form, expiresAt: at + day, asked: false }),
  'more-time-asked': (around) => moreTimePage(around, { deliveryId, form, expiresAt: at + day, asked: true }),
  withdrawn: (around) => withdrawnPage(around),
  'signed-out': (around) => signedOutPage(around),
  ...Object.fromEntries(
    Object.keys(troubles.en).map((name) => [
      `trouble-${name}`,
      (around: Around) => troublePage(around, name as keyof typeof troubles.en),
    ]),
  ),
};

const qr = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 21 21" shape-rendering="crispEdges"><path d="M0 0h7v7H0zM14 0h7v7h-7zM0 14h7v7H0zM9 9h3v3H9zM13 13h2v2h-2zM17 17h4v4h-4z"/></svg>`;

const logo = readLogo(
  Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 40"><path d="M4 30q8-12 16 0t16 0M20 4c8 6 8 14 0 18-8-4-8-12 0-18z" fill="none" stroke="#00695c" stroke-width="4"/><text x="46" y="27" font-family="Georgia" font-size="19" fill="#123">am Fluss</text></svg>',
  ),
);

const clinic: Branding = {
  ...plainBranding('Clinic am Fluss'),
  logo: logo.ok ? logo.logo : null,
  accent: { light: '#00695c', dark: nearestReadable('#00695c', 'dark') },
  text: {
    en: 'We use this page for everything that is only between you and us.',
    de: 'Diese Seite nutzen wir für alles, was nur Sie und uns angeht.',
  },
  phrase: 'The heron stands by the river',
  support: { phone: '+49 30 1234567', mail: 'help@clinic.example', url: 'https://www.clinic.example/secure-mail' },
  language: 'de',
  timeZone: 'Europe/Berlin',
};

export const brands = ['plain', 'clinic'] as const;

export function createGallery(): WebServer {
  const tenants = [
    { id: 'plain', branding: plainBranding('corp.example') },
    { id: 'clinic', branding: clinic },
  ];
  const looks = createLooks(tenants, 'https://localhost');
  const routes = new Hono<Env>();
  for (const { path, GET, POST } of looks.files) {
    if (GET !== undefined) routes.get(path, GET);
    if (POST !== undefined) routes.post(path, POST);
  }
  for (const brand of brands)
    for (const [name, page] of Object.entries(pages))
      routes.get(`/${brand}/${name}`, (c) => c.html(page(looks.around(c, brand))));
  return createWebServer({
    routes,
    looks,
    listen: { host: '127.0.0.1', port: 0 },
    tls: null,
    emit: () => undefined,
    healthy: async () => undefined,
  });
}
