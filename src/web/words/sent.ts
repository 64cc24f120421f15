/** Words for those who sent what waits here: how it fares, taking it back, keeping it longer, letting somebody in; and for readers, what that means. */
import type { InEachLanguage } from '../../mail/language.ts';
import type { Piece } from '../pages/parts.ts';

type Said = (reader: Piece, at: Piece) => Piece;

const en = {
  door: {
    title: 'A message you sent',
    text: (address: Piece): Piece => [
      'Here you see what became of it, and can take it back or keep it longer. To make sure that it is yours, we send a code to ',
      address,
      '.',
    ],
    send: 'Send me a code',
    sent: (at: Piece, until: Piece): Piece => ['A code was sent at ', at, '. It works until ', until, '.'],
    label: 'Code from the email',
    go: 'Continue',
    again: 'Send another code',
    wrong: (tries: number) => `That is not the code. Tries left: ${tries}.`,
    dead: 'This code no longer works. Have another one sent.',
    sixDigits: 'The code has six digits.',
    notSent: 'The code could not be sent. Please try again in a few minutes.',
  },
  title: 'Your message',
  sentOn: 'Sent',
  recipients: 'Recipients',
  states: {
    waiting: (until: Piece): Piece => ['Waits in the portal, unopened, until ', until, '.'],
    opened: (until: Piece): Piece => ['Was opened. It can be read again until ', until, '.'],
    over: 'Was opened in the portal; its time there is over.',
    unread: 'Taken back before anybody opened it.',
    read: 'Taken back. It can no longer be read here, but it had been opened before.',
    stopped: 'Stopped before it left.',
    delivered: 'Delivered by mail. That cannot be taken back.',
    linked: (until: Piece): Piece => ['Delivered by mail. Its large files wait in the portal until ', until, '.'],
    textOnly: 'Delivered by mail. Its large files were taken back before anybody opened them.',
    failed: 'Not delivered.',
    moving: 'On its way, or waiting to be sent.',
  },
  happened: {
    'delivery.opened': ((reader, at) => ['Opened by ', reader, ', ', at]) as Said,
    'delivery.read': ((reader, at) => ['Read again by ', reader, ', ', at]) as Said,
    'delivery.downloaded': ((reader, at) => ['Downloaded by ', reader, ', ', at]) as Said,
    'delivery.answered': ((reader, at) => ['Answered by ', reader, ', ', at]) as Said,
  },
  mailbox: 'a reader of the mailbox',
  recall: 'Take the message back',
  recallTitle: 'Take this message back?',
  recallText:
    'Nobody can read it here any more, and it is deleted. What has not left yet is stopped. Whoever follows the link is told that you took it back.',
  truth:
    'What somebody has read, downloaded or printed, and what reached a mailbox by mail, cannot be taken back. Afterwards this page says for each recipient what had happened by then.',
  recallConversation: (messages: number) =>
    `Take the whole conversation back: ${messages} messages of yours, and the replies written here`,
  extend: 'Keep the message longer',
  extendText: (until: Piece): Piece => ['It then waits until ', until, '.'],
  requests: 'You are asked to let somebody read it',
  allow: 'Let them read it',
  refuse: 'Do not let them read it',
  letIn: {
    title: 'May somebody else read your message?',
    text: (by: Piece, colleague: Piece, sent: Piece): Piece => [
      by,
      ' asks you to let ',
      colleague,
      ' read the message you sent on ',
      sent,
      '. If you agree, they get a notification of their own and show who they are, like every recipient.',
    ],
    recipient: 'Sent to',
    allowed: (colleague: Piece): Piece => [colleague, ' may read the message and is being notified.'],
    refused: (colleague: Piece): Piece => [colleague, ' may not read the message. Nothing was sent to this address.'],
    gone: 'The message is no longer waiting, so nobody can be let in.',
  },
  moreTime: {
    title: 'Ask for more time',
    text: (until: Piece): Piece => [
      'This message can be read here until ',
      until,
      '. We ask the sender to keep it longer; whether they do is up to them.',
    ],
    ask: 'Ask the sender',
    asked: 'The sender was asked. If they agree, the link goes on working.',
  },
  withdrawn: {
    title: 'The sender has taken this message back',
    advice:
      'It was deleted and cannot be read here any more. You need do nothing. If you have a question, ask the sender.',
  },
};

