/** Real messages for the tests of this folder, read where they lie; an empty list when they are not there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const corpora = fileURLToPath(new URL('../../../shared/corpora/', import.meta.url));
const sets = [
  'mimekit',
  'stalwart-mail-parser',
  'james-mime4j',
  'ruby-mail',
  'enmime',
  'rspamd',
  'thunderbird-comm',
  'sisimai-bounces',
];

export const corporaPresent = existsSync(corpora);

/** Every file of the sets, messages or not: a parser must stand them all. */
export function corpusFiles(): string[] {
  if (!corporaPresent) return [];
  return sets.flatMap((set) => {
    const entries = readdirSync(join(corpora, set), { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  });
}

/** Those that are messages. */
export function corpusMessages(): string[] {
  return corpusFiles().filter((file) => /\.(eml|msg|raw)$/.test(file));
}

/** A file with all line ends CRLF, as the listener hands messages on. */
export function readMessage(file: string): Buffer {
  return Buffer.from(readFileSync(file, 'latin1').replaceAll(/\r\n|\r|\n/g, '\r\n'), 'latin1');
}

export function corpusName(file: string): string {
  return file.slice(corpora.length);
}
