/**
 * Worksheets of OOXML: a row is a line and its cells are set apart by tabs, empty ones too, so that a number stands beside its heading or below
 * it. Cells name their strings by number (`readStrings`) and mark dates by their style (`readDateStyles`).
 *
 * Limits: dates count from 1900; strings over 16 million characters in all are told once, apart from their cells. Phonetic guides count as text.
 */
import { Markup } from './markup.ts';
import { localName } from './office-text.ts';
import { endingTogether, type TextWriter } from './pieces.ts';

/** What a cell may refer to. `told` marks the strings that a cell showed. */
export type Workbook = { strings: string[]; readonly told: Set<number>; readonly dates: Set<number> };

const mostCharacters = 16_777_216;
/** Empty cells between two others that are told as such. */
const mostLeftOut = 100;

/** Reads the table of strings. */
export function readStrings(book: Workbook, overflow: TextWriter): TextWriter {
  let characters = 0;
  let pieces: string[] = [];
  let inText = false;
  return new Markup(
    {
      open: () => undefined,
      opened: (name, selfClosing) => {
        if (localName(name) === 't') inText = !selfClosing;
      },
      close: (name) => {
        const local = localName(name);
        if (local === 't') inText = false;
        if (local !== 'si') return;
        const text = pieces.join('');
        pieces = [];
        characters += text.length;
        if (characters <= mostCharacters) book.strings.push(text);
        else overflow.write(`${text}\n`);
      },
      text: (text) => {
        if (inText) pieces.push(text);
      },
      attribute: () => undefined,
      comment: () => undefined,
    },
    { xml: true },
  );
}

/** Number formats that show a date, of those that need no definition. ECMA-376 part 1, 18.8.30. */
const dateFormats = new Set([14, 15, 16, 17, 22, 27, 30, 36, 50, 57]);

/** Reads which cell styles show a date. */
export function readDateStyles(book: Workbook): TextWriter {
  const formats = new Set(dateFormats);
  let attributes = new Map<string, string>();
  let style = -1;
  return new Markup(
    {
      open: (name) => {
        attributes = new Map();
        if (localName(name) === 'cellXfs') style = 0;
      },
      attribute: (name, value) => attributes.set(name, value),
      opened: (name) => {
        const local = localName(name);
        const format = Number(attributes.get('numFmtId') ?? -1);
        // Letters in quotes and brackets are no date's; a date has a year or a day.
        const code = (attributes.get('formatCode') ?? '').slice(0, 256).replaceAll(/"[^"]*"|\[[^\]]*\]/g, '');
        if (local === 'numFmt' && /[yd]/i.test(code)) formats.add(format);
        if (local !== 'xf' || style < 0) return;
        if (formats.has(format)) book.dates.add(style);
        style += 1;
      },
      close: (name) => {
        if (localName(name) === 'cellXfs') style = -1;
      },
      text: () => undefined,
      comment: () => undefined,
    },
    { xml: true },
  );
}

/** Reads one worksheet. `beside` gets formulas and what else is no cell. Ends both writers. */
export function readSheet(book: Workbook, shown: TextWriter, beside: TextWriter): TextWriter {
  let cell = { type: '', style: -1 };
  /** Cells of the row that were told, and those left out before them. */
  let column = 0;
  let within = '';
  let pieces: string[] = [];
  const markup = new Markup(
    {
      open: (name) => {
        const local = localName(name);
        if (local === 'c') cell = { type: '', style: -1 };
        else if (local === 'row') column = 0;
      },
      attribute: (name, value) => {
        if (name === 't') cell.type = value;
        else if (name === 'r' && /^[A-Z]{1,3}\d{1,7}$/.test(value)) {
          const leftOut = columnOf(value) - column;
          if (leftOut <= 0 || leftOut > mostLeftOut) return;
          shown.write('\t'.repeat(leftOut));
          column += leftOut;
        } else if (name === 's') cell.style = Number(value);
        else if (/[a-z]{4}|\d{5}/i.test(value)) beside.write(`${value}\n`);
      },
      opened: (name, selfClosing) => {
        if (!selfClosing) within = localName(name);
      },
      close: (name) => {
        const local = localName(name);
        within = '';
        if (local === 'v' || local === 't') {
          shown.write(local === 'v' ? shownValue(pieces.join(''), cell, book) : pieces.join(''));
          pieces = [];
        } else if (local === 'c') {
          shown.write('\t');
          column += 1;
        } else if (local === 'row') {
          shown.write('\n');
        }
      },
      text: (text) => {
        if (within === 'v' || within === 't') pieces.push(text);
        else if (text.trim() !== '') beside.write(`${text}\n`);
      },
      comment: (text) => beside.write(`${text}\n`),
    },
    { xml: true },
  );
  return endingTogether(markup, shown, beside);
}

/** "C5" is in column 2, counted from 0. */
function columnOf(reference: string): number {
  const letters = reference.replace(/\d+$/, '');
  return Array.from(letters).reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

function shownValue(value: string, cell: { readonly type: string; readonly style: number }, book: Workbook): string {
  if (cell.type === 's') {
    const number = Number(value);
    book.told.add(number);
    return book.strings[number] ?? '';
  }
  const number = Number(value);
  if (cell.type !== '' && cell.type !== 'n') return value;
  if (book.dates.has(cell.style) && number >= 1 && number < 2_958_466) return dateOf(number);
  // Sixteen digits are written as 4.1111111111111111E+15.
  return /e/i.test(value) && Number.isSafeInteger(number) ? String(number) : value;
}

/** Day 60 is 29 February 1900, which never was, so the count is right from March on. */
function dateOf(days: number): string {
  return new Date(Date.UTC(1899, 11, 30) + Math.floor(days) * 86_400_000).toISOString().slice(0, 10);
}
