/**
 * One message over an open connection: MAIL, RCPT for everyone, DATA, and what the server's replies mean for each recipient.
 *
 * `transact` sends the envelope in one go where the server allows it and reads the replies in order; `sendMessage` sends the octets. A
 * recipient's slot stays null while nothing final was said about it and the message was not yet complete: such a recipient may be
 * tried at another host at once. Once the final dot may have left, there is no second host, because the message would arrive twice
 * (RFC 1047); the outcome is then deferred.
 *
 * Standards: RFC 2920.
 */
import type { Outcome } from '../plan/delivery.ts';
import { type Connection, remoteOf } from './connection.ts';
import { DotStuffer } from './dots.ts';
import { type Envelope, mailCommand, needsUtf8, type Recipient, rcptCommand } from './envelope.ts';
import { type Reply, type Stage, statusOf, type Trouble } from './reply.ts';
import type { Wire } from './wire.ts';

export type Body = () => AsyncIterable<Uint8Array>;

export type Transacted = {
  /** In the recipients' order; null: nothing final was said. */
  readonly outcomes: readonly (Outcome | null)[];
  /** Why slots are null. */
  readonly trouble: Trouble | null;
  /** The connection gave no sign of life but a farewell: one that was reused had ended in the meantime. */
  readonly unanswered: boolean;
};

export async function transact(
  connection: Connection,
  envelope: Envelope,
  recipients: readonly Recipient[],
  body: Body,
): Promise<Transacted> {
  const unfit = unfitFor(connection, envelope, recipients);
  if (unfit !== null) return { outcomes: recipients.map(() => unfit), trouble: null, unanswered: false };
  const outcomes: (Outcome | null)[] = recipients.map(() => null);
  const spoken = await sendEnvelope(connection, envelope, recipients, outcomes);
  if (spoken.kind === 'trouble') {
    connection.wire.destroy();
    return { outcomes, trouble: spoken, unanswered: spoken.unanswered };
  }
  const trouble = spoken.kind === 'go' ? await sendMessage(connection, body, outcomes) : null;
  return { outcomes, trouble, unanswered: false };
}

/** What the server said it cannot take, before anything is sent. */
function unfitFor(connection: Connection, envelope: Envelope, recipients: readonly Recipient[]): Outcome | null {
  const { extensions, target } = connection;
  const remote = remoteOf(target, connection.evidence, null);
  if (needsUtf8(envelope, recipients) && !extensions.has('SMTPUTF8')) {
    const reason = `${target.name} does not take internationalised mail (SMTPUTF8).`;
    return { kind: 'failed', scope: 'recipient', status: '5.6.7', reason, remote };
  }
  const limit = Number(extensions.get('SIZE') ?? 0);
  // RFC 1870 section 4: 0, or no number, means no fixed limit.
  if (envelope.size !== null && limit > 0 && envelope.size > limit) {
    const reason = `The message has ${envelope.size} octets; ${target.name} takes at most ${limit}.`;
    return { kind: 'failed', scope: 'recipient', status: '5.3.4', reason, remote };
  }
  return null;
}

type Spoken = { readonly kind: 'go' | 'stop' } | (Trouble & { readonly unanswered: boolean });

/** MAIL, RCPT and DATA. `go`: the server waits for the message, and recipients without an outcome are accepted. */
async function sendEnvelope(
  connection: Connection,
  envelope: Envelope,
  recipients: readonly Recipient[],
  outcomes: (Outcome | null)[],
): Promise<Spoken> {
  const { wire, extensions } = connection;
  const pipelining = extensions.has('PIPELINING');
  const reset = connection.dirty ? ['RSET\r\n'] : [];
  const mail = mailCommand(envelope, needsUtf8(envelope, recipients), extensions);
  const rcpts = recipients.map((recipient) => rcptCommand(recipient, extensions));
  connection.uses += 1;
  connection.dirty = true;
  let unanswered = true;
  if (pipelining) await wire.write([[...reset, mail, ...rcpts, 'DATA\r\n'].join('')]);
  const ask = async (command: string): Promise<Reply | Trouble> => {
    if (!pipelining) await wire.write([command]);
    const reply = await wire.read();
    unanswered &&= reply.kind === 'trouble' || reply.code === 421;
    return reply.kind === 'reply' && reply.code === 421 ? leaving(connection, reply) : reply;
  };

  for (const command of reset) {
    const reply = await ask(command);
    if (reply.kind === 'trouble') return { ...reply, unanswered };
  }
  const sender = await ask(mail);
  if (sender.kind === 'trouble') return { ...sender, unanswered };
  if (!positive(sender)) {
    for (const index of outcomes.keys()) outcomes[index] = outcomeOf(connection, sender, 'mail');
    if (!pipelining) return { kind: 'stop' };
  }
  for (const [index, command] of rcpts.entries()) {
    const reply = await ask(command);
    if (reply.kind === 'trouble') return { ...reply, unanswered };
    if (outcomes[index] === null && !positive(reply)) outcomes[index] = outcomeOf(connection, reply, 'rcpt');
  }
  const nobody = !outcomes.includes(null);
  if (nobody && !pipelining) return { kind: 'stop' };
  const data = await ask('DATA\r\n');
  // With nobody accepted, a server that asks for the message all the same gets none: not even an empty one.
  if (data.kind === 'trouble' || (nobody && data.code === 354)) wire.destroy();
  if (nobody) return { kind: 'stop' };
  if (data.kind === 'trouble') return { ...data, unanswered };
  if (data.code === 354) return { kind: 'go' };
  settle(outcomes, outcomeOf(connection, data, 'data'));
  if (data.code < 400) wire.destroy();
  return { kind: 'stop' };
}

