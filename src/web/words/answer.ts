/** Words of writing: answers, new messages, drafts, and what was sent. Those of `script` stand in attributes, where our script fills in {braces}. */
import type { InEachLanguage } from '../../mail/language.ts';
import type { Piece } from '../pages/parts.ts';

const en = {
  reply: 'Reply',
  all: 'Reply to all',
  write: 'Write a message',
  title: { reply: 'Your reply', all: 'Your reply to all', new: 'New message' },
  protects: (name: string) => `It goes to ${name} over encrypted connections only. Replies to it come back here.`,
  toWhom: 'To',
  toHint: {
    known: 'Who has written to you here.',
    anyone: 'One or more addresses of the organisation, separated by commas.',
  },
  subject: 'Subject',
  text: 'Your message',
  textHint: 'Lines that begin with “- ” become a list, *words between asterisks* become bold.',
  quote: 'Put the message I am replying to below mine',
  files: 'Files',
  attach: 'Attach files',
  attachNow: 'Attach the chosen files',
  room: (total: string, left: string) => `Together up to ${total}; there is room for ${left}.`,
  noRoom: (total: string) => `Together up to ${total}; there is no room left. Remove a file to attach another.`,
  remove: (name: string) => `Remove ${name}`,
  removeShort: 'Remove',
  arrived: (stored: string, size: string) => `${stored} of ${size} have arrived. Choose the same file again to go on.`,
  ownCopies: {
    receipt: {
      label: 'Send me a receipt by email',
      hint: 'It says that your message was accepted, and holds nothing of it.',
    },
    whole: {
      label: 'Send me a copy by email',
      hint: 'All of it, with its files, over an encrypted connection or not at all.',
    },
  },
  send: 'Send',
  save: 'Save the draft',
  saved: (at: Piece): Piece => ['Saved on ', at, '.'],
  kept: (until: Piece): Piece => ['The draft is kept until ', until, '.'],
  discard: 'Delete this draft',
  discardWhy: 'Its text and its files are deleted.',
  back: 'Back to the message',
  problems: {
    empty: 'There is nothing to send yet. Write something, or attach a file.',
    nobody: 'There is nobody this could go to any more. Your text is still here: copy it, and ask in another way.',
    address: 'We can send only to addresses of the organisation that may be written to. Please look at “To” again.',
    incomplete: 'A file has not arrived completely. Choose it again to go on, or remove it.',
    full: 'The files are too large together, or too many. What did not fit was left out; everything else is still here. Send them in several messages, or make them smaller.',
    often: 'You have sent many messages in the last hour. Your text is saved: please send it a little later.',
    changed: 'A file came in or was removed at the same moment. Please look at the files and send again.',
    failed:
      'We could not accept your message just now. Nothing was sent, your text is saved. Please try again in a few minutes.',
    drafts: 'There are many drafts already. Send or delete one of them to begin another.',
  },
  sent: {
    title: 'Your message is on its way',
    line: (at: Piece): Piece => ['Sent on ', at],
    you: 'You',
    on: 'On its way',
    delivered: 'Delivered',
    delayed: 'Delayed: their mail system does not accept it at the moment. We keep trying, for days if need be.',
    failed: 'Could not be delivered. Please tell them in another way.',
    until: (moment: Piece): Piece => ['You can read it here until ', moment, '.'],
  },
  drafts: {
    title: 'Drafts',
    none: 'There are no drafts.',
    noText: '(no text yet)',
  },
  from: {
    lead: 'From which of your addresses?',
    choose: (address: string, name: string) => `${address} to ${name}`,
    none: 'Messages of your own can be written only to organisations that allow it. You can reply to the messages you received.',
  },
  lost: {
    title: 'You were signed out',
    lead: 'Nothing was sent. What you typed is below: copy it, open the link in the email you received, and paste it there.',
    text: 'What you typed',
  },
  script: {
    drop: 'You can drop files here too.',
    progress: '{done} of {size}',
    done: '{name} is attached.',
    waiting: 'The connection is lost. The transfer goes on by itself when it is back.',
    full: '{name} does not fit: there is room for {room}.',
    failed: '{name} could not be attached. Please choose it again.',
    saved: 'Draft saved.',
    unsaved: 'Not saved: the connection is lost, or you were signed out. Copy your text before you leave.',
    cancel: 'Stop',
  },
};

type Answer = typeof en;

