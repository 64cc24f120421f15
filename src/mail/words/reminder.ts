/** Words of the letter that says once more that a message waits, before its time is over. */
import type { InEachLanguage } from '../language.ts';

type Reminder = {
  readonly title: (who: string, until: string) => string;
  readonly opening: (who: string, name: string, until: string) => string;
};

const en: Reminder = {
  title: (who, until) => `A message from ${who} waits for you until ${until}`,
  opening: (who, name, until) =>
    `${who} has sent you a message through the secure mail of ${name}, and nobody has opened it yet. It waits until ${until}; after that it is deleted.`,
};

const de: Reminder = {
  title: (who, until) => `Eine Nachricht von ${who} wartet bis ${until} auf Sie`,
  opening: (who, name, until) =>
    `${who} hat Ihnen über die sichere Mail von ${name} eine Nachricht geschickt, die noch niemand geöffnet hat. Sie wartet bis ${until}; danach wird sie gelöscht.`,
};

const fr: Reminder = {
  title: (who, until) => `Un message de ${who} vous attend jusqu’au ${until}`,
  opening: (who, name, until) =>
    `${who} vous a envoyé un message par la messagerie sécurisée de ${name}, que personne n’a encore ouvert. Il attend jusqu’au ${until} ; ensuite, il est effacé.`,
};

const es: Reminder = {
  title: (who, until) => `Un mensaje de ${who} le espera hasta el ${until}`,
  opening: (who, name, until) =>
    `${who} le ha enviado un mensaje por el correo seguro de ${name}, y nadie lo ha abierto aún. Espera hasta el ${until}; después se borra.`,
};

const nl: Reminder = {
  title: (who, until) => `Een bericht van ${who} wacht op u tot ${until}`,
  opening: (who, name, until) =>
    `${who} heeft u een bericht gestuurd via de beveiligde mail van ${name}, en nog niemand heeft het geopend. Het wacht tot ${until}; daarna wordt het gewist.`,
};

export const reminder: InEachLanguage<Reminder> = { en, de, fr, es, nl };
