/** Words of setting up a way to sign in: the offer of a passkey, an authenticator app, a password. */
import type { InEachLanguage } from '../../mail/language.ts';

const en = {
  offer: {
    title: 'Next time with one tap',
    text: 'With a passkey your device opens messages by fingerprint, face or screen lock. No more codes by email, and a forged page learns nothing.',
    name: 'Your name, as others at this address will see it',
    add: 'Add a passkey',
    later: 'Not now',
  },
  authenticator: {
    title: 'Set up an authenticator app',
    scan: 'Scan this picture with the app. One that you already use for codes will do.',
    picture: 'Picture with the key for the authenticator app',
    key: 'No camera? Type this key into the app:',
    label: 'The six digits the app shows now',
    save: 'Set it up',
    wrong:
      'That is not the code the app should show. Check that the clock of your device is right, and try the next code.',
  },
  password: {
    title: 'Choose a password',
    text: (min: number) =>
      `At least ${min} characters. A few words that do not belong together are good, and easy to remember.`,
    label: 'New password',
    again: 'The same once more',
    save: 'Save the password',
    problems: {
      short: 'That is too short.',
      long: 'That is too long.',
      common: 'That password is known to many. Please take another one.',
      personal: 'That has your name or address in it. Please take another one.',
      different: 'The two are not the same.',
    },
  },
};

type Enrol = typeof en;

const de: Enrol = {
  offer: {
    title: 'Nächstes Mal genügt ein Tippen',
    text: 'Mit einem Passkey öffnet Ihr Gerät Nachrichten per Fingerabdruck, Gesicht oder Bildschirmsperre. Keine Codes per E-Mail mehr, und eine gefälschte Seite erfährt nichts.',
    name: 'Ihr Name, wie ihn andere an dieser Adresse sehen',
    add: 'Passkey hinzufügen',
    later: 'Nicht jetzt',
  },
  authenticator: {
    title: 'Authenticator-App einrichten',
    scan: 'Scannen Sie dieses Bild mit der App. Eine, die Sie schon für Codes verwenden, genügt.',
    picture: 'Bild mit dem Schlüssel für die Authenticator-App',
    key: 'Keine Kamera? Geben Sie diesen Schlüssel in die App ein:',
    label: 'Die sechs Ziffern, die die App jetzt zeigt',
    save: 'Einrichten',
    wrong:
      'Das ist nicht der Code, den die App zeigen sollte. Prüfen Sie, ob die Uhr Ihres Geräts stimmt, und versuchen Sie den nächsten Code.',
  },
  password: {
    title: 'Passwort wählen',
    text: (min) =>
      `Mindestens ${min} Zeichen. Ein paar Wörter, die nicht zusammengehören, sind gut und leicht zu merken.`,
    label: 'Neues Passwort',
    again: 'Dasselbe noch einmal',
    save: 'Passwort speichern',
    problems: {
      short: 'Das ist zu kurz.',
      long: 'Das ist zu lang.',
      common: 'Dieses Passwort kennen viele. Bitte nehmen Sie ein anderes.',
      personal: 'Darin steht Ihr Name oder Ihre Adresse. Bitte nehmen Sie ein anderes.',
      different: 'Die beiden sind nicht gleich.',
    },
  },
};

const fr: Enrol = {
  offer: {
    title: 'La prochaine fois, un seul geste',
    text: 'Avec une clé d’accès, votre appareil ouvre les messages par empreinte, visage ou verrouillage d’écran. Plus de codes par e-mail, et une fausse page n’apprend rien.',
    name: 'Votre nom, tel que le verront les autres à cette adresse',
    add: 'Ajouter une clé d’accès',
    later: 'Pas maintenant',
  },
  authenticator: {
    title: 'Configurer une application d’authentification',
    scan: 'Scannez cette image avec l’application. Celle que vous utilisez déjà pour vos codes convient.',
    picture: 'Image contenant la clé pour l’application d’authentification',
    key: 'Pas d’appareil photo ? Saisissez cette clé dans l’application :',
    label: 'Les six chiffres que l’application affiche maintenant',
    save: 'Configurer',
    wrong:
      'Ce n’est pas le code que l’application devrait afficher. Vérifiez que l’horloge de votre appareil est à l’heure et essayez le code suivant.',
  },
  password: {
    title: 'Choisir un mot de passe',
    text: (min) =>
      `Au moins ${min} caractères. Quelques mots sans rapport entre eux conviennent bien et se retiennent facilement.`,
    label: 'Nouveau mot de passe',
    again: 'Le même encore une fois',
    save: 'Enregistrer le mot de passe',
    problems: {
      short: 'C’est trop court.',
      long: 'C’est trop long.',
      common: 'Beaucoup de gens connaissent ce mot de passe. Veuillez en prendre un autre.',
      personal: 'Il contient votre nom ou votre adresse. Veuillez en prendre un autre.',
      different: 'Les deux ne sont pas identiques.',
    },
  },
};

