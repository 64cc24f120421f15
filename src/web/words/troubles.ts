/** What is said when something cannot be done: what happened, truthfully, and what to do next. */
import type { InEachLanguage } from '../../mail/language.ts';

export type Trouble = { readonly title: string; readonly advice: string };

const en = {
  noLink: {
    title: 'No message is waiting behind this link',
    advice:
      'The link may be incomplete, or the time the message could wait is over. Open it again from the email, or copy the whole of it. If that does not help, ask the sender to send the message again.',
  },
  noSession: {
    title: 'This message is not open in this browser',
    advice:
      'You were signed out, were away for a while, or are using another browser or device. Open the link in the email you received: it works on any device.',
  },
  notFound: {
    title: 'There is no such page',
    advice: 'To read a message, open the link in the email that told you about it.',
  },
  noAttachment: {
    title: 'There is no such attachment',
    advice: 'Go back to the message and choose an attachment there.',
  },
  wrongVerb: { title: 'This page cannot do that', advice: 'Go back, and use the buttons and links of the page.' },
  crossSite: {
    title: 'This request did not come from our page',
    advice:
      'For your safety nothing was done. Open the link in the email you received and use the buttons of the page.',
  },
  tooLarge: { title: 'That was more than this page accepts', advice: 'Go back and try again.' },
  badRequest: { title: 'We could not read this request', advice: 'Go back and try again.' },
  broken: {
    title: 'Something went wrong on our side',
    advice: 'The message waiting for you is safe. Please try again in a few minutes.',
  },
  busy: {
    title: 'We cannot open messages at the moment',
    advice: 'The message waiting for you is safe. Please try again in a few minutes.',
  },
} satisfies Record<string, Trouble>;

type Troubles = Readonly<Record<keyof typeof en, Trouble>>;
export type TroubleName = keyof Troubles;

const de: Troubles = {
  noLink: {
    title: 'Hinter diesem Link wartet keine Nachricht',
    advice:
      'Vielleicht ist der Link unvollständig, oder die Zeit, die die Nachricht warten konnte, ist vorbei. Öffnen Sie ihn noch einmal aus der E-Mail, oder kopieren Sie ihn ganz. Hilft das nicht, bitten Sie den Absender, die Nachricht erneut zu senden.',
  },
  noSession: {
    title: 'Diese Nachricht ist in diesem Browser nicht geöffnet',
    advice:
      'Sie wurden abgemeldet, waren eine Weile nicht da oder verwenden einen anderen Browser oder ein anderes Gerät. Öffnen Sie den Link in der E-Mail, die Sie erhalten haben: Das geht auf jedem Gerät.',
  },
  notFound: {
    title: 'Diese Seite gibt es nicht',
    advice: 'Um eine Nachricht zu lesen, öffnen Sie den Link in der E-Mail, die sie angekündigt hat.',
  },
  noAttachment: {
    title: 'Diesen Anhang gibt es nicht',
    advice: 'Gehen Sie zurück zur Nachricht und wählen Sie dort einen Anhang.',
  },
  wrongVerb: {
    title: 'Das kann diese Seite nicht',
    advice: 'Gehen Sie zurück und verwenden Sie die Knöpfe und Links der Seite.',
  },
  crossSite: {
    title: 'Diese Anfrage kam nicht von unserer Seite',
    advice:
      'Zu Ihrer Sicherheit ist nichts geschehen. Öffnen Sie den Link in der E-Mail, die Sie erhalten haben, und verwenden Sie die Knöpfe der Seite.',
  },
  tooLarge: {
    title: 'Das war mehr, als diese Seite annimmt',
    advice: 'Gehen Sie zurück und versuchen Sie es noch einmal.',
  },
  badRequest: {
    title: 'Wir konnten diese Anfrage nicht lesen',
    advice: 'Gehen Sie zurück und versuchen Sie es noch einmal.',
  },
  broken: {
    title: 'Bei uns ist etwas schiefgegangen',
    advice: 'Die Nachricht, die auf Sie wartet, ist sicher. Bitte versuchen Sie es in ein paar Minuten noch einmal.',
  },
  busy: {
    title: 'Wir können gerade keine Nachrichten öffnen',
    advice: 'Die Nachricht, die auf Sie wartet, ist sicher. Bitte versuchen Sie es in ein paar Minuten noch einmal.',
  },
};