type Sent = typeof en;

const de: Sent = {
  door: {
    title: 'Eine Nachricht von Ihnen',
    text: (address) => [
      'Hier sehen Sie, was aus ihr wurde, und können sie zurücknehmen oder länger bereithalten. Um sicher zu sein, dass sie von Ihnen ist, schicken wir einen Code an ',
      address,
      '.',
    ],
    send: 'Code schicken',
    sent: (at, until) => ['Um ', at, ' wurde ein Code geschickt. Er gilt bis ', until, '.'],
    label: 'Code aus der E-Mail',
    go: 'Weiter',
    again: 'Neuen Code schicken',
    wrong: (tries) => `Das ist nicht der Code. Verbleibende Versuche: ${tries}.`,
    dead: 'Dieser Code gilt nicht mehr. Lassen Sie sich einen neuen schicken.',
    sixDigits: 'Der Code hat sechs Ziffern.',
    notSent: 'Der Code konnte nicht geschickt werden. Bitte versuchen Sie es in ein paar Minuten noch einmal.',
  },
  title: 'Ihre Nachricht',
  sentOn: 'Gesendet',
  recipients: 'Empfänger',
  states: {
    waiting: (until) => ['Wartet ungeöffnet im Portal, bis zum ', until, '.'],
    opened: (until) => ['Wurde geöffnet. Sie kann bis zum ', until, ' wieder gelesen werden.'],
    over: 'Wurde im Portal geöffnet; ihre Zeit dort ist vorbei.',
    unread: 'Zurückgenommen, bevor jemand sie geöffnet hat.',
    read: 'Zurückgenommen. Hier ist sie nicht mehr lesbar, war aber schon geöffnet worden.',
    stopped: 'Angehalten, bevor sie hinausging.',
    delivered: 'Per Mail zugestellt. Das lässt sich nicht zurücknehmen.',
    linked: (until) => ['Per Mail zugestellt. Die großen Dateien warten im Portal bis ', until, '.'],
    textOnly: 'Per Mail zugestellt. Die großen Dateien wurden zurückgenommen, bevor jemand sie geöffnet hat.',
    failed: 'Nicht zugestellt.',
    moving: 'Unterwegs oder noch nicht gesendet.',
  },
  happened: {
    'delivery.opened': (reader, at) => ['Geöffnet von ', reader, ', ', at],
    'delivery.read': (reader, at) => ['Wieder gelesen von ', reader, ', ', at],
    'delivery.downloaded': (reader, at) => ['Heruntergeladen von ', reader, ', ', at],
    'delivery.answered': (reader, at) => ['Beantwortet von ', reader, ', ', at],
  },
  mailbox: 'jemandem, der das Postfach liest',
  recall: 'Nachricht zurücknehmen',
  recallTitle: 'Diese Nachricht zurücknehmen?',
  recallText:
    'Niemand kann sie hier mehr lesen, und sie wird gelöscht. Was noch nicht hinausging, wird angehalten. Wer dem Link folgt, erfährt, dass Sie sie zurückgenommen haben.',
  truth:
    'Was jemand gelesen, heruntergeladen oder gedruckt hat und was ein Postfach per Mail erreicht hat, lässt sich nicht zurücknehmen. Danach sagt diese Seite für jeden Empfänger, was bis dahin geschehen war.',
  recallConversation: (messages) =>
    `Die ganze Unterhaltung zurücknehmen: ${messages} Nachrichten von Ihnen und die hier geschriebenen Antworten`,
  extend: 'Nachricht länger bereithalten',
  extendText: (until) => ['Sie wartet dann bis zum ', until, '.'],
  requests: 'Jemand soll sie auch lesen dürfen',
  allow: 'Lesen lassen',
  refuse: 'Nicht lesen lassen',
  letIn: {
    title: 'Darf noch jemand Ihre Nachricht lesen?',
    text: (by, colleague, sent) => [
      by,
      ' bittet, dass auch ',
      colleague,
      ' die Nachricht vom ',
      sent,
      ' lesen darf. Wenn Sie zustimmen, geht dorthin eine eigene Benachrichtigung, und die Person weist sich aus wie jeder Empfänger.',
    ],
    recipient: 'Gesendet an',
    allowed: (colleague) => [colleague, ' darf die Nachricht lesen und wird benachrichtigt.'],
    refused: (colleague) => [colleague, ' darf die Nachricht nicht lesen. An diese Adresse wurde nichts geschickt.'],
    gone: 'Die Nachricht wartet nicht mehr, es kann also niemand zugelassen werden.',
  },
  moreTime: {
    title: 'Um mehr Zeit bitten',
    text: (until) => [
      'Diese Nachricht ist hier bis zum ',
      until,
      ' lesbar. Wir bitten den Absender, sie länger bereitzuhalten; darüber entscheidet er.',
    ],
    ask: 'Absender bitten',
    asked: 'Der Absender wurde gebeten. Stimmt er zu, gilt der Link weiter.',
  },
  withdrawn: {
    title: 'Der Absender hat diese Nachricht zurückgenommen',
    advice:
      'Sie wurde gelöscht und ist hier nicht mehr lesbar. Sie müssen nichts tun. Bei Fragen wenden Sie sich an den Absender.',
  },
};

