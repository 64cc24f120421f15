/**
 * Reminders: who has not opened what waits in the portal is told once more before it ends, by the same link, and the sender hears of it (receipts.ts). When
 * that is, reminder-time.ts says; the next one is set in the transaction that queues the letter.
 */
import { randomUUIDv7 } from 'node:crypto';
import type { Event } from '../event/event.ts';
import { addressKey } from '../mail/address.ts';
import { serviceAddress } from '../mail/compose.ts';
import { authorsOf, parseHeader } from '../mail/header.ts';
import { reminderMessage } from '../mail/reminder.ts';
import { unopened } from '../plan/delivery.ts';
import { openText, SealBroken } from '../protect/seal.ts';
import type { DueReminder } from '../store/sender-port.ts';
import type { NewMessage } from '../store/store.ts';
import { acceptedEvent } from './accept.ts';
import { linkContext } from './portal.ts';
import type { ReceiptPorts } from './receipts.ts';
import { nextReminder } from './reminder-time.ts';
import { readHeader } from './stored-header.ts';
import { voiceFor } from './voice.ts';

const atOnce = 200;

/** Reminds those whose time has come. Resolves with whether there may be more. */
export async function remind(ports: ReceiptPorts): Promise<boolean> {
  const due = await ports.store.news.toRemind(ports.now(), atOnce);
  for (const one of due) await remindOne(one, ports);
  return due.length === atOnce;
}

async function remindOne(due: DueReminder, ports: ReceiptPorts): Promise<void> {
  const { delivery, message } = due;
  const now = ports.now();
  const tenant = ports.config.tenants.find(({ id }) => id === message.tenant);
  const letter = unopened.includes(delivery.state) ? await letterFor(due, ports) : null;
  const next = letter === null || tenant === undefined ? null : nextReminder(tenant.senders.reminders, due, now);
  const about = { message: delivery.messageId, delivery: delivery.id, recipient: delivery.recipient };
  const events: Event[] =
    letter === null
      ? []
      : [{ kind: 'delivery.reminded', ...about, expiresAt: due.expiresAt }, acceptedEvent(letter, 'postern')];
  if (await ports.store.news.reminded(due, next, letter, events, now)) for (const event of events) ports.emit(event);
}

/** Null when there is nothing to remind by: its tenant or the portal is gone, or its link was not kept. */
async function letterFor(due: DueReminder, ports: ReceiptPorts): Promise<NewMessage | null> {
  const { delivery, message, expiresAt } = due;
  const { web, hostname, tenants, masterKey } = ports.config;
  const tenant = tenants.find(({ id }) => id === message.tenant);
  const token = tokenOf(due, masterKey);
  if (web === null || tenant === undefined || token === null) return null;
  // A blob that cannot be read costs the name, not the reminder.
  const header = await readHeader(message, ports.spool).catch(() => Buffer.alloc(0));
  const [author] = authorsOf(parseHeader(header)).mailboxes;
  const bytes = reminderMessage({
    from: serviceAddress(message.mailFrom, tenant.domains, tenant.branding.from),
    to: delivery.recipient,
    sender: author?.address ?? message.mailFrom,
    senderName: author?.name ?? '',
    voice: await voiceFor(tenant.branding, { tenant: tenant.id, address: addressKey(delivery.recipient) }, ports),
    link: `${web.portalUrl}/m/${token}`,
    expiresAt,
    filesOnly: delivery.state === 'delivered',
    byCode: (delivery.actions.proof ?? 'code') === 'code',
    messageId: `<${randomUUIDv7()}@${hostname}>`,
    date: ports.now(),
  });
  // A null reverse-path: that this one bounced says nothing new, as the notification was delivered.
  const requireTls = message.smtp.requireTls === true;
  return ports.own({ tenant: tenant.id, kind: 'notice', mailFrom: '', to: delivery.recipient, bytes, requireTls });
}

function tokenOf({ link, delivery }: DueReminder, masterKey: Buffer): string | null {
  if (link === '') return null;
  try {
    return openText(masterKey, link, linkContext(delivery.id));
  } catch (error) {
    if (error instanceof SealBroken) return null;
    throw error;
  }
}
