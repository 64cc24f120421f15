/** Words of the letters to those whose messages wait in the portal. `reader` is a name or an address. */
import type { InEachLanguage } from '../language.ts';

const en = {
  title: {
    waiting: (to: string) => `Waiting in the portal: your message to ${to}`,
    opened: (to: string) => `Opened: your message to ${to}`,
    answered: (to: string) => `Answered: your message to ${to}`,
    expiring: (to: string) => `Still unread: your message to ${to}`,
    withdrawn: (to: string) => `Taken back: your message to ${to}`,
    timeAsked: (to: string) => `${to} asks for more time to read your message`,
    accessAsked: (to: string) => `${to} asks you to let somebody read your message`,
    several: 'News of your protected messages',
  },
  message: (sent: string) => `Your message of ${sent}`,
  subject: (subject: string) => `Subject: ${subject}`,
  waiting: (to: string, at: string) => `${to}: has been waiting in the portal since ${at}; a notification was sent.`,
  opened: (to: string, reader: string, at: string) =>
    reader === to ? `${to}: opened on ${at}.` : `${to}: opened by ${reader} on ${at}.`,
  answered: (to: string, reader: string, at: string) =>
    reader === to ? `${to}: answered on ${at}.` : `${to}: answered by ${reader} on ${at}.`,
  expiring: (to: string, until: string) => `${to}: not opened yet. It waits until ${until}; a reminder was sent.`,
  stopped: (to: string) => `${to}: stopped before it left.`,
  unread: (to: string) => `${to}: taken back before anybody opened it.`,
  read: (to: string) => `${to}: can no longer be read in the portal, but it had been opened before.`,
  linked: (to: string) => `${to}: delivered by mail, but the large files were taken back before anybody opened them.`,
  timeAsked: (to: string, until: string) =>
    `${to} asks you to keep the message longer. As it is, it is deleted on ${until}.`,
  accessAsked: (who: string, colleague: string) =>
    `${who} asks you to let ${colleague} read the message too. They see nothing of it unless you agree.`,
  truth:
    'What somebody has read, downloaded or printed cannot be taken back, nor what reached a mailbox by mail. The message’s page shows what is known.',
  see: 'See the message’s page',
  decide: 'Decide',
  page: 'Its page:',
  code: 'The page asks for a code that is sent to you, and lets you take the message back or keep it longer.',
};

type Receipt = typeof en;

const de: Receipt = {
  title: {
    waiting: (to) => `Wartet im Portal: Ihre Nachricht an ${to}`,
    opened: (to) => `Geöffnet: Ihre Nachricht an ${to}`,
    answered: (to) => `Beantwortet: Ihre Nachricht an ${to}`,
    expiring: (to) => `Noch ungelesen: Ihre Nachricht an ${to}`,
    withdrawn: (to) => `Zurückgenommen: Ihre Nachricht an ${to}`,
    timeAsked: (to) => `${to} bittet um mehr Zeit, um Ihre Nachricht zu lesen`,
    accessAsked: (to) => `${to} bittet Sie, noch jemanden Ihre Nachricht lesen zu lassen`,
    several: 'Neues zu Ihren geschützten Nachrichten',
  },
  message: (sent) => `Ihre Nachricht vom ${sent}`,
  subject: (subject) => `Betreff: ${subject}`,
  waiting: (to, at) => `${to}: wartet seit dem ${at} im Portal; eine Benachrichtigung wurde geschickt.`,
  opened: (to, reader, at) => (reader === to ? `${to}: geöffnet am ${at}.` : `${to}: von ${reader} am ${at} geöffnet.`),
  answered: (to, reader, at) =>
    reader === to ? `${to}: beantwortet am ${at}.` : `${to}: von ${reader} am ${at} beantwortet.`,
  expiring: (to, until) => `${to}: noch nicht geöffnet. Sie wartet bis zum ${until}; eine Erinnerung wurde geschickt.`,
  stopped: (to) => `${to}: angehalten, bevor sie hinausging.`,
  unread: (to) => `${to}: zurückgenommen, bevor jemand sie geöffnet hat.`,
  read: (to) => `${to}: im Portal nicht mehr lesbar, war aber schon geöffnet worden.`,
  linked: (to) =>
    `${to}: per Mail zugestellt; die großen Dateien wurden zurückgenommen, bevor jemand sie geöffnet hat.`,
  timeAsked: (to, until) =>
    `${to} bittet Sie, die Nachricht länger bereitzuhalten. Bisher wird sie am ${until} gelöscht.`,
  accessAsked: (who, colleague) =>
    `${who} bittet, dass auch ${colleague} die Nachricht lesen darf. Ohne Ihre Zustimmung ist dort nichts zu sehen.`,
  truth:
    'Was jemand gelesen, heruntergeladen oder gedruckt hat, lässt sich nicht zurücknehmen, ebenso wenig, was ein Postfach per Mail erreicht hat. Die Seite der Nachricht zeigt, was bekannt ist.',
  see: 'Zur Seite der Nachricht',
  decide: 'Entscheiden',
  page: 'Ihre Seite:',
  code: 'Die Seite fragt nach einem Code, der Ihnen geschickt wird. Dort können Sie die Nachricht zurücknehmen oder länger bereithalten.',
};

