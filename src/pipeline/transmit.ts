/**
 * Transmit: the octets of a group's current step (octets.ts, or opening.ts for what came in) on their way through the transmitter, and what became of each
 * delivery.
 */
import type { Config } from '../config/config.ts';
import type { Transmitter } from '../deliver/pool.ts';
import type { Outcome } from '../plan/delivery.ts';
import type { Step } from '../plan/plan.ts';
import type { ClaimedDelivery } from '../store/store.ts';
import type { Wanted } from './changes.ts';
import { untilMended } from './inbound.ts';
import { type OctetPorts, prepare } from './octets.ts';
import { type HandedOn, handOn, type OpeningPorts } from './opening.ts';

export type TransmitPorts = OctetPorts & {
  readonly config: Config;
  readonly transmitter: Pick<Transmitter, 'send'>;
  readonly opening: OpeningPorts;
};

/** What opening a message that came in showed: sentences for the trace, and the verdict. */
export type Found = Pick<HandedOn, 'found' | 'verdict'>;

/** One outcome for each delivery of the group. */
type Sent = { readonly outcomes: readonly Outcome[]; readonly found: Found | null };

/** `linked`: see prepare(). */
export async function transmit(
  group: readonly ClaimedDelivery[],
  step: Step,
  linked: Wanted['linked'],
  ports: TransmitPorts,
): Promise<Sent> {
  const [first] = group;
  if (first === undefined) return { outcomes: [], found: null };
  const { message } = first;
  if (message.kind === 'inbound') return transmitInbound(group, first, step, ports);
  const prepared = await prepare(first, step, linked, ports);
  if (prepared.kind === 'impossible') return { outcomes: group.map(() => prepared.outcome), found: null };
  const outcomes = await ports.transmitter.send({
    ...transaction(group, first, step, ports),
    eightBit: message.smtp.eightBit && prepared.eightBit,
    size: prepared.size,
    body: prepared.body,
  });
  const failure = prepared.failure();
  if (failure !== null) return { outcomes: group.map(() => failure), found: null };
  return { outcomes: message.kind === 'answer' ? outcomes.map(untilMended) : outcomes, found: null };
}

/** A message for the tenant's people, opened before a connection is made. */
async function transmitInbound(
  group: readonly ClaimedDelivery[],
  first: ClaimedDelivery,
  step: Step,
  ports: TransmitPorts,
): Promise<Sent> {
  const tenant = ports.config.tenants.find(({ id }) => id === first.message.tenant);
  const opened = await handOn(first, tenant, ports.opening);
  try {
    const { size, body, eightBit } = opened;
    const outcomes = await ports.transmitter.send({ ...transaction(group, first, step, ports), eightBit, size, body });
    return { outcomes: outcomes.map(untilMended), found: opened };
  } finally {
    await opened.release();
  }
}

type Transmission = Parameters<TransmitPorts['transmitter']['send']>[0];

/** All of the transaction but the octets. */
function transaction(
  group: readonly ClaimedDelivery[],
  { message, destination }: ClaimedDelivery,
  step: Step,
  { config }: TransmitPorts,
): Omit<Transmission, 'eightBit' | 'size' | 'body'> {
  return {
    destination,
    recipients: group.map(({ recipient }) => ({
      address: recipient,
      notify: message.smtp.dsn[recipient]?.notify ?? null,
      orcpt: message.smtp.dsn[recipient]?.orcpt ?? null,
    })),
    mailFrom: message.mailFrom,
    tls: step.tls,
    pin: message.kind === 'report' ? null : pinOf(config, message.tenant, destination),
    asAsked: message.kind === 'report' || step.waived === true,
    utf8: message.smtp.utf8,
    ret: message.smtp.ret,
    envid: message.smtp.envid,
    // A notification is no part of the message, so the next server need not promise what the sender wants for that.
    requireTls: message.smtp.requireTls === true && message.kind !== 'notification',
  };
}

/** The mail servers that the tenant pinned for a domain. */
function pinOf(config: Config, tenantId: string, domain: string): readonly string[] | null {
  const pins = config.tenants.find((tenant) => tenant.id === tenantId)?.pins ?? [];
  return pins.find((pin) => pin.domain === domain)?.hosts ?? null;
}
