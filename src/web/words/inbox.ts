/** Words of the list of messages. */
import type { InEachLanguage } from '../../mail/language.ts';

const en = {
  messages: 'Your messages',
  noMessages: 'No messages are waiting for you.',
  unread: (count: number) => (count === 1 ? '1 new' : `${count} new`),
  count: (count: number) => (count === 1 ? '1 message' : `${count} messages`),
  older: 'Show older messages',
  hidden: 'Protected message',
};

type Inbox = typeof en;

const de: Inbox = {
  messages: 'Ihre Nachrichten',
  noMessages: 'Es warten keine Nachrichten auf Sie.',
  unread: (count) => `${count} neu`,
  count: (count) => (count === 1 ? '1 Nachricht' : `${count} Nachrichten`),
  older: 'Ältere Nachrichten zeigen',
  hidden: 'Geschützte Nachricht',
};

const fr: Inbox = {
  messages: 'Vos messages',
  noMessages: 'Aucun message ne vous attend.',
  unread: (count) => (count < 2 ? `${count} nouveau` : `${count} nouveaux`),
  count: (count) => (count < 2 ? `${count} message` : `${count} messages`),
  older: 'Afficher les messages plus anciens',
  hidden: 'Message protégé',
};

const es: Inbox = {
  messages: 'Sus mensajes',
  noMessages: 'No le espera ningún mensaje.',
  unread: (count) => (count === 1 ? '1 nuevo' : `${count} nuevos`),
  count: (count) => (count === 1 ? '1 mensaje' : `${count} mensajes`),
  older: 'Mostrar mensajes anteriores',
  hidden: 'Mensaje protegido',
};

const nl: Inbox = {
  messages: 'Uw berichten',
  noMessages: 'Er wachten geen berichten op u.',
  unread: (count) => `${count} nieuw`,
  count: (count) => (count === 1 ? '1 bericht' : `${count} berichten`),
  older: 'Oudere berichten tonen',
  hidden: 'Beveiligd bericht',
};

export const inbox: InEachLanguage<Inbox> = { en, de, fr, es, nl };
