/** Words of the ways to prove who one is other than by a code by mail: passphrase, password, authenticator, passkey, an account elsewhere. */
import type { InEachLanguage } from '../../mail/language.ts';

const en = {
  passphrase: {
    title: 'What did you and the sender agree on?',
    asks: 'The sender asks:',
    text: 'The sender told you a passphrase, by telephone or in person. It is not in any email.',
    label: 'Passphrase',
    answer: 'Your answer',
  },
  password: {
    title: 'Type your password',
    text: 'The one you chose for these pages, not the one of your mailbox.',
    label: 'Password',
  },
  authenticator: {
    title: 'Type the code of your app',
    text: 'Open the authenticator app on your device and type the six digits it shows for this page.',
    label: 'Six-digit code from the app',
  },
  address: 'Your email address',
  go: 'Continue',
  wrong: 'That was not right. Please check it and try again.',
  signIn: {
    title: 'Sign in',
    text: 'For people who have set up a passkey, a password or an account elsewhere. To read a single message you need none of them: open the link in the email.',
    passkey: 'Sign in with a passkey',
    password: 'Sign in with a password',
    authenticator: 'Sign in with an authenticator app',
  },
  problems: {
    wrong: 'That was not right. Please check it and try again.',
    passkey: 'The passkey was not accepted, or it was cancelled on the device. Try again, or choose another way.',
    'oidc-address':
      'That account does not have the address the message was sent to. Choose another account or another way.',
    oidc: 'The sign-in with the other account was not completed. Try again, or choose another way.',
  },
};

type Proving = typeof en;

const de: Proving = {
  passphrase: {
    title: 'Was haben Sie mit dem Absender vereinbart?',
    asks: 'Der Absender fragt:',
    text: 'Der Absender hat Ihnen ein Codewort genannt, am Telefon oder persönlich. Es steht in keiner E-Mail.',
    label: 'Codewort',
    answer: 'Ihre Antwort',
  },
  password: {
    title: 'Passwort eingeben',
    text: 'Das Passwort, das Sie für diese Seiten gewählt haben, nicht das Ihres Postfachs.',
    label: 'Passwort',
  },
  authenticator: {
    title: 'Code Ihrer App eingeben',
    text: 'Öffnen Sie die Authenticator-App auf Ihrem Gerät und geben Sie die sechs Ziffern ein, die sie für diese Seite zeigt.',
    label: 'Sechsstelliger Code aus der App',
  },
  address: 'Ihre E-Mail-Adresse',
  go: 'Weiter',
  wrong: 'Das war nicht richtig. Bitte prüfen Sie es und versuchen Sie es noch einmal.',
  signIn: {
    title: 'Anmelden',
    text: 'Für Menschen, die einen Passkey, ein Passwort oder ein Konto anderswo eingerichtet haben. Um eine einzelne Nachricht zu lesen, brauchen Sie das nicht: Öffnen Sie den Link in der E-Mail.',
    passkey: 'Mit Passkey anmelden',
    password: 'Mit Passwort anmelden',
    authenticator: 'Mit Authenticator-App anmelden',
  },
  problems: {
    wrong: 'Das war nicht richtig. Bitte prüfen Sie es und versuchen Sie es noch einmal.',
    passkey:
      'Der Passkey wurde nicht angenommen, oder der Vorgang wurde am Gerät abgebrochen. Versuchen Sie es noch einmal, oder wählen Sie einen anderen Weg.',
    'oidc-address':
      'Dieses Konto hat nicht die Adresse, an die die Nachricht ging. Wählen Sie ein anderes Konto oder einen anderen Weg.',
    oidc: 'Die Anmeldung mit dem anderen Konto wurde nicht abgeschlossen. Versuchen Sie es noch einmal, oder wählen Sie einen anderen Weg.',
  },
};

