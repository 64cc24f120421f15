/** Words of the page where people give their own public key, so that mail comes straight to their mail program. */
import type { InEachLanguage } from '../../mail/language.ts';

const en = {
  title: 'Your own public key',
  /** On the page of the sign-in. */
  short: 'Does your email program open encrypted email (OpenPGP or S/MIME)? Then you may not need this page any more.',
  open: 'Give us your public key',
  text: (organisation: string) =>
    `If your email program can open encrypted email, give us your public key or certificate. From then on email from ${organisation} can come straight into your email program, encrypted.`,
  which: 'Which file is that?',
  whichText:
    'The public part, which others may have. An OpenPGP key ends in .asc, a certificate for S/MIME in .cer, .crt or .pem, and your email address is in it. Please keep the private part (often .p12, .pfx or “secret”) to yourself: we do not accept it.',
  none: 'No key is known for this address.',
  kinds: { pgp: 'OpenPGP key', x509: 'S/MIME certificate' },
  standings: {
    used: 'used to encrypt email to you',
    spare: 'valid, but not used now',
    useless: 'cannot be used now',
    waiting: 'waits for the decision of the organisation',
    rejected: 'not used any more',
  },
  origins: { here: 'given here', organisation: 'entered by the organisation', found: 'found automatically' },
  takeBack: 'Take back',
  file: 'File with your public key',
  fileHint: 'At most 64 KB.',
  paste: 'Or paste the key here',
  give: 'Give this key',
  rights: {
    stale:
      'Before you change this, please show once more who you are: sign out, then sign in again. You then have an hour.',
    no: 'Only the person who manages this address can change this, signed in the strongest way they have set up.',
  },
  said: {
    accepted: 'Thank you, the key was accepted. From now on email to you can be encrypted with it.',
    waiting:
      'Thank you. Another key was given or known for this address before, so the organisation has to say which one counts. Until then nothing changes.',
    known: 'This key is known already. Nothing has changed.',
    rejected:
      'This key was taken back or refused before, so it stays unused. If it is to be used again, please ask the organisation.',
    'taken-back': 'The key was taken back and is not used any more.',
    empty: 'There was nothing in it. Please choose a file, or paste your key.',
    large: 'That is more than 64 KB, and no single key is that long. Please export your own public key alone.',
    unreadable: 'We cannot find a public key or certificate in this. Please export it anew and try again.',
    private:
      'There is a private key in this. We refused it and kept nothing of it. It belongs to you alone: please export the public key only.',
    elsewhere: 'This key is for another address. It must name exactly the address above.',
    expired: 'This key has expired. Please renew it, or give the one you use now.',
    revoked: 'This key says that its owner revoked it. It is not used for email to you.',
    unusable:
      'This key cannot be used to encrypt email safely: it is too weak, out of date, or meant for something else.',
    many: 'Several keys for this address wait for the organisation already. Please wait for its decision.',
  },
};

type Keys = typeof en;