const fr: Sent = {
  door: {
    title: 'Un message que vous avez envoyé',
    text: (address) => [
      'Vous voyez ici ce qu’il est devenu et pouvez le retirer ou le garder plus longtemps. Pour nous assurer qu’il est de vous, nous envoyons un code à ',
      address,
      '.',
    ],
    send: 'M’envoyer un code',
    sent: (at, until) => ['Un code a été envoyé à ', at, '. Il est valable jusqu’à ', until, '.'],
    label: 'Code reçu par e-mail',
    go: 'Continuer',
    again: 'Envoyer un autre code',
    wrong: (tries) => `Ce n’est pas le code. Essais restants : ${tries}.`,
    dead: 'Ce code n’est plus valable. Demandez-en un autre.',
    sixDigits: 'Le code a six chiffres.',
    notSent: 'Le code n’a pas pu être envoyé. Veuillez réessayer dans quelques minutes.',
  },
  title: 'Votre message',
  sentOn: 'Envoyé',
  recipients: 'Destinataires',
  states: {
    waiting: (until) => ['Attend sur le portail, non ouvert, jusqu’au ', until, '.'],
    opened: (until) => ['A été ouvert. Il peut être relu jusqu’au ', until, '.'],
    over: 'A été ouvert sur le portail ; le délai y est écoulé.',
    unread: 'Retiré avant que quiconque l’ouvre.',
    read: 'Retiré. Il n’est plus lisible ici, mais avait déjà été ouvert.',
    stopped: 'Arrêté avant son départ.',
    delivered: 'Remis par e-mail. Cela ne peut être repris.',
    linked: (until) => ['Remis par e-mail. Les fichiers volumineux attendent sur le portail jusqu’au ', until, '.'],
    textOnly: 'Remis par e-mail. Les fichiers volumineux ont été retirés avant que quiconque les ouvre.',
    failed: 'Non remis.',
    moving: 'En route, ou en attente d’envoi.',
  },
  happened: {
    'delivery.opened': (reader, at) => ['Ouvert par ', reader, ', ', at],
    'delivery.read': (reader, at) => ['Relu par ', reader, ', ', at],
    'delivery.downloaded': (reader, at) => ['Téléchargé par ', reader, ', ', at],
    'delivery.answered': (reader, at) => ['Réponse de ', reader, ', ', at],
  },
  mailbox: 'quelqu’un qui lit cette boîte',
  recall: 'Retirer le message',
  recallTitle: 'Retirer ce message ?',
  recallText:
    'Plus personne ne peut le lire ici, et il est effacé. Ce qui n’est pas encore parti est arrêté. Quiconque ouvre le lien apprend que vous l’avez retiré.',
  truth:
    'Ce que quelqu’un a lu, téléchargé ou imprimé, et ce qui est arrivé dans une boîte par e-mail, ne peut être repris. Ensuite, cette page indique pour chaque destinataire ce qui s’était passé jusque-là.',
  recallConversation: (messages) =>
    `Retirer toute la conversation : vos ${messages} messages et les réponses écrites ici`,
  extend: 'Garder le message plus longtemps',
  extendText: (until) => ['Il attend alors jusqu’au ', until, '.'],
  requests: 'On vous demande de laisser quelqu’un le lire',
  allow: 'Autoriser la lecture',
  refuse: 'Refuser la lecture',
  letIn: {
    title: 'Une autre personne peut-elle lire votre message ?',
    text: (by, colleague, sent) => [
      by,
      ' vous demande de laisser ',
      colleague,
      ' lire le message que vous avez envoyé le ',
      sent,
      '. Si vous acceptez, cette personne reçoit son propre avis et prouve qui elle est, comme tout destinataire.',
    ],
    recipient: 'Envoyé à',
    allowed: (colleague) => [colleague, ' peut lire le message. Un avis lui est envoyé.'],
    refused: (colleague) => [colleague, ' ne peut pas lire le message. Rien n’a été envoyé à cette adresse.'],
    gone: 'Le message n’attend plus : il n’est plus possible d’y donner accès.',
  },
  moreTime: {
    title: 'Demander plus de temps',
    text: (until) => [
      'Ce message est lisible ici jusqu’au ',
      until,
      '. Nous demandons à l’expéditeur de le garder plus longtemps ; c’est à lui d’en décider.',
    ],
    ask: 'Demander à l’expéditeur',
    asked: 'L’expéditeur a été sollicité. S’il accepte, le lien reste valable.',
  },
  withdrawn: {
    title: 'L’expéditeur a retiré ce message',
    advice:
      'Il a été effacé et n’est plus lisible ici. Vous n’avez rien à faire. Pour toute question, adressez-vous à l’expéditeur.',
  },
};

