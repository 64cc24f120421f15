/**
 * What the portal is given (`PortalPorts`), and what its rooms share: the way to the message (pickup.ts) and the message (reading.ts).
 */
import type { Tenant } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import type { Spool } from '../spool/spool.ts';
import type { PortalRow, PortalStore } from '../store/store.ts';
import type { Limiter } from './limits.ts';
import type { Around } from './pages.ts';
import type { Sessions } from './session.ts';

export type PortalPorts = {
  readonly store: PortalStore;
  readonly spool: Pick<Spool, 'read'>;
  readonly tenants: readonly Pick<Tenant, 'id' | 'domains'>[];
  /** The Subject a rule put in place of the sender's, null when it left it alone. The row holds it sealed. */
  readonly subjectOf: (row: PortalRow) => string | null;
  /** Origin without a trailing slash, as in the links. */
  readonly portalUrl: string;
  /** 32 octets from which cookies, form tokens and code hashes are keyed; the same in every process that serves the portal. */
  readonly key: Buffer;
  /** Accepts the mail with a code for delivery; resolves when it is kept. */
  readonly submit: (message: {
    readonly tenant: string;
    readonly kind: 'code';
    readonly mailFrom: string;
    readonly to: string;
    readonly bytes: Buffer;
    /** As for the message that waits: the code opens it. */
    readonly requireTls: boolean;
  }) => Promise<void>;
  readonly emit: (event: Event) => void;
  readonly now?: () => number;
};

/** What pickup.ts and reading.ts share. */
export type Shared = {
  readonly ports: PortalPorts;
  readonly now: () => number;
  readonly sessions: Sessions;
  readonly limits: Limits;
};

/** Per network, and for wrong codes per delivery too; see limits.ts. */
type Limits = Readonly<Record<'lookUps' | 'codes' | 'wrong' | 'wrongForDelivery', Limiter>>;

/** The message and the organisation it came from, as pages name it: the sender's domain, or the tenant's first. */
export function aroundOf(row: PortalRow, ports: PortalPorts): Around & { readonly domains: readonly string[] } {
  const tenant = ports.tenants.find(({ id }) => id === row.message.tenant);
  // A tenant may have been taken out of the settings while its messages wait.
  const domains = tenant?.domains ?? [new URL(ports.portalUrl).hostname];
  const { mailFrom } = row.message;
  const senderDomain = mailFrom.slice(mailFrom.lastIndexOf('@') + 1);
  const organisation = domains.includes(senderDomain) ? senderDomain : (domains[0] ?? senderDomain);
  return { organisation, row, domains };
}
