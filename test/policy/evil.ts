/** Patterns on which engines that backtrack take exponential or quadratic time, and texts that make them. */

/** All are RE2; none matches its text. */
export const evilPatterns: readonly string[] = String.raw`
^(a+)+$
^(a*)*$
^(a|a)*$
^(a|aa)+$
^(a|a?)+$
^(a+)*$
^((a+)+)+$
^(a{1,5})+$
^(.*a){10}$
^(?:a?){30}a{30}$
^(aa*)+$
^(a*a*)*$
^a*a*a*a*a*a*$
^(a+a+)+$
^(a?a?a?)*$
^(?i:(A+)+)$
^([a-z]+)*$
^(\w+\s?)*$
^([a-z]*)*b$
(a+)+b
(.*)*b
(a|aa)*b
(.*.*)*=b
.*.*.*=.*
(x+x+)+y
^(([a-z])+.)+[A-Z]([a-z])+$
^(\w*)*@$
^([\w.]+)+@
(\w+)*\d
([^@]+)*@
(a?){50}b
(.+)+;
(.+)*;
^(\pL+)+$
^(\pL|\w)*$
(?:\w|[a-z])*:
(?s)(.*)+;
(?m)^(\w+)+$;
(?U)(a+)+$;
(\S+)*\s
(\S*)*;
\s*$x
(\w+\s*)+:
((a*)*)*b
(((a+)+)+)+b
(a+|b+|c+)*d
(?:(?:a|b)|(?:a|b))*c
a[^b]*b
(a|b|ab)*c
(a+?)+?b
`
  .trim()
  .split('\n');

/** 100 kB of what the pattern likes, and an end it does not. */
export function evilText(pattern: string): string {
  return `${(pattern.includes('x+x+') ? 'x' : 'a').repeat(100_000)}!`;
}