const de: Keys = {
  title: 'Ihr eigener Schlüssel',
  short:
    'Öffnet Ihr E-Mail-Programm verschlüsselte E-Mails (OpenPGP oder S/MIME)? Dann brauchen Sie diese Seite vielleicht nicht mehr.',
  open: 'Schlüssel angeben',
  text: (organisation) =>
    `Wenn Ihr E-Mail-Programm verschlüsselte E-Mails öffnen kann, geben Sie uns Ihren öffentlichen Schlüssel oder Ihr Zertifikat. Von da an können E-Mails von ${organisation} verschlüsselt direkt in Ihr E-Mail-Programm kommen.`,
  which: 'Welche Datei ist das?',
  whichText:
    'Der öffentliche Teil, den andere haben dürfen. Ein OpenPGP-Schlüssel endet auf .asc, ein Zertifikat für S/MIME auf .cer, .crt oder .pem, und Ihre E-Mail-Adresse steht darin. Den privaten Teil (oft .p12, .pfx oder „secret“) behalten Sie bitte für sich: Wir nehmen ihn nicht an.',
  none: 'Für diese Adresse ist kein Schlüssel bekannt.',
  kinds: { pgp: 'OpenPGP-Schlüssel', x509: 'S/MIME-Zertifikat' },
  standings: {
    used: 'E-Mails an Sie werden damit verschlüsselt',
    spare: 'gültig, wird aber zurzeit nicht verwendet',
    useless: 'zurzeit nicht verwendbar',
    waiting: 'wartet auf die Entscheidung der Organisation',
    rejected: 'wird nicht mehr verwendet',
  },
  origins: { here: 'hier angegeben', organisation: 'von der Organisation eingetragen', found: 'automatisch gefunden' },
  takeBack: 'Zurücknehmen',
  file: 'Datei mit Ihrem öffentlichen Schlüssel',
  fileHint: 'Höchstens 64 KB.',
  paste: 'Oder fügen Sie den Schlüssel hier ein',
  give: 'Diesen Schlüssel angeben',
  rights: {
    stale:
      'Bevor Sie dies ändern, weisen Sie sich bitte noch einmal aus: Melden Sie sich ab und wieder an. Danach haben Sie eine Stunde Zeit.',
    no: 'Das kann nur ändern, wer diese Adresse verwaltet, nach der Anmeldung auf dem stärksten Weg.',
  },
  said: {
    accepted: 'Danke, der Schlüssel wurde angenommen. Ab jetzt können E-Mails an Sie damit verschlüsselt werden.',
    waiting:
      'Danke. Für diese Adresse war schon ein anderer Schlüssel angegeben oder bekannt, deshalb muss die Organisation sagen, welcher gilt. Bis dahin ändert sich nichts.',
    known: 'Dieser Schlüssel ist schon bekannt. Nichts hat sich geändert.',
    rejected:
      'Dieser Schlüssel wurde früher zurückgenommen oder abgelehnt und bleibt deshalb ungenutzt. Soll er wieder gelten, wenden Sie sich bitte an die Organisation.',
    'taken-back': 'Der Schlüssel wurde zurückgenommen und wird nicht mehr verwendet.',
    empty: 'Es war nichts darin. Bitte wählen Sie eine Datei oder fügen Sie Ihren Schlüssel ein.',
    large:
      'Das sind mehr als 64 KB, und so lang ist kein einzelner Schlüssel. Bitte exportieren Sie nur Ihren eigenen öffentlichen Schlüssel.',
    unreadable:
      'Wir finden darin keinen öffentlichen Schlüssel und kein Zertifikat. Bitte exportieren Sie ihn neu und versuchen Sie es noch einmal.',
    private:
      'Darin steckt ein privater Schlüssel. Wir haben ihn abgelehnt und nichts davon behalten. Er gehört nur Ihnen: Bitte exportieren Sie nur den öffentlichen Schlüssel.',
    elsewhere: 'Dieser Schlüssel gehört zu einer anderen Adresse. Er muss genau die Adresse oben nennen.',
    expired: 'Dieser Schlüssel ist abgelaufen. Bitte erneuern Sie ihn, oder geben Sie den an, den Sie jetzt verwenden.',
    revoked:
      'In diesem Schlüssel steht, dass sein Besitzer ihn widerrufen hat. Er wird für E-Mails an Sie nicht verwendet.',
    unusable:
      'Mit diesem Schlüssel lassen sich E-Mails nicht sicher verschlüsseln: Er ist zu schwach, veraltet oder für etwas anderes gedacht.',
    many: 'Für diese Adresse warten schon mehrere Schlüssel auf die Organisation. Bitte warten Sie auf deren Entscheidung.',
  },
};

