/**
 * A connection that is ready for MAIL FROM: dialled, greeted, secured as far as the TLS level asks, and introduced. The level is
 * settled here, before anything about a message is said; a connection that did not reach it is never handed out.
 *
 * The client is our own rather than nodemailer's, for what that one cannot express: NOTIFY and ORCPT of each recipient (it writes one
 * ORCPT on every RCPT, which would tell one recipient of another), SMTPUTF8 for headers, evidence of the handshake before MAIL FROM,
 * octets refused instead of repaired, and outcomes that need not be guessed from error texts. Speed was no reason: both are alike.
 *
 * What is accepted is what demand.ts says of this host:
 * - `may`: TLS with any certificate where offered; when the handshake fails, the same address once more in plain text.
 * - `encrypt`: TLS with any certificate.
 * - `verify`, `secure`: TLS, a chain to a trusted root, and the host's own name; for `secure` something vouched for that name before.
 * - `dane`: TLS with a certificate that matches the domain's TLSA records.
 * RFC 8996: never older than TLS 1.2, at any level.
 *
 * A refused connection is `unmet` when the host answered and cannot do it (no STARTTLS, STARTTLS refused, handshake failed,
 * certificate not good), and `unreachable` when it did not get that far. The conversation goes on in transaction.ts.
 *
 * Standards: RFC 3207.
 * Limits: a 5xx greeting counts as unreachable, like Postfix does: such greetings are usually temporary blocks.
 */
import { isIP } from 'node:net';
import type { TlsFault } from '../mail/tls-report.ts';
import type { Remote } from '../plan/delivery.ts';
import type { Demand } from './demand.ts';
import { type Extensions, extensionsOf } from './envelope.ts';
import { type Defect, type Evidence, judge, look, type Shown, type Trust } from './peer.ts';
import type { Reply, Trouble } from './reply.ts';
import { type Sessions, shownBefore } from './sessions.ts';
import { dial, type Timeouts, type Wire } from './wire.ts';

export type Target = {
  /** The MX host name, which the certificate must carry; the bare address for an address literal. */
  readonly name: string;
  readonly ip: string;
  readonly port: number;
};

export type Connection = {
  readonly kind: 'open';
  readonly target: Target;
  readonly wire: Wire;
  readonly extensions: Extensions;
  /** Why it is in plain text; null under TLS. */
  readonly fault: TlsFault | null;
  /** What the handshake showed; null in plain text. */
  readonly shown: Shown | null;
  /** What that proves of the message it carries now; null in plain text. */
  evidence: Evidence | null;
  /** Transactions begun on it. */
  uses: number;
  /** A transaction was begun and not ended by a reply to its message, so RSET must come first. */
  dirty: boolean;
};

export type Refused = {
  readonly kind: 'unreachable' | 'unmet';
  readonly status: string;
  /** A sentence. */
  readonly reason: string;
  readonly remote: Remote;
  /** How far it came: `local` when this machine has no way to such addresses, `dial` when TCP failed, `spoken` after that. */
  readonly stage: 'local' | 'dial' | 'spoken';
  /** Who wanted more than was asked, when that is why it was refused (demand.ts). */
  readonly liftedBy: string | null;
  /** What was wrong with its TLS, in the words of reports; null where that is not why. */
  readonly fault: TlsFault | null;
};

export type ConnectionPorts = {
  readonly hostname: string;
  readonly trust: Trust;
  readonly timeouts: Timeouts;
  readonly sessions: Sessions;
};

/** Opens a connection that meets the demand, or says why there is none. */
export async function openConnection(
  target: Target,
  demand: Demand,
  ports: ConnectionPorts,
): Promise<Connection | Refused> {
  const first = await open(target, demand, ports, true);
  // Opportunistic TLS: a host whose TLS is broken gets the message as it would without STARTTLS.
  if (first.kind === 'unmet' && demand.level === 'may') {
    const plain = await open(target, demand, ports, false);
    return { ...plain, fault: first.fault };
  }
  return first.kind === 'unmet' ? { ...first, liftedBy: demand.liftedBy } : first;
}

/** Whether an open connection meets the demand of another message; its evidence is then about that one. */
export function serves(connection: Connection, demand: Demand): boolean {
  const { shown, target } = connection;
  if (shown === null) return demand.level === 'may';
  const judged = judge(shown, target.name, demand, new Date());
  connection.evidence = judged.evidence;
  return judged.kind === 'met';
}

async function open(
  target: Target,
  demand: Demand,
  ports: ConnectionPorts,
  tls: boolean,
): Promise<Connection | Refused> {
  const wire = await dial(target, ports.timeouts);
  if (wire.kind === 'trouble') return unreachable(target, wire, wire.local ? 'local' : 'dial');
  const greeting = await wire.read();
  if (greeting.kind === 'trouble') return unreachable(target, greeting);
  if (greeting.code !== 220) return unwilling(target, wire, greeting);
  const introduced = await introduce(wire, ports.hostname);
  if (introduced.kind === 'trouble') return unreachable(target, introduced);
  if (introduced.code !== 250) return unwilling(target, wire, introduced);
  const extensions = extensionsOf(introduced.lines);
  if (tls && extensions.has('STARTTLS')) return upgrade(target, demand, ports, wire, extensions);
  if (demand.level !== 'may')
    return unmet(target, wire, '5.7.4', without(`${target.name} does not offer STARTTLS.`), {});
  return opened(target, wire, extensions, null, null);
}