const de: Answer = {
  reply: 'Antworten',
  all: 'Allen antworten',
  write: 'Nachricht schreiben',
  title: { reply: 'Ihre Antwort', all: 'Ihre Antwort an alle', new: 'Neue Nachricht' },
  protects: (name) =>
    `Sie geht nur über verschlüsselte Verbindungen an ${name}. Antworten darauf kommen hierher zurück.`,
  toWhom: 'An',
  toHint: {
    known: 'Wer Ihnen hier geschrieben hat.',
    anyone: 'Eine oder mehrere Adressen der Organisation, durch Kommas getrennt.',
  },
  subject: 'Betreff',
  text: 'Ihre Nachricht',
  textHint: 'Zeilen, die mit „- “ beginnen, werden eine Liste, *Wörter zwischen Sternchen* werden fett.',
  quote: 'Die Nachricht, auf die ich antworte, darunter setzen',
  files: 'Dateien',
  attach: 'Dateien anhängen',
  attachNow: 'Gewählte Dateien anhängen',
  room: (total, left) => `Zusammen bis ${total}; es ist noch Platz für ${left}.`,
  noRoom: (total) =>
    `Zusammen bis ${total}; es ist kein Platz mehr. Entfernen Sie eine Datei, um eine andere anzuhängen.`,
  remove: (name) => `${name} entfernen`,
  removeShort: 'Entfernen',
  arrived: (stored, size) =>
    `${stored} von ${size} sind angekommen. Wählen Sie dieselbe Datei noch einmal, dann geht es weiter.`,
  ownCopies: {
    receipt: {
      label: 'Mir eine Bestätigung per E-Mail schicken',
      hint: 'Darin steht, dass Ihre Nachricht angenommen wurde, und nichts von ihrem Inhalt.',
    },
    whole: {
      label: 'Mir eine Kopie per E-Mail schicken',
      hint: 'Alles samt Dateien, über eine verschlüsselte Verbindung oder gar nicht.',
    },
  },
  send: 'Senden',
  save: 'Entwurf speichern',
  saved: (at) => ['Gespeichert am ', at, '.'],
  kept: (until) => ['Der Entwurf bleibt bis zum ', until, ' erhalten.'],
  discard: 'Diesen Entwurf löschen',
  discardWhy: 'Sein Text und seine Dateien werden gelöscht.',
  back: 'Zurück zur Nachricht',
  problems: {
    empty: 'Es gibt noch nichts zu senden. Schreiben Sie etwas, oder hängen Sie eine Datei an.',
    nobody:
      'Es gibt niemanden mehr, an den das gehen könnte. Ihr Text ist noch da: Kopieren Sie ihn, und fragen Sie auf einem anderen Weg nach.',
    address:
      'Wir können nur an Adressen der Organisation senden, an die geschrieben werden darf. Bitte sehen Sie sich „An“ noch einmal an.',
    incomplete: 'Eine Datei ist nicht ganz angekommen. Wählen Sie sie noch einmal, oder entfernen Sie sie.',
    full: 'Die Dateien sind zusammen zu groß, oder es sind zu viele. Was nicht passte, wurde weggelassen; alles andere ist noch da. Senden Sie sie in mehreren Nachrichten, oder verkleinern Sie sie.',
    often:
      'Sie haben in der letzten Stunde viele Nachrichten gesendet. Ihr Text ist gespeichert: Bitte senden Sie ihn etwas später.',
    changed:
      'Im selben Augenblick kam eine Datei an oder wurde entfernt. Bitte sehen Sie die Dateien durch, und senden Sie noch einmal.',
    failed:
      'Wir konnten Ihre Nachricht gerade nicht annehmen. Nichts wurde gesendet, Ihr Text ist gespeichert. Bitte versuchen Sie es in einigen Minuten noch einmal.',
    drafts: 'Es gibt schon viele Entwürfe. Senden oder löschen Sie einen, um einen neuen zu beginnen.',
  },
  sent: {
    title: 'Ihre Nachricht ist unterwegs',
    line: (at) => ['Gesendet am ', at],
    you: 'Sie',
    on: 'Unterwegs',
    delivered: 'Zugestellt',
    delayed: 'Verzögert: Das Mailsystem dort nimmt sie gerade nicht an. Wir versuchen es weiter, wenn nötig tagelang.',
    failed: 'Konnte nicht zugestellt werden. Bitte sagen Sie es auf einem anderen Weg.',
    until: (moment) => ['Sie können sie hier bis zum ', moment, ' lesen.'],
  },
  drafts: {
    title: 'Entwürfe',
    none: 'Es gibt keine Entwürfe.',
    noText: '(noch kein Text)',
  },
  from: {
    lead: 'Von welcher Ihrer Adressen?',
    choose: (address, name) => `${address} an ${name}`,
    none: 'Eigene Nachrichten können Sie nur an Organisationen schreiben, die das erlauben. Auf Nachrichten, die Sie bekommen haben, können Sie antworten.',
  },
  lost: {
    title: 'Sie wurden abgemeldet',
    lead: 'Nichts wurde gesendet. Was Sie geschrieben haben, steht unten: Kopieren Sie es, öffnen Sie den Link in der E-Mail, die Sie erhalten haben, und fügen Sie es dort ein.',
    text: 'Was Sie geschrieben haben',
  },
  script: {
    drop: 'Sie können Dateien auch hierher ziehen.',
    progress: '{done} von {size}',
    done: '{name} ist angehängt.',
    waiting: 'Die Verbindung ist unterbrochen. Es geht von selbst weiter, sobald sie wieder da ist.',
    full: '{name} passt nicht: Es ist noch Platz für {room}.',
    failed: '{name} konnte nicht angehängt werden. Bitte wählen Sie die Datei noch einmal.',
    saved: 'Entwurf gespeichert.',
    unsaved:
      'Nicht gespeichert: Die Verbindung ist unterbrochen, oder Sie wurden abgemeldet. Kopieren Sie Ihren Text, bevor Sie gehen.',
    cancel: 'Anhalten',
  },
};

