/** Words of the page where people give their own public key, so that mail comes straight to their mail program. */
import type { InEachLanguage } from '../../mail/language.ts';

const en = {
  title: 'Your own key',
  /** On the page of the sign-in. */
  short: 'Does your mail program open encrypted mail (OpenPGP or S/MIME)? Then you may not need this page any more.',
  open: 'Give your key',
  text: (organisation: string) =>
    `If your mail program can open encrypted mail, give us your public key or certificate. From then on mail from ${organisation} can come straight into your mail program, encrypted.`,
  which: 'Which file is that?',
  whichText:
    'The public part, which others may have. An OpenPGP key ends in .asc, a certificate for S/MIME in .cer, .crt or .pem, and your email address is in it. Please keep the private part (often .p12, .pfx or "secret") to yourself: we do not take it.',
  none: 'No key is known for this address.',
  kinds: { pgp: 'OpenPGP key', x509: 'S/MIME certificate' },
  standings: {
    used: 'mail to you is encrypted to it',
    spare: 'valid; another one is used',
    useless: 'cannot be used now',
    waiting: 'waits for the word of the organisation',
    rejected: 'not used any more',
  },
  origins: { here: 'given here', organisation: 'entered by the organisation', found: 'found on its own' },
  takeBack: 'Take back',
  file: 'File with your public key',
  fileHint: 'At most 64 KB.',
  paste: 'Or paste the key here',
  give: 'Give this key',
  rights: {
    stale: 'To change this we ask for a fresh proof: sign out, then come in again. You have an hour from then.',
    no: 'Only who manages this address can change this, after signing in with their strongest way.',
  },
  said: {
    accepted: 'Thank you, the key was accepted. Mail that is encrypted from now on can be encrypted to it.',
    waiting:
      'Thank you. Another key was given or known for this address before, so the organisation has to say which one counts. Until then nothing changes.',
    known: 'This key is known already. Nothing has changed.',
    rejected:
      'This key was taken back or refused before, so it stays unused. If it is to be used again, please ask the organisation.',
    'taken-back': 'The key was taken back and is not used any more.',
    empty: 'There was nothing in it. Please choose a file, or paste your key.',
    large: 'That is more than 64 KB, and no single key is as long. Please export your own public key alone.',
    unreadable: 'We cannot find a public key or certificate in this. Please export it anew and try again.',
    private:
      'There is a private key in this. We refused it and kept nothing of it. It belongs to you alone: please export the public key only.',
    elsewhere: 'This key is for another address. It must name exactly the address above.',
    expired: 'This key has expired. Please renew it, or give the one you use now.',
    revoked: 'This key says that its owner revoked it. It is not used for mail to you.',
    unusable:
      'This key cannot be used to encrypt mail safely: it is too weak, out of date, or meant for something else.',
    many: 'Several keys for this address wait for the organisation already. Please wait for its word.',
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
    spare: 'gültig; ein anderer wird verwendet',
    useless: 'zurzeit nicht verwendbar',
    waiting: 'wartet auf das Wort der Organisation',
    rejected: 'wird nicht mehr verwendet',
  },
  origins: { here: 'hier angegeben', organisation: 'von der Organisation eingetragen', found: 'von selbst gefunden' },
  takeBack: 'Zurücknehmen',
  file: 'Datei mit Ihrem öffentlichen Schlüssel',
  fileHint: 'Höchstens 64 KB.',
  paste: 'Oder fügen Sie den Schlüssel hier ein',
  give: 'Diesen Schlüssel angeben',
  rights: {
    stale:
      'Um dies zu ändern, bitten wir um einen frischen Nachweis: Melden Sie sich ab und kommen Sie noch einmal herein. Danach haben Sie eine Stunde Zeit.',
    no: 'Das kann nur ändern, wer diese Adresse verwaltet, nach der Anmeldung auf dem stärksten Weg.',
  },
  said: {
    accepted:
      'Danke, der Schlüssel wurde angenommen. E-Mails, die ab jetzt verschlüsselt werden, können damit verschlüsselt werden.',
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
    many: 'Für diese Adresse warten schon mehrere Schlüssel auf die Organisation. Bitte warten Sie auf deren Wort.',
  },
};

