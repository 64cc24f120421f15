/**
 * Forms with files (multipart/form-data), part by part as they arrive, so that a file is never whole in memory.
 *
 * Standards: RFC 7578.
 * Limits: text is UTF-8, as the pages are; other charsets are not asked for.
 */

export type FormPart = {
  readonly name: string;
  /** As the browser names it; null for a field that is no file. */
  readonly fileName: string | null;
  /** As the browser says; empty for a field. */
  readonly type: string;
  /** To be read before the next part is asked for; what is left of it is passed over. */
  readonly body: AsyncIterable<Uint8Array>;
};

/** The form ended before its end, or is none. */
export class FormBroken extends Error {
  override name = 'FormBroken';
}

const mostParts = 200;
const longestHeader = 16_384;

/** The boundary of a Content-Type value, null when it is no form with files. */
export function boundaryOf(contentType: string): string | null {
  const [, quoted, plain] =
    /^multipart\/form-data\s*;(?:[^"]*;)?\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
  return quoted ?? plain ?? null;
}

/** Rejects with FormBroken. */
export async function* formParts(source: AsyncIterable<Uint8Array>, boundary: string): AsyncGenerator<FormPart> {
  const reader = new Reader(source, Buffer.from(`\r\n--${boundary}`));
  try {
    // What stands before the first boundary belongs to nobody.
    await reader.skip();
    for (let count = 0; await reader.another(); count += 1) {
      if (count === mostParts) throw new FormBroken('a form with too many parts');
      const header = await reader.header(longestHeader);
      yield { ...partOf(header), body: reader.toDelimiter() };
      await reader.skip();
    }
  } finally {
    await reader.close();
  }
}

/** RFC 7578 section 4.2, with the escapes that browsers use in names (HTML, multipart/form-data encoding algorithm). */
function partOf(header: string): Omit<FormPart, 'body'> {
  const line = (name: string): string =>
    header.split('\r\n').find((each) => each.toLowerCase().startsWith(`${name}:`)) ?? '';
  const disposition = line('content-disposition');
  const value = (name: string): string | null => {
    const [, found] = new RegExp(`;\\s*${name}="([^"\\r\\n]*)"`, 'i').exec(disposition) ?? [];
    return found === undefined ? null : found.replaceAll('%22', '"').replaceAll('%0D', '\r').replaceAll('%0A', '\n');
  };
  if (!/^content-disposition:\s*form-data\s*;/i.test(disposition)) throw new FormBroken('a part that is no field');
  const type = line('content-type').slice('content-type:'.length).trim();
  return { name: value('name') ?? '', fileName: value('filename'), type };
}

class Reader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #delimiter: Buffer;
  /** Begins with the line end that the first boundary lacks. */
  #held: Buffer = Buffer.from('\r\n');
  /** Whether the next delimiter is still to come. */
  #inside = true;

  constructor(source: AsyncIterable<Uint8Array>, delimiter: Buffer) {
    this.#source = source[Symbol.asyncIterator]();
    this.#delimiter = delimiter;
  }

  /** What stands before the next delimiter, which is taken too. */
  async *toDelimiter(): AsyncGenerator<Uint8Array> {
    while (this.#inside) {
      const at = this.#held.indexOf(this.#delimiter);
      this.#inside = at < 0;
      const behind = this.#inside ? Math.max(0, this.#held.length - this.#delimiter.length + 1) : at;
      const ready = this.#held.subarray(0, behind);
      this.#held = this.#held.subarray(this.#inside ? behind : at + this.#delimiter.length);
      if (ready.length > 0) yield ready;
      if (this.#inside) await this.#more();
    }
  }

  /** To behind the next delimiter, unless whoever read so far took it. */
  async skip(): Promise<void> {
    const rest = this.toDelimiter();
    while ((await rest.next()).done !== true);
  }

  /** After a delimiter: whether another part follows. */
  async another(): Promise<boolean> {
    while (this.#held.length < 2) await this.#more();
    const end = this.#held.subarray(0, 2).toString('latin1');
    if (end === '--') return false;
    if (end !== '\r\n') throw new FormBroken('a boundary that does not end its line');
    return true;
  }

  async header(longest: number): Promise<string> {
    for (;;) {
      const end = this.#held.indexOf('\r\n\r\n');
      if (end >= 0 && end <= longest) {
        const text = this.#held.subarray(2, end).toString('utf8');
        this.#held = this.#held.subarray(end + 4);
        this.#inside = true;
        return text;
      }
      if (end > longest || this.#held.length > longest) throw new FormBroken('a part with a header too long');
      await this.#more();
    }
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#source.next();
    if (done === true) throw new FormBroken('a form without an end');
    this.#held = this.#held.length === 0 ? Buffer.from(value) : Buffer.concat([this.#held, value]);
  }
}
