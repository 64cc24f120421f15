/** Words of the letter by which somebody is let in to read for an address. */
import type { InEachLanguage } from '../language.ts';

const en = {
  title: (who: string) => `${who} invites you to read protected messages`,
  opening: (who: string, name: string, address: string) =>
    `${who} has added you, ${name}, to the people who read the protected messages sent to ${address}.`,
  how: (until: string) =>
    `Open the link on the device you will read on, and set up a passkey there. The link works once, until ${until}.`,
  action: 'Set up your access',
};

type Invitation = typeof en;

const de: Invitation = {
  title: (who) => `${who} lädt Sie ein, geschützte Nachrichten zu lesen`,
  opening: (who, name, address) =>
    `${who} hat Sie, ${name}, in den Kreis der Personen aufgenommen, die geschützte Nachrichten an ${address} lesen.`,
  how: (until) =>
    `Öffnen Sie den Link auf dem Gerät, auf dem Sie lesen werden, und richten Sie dort einen Passkey ein. Der Link gilt einmal, bis zum ${until}.`,
  action: 'Zugang einrichten',
};

const fr: Invitation = {
  title: (who) => `${who} vous invite à lire des messages protégés`,
  opening: (who, name, address) => `${who} vous donne accès, ${name}, aux messages protégés envoyés à ${address}.`,
  how: (until) =>
    `Ouvrez le lien sur l’appareil sur lequel vous lirez et configurez-y une clé d’accès. Le lien est valable une fois, jusqu’au ${until}.`,
  action: 'Configurer votre accès',
};

const es: Invitation = {
  title: (who) => `${who} le invita a leer mensajes protegidos`,
  opening: (who, name, address) =>
    `${who} le ha añadido, con el nombre ${name}, a las personas que leen los mensajes protegidos enviados a ${address}.`,
  how: (until) =>
    `Abra el enlace en el dispositivo en el que vaya a leer y configure allí una clave de acceso. El enlace sirve una sola vez, hasta el ${until}.`,
  action: 'Configurar su acceso',
};

const nl: Invitation = {
  title: (who) => `${who} nodigt u uit om beveiligde berichten te lezen`,
  opening: (who, name, address) =>
    `${who} heeft u, ${name}, toegevoegd aan de mensen die de beveiligde berichten aan ${address} lezen.`,
  how: (until) =>
    `Open de link op het apparaat waarop u gaat lezen en stel daar een passkey in. De link werkt één keer, tot ${until}.`,
  action: 'Uw toegang instellen',
};

export const invitation: InEachLanguage<Invitation> = { en, de, fr, es, nl };