const fr: Answer = {
  reply: 'Répondre',
  all: 'Répondre à tous',
  write: 'Écrire un message',
  title: { reply: 'Votre réponse', all: 'Votre réponse à tous', new: 'Nouveau message' },
  protects: (name) =>
    `Votre message parvient à ${name} uniquement par des connexions chiffrées. Les réponses reviennent ici.`,
  toWhom: 'À',
  toHint: {
    known: 'Les personnes qui vous ont écrit ici.',
    anyone: 'Une ou plusieurs adresses de l’organisation, séparées par des virgules.',
  },
  subject: 'Objet',
  text: 'Votre message',
  textHint: 'Les lignes qui commencent par « - » deviennent une liste, les *mots entre astérisques* sont mis en gras.',
  quote: 'Placer sous mon message celui auquel je réponds',
  files: 'Fichiers',
  attach: 'Joindre des fichiers',
  attachNow: 'Joindre les fichiers choisis',
  room: (total, left) => `En tout ${total} au plus ; il reste de la place pour ${left}.`,
  noRoom: (total) => `En tout ${total} au plus ; il n’y a plus de place. Retirez un fichier pour en joindre un autre.`,
  remove: (name) => `Retirer ${name}`,
  removeShort: 'Retirer',
  arrived: (stored, size) =>
    `${stored} sur ${size} sont arrivés. Choisissez de nouveau le même fichier pour continuer.`,
  ownCopies: {
    receipt: {
      label: 'M’envoyer un accusé de réception par e-mail',
      hint: 'Il indique que votre message a été pris en charge et n’en contient rien.',
    },
    whole: {
      label: 'M’envoyer une copie par e-mail',
      hint: 'Tout, fichiers compris, par une connexion chiffrée ou pas du tout.',
    },
  },
  send: 'Envoyer',
  save: 'Enregistrer le brouillon',
  saved: (at) => ['Enregistré le ', at, '.'],
  kept: (until) => ['Le brouillon est conservé jusqu’au ', until, '.'],
  discard: 'Supprimer ce brouillon',
  discardWhy: 'Son texte et ses fichiers sont supprimés.',
  back: 'Retour au message',
  problems: {
    empty: 'Il n’y a encore rien à envoyer. Écrivez quelque chose, ou joignez un fichier.',
    nobody:
      'Il n’y a plus personne à qui cela puisse parvenir. Votre texte est toujours là : copiez-le et posez la question par un autre moyen.',
    address:
      'Nous ne pouvons envoyer qu’aux adresses de l’organisation auxquelles on peut écrire. Veuillez vérifier « À ».',
    incomplete: 'Un fichier n’est pas arrivé en entier. Choisissez-le de nouveau pour continuer, ou retirez-le.',
    full: 'Les fichiers sont trop volumineux au total, ou trop nombreux. Ce qui ne tenait pas a été laissé de côté ; tout le reste est encore là. Envoyez-les en plusieurs messages ou réduisez-les.',
    often:
      'Vous avez envoyé beaucoup de messages au cours de la dernière heure. Votre texte est enregistré : veuillez l’envoyer un peu plus tard.',
    changed:
      'Un fichier est arrivé ou a été retiré au même moment. Veuillez vérifier les fichiers et envoyer de nouveau.',
    failed:
      'Nous n’avons pas pu accepter votre message pour l’instant. Rien n’a été envoyé, votre texte est enregistré. Veuillez réessayer dans quelques minutes.',
    drafts: 'Il y a déjà beaucoup de brouillons. Envoyez-en ou supprimez-en un pour en commencer un autre.',
  },
  sent: {
    title: 'Votre message est en route',
    line: (at) => ['Envoyé le ', at],
    you: 'Vous',
    on: 'En route',
    delivered: 'Remis',
    delayed:
      'Retardé : leur système de messagerie ne l’accepte pas pour l’instant. Nous continuons d’essayer, pendant des jours s’il le faut.',
    failed: 'N’a pas pu être remis. Veuillez les prévenir d’une autre façon.',
    until: (moment) => ['Vous pouvez le lire ici jusqu’au ', moment, '.'],
  },
  drafts: {
    title: 'Brouillons',
    none: 'Il n’y a pas de brouillon.',
    noText: '(pas encore de texte)',
  },
  from: {
    lead: 'Depuis laquelle de vos adresses ?',
    choose: (address, name) => `${address} vers ${name}`,
    none: 'Vous ne pouvez écrire de nouveaux messages qu’aux organisations qui le permettent. Vous pouvez répondre aux messages que vous avez reçus.',
  },
  lost: {
    title: 'Votre session a été fermée',
    lead: 'Rien n’a été envoyé. Ce que vous avez écrit figure ci-dessous : copiez-le, ouvrez le lien de l’e-mail que vous avez reçu et collez-le là.',
    text: 'Ce que vous avez écrit',
  },
  script: {
    drop: 'Vous pouvez aussi déposer des fichiers ici.',
    progress: '{done} sur {size}',
    done: '{name} est joint.',
    waiting: 'La connexion est interrompue. L’envoi reprendra de lui-même dès son retour.',
    full: '{name} ne tient pas : il reste de la place pour {room}.',
    failed: '{name} n’a pas pu être joint. Veuillez le choisir de nouveau.',
    saved: 'Brouillon enregistré.',
    unsaved:
      'Non enregistré : la connexion est interrompue, ou votre session a été fermée. Copiez votre texte avant de partir.',
    cancel: 'Arrêter',
  },
};

