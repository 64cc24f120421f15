/** The text of XML of an unknown kind: each run of text a line, and the values of attributes apart. */
import { Markup } from './markup.ts';
import { endingTogether, type TextWriter } from './pieces.ts';

/** Reads any XML. Ends both writers. */
export function readXml(shown: TextWriter, beside: TextWriter): TextWriter {
  let begun = false;
  const line = () => {
    if (begun) shown.write('\n');
    begun = false;
  };
  const markup = new Markup(
    {
      open: line,
      close: line,
      attribute: (_name, value) => beside.write(`${value}\n`),
      comment: (text) => beside.write(`${text}\n`),
      text: (text) => {
        if (!begun && text.trim() === '') return;
        shown.write(text);
        begun = true;
      },
    },
    { xml: true },
  );
  return endingTogether(markup, shown, beside);
}
