/**
 * What common passwords are made of: the words and runs that stand in most of them, in lower case and without the digits and signs people put in for
 * letters. password.ts takes them out of a password and looks at what is left, which catches their combinations as no list of whole passwords could.
 */

// Longest first, so that "password" goes before "pass".
export const common: readonly string[] =
  `administrator manchesterunited unbelievable motherfucker basketball internet microsoft liverpool
  passwort passwords password motdepasse contrasena contraseña wachtwoord kennwort geheim secret letmein welcome willkommen bienvenue bienvenido
  welkom iloveyou ichliebedich jetaime tequiero houjevanmij trustno changeme newpassword default computer football baseball
  superman spiderman batman pokemon starwars princess sunshine butterfly chocolate cheese banana cookie flower summer winter spring autumn
  sommer winter herbst fruhling printemps verano invierno zomer monday friday sunday january february march april may june july august september october
  november december charlie jordan michael michelle jennifer jessica daniel andrew anthony joshua matthew robert thomas ashley nicole amanda
  hannah sophie maria martin alexander stefan andreas christian sabrina claudia master monkey dragon shadow tigger killer hunter ranger buster
  soccer hockey tennis golfer guitar pepper ginger maggie bailey cowboy yankees eagles steelers arsenal chelsea barcelona bayern borussia schalke
  juventus realmadrid freedom whatever nothing hello hallo bonjour hola goodluck loveme lovely angel heaven jesus christ mustang corvette ferrari
  porsche mercedes harley matrix phoenix diamond silver golden orange purple yellow green black white admin login access system server
  office outlook google gmail yahoo facebook linkedin samsung iphone android apple windows linux oracle cisco company firma france deutschland england
  london paris berlin madrid amsterdam america abc qwerty qwertz azerty asdf asdfgh zxcvbn yxcvbn poiuyt qazwsx wsx edc rfv 1q2w3e 1qaz2wsx pass user test love
  zaq xsw cde please thanks family friends friend baby daddy mommy sweet happy money music dance school house garden`
    .split(/\s+/)
    .toSorted((a, b) => b.length - a.length);

/** What people put in for letters. */
export const standIns: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
  '€': 'e',
};
