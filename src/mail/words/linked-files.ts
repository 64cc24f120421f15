/** Words that stand in a message in place of files that wait in the portal. */
import type { InEachLanguage } from '../language.ts';

const en = {
  heading: (count: number) =>
    count === 1 ? 'A large file of this message waits for you' : `${count} large files of this message wait for you`,
  more: (count: number) => (count === 1 ? 'one more' : `${count} more`),
  open: (count: number): string => (count === 1 ? 'Get it here:' : 'Get them here:'),
  until: (until: string) => `Until ${until}.`,
  proof: 'The page makes sure that it is you; there is nothing to install.',
  unnamed: 'file without a name',
  instead: (name: string, size: string, until: string) =>
    `“${name}” (${size}) is too large for email and waits for you until ${until}:`,
};

type LinkedFiles = typeof en;

const de: LinkedFiles = {
  heading: (count) =>
    count === 1
      ? 'Eine große Datei dieser Nachricht wartet auf Sie'
      : `${count} große Dateien dieser Nachricht warten auf Sie`,
  more: (count) => (count === 1 ? 'eine weitere' : `${count} weitere`),
  open: () => 'Hier bekommen Sie sie:',
  until: (until) => `Bis zum ${until}.`,
  proof: 'Die Seite vergewissert sich, dass Sie es sind; Sie müssen nichts installieren.',
  unnamed: 'Datei ohne Namen',
  instead: (name, size, until) => `„${name}“ (${size}) ist zu groß für E-Mail und wartet bis zum ${until} auf Sie:`,
};

const fr: LinkedFiles = {
  heading: (count) =>
    count === 1
      ? 'Un fichier volumineux de ce message vous attend'
      : `${count} fichiers volumineux de ce message vous attendent`,
  more: (count) => (count === 1 ? 'un autre' : `${count} autres`),
  open: (count) => (count === 1 ? 'Vous le trouverez ici :' : 'Vous les trouverez ici :'),
  until: (until) => `Jusqu’au ${until}.`,
  proof: 'La page s’assure que c’est bien vous ; il n’y a rien à installer.',
  unnamed: 'fichier sans nom',
  instead: (name, size, until) =>
    `« ${name} » (${size}) est trop volumineux pour un e-mail et vous attend jusqu’au ${until} :`,
};

const es: LinkedFiles = {
  heading: (count) =>
    count === 1
      ? 'Un archivo grande de este mensaje le espera'
      : `${count} archivos grandes de este mensaje le esperan`,
  more: (count) => (count === 1 ? 'uno más' : `${count} más`),
  open: (count) => (count === 1 ? 'Lo encontrará aquí:' : 'Los encontrará aquí:'),
  until: (until) => `Hasta el ${until}.`,
  proof: 'La página comprueba que es usted; no hay nada que instalar.',
  unnamed: 'archivo sin nombre',
  instead: (name, size, until) =>
    `«${name}» (${size}) es demasiado grande para el correo y le espera hasta el ${until}:`,
};

const nl: LinkedFiles = {
  heading: (count) =>
    count === 1
      ? 'Een groot bestand van dit bericht wacht op u'
      : `${count} grote bestanden van dit bericht wachten op u`,
  more: (count) => (count === 1 ? 'nog één' : `nog ${count}`),
  open: (count) => (count === 1 ? 'U vindt het hier:' : 'U vindt ze hier:'),
  until: (until) => `Tot ${until}.`,
  proof: 'De pagina controleert of u het bent; u hoeft niets te installeren.',
  unnamed: 'bestand zonder naam',
  instead: (name, size, until) => `“${name}” (${size}) is te groot voor e-mail en wacht op u tot ${until}:`,
};

export const linkedFiles: InEachLanguage<LinkedFiles> = { en, de, fr, es, nl };