const es: Answer = {
  reply: 'Responder',
  all: 'Responder a todos',
  write: 'Escribir un mensaje',
  title: { reply: 'Su respuesta', all: 'Su respuesta a todos', new: 'Mensaje nuevo' },
  protects: (name) => `Llega a ${name} solo por conexiones cifradas. Las respuestas vuelven aquí.`,
  toWhom: 'Para',
  toHint: {
    known: 'Quienes le han escrito aquí.',
    anyone: 'Una o varias direcciones de la organización, separadas por comas.',
  },
  subject: 'Asunto',
  text: 'Su mensaje',
  textHint: 'Las líneas que empiezan por «- » forman una lista, las *palabras entre asteriscos* van en negrita.',
  quote: 'Poner debajo del mío el mensaje al que respondo',
  files: 'Archivos',
  attach: 'Adjuntar archivos',
  attachNow: 'Adjuntar los archivos elegidos',
  room: (total, left) => `En total, hasta ${total}; queda sitio para ${left}.`,
  noRoom: (total) => `En total, hasta ${total}; no queda sitio. Quite un archivo para adjuntar otro.`,
  remove: (name) => `Quitar ${name}`,
  removeShort: 'Quitar',
  arrived: (stored, size) => `Han llegado ${stored} de ${size}. Elija otra vez el mismo archivo para continuar.`,
  ownCopies: {
    receipt: {
      label: 'Enviarme un acuse de recibo por correo',
      hint: 'Confirma que hemos recibido su mensaje y no incluye nada de su contenido.',
    },
    whole: {
      label: 'Enviarme una copia por correo',
      hint: 'Todo, con sus archivos, por una conexión cifrada o de ningún modo.',
    },
  },
  send: 'Enviar',
  save: 'Guardar el borrador',
  saved: (at) => ['Guardado el ', at, '.'],
  kept: (until) => ['El borrador se conserva hasta el ', until, '.'],
  discard: 'Borrar este borrador',
  discardWhy: 'Se borran su texto y sus archivos.',
  back: 'Volver al mensaje',
  problems: {
    empty: 'Todavía no hay nada que enviar. Escriba algo o adjunte un archivo.',
    nobody: 'Ya no hay nadie a quien pueda llegar. Su texto sigue aquí: cópielo y pregunte por otra vía.',
    address:
      'Solo podemos enviar a direcciones de la organización a las que se puede escribir. Revise «Para», por favor.',
    incomplete: 'Un archivo no ha llegado completo. Elíjalo otra vez para continuar, o quítelo.',
    full: 'Los archivos juntos son demasiado grandes, o son demasiados. Lo que no cabía se ha dejado fuera; todo lo demás sigue aquí. Envíelos en varios mensajes o redúzcalos.',
    often:
      'Ha enviado muchos mensajes en la última hora. Su texto está guardado: envíelo un poco más tarde, por favor.',
    changed: 'En ese mismo momento llegó o se quitó un archivo. Revise los archivos y envíe otra vez, por favor.',
    failed:
      'Ahora mismo no hemos podido recibir su mensaje. No se ha enviado nada y su texto está guardado. Inténtelo de nuevo dentro de unos minutos.',
    drafts: 'Ya hay muchos borradores. Envíe o borre uno para empezar otro.',
  },
  sent: {
    title: 'Su mensaje está en camino',
    line: (at) => ['Enviado el ', at],
    you: 'Usted',
    on: 'En camino',
    delivered: 'Entregado',
    delayed:
      'Con retraso: su sistema de correo no lo acepta en este momento. Seguimos intentándolo, durante días si hace falta.',
    failed: 'No se pudo entregar. Avíseles de otra manera, por favor.',
    until: (moment) => ['Puede leerlo aquí hasta el ', moment, '.'],
  },
  drafts: {
    title: 'Borradores',
    none: 'No hay borradores.',
    noText: '(todavía sin texto)',
  },
  from: {
    lead: '¿Desde cuál de sus direcciones?',
    choose: (address, name) => `${address} a ${name}`,
    none: 'Solo puede escribir mensajes nuevos a organizaciones que lo permiten. Puede responder a los mensajes que ha recibido.',
  },
  lost: {
    title: 'Se ha cerrado su sesión',
    lead: 'No se ha enviado nada. Lo que escribió está abajo: cópielo, abra el enlace del correo que recibió y péguelo allí.',
    text: 'Lo que escribió',
  },
  script: {
    drop: 'También puede soltar archivos aquí.',
    progress: '{done} de {size}',
    done: '{name} está adjunto.',
    waiting: 'Se ha perdido la conexión. El envío seguirá por sí solo cuando vuelva.',
    full: '{name} no cabe: queda sitio para {room}.',
    failed: 'No se pudo adjuntar {name}. Elíjalo otra vez, por favor.',
    saved: 'Borrador guardado.',
    unsaved: 'No guardado: se ha perdido la conexión o se ha cerrado su sesión. Copie su texto antes de salir.',
    cancel: 'Detener',
  },
};

