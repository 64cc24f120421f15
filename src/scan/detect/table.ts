/**
 * Tables: a number in a column says what it is at the head of the column, far away. `Tables.rows` writes each cell again behind its head,
 * "MRN: 48392011", so that the detectors find it as they find it in a sentence. It knows tables by a line of heads, one of which names a
 * kind of number, and lines of as many cells below: CSV, tables of text, and what scan/extract makes of worksheets and HTML.
 *
 * Only columns whose head names something are told, and beside them cells without digits, which may hold a diagnosis. Cells stand so far
 * apart that no head names its neighbour's number.
 *
 * Limits: about `mostRows` rows of a message; a head that is wider than `longestHead`, a cell of several lines, and a table whose head is not
 * its first line.
 */
import { fold } from './text.ts';
import { phrases, type Topic } from './vocabulary.ts';

/** Topics that give a number its meaning. */
const naming: ReadonlySet<Topic> = new Set([
  'ssn',
  'itin',
  'mbi',
  'mrn',
  'birth',
  'npi',
  'dea',
  'icd',
  'cpt',
  'aba',
  'card',
  'passport',
  'driving',
  'nhs',
  'germanTax',
  'germanHealth',
  'spanish',
  'bsn',
  'pesel',
  'personnummer',
]);
const separators = ['\t', ';', '|', ','];
const longestHead = 40;
const longestCell = 100;
/** Rows of a message after which more of them change nothing. */
const mostRows = 5_000;
const longestLine = 10_000;
/** Lines without the table's shape after which it is over. */
const mostStrangers = 5;
/** Further than a word names a number. */
const gap = ' '.repeat(80);

type Head = { readonly text: string; readonly names: boolean };
type Table = { readonly separator: string; readonly heads: readonly Head[]; strangers: number };

export class Tables {
  #part = '';
  #table: Table | null = null;
  #told = 0;

  /** The rows of tables in a piece of a part, cell by cell; "" without any. A table may go on in the next piece. */
  rows(part: string, text: string): string {
    if (part !== this.#part) this.#table = null;
    this.#part = part;
    const rows: string[] = [];
    for (const line of this.#told < mostRows ? text.split('\n') : []) {
      if (line.length > longestLine) continue;
      this.#table = tableOf(line) ?? this.#table;
      const row = this.#table === null ? null : rowOf(line, this.#table);
      if (row !== null) rows.push(row);
      if (this.#table !== null && this.#table.strangers > mostStrangers) this.#table = null;
    }
    this.#told += rows.length;
    return rows.join('\n');
  }
}

/** A line of heads begins a table. */
function tableOf(line: string): Table | null {
  if (/\d{3}|[.!?]\s/.test(line)) return null;
  const separator = separators.find((each) => line.includes(each));
  if (separator === undefined) return null;
  const cells = cellsOf(line, separator);
  if (cells.some((cell) => cell.length > longestHead)) return null;
  const heads = cells.map((text) => ({ text, names: isNaming(text) }));
  return heads.some(({ names }) => names) ? { separator, heads, strangers: 0 } : null;
}

function isNaming(cell: string): boolean {
  // Programs write "patientId".
  const apart = fold(cell).replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ');
  const words = apart.toLowerCase().match(/\p{L}+/gu) ?? [];
  return words.some((word, at) =>
    phrases
      .get(word)
      ?.some(({ topic, rest }) => naming.has(topic) && rest.every((each, index) => words[at + 1 + index] === each)),
  );
}

function rowOf(line: string, table: Table): string | null {
  const { separator, heads } = table;
  const cells = line.includes(separator) ? cellsOf(line, separator) : [];
  // A worksheet leaves out the empty cells at the end of a row.
  const fits = cells.length === heads.length || (separator === '\t' && cells.length > 1 && cells.length < heads.length);
  if (!fits) {
    table.strangers += 1;
    return null;
  }
  table.strangers = 0;
  const told = cells.flatMap((cell, column) => {
    const head = heads[column];
    if (head === undefined || cell === '' || cell.length > longestCell) return [];
    if (head.names) return [`${head.text}: ${cell}`];
    return /\d/.test(cell) ? [] : [cell];
  });
  return told.join(gap);
}

/** Without the empty ones at the end; quotes may hold a separator. */
function cellsOf(line: string, separator: string): string[] {
  const cells: string[] = [];
  for (let at = 0; at <= line.length; ) {
    const quoted = /^ ?"((?:[^"]|"")*)"/.exec(line.slice(at, at + longestCell * 4));
    const from = quoted === null ? at : at + quoted[0].length;
    const next = line.indexOf(separator, from);
    const end = next === -1 ? line.length : next;
    cells.push((quoted?.[1] ?? line.slice(at, end)).trim());
    at = end + 1;
  }
  while (cells.at(-1) === '') cells.pop();
  return cells;
}
