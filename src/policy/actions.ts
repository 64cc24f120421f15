/**
 * `then` as people write it: what a rule wants, and what it does besides. `checkThen` tells what its parts say about each other,
 * `readActions` gives what evaluate.ts uses.
 *
 * `otherwise`, `methods` and `override` belong to the level the rule wants and need `protect`; `reviewers` need `protect: hold`; the
 * others may stand alone. `methods` are the methods that may be tried, in this order. `tls: may` is not offered, since it protects nothing.
 *
 * Header fields that say who wrote a message, where it came from, how it is built or what signs it are out of reach: a policy marks
 * messages, it does not forge them. Those that may stand only once are refused too.
 *
 * Limits: values of header fields are ASCII.
 */
import * as z from 'zod';
import { type KeyTrust, keyTrusts, type ReceiptRule, receiptRules, type TlsLevel } from '../config/config.ts';
import * as kinds from '../config/kinds.ts';
import { type Path, type ProblemAt, says, section } from '../config/yaml.ts';
import { canonicalAddress } from '../mail/address.ts';
import type { Report } from './lists.ts';
import { type Level, levels, type Method, methods, type Otherwise, otherwises, type Proof, proofs } from './verdict.ts';

/** What a rule wants of the messages it matches; null or empty for what it leaves to others. */
export type RuleActions = {
  readonly protect: Level | null;
  readonly otherwise: Otherwise | null;
  readonly tls: TlsLevel | null;
  readonly methods: readonly Method[] | null;
  readonly override: boolean;
  readonly addHeaders: readonly { readonly name: string; readonly value: string }[];
  readonly removeHeaders: readonly string[];
  /** What the sender is told. */
  readonly notice: string | null;
  readonly reviewers: readonly string[];
  /** Milliseconds. */
  readonly expires: number | null;
  readonly reply: boolean | null;
  readonly priority: number | null;
  readonly hideSubject: boolean | null;
  readonly sign: boolean | null;
  readonly legacyDisplay: boolean | null;
  readonly proof: Proof | null;
  readonly receipts: ReceiptRule | null;
  /** Octets. */
  readonly linkFilesOver: number | null;
  readonly keyTrust: KeyTrust | null;
};

const forbidden = new Set(
  [
    'From Sender Reply-To To Cc Bcc Date Message-ID In-Reply-To References Subject MIME-Version Received Return-Path Delivered-To',
    'DKIM-Signature DomainKey-Signature Authentication-Results Received-SPF',
  ]
    .join(' ')
    .toLowerCase()
    .split(' '),
);
const forbiddenBeginnings = ['content-', 'resent-', 'arc-', 'x-postern-'];

const headerValue = z
  .string({ error: says('the value of a header field', 'Write it in quotes.') })
  .trim()
  .regex(/^[ -~]{1,500}$/, {
    error: says('the value of a header field', 'Write at most 500 ASCII characters on one line.'),
  });
const notice = z.union([
  z.literal(true, { error: says('true or a text', 'Write true, or what the sender is to read, in quotes.') }),
  kinds.text('true or a text', 'Write true, or what the sender is to read, in quotes.'),
]);
const reviewer = z
  .string({ error: says('a mail address', 'Write it like anna@corp.example.') })
  .transform((text, context) => {
    const address = canonicalAddress(text.trim());
    if (address !== null) return address;
    context.addIssue({ code: 'custom', message: says('a mail address', 'Write it like anna@corp.example.') });
    return z.NEVER;
  });

/** Smaller ones would make links of what every mailbox takes. */
export const linkFiles = section({ over: kinds.size(100_000, 1024 ** 4) });

export const thenSchema = section({
  protect: kinds.choice(levels).optional(),
  otherwise: kinds.choice(otherwises).optional(),
  tls: kinds.choice(['encrypt', 'verify', 'secure', 'dane']).optional(),
  methods: kinds.listOf(kinds.choice(methods), 'a list of methods', 1, 4).optional(),
  override: kinds.flag().optional(),
  stripKeyword: kinds.flag().optional(),
  addHeader: z
    .record(z.string(), headerValue, { error: says('header fields', 'Write { X-Label: "secret" }.') })
    .optional(),
  removeHeader: kinds
    .listOf(kinds.text('the name of a header field', 'Write it like X-Label.'), 'a list of header names', 1, 50)
    .optional(),
  notifySender: notice.optional(),
  reviewers: kinds.listOf(reviewer, 'a list of mail addresses', 1, 50).optional(),
  expires: kinds.duration().optional(),
  reply: kinds.flag().optional(),
  priority: kinds.wholeNumber(0, 9).optional(),
  hideSubject: kinds.flag().optional(),
  sign: kinds.flag().optional(),
  legacyDisplay: kinds.flag().optional(),
  proof: kinds.choice(proofs).optional(),
  receipts: kinds.choice(receiptRules).optional(),
  linkFiles: linkFiles.optional(),
  keys: kinds.choice(keyTrusts).optional(),
});
export type Then = z.output<typeof thenSchema>;

