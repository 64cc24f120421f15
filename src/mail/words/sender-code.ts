/** Words of the code for the page of a message one has sent. */
import type { InEachLanguage } from '../language.ts';

type SenderCode = { readonly title: string; readonly opening: string; readonly notYou: string };

export const senderCode: InEachLanguage<SenderCode> = {
  en: {
    title: 'Your code for the page of your message',
    opening: 'Type this code on the page where you asked for it. It shows what became of a protected message you sent.',
    notYou:
      'It was asked for by someone who has the link to that page. Without the code the page shows nothing, so you need do nothing. Do not pass the code on.',
  },
  de: {
    title: 'Ihr Code für die Seite Ihrer Nachricht',
    opening:
      'Geben Sie diesen Code auf der Seite ein, auf der Sie ihn angefordert haben. Sie zeigt, was aus einer geschützten Nachricht von Ihnen wurde.',
    notYou:
      'Er wurde von jemandem angefordert, der den Link zu dieser Seite hat. Ohne den Code zeigt sie nichts, Sie müssen also nichts tun. Geben Sie den Code nicht weiter.',
  },
  fr: {
    title: 'Votre code pour la page de votre message',
    opening:
      'Saisissez ce code sur la page où vous l’avez demandé. Elle montre ce qu’est devenu un message protégé que vous avez envoyé.',
    notYou:
      'Il a été demandé par quelqu’un qui a le lien vers cette page. Sans le code, elle ne montre rien : vous n’avez donc rien à faire. Ne transmettez pas le code.',
  },
  es: {
    title: 'Su código para la página de su mensaje',
    opening:
      'Escriba este código en la página en la que lo pidió. Muestra qué ha sido de un mensaje protegido que usted envió.',
    notYou:
      'Lo pidió alguien que tiene el enlace a esa página. Sin el código no muestra nada, así que no tiene que hacer nada. No dé el código a nadie.',
  },
  nl: {
    title: 'Uw code voor de pagina van uw bericht',
    opening:
      'Typ deze code op de pagina waar u erom vroeg. Die laat zien wat er is geworden van een beveiligd bericht dat u hebt gestuurd.',
    notYou:
      'Hij is aangevraagd door iemand die de link naar die pagina heeft. Zonder de code laat de pagina niets zien, u hoeft dus niets te doen. Geef de code niet door.',
  },
};
