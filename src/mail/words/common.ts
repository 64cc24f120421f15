/** Words that letters share: how to tell one to a recipient from a forgery, whom to call, who wrote it, and marks of quotation. */
import type { InEachLanguage } from '../language.ts';

const en = {
  check: 'How to check that this is genuine',
  phrase: (phrase: string) =>
    `Our phrase is “${phrase}”. It stands in every email we send you about protected messages.`,
  leadsTo: (host: string) => `The link leads to ${host} and nowhere else.`,
  never: 'You are never asked for a payment, or for the password of your mailbox.',
  unexpected: (who: string) =>
    `You did not expect this? Then do not open the link, and ask ${who} in a way you already know, such as a telephone number you have used before.`,
  help: (ways: string) => `Questions? ${ways}`,
  automatic: (name: string) => `Written automatically for ${name}.`,
  noReplies: 'Replies are not read.',
  /** Straight in English, so that a report in it stays ASCII. */
  quoted: (text: string) => `"${text}"`,
};

type Common = typeof en;

const de: Common = {
  check: 'Woran Sie erkennen, dass diese Nachricht echt ist',
  phrase: (phrase) =>
    `Unser Erkennungssatz lautet „${phrase}“. Er steht in jeder E-Mail, die wir Ihnen zu geschützten Nachrichten schicken.`,
  leadsTo: (host) => `Der Link führt zu ${host} und nirgendwohin sonst.`,
  never: 'Sie werden nie nach einer Zahlung gefragt und nie nach dem Passwort Ihres Postfachs.',
  unexpected: (who) =>
    `Sie haben das nicht erwartet? Dann öffnen Sie den Link nicht und fragen Sie ${who} auf einem Weg, den Sie schon kennen, etwa unter einer Telefonnummer, die Sie bereits benutzt haben.`,
  help: (ways) => `Fragen? ${ways}`,
  automatic: (name) => `Automatisch verfasst für ${name}.`,
  noReplies: 'Antworten werden nicht gelesen.',
  quoted: (text) => `„${text}“`,
};

const fr: Common = {
  check: 'Comment vérifier que cet e-mail est authentique',
  phrase: (phrase) =>
    `Notre phrase repère est « ${phrase} ». Elle figure dans chaque e-mail que nous vous envoyons au sujet de messages protégés.`,
  leadsTo: (host) => `Le lien mène à ${host} et nulle part ailleurs.`,
  never: 'On ne vous demande jamais de paiement, ni le mot de passe de votre messagerie.',
  unexpected: (who) =>
    `Vous ne vous y attendiez pas ? N’ouvrez pas le lien et demandez à ${who} par un moyen que vous connaissez déjà, par exemple un numéro de téléphone que vous avez déjà utilisé.`,
  help: (ways) => `Une question ? ${ways}`,
  automatic: (name) => `Rédigé automatiquement pour ${name}.`,
  noReplies: 'Les réponses ne sont pas lues.',
  quoted: (text) => `« ${text} »`,
};

const es: Common = {
  check: 'Cómo comprobar que es auténtico',
  phrase: (phrase) =>
    `Nuestra frase de reconocimiento es «${phrase}». Figura en todos los correos que le enviamos sobre mensajes protegidos.`,
  leadsTo: (host) => `El enlace lleva a ${host} y a ningún otro sitio.`,
  never: 'Nunca se le pide un pago ni la contraseña de su correo.',
  unexpected: (who) =>
    `¿No lo esperaba? Entonces no abra el enlace y pregunte a ${who} por un medio que ya conozca, como un número de teléfono que haya usado antes.`,
  help: (ways) => `¿Preguntas? ${ways}`,
  automatic: (name) => `Escrito automáticamente para ${name}.`,
  noReplies: 'Las respuestas no se leen.',
  quoted: (text) => `«${text}»`,
};

const nl: Common = {
  check: 'Hoe u controleert of dit echt is',
  phrase: (phrase) =>
    `Onze herkenningszin is “${phrase}”. Die staat in elke e-mail die we u over beveiligde berichten sturen.`,
  leadsTo: (host) => `De link leidt naar ${host} en nergens anders heen.`,
  never: 'Er wordt u nooit om een betaling gevraagd, en nooit om het wachtwoord van uw mailbox.',
  unexpected: (who) =>
    `Verwachtte u dit niet? Open de link dan niet en vraag het ${who} op een manier die u al kent, zoals een telefoonnummer dat u eerder hebt gebruikt.`,
  help: (ways) => `Vragen? ${ways}`,
  automatic: (name) => `Automatisch geschreven voor ${name}.`,
  noReplies: 'Antwoorden worden niet gelezen.',
  quoted: (text) => `“${text}”`,
};

export const common: InEachLanguage<Common> = { en, de, fr, es, nl };
