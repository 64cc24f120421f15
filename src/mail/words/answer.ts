/** Words of answers from the portal, as staff see them: in the tenant's language. And of the letters to who wrote one. */
import type { InEachLanguage } from '../language.ts';

const en = {
  from: (who: string) => `${who} via secure mail`,
  footer: (address: string) => `Written by ${address} on the page for secure mail. A reply goes to ${address}.`,
  wrote: (who: string, at: string) => `${who} wrote on ${at}:`,
  receiptTitle: (whom: string) => `Your message to ${whom} was accepted`,
  receipt: (whom: string, at: string, files: number) =>
    `On ${at} we accepted your message to ${whom}${files === 0 ? '' : files === 1 ? ', with one file' : `, with ${files} files`}, and we are delivering it.`,
  receiptWhere: (until: string) =>
    `What you wrote is not in this email. You can read it again until ${until} where you wrote it, next to the message you answered.`,
  receiptTrouble: 'Should it not arrive, we tell you by another email.',
  failedTitle: (whom: string) => `Your message to ${whom} could not be delivered`,
  failed: (whom: string, at: string) =>
    `On ${at} you wrote a message to ${whom} on our page for secure mail. Their mail system has not accepted it, so ${whom} has not received it.`,
  failedWhere: 'What you wrote is still where you wrote it, as long as the message you answered can be opened there.',
  failedDo: (whom: string) =>
    `Please tell ${whom} in another way, for example by telephone. If it was urgent, do not wait for an answer.`,
  what: 'What you can do',
};

type AnswerWords = typeof en;

const de: AnswerWords = {
  from: (who) => `${who} über sichere Mail`,
  footer: (address) => `Geschrieben von ${address} auf der Seite für sichere Mail. Eine Antwort geht an ${address}.`,
  wrote: (who, at) => `${who} schrieb am ${at}:`,
  receiptTitle: (whom) => `Ihre Nachricht an ${whom} wurde angenommen`,
  receipt: (whom, at, files) =>
    `Am ${at} haben wir Ihre Nachricht an ${whom}${files === 0 ? '' : files === 1 ? ' mit einer Datei' : ` mit ${files} Dateien`} angenommen und stellen sie zu.`,
  receiptWhere: (until) =>
    `Ihr Text steht nicht in dieser E-Mail. Sie können ihn bis zum ${until} dort wieder lesen, wo Sie ihn geschrieben haben, neben der Nachricht, auf die Sie geantwortet haben.`,
  receiptTrouble: 'Sollte sie nicht ankommen, sagen wir es Ihnen mit einer weiteren E-Mail.',
  failedTitle: (whom) => `Ihre Nachricht an ${whom} konnte nicht zugestellt werden`,
  failed: (whom, at) =>
    `Am ${at} haben Sie auf unserer Seite für sichere Mail eine Nachricht an ${whom} geschrieben. Das Mailsystem dort hat sie nicht angenommen, sie ist also nicht bei ${whom} angekommen.`,
  failedWhere:
    'Ihr Text steht noch dort, wo Sie ihn geschrieben haben, solange sich dort die Nachricht öffnen lässt, auf die Sie geantwortet haben.',
  failedDo: (whom) =>
    `Bitte sagen Sie es ${whom} auf einem anderen Weg, zum Beispiel am Telefon. Wenn es eilig war, warten Sie nicht auf eine Antwort.`,
  what: 'Was Sie tun können',
};

