/** Words around every page: the head, the foot, help, and small words that many pages share. */
import type { InEachLanguage } from '../../mail/language.ts';
import type { Piece } from '../pages/parts.ts';

const en = {
  secureMail: 'Secure mail',
  skip: 'Skip to the content',
  home: 'Secure mail, start page',
  language: 'Language',
  privacy: 'Nothing on these pages comes from elsewhere, and nobody is followed.',
  help: 'Help',
  helpBy: (ways: Piece) => ['Questions? ', ways],
  phrase: 'Our phrase',
  phraseHint: 'Our phrase also stands in our emails: if it is missing or different there, somebody else wrote.',
  account: 'Your sign-in',
  signOut: 'Sign out',
  back: 'Back',
  cancel: 'Cancel',
  problemTitle: (title: string) => `Please look again – ${title}`,
};

type Frame = typeof en;

const de: Frame = {
  secureMail: 'Sichere Mail',
  skip: 'Zum Inhalt springen',
  home: 'Sichere Mail, Startseite',
  language: 'Sprache',
  privacy: 'Auf diesen Seiten wird nichts von anderswo geladen und niemand verfolgt.',
  help: 'Hilfe',
  helpBy: (ways) => ['Fragen? ', ways],
  phrase: 'Unser Erkennungssatz',
  phraseHint:
    'Unser Erkennungssatz steht auch in unseren E-Mails: Fehlt er dort oder lautet er anders, hat jemand anderes geschrieben.',
  account: 'Ihre Anmeldung',
  signOut: 'Abmelden',
  back: 'Zurück',
  cancel: 'Abbrechen',
  problemTitle: (title) => `Bitte prüfen – ${title}`,
};

const fr: Frame = {
  secureMail: 'Messagerie sécurisée',
  skip: 'Aller au contenu',
  home: 'Messagerie sécurisée, page d’accueil',
  language: 'Langue',
  privacy: 'Rien sur ces pages ne vient d’ailleurs et personne n’est suivi.',
  help: 'Aide',
  helpBy: (ways) => ['Une question ? ', ways],
  phrase: 'Notre phrase',
  phraseHint: 'Notre phrase figure aussi dans nos e-mails : si elle y manque ou diffère, quelqu’un d’autre a écrit.',
  account: 'Votre connexion',
  signOut: 'Se déconnecter',
  back: 'Retour',
  cancel: 'Annuler',
  problemTitle: (title) => `À vérifier – ${title}`,
};

const es: Frame = {
  secureMail: 'Correo seguro',
  skip: 'Ir al contenido',
  home: 'Correo seguro, página de inicio',
  language: 'Idioma',
  privacy: 'Nada de estas páginas viene de otro sitio y no se hace seguimiento de nadie.',
  help: 'Ayuda',
  helpBy: (ways) => ['¿Preguntas? ', ways],
  phrase: 'Nuestra frase',
  phraseHint:
    'Nuestra frase figura también en nuestros correos: si allí falta o es distinta, lo escribió otra persona.',
  account: 'Su acceso',
  signOut: 'Cerrar sesión',
  back: 'Volver',
  cancel: 'Cancelar',
  problemTitle: (title) => `Revise, por favor – ${title}`,
};

const nl: Frame = {
  secureMail: 'Beveiligde mail',
  skip: 'Naar de inhoud',
  home: 'Beveiligde mail, startpagina',
  language: 'Taal',
  privacy: 'Op deze pagina’s wordt niets van elders geladen en niemand gevolgd.',
  help: 'Hulp',
  helpBy: (ways) => ['Vragen? ', ways],
  phrase: 'Onze herkenningszin',
  phraseHint:
    'Onze herkenningszin staat ook in onze e-mails: ontbreekt hij daar of luidt hij anders, dan heeft iemand anders geschreven.',
  account: 'Uw aanmelding',
  signOut: 'Afmelden',
  back: 'Terug',
  cancel: 'Annuleren',
  problemTitle: (title) => `Kijk nog even – ${title}`,
};

export const frame: InEachLanguage<Frame> = { en, de, fr, es, nl };