/** The octets and the reply to them. Returns trouble only while the message cannot have been taken. */
async function sendMessage(connection: Connection, body: Body, outcomes: (Outcome | null)[]): Promise<Trouble | null> {
  const { wire, target } = connection;
  const sent = await pour(wire, body);
  if (sent === 'interrupted') {
    // A server that answers before the end has given up on the message; only its refusal counts.
    const reply = await wire.read();
    wire.destroy();
    if (reply.kind === 'trouble') return reply;
    if (reply.code === 421) return leaving(connection, reply);
    settle(outcomes, outcomeOf(connection, reply, 'early'));
    return null;
  }
  if (sent !== 'complete') wire.destroy();
  if (sent === 'unreadable') {
    settle(outcomes, ownFault(connection, 'deferred', '4.3.0', 'The stored message could not be read to its end.'));
    return null;
  }
  if (sent === 'unclean') {
    const reason = 'The message holds line ends or octets that SMTP does not allow, so it was not sent.';
    settle(outcomes, ownFault(connection, 'failed', '5.6.0', reason));
    return null;
  }
  const reply = await wire.read(wire.timeouts.data);
  if (reply.kind === 'reply') {
    settle(outcomes, outcomeOf(connection, reply, 'end'));
    connection.dirty = !positive(reply);
    if (reply.code === 421) wire.destroy();
    return null;
  }
  const reason = `${reply.reason} before it confirmed the message. If ${target.name} took it nevertheless, it will arrive twice.`;
  const remote = remoteOf(target, connection.evidence, null);
  settle(outcomes, { kind: 'deferred', status: reply.status, reason, remote });
  return null;
}

type Poured = 'complete' | 'interrupted' | 'unreadable' | 'unclean';

/** Sends the message with its end. The end goes out only when every octet before it was read and sent. */
async function pour(wire: Wire, body: Body): Promise<Poured> {
  const stuffer = new DotStuffer();
  // The last piece waits for the next one, so that the end of a small message shares its segment.
  let held: readonly Buffer[] = [];
  try {
    for await (const chunk of body()) {
      const pieces = stuffer.push(chunk);
      if (pieces === null) return 'unclean';
      if (!(await wire.write(held)) || wire.unread) return 'interrupted';
      held = pieces;
    }
  } catch {
    // Whatever broke the source is reported by the one who opened it; here only its effect on the delivery matters.
    return 'unreadable';
  }
  const end = stuffer.end();
  if (end === null) return 'unclean';
  if (wire.trouble !== null || wire.unread) return 'interrupted';
  await wire.write([...held, end]);
  return 'complete';
}

function positive(reply: Reply): boolean {
  return reply.code >= 200 && reply.code < 300;
}

function settle(outcomes: (Outcome | null)[], outcome: Outcome): void {
  for (const [index, known] of outcomes.entries()) outcomes[index] = known ?? outcome;
}

/** RFC 5321 section 3.8: 421 ends the conversation, whatever was asked. */
function leaving(connection: Connection, reply: Reply): Trouble {
  return {
    kind: 'trouble',
    status: reply.enhanced ?? '4.3.2',
    reason: `${connection.target.name} answered ${reply.text}`,
  };
}

function ownFault(connection: Connection, kind: 'deferred' | 'failed', status: string, reason: string): Outcome {
  const remote = remoteOf(connection.target, connection.evidence, null);
  return kind === 'deferred' ? { kind, status, reason, remote } : { kind, scope: 'method', status, reason, remote };
}

/** What a reply to `stage` means for a recipient it concerns. */
function outcomeOf(connection: Connection, reply: Reply, stage: Stage): Outcome {
  const remote = remoteOf(connection.target, connection.evidence, reply);
  const status = statusOf(reply, stage);
  const reason = `${connection.target.name} answered ${reply.text}`;
  if (positive(reply) && stage === 'end') return { kind: 'delivered', status, remote };
  // RFC 5321 section 4.5.3.1.10: too many recipients is 452, which some servers say as 552; not to be mistaken for a full mailbox.
  const tooMany = stage === 'rcpt' && reply.code === 552 && (reply.enhanced === null || reply.enhanced === '5.5.3');
  if (tooMany) return { kind: 'deferred', status: '4.5.3', reason, remote };
  if (reply.code >= 500) return { kind: 'failed', scope: 'recipient', status, reason, remote };
  // A positive reply in the wrong place confirms nothing.
  return { kind: 'deferred', status: reply.code >= 400 ? status : '4.5.0', reason, remote };
}
