/** Words about who else reads what is sent to an address: named members, and colleagues the sender is asked to let in. */
import type { InEachLanguage } from '../../mail/language.ts';
import type { Piece } from '../pages/parts.ts';

const en = {
  addresses: 'Addresses',
  addressesText:
    'Whoever reads the mail of an address can open its messages. The first to set up a way to sign in manages the address and adds others by name.',
  owner: 'manages this address',
  member: 'can read here',
  you: 'you',
  invite: 'Add a person',
  inviteName: 'Name of the person',
  inviteAddress: 'Their own email address',
  inviteText:
    'They get an email and set up their own way to sign in. They read what is sent to this address; the records show who opened what.',
  sendInvite: 'Send the invitation',
  invited: (until: Piece): Piece => ['invited, until ', until],
  withdraw: 'Withdraw',
  withdrawInvitation: (name: string) => `Withdraw the invitation for ${name}`,
  leave: 'Leave this address',
  removeMember: (name: string) => `Remove ${name}`,
  colleague: {
    title: 'Let a colleague in',
    text: (sender: Piece): Piece => [
      'We ask ',
      sender,
      ' whether this person may read the message, too. Nothing is shown to them before the sender agrees.',
    ],
    label: 'Email address of your colleague',
    ask: 'Ask the sender',
    asked: 'Asked so far',
    states: { asked: 'waiting for the sender', allowed: 'may read it', refused: 'the sender said no' },
    problems: {
      address: 'That is not a complete email address.',
      same: 'That is the address this message was sent to.',
      many: 'You cannot ask for more people for this message.',
    },
  },
  join: {
    title: 'You are invited',
    text: (address: Piece): Piece => [
      'Read the protected messages sent to ',
      address,
      ' under your own name. For that, set up a passkey on this device.',
    ],
    other: 'Or without a passkey',
  },
  phrase: {
    label: 'Your own phrase',
    text: 'A few words that only you know: our emails to this address will repeat them, so that you can tell ours from forgeries. Leave it empty for our own phrase.',
    save: 'Save the phrase',
  },
};

type People = typeof en;

const de: People = {
  addresses: 'Adressen',
  addressesText:
    'Wer die E-Mails einer Adresse liest, kann ihre Nachrichten öffnen. Wer zuerst einen Weg zur Anmeldung einrichtet, verwaltet die Adresse und fügt andere mit Namen hinzu.',
  owner: 'verwaltet diese Adresse',
  member: 'liest hier mit',
  you: 'Sie',
  invite: 'Person hinzufügen',
  inviteName: 'Name der Person',
  inviteAddress: 'Eigene E-Mail-Adresse der Person',
  inviteText:
    'Die Person erhält eine E-Mail und richtet einen eigenen Weg zur Anmeldung ein. Danach kann sie lesen, was an diese Adresse geht; das Protokoll zeigt, wer was geöffnet hat.',
  sendInvite: 'Einladung senden',
  invited: (until) => ['eingeladen bis zum ', until],
  withdraw: 'Zurückziehen',
  withdrawInvitation: (name) => `Einladung an ${name} zurückziehen`,
  leave: 'Diese Adresse verlassen',
  removeMember: (name) => `${name} entfernen`,
  colleague: {
    title: 'Kollegin oder Kollegen mitlesen lassen',
    text: (sender) => [
      'Wir fragen ',
      sender,
      ', ob diese Person die Nachricht auch lesen darf. Bevor der Absender zustimmt, sieht sie nichts.',
    ],
    label: 'E-Mail-Adresse der Person',
    ask: 'Absender fragen',
    asked: 'Bisher gefragt',
    states: { asked: 'wartet auf den Absender', allowed: 'darf sie lesen', refused: 'der Absender hat abgelehnt' },
    problems: {
      address: 'Das ist keine vollständige E-Mail-Adresse.',
      same: 'An diese Adresse wurde die Nachricht gesendet.',
      many: 'Für weitere Personen können Sie bei dieser Nachricht nicht fragen.',
    },
  },
  join: {
    title: 'Sie sind eingeladen',
    text: (address) => [
      'Lesen Sie die geschützten Nachrichten an ',
      address,
      ' unter Ihrem eigenen Namen. Richten Sie dafür auf diesem Gerät einen Passkey ein.',
    ],
    other: 'Oder ohne Passkey',
  },
  phrase: {
    label: 'Ihr eigener Erkennungssatz',
    text: 'Ein paar Wörter, die nur Sie kennen: Unsere E-Mails an diese Adresse wiederholen sie, damit Sie unsere von gefälschten unterscheiden können. Bleibt das Feld leer, gilt unser eigener Erkennungssatz.',
    save: 'Erkennungssatz speichern',
  },
};

