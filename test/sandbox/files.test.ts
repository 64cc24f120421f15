/** Files made for the sandbox are what they claim to be, to readers that share no code with their making. */

import { afterAll, expect, test } from 'vitest';
import { StructureParser } from '../../src/mail/structure.ts';
import { winmail, wordDocument, zip } from '../../src/sandbox/files.ts';
import { write } from '../../src/sandbox/write.ts';
import { createScanPool } from '../../src/scan/pool.ts';

const scan = createScanPool({ size: 1 });
afterAll(() => scan.close());

const secret = 'Social Security number: 536-90-4399';
const table: [name: string, content: Buffer, type: string, detected: string, members: string[]][] = [
  [
    'form.docx',
    wordDocument(`a < b\n${secret}`),
    'application/octet-stream',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    [],
  ],
  [
    'papers.zip',
    zip({ 'a.txt': Buffer.from('nothing'), 'ü/form.docx': wordDocument(secret) }),
    'application/zip',
    'application/zip',
    ['a.txt', 'ü/form.docx'],
  ],
  [
    'winmail.dat',
    winmail('note.txt', Buffer.from(secret)),
    'application/ms-tnef',
    'application/vnd.ms-tnef',
    ['note.txt'],
  ],
];

test.each(table)('%s is looked into', async (name, content, type, detected, members) => {
  const attachments = [{ name, type, content }];
  const bytes = write({ subject: 'Papers', to: ['Petra'], text: 'See below.', attachments }, '<a@corp.example>', 0);
  const parser = new StructureParser();
  parser.push(bytes);
  const result = await scan.scan({
    structure: parser.end(),
    probes: [],
    read: async function* ({ start, end }) {
      yield bytes.subarray(start, end);
    },
  });
  expect(result.blind).toEqual([]);
  expect(result.findings).toMatchObject([{ kind: 'ssn', count: 1 }]);
  const [looked] = result.looked.filter(({ path }) => path === '2');
  expect(looked?.detected).toBe(detected);
  expect(looked?.members.map((member) => member.name)).toEqual(members);
});
