import type { TlsLevel } from '../config/config.ts';
import type { Egress } from '../net/egress.ts';
import type { Resolver } from '../net/resolver.ts';
import type { Outcome } from '../plan/delivery.ts';

/** What one transaction carries: the same bytes at the same TLS level to recipients of one destination. */
export type Transmission = {
  /** The recipients' domain (lower-case A-labels) or address literal ("[192.0.2.1]"). */
  readonly destination: string;
  readonly recipients: readonly TransmissionRecipient[];
  /** Empty for the null reverse-path. */
  readonly mailFrom: string;
  readonly tls: TlsLevel;
  /** The bytes contain octets above 127. */
  readonly eightBit: boolean;
  /** The envelope or the headers need SMTPUTF8. */
  readonly utf8: boolean;
  readonly ret: 'FULL' | 'HDRS' | null;
  readonly envid: string | null;
  /** Octets of the body, or null when not known. */
  readonly size: number | null;
  /** The message. Called once a recipient was accepted, and again when another host must be tried. */
  readonly body: () => AsyncIterable<Uint8Array>;
};

export type TransmissionRecipient = {
  readonly address: string;
  /** NEVER, or any of SUCCESS, FAILURE, DELAY. */
  readonly notify: readonly string[] | null;
  /** As it came in: "rfc822;user@example". */
  readonly orcpt: string | null;
};

/** A host that the admin named for a domain (`tenant.inbound`): no MX look-up, no egress guard, its own TLS level as a minimum. */
export type StaticRoute = { readonly host: string; readonly port: number; readonly tls: TlsLevel };

export type TransmitterOptions = {
  /** Our EHLO name. */
  readonly hostname: string;
  readonly port: number;
  readonly resolver: Resolver;
  readonly egress: Egress;
  /** PEM texts of extra roots. */
  readonly trust: readonly string[];
  /** Connections at once to one destination. */
  readonly perDestination: number;
  /** By domain. */
  readonly statics: ReadonlyMap<string, StaticRoute>;
  readonly timeouts?: Partial<Timeouts>;
};

/** Milliseconds. */
export type Timeouts = { readonly connect: number; readonly command: number; readonly data: number };

export type Transmitter = {
  /** One outcome per recipient, in their order. Never throws for remote trouble. */
  send(transmission: Transmission): Promise<Outcome[]>;
  /** How many more transmissions to this destination can start at once. */
  capacity(destination: string): number;
  /** Says QUIT on idle connections and ends those in use once their message is through. */
  close(): Promise<void>;
};

export function createTransmitter(_options: TransmitterOptions): Transmitter {
  throw new Error('under construction');
}