async function upgrade(
  target: Target,
  demand: Demand,
  ports: ConnectionPorts,
  wire: Wire,
  plain: Extensions,
): Promise<Connection | Refused> {
  const reply = await wire.ask('STARTTLS\r\n');
  if (reply.kind === 'trouble') return unreachable(target, reply);
  if (reply.code === 421) return unwilling(target, wire, reply);
  if (reply.code !== 220) {
    if (demand.level === 'may') return opened(target, wire, plain, null, null);
    const defect = without(`${target.name} offers STARTTLS and then refuses it: ${reply.text}`);
    return unmet(target, wire, '5.7.4', defect, { reply });
  }
  const key = `${target.name} ${target.ip} ${target.port}`;
  const ticket = ports.sessions.take(key, (before) => judge(before, target.name, demand, new Date()).kind === 'met');
  const name = isIP(target.name) === 0 ? target.name : null;
  const socket = await wire.secure(name, ports.trust.context, ticket?.session ?? null);
  if ('clause' in socket) {
    const reason = `${target.name} ${socket.clause}`;
    // Silence may be the network's fault; only opportunistic TLS draws a conclusion from it.
    if (socket.timedOut && demand.level !== 'may')
      return unreachable(target, { kind: 'trouble', status: '4.4.2', reason });
    const defect: Defect = { result: 'validation-failure', code: socket.code, reason: `${reason}.` };
    return unmet(target, wire, '5.7.5', defect, {});
  }
  const before = shownBefore(socket, ticket);
  const shown = before ?? look(socket, target.name, ports.trust);
  ports.sessions.gather(key, socket, shown, before === null ? null : ticket);
  const judged = judge(shown, target.name, demand, new Date());
  const { evidence } = judged;
  if (judged.kind === 'unmet') return unmet(target, wire, '5.7.5', judged.defect, { evidence });
  // RFC 3207 section 4.2: what was said before TLS is forgotten.
  const introduced = await wire.ask(`EHLO ${ports.hostname}\r\n`);
  if (introduced.kind === 'trouble') return unreachable(target, introduced, 'spoken', evidence);
  if (introduced.code !== 250) return unwilling(target, wire, introduced, evidence);
  return opened(target, wire, extensionsOf(introduced.lines), shown, evidence);
}

/** EHLO, or HELO for a server that does not know it (RFC 5321 section 3.2), which then offers nothing. */
async function introduce(wire: Wire, hostname: string): Promise<Reply | Trouble> {
  const reply = await wire.ask(`EHLO ${hostname}\r\n`);
  const unknown = reply.kind === 'reply' && (reply.code === 500 || reply.code === 502);
  if (!unknown) return reply;
  const old = await wire.ask(`HELO ${hostname}\r\n`);
  return old.kind === 'reply' ? { ...old, lines: [] } : old;
}

/** RFC 8460 section 4.3.1. */
const noStartTls: TlsFault = { result: 'starttls-not-supported', code: null };

function without(reason: string): Defect {
  return { ...noStartTls, reason };
}

function opened(
  target: Target,
  wire: Wire,
  extensions: Extensions,
  shown: Shown | null,
  evidence: Evidence | null,
): Connection {
  const fault = shown === null ? noStartTls : null;
  return { kind: 'open', target, wire, extensions, fault, shown, evidence, uses: 0, dirty: false };
}

/** The evidence of a connection, with the last reply. */
export function remoteOf(target: Target, evidence: Evidence | null, reply: Reply | null): Remote {
  return {
    mx: target.name,
    ip: target.ip,
    tls: evidence?.tls ?? null,
    cipher: evidence?.cipher ?? null,
    verifiedBy: evidence?.verifiedBy ?? null,
    certificateSha256: evidence?.certificateSha256 ?? null,
    certificateNames: evidence?.certificateNames ?? [],
    level: evidence?.level ?? 'may',
    at: Date.now(),
    reply: reply?.text ?? null,
  };
}

function unreachable(
  target: Target,
  trouble: Trouble,
  stage: Refused['stage'] = 'spoken',
  evidence: Evidence | null = null,
): Refused {
  const { status, reason } = trouble;
  return {
    kind: 'unreachable',
    status,
    reason: `${reason}.`,
    remote: remoteOf(target, evidence, null),
    stage,
    liftedBy: null,
    fault: null,
  };
}

/** A greeting or EHLO that says no: another host, or later. */
function unwilling(target: Target, wire: Wire, reply: Reply, evidence: Evidence | null = null): Refused {
  wire.destroy();
  const status = reply.enhanced?.startsWith('4') === true ? reply.enhanced : '4.3.2';
  const reason = `${target.name} does not take mail now: ${reply.text}`;
  return {
    kind: 'unreachable',
    status,
    reason,
    remote: remoteOf(target, evidence, reply),
    stage: 'spoken',
    liftedBy: null,
    fault: null,
  };
}

function unmet(
  target: Target,
  wire: Wire,
  status: string,
  { reason, ...fault }: Defect,
  seen: { readonly evidence?: Evidence; readonly reply?: Reply },
): Refused {
  wire.destroy();
  const remote = remoteOf(target, seen.evidence ?? null, seen.reply ?? null);
  return { kind: 'unmet', status, reason, remote, stage: 'spoken', liftedBy: null, fault };
}
