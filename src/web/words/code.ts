/** Words about the code: where and when it was mailed, how it fared, what was wrong with what was typed; and having to wait. */
import type { InEachLanguage } from '../../mail/language.ts';
import type { Piece } from '../pages/parts.ts';

const en = {
  title: 'Type your code',
  sent: (address: Piece, at: Piece): Piece => ['A six-digit code was sent to ', address, ' at ', at, '.'],
  sentFrom: (from: Piece): Piece => ['It comes from ', from, '.'],
  validUntil: (until: Piece): Piece => ['It works once, until ', until, '.'],
  elsewhere: 'Type the newest code you were sent. It also works if you asked for it on another device.',
  mail: {
    'on its way': 'It is on its way to your email provider.',
    delivered: 'Your email provider has accepted it.',
    delayed: 'Your email provider has not accepted it yet; we keep trying.',
    failed: 'Your email provider refused it, so it will not arrive. Ask the sender to check the address.',
    unknown: '',
  },
  label: 'Six-digit code',
  open: 'Open the message',
  again: 'Send me a new code',
  againFrom: (at: Piece): Piece => ['A new code can be sent after ', at, '.'],
  countdown: 'A new code can be sent in {time}.',
  missing:
    'Nothing there? It can take a minute or two; look in the junk folder, too. A new code replaces the one before.',
  notSixDigits: 'The code has six digits. This did not count as a try.',
  wrong: (left: number) => `That is not the code. You have ${left} ${left === 1 ? 'try' : 'tries'} left.`,
  notSent: 'No code was sent: something failed on our side. Please try again in a few minutes.',
  long: {
    sent: (address: Piece, at: Piece): Piece => [
      'Codes for your messages were asked for so often within an hour that the last one is longer. Its sixteen digits were sent to ',
      address,
      ' at ',
      at,
      '.',
    ],
    label: 'Sixteen-digit code',
    wrong: 'That is not the code. Compare its sixteen digits with the newest email; you may try as often as you need.',
  },
  deadTitle: 'This code no longer works',
  dead: (minutes: number) =>
    `It was used, replaced, typed wrongly too often, or is more than ${minutes} minutes old. The message is still waiting: ask for a new code.`,
  wait: {
    codes: 'No new code yet',
    codesText: (until: Piece): Piece => [
      'Several codes were sent within the last hour, so none was sent now. The next one can be sent after ',
      until,
      '.',
    ],
    tries: 'Too many wrong tries',
    triesText: (until: Piece): Piece => [
      'To protect the message, no more tries are accepted for a while. Please come back after ',
      until,
      '. The message is safe.',
    ],
    network: 'Too many tries from your network',
    networkText: (until: Piece): Piece => [
      'To protect the messages here, we accept no more tries for a while. Please come back after ',
      until,
      '. Your message is safe.',
    ],
    haveCode: 'Type the code I have',
  },
};

type Code = typeof en;

