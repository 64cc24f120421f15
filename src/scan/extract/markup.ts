/**
 * Tags, attributes and text of HTML or XML while it streams by: the tokenizer of htmlparser2 with the text of its positions. No tree is built
 * and no stack kept, so depth and mismatched tags cost nothing; entities of a DTD are not expanded. What a browser would drop, as a tag that
 * never ends, is told as a comment.
 */
import { Tokenizer } from 'htmlparser2';
import type { TextWriter } from './pieces.ts';

/** Names are as written in XML, lower case in HTML. Text and values come decoded; long ones in pieces. */
export type MarkupEvents = {
  open(name: string): void;
  /** After its attributes. */
  opened?(name: string, selfClosing: boolean): void;
  attribute(name: string, value: string): void;
  close(name: string): void;
  text(text: string): void;
  comment(text: string): void;
};

/** A value is told in parts of this length at least when it is longer. */
const longestValue = 65_536;
const longestName = 256;
/** Written to the tokenizer at once. */
const stride = 65_536;
/** A tag or comment that goes on for longer is text, so that it need not be kept. */
const longestPending = 4_194_304;

export class Markup implements TextWriter {
  readonly #tokenizer: Tokenizer;
  /** Text from #base on that the tokenizer may still ask for. */
  #kept: string[] = [];
  #base = 0;
  #length = 0;
  /** How far the text was told. */
  #told = 0;
  readonly #events: MarkupEvents;
  #text = '';
  #attribute = '';
  #value: string[] = [];
  #valueLength = 0;

  constructor(events: MarkupEvents, options: { readonly xml: boolean }) {
    this.#events = events;
    this.#tokenizer = new Tokenizer(
      { xmlMode: options.xml, decodeEntities: true },
      this.#callbacks(events, options.xml),
    );
  }

  write(text: string): void {
    for (let at = 0; at < text.length; at += stride) {
      const part = text.slice(at, at + stride);
      this.#kept.push(part);
      this.#length += part.length;
      this.#tokenizer.write(part);
      if (this.#length - this.#told > longestPending) this.#giveUp();
    }
  }

  end(): void {
    this.#tokenizer.end();
    this.#tellRest();
  }

  #addValue(text: string): void {
    this.#value.push(text);
    this.#valueLength += text.length;
    if (this.#valueLength >= longestValue) this.#endValue();
  }

  #endValue(): void {
    if (this.#valueLength > 0) this.#events.attribute(this.#attribute, this.#value.join(''));
    this.#value = [];
    this.#valueLength = 0;
  }

  #giveUp(): void {
    this.#tellRest();
    this.#tokenizer.reset();
    this.#kept = [];
    this.#base = 0;
    this.#length = 0;
    this.#told = 0;
  }

  #tellRest(): void {
    this.#tellText();
    this.#endValue();
    const rest = this.#slice(this.#told, this.#length);
    if (/[^\s<>/]/.test(rest)) this.#events.comment(rest);
  }

  #callbacks(events: MarkupEvents, xml: boolean): ConstructorParameters<typeof Tokenizer>[1] {
    let element = '';
    const name = (start: number, end: number): string => {
      const written = this.#slice(start, end).slice(0, longestName);
      return xml ? written : written.toLowerCase();
    };
    return {
      onopentagname: (start, end) => {
        this.#tellText();
        element = name(start, end);
        events.open(element);
      },
      onattribname: (start, end) => {
        this.#attribute = name(start, end);
      },
      onattribdata: (start, end) => this.#addValue(this.#slice(start, end)),
      onattribentity: (codepoint) => this.#addValue(String.fromCodePoint(codepoint)),
      onattribend: () => this.#endValue(),
      onopentagend: () => events.opened?.(element, false),
      onselfclosingtag: () => events.opened?.(element, true),
      onclosetag: (start, end) => {
        this.#tellText();
        events.close(name(start, end));
      },
      ontext: (start, end) => this.#addText(this.#slice(start, end)),
      ontextentity: (codepoint) => this.#addText(String.fromCodePoint(codepoint)),
      oncdata: (start, end, offset) => this.#addText(this.#slice(start, end - offset)),
      oncomment: (start, end, offset) => this.#tellComment(this.#slice(start, end - offset)),
      ondeclaration: (start, end) => this.#tellComment(this.#slice(start, end)),
      onprocessinginstruction: () => undefined,
      onend: () => undefined,
    };
  }

  /** Text that a lonely "<" or an entity parts is told in one piece. */
  #addText(text: string): void {
    this.#text += text;
    if (this.#text.length >= stride) this.#tellText();
  }

  #tellText(): void {
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    this.#events.text(text);
  }

  #tellComment(text: string): void {
    this.#tellText();
    this.#events.comment(text);
  }

  /** The text between two offsets; what is before it will not be asked for again. */
  #slice(start: number, end: number): string {
    this.#told = Math.max(this.#told, end);
    let first = this.#kept[0] ?? '';
    while (this.#kept.length > 1 && start >= this.#base + first.length) {
      this.#base += first.length;
      this.#kept.shift();
      first = this.#kept[0] ?? '';
    }
    if (end <= this.#base + first.length) return first.slice(start - this.#base, end - this.#base);
    return this.#kept.join('').slice(start - this.#base, end - this.#base);
  }
}
