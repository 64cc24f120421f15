/** Words of the letter with a code. */
import type { InEachLanguage } from '../language.ts';

const en = {
  title: (who: string) => `Your code for the message from ${who}`,
  opening: (who: string) =>
    `Type this code on the page where you asked for it. It opens the protected message from ${who}.`,
  before: 'Before you type it',
  valid: (minutes: number) => `It works once and for ${minutes} minutes. A newer code replaces it.`,
  long: (minutes: number) =>
    `Codes were asked for so often within an hour that this one is longer. It works once and for ${minutes} minutes, in any browser.`,
  only: (host: string, name: string) =>
    `Type it only on a page of ${host}. Nobody from ${name} will ever ask you to tell it to them.`,
  notYou: 'You did not ask for a code?',
  asked: (at: string, network: string, who: string) =>
    `It was asked for on ${at} from the network address ${network}, by someone who has the link we sent you. Without the code the link opens nothing, so you need do nothing. Do not pass the code on. If this happens again, tell ${who}.`,
};

type Code = typeof en;

const de: Code = {
  title: (who) => `Ihr Code für die Nachricht von ${who}`,
  opening: (who) =>
    `Geben Sie diesen Code auf der Seite ein, auf der Sie ihn angefordert haben. Er öffnet die geschützte Nachricht von ${who}.`,
  before: 'Bevor Sie ihn eingeben',
  valid: (minutes) => `Er gilt einmal und ${minutes} Minuten lang. Ein neuerer Code ersetzt ihn.`,
  long: (minutes) =>
    `In einer Stunde wurden so oft Codes angefordert, dass dieser länger ist. Er gilt einmal und ${minutes} Minuten lang, in jedem Browser.`,
  only: (host, name) =>
    `Geben Sie ihn nur auf einer Seite von ${host} ein. Niemand von ${name} wird Sie je bitten, ihn mitzuteilen.`,
  notYou: 'Sie haben keinen Code angefordert?',
  asked: (at, network, who) =>
    `Er wurde am ${at} von der Netzwerkadresse ${network} angefordert, von jemandem, der den Link hat, den wir Ihnen geschickt haben. Ohne den Code öffnet der Link nichts, Sie müssen also nichts tun. Geben Sie den Code nicht weiter. Geschieht das wieder, sagen Sie es ${who}.`,
};

const fr: Code = {
  title: (who) => `Votre code pour le message de ${who}`,
  opening: (who) => `Saisissez ce code sur la page où vous l’avez demandé. Il ouvre le message protégé de ${who}.`,
  before: 'Avant de le saisir',
  valid: (minutes) => `Il est valable une seule fois, pendant ${minutes} minutes. Un code plus récent le remplace.`,
  long: (minutes) =>
    `Des codes ont été demandés si souvent en une heure que celui-ci est plus long. Il est valable une seule fois, pendant ${minutes} minutes, dans n’importe quel navigateur.`,
  only: (host, name) =>
    `Ne le saisissez que sur une page de ${host}. Personne de ${name} ne vous demandera jamais de le communiquer.`,
  notYou: 'Vous n’avez pas demandé de code ?',
  asked: (at, network, who) =>
    `Il a été demandé le ${at} depuis l’adresse réseau ${network}, par quelqu’un qui a le lien que nous vous avons envoyé. Sans le code, le lien n’ouvre rien : vous n’avez donc rien à faire. Ne transmettez pas le code. Si cela se reproduit, dites-le à ${who}.`,
};

const es: Code = {
  title: (who) => `Su código para el mensaje de ${who}`,
  opening: (who) => `Escriba este código en la página en la que lo pidió. Abre el mensaje protegido de ${who}.`,
  before: 'Antes de escribirlo',
  valid: (minutes) => `Sirve una sola vez y durante ${minutes} minutos. Un código más reciente lo sustituye.`,
  long: (minutes) =>
    `En una hora se pidieron tantos códigos que este es más largo. Sirve una sola vez y durante ${minutes} minutos, en cualquier navegador.`,
  only: (host, name) => `Escríbalo solo en una página de ${host}. Nadie de ${name} le pedirá nunca que se lo diga.`,
  notYou: '¿No pidió ningún código?',
  asked: (at, network, who) =>
    `Se pidió el ${at} desde la dirección de red ${network}, por alguien que tiene el enlace que le enviamos. Sin el código el enlace no abre nada, así que no tiene que hacer nada. No dé el código a nadie. Si vuelve a ocurrir, dígaselo a ${who}.`,
};

const nl: Code = {
  title: (who) => `Uw code voor het bericht van ${who}`,
  opening: (who) =>
    `Typ deze code op de pagina waar u hem hebt aangevraagd. Hij opent het beveiligde bericht van ${who}.`,
  before: 'Voordat u hem typt',
  valid: (minutes) => `Hij werkt één keer en ${minutes} minuten lang. Een nieuwere code vervangt hem.`,
  long: (minutes) =>
    `Er zijn binnen een uur zo vaak codes aangevraagd dat deze langer is. Hij werkt één keer en ${minutes} minuten lang, in elke browser.`,
  only: (host, name) =>
    `Typ hem alleen op een pagina van ${host}. Niemand van ${name} zal u ooit vragen hem door te geven.`,
  notYou: 'Hebt u geen code aangevraagd?',
  asked: (at, network, who) =>
    `Hij is aangevraagd op ${at} vanaf netwerkadres ${network}, door iemand die de link heeft die wij u hebben gemaild. Zonder de code opent de link niets, u hoeft dus niets te doen. Geef de code niet door. Gebeurt dit vaker, meld het dan aan ${who}.`,
};

export const code: InEachLanguage<Code> = { en, de, fr, es, nl };