const de: Code = {
  title: 'Code eingeben',
  sent: (address, at) => ['Um ', at, ' wurde ein sechsstelliger Code an ', address, ' geschickt.'],
  sentFrom: (from) => ['Er kommt von ', from, '.'],
  validUntil: (until) => ['Er gilt einmal, bis ', until, '.'],
  elsewhere:
    'Geben Sie den neuesten Code ein, den Sie erhalten haben. Er gilt auch, wenn Sie ihn auf einem anderen Gerät angefordert haben.',
  mail: {
    'on its way': 'Er ist auf dem Weg zu Ihrem E-Mail-Anbieter.',
    delivered: 'Ihr E-Mail-Anbieter hat ihn angenommen.',
    delayed: 'Ihr E-Mail-Anbieter hat ihn noch nicht angenommen; wir versuchen es weiter.',
    failed:
      'Ihr E-Mail-Anbieter hat ihn abgelehnt, er kommt also nicht an. Bitten Sie den Absender, die Adresse zu prüfen.',
    unknown: '',
  },
  label: 'Sechsstelliger Code',
  open: 'Nachricht öffnen',
  again: 'Neuen Code zuschicken',
  againFrom: (at) => ['Ein neuer Code ist ab ', at, ' möglich.'],
  countdown: 'Ein neuer Code ist in {time} möglich.',
  missing:
    'Nichts angekommen? Es kann ein, zwei Minuten dauern; sehen Sie auch im Spam-Ordner nach. Ein neuer Code ersetzt den vorigen.',
  notSixDigits: 'Der Code hat sechs Ziffern. Dies hat nicht als Versuch gezählt.',
  wrong: (left) => `Das ist nicht der Code. Sie haben noch ${left} ${left === 1 ? 'Versuch' : 'Versuche'}.`,
  notSent:
    'Es wurde kein Code geschickt: Bei uns ist etwas schiefgegangen. Bitte versuchen Sie es in ein paar Minuten noch einmal.',
  long: {
    sent: (address, at) => [
      'In der letzten Stunde wurden so oft Codes für Ihre Nachrichten angefordert, dass der letzte länger ist. Seine sechzehn Ziffern wurden um ',
      at,
      ' an ',
      address,
      ' geschickt.',
    ],
    label: 'Sechzehnstelliger Code',
    wrong:
      'Das ist nicht der Code. Vergleichen Sie die sechzehn Ziffern mit der neuesten E-Mail; Sie können es so oft versuchen, wie Sie möchten.',
  },
  deadTitle: 'Dieser Code gilt nicht mehr',
  dead: (minutes) =>
    `Er wurde benutzt, ersetzt, zu oft falsch eingegeben oder ist älter als ${minutes} Minuten. Die Nachricht wartet weiter: Fordern Sie einen neuen Code an.`,
  wait: {
    codes: 'Noch kein neuer Code',
    codesText: (until) => [
      'In der letzten Stunde wurden mehrere Codes geschickt, deshalb jetzt keiner. Der nächste ist möglich ab dem ',
      until,
      '.',
    ],
    tries: 'Zu viele falsche Versuche',
    triesText: (until) => [
      'Zum Schutz der Nachricht sind eine Weile keine Versuche möglich. Bitte kommen Sie wieder ab dem ',
      until,
      '. Die Nachricht ist sicher.',
    ],
    network: 'Zu viele Versuche aus Ihrem Netz',
    networkText: (until) => [
      'Zum Schutz der Nachrichten nehmen wir eine Weile keine Versuche mehr an. Bitte kommen Sie wieder ab dem ',
      until,
      '. Ihre Nachricht ist sicher.',
    ],
    haveCode: 'Vorhandenen Code eingeben',
  },
};

