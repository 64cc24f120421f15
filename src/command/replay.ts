/**
 * `postern replay --policy DRAFT.yaml --since 7d`: what a draft of the policy would have done with the mail of the last days, before it is
 * published. The facts of every message since then are judged again, by the live policy's file and by the draft (pipeline/replay.ts does
 * that); printed are counts, rules and ids, nothing of the messages. Reads page by page, so that memory does not grow with the mail.
 */
import type { Config } from '../config/config.ts';
import * as kinds from '../config/kinds.ts';
import { formatProblem } from '../config/load.ts';
import { openKept } from '../pipeline/kept.ts';
import { readPolicy } from '../pipeline/policies.ts';
import {
  type Aspect,
  type Counted,
  type End,
  type Move,
  type Replayed,
  type Responsible,
  startReplay,
} from '../pipeline/replay.ts';
import type { Policy } from '../policy/schema.ts';
import type { Store } from '../store/store.ts';
import { printable, printFailure, printJson, time } from './output.ts';
import { openStorage } from './storage.ts';
import { chooseTenant } from './tenant.ts';
import { UsageError } from './usage.ts';

export type ReplayOptions = {
  readonly json: boolean;
  readonly policy: string | undefined;
  /** "7d". */
  readonly since: string | undefined;
  readonly tenant: string | undefined;
};

/** Messages read at a time. */
const page = 200;
/** Ids shown for each kind of change. */
const shown = 5;

export async function replay(config: Config, words: readonly string[], options: ReplayOptions): Promise<number> {
  if (words.length > 0) throw new UsageError('postern replay takes the draft as --policy DRAFT.yaml.');
  if (options.policy === undefined) throw new UsageError('postern replay needs --policy DRAFT.yaml.');
  const back = kinds.duration().safeParse(options.since ?? '7d');
  if (!back.success) throw new UsageError('--since needs a number with its unit: 12h, 7d or 2w.');
  const tenant = chooseTenant(config, options.tenant);
  const [live, draft] = [readPolicy(tenant.policy), readPolicy(options.policy)];
  if (!live.ok || !draft.ok) {
    const problems = [...(draft.ok ? [] : draft.problems), ...(live.ok ? [] : live.problems)];
    printFailure(problems.map(formatProblem).join('\n'), options.json);
    return 1;
  }
  if (back.data > config.retention.facts) {
    const kept = `${Math.floor(config.retention.facts / 3_600_000)} hours (retention.facts)`;
    process.stderr.write(`warning: what is known of messages is kept for ${kept}; older ones cannot be replayed.\n`);
  }
  const since = Date.now() - back.data;
  const { store, close } = await openStorage(config);
  try {
    const policies = { live: live.policy, draft: draft.policy };
    const replayed = await replayKept(store, config.masterKey, { tenant: tenant.id, since, ...policies });
    const of = {
      tenant: tenant.id,
      since: new Date(since).toISOString(),
      live: named(live.policy),
      draft: named(draft.policy),
    };
    if (options.json) printJson({ ...of, ...replayed });
    else process.stdout.write(replayPage(of, replayed));
    return 0;
  } finally {
    await close();
  }
}

/** Replays everything that is kept of the tenant's mail since `since`. */
export async function replayKept(
  store: Pick<Store, 'keptMessages'>,
  masterKey: Buffer,
  query: { readonly tenant: string; readonly since: number; readonly live: Policy; readonly draft: Policy },
): Promise<Replayed> {
  const { tenant, since, live, draft } = query;
  const running = startReplay(live, draft, shown);
  for (let after: string | null = null; ; ) {
    const messages = await store.keptMessages({ tenant, since, after, limit: page });
    for (const message of messages) running.add(message, openKept(masterKey, message.id, message.sealedFacts));
    after = messages.at(-1)?.id ?? null;
    if (after === null) return running.result();
  }
}

const named = ({ file, version }: Policy) => ({ file, version });

type ReplayOf = {
  readonly tenant: string;
  readonly since: string;
  readonly live: ReturnType<typeof named>;
  readonly draft: ReturnType<typeof named>;
};