const fr: Troubles = {
  noLink: {
    title: 'Aucun message n’attend derrière ce lien',
    advice:
      'Le lien est peut-être incomplet, ou le délai de garde du message est passé. Ouvrez-le à nouveau depuis l’e-mail ou copiez-le en entier. Si cela n’aide pas, demandez à l’expéditeur de renvoyer le message.',
  },
  noSession: {
    title: 'Ce message n’est pas ouvert dans ce navigateur',
    advice:
      'Votre session a été fermée ou est restée longtemps inactive, ou vous utilisez un autre navigateur ou appareil. Ouvrez le lien de l’e-mail que vous avez reçu : il fonctionne sur tout appareil.',
  },
  notFound: {
    title: 'Cette page n’existe pas',
    advice: 'Pour lire un message, ouvrez le lien de l’e-mail qui vous l’a annoncé.',
  },
  noAttachment: {
    title: 'Cette pièce jointe n’existe pas',
    advice: 'Revenez au message et choisissez-y une pièce jointe.',
  },
  wrongVerb: {
    title: 'Cette page ne peut pas faire cela',
    advice: 'Revenez en arrière et utilisez les boutons et les liens de la page.',
  },
  crossSite: {
    title: 'Cette demande ne venait pas de notre page',
    advice:
      'Pour votre sécurité, rien n’a été fait. Ouvrez le lien de l’e-mail que vous avez reçu et utilisez les boutons de la page.',
  },
  tooLarge: { title: 'C’était plus que cette page ne peut accepter', advice: 'Revenez en arrière et réessayez.' },
  badRequest: { title: 'Nous n’avons pas pu lire cette demande', advice: 'Revenez en arrière et réessayez.' },
  broken: {
    title: 'Quelque chose a échoué de notre côté',
    advice: 'Le message qui vous attend est en sécurité. Veuillez réessayer dans quelques minutes.',
  },
  busy: {
    title: 'Nous ne pouvons pas ouvrir de message pour le moment',
    advice: 'Le message qui vous attend est en sécurité. Veuillez réessayer dans quelques minutes.',
  },
};

const es: Troubles = {
  noLink: {
    title: 'No hay ningún mensaje detrás de este enlace',
    advice:
      'Puede que el enlace esté incompleto o que haya pasado el plazo en que el mensaje podía esperar. Ábralo de nuevo desde el correo o cópielo entero. Si no sirve, pida al remitente que envíe el mensaje otra vez.',
  },
  noSession: {
    title: 'Este mensaje no está abierto en este navegador',
    advice:
      'Se cerró su sesión, estuvo ausente un rato o usa otro navegador o dispositivo. Abra el enlace del correo que recibió: funciona en cualquier dispositivo.',
  },
  notFound: {
    title: 'Esta página no existe',
    advice: 'Para leer un mensaje, abra el enlace del correo en el que se le avisó.',
  },
  noAttachment: {
    title: 'Este archivo adjunto no existe',
    advice: 'Vuelva al mensaje y elija allí un archivo adjunto.',
  },
  wrongVerb: {
    title: 'Esta página no puede hacer eso',
    advice: 'Vuelva atrás y use los botones y enlaces de la página.',
  },
  crossSite: {
    title: 'Esta petición no venía de nuestra página',
    advice:
      'Por su seguridad no se ha hecho nada. Abra el enlace del correo que recibió y use los botones de la página.',
  },
  tooLarge: { title: 'Era más de lo que admite esta página', advice: 'Vuelva atrás e inténtelo de nuevo.' },
  badRequest: { title: 'No hemos podido leer esta petición', advice: 'Vuelva atrás e inténtelo de nuevo.' },
  broken: {
    title: 'Algo ha fallado por nuestra parte',
    advice: 'El mensaje que le espera está a salvo. Vuelva a intentarlo dentro de unos minutos.',
  },
  busy: {
    title: 'Ahora mismo no podemos abrir mensajes',
    advice: 'El mensaje que le espera está a salvo. Vuelva a intentarlo dentro de unos minutos.',
  },
};

const nl: Troubles = {
  noLink: {
    title: 'Achter deze link wacht geen bericht',
    advice:
      'Misschien is de link niet volledig, of is de tijd voorbij dat het bericht kon wachten. Open hem opnieuw vanuit de e-mail, of kopieer hem helemaal. Helpt dat niet, vraag de afzender dan het bericht opnieuw te sturen.',
  },
  noSession: {
    title: 'Dit bericht is in deze browser niet geopend',
    advice:
      'U bent afgemeld, was een tijdje weg of gebruikt een andere browser of een ander apparaat. Open de link in de e-mail die u hebt gekregen: dat werkt op elk apparaat.',
  },
  notFound: {
    title: 'Deze pagina bestaat niet',
    advice: 'Om een bericht te lezen opent u de link in de e-mail die het aankondigde.',
  },
  noAttachment: {
    title: 'Deze bijlage bestaat niet',
    advice: 'Ga terug naar het bericht en kies daar een bijlage.',
  },
  wrongVerb: { title: 'Dat kan deze pagina niet', advice: 'Ga terug en gebruik de knoppen en links van de pagina.' },
  crossSite: {
    title: 'Dit verzoek kwam niet van onze pagina',
    advice:
      'Voor uw veiligheid is er niets gedaan. Open de link in de e-mail die u hebt gekregen en gebruik de knoppen van de pagina.',
  },
  tooLarge: { title: 'Dat was meer dan deze pagina aanneemt', advice: 'Ga terug en probeer het opnieuw.' },
  badRequest: { title: 'We konden dit verzoek niet lezen', advice: 'Ga terug en probeer het opnieuw.' },
  broken: {
    title: 'Er ging bij ons iets mis',
    advice: 'Het bericht dat op u wacht is veilig. Probeer het over een paar minuten opnieuw.',
  },
  busy: {
    title: 'We kunnen op dit moment geen berichten openen',
    advice: 'Het bericht dat op u wacht is veilig. Probeer het over een paar minuten opnieuw.',
  },
};

export const troubles: InEachLanguage<Troubles> = { en, de, fr, es, nl };
