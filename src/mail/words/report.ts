/** Words of the part of a delivery report that people read. Reasons and what servers said are in English, as they are, and marked so. */
import type { InEachLanguage } from '../language.ts';

const en = {
  title: {
    failed: (about: string) => `Not delivered: ${about}`,
    delayed: (about: string) => `Delayed: ${about}`,
    delivered: (about: string) => `Sent on: ${about}`,
  },
  yourMessage: 'your message',
  noSubject: 'message without subject',
  opening: {
    failed: 'Your message did not reach the people named below. We will not try again.',
    delayed: 'Your message has not reached the people named below yet. You need not do anything: we keep trying.',
    delivered: 'Your message was sent on to the people named below. You asked to be told.',
  },
  subject: (subject: string) => `Subject: ${subject}`,
  sent: (at: string) => `Sent: ${at}`,
  reason: (reason: string) => reason,
  rules: (count: number, rules: string) =>
    `${count === 1 ? 'The rule' : 'The rules'} that asked for protection: ${rules}.`,
  said: (server: string, reply: string) =>
    `${server === '' ? 'Their mail server' : `The mail server ${server}`} said: ${reply}`,
  until: (at: string) => `We keep trying until ${at}. If it has not gone out by then, we will tell you.`,
  what: 'What you can do:',
  advice: {
    address:
      'Look at the address again: a letter may be wrong, or the person may have left. Then send the message anew.',
    domain: 'The domain takes no mail. Look at the part after the @ again, or ask the person for another address.',
    mailbox: 'The mailbox is full or closed. Reach the person in another way, or send the message again in some days.',
    size: 'The message is too large for them. Send smaller attachments, or share the files in another way.',
    letters: 'Their server cannot take addresses with such letters. Ask the person for an address in plain letters.',
    protection:
      'The message could not be sent with the protection it needs, or was not accepted. Ask your administrator which way is open.',
    reach:
      'Their server could not be reached for too long. Send the message again later, or reach the person in another way.',
    other: 'Send the message again later. If it happens again, pass this report to your administrator.',
  },
  closing: (gateway: string) =>
    `This was written by the mail gateway ${gateway}. The details below are for your administrator.`,
};

type ReportWords = typeof en;

const de: ReportWords = {
  title: {
    failed: (about) => `Nicht zugestellt: ${about}`,
    delayed: (about) => `Verzögert: ${about}`,
    delivered: (about) => `Weitergegeben: ${about}`,
  },
  yourMessage: 'Ihre Nachricht',
  noSubject: 'Nachricht ohne Betreff',
  opening: {
    failed: 'Ihre Nachricht hat die unten genannten Personen nicht erreicht. Wir versuchen es nicht noch einmal.',
    delayed:
      'Ihre Nachricht hat die unten genannten Personen noch nicht erreicht. Sie müssen nichts tun: Wir versuchen es weiter.',
    delivered:
      'Ihre Nachricht wurde für die unten genannten Personen weitergegeben. Sie haben um diese Auskunft gebeten.',
  },
  subject: (subject) => `Betreff: ${subject}`,
  sent: (at) => `Gesendet: ${at}`,
  reason: (reason) => `Der Grund, auf Englisch: ${reason}`,
  rules: (count, rules) =>
    `${count === 1 ? 'Die Regel, die Schutz verlangt hat' : 'Die Regeln, die Schutz verlangt haben'}: ${rules}.`,
  said: (server, reply) =>
    `${server === '' ? 'Der Mailserver dort' : `Der Mailserver ${server}`} hat gemeldet: ${reply}`,
  until: (at) => `Wir versuchen es bis zum ${at}. Ist sie bis dahin nicht hinausgegangen, sagen wir es Ihnen.`,
  what: 'Was Sie tun können:',
  advice: {
    address:
      'Prüfen Sie die Adresse: Vielleicht ist ein Buchstabe falsch, oder die Person hat die Stelle gewechselt. Senden Sie die Nachricht dann neu.',
    domain:
      'Die Domain nimmt keine E-Mails an. Prüfen Sie den Teil nach dem @, oder bitten Sie die Person um eine andere Adresse.',
    mailbox:
      'Das Postfach ist voll oder geschlossen. Erreichen Sie die Person auf einem anderen Weg, oder senden Sie die Nachricht in einigen Tagen noch einmal.',
    size: 'Die Nachricht ist dort zu groß. Senden Sie kleinere Anhänge, oder geben Sie die Dateien auf einem anderen Weg weiter.',
    letters:
      'Der Server dort kann keine Adressen mit solchen Buchstaben annehmen. Bitten Sie die Person um eine Adresse in einfachen Buchstaben.',
    protection:
      'Die Nachricht konnte nicht mit dem nötigen Schutz gesendet werden, oder sie wurde nicht angenommen. Fragen Sie Ihre Administration, welcher Weg offen ist.',
    reach:
      'Der Server dort war zu lange nicht erreichbar. Senden Sie die Nachricht später noch einmal, oder erreichen Sie die Person auf einem anderen Weg.',
    other:
      'Senden Sie die Nachricht später noch einmal. Geschieht es wieder, geben Sie diesen Bericht an Ihre Administration weiter.',
  },
  closing: (gateway) => `Geschrieben vom Mail-Gateway ${gateway}. Die Einzelheiten unten sind für Ihre Administration.`,
};

