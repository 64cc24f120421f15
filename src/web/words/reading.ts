/** Words of the open message. */
import type { InEachLanguage } from '../../mail/language.ts';
import type { Piece } from '../pages/parts.ts';

const en = {
  title: 'Protected message',
  noSubject: '(no subject)',
  from: 'From',
  to: 'To',
  cc: 'Cc',
  date: 'Date',
  attachments: 'Attachments',
  pictures: 'Pictures',
  picturesIn: (count: number) => `Pictures in the message (${count})`,
  formatted: 'Formatted message',
  ownTab: 'Open the formatted message in its own tab',
  plain: 'Show the message as plain text',
  noText: 'The message has no text.',
  about: (size: string) => `about ${size}`,
  whole: 'Download the whole message',
  cut: 'The text is longer than a page can show. Download the whole message to read the rest.',
  incomplete:
    'This message is built in an unusual way, so something may be missing from this page. Download the whole message to have all of it.',
  until: (moment: Piece): Piece => ['Available here until ', moment, '.'],
  shared: 'On a shared computer, sign out when you are done; downloads stay on it.',
  earlier: (n: number) =>
    n === 1 ? 'One earlier message in this conversation' : `${n} earlier messages in this conversation`,
  later: (n: number) =>
    n === 1 ? 'One later message in this conversation' : `${n} later messages in this conversation`,
  showPictures: 'Show pictures from elsewhere',
  picturesTell:
    'This message has pictures on other servers. If you show them, the owner of those servers, usually the sender, learns when you read it and roughly where you are.',
  picturesShown: 'Pictures from other servers are shown.',
  hidePictures: 'Hide these pictures again',
  all: 'Save all as one ZIP file',
  save: 'Save the file',
  view: 'View',
  viewNamed: (name: string) => `View ${name}`,
  previewCut: 'The text is longer than this page can show. Save the file to read the rest.',
  noPreview:
    'This file cannot be shown here safely. You can save it; open it only if you know who sent it and what it is.',
  kinds: {
    picture: 'Picture',
    sound: 'Audio',
    film: 'Video',
    calendar: 'Calendar file',
    message: 'Message',
    file: 'File',
    ending: (ending: string) => `${ending} file`,
  },
  unnamed: {
    invitation: 'invitation',
    message: 'attached message',
    text: 'text',
    attachment: 'attachment',
    all: 'attachments',
    whole: 'message',
  },
  frame: {
    unsafe:
      'The formatted view of this message is too large or too complicated to be shown safely. Read it as plain text, or download the whole message.',
    cut: 'This message is longer than can be shown here: the end is missing. Download the whole message to read the rest.',
    remote: (count: number) =>
      `${count === 1 ? 'One picture was' : `${count} pictures were`} left out: loading from elsewhere would tell others that you opened this message.`,
  },
};

type Reading = typeof en;

