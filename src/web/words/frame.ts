/** Words around every page: the head, the foot, help, and small words that many pages share. */
import type { InEachLanguage } from '../../mail/language.ts';
import type { Piece } from '../pages/parts.ts';

const en = {
  secureMail: 'Secure mail',
  skip: 'Skip to the content',
  language: 'Language',
  privacy: 'These pages load nothing from elsewhere unless you ask for it, and nobody is tracked.',
  helpBy: (ways: Piece) => ['Questions? ', ways],
  phrase: 'Our phrase',
  phraseHint: 'Our phrase also stands in our emails: if it is missing or different there, the email is not from us.',
  account: 'Your access',
  signOut: 'Sign out',
  back: 'Back',
  cancel: 'Cancel',
  problemTitle: (title: string) => `Please look again – ${title}`,
};

type Frame = typeof en;

const de: Frame = {
  secureMail: 'Sichere Mail',
  skip: 'Zum Inhalt springen',
  language: 'Sprache',
  privacy: 'Diese Seiten laden nichts von anderswo, außer wenn Sie es wünschen, und beobachten niemanden.',
  helpBy: (ways) => ['Fragen? ', ways],
  phrase: 'Unser Erkennungssatz',
  phraseHint:
    'Unser Erkennungssatz steht auch in unseren E-Mails: Fehlt er dort oder lautet er anders, ist die E-Mail nicht von uns.',
  account: 'Ihr Zugang',
  signOut: 'Abmelden',
  back: 'Zurück',
  cancel: 'Abbrechen',
  problemTitle: (title) => `Bitte prüfen – ${title}`,
};

const fr: Frame = {
  secureMail: 'Messagerie sécurisée',
  skip: 'Aller au contenu',
  language: 'Langue',
  privacy: 'Sans demande de votre part, ces pages ne chargent rien d’ailleurs, et personne n’est pisté.',
  helpBy: (ways) => ['Une question ? ', ways],
  phrase: 'Notre phrase repère',
  phraseHint:
    'Notre phrase repère figure aussi dans nos e-mails : si elle y manque ou diffère, l’e-mail n’est pas de nous.',
  account: 'Votre accès',
  signOut: 'Se déconnecter',
  back: 'Retour',
  cancel: 'Annuler',
  problemTitle: (title) => `À vérifier – ${title}`,
};

const es: Frame = {
  secureMail: 'Correo seguro',
  skip: 'Ir al contenido',
  language: 'Idioma',
  privacy: 'Estas páginas no cargan nada de otros sitios si usted no lo pide, y no rastrean a nadie.',
  helpBy: (ways) => ['¿Preguntas? ', ways],
  phrase: 'Nuestra frase de reconocimiento',
  phraseHint:
    'Nuestra frase de reconocimiento figura también en nuestros correos: si allí falta o es distinta, el correo no es nuestro.',
  account: 'Su acceso',
  signOut: 'Cerrar sesión',
  back: 'Volver',
  cancel: 'Cancelar',
  problemTitle: (title) => `Revise, por favor – ${title}`,
};

const nl: Frame = {
  secureMail: 'Beveiligde mail',
  skip: 'Naar de inhoud',
  language: 'Taal',
  privacy: 'Deze pagina’s laden niets van elders tenzij u daarom vraagt, en niemand wordt gevolgd.',
  helpBy: (ways) => ['Vragen? ', ways],
  phrase: 'Onze herkenningszin',
  phraseHint:
    'Onze herkenningszin staat ook in onze e-mails: ontbreekt hij daar of luidt hij anders, dan is de e-mail niet van ons.',
  account: 'Uw toegang',
  signOut: 'Afmelden',
  back: 'Terug',
  cancel: 'Annuleren',
  problemTitle: (title) => `Kijk nog even – ${title}`,
};

export const frame: InEachLanguage<Frame> = { en, de, fr, es, nl };
