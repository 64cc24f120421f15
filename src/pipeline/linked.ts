/**
 * Linked: a message leaves without its large files, and they wait in the portal. The delivery is published there like any that waits, in the transaction
 * that settles it as delivered; the copy on its way carries the link (changes.ts).
 */
import type { Event } from '../event/event.ts';
import { addressKey } from '../mail/address.ts';
import type { Step } from '../plan/plan.ts';
import type { ClaimedDelivery } from '../store/store.ts';
import type { Wanted } from './changes.ts';
import type { NoticePorts } from './notices.ts';
import { type NewPublication, publicationOf } from './portal.ts';
import { type VoicePorts, voiceFor } from './voice.ts';

export type Linked = {
  readonly publication: NewPublication;
  /** What the copy says of it. */
  readonly wanted: NonNullable<Wanted['linked']>;
};

/** Whether a copy of this delivery by this step is to leave without its large files. */
export function isLinked({ actions, message }: ClaimedDelivery, step: Step | undefined): boolean {
  const copied = step !== undefined && step.method !== 'portal';
  return copied && actions.linkFilesOver !== null && message.kind === 'submitted';
}

/** Null when the files stay in the message after all: the portal or the tenant is gone from the configuration. */
export async function linkedFor(
  delivery: ClaimedDelivery,
  ports: NoticePorts & VoicePorts,
): Promise<Linked | 'not agreed' | null> {
  const { actions, message, recipient } = delivery;
  const { web, tenants } = ports.config;
  const tenant = tenants.find(({ id }) => id === message.tenant);
  const over = actions.linkFilesOver;
  if (over === null || web === null || tenant === undefined) return null;
  const publication = await publicationOf(delivery, ports);
  if (publication === null) return 'not agreed';
  const link = `${web.portalUrl}/m/${publication.token}`;
  const voice = await voiceFor(tenant.branding, { tenant: tenant.id, address: addressKey(recipient) }, ports);
  return { publication, wanted: { over, link, expiresAt: publication.row.expiresAt, voice } };
}

export function linkedEvent({ id, messageId, recipient }: ClaimedDelivery, { publication }: Linked): Event {
  const { expiresAt } = publication.row;
  return { kind: 'delivery.linked', message: messageId, delivery: id, recipient, expiresAt };
}