const fr: Code = {
  title: 'Saisissez votre code',
  sent: (address, at) => ['Un code à six chiffres a été envoyé à ', address, ' à ', at, '.'],
  sentFrom: (from) => ['Il vient de ', from, '.'],
  validUntil: (until) => ['Il est valable une fois, jusqu’à ', until, '.'],
  elsewhere:
    'Saisissez le dernier code que vous avez reçu. Il est valable même si vous l’avez demandé sur un autre appareil.',
  mail: {
    'on its way': 'Il est en route vers votre messagerie.',
    delivered: 'Votre messagerie l’a accepté.',
    delayed: 'Votre messagerie ne l’a pas encore accepté ; nous continuons d’essayer.',
    failed: 'Votre messagerie l’a refusé, il n’arrivera donc pas. Demandez à l’expéditeur de vérifier l’adresse.',
    unknown: '',
  },
  label: 'Code à six chiffres',
  open: 'Ouvrir le message',
  again: 'M’envoyer un nouveau code',
  againFrom: (at) => ['Un nouveau code pourra être envoyé à partir de ', at, '.'],
  countdown: 'Un nouveau code pourra être envoyé dans {time}.',
  missing:
    'Rien reçu ? Cela peut prendre une ou deux minutes ; regardez aussi dans les indésirables. Un nouveau code remplace le précédent.',
  notSixDigits: 'Le code a six chiffres. Cet essai n’a pas été compté.',
  wrong: (left) => `Ce n’est pas le code. Il vous reste ${left} ${left < 2 ? 'essai' : 'essais'}.`,
  notSent:
    'Aucun code n’a été envoyé : quelque chose a échoué de notre côté. Veuillez réessayer dans quelques minutes.',
  long: {
    sent: (address, at) => [
      'Des codes pour vos messages ont été demandés si souvent en une heure que le dernier est plus long. Ses seize chiffres ont été envoyés à ',
      address,
      ' à ',
      at,
      '.',
    ],
    label: 'Code à seize chiffres',
    wrong:
      'Ce n’est pas le code. Comparez ses seize chiffres avec le dernier e-mail reçu ; vous pouvez essayer autant de fois que nécessaire.',
  },
  deadTitle: 'Ce code n’est plus valable',
  dead: (minutes) =>
    `Il a été utilisé, remplacé, mal saisi trop souvent, ou date de plus de ${minutes} minutes. Le message attend toujours : demandez un nouveau code.`,
  wait: {
    codes: 'Pas encore de nouveau code',
    codesText: (until) => [
      'Plusieurs codes ont été envoyés au cours de la dernière heure, il n’en part donc pas d’autre maintenant. Le prochain pourra être envoyé à partir du ',
      until,
      '.',
    ],
    tries: 'Trop d’essais erronés',
    triesText: (until) => [
      'Pour protéger le message, nous n’acceptons plus d’essai pendant un moment. Revenez à partir du ',
      until,
      '. Le message est en sécurité.',
    ],
    network: 'Trop d’essais depuis votre réseau',
    networkText: (until) => [
      'Pour protéger les messages, nous n’acceptons plus d’essai pendant un moment. Revenez à partir du ',
      until,
      '. Votre message est en sécurité.',
    ],
    haveCode: 'Saisir le code que j’ai',
  },
};

const es: Code = {
  title: 'Escriba su código',
  sent: (address, at) => ['Se envió un código de seis cifras a ', address, ' a las ', at, '.'],
  sentFrom: (from) => ['Viene de ', from, '.'],
  validUntil: (until) => ['Sirve una sola vez, hasta las ', until, '.'],
  elsewhere: 'Escriba el último código que haya recibido. También sirve si lo pidió en otro dispositivo.',
  mail: {
    'on its way': 'Está de camino a su servicio de correo.',
    delivered: 'Su servicio de correo lo ha aceptado.',
    delayed: 'Su servicio de correo aún no lo ha aceptado; seguimos intentándolo.',
    failed: 'Su servicio de correo lo ha rechazado, así que no llegará. Pida al remitente que compruebe la dirección.',
    unknown: '',
  },
  label: 'Código de seis cifras',
  open: 'Abrir el mensaje',
  again: 'Enviarme un código nuevo',
  againFrom: (at) => ['Se podrá enviar un código nuevo a partir de las ', at, '.'],
  countdown: 'Se podrá enviar un código nuevo en {time}.',
  missing:
    '¿No ha llegado nada? Puede tardar uno o dos minutos; mire también en el correo no deseado. Un código nuevo sustituye al anterior.',
  notSixDigits: 'El código tiene seis cifras. Este intento no ha contado.',
  wrong: (left) => `Ese no es el código. Le ${left === 1 ? 'queda 1 intento' : `quedan ${left} intentos`}.`,
  notSent: 'No se envió ningún código: algo ha fallado por nuestra parte. Vuelva a intentarlo dentro de unos minutos.',
  long: {
    sent: (address, at) => [
      'En una hora se pidieron tantos códigos para sus mensajes que el último es más largo. Sus dieciséis cifras se enviaron a ',
      address,
      ' a las ',
      at,
      '.',
    ],
    label: 'Código de dieciséis cifras',
    wrong:
      'Ese no es el código. Compare sus dieciséis cifras con el último correo; puede intentarlo las veces que necesite.',
  },
  deadTitle: 'Este código ya no sirve',
  dead: (minutes) =>
    `Se ha usado, se ha sustituido, se ha escrito mal demasiadas veces o tiene más de ${minutes} minutos. El mensaje sigue esperando: pida un código nuevo.`,
  wait: {
    codes: 'Todavía no hay código nuevo',
    codesText: (until) => [
      'En la última hora se enviaron varios códigos, por eso ahora no se ha enviado otro. El próximo se podrá enviar a partir del ',
      until,
      '.',
    ],
    tries: 'Demasiados intentos fallidos',
    triesText: (until) => [
      'Para proteger el mensaje, durante un rato no se admiten más intentos. Vuelva a partir del ',
      until,
      '. El mensaje está a salvo.',
    ],
    network: 'Demasiados intentos desde su red',
    networkText: (until) => [
      'Para proteger los mensajes, durante un rato no admitimos más intentos. Vuelva a partir del ',
      until,
      '. Su mensaje está a salvo.',
    ],
    haveCode: 'Escribir el código que tengo',
  },
};

