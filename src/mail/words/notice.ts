/** Words of what a policy makes us tell staff: the sender of a message, and those who are to look at one that is held. In the tenant's language. */
import type { InEachLanguage } from '../language.ts';

const en = {
  from: (name: string) => `${name} secure mail`,
  more: (count: number) => `and ${count} more`,
  sender: {
    title: 'About your message',
    titleOf: (subject: string) => `About your message “${subject}”`,
    opening: (name: string, at: string) =>
      `The mail rules of ${name} have something to say about the message you sent on ${at}.`,
    to: (recipients: string) => `To ${recipients}`,
    /** What becomes of a message, by its level of protection. */
    becomes: {
      none: 'The message is sent on as it is.',
      transport: 'The message is sent on protected.',
      message: 'The message is sent on as a protected message.',
      portal: 'The message waits in the portal, and the recipient is told.',
      hold: 'The message waits until a person has looked at it.',
      refuse: 'The message is not sent.',
    },
  },
  review: {
    nobody: 'the mail system (null sender)',
    title: (who: string) => `A message from ${who} is waiting for you`,
    opening: (name: string) =>
      `The mail rules of ${name} hold a message until a person has looked at it, and name you for that.`,
    message: 'The message',
    came: (who: string, at: string) => `From ${who}, on ${at}.`,
    held: (held: number, recipients: number) =>
      `It waits for ${held} of ${recipients} ${recipients === 1 ? 'recipient' : 'recipients'}.`,
    rules: (rules: string) => `Rules that matched: ${rules}.`,
    id: (id: string) => `Its id is ${id}.`,
    gateway: 'On the gateway',
    trace: 'See why it waits:',
    release: 'Let it go, protected:',
    bounce: 'Send it back to its sender:',
  },
};

type Notice = typeof en;

const de: Notice = {
  from: (name) => `Sichere Mail von ${name}`,
  more: (count) => `und ${count} weitere`,
  sender: {
    title: 'Zu Ihrer Nachricht',
    titleOf: (subject) => `Zu Ihrer Nachricht „${subject}“`,
    opening: (name, at) => `Die Mailregeln von ${name} sagen etwas zu der Nachricht, die Sie am ${at} gesendet haben.`,
    to: (recipients) => `An ${recipients}`,
    becomes: {
      none: 'Die Nachricht wird unverändert gesendet.',
      transport: 'Die Nachricht wird geschützt gesendet.',
      message: 'Die Nachricht wird als geschützte Nachricht gesendet.',
      portal: 'Die Nachricht wartet im Portal, und der Empfänger wird benachrichtigt.',
      hold: 'Die Nachricht wartet, bis jemand sie geprüft hat.',
      refuse: 'Die Nachricht wird nicht gesendet.',
    },
  },
  review: {
    nobody: 'dem Mailsystem (leerer Absender)',
    title: (who) => `Eine Nachricht von ${who} wartet auf Sie`,
    opening: (name) =>
      `Die Mailregeln von ${name} halten eine Nachricht an, bis jemand sie geprüft hat, und nennen dafür Sie.`,
    message: 'Die Nachricht',
    came: (who, at) => `Von ${who}, am ${at}.`,
    held: (held, recipients) => `Sie wartet für ${held} von ${recipients} Empfängern.`,
    rules: (rules) => `Zutreffende Regeln: ${rules}.`,
    id: (id) => `Ihre Kennung ist ${id}.`,
    gateway: 'Auf dem Gateway',
    trace: 'Ansehen, warum sie wartet:',
    release: 'Geschützt weiterleiten:',
    bounce: 'An den Absender zurückschicken:',
  },
};

const fr: Notice = {
  from: (name) => `Messagerie sécurisée de ${name}`,
  more: (count) => (count === 1 ? 'et un autre' : `et ${count} autres`),
  sender: {
    title: 'À propos de votre message',
    titleOf: (subject) => `À propos de votre message « ${subject} »`,
    opening: (name, at) =>
      `Les règles de messagerie de ${name} ont quelque chose à dire sur le message que vous avez envoyé le ${at}.`,
    to: (recipients) => `À ${recipients}`,
    becomes: {
      none: 'Le message est transmis tel quel.',
      transport: 'Le message est transmis sous protection.',
      message: 'Le message est transmis comme message protégé.',
      portal: 'Le message attend sur le portail, et le destinataire en est averti.',
      hold: 'Le message attend que quelqu’un l’ait examiné.',
      refuse: 'Le message n’est pas envoyé.',
    },
  },
  review: {
    nobody: 'du système de messagerie (expéditeur vide)',
    title: (who) => `Un message vous attend : ${who}`,
    opening: (name) =>
      `Les règles de messagerie de ${name} retiennent un message jusqu’à ce que quelqu’un l’ait examiné, et vous désignent pour cela.`,
    message: 'Le message',
    came: (who, at) => `Expéditeur : ${who}, le ${at}.`,
    held: (held, recipients) => `Il attend pour ${held} destinataire${held < 2 ? '' : 's'} sur ${recipients}.`,
    rules: (rules) => `Règles concernées : ${rules}.`,
    id: (id) => `Son identifiant est ${id}.`,
    gateway: 'Sur la passerelle',
    trace: 'Voir pourquoi il attend :',
    release: 'Le laisser partir, protégé :',
    bounce: 'Le renvoyer à son expéditeur :',
  },
};