const fr: AnswerWords = {
  from: (who) => `${who} via la messagerie sécurisée`,
  footer: (address) => `Écrit par ${address} sur la page de messagerie sécurisée. Une réponse parvient à ${address}.`,
  wrote: (who, at) => `${who} a écrit le ${at} :`,
  receiptTitle: (whom) => `Votre message à ${whom} a été pris en charge`,
  receipt: (whom, at, files) =>
    `Le ${at}, nous avons pris en charge votre message à ${whom}${files === 0 ? '' : files === 1 ? ', avec un fichier' : `, avec ${files} fichiers`}, et nous le remettons.`,
  receiptWhere: (until) =>
    `Ce que vous avez écrit ne figure pas dans cet e-mail. Vous pouvez le relire jusqu’au ${until} là où vous l’avez écrit, à côté du message auquel vous avez répondu.`,
  receiptTrouble: 'S’il ne pouvait pas être remis, nous vous le dirions par un autre e-mail.',
  failedTitle: (whom) => `Votre message à ${whom} n’a pas pu être remis`,
  failed: (whom, at) =>
    `Le ${at}, vous avez écrit un message à ${whom} sur notre page de messagerie sécurisée. Le système de messagerie ne l’a pas accepté : ${whom} ne l’a donc pas reçu.`,
  failedWhere:
    'Ce que vous avez écrit est toujours là où vous l’avez écrit, tant que le message auquel vous avez répondu peut y être ouvert.',
  failedDo: (whom) =>
    `Veuillez prévenir ${whom} d’une autre façon, par exemple par téléphone. Si c’était urgent, n’attendez pas de réponse.`,
  what: 'Ce que vous pouvez faire',
};

const es: AnswerWords = {
  from: (who) => `${who} por correo seguro`,
  footer: (address) => `Escrito por ${address} en la página de correo seguro. Una respuesta llega a ${address}.`,
  wrote: (who, at) => `${who} escribió el ${at}:`,
  receiptTitle: (whom) => `Hemos recibido su mensaje para ${whom}`,
  receipt: (whom, at, files) =>
    `El ${at} recibimos su mensaje para ${whom}${files === 0 ? '' : files === 1 ? ', con un archivo' : `, con ${files} archivos`}, y lo estamos entregando.`,
  receiptWhere: (until) =>
    `Lo que escribió no está en este correo. Puede volver a leerlo hasta el ${until} donde lo escribió, junto al mensaje al que respondió.`,
  receiptTrouble: 'Si no llegara, se lo diremos en otro correo.',
  failedTitle: (whom) => `Su mensaje para ${whom} no se pudo entregar`,
  failed: (whom, at) =>
    `El ${at} escribió un mensaje para ${whom} en nuestra página de correo seguro. Su sistema de correo no lo ha aceptado, así que ${whom} no lo ha recibido.`,
  failedWhere: 'Lo que escribió sigue donde lo escribió, mientras el mensaje al que respondió se pueda abrir allí.',
  failedDo: (whom) =>
    `Avise a ${whom} de otra manera, por ejemplo por teléfono. Si era urgente, no espere una respuesta.`,
  what: 'Qué puede hacer',
};

const nl: AnswerWords = {
  from: (who) => `${who} via beveiligde mail`,
  footer: (address) =>
    `Geschreven door ${address} op de pagina voor beveiligde mail. Een antwoord gaat naar ${address}.`,
  wrote: (who, at) => `${who} schreef op ${at}:`,
  receiptTitle: (whom) => `Uw bericht aan ${whom} is aangenomen`,
  receipt: (whom, at, files) =>
    `Op ${at} hebben we uw bericht aan ${whom}${files === 0 ? '' : files === 1 ? ', met één bestand,' : `, met ${files} bestanden,`} aangenomen en we bezorgen het.`,
  receiptWhere: (until) =>
    `Wat u schreef staat niet in deze e-mail. U kunt het tot ${until} teruglezen waar u het schreef, naast het bericht waarop u antwoordde.`,
  receiptTrouble: 'Komt het niet aan, dan laten we u dat in een andere e-mail weten.',
  failedTitle: (whom) => `Uw bericht aan ${whom} kon niet worden bezorgd`,
  failed: (whom, at) =>
    `Op ${at} schreef u op onze pagina voor beveiligde mail een bericht aan ${whom}. Het mailsysteem daar heeft het niet aangenomen, dus ${whom} heeft het niet ontvangen.`,
  failedWhere: 'Wat u schreef staat nog waar u het schreef, zolang het bericht waarop u antwoordde daar te openen is.',
  failedDo: (whom) =>
    `Laat het ${whom} op een andere manier weten, bijvoorbeeld per telefoon. Was het dringend, wacht dan niet op een antwoord.`,
  what: 'Wat u kunt doen',
};

export const answer: InEachLanguage<AnswerWords> = { en, de, fr, es, nl };