const fr: Receipt = {
  title: {
    waiting: (to) => `En attente sur le portail : votre message à ${to}`,
    opened: (to) => `Ouvert : votre message à ${to}`,
    answered: (to) => `Réponse reçue : votre message à ${to}`,
    expiring: (to) => `Toujours non lu : votre message à ${to}`,
    withdrawn: (to) => `Retiré : votre message à ${to}`,
    timeAsked: (to) => `${to} demande plus de temps pour lire votre message`,
    accessAsked: (to) => `${to} vous demande de laisser quelqu’un lire votre message`,
    several: 'Des nouvelles de vos messages protégés',
  },
  message: (sent) => `Votre message du ${sent}`,
  subject: (subject) => `Objet : ${subject}`,
  waiting: (to, at) => `${to} : en attente sur le portail depuis le ${at} ; un avis a été envoyé.`,
  opened: (to, reader, at) => (reader === to ? `${to} : ouvert le ${at}.` : `${to} : ouvert par ${reader} le ${at}.`),
  answered: (to, reader, at) =>
    reader === to ? `${to} : réponse le ${at}.` : `${to} : réponse de ${reader} le ${at}.`,
  expiring: (to, until) => `${to} : pas encore ouvert. Il attend jusqu’au ${until} ; un rappel a été envoyé.`,
  stopped: (to) => `${to} : arrêté avant son départ.`,
  unread: (to) => `${to} : retiré avant que quiconque l’ouvre.`,
  read: (to) => `${to} : n’est plus lisible sur le portail, mais avait déjà été ouvert.`,
  linked: (to) =>
    `${to} : remis par e-mail, mais les fichiers volumineux ont été retirés avant que quiconque les ouvre.`,
  timeAsked: (to, until) =>
    `${to} vous demande de garder le message plus longtemps. Pour l’instant, il doit être effacé le ${until}.`,
  accessAsked: (who, colleague) =>
    `${who} vous demande de laisser ${colleague} lire aussi le message. Sans votre accord, cette personne n’en voit rien.`,
  truth:
    'Ce que quelqu’un a lu, téléchargé ou imprimé ne peut être repris, ni ce qui est arrivé dans une boîte par e-mail. La page du message montre ce que l’on sait.',
  see: 'Voir la page du message',
  decide: 'Décider',
  page: 'Sa page :',
  code: 'La page demande un code qui vous est envoyé ; vous pouvez y retirer le message ou le garder plus longtemps.',
};

