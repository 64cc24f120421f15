/**
 * The sample mail: one message for each thing the gateway can do, with what must become of every recipient written next to it. `--once` compares.
 */
import type { DeliveryState } from '../plan/delivery.ts';
import type { Step } from '../plan/plan.ts';
import type { Envelope } from './client.ts';
import { addressOf, tenantDomain } from './world.ts';

export type Expectation = {
  readonly recipient: string;
  readonly level: string;
  readonly method: Step['method'];
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
};

type Draft = {
  readonly title: string;
  readonly subject: string;
  readonly to: readonly string[];
  readonly cc?: readonly string[];
  readonly bcc?: readonly string[];
  readonly from?: string;
  readonly envelopeFrom?: string;
  readonly fields?: readonly string[];
  readonly text: string;
  readonly attachments?: readonly Attachment[];
  readonly reply?: number;
  /** By recipient's first name: level, method, state. */
  readonly expected: Readonly<Record<string, readonly [level: string, method: Step['method'], state: DeliveryState]>>;
};

type Attachment = { readonly name: string; readonly type: string; readonly content: Buffer };

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
    title: 'The sender asks for protection with a keyword in the subject',
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
  return drafts.map((draft, index) => {
    const messageId = `<sample-${index + 1}.${now}@${tenantDomain}>`;
    const everyone = [...draft.to, ...(draft.cc ?? []), ...(draft.bcc ?? [])].map(addressOf);
    const expected = Object.entries(draft.expected).map(([person, [level, method, state]]) => {
      return { recipient: addressOf(person), level, method, state };
    });
    return {
      title: draft.title,
      envelope: { from: draft.envelopeFrom ?? addressOf('Anna'), to: everyone },
      messageId,
      bytes: compose(draft, messageId, now),
      reply: draft.reply ?? 250,
      expected,
      bounces: expected.some(({ state }) => state === 'failed'),
    };
  });
}

/** As a mail program writes it; the recipients in Bcc are not in it. */
function compose(draft: Draft, messageId: string, now: number): Buffer {
  const people = (names: readonly string[]) => names.map((name) => `${name} <${addressOf(name)}>`).join(', ');
  const header = [
    ...(draft.fields ?? []),
    `Date: ${new Date(now).toUTCString().replace('GMT', '+0000')}`,
    `From: ${draft.from ?? `Anna <${addressOf('Anna')}>`}`,
    `To: ${people(draft.to)}`,
    ...(draft.cc === undefined ? [] : [`Cc: ${people(draft.cc)}`]),
    `Subject: ${encodedSubject(draft.subject)}`,
    `Message-ID: ${messageId}`,
    'MIME-Version: 1.0',
  ];
  const text = [
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    base64(Buffer.from(`${draft.text.replaceAll('\n', '\r\n')}\r\n`)),
  ];
  if (draft.attachments === undefined) return Buffer.from(`${[...header, ...text].join('\r\n')}\r\n`);
  const boundary = '=_sample';
  const parts = [text, ...draft.attachments.map(attached)].flatMap((part) => [`--${boundary}`, ...part]);
  const body = [`Content-Type: multipart/mixed; boundary="${boundary}"`, '', ...parts, `--${boundary}--`];
  return Buffer.from(`${[...header, ...body].join('\r\n')}\r\n`);
}

function attached(file: Attachment): string[] {
  return [
    `Content-Type: ${file.type}; name="${file.name}"`,
    `Content-Disposition: attachment; filename="${file.name}"`,
    'Content-Transfer-Encoding: base64',
    '',
    base64(file.content),
  ];
}

function base64(bytes: Buffer): string {
  return (bytes.toString('base64').match(/.{1,76}/g) ?? []).join('\r\n');
}

/** The keyword stays readable, the rest is encoded when it must be. */
function encodedSubject(subject: string): string {
  return subject
    .split(' ')
    .map((word) => (/^[\x21-\x7e]+$/.test(word) ? word : `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`))
    .join(' ');
}

function onePixelPng(): Buffer {
  return Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
}