const fr: People = {
  addresses: 'Adresses',
  addressesText:
    'Quiconque lit les e-mails d’une adresse peut ouvrir ses messages. La première personne à configurer un moyen de connexion gère l’adresse et y ajoute les autres par leur nom.',
  owner: 'gère cette adresse',
  member: 'peut lire ici',
  you: 'vous',
  invite: 'Ajouter une personne',
  inviteName: 'Nom de la personne',
  inviteAddress: 'Sa propre adresse e-mail',
  inviteText:
    'Elle reçoit un e-mail et configure son propre moyen de connexion. Elle peut lire ce qui est envoyé à cette adresse ; le journal montre qui a ouvert quoi.',
  sendInvite: 'Envoyer l’invitation',
  invited: (until) => ['invitation valable jusqu’au ', until],
  withdraw: 'Annuler',
  withdrawInvitation: (name) => `Annuler l’invitation pour ${name}`,
  leave: 'Quitter cette adresse',
  removeMember: (name) => `Retirer ${name}`,
  colleague: {
    title: 'Donner accès à un ou une collègue',
    text: (sender) => [
      'Nous demandons à ',
      sender,
      ' si cette personne peut lire le message, elle aussi. Rien ne lui est montré avant l’accord de l’expéditeur.',
    ],
    label: 'Adresse e-mail de cette personne',
    ask: 'Demander à l’expéditeur',
    asked: 'Demandes jusqu’ici',
    states: { asked: 'en attente de l’expéditeur', allowed: 'peut le lire', refused: 'l’expéditeur a refusé' },
    problems: {
      address: 'Ce n’est pas une adresse e-mail complète.',
      same: 'C’est l’adresse à laquelle ce message a été envoyé.',
      many: 'Vous ne pouvez pas faire d’autres demandes pour ce message.',
    },
  },
  join: {
    title: 'Une invitation pour vous',
    text: (address) => [
      'Lisez sous votre propre nom les messages protégés envoyés à ',
      address,
      '. Pour cela, configurez une clé d’accès sur cet appareil.',
    ],
    other: 'Ou sans clé d’accès',
  },
  phrase: {
    label: 'Votre propre phrase repère',
    text: 'Quelques mots que personne d’autre ne connaît : nos e-mails à cette adresse les répéteront, pour que vous distinguiez les nôtres des faux. Si le champ reste vide, notre phrase repère s’applique.',
    save: 'Enregistrer la phrase repère',
  },
};

