/**
 * The text of one XML part of an office document: OOXML (word processing, slides) or ODF. The runs of a paragraph are joined as they
 * stand, so that formatting inside a number does not part it; paragraphs are lines, and the cells of a row are set apart by tabs.
 *
 * Everything that is text counts: deleted, hidden, fields, notes, properties. Of attributes those count that hold text.
 */
import { Markup } from './markup.ts';
import { endingTogether, type TextWriter } from './pieces.ts';

export type OfficeKind = 'ooxml' | 'odf';

/** Elements whose text stands as it is; other text is a line of its own. */
const running: Readonly<Record<OfficeKind, ReadonlySet<string>>> = {
  ooxml: new Set(['t', 'delText', 'instrText', 'delInstrText']),
  odf: new Set(['p', 'h']),
};
const paragraphs = new Set(['p', 'h', 'si', 'comment', 'text']);
const cells = new Set(['tc', 'table-cell', 'covered-table-cell']);
const rows = new Set(['tr', 'table-row']);
const characters: ReadonlyMap<string, string> = new Map([
  ['tab', '\t'],
  ['br', '\n'],
  ['cr', '\n'],
  ['line-break', '\n'],
  ['s', ' '],
  ['noBreakHyphen', '-'],
]);
const textAttributes = new Set(
  (
    'name title descr alt tooltip display location content connection command author creator value string-value ' +
    'date-value formula href Target prompt promptTitle error errorTitle alias refersTo description'
  ).split(' '),
);

/** Reads one XML part. `locked` is called when an ODF package says that its parts are encrypted. Ends both writers. */
export function readOfficeText(
  kind: OfficeKind,
  shown: TextWriter,
  beside: TextWriter,
  locked: () => void,
): TextWriter {
  let inRun = 0;
  let inCell = 0;
  const markup = new Markup(
    {
      open: (name) => {
        if (localName(name) === 'encryption-data') locked();
      },
      attribute: (name, value) => {
        if (textAttributes.has(localName(name)) && /[^\d.\s]|\d{5}/.test(value)) beside.write(`${value}\n`);
      },
      opened: (name, selfClosing) => {
        const local = localName(name);
        const character = characters.get(local);
        if (character !== undefined) shown.write(character);
        if (selfClosing) return;
        if (running[kind].has(local)) inRun += 1;
        if (cells.has(local)) inCell += 1;
      },
      close: (name) => {
        const local = localName(name);
        if (running[kind].has(local) && inRun > 0) inRun -= 1;
        if (cells.has(local)) {
          inCell = Math.max(0, inCell - 1);
          shown.write('\t');
        } else if (rows.has(local)) {
          shown.write('\n');
        } else if (paragraphs.has(local)) {
          shown.write(inCell > 0 ? ' ' : '\n');
        }
      },
      text: (text) => {
        if (inRun > 0) shown.write(text);
        else if (text.trim() !== '') shown.write(`${text}\n`);
      },
      comment: (text) => beside.write(`${text}\n`),
    },
    { xml: true },
  );
  return endingTogether(markup, shown, beside);
}

/** "w:t" is "t": documents of one kind differ in their prefixes only. */
export function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