const de: Reading = {
  title: 'Geschützte Nachricht',
  noSubject: '(kein Betreff)',
  from: 'Von',
  to: 'An',
  cc: 'Kopie',
  date: 'Datum',
  attachments: 'Anhänge',
  pictures: 'Bilder',
  picturesIn: (count) => `Bilder in der Nachricht (${count})`,
  formatted: 'Formatierte Nachricht',
  ownTab: 'Formatierte Nachricht in eigenem Tab öffnen',
  plain: 'Nachricht als reinen Text zeigen',
  noText: 'Die Nachricht hat keinen Text.',
  about: (size) => `etwa ${size}`,
  whole: 'Ganze Nachricht herunterladen',
  cut: 'Der Text ist länger, als eine Seite zeigen kann. Laden Sie die ganze Nachricht herunter, um den Rest zu lesen.',
  incomplete:
    'Diese Nachricht ist ungewöhnlich aufgebaut, daher fehlt auf dieser Seite vielleicht etwas. Laden Sie die ganze Nachricht herunter, um alles zu haben.',
  until: (moment) => ['Hier verfügbar bis zum ', moment, '.'],
  shared: 'Melden Sie sich an einem gemeinsamen Computer ab, wenn Sie fertig sind; Heruntergeladenes bleibt dort.',
  earlier: (n) =>
    n === 1 ? 'Eine frühere Nachricht in dieser Unterhaltung' : `${n} frühere Nachrichten in dieser Unterhaltung`,
  later: (n) =>
    n === 1 ? 'Eine spätere Nachricht in dieser Unterhaltung' : `${n} spätere Nachrichten in dieser Unterhaltung`,
  showPictures: 'Bilder von anderswo zeigen',
  picturesTell:
    'Zu dieser Nachricht gehören Bilder auf anderen Servern. Wenn Sie sie zeigen lassen, erfährt deren Betreiber, meist der Absender, wann Sie die Nachricht lesen und wo Sie ungefähr sind.',
  picturesShown: 'Bilder von anderen Servern werden gezeigt.',
  hidePictures: 'Diese Bilder wieder verbergen',
  all: 'Alle als eine ZIP-Datei speichern',
  save: 'Datei speichern',
  view: 'Ansehen',
  viewNamed: (name) => `${name} ansehen`,
  previewCut: 'Der Text ist länger, als diese Seite zeigen kann. Speichern Sie die Datei, um den Rest zu lesen.',
  noPreview:
    'Diese Datei lässt sich hier nicht sicher zeigen. Sie können sie speichern; öffnen Sie sie nur, wenn Sie wissen, wer sie geschickt hat und was sie ist.',
  kinds: {
    picture: 'Bild',
    sound: 'Audio',
    film: 'Video',
    calendar: 'Kalenderdatei',
    message: 'Nachricht',
    file: 'Datei',
    ending: (ending) => `${ending}-Datei`,
  },
  unnamed: {
    invitation: 'Einladung',
    message: 'angehängte Nachricht',
    text: 'Text',
    attachment: 'Anhang',
    all: 'Anhänge',
    whole: 'Nachricht',
  },
  frame: {
    unsafe:
      'Die formatierte Ansicht dieser Nachricht ist zu groß oder zu kompliziert, um sie sicher zu zeigen. Lesen Sie sie als reinen Text, oder laden Sie die ganze Nachricht herunter.',
    cut: 'Diese Nachricht ist länger, als hier gezeigt werden kann: Das Ende fehlt. Laden Sie die ganze Nachricht herunter, um den Rest zu lesen.',
    remote: (count) =>
      `${count === 1 ? 'Ein Bild wurde' : `${count} Bilder wurden`} weggelassen: Etwas von anderswo zu laden würde anderen verraten, dass Sie diese Nachricht geöffnet haben.`,
  },
};

const fr: Reading = {
  title: 'Message protégé',
  noSubject: '(sans objet)',
  from: 'De',
  to: 'À',
  cc: 'Copie',
  date: 'Date',
  attachments: 'Pièces jointes',
  pictures: 'Images',
  picturesIn: (count) => `Images du message (${count})`,
  formatted: 'Message mis en forme',
  ownTab: 'Ouvrir le message mis en forme dans son propre onglet',
  plain: 'Afficher le message en texte brut',
  noText: 'Le message ne contient pas de texte.',
  about: (size) => `environ ${size}`,
  whole: 'Télécharger tout le message',
  cut: 'Le texte est plus long qu’une page ne peut l’afficher. Téléchargez tout le message pour lire la suite.',
  incomplete:
    'Ce message est construit de façon inhabituelle, il manque donc peut-être quelque chose sur cette page. Téléchargez tout le message pour l’avoir en entier.',
  until: (moment) => ['Disponible ici jusqu’au ', moment, '.'],
  shared: 'Sur un ordinateur partagé, déconnectez-vous quand vous avez terminé ; les fichiers téléchargés y restent.',
  earlier: (n) =>
    n === 1 ? 'Un message précédent dans cette conversation' : `${n} messages précédents dans cette conversation`,
  later: (n) =>
    n === 1 ? 'Un message suivant dans cette conversation' : `${n} messages suivants dans cette conversation`,
  showPictures: 'Afficher les images venant d’ailleurs',
  picturesTell:
    'Ce message contient des images placées sur d’autres serveurs. Si vous les affichez, le propriétaire de ces serveurs, en général l’expéditeur, apprend quand vous lisez le message et à peu près où vous êtes.',
  picturesShown: 'Les images d’autres serveurs sont affichées.',
  hidePictures: 'Masquer de nouveau ces images',
  all: 'Tout enregistrer dans un fichier ZIP',
  save: 'Enregistrer le fichier',
  view: 'Voir',
  viewNamed: (name) => `Voir ${name}`,
  previewCut: 'Le texte est plus long que ce que cette page peut afficher. Enregistrez le fichier pour lire la suite.',
  noPreview:
    'Ce fichier ne peut pas être affiché ici en toute sécurité. Vous pouvez l’enregistrer ; ne l’ouvrez que si vous savez qui l’a envoyé et ce qu’il contient.',
  kinds: {
    picture: 'Image',
    sound: 'Audio',
    film: 'Vidéo',
    calendar: 'Fichier d’agenda',
    message: 'Message',
    file: 'Fichier',
    ending: (ending) => `Fichier ${ending}`,
  },
  unnamed: {
    invitation: 'invitation',
    message: 'message joint',
    text: 'texte',
    attachment: 'pièce jointe',
    all: 'pièces jointes',
    whole: 'message',
  },
  frame: {
    unsafe:
      'La vue mise en forme de ce message est trop grande ou trop compliquée pour être affichée en toute sécurité. Lisez-le en texte brut ou téléchargez tout le message.',
    cut: 'Ce message est plus long que ce qui peut être affiché ici : la fin manque. Téléchargez tout le message pour lire la suite.',
    remote: (count) =>
      `${count < 2 ? 'Une image a été laissée' : `${count} images ont été laissées`} de côté : charger quelque chose d’ailleurs révélerait à d’autres que vous avez ouvert ce message.`,
  },
};

