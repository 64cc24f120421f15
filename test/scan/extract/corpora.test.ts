/** Real messages: every leaf part is looked into, and what is known to be in some is found. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { leaves, StructureParser } from '../../../src/mail/structure.ts';
import { decodeTransfer } from '../../../src/mail/text.ts';
import type { Blind, Looked } from '../../../src/policy/detection.ts';
import { Budget } from '../../../src/scan/extract/budget.ts';
import { extract } from '../../../src/scan/extract/extract.ts';
import { once } from '../../../src/scan/extract/octets.ts';

const corpora = new URL('../../../../shared/corpora/', import.meta.url);

type Read = { readonly text: string; readonly looked: readonly Looked[]; readonly blind: readonly Blind[] };

async function read(path: string): Promise<Read> {
  const message = readFileSync(new URL(path, corpora));
  const parser = new StructureParser();
  parser.push(message);
  const found = { text: '', looked: [] as Looked[], blind: [] as Blind[] };
  const budget = new Budget();
  for (const part of leaves(parser.end())) {
    const stored = once(message.subarray(part.body.start, part.body.end));
    const sink = {
      text: (piece: { readonly text: string }) => {
        found.text += `${piece.text}\n`;
      },
      looked: (looked: Looked) => found.looked.push(looked),
      blind: (blind: Blind) => found.blind.push(blind),
    };
    await extract({ ...part, place: 'body' }, decodeTransfer(stored, part.encoding), sink, budget);
  }
  return found;
}

describe.skipIf(!existsSync(corpora))('corpora', () => {
  test('one message with a file of each format', async () => {
    const found = await read('rspamd/test/functional/messages/gargantua.eml');
    const detected = new Set(found.looked.map((looked) => looked.detected));
    for (const type of [
      'application/rtf',
      'application/msword',
      'application/vnd.ms-excel',
      'application/vnd.ms-outlook',
      'application/zip',
    ]) {
      expect(detected).toContain(type);
    }
    expect(
      [...detected].filter((type) => type?.startsWith('application/vnd.openxmlformats-officedocument.')),
    ).toHaveLength(3);
    expect([...detected].filter((type) => type?.startsWith('application/vnd.oasis.opendocument.'))).toHaveLength(3);
    expect(found.blind.every((blind) => blind.doubt === 'content')).toBe(true);
    const opened = ['1', '23', '30', '31', '34', '35', '36', '37', '38', '39', '40', '51', '52'];
    expect(found.blind.filter((blind) => opened.includes(blind.part))).toEqual([]);
  });

  test.each([
    ['rspamd/test/functional/messages/f.zip.gz.eml', ['f.zip', 'f.txt']],
    ['rspamd/test/functional/messages/broken_richtext.eml', ['eicar.com']],
    ['mimekit/UnitTests/TestData/tnef/rich-text.eml', ['kitten-playing-with-a-christmas-tree.jpg']],
  ])('%s holds %j', async (path, names) => {
    const found = await read(path);
    expect(found.blind).toEqual([]);
    expect(found.looked.flatMap((looked) => looked.members.map((member) => member.name))).toEqual(
      expect.arrayContaining(names),
    );
  });

  test('every message of some sets is looked through', async () => {
    let parts = 0;
    for (const set of ['enmime', 'ruby-mail', 'stalwart-mail-parser']) {
      const files = readdirSync(new URL(`${set}/`, corpora), { recursive: true, encoding: 'utf8' });
      for (const file of files.filter((file) => /\.(?:eml|raw)$/.test(file))) {
        const found = await read(`${set}/${encodeURI(file)}`);
        parts += found.looked.length;
        expect(found.blind.filter((blind) => blind.doubt !== 'content')).toEqual([]);
      }
    }
    expect(parts).toBeGreaterThan(100);
  });
});