const fr: ReportWords = {
  title: {
    failed: (about) => `Non remis : ${about}`,
    delayed: (about) => `Retardé : ${about}`,
    delivered: (about) => `Transmis : ${about}`,
  },
  yourMessage: 'votre message',
  noSubject: 'message sans objet',
  opening: {
    failed: 'Votre message n’est pas parvenu aux personnes nommées ci-dessous. Nous ne réessaierons pas.',
    delayed:
      'Votre message n’est pas encore parvenu aux personnes nommées ci-dessous. Vous n’avez rien à faire : nous continuons d’essayer.',
    delivered: 'Votre message a été transmis pour les personnes nommées ci-dessous. Vous aviez demandé à le savoir.',
  },
  subject: (subject) => `Objet : ${subject}`,
  sent: (at) => `Envoyé : ${at}`,
  reason: (reason) => `La raison, en anglais : ${reason}`,
  rules: (count, rules) =>
    `${count === 1 ? 'La règle qui a demandé une protection' : 'Les règles qui ont demandé une protection'} : ${rules}.`,
  said: (server, reply) =>
    `${server === '' ? 'Le serveur de messagerie du destinataire' : `Le serveur de messagerie ${server}`} a répondu : ${reply}`,
  until: (at) => `Nous continuons d’essayer jusqu’au ${at}. S’il n’est pas parti d’ici là, nous vous le dirons.`,
  what: 'Ce que vous pouvez faire :',
  advice: {
    address:
      'Vérifiez l’adresse : une lettre est peut-être fausse, ou la personne est partie. Envoyez ensuite le message de nouveau.',
    domain:
      'Ce domaine ne reçoit pas d’e-mails. Vérifiez la partie qui suit le @, ou demandez une autre adresse à la personne.',
    mailbox:
      'La boîte est pleine ou fermée. Joignez la personne par un autre moyen, ou renvoyez le message dans quelques jours.',
    size: 'Le message est trop volumineux pour ce serveur. Envoyez des pièces jointes plus petites, ou transmettez les fichiers par un autre moyen.',
    letters:
      'Ce serveur n’accepte pas les adresses contenant de telles lettres. Demandez à la personne une adresse en lettres simples.',
    protection:
      'Le message n’a pas pu être envoyé avec la protection nécessaire, ou n’a pas été accepté. Demandez à votre administrateur quelle voie est ouverte.',
    reach:
      'Ce serveur est resté injoignable trop longtemps. Renvoyez le message plus tard, ou joignez la personne par un autre moyen.',
    other: 'Renvoyez le message plus tard. Si cela se reproduit, transmettez ce rapport à votre administrateur.',
  },
  closing: (gateway) =>
    `Rédigé par la passerelle de messagerie ${gateway}. Les détails ci-dessous sont destinés à votre administrateur.`,
};

