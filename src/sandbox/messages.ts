/**
 * The sample mail: one message for each thing the gateway can do, with what must become of every recipient written next to it. `--once` compares.
 */
import { generateKeyPairSync } from 'node:crypto';
import type { DeliveryState } from '../plan/delivery.ts';
import type { Step } from '../plan/plan.ts';
import type { Envelope } from './client.ts';
import { winmail, wordDocument, zip } from './files.ts';
import { addressOf, tenantDomain } from './world.ts';
import { type Letter, write } from './write.ts';

export type Expectation = {
  readonly recipient: string;
  readonly level: string;
  /** Null for what is held: nothing is tried before a person has looked. */
  readonly method: Step['method'] | null;
  readonly state: DeliveryState;
};

export type Sample = {
  /** What it shows, in a few words. */
  readonly title: string;
  readonly envelope: Envelope;
  /** With its angle brackets. */
  readonly messageId: string;
  readonly bytes: Buffer;
  /** The code the gateway must answer. */
  readonly reply: number;
  /** Empty when refused. */
  readonly expected: readonly Expectation[];
  /** Whether the sender must get a report back. */
  readonly bounces: boolean;
  /** Addresses of those who must get a notice of ours about it. */
  readonly told: readonly string[];
  /** Sent when the others have come to rest, because it comes after one of them. */
  readonly later: boolean;
};

type Draft = Letter & {
  readonly title: string;
  readonly bcc?: readonly string[];
  readonly envelopeFrom?: string;
  /** The title of another that this one answers. */
  readonly answers?: string;
  /** Sent when the others have come to rest; also true of answers. */
  readonly later?: true;
  readonly reply?: number;
  /** By recipient's first name: level, method, state. */
  readonly expected: Readonly<Record<string, readonly [Expectation['level'], Expectation['method'], DeliveryState]>>;
  /** First names of those who are told of it. */
  readonly told?: readonly string[];
};

const askedFor = 'The sender asks for protection with a keyword in the subject';

