/**
 * The text of RTF while it streams by. Hidden text counts like any other; what a reader never sees as text (fonts, colours, pictures, data) is
 * left out, and destinations of unknown kind are told apart. Files inside come out as octets.
 *
 * Standards: Rich Text Format 1.9.1.
 * Limits: revisions and alternatives all count.
 */
import { decodeCharset } from '../../mail/text.ts';
import type { OctetReader } from './charset.ts';
import type { TextWriter } from './pieces.ts';

/** Destinations without text. */
const skipped = new Set(
  (
    'colortbl stylesheet pict themedata colorschememapping datastore latentstyles listtable listoverridetable rsidtbl generator blipuid ' +
    'panose falt datafield filetbl revtbl xmlnstbl mmathPr wgrffmtfilter pgptbl objclass objname fontemb fontfile bkmkstart bkmkend'
  ).split(' '),
);
const signs: ReadonlyMap<string, string> = new Map([
  ['par', '\n'],
  ['line', '\n'],
  ['row', '\n'],
  ['sect', '\n'],
  ['page', '\n'],
  ['tab', '\t'],
  ['cell', '\t'],
  ['nestcell', '\t'],
  ['nestrow', '\n'],
  ['emdash', '\u2014'],
  ['endash', '\u2013'],
  ['lquote', '\u2018'],
  ['rquote', '\u2019'],
  ['ldblquote', '\u201c'],
  ['rdblquote', '\u201d'],
  ['bullet', '\u2022'],
  ['emspace', ' '],
  ['enspace', ' '],
]);
const codePages: ReadonlyMap<number, string> = new Map([
  [77, 'macintosh'],
  [128, 'shift_jis'],
  [129, 'euc-kr'],
  [134, 'gbk'],
  [136, 'big5'],
  [161, 'windows-1253'],
  [162, 'windows-1254'],
  [163, 'windows-1258'],
  [177, 'windows-1255'],
  [178, 'windows-1256'],
  [186, 'windows-1257'],
  [204, 'windows-1251'],
  [222, 'windows-874'],
  [238, 'windows-1250'],
]);
const mostDepth = 10_000;
const mostFonts = 10_000;
const longestWord = 32;
const pendingLength = 65_536;

type Group = {
  readonly into: 'shown' | 'beside' | 'fonts' | 'object' | 'nothing';
  /** Characters after \u that stand in for it. */
  readonly fallback: number;
  readonly font: number;
};

export type RtfOutput = {
  readonly shown: TextWriter;
  readonly beside: TextWriter;
  /** The octets of an embedded file, in order; null after its last. */
  readonly object: (octets: Buffer | null) => void;
};

/** Reads RTF. Ends both writers. */
export class Rtf implements OctetReader {
  readonly #out: RtfOutput;
  #group: Group = { into: 'shown', fallback: 1, font: -1 };
  #outer: Group[] = [];
  /** Groups that are open beyond `mostDepth`. */
  #beyond = 0;
  #charset = 'windows-1252';
  readonly #fontCharsets = new Map<number, string>();
  /** Of a control word, from its backslash on; null outside. */
  #word: string | null = null;
  /** The group began with \*, which marks what may be skipped. */
  #optional = false;
  /** Text in octets that are not decoded yet. */
  readonly #pending = Buffer.alloc(pendingLength);
  #pendingLength = 0;
  #skip = 0;
  #binary = 0;
  #hexDigit = -1;

  constructor(out: RtfOutput) {
    this.#out = out;
  }

