/** Words behind the link: who wrote, the ways to open the message and what each protects against; the start page, and the end. */
import type { InEachLanguage } from '../../mail/language.ts';
import type { Piece } from '../pages/parts.ts';

const en = {
  title: 'A protected message is waiting for you',
  from: 'From',
  sent: 'Sent',
  until: 'Available until',
  codeIntro: (address: Piece): Piece => ['To open it, have a six-digit code sent to ', address, ' and type it here.'],
  nothingYet: 'Nothing has been opened yet, and the sender has not been told anything.',
  demands: 'For this message the sender asks for more than a code by email.',
  notEnough: 'That was right. For this message, though, the sender asks for stronger proof.',
  otherWays: 'Other ways to open it',
  ways: {
    code: { button: 'Send me the code', protects: 'Keeps out anyone who has the link but cannot read your email.' },
    password: {
      button: 'Use my password',
      protects: 'Keeps out even someone who can read your email, as long as nobody else knows the password.',
    },
    authenticator: {
      button: 'Use my authenticator app',
      protects: 'Keeps out even someone who can read your email: the code comes from your own device.',
    },
    oidc: { button: 'Use another account', protects: 'That account vouches for you, with all that protects it.' },
    passkey: {
      button: 'Use my passkey',
      protects: 'Keeps out even someone who can read your email, and gives nothing away to a forged page.',
    },
    passphrase: {
      button: 'Give the agreed answer',
      protects: 'Keeps out everyone who does not know what you and the sender agreed.',
    },
  },
  signInWith: (provider: string) => `Sign in with ${provider}`,
  noScript: 'Passkeys need JavaScript, which is switched off in this browser.',
  signedOut: {
    title: 'You are signed out',
    text: 'The message is closed in this browser. To read it again, open the link in the email you received.',
  },
  home: {
    title: 'Secure mail',
    text: 'Protected messages wait here for the people they were sent to. To read one, open the link in the email that told you about it.',
    never: 'You are never asked for a payment here, and never for the password of your mailbox.',
    signIn: 'Sign in',
  },
};

type Arriving = typeof en;

const de: Arriving = {
  title: 'Eine geschützte Nachricht wartet auf Sie',
  from: 'Von',
  sent: 'Gesendet',
  until: 'Verfügbar bis',
  codeIntro: (address) => [
    'Lassen Sie sich zum Öffnen einen sechsstelligen Code an ',
    address,
    ' schicken und geben Sie ihn hier ein.',
  ],
  nothingYet: 'Noch wurde nichts geöffnet, und der Absender hat nichts erfahren.',
  demands: 'Für diese Nachricht verlangt der Absender mehr als einen Code per E-Mail.',
  notEnough: 'Das war richtig. Für diese Nachricht verlangt der Absender aber einen stärkeren Nachweis.',
  otherWays: 'Andere Wege, sie zu öffnen',
  ways: {
    code: {
      button: 'Code zuschicken',
      protects: 'Schützt vor allen, die den Link haben, aber Ihre E-Mails nicht lesen können.',
    },
    password: {
      button: 'Mein Passwort verwenden',
      protects: 'Schützt auch vor jemandem, der Ihre E-Mails lesen kann, solange niemand sonst das Passwort kennt.',
    },
    authenticator: {
      button: 'Meine Authenticator-App verwenden',
      protects: 'Schützt auch vor jemandem, der Ihre E-Mails lesen kann: Der Code kommt von Ihrem eigenen Gerät.',
    },
    oidc: {
      button: 'Anderes Konto verwenden',
      protects: 'Dieses Konto bürgt für Sie, mit allem, was das Konto schützt.',
    },
    passkey: {
      button: 'Meinen Passkey verwenden',
      protects: 'Schützt auch vor jemandem, der Ihre E-Mails lesen kann, und verrät gefälschten Seiten nichts.',
    },
    passphrase: {
      button: 'Vereinbarte Antwort geben',
      protects: 'Schützt vor allen, die nicht wissen, was Sie mit dem Absender vereinbart haben.',
    },
  },
  signInWith: (provider) => `Mit ${provider} anmelden`,
  noScript: 'Passkeys brauchen JavaScript, das in diesem Browser ausgeschaltet ist.',
  signedOut: {
    title: 'Sie sind abgemeldet',
    text: 'Die Nachricht ist in diesem Browser geschlossen. Um sie wieder zu lesen, öffnen Sie den Link in der E-Mail, die Sie erhalten haben.',
  },
  home: {
    title: 'Sichere Mail',
    text: 'Hier warten geschützte Nachrichten auf die Menschen, an die sie gerichtet sind. Um eine zu lesen, öffnen Sie den Link in der E-Mail, die sie angekündigt hat.',
    never: 'Sie werden hier nie nach einer Zahlung gefragt und nie nach dem Passwort Ihres Postfachs.',
    signIn: 'Anmelden',
  },
};