/** The result for people. */
export function replayPage(of: ReplayOf, replayed: Replayed): string {
  const { changed, deliveries, messages, moves, others, rules, unknown, unreadable, drift } = replayed;
  const versioned = ({ file, version }: { file: string; version: string }) =>
    `${file} (version ${version.slice(0, 12)})`;
  const lines = [
    headline(replayed),
    '',
    `Replayed  ${plural(messages, 'message')} of tenant ${of.tenant} since ${time(Date.parse(of.since))} UTC`,
    `Live      ${versioned(of.live)}`,
    `Draft     ${versioned(of.draft)}`,
  ];
  if (moves.length > 0) lines.push('', 'What would become of them', ...moves.map(moveLine));
  if (others.length > 0)
    lines.push('', 'The same way, but different in', ...others.map((each) => line(each, aspectWords[each.what])));
  if (rules.length > 0)
    lines.push('', 'Rules responsible', ...rules.map((each) => `${amount(each.deliveries)}  ${ruleWords(each)}`));
  if (unknown.deliveries > 0)
    lines.push('', 'Cannot be said: one of the policies asks what nobody looked for then', line(unknown, 'unknown'));
  if (unknown.moves.length > 0)
    lines.push('', 'What would become of those if the answer is no', ...unknown.moves.map(moveLine));
  if (unreadable.messages > 0)
    lines.push(
      '',
      `Could not be read: ${plural(unreadable.messages, 'record')}, such as ${unreadable.examples.join(', ')}`,
    );
  if (drift.deliveries > 0) {
    lines.push(
      '',
      `A FAULT OF OURS: of ${plural(drift.of, 'delivery', 'deliveries')} that the live policy decided, it gives`,
    );
    lines.push(line(drift, 'another level now; please report it'));
  }
  if (changed > 0) lines.push('', 'postern trace shows one of them by its id.');
  if (deliveries === 0) lines.push('', 'Nothing is kept from that time.');
  return `${lines.map(printable).join('\n')}\n`;
}

/** "37 of 1,204 deliveries would change: 31 transport to portal, 4 portal to transport, 2 now bounce. Of 3 it cannot be said." */
function headline({ changed, deliveries, moves, unknown }: Replayed): string {
  const subject = `${changed === 0 ? 'None' : number(changed)} of ${plural(deliveries, 'delivery', 'deliveries')} would change`;
  const unsaid = unknown.deliveries === 0 ? '' : ` Of ${number(unknown.deliveries)} it cannot be said.`;
  if (changed === 0) return `${subject}${unsaid === '' ? '' : ' for certain'}.${unsaid}`;
  const onTheirWay = moves.filter(({ to }) => !(to in stops));
  const stopped = Object.entries(stops).flatMap(([to, words]) => {
    const count = moves.filter((move) => move.to === to).reduce((sum, move) => sum + move.deliveries, 0);
    return count === 0 ? [] : [`${number(count)} now ${words}`];
  });
  const rest = changed - moves.reduce((sum, move) => sum + move.deliveries, 0);
  const parts = [
    ...onTheirWay.map(({ from, to, deliveries: count }) => `${number(count)} ${from} to ${to}`),
    ...stopped,
    ...(rest === 0 ? [] : [`${number(rest)} go the same way with something else changed`]),
  ];
  return `${subject}: ${parts.join(', ')}.${unsaid}`;
}

const stops: Readonly<Partial<Record<End, string>>> = {
  hold: 'held',
  refuse: 'refused',
  bounce: 'bounce',
  drop: 'dropped',
};

const endWords: Readonly<Record<End, string>> = {
  'as sent': 'as sent',
  transport: 'transport',
  message: 'message',
  portal: 'portal',
  hold: 'hold',
  refuse: 'refuse',
  bounce: 'bounce (nothing that could be tried)',
  drop: 'drop (nothing that could be tried)',
};

const aspectWords: Readonly<Record<Aspect, string>> = {
  level: 'the level',
  methods: 'the methods to try',
  tls: 'the TLS level',
  otherwise: 'what happens when nothing worked',
  headers: 'the header fields put in or taken out',
  subject: 'the subject',
  expires: 'how long it waits in the portal',
  reply: 'whether the recipient may reply',
  priority: 'the priority',
  notices: 'who is told',
  proof: 'what must be shown in the portal',
  receipts: 'what the sender hears of it in the portal',
  links: 'which files leave as links',
  copy: 'how the protected copy is made',
};

const matchWords = {
  live: 'matches under the live policy only',
  draft: 'matches under the draft only',
  both: 'matches under both and wants something else in the draft',
} as const;

function ruleWords({ rule, matches }: Responsible): string {
  return rule === null ? 'no rule alone: the default, or the order of the rules' : `"${rule}" ${matchWords[matches]}`;
}

function moveLine(move: Move): string {
  return line(move, `${move.from} to ${endWords[move.to]}`);
}

function line({ deliveries, examples }: Counted, what: string): string {
  return `${amount(deliveries)}  ${what}: ${examples.join(', ')}${deliveries > examples.length ? ', …' : ''}`;
}

const number = (count: number): string => count.toLocaleString('en-US');
const amount = (count: number): string => number(count).padStart(9);
const plural = (count: number, one: string, many = `${one}s`): string => `${number(count)} ${count === 1 ? one : many}`;