  push(octets: Buffer): void {
    for (let at = 0; at < octets.length; at += 1) {
      if (this.#binary > 0) {
        const skipped = Math.min(this.#binary, octets.length - at);
        this.#binary -= skipped;
        at += skipped - 1;
      } else {
        this.#take(octets[at] ?? 0);
      }
    }
  }

  end(): void {
    if (this.#word !== null) this.#endWord(this.#word);
    this.#flush();
    this.#out.object(null);
    this.#out.shown.end();
    this.#out.beside.end();
  }

  #take(octet: number): void {
    if (this.#word !== null && this.#inWord(this.#word, octet)) return;
    if (octet === 0x5c) this.#word = '\\';
    else if (octet === 0x7b) this.#open();
    else if (octet === 0x7d) this.#close();
    else if (octet !== 0x0d && octet !== 0x0a && octet !== 0) this.#octet(octet);
  }

  /** Continues a control word; false when the octet is not part of it and is to be read again. */
  #inWord(word: string, octet: number): boolean {
    const length = word.length;
    if (length === 1) {
      this.#word = isLetter(octet) || octet === 0x27 ? word + String.fromCharCode(octet) : null;
      if (this.#word === null) this.#symbol(String.fromCharCode(octet));
      return true;
    }
    if (word.charCodeAt(1) === 0x27) {
      this.#word = length === 2 ? word + String.fromCharCode(octet) : null;
      const value = length === 2 ? Number.NaN : Number.parseInt(word.slice(2) + String.fromCharCode(octet), 16);
      if (!Number.isNaN(value)) this.#octet(value);
      return true;
    }
    const afterLetter = isLetter(word.charCodeAt(length - 1));
    const goesOn = isDigit(octet) || (afterLetter && (isLetter(octet) || octet === 0x2d));
    if (goesOn && length < longestWord) {
      this.#word = word + String.fromCharCode(octet);
      return true;
    }
    this.#word = null;
    this.#endWord(word);
    // A space ends the word and belongs to it.
    return octet === 0x20;
  }

  #symbol(character: string): void {
    if (character === '*') this.#optional = true;
    else if (character === '~') this.#text(' ');
    else if (character === '_') this.#text('-');
    else if (character === '\n' || character === '\r') this.#text('\n');
    else if (character === '\\' || character === '{' || character === '}') this.#octet(character.charCodeAt(0));
  }

  #endWord(word: string): void {
    const [, name = '', digits = ''] = /^\\([a-zA-Z]+)(-?\d*)/.exec(word) ?? [];
    const value = digits === '' || digits === '-' ? null : Number(digits);
    const optional = this.#optional;
    this.#optional = false;
    const sign = signs.get(name);
    if (sign !== undefined) this.#text(sign);
    else if (name === 'u' && value !== null) this.#unicode(value);
    else if (name === 'bin') this.#binary = Math.max(0, value ?? 0);
    else if (name === 'ansicpg' && value !== null) this.#charset = value === 65001 ? 'utf-8' : `windows-${value}`;
    else if (name === 'mac') this.#charset = 'macintosh';
    else if (name === 'uc') this.#change({ fallback: Math.max(0, value ?? 1) });
    else if (name === 'f' && value !== null) this.#change({ font: value });
    else if (name === 'plain') this.#change({ font: -1 });
    else if (name === 'fcharset') this.#fontCharset(value ?? 0);
    else if (name === 'fonttbl') this.#change({ into: 'fonts' });
    else if (name === 'objdata') this.#change({ into: 'object' });
    else if (skipped.has(name)) this.#change({ into: 'nothing' });
    else if (optional && this.#group.into === 'shown' && name !== 'fldinst') this.#change({ into: 'beside' });
  }

  #fontCharset(value: number): void {
    const charset = codePages.get(value);
    if (this.#group.into === 'fonts' && charset !== undefined && this.#fontCharsets.size < mostFonts) {
      this.#fontCharsets.set(this.#group.font, charset);
    }
  }

  #change(change: Partial<Group>): void {
    this.#flush();
    this.#group = { ...this.#group, ...change };
  }

  #open(): void {
    this.#flush();
    this.#skip = 0;
    if (this.#outer.length < mostDepth) this.#outer.push(this.#group);
    else this.#beyond += 1;
  }

  #close(): void {
    this.#flush();
    this.#skip = 0;
    this.#optional = false;
    if (this.#beyond > 0) {
      this.#beyond -= 1;
      return;
    }
    const { into } = this.#group;
    this.#group = this.#outer.pop() ?? this.#group;
    if (into === 'object' && this.#group.into !== 'object') this.#out.object(null);
    if (into === 'beside' && this.#group.into !== 'beside') this.#out.beside.write('\n');
  }

  /** A character of text, as an octet of the font's code page. */
  #octet(octet: number): void {
    if (this.#skip > 0) {
      this.#skip -= 1;
      return;
    }
    if (this.#group.into === 'object') {
      this.#objectDigit(octet);
      return;
    }
    if (this.#group.into === 'nothing' || this.#group.into === 'fonts') return;
    if (this.#pendingLength === pendingLength) this.#flush();
    this.#pending[this.#pendingLength++] = octet;
  }

  #objectDigit(octet: number): void {
    const digit = Number.parseInt(String.fromCharCode(octet), 16);
    if (Number.isNaN(digit)) return;
    if (this.#hexDigit === -1) {
      this.#hexDigit = digit;
      return;
    }
    if (this.#pendingLength === pendingLength) this.#flush();
    this.#pending[this.#pendingLength++] = this.#hexDigit * 16 + digit;
    this.#hexDigit = -1;
  }

  #unicode(value: number): void {
    this.#text(String.fromCharCode(value & 0xffff));
    this.#skip = this.#group.fallback;
  }

  #text(text: string): void {
    this.#flush();
    if (this.#group.into === 'shown') this.#out.shown.write(text);
    else if (this.#group.into === 'beside') this.#out.beside.write(text);
  }

  #flush(): void {
    if (this.#pendingLength === 0) return;
    const octets = this.#pending.subarray(0, this.#pendingLength);
    this.#pendingLength = 0;
    if (this.#group.into === 'object') {
      this.#out.object(Buffer.from(octets));
      return;
    }
    const charset = this.#fontCharsets.get(this.#group.font) ?? this.#charset;
    const text = decodeCharset(octets, charset);
    if (this.#group.into === 'beside') this.#out.beside.write(text);
    else this.#out.shown.write(text);
  }
}

function isLetter(octet: number): boolean {
  return (octet >= 0x61 && octet <= 0x7a) || (octet >= 0x41 && octet <= 0x5a);
}

function isDigit(octet: number): boolean {
  return octet >= 0x30 && octet <= 0x39;
}