const nl: Answer = {
  reply: 'Beantwoorden',
  all: 'Allen beantwoorden',
  write: 'Bericht schrijven',
  title: { reply: 'Uw antwoord', all: 'Uw antwoord aan allen', new: 'Nieuw bericht' },
  protects: (name) => `Het gaat alleen over versleutelde verbindingen naar ${name}. Antwoorden erop komen hier terug.`,
  toWhom: 'Aan',
  toHint: {
    known: 'De mensen die u hier hebben geschreven.',
    anyone: 'Een of meer adressen van de organisatie, gescheiden door komma’s.',
  },
  subject: 'Onderwerp',
  text: 'Uw bericht',
  textHint: 'Regels die met “- ” beginnen worden een lijst, *woorden tussen sterretjes* worden vet.',
  quote: 'Het bericht dat ik beantwoord onder het mijne zetten',
  files: 'Bestanden',
  attach: 'Bestanden bijvoegen',
  attachNow: 'De gekozen bestanden bijvoegen',
  room: (total, left) => `Samen hoogstens ${total}; er is ruimte voor ${left}.`,
  noRoom: (total) =>
    `Samen hoogstens ${total}; er is geen ruimte meer. Verwijder een bestand om een ander bij te voegen.`,
  remove: (name) => `${name} verwijderen`,
  removeShort: 'Verwijderen',
  arrived: (stored, size) => `${stored} van ${size} is aangekomen. Kies hetzelfde bestand opnieuw om verder te gaan.`,
  ownCopies: {
    receipt: {
      label: 'Mail mij een ontvangstbewijs',
      hint: 'Daarin staat dat uw bericht is aangenomen, en niets van de inhoud.',
    },
    whole: {
      label: 'Mail mij een kopie',
      hint: 'Alles, met de bestanden, via een versleutelde verbinding of helemaal niet.',
    },
  },
  send: 'Versturen',
  save: 'Concept bewaren',
  saved: (at) => ['Bewaard op ', at, '.'],
  kept: (until) => ['Het concept blijft bewaard tot ', until, '.'],
  discard: 'Dit concept verwijderen',
  discardWhy: 'De tekst en de bestanden worden verwijderd.',
  back: 'Terug naar het bericht',
  problems: {
    empty: 'Er is nog niets om te versturen. Schrijf iets, of voeg een bestand bij.',
    nobody:
      'Er is niemand meer aan wie dit kan gaan. Uw tekst staat er nog: kopieer hem, en vraag het op een andere manier.',
    address:
      'We kunnen alleen versturen naar adressen van de organisatie waaraan geschreven mag worden. Kijk nog eens naar “Aan”.',
    incomplete: 'Een bestand is niet volledig aangekomen. Kies het opnieuw om verder te gaan, of verwijder het.',
    full: 'De bestanden zijn samen te groot, of het zijn er te veel. Wat niet paste is weggelaten; al het andere staat er nog. Verstuur ze in meer berichten, of maak ze kleiner.',
    often: 'U hebt het afgelopen uur veel berichten verstuurd. Uw tekst is bewaard: verstuur hem wat later.',
    changed:
      'Op hetzelfde moment kwam er een bestand bij of werd er een verwijderd. Bekijk de bestanden en verstuur opnieuw.',
    failed:
      'We konden uw bericht zojuist niet aannemen. Er is niets verstuurd en uw tekst is bewaard. Probeer het over een paar minuten opnieuw.',
    drafts: 'Er zijn al veel concepten. Verstuur of verwijder er een om een nieuw te beginnen.',
  },
  sent: {
    title: 'Uw bericht is onderweg',
    line: (at) => ['Verstuurd op ', at],
    you: 'U',
    on: 'Onderweg',
    delivered: 'Bezorgd',
    delayed:
      'Vertraagd: het mailsysteem daar neemt het op dit moment niet aan. We blijven het proberen, zo nodig dagenlang.',
    failed: 'Kon niet worden bezorgd. Laat het hun op een andere manier weten.',
    until: (moment) => ['U kunt het hier lezen tot ', moment, '.'],
  },
  drafts: {
    title: 'Concepten',
    none: 'Er zijn geen concepten.',
    noText: '(nog geen tekst)',
  },
  from: {
    lead: 'Vanaf welk van uw adressen?',
    choose: (address, name) => `${address} aan ${name}`,
    none: 'Nieuwe berichten kunt u alleen schrijven aan organisaties die dat toestaan. Berichten die u kreeg kunt u beantwoorden.',
  },
  lost: {
    title: 'U bent afgemeld',
    lead: 'Er is niets verstuurd. Wat u typte staat hieronder: kopieer het, open de link in de e-mail die u kreeg, en plak het daar.',
    text: 'Wat u typte',
  },
  script: {
    drop: 'U kunt bestanden ook hierheen slepen.',
    progress: '{done} van {size}',
    done: '{name} is bijgevoegd.',
    waiting: 'De verbinding is weg. Het versturen gaat vanzelf verder als ze er weer is.',
    full: '{name} past niet: er is ruimte voor {room}.',
    failed: '{name} kon niet worden bijgevoegd. Kies het opnieuw.',
    saved: 'Concept bewaard.',
    unsaved: 'Niet bewaard: de verbinding is weg, of u bent afgemeld. Kopieer uw tekst voordat u weggaat.',
    cancel: 'Stoppen',
  },
};

export const answer: InEachLanguage<Answer> = { en, de, fr, es, nl };
