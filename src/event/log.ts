/**
 * One log line per event, as JSON on standard error (standard output belongs to commands and their --json). Nothing else in Postern logs, so
 * what never becomes an event can never leak into a log. Addresses appear as the operator set `log.addresses`: in full, or as a keyed
 * hash that still lets one person's lines be found together.
 */
import { createHmac } from 'node:crypto';
import pino, { type DestinationStream } from 'pino';
import type { Event, EventKind } from './event.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

export type LogOptions = {
  readonly level: Level;
  readonly addresses: 'full' | 'hashed';
  /** Keys the address hashes, so that a log alone cannot be searched for a guessed address. */
  readonly key: Buffer;
  /** Standard error by default. */
  readonly destination?: DestinationStream;
};

/** Events not named here are `info`. */
const severity: Partial<Record<EventKind, Level>> = {
  'message.refused': 'warn',
  'message.held': 'warn',
  'delivery.deferred': 'warn',
  'delivery.failed': 'warn',
  'delivery.fellback': 'warn',
  'portal.codeWrong': 'warn',
  'portal.limited': 'warn',
  'portal.proofWrong': 'warn',
  'policy.broken': 'error',
  'certificate.broken': 'error',
  'domain.downgraded': 'error',
  'domain.changed': 'warn',
  'tlsReport.failed': 'warn',
  'service.failed': 'error',
  'message.decided': 'debug',
};

/** The fields of events that hold an address, or a person's name. */
const addressFields = ['from', 'recipient', 'address', 'reader', 'signer'] as const;

export function createLog(options: LogOptions): (event: Event) => void {
  const destination = options.destination ?? pino.destination({ dest: 2, sync: true });
  // A log that cannot be written (a full disk) must not end the gateway.
  if ('on' in destination && typeof destination.on === 'function') destination.on('error', () => {});
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const shown =
    options.addresses === 'full' ? (event: Event) => event : (event: Event) => hashAddresses(event, options.key);
  return (event) => {
    const level = severity[event.kind] ?? 'info';
    if (logger.isLevelEnabled(level)) logger[level](shown(event));
  };
}

function hashAddresses(event: Event, key: Buffer): object {
  const line: Record<string, unknown> = { ...event };
  for (const field of addressFields) {
    const value = line[field];
    if (typeof value === 'string' && value !== '') line[field] = hashAddress(value, key);
  }
  // Reasons quote the remote's reply, which may name the recipient.
  for (const field of ['reason', 'error']) {
    const value = line[field];
    if (typeof value === 'string')
      line[field] = value.replace(/[^\s<>()"']+@[^\s<>()"']+/g, (address) => hashAddress(address, key));
  }
  return line;
}

function hashAddress(address: string, key: Buffer): string {
  return `#${createHmac('sha256', key).update(address.toLowerCase()).digest('base64url').slice(0, 16)}`;
}