const fr: Keys = {
  title: 'Votre propre clé publique',
  short:
    'Votre logiciel de messagerie ouvre-t-il les e-mails chiffrés (OpenPGP ou S/MIME) ? Alors vous n’aurez peut-être plus besoin de cette page.',
  open: 'Donner votre clé publique',
  text: (organisation) =>
    `Si votre logiciel de messagerie sait ouvrir les e-mails chiffrés, donnez-nous votre clé publique ou votre certificat. Dès lors, les e-mails de ${organisation} pourront arriver chiffrés, directement dans votre messagerie.`,
  which: 'De quel fichier s’agit-il ?',
  whichText:
    'De la partie publique, que d’autres peuvent avoir. Une clé OpenPGP se termine par .asc, un certificat S/MIME par .cer, .crt ou .pem, et votre adresse e-mail y figure. Gardez pour vous la partie privée (souvent .p12, .pfx ou « secret ») : nous ne la prenons pas.',
  none: 'Aucune clé n’est connue pour cette adresse.',
  kinds: { pgp: 'Clé OpenPGP', x509: 'Certificat S/MIME' },
  standings: {
    used: 'sert à chiffrer les e-mails qui vous sont adressés',
    spare: 'valable, mais pas en usage actuellement',
    useless: 'inutilisable pour le moment',
    waiting: 'attend la décision de l’organisation',
    rejected: 'n’est plus en usage',
  },
  origins: { here: 'depuis cette page', organisation: 'par l’organisation', found: 'par recherche automatique' },
  takeBack: 'Retirer',
  file: 'Fichier contenant votre clé publique',
  fileHint: '64 Ko au plus.',
  paste: 'Ou collez la clé ici',
  give: 'Donner cette clé',
  rights: {
    stale:
      'Avant de modifier ceci, veuillez prouver encore une fois qui vous êtes : déconnectez-vous, puis reconnectez-vous. Vous avez ensuite une heure.',
    no: 'Seule la personne qui gère cette adresse peut modifier ceci, après s’être connectée par le moyen le plus sûr qu’elle a configuré.',
  },
  said: {
    accepted:
      'Merci, la clé a été acceptée. Dès maintenant, elle peut servir à chiffrer les e-mails qui vous sont adressés.',
    waiting:
      'Merci. Une autre clé avait déjà été donnée ou était connue pour cette adresse : l’organisation doit dire laquelle compte. D’ici là, rien ne change.',
    known: 'Cette clé est déjà connue. Rien n’a changé.',
    rejected:
      'Cette clé a été retirée ou refusée auparavant et reste donc inutilisée. Pour l’utiliser de nouveau, adressez-vous à l’organisation.',
    'taken-back': 'La clé a été retirée et n’est plus utilisée.',
    empty: 'Il n’y avait rien dedans. Choisissez un fichier ou collez votre clé.',
    large: 'Cela fait plus de 64 Ko, et aucune clé seule n’est aussi longue. Exportez uniquement votre clé publique.',
    unreadable: 'Nous n’y trouvons ni clé publique ni certificat. Exportez-la de nouveau et réessayez.',
    private:
      'Il y a là une clé privée. Nous l’avons refusée et n’en avons rien gardé. Elle n’appartient qu’à vous : n’exportez que la clé publique.',
    elsewhere: 'Cette clé est pour une autre adresse. Elle doit porter exactement l’adresse ci-dessus.',
    expired: 'Cette clé a expiré. Renouvelez-la, ou donnez celle que vous utilisez maintenant.',
    revoked:
      'Cette clé indique que son propriétaire l’a révoquée. Elle n’est pas utilisée pour les e-mails qui vous sont adressés.',
    unusable:
      'Cette clé ne permet pas de chiffrer des e-mails de façon sûre : elle est trop faible, dépassée ou destinée à autre chose.',
    many: 'Plusieurs clés pour cette adresse attendent déjà l’organisation. Attendez sa décision.',
  },
};

const es: Keys = {
  title: 'Su propia clave pública',
  short: '¿Su programa de correo abre correo cifrado (OpenPGP o S/MIME)? Entonces quizá ya no necesite esta página.',
  open: 'Añadir su clave pública',
  text: (organisation) =>
    `Si su programa de correo puede abrir correo cifrado, denos su clave pública o su certificado. Desde entonces, el correo de ${organisation} podrá llegar cifrado directamente a su programa de correo.`,
  which: '¿Qué archivo es?',
  whichText:
    'La parte pública, la que otros pueden tener. Una clave OpenPGP termina en .asc, un certificado S/MIME en .cer, .crt o .pem, y en ella figura su dirección de correo. Guarde para usted la parte privada (a menudo .p12, .pfx o «secret»): no la aceptamos.',
  none: 'No se conoce ninguna clave para esta dirección.',
  kinds: { pgp: 'Clave OpenPGP', x509: 'Certificado S/MIME' },
  standings: {
    used: 'sirve para cifrar el correo dirigido a usted',
    spare: 'vale, pero ahora no se usa',
    useless: 'ahora no se puede usar',
    waiting: 'espera la decisión de la organización',
    rejected: 'ya no se usa',
  },
  origins: { here: 'desde esta página', organisation: 'por la organización', found: 'por búsqueda automática' },
  takeBack: 'Retirar',
  file: 'Archivo con su clave pública',
  fileHint: '64 KB como máximo.',
  paste: 'O pegue la clave aquí',
  give: 'Añadir esta clave',
  rights: {
    stale:
      'Antes de cambiar esto, demuestre una vez más quién es: cierre la sesión y vuelva a acceder. Después tiene una hora.',
    no: 'Solo puede cambiar esto quien gestiona esta dirección, tras acceder de la forma más segura que haya configurado.',
  },
  said: {
    accepted: 'Gracias, se ha aceptado la clave. Desde ahora puede servir para cifrar el correo dirigido a usted.',
    waiting:
      'Gracias. Ya se había dado o se conocía otra clave para esta dirección, así que la organización debe decir cuál vale. Hasta entonces nada cambia.',
    known: 'Esta clave ya se conoce. Nada ha cambiado.',
    rejected:
      'Esta clave se retiró o se rechazó antes, por lo que sigue sin usarse. Si debe volver a usarse, diríjase a la organización.',
    'taken-back': 'La clave se ha retirado y ya no se usa.',
    empty: 'No había nada dentro. Elija un archivo o pegue su clave.',
    large: 'Son más de 64 KB, y ninguna clave sola es tan larga. Exporte únicamente su propia clave pública.',
    unreadable:
      'No encontramos en ello ninguna clave pública ni certificado. Expórtela de nuevo y vuelva a intentarlo.',
    private:
      'Aquí hay una clave privada. La hemos rechazado y no hemos guardado nada de ella. Es solo suya: exporte únicamente la clave pública.',
    elsewhere: 'Esta clave es de otra dirección. Debe indicar exactamente la dirección de arriba.',
    expired: 'Esta clave ha caducado. Renuévela o dé la que usa ahora.',
    revoked: 'Esta clave dice que su dueño la revocó. No se usa para el correo dirigido a usted.',
    unusable:
      'Con esta clave no se puede cifrar correo de forma segura: es demasiado débil, está anticuada o sirve para otra cosa.',
    many: 'Ya hay varias claves de esta dirección a la espera de la organización. Espere su decisión.',
  },
};

