/**
 * Named lists of addresses and domains, written in the policy or in files beside it, and the entries of conditions, which have the
 * same form. A list that cannot be read in full makes the policy invalid: an entry that is skipped is a recipient without protection.
 */
import type { Path } from '../config/yaml.ts';
import { type AddressSet, addressSet, type Entry, readEntry } from './addresses.ts';

export type Report = (path: Path, message: string, remedy: string, part?: 'key' | 'value') => void;

/** A list as the policy writes it, or from its file, an entry a line with comments after `#`. `readList` may throw. */
export function compileList(
  list: readonly string[] | { readonly file: string },
  at: Path,
  report: Report,
  readList: (path: string) => string,
): AddressSet {
  return 'file' in list
    ? compileListFile(list.file, [...at, 'file'], readList, report)
    : compileEntries(list, at, ['address', 'domain', 'parent'], entryForms, report);
}

export const entryForms = 'a@b.example, b.example or "*.b.example"';

/** Told of one list file; more say that it is another kind of file. */
const mostMistakes = 10;

function compileListFile(path: string, at: Path, readList: (path: string) => string, report: Report): AddressSet {
  let text: string;
  try {
    text = readList(path);
  } catch {
    report(at, 'the list file cannot be read', 'Correct the path; a relative one starts at the folder of the policy.');
    return addressSet([]);
  }
  const entries: Entry[] = [];
  let mistakes = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const written = line.replace(/#.*/, '').trim();
    const entry = written === '' ? null : readEntry(written);
    if (entry !== null) entries.push(entry);
    if (entry !== null || written === '') continue;
    report(at, `line ${index + 1} of the list file is no address and no domain`, `Write ${entryForms}.`);
    mistakes += 1;
    if (mistakes === mostMistakes) break;
  }
  // A file that is being written, or was cut off, is empty for a while: taken for a list, it would leave all who were on it unprotected.
  if (entries.length === 0 && mistakes === 0)
    report(
      at,
      'the list file has no entry',
      'Write one a line; a list that is meant to be empty stands in the policy as [].',
    );
  return addressSet(entries);
}

/** A set of the entries that are of one of the kinds; each of the others is reported. */
export function compileEntries(
  texts: readonly string[],
  at: Path,
  kindsAllowed: readonly Entry['kind'][],
  expected: string,
  report: Report,
): AddressSet {
  const entries: Entry[] = [];
  for (const [index, text] of texts.entries()) {
    const entry = readEntry(text);
    if (entry !== null && kindsAllowed.includes(entry.kind)) entries.push(entry);
    else
      report(
        texts.length === 1 ? at : [...at, index],
        `${JSON.stringify(text)} cannot be compared with addresses`,
        `Write ${expected}.`,
      );
  }
  return addressSet(entries);
}