const drafts: readonly Draft[] = [
  {
    title: 'Ordinary mail passes through, octet for octet',
    subject: 'Lunch on Thursday?',
    to: ['Paula'],
    text: 'Hello Paula,\n\nlunch on Thursday, at the usual place?\n\nAnna',
    expected: { Paula: ['none', 'none', 'delivered'] },
  },
  {
    title: 'A partner with a good certificate gets it by verified TLS',
    subject: 'Minutes of our meeting',
    to: ['Gina'],
    text: 'Hello Gina,\n\nthe minutes, as promised.\n\nAnna',
    expected: { Gina: ['transport', 'tls', 'delivered'] },
  },
  {
    title: 'Expired certificate or no STARTTLS: the portal takes over',
    subject: 'Offer 2031-B',
    to: ['Erik', 'Nora'],
    text: 'Good morning,\n\nour offer is valid until the end of the month.\n\nAnna',
    expected: { Erik: ['transport', 'portal', 'waiting'], Nora: ['transport', 'portal', 'waiting'] },
  },
  {
    title: askedFor,
    subject: '[secure] Your test results',
    to: ['Petra', 'Simon', 'Paula'],
    text: 'The results are in: everything is fine.\n\nAnna',
    expected: {
      Petra: ['message', 'pgp', 'delivered'],
      Simon: ['message', 'smime', 'delivered'],
      Paula: ['message', 'portal', 'waiting'],
    },
  },
  {
    title: 'To, Cc and Bcc of every kind, with attachments; Bcc stays secret',
    subject: '[secure] Contract and plan, für alle',
    to: ['Petra', 'Gina'],
    cc: ['Simon'],
    bcc: ['Paula', 'Erik'],
    text: 'Dear all,\n\nplease find the contract and the plan attached.\n\nGrüße\nAnna',
    attachments: [
      { name: 'contract.txt', type: 'text/plain', content: Buffer.from('Between the parties it is agreed …\n') },
      { name: 'plan.png', type: 'image/png', content: onePixelPng() },
    ],
    expected: {
      Petra: ['message', 'pgp', 'delivered'],
      Gina: ['message', 'portal', 'waiting'],
      Simon: ['message', 'smime', 'delivered'],
      Paula: ['message', 'portal', 'waiting'],
      Erik: ['message', 'portal', 'waiting'],
    },
  },
  {
    title: 'Domains that promise TLS and keep it: MTA-STS, and DANE with a self-signed certificate',
    subject: 'Programme for the autumn',
    to: ['Stella', 'Dana'],
    text: 'Good morning,\n\nthe programme is finished.\n\nAnna',
    expected: { Stella: ['none', 'none', 'delivered'], Dana: ['none', 'none', 'delivered'] },
  },
  {
    title: 'Domains that break their promise: even ordinary mail waits until they mend it',
    subject: 'Programme for the autumn, once more',
    to: ['Stefan', 'Dirk'],
    text: 'Good morning,\n\nthe programme is finished.\n\nAnna',
    expected: { Stefan: ['none', 'none', 'deferred'], Dirk: ['none', 'none', 'deferred'] },
  },
  {
    title: 'A server that greylists gets it at the second try',
    subject: 'Delivery dates',
    to: ['Greta'],
    text: 'Hello Greta,\n\nthe delivery dates did not change.\n\nAnna',
    expected: { Greta: ['transport', 'tls', 'delivered'] },
  },
  {
    title: 'A recipient that does not exist: the sender is told',
    subject: 'Are you still there?',
    to: ['Ulf'],
    text: 'Hello Ulf,\n\nare you still there?\n\nAnna',
    expected: { Ulf: ['none', 'none', 'failed'] },
  },
  {
    title: 'Mail that a mailbox rule sends on goes by TLS or not at all',
    subject: 'Internal: figures for the quarter',
    to: ['Felix'],
    from: `Clara <clara@${tenantDomain}>`,
    fields: [
      `Resent-From: Anna <${addressOf('Anna')}>`,
      `X-MS-Exchange-Inbox-Rules-Loop: ${addressOf('Anna')}`,
      `X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent`,
    ],
    text: 'Anna, the figures. Please keep them in the house.\n\nClara',
    expected: { Felix: ['transport', 'tls', 'failed'] },
  },
  {
    title: 'A misspelt keyword protects all the same, and the sender is told',
    subject: '[secrue] Your salary',
    to: ['Petra'],
    text: 'Hello Petra,\n\nfrom January on it is 4,200 a month.\n\nAnna',
    expected: { Petra: ['message', 'pgp', 'delivered'] },
    told: ['Anna'],
  },
  {
    title: 'Nobody imported her key: it is found where her domain publishes it',
    subject: '[secure] The keys to the archive',
    to: ['Wanda'],
    text: 'Hello Wanda,\n\nthey are with Rita.\n\nAnna',
    expected: { Wanda: ['message', 'pgp', 'delivered'] },
  },
  {
    title: 'An answer in a protected thread is protected, too',
    subject: 'Re: Your test results',
    answers: askedFor,
    to: ['Paula'],
    text: 'Paula, I forgot to say: no need to come again.\n\nAnna',
    expected: { Paula: ['message', 'portal', 'waiting'] },
  },
  {
    title: 'A card number in the text protects the message',
    subject: 'Your booking',
    to: ['Simon'],
    text: 'Hello Simon,\n\nI booked with the card 4111 1111 1111 1111, valid until 08/29.\n\nAnna',
    expected: { Simon: ['message', 'smime', 'delivered'] },
  },
  {
    title: 'So does a Social Security number in a Word document in a ZIP archive',
    subject: 'Papers for the new colleague',
    to: ['Petra'],
    text: 'Hello Petra,\n\nthe papers are attached.\n\nAnna',
    attachments: [
      {
        name: 'papers.zip',
        type: 'application/zip',
        content: zip({ 'papers/form.docx': wordDocument('New colleague\nSocial Security number: 536-90-4399') }),
      },
    ],
    expected: { Petra: ['message', 'pgp', 'delivered'] },
  },
  {
    title: "A bank account in Outlook's winmail.dat goes through the portal",
    subject: 'Where to send the money',
    to: ['Paula'],
    text: 'Hello Paula,\n\nsee the attachment.\n\nAnna',
    attachments: [
      {
        name: 'winmail.dat',
        type: 'application/ms-tnef',
        content: winmail('account.txt', Buffer.from('IBAN DE89 3704 0044 0532 0130 00\r\n')),
      },
    ],
    expected: { Paula: ['portal', 'portal', 'waiting'] },
  },
  {
    title: 'A private key waits for a person, who is told',
    subject: 'Access to the server',
    to: ['Gina'],
    text: `Hello Gina,\n\nwith this key you can log in:\n\n${privateKey()}\nAnna`,
    expected: { Gina: ['hold', null, 'held'] },
    told: ['Rita'],
  },
  {
    title: 'A server that shows a good certificate',
    subject: 'Key to the office, first part',
    to: ['Lotte'],
    text: 'Hello Lotte,\n\nthe key is under the stone.\n\nAnna',
    expected: { Lotte: ['none', 'none', 'delivered'] },
  },
  {
    title: 'The same server, when its STARTTLS has vanished: the next message waits, and does not go in the clear',
    subject: 'Key to the office, second part',
    later: true,
    to: ['Lotte'],
    text: 'Hello Lotte,\n\nit is the big stone.\n\nAnna',
    expected: { Lotte: ['none', 'none', 'deferred'] },
  },
  {
    title: 'A large file waits in the portal while its message leaves, with a link in its place',
    subject: 'The soundings',
    to: ['Dana'],
    text: 'Hello Dana,\n\nall soundings of the harbour, as you asked.\n\nAnna',
    attachments: [
      {
        name: 'soundings.txt',
        type: 'text/plain',
        content: Buffer.from('Pier 4: 11 m, sand and stone\r\n'.repeat(12_000)),
      },
    ],
    expected: { Dana: ['none', 'none', 'delivered'] },
  },
  {
    title: 'An outsider cannot relay',
    subject: 'Cheap watches',
    to: ['Paula'],
    from: 'Mallory <mallory@outside.example>',
    envelopeFrom: 'mallory@outside.example',
    text: 'Buy now!',
    reply: 550,
    expected: {},
  },
];