const es: Notice = {
  from: (name) => `Correo seguro de ${name}`,
  more: (count) => `y ${count} más`,
  sender: {
    title: 'Sobre su mensaje',
    titleOf: (subject) => `Sobre su mensaje «${subject}»`,
    opening: (name, at) => `Las reglas de correo de ${name} tienen algo que decir sobre el mensaje que envió el ${at}.`,
    to: (recipients) => `Para ${recipients}`,
    becomes: {
      none: 'El mensaje se envía tal cual.',
      transport: 'El mensaje se envía protegido.',
      message: 'El mensaje se envía como mensaje protegido.',
      portal: 'El mensaje espera en el portal y se avisa al destinatario.',
      hold: 'El mensaje espera hasta que alguien lo haya revisado.',
      refuse: 'El mensaje no se envía.',
    },
  },
  review: {
    nobody: 'el sistema de correo (remitente vacío)',
    title: (who) => `Le espera un mensaje de: ${who}`,
    opening: (name) =>
      `Las reglas de correo de ${name} retienen un mensaje hasta que alguien lo haya revisado, y le nombran a usted para ello.`,
    message: 'El mensaje',
    came: (who, at) => `Remitente: ${who}, el ${at}.`,
    held: (held, recipients) =>
      `Espera para ${held} de ${recipients} ${recipients === 1 ? 'destinatario' : 'destinatarios'}.`,
    rules: (rules) => `Reglas que se cumplen: ${rules}.`,
    id: (id) => `Su identificador es ${id}.`,
    gateway: 'En la pasarela',
    trace: 'Ver por qué espera:',
    release: 'Dejarlo salir, protegido:',
    bounce: 'Devolverlo a su remitente:',
  },
};

const nl: Notice = {
  from: (name) => `Beveiligde mail van ${name}`,
  more: (count) => `en nog ${count}`,
  sender: {
    title: 'Over uw bericht',
    titleOf: (subject) => `Over uw bericht “${subject}”`,
    opening: (name, at) =>
      `De mailregels van ${name} hebben iets te zeggen over het bericht dat u op ${at} hebt verstuurd.`,
    to: (recipients) => `Aan ${recipients}`,
    becomes: {
      none: 'Het bericht wordt ongewijzigd verstuurd.',
      transport: 'Het bericht wordt beveiligd verstuurd.',
      message: 'Het bericht wordt als beveiligd bericht verstuurd.',
      portal: 'Het bericht wacht in het portaal, en de ontvanger krijgt een melding.',
      hold: 'Het bericht wacht tot iemand het heeft bekeken.',
      refuse: 'Het bericht wordt niet verstuurd.',
    },
  },
  review: {
    nobody: 'het mailsysteem (lege afzender)',
    title: (who) => `Een bericht van ${who} wacht op u`,
    opening: (name) =>
      `De mailregels van ${name} houden een bericht vast tot iemand het heeft bekeken, en wijzen u daarvoor aan.`,
    message: 'Het bericht',
    came: (who, at) => `Van ${who}, op ${at}.`,
    held: (held, recipients) =>
      `Het wacht voor ${held} van ${recipients} ${recipients === 1 ? 'ontvanger' : 'ontvangers'}.`,
    rules: (rules) => `Regels die van toepassing zijn: ${rules}.`,
    id: (id) => `Het kenmerk is ${id}.`,
    gateway: 'Op de gateway',
    trace: 'Bekijken waarom het wacht:',
    release: 'Beveiligd laten vertrekken:',
    bounce: 'Terugsturen naar de afzender:',
  },
};

export const notice: InEachLanguage<Notice> = { en, de, fr, es, nl };