const es: ReportWords = {
  title: {
    failed: (about) => `No entregado: ${about}`,
    delayed: (about) => `Con retraso: ${about}`,
    delivered: (about) => `Transmitido: ${about}`,
  },
  yourMessage: 'su mensaje',
  noSubject: 'mensaje sin asunto',
  opening: {
    failed: 'Su mensaje no llegó a las personas indicadas abajo. No lo intentaremos más.',
    delayed:
      'Su mensaje aún no ha llegado a las personas indicadas abajo. No tiene que hacer nada: seguimos intentándolo.',
    delivered: 'Su mensaje se transmitió para las personas indicadas abajo. Usted pidió que se le avisara.',
  },
  subject: (subject) => `Asunto: ${subject}`,
  sent: (at) => `Enviado: ${at}`,
  reason: (reason) => `El motivo, en inglés: ${reason}`,
  rules: (count, rules) =>
    `${count === 1 ? 'La regla que pidió protección' : 'Las reglas que pidieron protección'}: ${rules}.`,
  said: (server, reply) =>
    `${server === '' ? 'El servidor de correo del destinatario' : `El servidor de correo ${server}`} respondió: ${reply}`,
  until: (at) => `Seguimos intentándolo hasta el ${at}. Si para entonces no ha salido, se lo diremos.`,
  what: 'Qué puede hacer:',
  advice: {
    address:
      'Revise la dirección: puede que una letra esté mal o que la persona ya no esté allí. Después envíe el mensaje de nuevo.',
    domain: 'El dominio no recibe correo. Revise la parte que sigue a la @ o pida a la persona otra dirección.',
    mailbox:
      'El buzón está lleno o cerrado. Avise a la persona por otro medio o envíe el mensaje de nuevo dentro de unos días.',
    size: 'El mensaje es demasiado grande para ese servidor. Envíe archivos adjuntos más pequeños o comparta los archivos por otro medio.',
    letters:
      'Ese servidor no admite direcciones con esas letras. Pida a la persona una dirección con letras sencillas.',
    protection:
      'El mensaje no se pudo enviar con la protección que necesita, o no se aceptó. Pregunte a su administrador qué vía está abierta.',
    reach:
      'No se pudo contactar con ese servidor durante demasiado tiempo. Envíe el mensaje de nuevo más tarde o avise a la persona por otro medio.',
    other: 'Envíe el mensaje de nuevo más tarde. Si vuelve a ocurrir, pase este informe a su administrador.',
  },
  closing: (gateway) =>
    `Escrito por la pasarela de correo ${gateway}. Los detalles siguientes son para su administrador.`,
};

const nl: ReportWords = {
  title: {
    failed: (about) => `Niet bezorgd: ${about}`,
    delayed: (about) => `Vertraagd: ${about}`,
    delivered: (about) => `Doorgestuurd: ${about}`,
  },
  yourMessage: 'uw bericht',
  noSubject: 'bericht zonder onderwerp',
  opening: {
    failed: 'Uw bericht heeft de mensen hieronder niet bereikt. We proberen het niet opnieuw.',
    delayed: 'Uw bericht heeft de mensen hieronder nog niet bereikt. U hoeft niets te doen: we blijven het proberen.',
    delivered: 'Uw bericht is doorgestuurd voor de mensen hieronder. U had gevraagd dat te horen.',
  },
  subject: (subject) => `Onderwerp: ${subject}`,
  sent: (at) => `Verstuurd: ${at}`,
  reason: (reason) => `De reden, in het Engels: ${reason}`,
  rules: (count, rules) =>
    `${count === 1 ? 'De regel die om beveiliging vroeg' : 'De regels die om beveiliging vroegen'}: ${rules}.`,
  said: (server, reply) => `${server === '' ? 'De mailserver daar' : `De mailserver ${server}`} meldde: ${reply}`,
  until: (at) => `We blijven het proberen tot ${at}. Is het dan nog niet vertrokken, dan laten we het u weten.`,
  what: 'Wat u kunt doen:',
  advice: {
    address:
      'Kijk het adres na: misschien is er een letter verkeerd, of is de persoon er niet meer. Verstuur het bericht dan opnieuw.',
    domain: 'Het domein neemt geen mail aan. Kijk het deel na de @ na, of vraag de persoon om een ander adres.',
    mailbox:
      'De mailbox is vol of gesloten. Bereik de persoon op een andere manier, of verstuur het bericht over een paar dagen opnieuw.',
    size: 'Het bericht is daar te groot. Verstuur kleinere bijlagen, of deel de bestanden op een andere manier.',
    letters:
      'De server daar kan geen adressen met zulke letters aannemen. Vraag de persoon om een adres in gewone letters.',
    protection:
      'Het bericht kon niet met de nodige beveiliging worden verstuurd, of is niet aangenomen. Vraag uw beheerder welke weg openstaat.',
    reach:
      'De server daar was te lang niet bereikbaar. Verstuur het bericht later opnieuw, of bereik de persoon op een andere manier.',
    other: 'Verstuur het bericht later opnieuw. Gebeurt het weer, geef dit verslag dan aan uw beheerder.',
  },
  closing: (gateway) => `Geschreven door de mailgateway ${gateway}. De details hieronder zijn voor uw beheerder.`,
};

export const report: InEachLanguage<ReportWords> = { en, de, fr, es, nl };
