/**
 * The transmitter: one message for recipients of one destination -> one outcome for each of them.
 *
 * `send` waits for a free slot of the destination, finds the route (route.ts), and walks over its hosts and addresses until every
 * recipient has an outcome: an idle connection that proved enough, or a new one (connection.ts), then the transaction (transaction.ts).
 * Connections stay open a few seconds for the next message (idle.ts). What remains open after the last host is decided by verdict.ts.
 *
 * What a host must prove is more than the level asked for when its domain has published or shown more (demand.ts).
 */
import type { TlsLevel } from '../config/config.ts';
import type { TlsSession } from '../mail/tls-report.ts';
import type { Egress } from '../net/egress.ts';
import type { Resolver } from '../net/resolver.ts';
import type { Outcome } from '../plan/delivery.ts';
import { stricter } from '../plan/plan.ts';
import {
  type Connection,
  type ConnectionPorts,
  openConnection,
  type Refused,
  remoteOf,
  type Target,
} from './connection.ts';
import { DeadAddresses } from './dead.ts';
import { type Demand, demandOf, type Known, type Sts } from './demand.ts';
import { type Envelope, isDomain, isSafeAddress, type Recipient } from './envelope.ts';
import { withEvidence } from './evidence-field.ts';
import { IdleConnections } from './idle.ts';
import { Trust } from './peer.ts';
import { breaksPromise, inTermsOf, promiseBroken } from './promise.ts';
import { cleanText } from './reply.ts';
import { type Host, type Route, type RoutePorts, route, routeTo } from './route.ts';
import { Sessions } from './sessions.ts';
import { Slots } from './slots.ts';
import { missed, type Published, sessionOf } from './tls-session.ts';
import { type Body, transact } from './transaction.ts';
import { preferenceOf, type Setback, verdict } from './verdict.ts';
import type { Timeouts } from './wire.ts';

/** What one transaction carries: the same bytes at the same TLS level to recipients of one destination. */
export type Transmission = Envelope & {
  /** The recipients' domain (lower-case A-labels) or address literal ("[192.0.2.1]"). */
  readonly destination: string;
  readonly recipients: readonly Recipient[];
  readonly tls: TlsLevel;
  /** Names of mail servers that the tenant pinned for the destination; null without a pin. */
  readonly pin: readonly string[] | null;
  /**
   * The level stays as asked, whatever the domain has published or shown: a TLS report must arrive where TLS is broken, and a sender may waive it.
   */
  readonly asAsked: boolean;
  /** The message. Called once a recipient was accepted, and again when another host must be tried. */
  readonly body: Body;
};

/** A host that the admin named for a domain (`tenant.inbound`): no MX look-up, no egress guard, its own TLS level as a minimum. */
export type StaticRoute = { readonly host: string; readonly port: number; readonly tls: TlsLevel };

export type TransmitterOptions = {
  /** Our EHLO name. */
  readonly hostname: string;
  readonly port: number;
  readonly resolver: Pick<Resolver, 'mx' | 'a' | 'aaaa' | 'tlsa'>;
  readonly egress: Egress;
  /** PEM texts of extra roots. */
  readonly trust: readonly string[];
  /** A domain's MTA-STS policy, or null when it has none (sts.ts). */
  readonly sts: (domain: string) => Promise<Sts | null>;
  /** The TLS level a domain has shown before, below which it is never served; null when it has shown none. */
  readonly floor: (domain: string) => TlsLevel | null;
  /** Connections at once to one destination. */
  readonly perDestination: number;
  /** Told of each TLS session, and of hosts that none was opened to for what their domain published; for TLS reports. */
  readonly onSession: (session: TlsSession) => void;
  /** Whether each message that goes over TLS begins with a header field that says so (evidence-field.ts). */
  readonly evidenceHeader: boolean;
  /** By domain. */
  readonly statics: ReadonlyMap<string, StaticRoute>;
  readonly timeouts?: Partial<Timeouts>;
};

export type Transmitter = {
  /** One outcome per recipient, in their order. Never throws for remote trouble. */
  send(transmission: Transmission): Promise<Outcome[]>;
  /** How many more transmissions to this destination can start at once. */
  capacity(destination: string): number;
  /** Takes nothing more, lets messages under way finish, says QUIT on every connection. */
  close(): Promise<void>;
};

/** RFC 5321 section 4.5.3.2, but 30 seconds for TCP, which has its own opinion after 2 minutes. */
const patience: Timeouts = { connect: 30_000, command: 300_000, data: 600_000 };
/** RFC 5321 section 4.5.3.1.8: what every server takes in one transaction. */
const maxRecipients = 100;
/** Addresses tried for one message before it is deferred. */
const maxTargets = 12;

