/** Words of the letter that says a message waits in the portal. */
import type { InEachLanguage } from '../language.ts';

const en = {
  title: (who: string) => `${who} has sent you a protected message`,
  from: (who: string, name: string) => `${who} via ${name}`,
  opening: (who: string, name: string, until: string) =>
    `${who} has sent you a message through the secure mail of ${name}. What it says is not in this email: it waits for you, encrypted, until ${until}.`,
  subject: (subject: string) => `Subject: ${subject}`,
  read: 'Read the message',
  how: 'How to open it',
  byCode: [
    'Open the link and press the button there: a six-digit code is sent to this address.',
    'Type the code. There is nothing to install and no account to create.',
  ],
  byMore: ['Open the link. The page says what the sender asks for to be sure that it is you.'],
  reply: (sender: string) => `A reply to this email goes to ${sender} as ordinary mail, without this protection.`,
};

type Notification = typeof en;

const de: Notification = {
  title: (who) => `${who} hat Ihnen eine geschützte Nachricht geschickt`,
  from: (who, name) => `${who} über ${name}`,
  opening: (who, name, until) =>
    `${who} hat Ihnen über die sichere Mail von ${name} eine Nachricht geschickt. Was darin steht, ist nicht in dieser E-Mail: Es wartet verschlüsselt auf Sie, bis zum ${until}.`,
  subject: (subject) => `Betreff: ${subject}`,
  read: 'Nachricht lesen',
  how: 'So öffnen Sie sie',
  byCode: [
    'Öffnen Sie den Link und drücken Sie dort auf den Knopf: Ein sechsstelliger Code wird an diese Adresse geschickt.',
    'Geben Sie den Code ein. Sie müssen nichts installieren und kein Konto anlegen.',
  ],
  byMore: ['Öffnen Sie den Link. Die Seite sagt, was der Absender verlangt, um sicher zu sein, dass Sie es sind.'],
  reply: (sender) => `Eine Antwort auf diese E-Mail geht als gewöhnliche Mail an ${sender}, ohne diesen Schutz.`,
};

const fr: Notification = {
  title: (who) => `${who} vous a envoyé un message protégé`,
  from: (who, name) => `${who} via ${name}`,
  opening: (who, name, until) =>
    `${who} vous a envoyé un message par la messagerie sécurisée de ${name}. Son contenu ne figure pas dans cet e-mail : il vous attend, chiffré, jusqu’au ${until}.`,
  subject: (subject) => `Objet : ${subject}`,
  read: 'Lire le message',
  how: 'Comment l’ouvrir',
  byCode: [
    'Ouvrez le lien et appuyez sur le bouton de la page : un code à six chiffres est envoyé à cette adresse.',
    'Saisissez le code. Il n’y a rien à installer et aucun compte à créer.',
  ],
  byMore: ['Ouvrez le lien. La page indique ce que l’expéditeur demande pour être sûr que c’est bien vous.'],
  reply: (sender) => `Une réponse à cet e-mail parvient à ${sender} comme un e-mail ordinaire, sans cette protection.`,
};

const es: Notification = {
  title: (who) => `${who} le ha enviado un mensaje protegido`,
  from: (who, name) => `${who} a través de ${name}`,
  opening: (who, name, until) =>
    `${who} le ha enviado un mensaje por el correo seguro de ${name}. Lo que dice no está en este correo: le espera, cifrado, hasta el ${until}.`,
  subject: (subject) => `Asunto: ${subject}`,
  read: 'Leer el mensaje',
  how: 'Cómo se abre',
  byCode: [
    'Abra el enlace y pulse el botón de la página: se envía un código de seis cifras a esta dirección.',
    'Escriba el código. No hay nada que instalar ni ninguna cuenta que crear.',
  ],
  byMore: ['Abra el enlace. La página dice qué pide el remitente para estar seguro de que es usted.'],
  reply: (sender) => `Una respuesta a este correo llega a ${sender} como correo normal, sin esta protección.`,
};

const nl: Notification = {
  title: (who) => `${who} heeft u een beveiligd bericht gestuurd`,
  from: (who, name) => `${who} via ${name}`,
  opening: (who, name, until) =>
    `${who} heeft u een bericht gestuurd via de beveiligde mail van ${name}. Wat erin staat, staat niet in deze e-mail: het wacht versleuteld op u, tot ${until}.`,
  subject: (subject) => `Onderwerp: ${subject}`,
  read: 'Bericht lezen',
  how: 'Zo opent u het',
  byCode: [
    'Open de link en druk daar op de knop: er wordt een code van zes cijfers naar dit adres gemaild.',
    'Typ de code. U hoeft niets te installeren en geen account te maken.',
  ],
  byMore: ['Open de link. De pagina zegt wat de afzender vraagt om zeker te weten dat u het bent.'],
  reply: (sender) => `Een antwoord op deze e-mail gaat als gewone mail naar ${sender}, zonder deze beveiliging.`,
};

export const notification: InEachLanguage<Notification> = { en, de, fr, es, nl };
