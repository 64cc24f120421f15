/** Every file of the corpora through the readers of this folder, and an independent parser's opinion of the messages. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { simpleParser } from 'mailparser';
import { describe, expect, test } from 'vitest';
import { canonicalAddress, parseMailboxes } from '../../src/mail/address.ts';
import { decodeValue, editHeader, parseHeader } from '../../src/mail/header.ts';
import { type Part, type Structure, StructureParser } from '../../src/mail/structure.ts';
import { decodeCharset, decodeTransfer } from '../../src/mail/text.ts';
import { corporaPresent, corpusFiles, corpusMessages, corpusName, readMessage } from './corpus.ts';

function parse(octets: Buffer, chunk = octets.length): Structure {
  const parser = new StructureParser();
  for (let at = 0; at < octets.length; at += chunk) parser.push(octets.subarray(at, at + chunk));
  return parser.end();
}

function expectNested(part: Part, start: number, end: number): void {
  expect(part.header.start).toBeGreaterThanOrEqual(start);
  expect(part.header.end).toBeGreaterThanOrEqual(part.header.start);
  expect(part.body.start).toBe(part.header.end);
  expect(part.body.end).toBeGreaterThanOrEqual(part.body.start);
  expect(part.body.end).toBeLessThanOrEqual(end);
  let at = part.body.start;
  for (const child of part.children) {
    expectNested(child, at, part.body.end);
    at = child.body.end;
  }
}

async function decoded(octets: Buffer, part: Part): Promise<Buffer> {
  async function* source() {
    yield octets.subarray(part.body.start, part.body.end);
  }
  const out: Uint8Array[] = [];
  for await (const chunk of decodeTransfer(source(), part.encoding)) out.push(chunk);
  return Buffer.concat(out);
}

describe.skipIf(!corporaPresent)('every file of the corpora', () => {
  const files = corpusFiles();

  test('there are many', () => {
    expect(files.length).toBeGreaterThan(1000);
    expect(corpusMessages().length).toBeGreaterThan(700);
  });

  test('has a structure with nested ranges that does not depend on the cuts', () => {
    for (const file of files) {
      for (const octets of [readFileSync(file), readMessage(file)]) {
        const structure = parse(octets);
        expectNested(structure.root, 0, octets.length);
        expect(structure.size).toBe(octets.length);
        for (const chunk of [61, 4096]) expect(parse(octets, chunk), corpusName(file)).toEqual(structure);
      }
    }
  });

  test('has a header that reads and edits without touching another octet', () => {
    for (const file of files) {
      const octets = readMessage(file);
      const block = octets.subarray(0, parse(octets).root.header.end);
      const fields = parseHeader(block);
      expect(editHeader(block, []).equals(block), corpusName(file)).toBe(true);
      for (const field of fields.slice(0, 20)) {
        const without = Buffer.concat([block.subarray(0, field.start), block.subarray(field.end)]);
        expect(editHeader(block, [{ kind: 'remove', field }]).equals(without), corpusName(file)).toBe(true);
        expect(decodeValue(field.raw)).not.toMatch(/[\0-\x1f\x7f-\x9f]/);
        for (const { address } of parseMailboxes(field.raw).mailboxes) expect(canonicalAddress(address)).toBe(address);
      }
    }
  });

  test('real mail has a structure without problems', () => {
    // Bounces of real servers; the few with problems were mangled when they were made anonymous.
    const bounces = corpusMessages().filter((file) => file.includes('sisimai'));
    const flagged = bounces.filter((file) => parse(readMessage(file)).problems.length > 0);
    expect(flagged.length / bounces.length).toBeLessThan(0.03);
  });
});

/** Parts as mailparser sees them: an attached message is one part, whatever it holds. */
function outerParts(part: Part): Part[] {
  if (part.children.length === 0 || part.type === 'message/rfc822') return [part];
  return part.children.flatMap(outerParts);
}

function hash(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex');
}

/** What the two parsers disagree about, in words; empty when they agree. */
async function disagreements(octets: Buffer, root: Part): Promise<string[]> {
  const mail = await simpleParser(octets, {
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipTextLinks: true,
    keepCidLinks: true,
  });
  const squeeze = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
  const shown = squeeze(`${mail.text ?? ''} ${mail.html || ''}`);
  const theirs = mail.attachments.filter(({ contentType }) => contentType !== 'message/rfc822');
  const left = theirs.map(({ content, filename }) => `${hash(content)} ${filename ?? ''}`);
  const found: string[] = [];
  for (const part of outerParts(root).filter(({ type }) => type !== 'message/rfc822')) {
    const content = await decoded(octets, part);
    const at = left.indexOf(`${hash(content)} ${part.fileName ?? ''}`);
    const text = squeeze(decodeCharset(content, part.parameters['charset'] ?? ''));
    if (at !== -1) left.splice(at, 1);
    else if (!/^(text|message)\//.test(part.type) || !shown.includes(text.slice(0, 500)))
      found.push(`ours alone: ${part.path} ${part.type}`);
  }
  return [...found, ...left.map(() => 'theirs alone')];
}

describe.skipIf(!corporaPresent)('an independent parser', () => {
  /** Why we differ, each looked into. */
  const known: Readonly<Record<string, string>> = {
    'yenc/simple.msg': 'binary body whose line ends this test changed',
    'testmsgs/frag.msg': 'mailparser reads on past the outer delimiter when an inner multipart does not end',
    'rfc/007.eml': 'mailparser takes no delimiter with white space after it',
    'mimetools-testmsgs/multi-weirdspace.msg': 'the same',
    'attachment_with_encoded_name.eml': 'an octet in a file name that its charset does not have',
    'raw_email8.eml': 'the same',
    'chardet-success-big-5.raw': 'Big5 labelled as ASCII, which mailparser guesses',
    'lhost-ezweb-02.eml': 'EUC-JP labelled as ISO-2022-JP, unreadable to both',
    'lhost-ezweb-03.eml': 'the same',
    'lhost-ezweb-05.eml': 'the same',
  };

  test('finds the same parts, contents and file names in messages without problems', async () => {
    let agreed = 0;
    const differing: string[] = [];
    for (const file of corpusMessages()) {
      const octets = readMessage(file);
      const { root, problems } = parse(octets);
      if (problems.length > 0 || root.type === 'message/rfc822') continue;
      const found = await disagreements(octets, root);
      if (found.length === 0) agreed += 1;
      else if (!Object.keys(known).some((name) => file.endsWith(name)))
        differing.push(`${corpusName(file)}: ${found.join(', ')}`);
    }
    expect(differing).toEqual([]);
    expect(agreed).toBeGreaterThan(650);
  });
});
