/** Words of the code for the page of a message one has sent. */
import type { InEachLanguage } from '../language.ts';

type SenderCode = { readonly title: string; readonly opening: string };

export const senderCode: InEachLanguage<SenderCode> = {
  en: {
    title: 'Your code for the page of your message',
    opening: 'Type this code on the page where you asked for it. It shows what became of a protected message you sent.',
  },
  de: {
    title: 'Ihr Code für die Seite Ihrer Nachricht',
    opening:
      'Geben Sie diesen Code auf der Seite ein, auf der Sie ihn angefordert haben. Sie zeigt, was aus einer geschützten Nachricht von Ihnen wurde.',
  },
  fr: {
    title: 'Votre code pour la page de votre message',
    opening:
      'Saisissez ce code sur la page où vous l’avez demandé. Elle montre ce qu’est devenu un message protégé que vous avez envoyé.',
  },
  es: {
    title: 'Su código para la página de su mensaje',
    opening:
      'Escriba este código en la página en la que lo pidió. Muestra qué ha sido de un mensaje protegido que usted envió.',
  },
  nl: {
    title: 'Uw code voor de pagina van uw bericht',
    opening:
      'Typ deze code op de pagina waar u erom vroeg. Die laat zien wat er is geworden van een beveiligd bericht dat u hebt gestuurd.',
  },
};