const es: Enrol = {
  offer: {
    title: 'La próxima vez, con un solo toque',
    text: 'Con una clave de acceso, su dispositivo abre los mensajes con la huella, la cara o el bloqueo de pantalla. Sin más códigos por correo, y una página falsa no averigua nada.',
    name: 'Su nombre, como lo verán otros en esta dirección',
    add: 'Añadir una clave de acceso',
    later: 'Ahora no',
  },
  authenticator: {
    title: 'Configurar una aplicación de autenticación',
    scan: 'Escanee esta imagen con la aplicación. Sirve la que ya use para códigos.',
    picture: 'Imagen con la clave para la aplicación de autenticación',
    key: '¿Sin cámara? Escriba esta clave en la aplicación:',
    label: 'Las seis cifras que la aplicación muestra ahora',
    save: 'Configurarla',
    wrong:
      'Ese no es el código que debería mostrar la aplicación. Compruebe que el reloj de su dispositivo está en hora y pruebe con el código siguiente.',
  },
  password: {
    title: 'Elegir una contraseña',
    text: (min) =>
      `Al menos ${min} caracteres. Unas cuantas palabras sin relación entre sí van bien y se recuerdan fácilmente.`,
    label: 'Contraseña nueva',
    again: 'La misma otra vez',
    save: 'Guardar la contraseña',
    problems: {
      short: 'Es demasiado corta.',
      long: 'Es demasiado larga.',
      common: 'Muchos conocen esa contraseña. Elija otra, por favor.',
      personal: 'Contiene su nombre o su dirección. Elija otra, por favor.',
      different: 'Las dos no son iguales.',
    },
  },
};

const nl: Enrol = {
  offer: {
    title: 'Volgende keer met één tik',
    text: 'Met een passkey opent uw apparaat berichten met vingerafdruk, gezicht of schermvergrendeling. Geen codes per mail meer, en een nagemaakte pagina komt niets te weten.',
    name: 'Uw naam, zoals anderen op dit adres hem zien',
    add: 'Passkey toevoegen',
    later: 'Niet nu',
  },
  authenticator: {
    title: 'Authenticator-app instellen',
    scan: 'Scan deze afbeelding met de app. Een app die u al voor codes gebruikt, is goed.',
    picture: 'Afbeelding met de sleutel voor de authenticator-app',
    key: 'Geen camera? Typ deze sleutel in de app:',
    label: 'De zes cijfers die de app nu toont',
    save: 'Instellen',
    wrong:
      'Dat is niet de code die de app zou moeten tonen. Controleer of de klok van uw apparaat gelijkloopt en probeer de volgende code.',
  },
  password: {
    title: 'Wachtwoord kiezen',
    text: (min) =>
      `Minstens ${min} tekens. Een paar woorden die niet bij elkaar horen zijn goed, en makkelijk te onthouden.`,
    label: 'Nieuw wachtwoord',
    again: 'Nog een keer hetzelfde',
    save: 'Wachtwoord opslaan',
    problems: {
      short: 'Dat is te kort.',
      long: 'Dat is te lang.',
      common: 'Dat wachtwoord is bij velen bekend. Neem een ander.',
      personal: 'Uw naam of adres staat erin. Neem een ander.',
      different: 'De twee zijn niet gelijk.',
    },
  },
};

export const enrol: InEachLanguage<Enrol> = { en, de, fr, es, nl };