const es: Sent = {
  door: {
    title: 'Un mensaje que usted envió',
    text: (address) => [
      'Aquí ve qué ha sido de él y puede retirarlo o conservarlo más tiempo. Para comprobar que es suyo, enviamos un código a ',
      address,
      '.',
    ],
    send: 'Enviarme un código',
    sent: (at, until) => ['Se envió un código a las ', at, '. Vale hasta las ', until, '.'],
    label: 'Código del correo',
    go: 'Continuar',
    again: 'Enviar otro código',
    wrong: (tries) => `Ese no es el código. Intentos restantes: ${tries}.`,
    dead: 'Este código ya no vale. Pida otro.',
    sixDigits: 'El código tiene seis cifras.',
    notSent: 'No se pudo enviar el código. Vuelva a intentarlo dentro de unos minutos.',
  },
  title: 'Su mensaje',
  sentOn: 'Enviado',
  recipients: 'Destinatarios',
  states: {
    waiting: (until) => ['Espera en el portal, sin abrir, hasta el ', until, '.'],
    opened: (until) => ['Se abrió. Se puede volver a leer hasta el ', until, '.'],
    over: 'Se abrió en el portal; su plazo allí ha terminado.',
    unread: 'Retirado antes de que nadie lo abriera.',
    read: 'Retirado. Aquí ya no se puede leer, pero antes se había abierto.',
    stopped: 'Detenido antes de salir.',
    delivered: 'Entregado por correo. Eso no se puede retirar.',
    linked: (until) => ['Entregado por correo. Los archivos grandes esperan en el portal hasta el ', until, '.'],
    textOnly: 'Entregado por correo. Los archivos grandes se retiraron antes de que nadie los abriera.',
    failed: 'No entregado.',
    moving: 'En camino, o a la espera de enviarse.',
  },
  happened: {
    'delivery.opened': (reader, at) => ['Abierto por ', reader, ', ', at],
    'delivery.read': (reader, at) => ['Leído de nuevo por ', reader, ', ', at],
    'delivery.downloaded': (reader, at) => ['Descargado por ', reader, ', ', at],
    'delivery.answered': (reader, at) => ['Contestado por ', reader, ', ', at],
  },
  mailbox: 'alguien que lee ese buzón',
  recall: 'Retirar el mensaje',
  recallTitle: '¿Retirar este mensaje?',
  recallText:
    'Nadie puede leerlo ya aquí, y se borra. Lo que aún no ha salido se detiene. Quien siga el enlace sabrá que usted lo retiró.',
  truth:
    'Lo que alguien ha leído, descargado o impreso, y lo que llegó a un buzón por correo, no se puede retirar. Después, esta página indica qué había pasado hasta entonces con cada destinatario.',
  recallConversation: (messages) =>
    `Retirar toda la conversación: ${messages} mensajes suyos y las respuestas escritas aquí`,
  extend: 'Conservar el mensaje más tiempo',
  extendText: (until) => ['Entonces espera hasta el ', until, '.'],
  requests: 'Le piden que deje leerlo a otra persona',
  allow: 'Permitir la lectura',
  refuse: 'No permitir la lectura',
  letIn: {
    title: '¿Puede leer su mensaje otra persona?',
    text: (by, colleague, sent) => [
      by,
      ' le pide que deje leer a ',
      colleague,
      ' el mensaje que usted envió el ',
      sent,
      '. Si acepta, esa persona recibe su propio aviso y demuestra quién es, como todo destinatario.',
    ],
    recipient: 'Enviado a',
    allowed: (colleague) => [colleague, ' puede leer el mensaje y recibe un aviso.'],
    refused: (colleague) => [colleague, ' no puede leer el mensaje. No se envió nada a esa dirección.'],
    gone: 'El mensaje ya no espera, así que no se puede dar acceso a nadie.',
  },
  moreTime: {
    title: 'Pedir más tiempo',
    text: (until) => [
      'Este mensaje se puede leer aquí hasta el ',
      until,
      '. Pedimos al remitente que lo conserve más tiempo; lo decide el remitente.',
    ],
    ask: 'Pedirlo al remitente',
    asked: 'Se ha pedido al remitente. Si acepta, el enlace seguirá funcionando.',
  },
  withdrawn: {
    title: 'El remitente ha retirado este mensaje',
    advice: 'Se borró y ya no se puede leer aquí. No tiene que hacer nada. Si tiene preguntas, diríjase al remitente.',
  },
};