const fr: Proving = {
  passphrase: {
    title: 'De quoi avez-vous convenu avec l’expéditeur ?',
    asks: 'L’expéditeur demande :',
    text: 'L’expéditeur vous a donné une phrase secrète, au téléphone ou de vive voix. Elle ne figure dans aucun e-mail.',
    label: 'Phrase secrète',
    answer: 'Votre réponse',
  },
  password: {
    title: 'Saisissez votre mot de passe',
    text: 'Celui que vous avez choisi pour ces pages, pas celui de votre messagerie.',
    label: 'Mot de passe',
  },
  authenticator: {
    title: 'Saisissez le code de votre application',
    text: 'Ouvrez l’application d’authentification sur votre appareil et saisissez les six chiffres qu’elle affiche pour cette page.',
    label: 'Code à six chiffres de l’application',
  },
  address: 'Votre adresse e-mail',
  go: 'Continuer',
  wrong: 'Ce n’était pas juste. Veuillez vérifier et réessayer.',
  signIn: {
    title: 'Se connecter',
    text: 'Pour les personnes qui ont configuré une clé d’accès, un mot de passe ou un compte ailleurs. Pour lire un seul message, rien de cela n’est nécessaire : ouvrez le lien de l’e-mail.',
    passkey: 'Se connecter avec une clé d’accès',
    password: 'Se connecter avec un mot de passe',
    authenticator: 'Se connecter avec une application d’authentification',
  },
  problems: {
    wrong: 'Ce n’était pas juste. Veuillez vérifier et réessayer.',
    passkey:
      'La clé d’accès n’a pas été acceptée, ou l’opération a été interrompue sur l’appareil. Réessayez ou choisissez un autre moyen.',
    'oidc-address':
      'Ce compte n’a pas l’adresse à laquelle le message a été envoyé. Choisissez un autre compte ou un autre moyen.',
    oidc: 'La connexion avec l’autre compte n’a pas abouti. Réessayez ou choisissez un autre moyen.',
  },
};

const es: Proving = {
  passphrase: {
    title: '¿Qué acordó con el remitente?',
    asks: 'El remitente pregunta:',
    text: 'El remitente le dio una frase secreta, por teléfono o en persona. No está en ningún correo.',
    label: 'Frase secreta',
    answer: 'Su respuesta',
  },
  password: {
    title: 'Escriba su contraseña',
    text: 'La que eligió para estas páginas, no la de su correo.',
    label: 'Contraseña',
  },
  authenticator: {
    title: 'Escriba el código de su aplicación',
    text: 'Abra la aplicación de autenticación en su dispositivo y escriba las seis cifras que muestra para esta página.',
    label: 'Código de seis cifras de la aplicación',
  },
  address: 'Su dirección de correo',
  go: 'Continuar',
  wrong: 'No era correcto. Compruébelo y vuelva a intentarlo.',
  signIn: {
    title: 'Acceder',
    text: 'Para quienes han configurado una clave de acceso, una contraseña o una cuenta en otro sitio. Para leer un solo mensaje no necesita nada de eso: abra el enlace del correo.',
    passkey: 'Acceder con una clave de acceso',
    password: 'Acceder con una contraseña',
    authenticator: 'Acceder con una aplicación de autenticación',
  },
  problems: {
    wrong: 'No era correcto. Compruébelo y vuelva a intentarlo.',
    passkey: 'La clave de acceso no se aceptó o se canceló en el dispositivo. Inténtelo de nuevo o elija otra forma.',
    'oidc-address': 'Esa cuenta no tiene la dirección a la que se envió el mensaje. Elija otra cuenta u otra forma.',
    oidc: 'El acceso con la otra cuenta no se completó. Inténtelo de nuevo o elija otra forma.',
  },
};

const nl: Proving = {
  passphrase: {
    title: 'Wat hebt u met de afzender afgesproken?',
    asks: 'De afzender vraagt:',
    text: 'De afzender heeft u een wachtzin gegeven, telefonisch of persoonlijk. Die staat in geen enkele e-mail.',
    label: 'Wachtzin',
    answer: 'Uw antwoord',
  },
  password: {
    title: 'Typ uw wachtwoord',
    text: 'Het wachtwoord dat u voor deze pagina’s hebt gekozen, niet dat van uw mailbox.',
    label: 'Wachtwoord',
  },
  authenticator: {
    title: 'Typ de code van uw app',
    text: 'Open de authenticator-app op uw apparaat en typ de zes cijfers die hij voor deze pagina toont.',
    label: 'Code van zes cijfers uit de app',
  },
  address: 'Uw e-mailadres',
  go: 'Verder',
  wrong: 'Dat klopte niet. Controleer het en probeer het opnieuw.',
  signIn: {
    title: 'Aanmelden',
    text: 'Voor mensen die een passkey, een wachtwoord of een account elders hebben ingesteld. Om één bericht te lezen hebt u dat niet nodig: open de link in de e-mail.',
    passkey: 'Aanmelden met een passkey',
    password: 'Aanmelden met een wachtwoord',
    authenticator: 'Aanmelden met een authenticator-app',
  },
  problems: {
    wrong: 'Dat klopte niet. Controleer het en probeer het opnieuw.',
    passkey:
      'De passkey is niet aangenomen, of het is op het apparaat afgebroken. Probeer het opnieuw of kies een andere manier.',
    'oidc-address':
      'Dat account heeft niet het adres waarnaar het bericht is gestuurd. Kies een ander account of een andere manier.',
    oidc: 'Het aanmelden met het andere account is niet afgerond. Probeer het opnieuw of kies een andere manier.',
  },
};

export const proving: InEachLanguage<Proving> = { en, de, fr, es, nl };