/** The name stands for the notice where the rule has no words of its own. */
export function readActions(name: string, then: Then): RuleActions {
  return {
    protect: then.protect ?? null,
    otherwise: then.otherwise ?? null,
    tls: then.tls ?? null,
    methods: then.methods ?? null,
    override: then.override === true,
    addHeaders: Object.entries(then.addHeader ?? {}).map(([field, value]) => ({ name: field, value })),
    removeHeaders: then.removeHeader ?? [],
    notice: then.notifySender === true ? name : (then.notifySender ?? null),
    reviewers: then.reviewers ?? [],
    expires: then.expires ?? null,
    reply: then.reply ?? null,
    priority: then.priority ?? null,
    hideSubject: then.hideSubject ?? null,
    sign: then.sign ?? null,
    legacyDisplay: then.legacyDisplay ?? null,
    proof: then.proof ?? null,
    receipts: then.receipts ?? null,
    linkFilesOver: then.linkFiles?.over ?? null,
    keyTrust: then.keys ?? null,
  };
}

/** The methods each level knows; the others do not meet it. */
const methodsOf: Readonly<Record<Level, readonly Method[]>> = {
  none: [],
  transport: methods,
  message: ['smime', 'pgp', 'portal'],
  portal: ['portal'],
  hold: [],
  refuse: [],
};

/** Reports what the parts of a `then` say against each other. */
export function checkThen(then: Then, at: Path, hasKeyword: boolean, report: Report): void {
  const { protect } = then;
  if (Object.keys(then).length === 0)
    report(at, 'the rule does nothing', `Write protect: with one of ${levels.join(', ')}.`);
  for (const key of ['otherwise', 'methods', 'override'] as const) {
    if (then[key] !== undefined && protect === undefined)
      report([...at, key], `${key} without protect`, 'Add protect: with the level it is meant for.', 'key');
  }
  if (then.reviewers !== undefined && protect !== 'hold')
    report([...at, 'reviewers'], 'reviewers without protect: hold', 'Add protect: hold, or remove them.', 'key');
  if (protect !== undefined) checkLevel(then, protect, at, report);
  if (then.stripKeyword === true && !hasKeyword) {
    const remedy = 'Add subject: { keyword: [...] } or keyword: [...] to when, or remove stripKeyword.';
    report([...at, 'stripKeyword'], 'the rule asks for no keyword that could be taken out', remedy, 'key');
  }
  for (const name of Object.keys(then.addHeader ?? {})) checkHeader(name, [...at, 'addHeader', name], 'key', report);
  for (const [index, name] of (then.removeHeader ?? []).entries())
    checkHeader(name, [...at, 'removeHeader', index], 'value', report);
}

function checkLevel(then: Then, protect: Level, at: Path, report: Report): void {
  const allowed = methodsOf[protect];
  for (const [index, method] of (then.methods ?? []).entries()) {
    if (allowed.includes(method)) continue;
    const remedy = allowed.length === 0 ? 'Remove methods.' : `Choose from ${allowed.join(', ')}.`;
    report([...at, 'methods', index], `${method} does not meet the level ${protect}`, remedy);
  }
  if (then.otherwise !== undefined && allowed.length === 0) {
    const remedy = 'Remove it, or protect with transport, message or portal.';
    report([...at, 'otherwise'], `otherwise means nothing at the level ${protect}`, remedy, 'key');
  }
}

function checkHeader(name: string, at: Path, part: Parameters<ProblemAt>[3], report: Report): void {
  // RFC 5322 section 3.6.8: printable ASCII without the colon.
  if (!/^[!-9;-~]{1,70}$/.test(name)) {
    report(at, 'not the name of a header field', 'Write it like X-Label, without a colon.', part);
    return;
  }
  const lower = name.toLowerCase();
  if (forbidden.has(lower) || forbiddenBeginnings.some((beginning) => lower.startsWith(beginning)))
    report(at, `${name} is not for a policy to change`, 'Use a field of your own, such as X-Label.', part);
}