const nl: Keys = {
  title: 'Uw eigen sleutel',
  short:
    'Kan uw mailprogramma versleutelde mail openen (OpenPGP of S/MIME)? Dan hebt u deze pagina misschien niet meer nodig.',
  open: 'Sleutel opgeven',
  text: (organisation) =>
    `Als uw mailprogramma versleutelde mail kan openen, geef ons dan uw publieke sleutel of certificaat. Vanaf dat moment kan mail van ${organisation} versleuteld rechtstreeks in uw mailprogramma komen.`,
  which: 'Welk bestand is dat?',
  whichText:
    'Het publieke deel, dat anderen mogen hebben. Een OpenPGP-sleutel eindigt op .asc, een certificaat voor S/MIME op .cer, .crt of .pem, en uw mailadres staat erin. Houd het privédeel (vaak .p12, .pfx of “secret”) voor uzelf: wij nemen het niet aan.',
  none: 'Voor dit adres is geen sleutel bekend.',
  kinds: { pgp: 'OpenPGP-sleutel', x509: 'S/MIME-certificaat' },
  standings: {
    used: 'mail aan u wordt ermee versleuteld',
    spare: 'geldig, maar nu niet in gebruik',
    useless: 'nu niet bruikbaar',
    waiting: 'wacht op de beslissing van de organisatie',
    rejected: 'wordt niet meer gebruikt',
  },
  origins: { here: 'hier opgegeven', organisation: 'ingevoerd door de organisatie', found: 'automatisch gevonden' },
  takeBack: 'Terugnemen',
  file: 'Bestand met uw publieke sleutel',
  fileHint: 'Hoogstens 64 KB.',
  paste: 'Of plak de sleutel hier',
  give: 'Deze sleutel opgeven',
  rights: {
    stale:
      'Laat eerst nog een keer zien wie u bent: meld u af en weer aan. Daarna hebt u een uur de tijd om dit te wijzigen.',
    no: 'Alleen wie dit adres beheert kan dit wijzigen, na aanmelden op de sterkste manier.',
  },
  said: {
    accepted: 'Dank u, de sleutel is aangenomen. Vanaf nu kan mail aan u ermee worden versleuteld.',
    waiting:
      'Dank u. Voor dit adres was al een andere sleutel opgegeven of bekend, dus de organisatie moet zeggen welke telt. Tot dan verandert er niets.',
    known: 'Deze sleutel is al bekend. Er is niets veranderd.',
    rejected:
      'Deze sleutel is eerder teruggenomen of geweigerd en blijft daarom ongebruikt. Moet hij weer worden gebruikt, vraag het dan de organisatie.',
    'taken-back': 'De sleutel is teruggenomen en wordt niet meer gebruikt.',
    empty: 'Er zat niets in. Kies een bestand of plak uw sleutel.',
    large: 'Dat is meer dan 64 KB, en zo lang is geen enkele sleutel. Exporteer alleen uw eigen publieke sleutel.',
    unreadable:
      'Wij vinden hierin geen publieke sleutel en geen certificaat. Exporteer hem opnieuw en probeer het nog eens.',
    private:
      'Hier zit een privésleutel in. Wij hebben hem geweigerd en er niets van bewaard. Hij is van u alleen: exporteer alleen de publieke sleutel.',
    elsewhere: 'Deze sleutel is voor een ander adres. Hij moet precies het adres hierboven noemen.',
    expired: 'Deze sleutel is verlopen. Vernieuw hem, of geef de sleutel op die u nu gebruikt.',
    revoked: 'Deze sleutel zegt dat de eigenaar hem heeft ingetrokken. Hij wordt niet gebruikt voor mail aan u.',
    unusable:
      'Met deze sleutel kan mail niet veilig worden versleuteld: hij is te zwak, verouderd of voor iets anders bedoeld.',
    many: 'Voor dit adres wachten al meerdere sleutels op de organisatie. Wacht op de beslissing.',
  },
};

export const keys: InEachLanguage<Keys> = { en, de, fr, es, nl };
