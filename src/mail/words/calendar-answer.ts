/** Words of answers to invitations, as the organizer sees them where no calendar shows them: in the tenant's language. */
import type { InEachLanguage } from '../language.ts';

const en = {
  untitled: 'Invitation',
  subject: { accepted: 'Accepted', tentative: 'Tentative', declined: 'Declined' },
  text: {
    accepted: (who: string, what: string, at: string) => `${who} has accepted the invitation “${what}” (${at}).`,
    tentative: (who: string, what: string, at: string) =>
      `${who} may come, and has tentatively accepted the invitation “${what}” (${at}).`,
    declined: (who: string, what: string, at: string) => `${who} has declined the invitation “${what}” (${at}).`,
  },
};

type CalendarAnswerWords = typeof en;

const de: CalendarAnswerWords = {
  untitled: 'Einladung',
  subject: { accepted: 'Zugesagt', tentative: 'Mit Vorbehalt', declined: 'Abgesagt' },
  text: {
    accepted: (who, what, at) => `${who} hat die Einladung „${what}“ (${at}) angenommen.`,
    tentative: (who, what, at) => `${who} hat die Einladung „${what}“ (${at}) mit Vorbehalt angenommen.`,
    declined: (who, what, at) => `${who} hat die Einladung „${what}“ (${at}) abgelehnt.`,
  },
};

const fr: CalendarAnswerWords = {
  untitled: 'Invitation',
  subject: { accepted: 'Accepté', tentative: 'Provisoire', declined: 'Refusé' },
  text: {
    accepted: (who, what, at) => `${who} a accepté l’invitation « ${what} » (${at}).`,
    tentative: (who, what, at) => `${who} a accepté à titre provisoire l’invitation « ${what} » (${at}).`,
    declined: (who, what, at) => `${who} a refusé l’invitation « ${what} » (${at}).`,
  },
};

const es: CalendarAnswerWords = {
  untitled: 'Invitación',
  subject: { accepted: 'Aceptada', tentative: 'Provisional', declined: 'Rechazada' },
  text: {
    accepted: (who, what, at) => `${who} ha aceptado la invitación «${what}» (${at}).`,
    tentative: (who, what, at) => `${who} ha aceptado de forma provisional la invitación «${what}» (${at}).`,
    declined: (who, what, at) => `${who} ha rechazado la invitación «${what}» (${at}).`,
  },
};

const nl: CalendarAnswerWords = {
  untitled: 'Uitnodiging',
  subject: { accepted: 'Geaccepteerd', tentative: 'Voorlopig', declined: 'Geweigerd' },
  text: {
    accepted: (who, what, at) => `${who} heeft de uitnodiging “${what}” (${at}) geaccepteerd.`,
    tentative: (who, what, at) => `${who} heeft de uitnodiging “${what}” (${at}) voorlopig geaccepteerd.`,
    declined: (who, what, at) => `${who} heeft de uitnodiging “${what}” (${at}) geweigerd.`,
  },
};

export const calendarAnswer: InEachLanguage<CalendarAnswerWords> = { en, de, fr, es, nl };