const es: Reading = {
  title: 'Mensaje protegido',
  noSubject: '(sin asunto)',
  from: 'De',
  to: 'Para',
  cc: 'Copia',
  date: 'Fecha',
  attachments: 'Archivos adjuntos',
  pictures: 'Imágenes',
  picturesIn: (count) => `Imágenes del mensaje (${count})`,
  formatted: 'Mensaje con formato',
  ownTab: 'Abrir el mensaje con formato en su propia pestaña',
  plain: 'Mostrar el mensaje como texto sin formato',
  noText: 'El mensaje no tiene texto.',
  about: (size) => `unos ${size}`,
  whole: 'Descargar el mensaje completo',
  cut: 'El texto es más largo de lo que puede mostrar una página. Descargue el mensaje completo para leer el resto.',
  incomplete:
    'Este mensaje tiene una estructura poco habitual, así que puede faltar algo en esta página. Descargue el mensaje completo para tenerlo todo.',
  until: (moment) => ['Disponible aquí hasta el ', moment, '.'],
  shared: 'En un ordenador compartido, cierre la sesión al terminar; lo que descargue se queda en él.',
  earlier: (n) =>
    n === 1 ? 'Un mensaje anterior en esta conversación' : `${n} mensajes anteriores en esta conversación`,
  later: (n) =>
    n === 1 ? 'Un mensaje posterior en esta conversación' : `${n} mensajes posteriores en esta conversación`,
  showPictures: 'Mostrar imágenes de otros sitios',
  picturesTell:
    'Este mensaje tiene imágenes en otros servidores. Si las muestra, el dueño de esos servidores, normalmente el remitente, sabrá cuándo lee el mensaje y más o menos dónde está usted.',
  picturesShown: 'Se muestran imágenes de otros servidores.',
  hidePictures: 'Ocultar de nuevo estas imágenes',
  all: 'Guardar todo en un archivo ZIP',
  save: 'Guardar el archivo',
  view: 'Ver',
  viewNamed: (name) => `Ver ${name}`,
  previewCut: 'El texto es más largo de lo que puede mostrar esta página. Guarde el archivo para leer el resto.',
  noPreview:
    'Este archivo no se puede mostrar aquí con seguridad. Puede guardarlo; ábralo solo si sabe quién lo envió y qué es.',
  kinds: {
    picture: 'Imagen',
    sound: 'Audio',
    film: 'Vídeo',
    calendar: 'Archivo de calendario',
    message: 'Mensaje',
    file: 'Archivo',
    ending: (ending) => `Archivo ${ending}`,
  },
  unnamed: {
    invitation: 'invitación',
    message: 'mensaje adjunto',
    text: 'texto',
    attachment: 'archivo adjunto',
    all: 'archivos adjuntos',
    whole: 'mensaje',
  },
  frame: {
    unsafe:
      'La vista con formato de este mensaje es demasiado grande o complicada para mostrarla con seguridad. Léalo como texto sin formato o descargue el mensaje completo.',
    cut: 'Este mensaje es más largo de lo que se puede mostrar aquí: falta el final. Descargue el mensaje completo para leer el resto.',
    remote: (count) =>
      `${count === 1 ? 'Se ha omitido una imagen' : `Se han omitido ${count} imágenes`}: cargar algo de otro sitio revelaría a otros que ha abierto este mensaje.`,
  },
};