/** The messages, dated now, with fresh Message-IDs. */
export function samples(now: number): Sample[] {
  const idOf = (index: number): string => `<sample-${index + 1}.${now}@${tenantDomain}>`;
  return drafts.map((draft, index) => {
    const messageId = idOf(index);
    const everyone = [...draft.to, ...(draft.cc ?? []), ...(draft.bcc ?? [])].map(addressOf);
    const expected = Object.entries(draft.expected).map(([person, [level, method, state]]) => {
      return { recipient: addressOf(person), level, method, state };
    });
    const parent = idOf(drafts.findIndex(({ title }) => title === draft.answers));
    const thread = draft.answers === undefined ? [] : [`In-Reply-To: ${parent}`, `References: ${parent}`];
    return {
      title: draft.title,
      envelope: { from: draft.envelopeFrom ?? addressOf('Anna'), to: everyone },
      messageId,
      bytes: write({ ...draft, fields: [...(draft.fields ?? []), ...thread] }, messageId, now),
      reply: draft.reply ?? 250,
      expected,
      bounces: expected.some(({ state }) => state === 'failed'),
      told: (draft.told ?? []).map(addressOf),
      later: draft.later ?? draft.answers !== undefined,
    };
  });
}

function onePixelPng(): Buffer {
  return Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
}

function privateKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
}