/** Throws when `hostname` or `trust` cannot be used: the configuration should have been refused. */
export function createTransmitter(options: TransmitterOptions): Transmitter {
  if (!isDomain(options.hostname)) throw new Error('the host name is not a domain name');
  const transmitter = new PooledTransmitter(options);
  return {
    send: (transmission) => transmitter.send(transmission),
    capacity: (destination) => transmitter.slots.free(destination),
    close: () => transmitter.close(),
  };
}

/** A recipient on its way to an outcome. */
type Journey = { readonly recipient: Recipient; outcome: Outcome | null };

type Demanding = { readonly host: Host; readonly demand: Demand; readonly published: Published };

/** One address of a host, to be tried. `backup`: other hosts are preferred to it. */
type Aim = Demanding & { readonly target: Target; readonly backup: boolean };

type Tell = TransmitterOptions['onSession'];

class PooledTransmitter {
  readonly slots: Slots;
  readonly #options: TransmitterOptions;
  readonly #ports: ConnectionPorts;
  readonly #routePorts: RoutePorts;
  readonly #idle = new IdleConnections();
  readonly #dead = new DeadAddresses();

  constructor(options: TransmitterOptions) {
    this.#options = options;
    this.slots = new Slots(options.perDestination);
    const { hostname, resolver, egress } = options;
    this.#ports = {
      hostname,
      trust: new Trust(options.trust),
      timeouts: { ...patience, ...options.timeouts },
      sessions: new Sessions(),
    };
    this.#routePorts = { resolver, egress, hostname: hostname.toLowerCase(), random: Math.random };
  }

  async send(transmission: Transmission): Promise<Outcome[]> {
    const journeys = transmission.recipients.map((recipient) => ({
      recipient,
      outcome: unfit(transmission, recipient),
    }));
    if (await this.slots.take(transmission.destination)) {
      try {
        const open = journeys.filter(({ outcome }) => outcome === null);
        for (let start = 0; start < open.length; start += maxRecipients) {
          await this.#deliver(transmission, open.slice(start, start + maxRecipients));
        }
      } finally {
        this.slots.release(transmission.destination);
      }
    }
    return journeys.map(({ outcome }) => outcome ?? stopping);
  }

  async close(): Promise<void> {
    await this.slots.close();
    await this.#idle.close();
  }

  async #deliver(transmission: Transmission, journeys: readonly Journey[]): Promise<void> {
    const { destination } = transmission;
    const fixed = this.#options.statics.get(destination);
    const found = await (fixed === undefined
      ? route(destination, this.#routePorts)
      : routeTo(fixed.host, this.#routePorts));
    if (found.kind !== 'hosts') return conclude(journeys, () => unrouted(found));
    const known = await this.#known(transmission, fixed, found.signed);
    const setbacks: Setback[] = [];
    // RFC 8460 section 3: sessions that carry reports are not reported; and our own hosts' admin reads our log.
    const tell = transmission.asAsked || fixed !== undefined ? () => {} : this.#options.onSession;
    const demands = await this.#demands(found.hosts, known, setbacks, tell);
    for (const aim of this.#targets(demands, known.port, preferenceOf(found.hosts))) {
      const setback = await this.#tryTarget(aim, transmission, journeys, tell);
      if (setback !== null) setbacks.push({ ...setback, host: aim.host });
      if (journeys.every(({ outcome }) => outcome !== null)) return;
    }
    conclude(journeys, () => inTermsOf(transmission, verdict(found.hosts, setbacks)));
  }

  async #known(transmission: Transmission, fixed: StaticRoute | undefined, signed: boolean): Promise<Known> {
    const { destination: domain, tls: asked, pin, asAsked } = transmission;
    const { port, sts, floor } = this.#options;
    // The admin's own host needs no word of the domain's.
    if (fixed !== undefined) {
      const level = stricter(asked, fixed.tls);
      return { domain, asked: level, namedBy: 'configuration', port: fixed.port, sts: null, pin: null, floor: null };
    }
    if (asAsked) return { domain, asked, namedBy: null, port, sts: null, pin, floor: null };
    const policy = domain.startsWith('[') ? null : await sts(domain);
    return { domain, asked, namedBy: signed ? 'DNSSEC' : null, port, pin, sts: policy, floor: floor(domain) };
  }

  /** What each host must prove; a host that cannot, or of which nobody knows, becomes a setback without a connection. */
  async #demands(hosts: readonly Host[], known: Known, setbacks: Setback[], tell: Tell): Promise<Demanding[]> {
    const demanded = await Promise.all(
      hosts.map(async (host) => ({ host, result: await demandOf(host, known, this.#options.resolver) })),
    );
    const demands: Demanding[] = [];
    for (const { host, result } of demanded) {
      const published = { domain: known.domain, host, sts: known.sts, tlsa: result.published };
      if (result.kind === 'demand') {
        demands.push({ host, demand: result.demand, published });
        continue;
      }
      setbacks.push({ ...result, host, remote: null, stage: 'spoken' });
      if (result.fault !== null) tell(missed(published, result.fault, null));
    }
    return demands;
  }

  /** Every address in order; those of the best preference that have an idle connection come first. */
  #targets(demands: readonly Demanding[], port: number, preference: number): Aim[] {
    const targets = demands
      .flatMap((demanding) => {
        const { name, addresses, preference: own } = demanding.host;
        return addresses.map((ip) => ({ ...demanding, target: { name, ip, port }, backup: own > preference }));
      })
      .slice(0, maxTargets);
    const best = targets[0]?.host.preference;
    const warm = targets.findIndex(
      ({ host, target, demand }) => host.preference === best && this.#idle.has(target, demand),
    );
    return warm <= 0 ? targets : [...targets.splice(warm, 1), ...targets];
  }

  /** Fills in outcomes; returns what went wrong when some are still open. */
  async #tryTarget(
    { target, demand, published, backup }: Aim,
    transmission: Transmission,
    journeys: readonly Journey[],
    tell: Tell,
  ): Promise<Omit<Setback, 'host'> | null> {
    const open = journeys.filter(({ outcome }) => outcome === null);
    for (;;) {
      const reused = this.#idle.take(target, demand);
      const connection = reused ?? (await this.#open(target, demand, published, tell));
      if (connection.kind !== 'open') return connection;
      if (breaksPromise(connection, transmission)) {
        this.#idle.put(connection);
        return promiseBroken(connection);
      }
      const recipients = open.map(({ recipient }) => recipient);
      const carried = this.#carried(transmission, connection);
      const { outcomes, trouble, unanswered } = await transact(connection, carried, recipients, carried.body);
      // A reused connection that had died in the meantime says nothing about the host.
      if (reused !== null && unanswered) continue;
      for (const [index, journey] of open.entries()) {
        const outcome = outcomes[index] ?? null;
        journey.outcome = backup && outcome !== null ? byBackup(outcome) : outcome;
      }
      this.#idle.put(connection);
      if (trouble === null) return null;
      const remote = remoteOf(target, connection.evidence, null);
      const reason = `${trouble.reason}.`;
      return { kind: 'unreachable', status: trouble.status, reason, remote, stage: 'spoken', liftedBy: null };
    }
  }

  #carried(transmission: Transmission, { evidence, target }: Connection): Transmission {
    if (!this.#options.evidenceHeader || evidence === null) return transmission;
    return withEvidence(transmission, evidence, { from: this.#options.hostname, to: target.name });
  }

  async #open(target: Target, demand: Demand, published: Published, tell: Tell): Promise<Connection | Refused> {
    const dead = this.#dead.find(target);
    if (dead !== null) return dead;
    const connection = await openConnection(target, demand, this.#ports);
    const session = sessionOf(published, demand, connection);
    if (session !== null) tell(session);
    this.#dead.note(target, connection);
    return connection;
  }
}

const stopping: Outcome = { kind: 'deferred', status: '4.3.2', reason: 'The gateway is shutting down.', remote: null };

/** An address that cannot stand in a command is refused before anybody is asked to take it. */
function unfit(transmission: Transmission, recipient: Recipient): Outcome | null {
  const { mailFrom } = transmission;
  if (mailFrom !== '' && !isSafeAddress(mailFrom)) {
    const reason = `The sender address ${cleanText(mailFrom)} cannot be used in SMTP.`;
    return { kind: 'failed', scope: 'recipient', status: '5.1.7', reason, remote: null };
  }
  if (isSafeAddress(recipient.address)) return null;
  const reason = `The address ${cleanText(recipient.address)} cannot be used in SMTP.`;
  return { kind: 'failed', scope: 'recipient', status: '5.1.3', reason, remote: null };
}

/** What a backup does says nothing of the servers that are preferred to it. */
function byBackup(outcome: Outcome): Outcome {
  if (outcome.kind !== 'delivered' || outcome.remote === null) return outcome;
  return { ...outcome, remote: { ...outcome.remote, backup: true } };
}

function conclude(journeys: readonly Journey[], outcome: () => Outcome): void {
  for (const journey of journeys) journey.outcome ??= outcome();
}

function unrouted(found: Exclude<Route, { kind: 'hosts' }>): Outcome {
  const { status, reason } = found;
  if (found.kind === 'deferred') return { kind: 'deferred', status, reason, remote: null };
  return { kind: 'failed', scope: 'recipient', status, reason, remote: null };
}