const fr: Keys = {
  title: 'Votre propre clé',
  short:
    'Votre logiciel de messagerie ouvre-t-il les e-mails chiffrés (OpenPGP ou S/MIME) ? Alors vous n’aurez peut-être plus besoin de cette page.',
  open: 'Donner votre clé',
  text: (organisation) =>
    `Si votre logiciel de messagerie sait ouvrir les e-mails chiffrés, donnez-nous votre clé publique ou votre certificat. Dès lors, les e-mails de ${organisation} pourront arriver chiffrés, directement dans votre messagerie.`,
  which: 'De quel fichier s’agit-il ?',
  whichText:
    'De la partie publique, que d’autres peuvent avoir. Une clé OpenPGP se termine par .asc, un certificat S/MIME par .cer, .crt ou .pem, et votre adresse e-mail y figure. Gardez pour vous la partie privée (souvent .p12, .pfx ou « secret ») : nous ne la prenons pas.',
  none: 'Aucune clé n’est connue pour cette adresse.',
  kinds: { pgp: 'Clé OpenPGP', x509: 'Certificat S/MIME' },
  standings: {
    used: 'les e-mails vers vous sont chiffrés avec elle',
    spare: 'valable ; une autre est utilisée',
    useless: 'inutilisable pour le moment',
    waiting: 'attend la décision de l’organisation',
    rejected: 'n’est plus utilisée',
  },
  origins: { here: 'donnée ici', organisation: 'saisie par l’organisation', found: 'trouvée automatiquement' },
  takeBack: 'Reprendre',
  file: 'Fichier contenant votre clé publique',
  fileHint: '64 Ko au plus.',
  paste: 'Ou collez la clé ici',
  give: 'Donner cette clé',
  rights: {
    stale:
      'Pour modifier ceci, nous demandons une preuve récente : fermez la session, puis revenez. Vous avez ensuite une heure.',
    no: 'Seule la personne qui gère cette adresse peut modifier ceci, après s’être connectée de sa façon la plus sûre.',
  },
  said: {
    accepted: 'Merci, la clé a été acceptée. Les e-mails chiffrés à partir de maintenant pourront l’être avec elle.',
    waiting:
      'Merci. Une autre clé avait déjà été donnée ou était connue pour cette adresse : l’organisation doit dire laquelle compte. D’ici là, rien ne change.',
    known: 'Cette clé est déjà connue. Rien n’a changé.',
    rejected:
      'Cette clé a été reprise ou refusée auparavant et reste donc inutilisée. Pour l’utiliser de nouveau, adressez-vous à l’organisation.',
    'taken-back': 'La clé a été reprise et n’est plus utilisée.',
    empty: 'Il n’y avait rien dedans. Choisissez un fichier ou collez votre clé.',
    large: 'Cela fait plus de 64 Ko, et aucune clé seule n’est aussi longue. Exportez uniquement votre clé publique.',
    unreadable: 'Nous n’y trouvons ni clé publique ni certificat. Exportez-la de nouveau et réessayez.',
    private:
      'Il y a là une clé privée. Nous l’avons refusée et n’en avons rien gardé. Elle n’appartient qu’à vous : n’exportez que la clé publique.',
    elsewhere: 'Cette clé est pour une autre adresse. Elle doit porter exactement l’adresse ci-dessus.',
    expired: 'Cette clé a expiré. Renouvelez-la, ou donnez celle que vous utilisez maintenant.',
    revoked: 'Cette clé indique que son propriétaire l’a révoquée. Elle n’est pas utilisée pour les e-mails vers vous.',
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
    used: 'el correo para usted se cifra con ella',
    spare: 'válida; se usa otra',
    useless: 'ahora no se puede usar',
    waiting: 'espera la decisión de la organización',
    rejected: 'ya no se usa',
  },
  origins: { here: 'dada aquí', organisation: 'introducida por la organización', found: 'encontrada automáticamente' },
  takeBack: 'Retirar',
  file: 'Archivo con su clave pública',
  fileHint: '64 KB como máximo.',
  paste: 'O pegue la clave aquí',
  give: 'Añadir esta clave',
  rights: {
    stale: 'Para cambiar esto pedimos una prueba reciente: cierre la sesión y vuelva a entrar. Después tiene una hora.',
    no: 'Solo puede cambiar esto quien gestiona esta dirección, tras acceder con su forma más segura.',
  },
  said: {
    accepted: 'Gracias, se ha aceptado la clave. El correo que se cifre desde ahora podrá cifrarse con ella.',
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
    'Het publieke deel, dat anderen mogen hebben. Een OpenPGP-sleutel eindigt op .asc, een certificaat voor S/MIME op .cer, .crt of .pem, en uw mailadres staat erin. Houd het privédeel (vaak .p12, .pfx of ‘secret’) voor uzelf: wij nemen het niet aan.',
  none: 'Voor dit adres is geen sleutel bekend.',
  kinds: { pgp: 'OpenPGP-sleutel', x509: 'S/MIME-certificaat' },
  standings: {
    used: 'mail aan u wordt ermee versleuteld',
    spare: 'geldig; een andere wordt gebruikt',
    useless: 'nu niet bruikbaar',
    waiting: 'wacht op het woord van de organisatie',
    rejected: 'wordt niet meer gebruikt',
  },
  origins: { here: 'hier opgegeven', organisation: 'ingevoerd door de organisatie', found: 'vanzelf gevonden' },
  takeBack: 'Terugnemen',
  file: 'Bestand met uw publieke sleutel',
  fileHint: 'Hoogstens 64 KB.',
  paste: 'Of plak de sleutel hier',
  give: 'Deze sleutel opgeven',
  rights: {
    stale:
      'Om dit te wijzigen vragen wij een nieuw bewijs: meld u af en kom opnieuw binnen. Daarna hebt u een uur de tijd.',
    no: 'Alleen wie dit adres beheert kan dit wijzigen, na aanmelden op de sterkste manier.',
  },
  said: {
    accepted: 'Dank u, de sleutel is aangenomen. Mail die vanaf nu wordt versleuteld, kan ermee worden versleuteld.',
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
    many: 'Voor dit adres wachten al meerdere sleutels op de organisatie. Wacht op haar woord.',
  },
};

export const keys: InEachLanguage<Keys> = { en, de, fr, es, nl };
