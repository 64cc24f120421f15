/**
 * Who is told of a decision: the sender, when a rule that matched says so (`notifySender`), and the reviewers of what is held. The messages are
 * stored here and their rows are written in the transaction that stores the decision, so a decision that has to be made again tells nobody twice.
 *
 * The sender is told once for all recipients; the notice goes to the one who addressed them. Nobody is told who is no person of the tenant (the
 * sender of forwarded mail is a stranger, and rules are the tenant's own business) and nothing automatic is answered, so notices cannot go in
 * circles. Everything leaves with the null reverse-path.
 *
 * Limits: a reviewer gets one notice for each message, however many are held.
 */
import { createHash } from 'node:crypto';
import type { Tenant } from '../config/config.ts';
import { addressKey, domainOf } from '../mail/address.ts';
import { serviceAddress } from '../mail/compose.ts';
import { reviewNotice, senderNotice } from '../mail/notice.ts';
import type { Facts } from '../policy/facts.ts';
import type { MessageRow, NewMessage } from '../store/store.ts';
import type { Accept } from './accept.ts';
import type { Planned } from './planning.ts';

export type ToldPorts = {
  /** Right side of our Message-IDs. */
  readonly hostname: string;
  readonly own: Accept['own'];
  readonly now: () => number;
};

type Decided = {
  readonly message: MessageRow;
  readonly tenant: Pick<Tenant, 'domains' | 'branding'>;
  readonly facts: Facts;
  readonly planned: readonly Planned[];
};

/** The notices that a decision causes. Stores their octets, so it rejects when there is no room. */
export async function toldOf(decided: Decided, ports: ToldPorts): Promise<NewMessage[]> {
  const told: NewMessage[] = [];
  const sender = tellsSender(decided) ? senderLetter(decided, ports) : null;
  if (sender !== null) told.push(await store(decided, sender, ports));
  for (const letter of reviewLetters(decided, ports)) told.push(await store(decided, letter, ports));
  return told;
}

type Letter = { readonly to: string; readonly bytes: Buffer };

function store({ message }: Decided, { to, bytes }: Letter, ports: ToldPorts): Promise<NewMessage> {
  return ports.own({ tenant: message.tenant, kind: 'notice', mailFrom: '', to, bytes });
}

function tellsSender({ message, tenant, facts }: Decided): boolean {
  const own = tenant.domains.includes(domainOf(message.mailFrom));
  return message.mailFrom !== '' && own && !facts.autoSubmitted && facts.report === null;
}

function senderLetter(decided: Decided, ports: ToldPorts): Letter | null {
  const { message, facts, planned } = decided;
  const speaking = planned.filter(({ verdict }) => verdict.notifySender.length > 0);
  if (speaking.length === 0) return null;
  const says = Map.groupBy(speaking, ({ verdict }) => JSON.stringify([verdict.level, verdict.notifySender]));
  // Notices travel like any mail, so the Subject of a message that is to be protected is left out, as in reports of failure.
  const secret = planned.some(({ verdict }) => verdict.level !== 'none');
  const bytes = senderNotice({
    ...common(decided, message.mailFrom, ports),
    subject: secret ? null : facts.subject,
    originalMessageId: message.messageId,
    says: [...says.values()].flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const { notifySender: words, level: becomes } = first.verdict;
      return [{ recipients: group.map(({ verdict }) => verdict.recipient), words, becomes }];
    }),
  });
  return { to: message.mailFrom, bytes };
}

function reviewLetters(decided: Decided, ports: ToldPorts): Letter[] {
  const { message, planned } = decided;
  const held = planned.filter(({ verdict }) => verdict.level === 'hold');
  const reviewers = new Map(held.flatMap(({ verdict }) => verdict.reviewers.map((to) => [addressKey(to), to])));
  return [...reviewers].map(([key, to]) => {
    const theirs = held.filter(({ verdict }) => verdict.reviewers.some((each) => addressKey(each) === key));
    const bytes = reviewNotice({
      ...common(decided, to, ports),
      id: message.id,
      sender: message.mailFrom,
      recipients: planned.length,
      held: theirs.length,
      rules: [...new Set(theirs.flatMap(({ verdict }) => verdict.rules))],
    });
    return { to, bytes };
  });
}

function common({ message, tenant }: Decided, to: string, { hostname, now }: ToldPorts) {
  const from = serviceAddress(message.mailFrom, tenant.domains, tenant.branding.from);
  // The same notice made twice is one to those who compare Message-IDs.
  const id = createHash('sha256').update(`notice\0${message.id}\0${to}`).digest('hex').slice(0, 32);
  return {
    from,
    to,
    voice: tenant.branding,
    receivedAt: message.receivedAt,
    messageId: `<${id}@${hostname}>`,
    date: now(),
  };
}