const nl: Reading = {
  title: 'Beveiligd bericht',
  noSubject: '(geen onderwerp)',
  from: 'Van',
  to: 'Aan',
  cc: 'Kopie',
  date: 'Datum',
  attachments: 'Bijlagen',
  pictures: 'Afbeeldingen',
  picturesIn: (count) => `Afbeeldingen in het bericht (${count})`,
  formatted: 'Opgemaakt bericht',
  ownTab: 'Het opgemaakte bericht in een eigen tabblad openen',
  plain: 'Het bericht als platte tekst tonen',
  noText: 'Het bericht heeft geen tekst.',
  about: (size) => `ongeveer ${size}`,
  whole: 'Het hele bericht downloaden',
  cut: 'De tekst is langer dan een pagina kan tonen. Download het hele bericht om de rest te lezen.',
  incomplete:
    'Dit bericht is ongewoon opgebouwd, dus er ontbreekt misschien iets op deze pagina. Download het hele bericht om alles te hebben.',
  until: (moment) => ['Hier beschikbaar tot ', moment, '.'],
  shared: 'Meld u op een gedeelde computer af als u klaar bent; downloads blijven daarop staan.',
  earlier: (n) => (n === 1 ? 'Eén eerder bericht in dit gesprek' : `${n} eerdere berichten in dit gesprek`),
  later: (n) => (n === 1 ? 'Eén later bericht in dit gesprek' : `${n} latere berichten in dit gesprek`),
  showPictures: 'Afbeeldingen van elders tonen',
  picturesTell:
    'Dit bericht heeft afbeeldingen op andere servers. Als u ze toont, komt de eigenaar van die servers, meestal de afzender, te weten wanneer u het bericht leest en ongeveer waar u bent.',
  picturesShown: 'Afbeeldingen van andere servers worden getoond.',
  hidePictures: 'Deze afbeeldingen weer verbergen',
  all: 'Alles als één ZIP-bestand opslaan',
  save: 'Bestand opslaan',
  view: 'Bekijken',
  viewNamed: (name) => `${name} bekijken`,
  previewCut: 'De tekst is langer dan deze pagina kan tonen. Sla het bestand op om de rest te lezen.',
  noPreview:
    'Dit bestand kan hier niet veilig worden getoond. U kunt het opslaan; open het alleen als u weet wie het heeft gestuurd en wat het is.',
  kinds: {
    picture: 'Afbeelding',
    sound: 'Audio',
    film: 'Video',
    calendar: 'Agendabestand',
    message: 'Bericht',
    file: 'Bestand',
    ending: (ending) => `${ending}-bestand`,
  },
  unnamed: {
    invitation: 'uitnodiging',
    message: 'bijgevoegd bericht',
    text: 'tekst',
    attachment: 'bijlage',
    all: 'bijlagen',
    whole: 'bericht',
  },
  frame: {
    unsafe:
      'De opgemaakte weergave van dit bericht is te groot of te ingewikkeld om veilig te tonen. Lees het als platte tekst of download het hele bericht.',
    cut: 'Dit bericht is langer dan hier getoond kan worden: het einde ontbreekt. Download het hele bericht om de rest te lezen.',
    remote: (count) =>
      `${count === 1 ? 'Eén afbeelding is' : `${count} afbeeldingen zijn`} weggelaten: iets van elders laden zou aan anderen verraden dat u dit bericht hebt geopend.`,
  },
};

export const reading: InEachLanguage<Reading> = { en, de, fr, es, nl };
