/** What the portal is given (`PortalPorts`), and what its rooms share (`Shared`). */
import type { Tenant } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import type { RecipientKeys } from '../keys/given.ts';
import { openCard, type PortalCard } from '../pipeline/portal.ts';
import type { ItemSpool } from '../spool/items.ts';
import type { AnswerStore } from '../store/answer-port.ts';
import type { GreetingStore } from '../store/greetings.ts';
import type { PortalRow, PortalStore } from '../store/portal-port.ts';
import type { SenderStore } from '../store/sender-port.ts';
import type { Looks } from './branding.ts';
import type { Limiter } from './limits.ts';
import type { SignIn } from './proof/oidc.ts';
import type { Sessions } from './session.ts';

export type PortalPorts = {
  readonly store: PortalStore;
  readonly senders: Omit<SenderStore, 'inPortal'>;
  /** How people at an address like to be written to. */
  readonly greetings: GreetingStore;
  /** Drafts, files and what was sent. */
  readonly answers: AnswerStore;
  readonly items: ItemSpool;
  readonly tenants: readonly Pick<Tenant, 'id' | 'domains' | 'branding' | 'portal' | 'senders'>[];
  /** Keys of people's own. */
  readonly keys: RecipientKeys;
  /** How long what has no time of its own stays here, milliseconds. */
  readonly keepFor: number;
  /** Origin without a trailing slash, as in the links. */
  readonly portalUrl: string;
  /** 32 octets, the same in every process that serves the portal: opens what was wrapped for it, and seals what is its own. */
  readonly key: Buffer;
  /** Accepts a mail of ours for delivery; resolves when it is kept. */
  readonly submit: (message: PortalMail) => Promise<void>;
  /** Called when a row was left for the work role, so that it need not wait for its next look. */
  readonly wake: () => void;
  /** Accounts elsewhere, by the settings `web.signIn`. */
  readonly signIn: SignIn;
  readonly emit: (event: Event) => void;
  readonly now?: () => number;
};

export type PortalMail = {
  /** A UUID, by which its progress can be looked up. */
  readonly id: string;
  readonly tenant: string;
  /** A code opens a message, a `notice` is a letter of ours; an `answer` is what a person wrote to the tenant's people, and travels as protected as mail to them can. */
  readonly kind: 'code' | 'answer' | 'notice';
  /** Reverse-path; empty for null. */
  readonly mailFrom: string;
  readonly to: string;
  readonly bytes: Buffer;
  /** As for the message that waits. */
  readonly requireTls: boolean;
};

export type Shared = {
  readonly ports: PortalPorts;
  readonly now: () => number;
  readonly sessions: Sessions;
  readonly looks: Looks;
  readonly limits: Limits;
};

/** Per network; see limits.ts. What guards secrets is counted in the database (proof/tries.ts). */
type Limits = Readonly<Record<'lookUps' | 'codes' | 'wrong' | 'answers', Limiter>>;

/** Whose mail it is, as far as addresses of our own go. */
export function domainsOf(tenant: string, { tenants, portalUrl }: PortalPorts): readonly string[] {
  // A tenant may have been taken out of the settings while its messages wait.
  return tenants.find(({ id }) => id === tenant)?.domains ?? [new URL(portalUrl).hostname];
}

/** What is known of a message without reading it. Throws SealBroken. */
export function cardOf(row: PortalRow, ports: Pick<PortalPorts, 'key'>): PortalCard {
  return openCard(ports.key, row.delivery.id, row.card);
}