const es: Receipt = {
  title: {
    waiting: (to) => `Espera en el portal: su mensaje a ${to}`,
    opened: (to) => `Abierto: su mensaje a ${to}`,
    answered: (to) => `Contestado: su mensaje a ${to}`,
    expiring: (to) => `Aún sin leer: su mensaje a ${to}`,
    withdrawn: (to) => `Retirado: su mensaje a ${to}`,
    timeAsked: (to) => `${to} pide más tiempo para leer su mensaje`,
    accessAsked: (to) => `${to} le pide que deje leer su mensaje a otra persona`,
    several: 'Novedades de sus mensajes protegidos',
  },
  message: (sent) => `Su mensaje del ${sent}`,
  subject: (subject) => `Asunto: ${subject}`,
  waiting: (to, at) => `${to}: espera en el portal desde el ${at}; se envió un aviso.`,
  opened: (to, reader, at) => (reader === to ? `${to}: abierto el ${at}.` : `${to}: abierto por ${reader} el ${at}.`),
  answered: (to, reader, at) =>
    reader === to ? `${to}: contestado el ${at}.` : `${to}: contestado por ${reader} el ${at}.`,
  expiring: (to, until) => `${to}: aún sin abrir. Espera hasta el ${until}; se envió un recordatorio.`,
  stopped: (to) => `${to}: detenido antes de salir.`,
  unread: (to) => `${to}: retirado antes de que nadie lo abriera.`,
  read: (to) => `${to}: ya no se puede leer en el portal, pero antes se había abierto.`,
  linked: (to) => `${to}: entregado por correo, pero los archivos grandes se retiraron antes de que nadie los abriera.`,
  timeAsked: (to, until) => `${to} le pide que conserve el mensaje más tiempo. De momento se borrará el ${until}.`,
  accessAsked: (who, colleague) =>
    `${who} le pide que deje leer el mensaje también a ${colleague}. Sin su consentimiento, esa persona no ve nada.`,
  truth:
    'Lo que alguien ha leído, descargado o impreso no se puede retirar, ni lo que llegó a un buzón por correo. La página del mensaje muestra lo que se sabe.',
  see: 'Ver la página del mensaje',
  decide: 'Decidir',
  page: 'Su página:',
  code: 'La página pide un código que se le envía; en ella puede retirar el mensaje o conservarlo más tiempo.',
};

const nl: Receipt = {
  title: {
    waiting: (to) => `Wacht in het portaal: uw bericht aan ${to}`,
    opened: (to) => `Geopend: uw bericht aan ${to}`,
    answered: (to) => `Beantwoord: uw bericht aan ${to}`,
    expiring: (to) => `Nog ongelezen: uw bericht aan ${to}`,
    withdrawn: (to) => `Ingetrokken: uw bericht aan ${to}`,
    timeAsked: (to) => `${to} vraagt meer tijd om uw bericht te lezen`,
    accessAsked: (to) => `${to} vraagt u iemand uw bericht te laten lezen`,
    several: 'Nieuws over uw beveiligde berichten',
  },
  message: (sent) => `Uw bericht van ${sent}`,
  subject: (subject) => `Onderwerp: ${subject}`,
  waiting: (to, at) => `${to}: wacht sinds ${at} in het portaal; er is een melding gemaild.`,
  opened: (to, reader, at) => (reader === to ? `${to}: geopend op ${at}.` : `${to}: geopend door ${reader} op ${at}.`),
  answered: (to, reader, at) =>
    reader === to ? `${to}: beantwoord op ${at}.` : `${to}: beantwoord door ${reader} op ${at}.`,
  expiring: (to, until) => `${to}: nog niet geopend. Het wacht tot ${until}; er is een herinnering gemaild.`,
  stopped: (to) => `${to}: tegengehouden voordat het vertrok.`,
  unread: (to) => `${to}: ingetrokken voordat iemand het opende.`,
  read: (to) => `${to}: niet meer te lezen in het portaal, maar het was al geopend.`,
  linked: (to) => `${to}: per mail bezorgd, maar de grote bestanden zijn ingetrokken voordat iemand ze opende.`,
  timeAsked: (to, until) => `${to} vraagt u het bericht langer te bewaren. Nu wordt het op ${until} gewist.`,
  accessAsked: (who, colleague) =>
    `${who} vraagt u ook ${colleague} het bericht te laten lezen. Zonder uw instemming ziet die persoon er niets van.`,
  truth:
    'Wat iemand heeft gelezen, gedownload of afgedrukt kan niet worden teruggenomen, en ook niet wat per mail in een mailbox is gekomen. De pagina van het bericht laat zien wat bekend is.',
  see: 'Naar de pagina van het bericht',
  decide: 'Beslissen',
  page: 'De pagina:',
  code: 'De pagina vraagt om een code die u gemaild krijgt. Daar kunt u het bericht intrekken of langer bewaren.',
};

export const receipt: InEachLanguage<Receipt> = { en, de, fr, es, nl };
