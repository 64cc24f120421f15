/**
 * The text of HTML: what a reader sees, and apart from it what is hidden.
 *
 * Text goes as it is shown: tags inside a line join what they part ("12<b>3</b>-45" reads 123-45), blocks and <br> break lines, a row of a
 * table is a line and its cells are set apart by tabs, white space collapses. Styles are not judged: text that is not displayed stands where
 * it stands. Beside it go comments (the text in them, when they hold tags), the title, attributes that hold text, links, scripts and style sheets.
 *
 * Limits: pictures and files in data: links are not looked into; text that only a script or a style sheet would put together is not.
 */
import { Markup, type MarkupEvents } from './markup.ts';
import type { TextWriter } from './pieces.ts';

const blocks = new Set(
  (
    'address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption figure footer form frame ' +
    'frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe legend li main menu nav noframes noscript ol optgroup option p plaintext ' +
    'pre script section select style summary table tbody textarea tfoot thead title tr ul xmp'
  ).split(' '),
);
const cells = new Set(['td', 'th']);
const hidden = new Set(['script', 'style', 'title']);
const preformatted = new Set(['pre', 'textarea', 'xmp', 'plaintext']);
const textAttributes = new Set(
  'alt title value content placeholder summary label aria-label datetime abbr srcdoc data-content data-value'.split(
    ' ',
  ),
);
const links = new Set(['href', 'src', 'action', 'formaction', 'cite', 'background', 'data-href']);
/** An attribute that is longer is told whatever its name is: it may be a tag that swallows text. */
const longAttribute = 512;

/** A comment that is shorter is told as it is, tags and all. */
const shortestMarkup = 20;

/** Reads HTML; `shown` gets what is seen and `beside` the rest. Ends both. */
export function readHtml(shown: TextWriter, beside: TextWriter): TextWriter {
  return new Html(shown, beside, true);
}

class Html implements TextWriter, MarkupEvents {
  readonly #markup: Markup;
  readonly #shown: TextWriter;
  readonly #beside: TextWriter;
  /** A whole document; else what a comment held, which holds no comments. */
  readonly #whole: boolean;
  /** What the last text ended with: white space is written before a word only. */
  #gap: '' | ' ' = '';
  /** What sets the next text apart from the one before: nothing, a line break, a tab for each cell. */
  #apart = '';
  #begun = false;
  /** The next cell is the first of its row. */
  #firstCell = false;
  /** All cells of the row so far are empty. */
  #emptyRow = false;
  #hiddenIn: string | null = null;
  #preformatted = 0;

  constructor(shown: TextWriter, beside: TextWriter, whole: boolean) {
    this.#markup = new Markup(this, { xml: false });
    this.#shown = shown;
    this.#beside = beside;
    this.#whole = whole;
  }

  write(text: string): void {
    this.#markup.write(text);
  }

  end(): void {
    this.#markup.end();
    if (!this.#whole) return;
    this.#shown.end();
    this.#beside.end();
  }

  open(name: string): void {
    if (hidden.has(name)) this.#hiddenIn = name;
    if (preformatted.has(name)) this.#preformatted += 1;
    if (name === 'tr') this.#row();
    else if (cells.has(name)) this.#cell();
    else if (blocks.has(name)) this.#block();
  }

  close(name: string): void {
    if (name === this.#hiddenIn) {
      this.#hiddenIn = null;
      this.#beside.write('\n');
    }
    if (preformatted.has(name) && this.#preformatted > 0) this.#preformatted -= 1;
    if (name === 'tr') this.#row();
    else if (blocks.has(name)) this.#block();
  }

  attribute(name: string, value: string): void {
    const shown = value.trimStart();
    if (links.has(name)) {
      if (!/^(?:data:image|cid:)/i.test(shown)) this.#beside.write(`${percentDecoded(shown)}\n`);
    } else if (textAttributes.has(name) || value.length > longAttribute) {
      this.#beside.write(`${shown}\n`);
    }
  }

  comment(text: string): void {
    if (this.#whole && text.length > shortestMarkup && text.includes('<')) {
      const inside = new Html(this.#beside, this.#beside, false);
      inside.write(text);
      inside.end();
    } else {
      this.#beside.write(text);
    }
    this.#beside.write('\n');
  }

  text(text: string): void {
    if (this.#hiddenIn !== null) this.#beside.write(text);
    else if (this.#preformatted > 0) this.#writePreformatted(text);
    else this.#writeCollapsed(text);
  }

  #writePreformatted(text: string): void {
    this.#write(text);
    this.#gap = '';
  }

  /** White space at the start of a line is not shown, and any other is one space. */
  #writeCollapsed(text: string): void {
    const collapsed = text.replaceAll(/[ \t\r\n\f]+/g, ' ');
    const words = collapsed.slice(collapsed.startsWith(' ') ? 1 : 0, collapsed.endsWith(' ') ? -1 : undefined);
    if (collapsed.startsWith(' ')) this.#gap = ' ';
    if (words === '') return;
    this.#write(words);
    this.#gap = collapsed.endsWith(' ') ? ' ' : '';
  }

  #write(text: string): void {
    this.#shown.write((this.#begun ? this.#apart || this.#gap : '') + text);
    this.#apart = '';
    this.#begun = true;
    this.#emptyRow = false;
  }

  #row(): void {
    this.#apart = '\n';
    this.#firstCell = true;
    this.#emptyRow = true;
  }

  /** What the block before it broke was the end of a cell, not of a line. */
  #cell(): void {
    if (!this.#firstCell) this.#apart = this.#apart === '\n' && !this.#emptyRow ? '\t' : `${this.#apart}\t`;
    this.#firstCell = false;
  }

  #block(): void {
    if (this.#apart === '') this.#apart = '\n';
  }
}

/** As a person reads a link: "mailto:a@b?subject=x%20y" with its space. */
function percentDecoded(link: string): string {
  if (!link.includes('%')) return link;
  try {
    return decodeURIComponent(link);
  } catch {
    return link; // URIError: a percent sign that begins no UTF-8.
  }
}
