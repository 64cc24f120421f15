/** Words of the letter that says once more that a message waits, before its time is over. */
import type { InEachLanguage } from '../language.ts';

type Said = {
  readonly title: (who: string, until: string) => string;
  readonly opening: (who: string, name: string, until: string) => string;
};
/** Of a whole message, or of the large files of one that was delivered. */
type Reminder = { readonly message: Said; readonly files: Said; readonly open: string };

const en: Reminder = {
  message: {
    title: (who, until) => `A message from ${who} waits for you until ${until}`,
    opening: (who, name, until) =>
      `${who} has sent you a message through the secure mail of ${name}, and nobody has opened it yet. It waits until ${until}; after that it is deleted.`,
  },
  files: {
    title: (who, until) => `Large files from ${who} wait for you until ${until}`,
    opening: (who, name, until) =>
      `${who} has sent you large files through the secure mail of ${name}, and nobody has opened them yet. They wait until ${until}; after that they are deleted.`,
  },
  open: 'Open the files',
};

const de: Reminder = {
  message: {
    title: (who, until) => `Eine Nachricht von ${who} wartet bis zum ${until} auf Sie`,
    opening: (who, name, until) =>
      `${who} hat Ihnen über die sichere Mail von ${name} eine Nachricht geschickt, die noch niemand geöffnet hat. Sie wartet bis zum ${until}; danach wird sie gelöscht.`,
  },
  files: {
    title: (who, until) => `Große Dateien von ${who} warten bis zum ${until} auf Sie`,
    opening: (who, name, until) =>
      `${who} hat Ihnen über die sichere Mail von ${name} große Dateien geschickt, die noch niemand geöffnet hat. Sie warten bis zum ${until}; danach werden sie gelöscht.`,
  },
  open: 'Dateien öffnen',
};

const fr: Reminder = {
  message: {
    title: (who, until) => `Un message de ${who} vous attend jusqu’au ${until}`,
    opening: (who, name, until) =>
      `${who} vous a envoyé un message par la messagerie sécurisée de ${name}, et personne ne l’a encore ouvert. Il attend jusqu’au ${until} ; ensuite, il est effacé.`,
  },
  files: {
    title: (who, until) => `Des fichiers volumineux de ${who} vous attendent jusqu’au ${until}`,
    opening: (who, name, until) =>
      `${who} vous a envoyé des fichiers volumineux par la messagerie sécurisée de ${name}, et personne ne les a encore ouverts. Ils attendent jusqu’au ${until} ; ensuite, ils sont effacés.`,
  },
  open: 'Ouvrir les fichiers',
};

const es: Reminder = {
  message: {
    title: (who, until) => `Un mensaje de ${who} le espera hasta el ${until}`,
    opening: (who, name, until) =>
      `${who} le ha enviado un mensaje por el correo seguro de ${name}, y nadie lo ha abierto aún. Espera hasta el ${until}; después se borra.`,
  },
  files: {
    title: (who, until) => `Archivos grandes de ${who} le esperan hasta el ${until}`,
    opening: (who, name, until) =>
      `${who} le ha enviado archivos grandes por el correo seguro de ${name}, y nadie los ha abierto aún. Esperan hasta el ${until}; después se borran.`,
  },
  open: 'Abrir los archivos',
};

const nl: Reminder = {
  message: {
    title: (who, until) => `Een bericht van ${who} wacht op u tot ${until}`,
    opening: (who, name, until) =>
      `${who} heeft u een bericht gestuurd via de beveiligde mail van ${name}, en nog niemand heeft het geopend. Het wacht tot ${until}; daarna wordt het gewist.`,
  },
  files: {
    title: (who, until) => `Grote bestanden van ${who} wachten op u tot ${until}`,
    opening: (who, name, until) =>
      `${who} heeft u grote bestanden gestuurd via de beveiligde mail van ${name}, en nog niemand heeft ze geopend. Ze wachten tot ${until}; daarna worden ze gewist.`,
  },
  open: 'Bestanden openen',
};

export const reminder: InEachLanguage<Reminder> = { en, de, fr, es, nl };