const nl: Code = {
  title: 'Typ uw code',
  sent: (address, at) => ['Om ', at, ' is een code van zes cijfers gemaild naar ', address, '.'],
  sentFrom: (from) => ['Hij komt van ', from, '.'],
  validUntil: (until) => ['Hij werkt één keer, tot ', until, '.'],
  elsewhere:
    'Typ de nieuwste code die u hebt gekregen. Hij werkt ook als u hem op een ander apparaat hebt aangevraagd.',
  mail: {
    'on its way': 'Hij is onderweg naar uw mailprovider.',
    delivered: 'Uw mailprovider heeft hem aangenomen.',
    delayed: 'Uw mailprovider heeft hem nog niet aangenomen; we blijven het proberen.',
    failed: 'Uw mailprovider heeft hem geweigerd, hij komt dus niet aan. Vraag de afzender het adres te controleren.',
    unknown: '',
  },
  label: 'Code van zes cijfers',
  open: 'Bericht openen',
  again: 'Mail mij een nieuwe code',
  againFrom: (at) => ['Een nieuwe code kan worden gemaild vanaf ', at, '.'],
  countdown: 'Een nieuwe code kan worden gemaild over {time}.',
  missing:
    'Niets gekregen? Het kan een of twee minuten duren; kijk ook bij ongewenste mail. Een nieuwe code vervangt de vorige.',
  notSixDigits: 'De code heeft zes cijfers. Dit telde niet als poging.',
  wrong: (left) => `Dat is niet de code. U hebt nog ${left} ${left === 1 ? 'poging' : 'pogingen'}.`,
  notSent: 'Er is geen code gemaild: er ging bij ons iets mis. Probeer het over een paar minuten opnieuw.',
  long: {
    sent: (address, at) => [
      'Er zijn binnen een uur zo vaak codes voor uw berichten aangevraagd dat de laatste langer is. De zestien cijfers zijn om ',
      at,
      ' gemaild naar ',
      address,
      '.',
    ],
    label: 'Code van zestien cijfers',
    wrong:
      'Dat is niet de code. Vergelijk de zestien cijfers met de nieuwste e-mail; u mag het zo vaak proberen als nodig is.',
  },
  deadTitle: 'Deze code werkt niet meer',
  dead: (minutes) =>
    `Hij is gebruikt, vervangen, te vaak verkeerd getypt of ouder dan ${minutes} minuten. Het bericht wacht nog steeds: vraag een nieuwe code aan.`,
  wait: {
    codes: 'Nog geen nieuwe code',
    codesText: (until) => [
      'Het afgelopen uur zijn meerdere codes gemaild, daarom is er nu geen verstuurd. De volgende kan worden verstuurd vanaf ',
      until,
      '.',
    ],
    tries: 'Te veel verkeerde pogingen',
    triesText: (until) => [
      'Om het bericht te beschermen nemen we een tijdje geen pogingen meer aan. Kom terug vanaf ',
      until,
      '. Het bericht is veilig.',
    ],
    network: 'Te veel pogingen vanaf uw netwerk',
    networkText: (until) => [
      'Om de berichten te beschermen nemen we een tijdje geen pogingen meer aan. Kom terug vanaf ',
      until,
      '. Uw bericht is veilig.',
    ],
    haveCode: 'De code typen die ik heb',
  },
};

export const code: InEachLanguage<Code> = { en, de, fr, es, nl };
