/**
 * The two enclosed forms of header syntax: comments and quoted strings (RFC 5322 sections 3.2.2 and 3.2.4). Both readers start
 * after the opening character and are linear; without a closing one they take the rest.
 */

/** `text` without the enclosing characters and escapes; `end` is the offset after the closing character. */
export type Enclosed = { readonly text: string; readonly end: number; readonly closed: boolean };

export function readQuoted(octets: string, from: number): Enclosed {
  const stop = /["\\]/g;
  const pieces: string[] = [];
  for (let at = from; ; ) {
    stop.lastIndex = at;
    const found = stop.exec(octets)?.index ?? octets.length;
    pieces.push(octets.slice(at, found));
    if (octets[found] !== '\\') {
      const text = pieces.join('').replaceAll(/\r?\n/g, '');
      return { text, end: Math.min(found + 1, octets.length), closed: found < octets.length };
    }
    pieces.push(octets.slice(found + 1, found + 2));
    at = found + 2;
  }
}

/** Comments nest; the inner parentheses stay in the text. */
export function readComment(octets: string, from: number): Enclosed {
  const stop = /[()\\]/g;
  const pieces: string[] = [];
  let depth = 1;
  for (let at = from; ; ) {
    stop.lastIndex = at;
    const found = stop.exec(octets)?.index ?? octets.length;
    pieces.push(octets.slice(at, found));
    const character = octets[found];
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === undefined || depth === 0) {
      return { text: pieces.join('').trim(), end: Math.min(found + 1, octets.length), closed: depth === 0 };
    }
    pieces.push(character === '\\' ? octets.slice(found + 1, found + 2) : character);
    at = found + (character === '\\' ? 2 : 1);
  }
}