const fr: Arriving = {
  title: 'Un message protégé vous attend',
  from: 'De',
  sent: 'Envoyé',
  until: 'Disponible jusqu’au',
  codeIntro: (address) => [
    'Pour l’ouvrir, faites-vous envoyer un code à six chiffres à ',
    address,
    ' et saisissez-le ici.',
  ],
  nothingYet: 'Rien n’a encore été ouvert et l’expéditeur n’a été averti de rien.',
  demands: 'Pour ce message, l’expéditeur demande plus qu’un code envoyé par e-mail.',
  notEnough: 'C’était correct. Mais pour ce message, l’expéditeur demande une preuve plus sûre.',
  otherWays: 'Autres moyens de l’ouvrir',
  ways: {
    code: {
      button: 'M’envoyer le code',
      protects: 'Écarte toute personne qui a le lien mais ne peut pas lire vos e-mails.',
    },
    password: {
      button: 'Utiliser mon mot de passe',
      protects:
        'Écarte aussi quelqu’un qui peut lire vos e-mails, tant que personne d’autre ne connaît ce mot de passe.',
    },
    authenticator: {
      button: 'Utiliser mon application d’authentification',
      protects: 'Écarte aussi quelqu’un qui peut lire vos e-mails : le code vient de votre propre appareil.',
    },
    oidc: {
      button: 'Utiliser un autre compte',
      protects: 'Ce compte se porte garant de vous, avec tout ce qui le protège.',
    },
    passkey: {
      button: 'Utiliser ma clé d’accès',
      protects: 'Écarte aussi quelqu’un qui peut lire vos e-mails et ne révèle rien à une fausse page.',
    },
    passphrase: {
      button: 'Donner la réponse convenue',
      protects: 'Écarte toute personne qui ignore ce dont vous avez convenu avec l’expéditeur.',
    },
  },
  signInWith: (provider) => `Se connecter avec ${provider}`,
  noScript: 'Les clés d’accès ont besoin de JavaScript, qui est désactivé dans ce navigateur.',
  signedOut: {
    title: 'Votre session est fermée',
    text: 'Le message est fermé dans ce navigateur. Pour le relire, ouvrez le lien de l’e-mail que vous avez reçu.',
  },
  home: {
    title: 'Messagerie sécurisée',
    text: 'Ici, des messages protégés attendent leurs destinataires. Pour en lire un, ouvrez le lien de l’e-mail qui vous l’a annoncé.',
    never: 'On ne vous demande jamais ici de paiement, ni le mot de passe de votre messagerie.',
    signIn: 'Se connecter',
  },
};