const nl: Sent = {
  door: {
    title: 'Een bericht dat u hebt gestuurd',
    text: (address) => [
      'Hier ziet u wat ervan is geworden, en kunt u het intrekken of langer bewaren. Om zeker te weten dat het van u is, mailen we een code naar ',
      address,
      '.',
    ],
    send: 'Mail mij een code',
    sent: (at, until) => ['Om ', at, ' is een code gemaild. Die geldt tot ', until, '.'],
    label: 'Code uit de e-mail',
    go: 'Verder',
    again: 'Nieuwe code mailen',
    wrong: (tries) => `Dat is niet de code. Resterende pogingen: ${tries}.`,
    dead: 'Deze code geldt niet meer. Laat een nieuwe mailen.',
    sixDigits: 'De code heeft zes cijfers.',
    notSent: 'De code kon niet worden gemaild. Probeer het over een paar minuten opnieuw.',
  },
  title: 'Uw bericht',
  sentOn: 'Verstuurd',
  recipients: 'Ontvangers',
  states: {
    waiting: (until) => ['Wacht ongeopend in het portaal, tot ', until, '.'],
    opened: (until) => ['Is geopend. Het kan tot ', until, ' opnieuw worden gelezen.'],
    over: 'Is in het portaal geopend; de tijd daar is voorbij.',
    unread: 'Ingetrokken voordat iemand het opende.',
    read: 'Ingetrokken. Hier is het niet meer te lezen, maar het was al geopend.',
    stopped: 'Tegengehouden voordat het vertrok.',
    delivered: 'Per mail bezorgd. Dat kan niet worden ingetrokken.',
    linked: (until) => ['Per mail bezorgd. De grote bestanden wachten in het portaal tot ', until, '.'],
    textOnly: 'Per mail bezorgd. De grote bestanden zijn ingetrokken voordat iemand ze opende.',
    failed: 'Niet bezorgd.',
    moving: 'Onderweg, of nog niet verstuurd.',
  },
  happened: {
    'delivery.opened': (reader, at) => ['Geopend door ', reader, ', ', at],
    'delivery.read': (reader, at) => ['Opnieuw gelezen door ', reader, ', ', at],
    'delivery.downloaded': (reader, at) => ['Gedownload door ', reader, ', ', at],
    'delivery.answered': (reader, at) => ['Beantwoord door ', reader, ', ', at],
  },
  mailbox: 'iemand die de mailbox leest',
  recall: 'Bericht intrekken',
  recallTitle: 'Dit bericht intrekken?',
  recallText:
    'Niemand kan het hier nog lezen, en het wordt gewist. Wat nog niet is vertrokken, wordt tegengehouden. Wie de link volgt, leest dat u het hebt ingetrokken.',
  truth:
    'Wat iemand heeft gelezen, gedownload of afgedrukt, en wat per mail in een mailbox is gekomen, kan niet worden teruggenomen. Daarna zegt deze pagina voor elke ontvanger wat er tot dan was gebeurd.',
  recallConversation: (messages) =>
    `Het hele gesprek intrekken: ${messages} berichten van u en de antwoorden die hier zijn geschreven`,
  extend: 'Bericht langer bewaren',
  extendText: (until) => ['Het wacht dan tot ', until, '.'],
  requests: 'U wordt gevraagd het iemand te laten lezen',
  allow: 'Laten lezen',
  refuse: 'Niet laten lezen',
  letIn: {
    title: 'Mag nog iemand uw bericht lezen?',
    text: (by, colleague, sent) => [
      by,
      ' vraagt u ook ',
      colleague,
      ' het bericht van ',
      sent,
      ' te laten lezen. Als u instemt, krijgt die persoon een eigen melding en laat zien wie hij of zij is, zoals elke ontvanger.',
    ],
    recipient: 'Verstuurd aan',
    allowed: (colleague) => [colleague, ' mag het bericht lezen en krijgt een melding.'],
    refused: (colleague) => [colleague, ' mag het bericht niet lezen. Er is niets naar dit adres gestuurd.'],
    gone: 'Het bericht wacht niet meer, dus niemand kan worden toegelaten.',
  },
  moreTime: {
    title: 'Om meer tijd vragen',
    text: (until) => [
      'Dit bericht is hier te lezen tot ',
      until,
      '. We vragen de afzender het langer te bewaren; die beslist daarover.',
    ],
    ask: 'De afzender vragen',
    asked: 'De afzender is gevraagd. Stemt die in, dan blijft de link werken.',
  },
  withdrawn: {
    title: 'De afzender heeft dit bericht ingetrokken',
    advice:
      'Het is gewist en hier niet meer te lezen. U hoeft niets te doen. Hebt u een vraag, stel die aan de afzender.',
  },
};

export const sent: InEachLanguage<Sent> = { en, de, fr, es, nl };