const es: People = {
  addresses: 'Direcciones',
  addressesText:
    'Quien lee el correo de una dirección puede abrir sus mensajes. La primera persona que configura una forma de acceder gestiona la dirección y añade a otras por su nombre.',
  owner: 'gestiona esta dirección',
  member: 'puede leer aquí',
  you: 'usted',
  invite: 'Añadir a una persona',
  inviteName: 'Nombre de la persona',
  inviteAddress: 'Dirección de correo propia de esa persona',
  inviteText:
    'Esa persona recibe un correo y configura su propia forma de acceder. Puede leer lo que se envía a esta dirección; el registro muestra quién abrió qué.',
  sendInvite: 'Enviar la invitación',
  invited: (until) => ['invitación válida hasta el ', until],
  withdraw: 'Retirar',
  withdrawInvitation: (name) => `Retirar la invitación para ${name}`,
  leave: 'Dejar esta dirección',
  removeMember: (name) => `Quitar a ${name}`,
  colleague: {
    title: 'Dar acceso a un colega',
    text: (sender) => [
      'Preguntamos a ',
      sender,
      ' si esta persona también puede leer el mensaje. No se le muestra nada antes de que el remitente acepte.',
    ],
    label: 'Dirección de correo de esa persona',
    ask: 'Preguntar al remitente',
    asked: 'Preguntado hasta ahora',
    states: { asked: 'a la espera del remitente', allowed: 'puede leerlo', refused: 'el remitente ha dicho que no' },
    problems: {
      address: 'No es una dirección de correo completa.',
      same: 'Es la dirección a la que se envió este mensaje.',
      many: 'No puede preguntar por más personas para este mensaje.',
    },
  },
  join: {
    title: 'Le han invitado',
    text: (address) => [
      'Lea con su propio nombre los mensajes protegidos enviados a ',
      address,
      '. Para ello, configure una clave de acceso en este dispositivo.',
    ],
    other: 'O sin clave de acceso',
  },
  phrase: {
    label: 'Su propia frase de reconocimiento',
    text: 'Unas palabras que solo usted conoce: nuestros correos a esta dirección las repetirán, para que distinga los nuestros de los falsos. Si lo deja vacío, vale nuestra propia frase.',
    save: 'Guardar la frase de reconocimiento',
  },
};

const nl: People = {
  addresses: 'Adressen',
  addressesText:
    'Wie de mail van een adres leest, kan de berichten openen. Wie als eerste een manier van aanmelden instelt, beheert het adres en voegt anderen met naam toe.',
  owner: 'beheert dit adres',
  member: 'leest hier mee',
  you: 'u',
  invite: 'Iemand toevoegen',
  inviteName: 'Naam van de persoon',
  inviteAddress: 'Eigen e-mailadres van die persoon',
  inviteText:
    'Die persoon krijgt een e-mail en stelt een eigen manier van aanmelden in. Hij of zij leest wat naar dit adres wordt gestuurd; het logboek laat zien wie wat heeft geopend.',
  sendInvite: 'Uitnodiging sturen',
  invited: (until) => ['uitgenodigd tot ', until],
  withdraw: 'Intrekken',
  withdrawInvitation: (name) => `Uitnodiging voor ${name} intrekken`,
  leave: 'Dit adres verlaten',
  removeMember: (name) => `${name} verwijderen`,
  colleague: {
    title: 'Een collega toelaten',
    text: (sender) => [
      'We vragen ',
      sender,
      ' of deze persoon het bericht ook mag lezen. Vóór de afzender instemt, krijgt die persoon niets te zien.',
    ],
    label: 'E-mailadres van uw collega',
    ask: 'De afzender vragen',
    asked: 'Tot nu toe gevraagd',
    states: { asked: 'wacht op de afzender', allowed: 'mag het lezen', refused: 'de afzender zei nee' },
    problems: {
      address: 'Dat is geen volledig e-mailadres.',
      same: 'Dat is het adres waarnaar dit bericht is gestuurd.',
      many: 'Voor meer mensen kunt u bij dit bericht niet vragen.',
    },
  },
  join: {
    title: 'U bent uitgenodigd',
    text: (address) => [
      'Lees onder uw eigen naam de beveiligde berichten aan ',
      address,
      '. Stel daarvoor op dit apparaat een passkey in.',
    ],
    other: 'Of zonder passkey',
  },
  phrase: {
    label: 'Uw eigen herkenningszin',
    text: 'Een paar woorden die alleen u kent: onze e-mails naar dit adres herhalen ze, zodat u de onze van vervalste kunt onderscheiden. Laat u het leeg, dan geldt onze eigen herkenningszin.',
    save: 'Herkenningszin opslaan',
  },
};

export const people: InEachLanguage<People> = { en, de, fr, es, nl };