const es: Arriving = {
  title: 'Tiene un mensaje protegido',
  from: 'De',
  sent: 'Enviado',
  until: 'Disponible hasta el',
  codeIntro: (address) => [
    'Para abrirlo, pida que le enviemos un código de seis cifras a ',
    address,
    ' y escríbalo aquí.',
  ],
  nothingYet: 'Todavía no se ha abierto nada ni se ha avisado de nada al remitente.',
  demands: 'Para este mensaje, el remitente pide algo más que un código por correo.',
  notEnough: 'Era correcto. Pero para este mensaje el remitente pide una prueba más segura.',
  otherWays: 'Otras formas de abrirlo',
  ways: {
    code: {
      button: 'Enviarme el código',
      protects: 'Deja fuera a quien tenga el enlace pero no pueda leer su correo.',
    },
    password: {
      button: 'Usar mi contraseña',
      protects: 'Deja fuera también a quien pueda leer su correo, mientras nadie más conozca la contraseña.',
    },
    authenticator: {
      button: 'Usar mi aplicación de autenticación',
      protects: 'Deja fuera también a quien pueda leer su correo: el código sale de su propio dispositivo.',
    },
    oidc: {
      button: 'Usar otra cuenta',
      protects: 'Esa cuenta responde por usted, con todo lo que la protege.',
    },
    passkey: {
      button: 'Usar mi clave de acceso',
      protects: 'Deja fuera también a quien pueda leer su correo y no revela nada a una página falsa.',
    },
    passphrase: {
      button: 'Dar la respuesta acordada',
      protects: 'Deja fuera a quien no sepa lo que usted y el remitente acordaron.',
    },
  },
  signInWith: (provider) => `Acceder con ${provider}`,
  noScript: 'Las claves de acceso necesitan JavaScript, que está desactivado en este navegador.',
  signedOut: {
    title: 'Ha cerrado la sesión',
    text: 'El mensaje está cerrado en este navegador. Para volver a leerlo, abra el enlace del correo que recibió.',
  },
  home: {
    title: 'Correo seguro',
    text: 'Aquí esperan mensajes protegidos a las personas a las que van dirigidos. Para leer uno, abra el enlace del correo en el que se le avisó.',
    never: 'Aquí nunca se le pide un pago ni la contraseña de su correo.',
    signIn: 'Acceder',
  },
};

const nl: Arriving = {
  title: 'Er staat een beveiligd bericht voor u klaar',
  from: 'Van',
  sent: 'Verzonden',
  until: 'Beschikbaar tot',
  codeIntro: (address) => [
    'Laat een code van zes cijfers mailen naar ',
    address,
    ' en typ die hier om het bericht te openen.',
  ],
  nothingYet: 'Er is nog niets geopend en de afzender heeft nog niets te horen gekregen.',
  demands: 'Voor dit bericht vraagt de afzender meer dan een code per mail.',
  notEnough: 'Dat klopte. Maar voor dit bericht vraagt de afzender een sterker bewijs.',
  otherWays: 'Andere manieren om het te openen',
  ways: {
    code: {
      button: 'Mail mij de code',
      protects: 'Houdt iedereen tegen die de link heeft maar uw mail niet kan lezen.',
    },
    password: {
      button: 'Mijn wachtwoord gebruiken',
      protects: 'Houdt ook iemand tegen die uw mail kan lezen, zolang niemand anders het wachtwoord kent.',
    },
    authenticator: {
      button: 'Mijn authenticator-app gebruiken',
      protects: 'Houdt ook iemand tegen die uw mail kan lezen: de code komt van uw eigen apparaat.',
    },
    oidc: {
      button: 'Een ander account gebruiken',
      protects: 'Dat account staat voor u in, met alles wat het beschermt.',
    },
    passkey: {
      button: 'Mijn passkey gebruiken',
      protects: 'Houdt ook iemand tegen die uw mail kan lezen, en geeft niets prijs aan een nagemaakte pagina.',
    },
    passphrase: {
      button: 'Het afgesproken antwoord geven',
      protects: 'Houdt iedereen tegen die niet weet wat u met de afzender hebt afgesproken.',
    },
  },
  signInWith: (provider) => `Aanmelden met ${provider}`,
  noScript: 'Passkeys hebben JavaScript nodig, dat in deze browser is uitgeschakeld.',
  signedOut: {
    title: 'U bent afgemeld',
    text: 'Het bericht is in deze browser gesloten. Om het weer te lezen opent u de link in de e-mail die u hebt gekregen.',
  },
  home: {
    title: 'Beveiligde mail',
    text: 'Hier wachten beveiligde berichten op de mensen voor wie ze bestemd zijn. Om er een te lezen opent u de link in de e-mail die het aankondigde.',
    never: 'Er wordt hier nooit om een betaling gevraagd, en nooit om het wachtwoord van uw mailbox.',
    signIn: 'Aanmelden',
  },
};

export const arriving: InEachLanguage<Arriving> = { en, de, fr, es, nl };
