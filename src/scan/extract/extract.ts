/**
 * Text out of one leaf part, whatever it is packed in (`extract`).
 *
 * `look` asks the first octets what they are (sniff.ts), else the name and the declared type, and hands them to the reader of that kind; a
 * reader that finds something packed hands it back through `Site.member`, and so on down to the budget's depth. What streams is read as a
 * stream; what can only be read as a whole is held, within the budget.
 *
 * What could be two things is read as both: octets of no known format, and files of all other kinds, that end as a ZIP archive does.
 *
 * Limits: text in pictures, sound and film is not looked for.
 */
import { readZipFile } from './archive.ts';
import type { Budget } from './budget.ts';
import { decodeText } from './charset.ts';
import { enclosedIn } from './cms.ts';
import { readCompoundFile } from './compound.ts';
import { hasEscapes, unescaped } from './escapes.ts';
import { readHtml } from './html.ts';
import { gunzipped, zlibbed } from './inflate.ts';
import { readMessage } from './message.ts';
import { once, Source } from './octets.ts';
import { readOfficeText } from './office-text.ts';
import { pdfText } from './pdf.ts';
import type { TextWriter } from './pieces.ts';
import { readRtf } from './rtf-file.ts';
import { Runs } from './runs.ts';
import { isSealed } from './sealed.ts';
import { type Declared, type Sink, Site, unknownFile } from './site.ts';
import { declaredKind, headLength, type Kind, signatureOf } from './sniff.ts';
import { readTar } from './tar.ts';
import { hold, Kept } from './whole.ts';
import { readWinmail } from './winmail.ts';
import { readXml } from './xml.ts';
import { endSearched, endsAsZip } from './zip.ts';

export type { Sink } from './site.ts';

/** A leaf part as its header declares it; `type` in lower case. */
export type PartInput = Declared & { readonly path: string; readonly place: 'body' | 'attachment' };

/** Looks through a part. `octets` have their transfer encoding undone. Never throws for what they hold. */
export async function extract(
  part: PartInput,
  octets: AsyncIterable<Uint8Array>,
  sink: Sink,
  budget: Budget,
): Promise<void> {
  await Site.visit(part, octets, sink, budget, look);
}

async function look(site: Site, octets: AsyncIterable<Uint8Array>): Promise<void> {
  const source = new Source(octets);
  const head = await source.peek(headLength);
  if (head.length === 0) return;
  if (site.declared.type === 'message/partial') site.blind('content', 'it is a fragment of a message');
  const signature = signatureOf(head);
  site.detected = signature?.type ?? null;
  site.sealed = isSealed(head);
  await readers[kindOf(site.declared, signature?.kind ?? null, head)](site, source, head);
}

/** The octets win; but text that names itself is still the message or the page it is declared to be. */
function kindOf(declared: Declared, signed: Kind | null, head: Buffer): Kind {
  const said = declaredKind(declared, head);
  if (signed === null) return said;
  // A body is shown as it is declared, whatever its first octets could be.
  if (signed === 'media' && declared.type.startsWith('text/') && declared.fileName === null) return said;
  const markup = signed === 'html' || signed === 'xml';
  return markup && (said === 'message' || said === 'html') ? said : signed;
}

type Reader = (site: Site, source: Source, head: Buffer) => Promise<void>;

const readers: Readonly<Record<Kind, Reader>> = {
  zip: (site, source) =>
    hold(site, source, async (octets) => {
      site.detected = await readZipFile(site, octets);
    }),
  compound: (site, source) =>
    whole(site, source, async (octets) => {
      site.detected = await readCompoundFile(site, octets);
    }),
  pdf: (site, source) => whole(site, source, (octets) => readPdf(site, octets)),
  tnef: (site, source) => whole(site, source, (octets) => readWinmail(site, octets)),
  cms: (site, source) => whole(site, source, (octets) => readCms(site, octets)),
  message: (site, source) => whole(site, source, (octets) => readMessage(site, octets)),
  gzip: readGzip,
  tar: readTar,
  closed: async (site) => site.blind('content', 'it is an archive of a kind that cannot be opened'),
  media: (site, source) => readOpaque(site, source, null),
  binary: (site, source) => readOpaque(site, source, new Runs(() => site.text())),
  html: readPage,
  xml: readAnyXml,
  rtf: readRtf,
  text: readText,
};

/** Holds a file and reads it, and once more as a ZIP archive when it ends as one. */
async function whole(site: Site, source: Source, read: (octets: Buffer) => Promise<void>): Promise<void> {
  await hold(site, source, async (octets) => {
    await read(octets);
    if (endsAsZip(octets.subarray(-endSearched))) await readZipFile(site, octets);
  });
}

/** A file that streams by, and is a ZIP archive too when it ends as one, as a program that unpacks itself does. */
async function readOpaque(site: Site, source: Source, runs: Runs | null): Promise<void> {
  const kept = new Kept(site, endSearched);
  for await (const chunk of source.stream()) {
    runs?.push(chunk);
    kept.push(chunk);
  }
  runs?.end();
  await kept.end(async (octets, isWhole) => {
    if (!endsAsZip(octets.subarray(-endSearched))) return;
    if (isWhole) await readZipFile(site, octets);
    else site.blind('content', 'it ends as an archive and is larger than can be opened');
  });
}

async function readText(site: Site, source: Source): Promise<void> {
  const writers = [site.text(), enclosedFiles(site)];
  if (hasEscapes(site.declared)) writers.push(unescaped(site.text()));
  await decodeText(source, charsetParameter(site), writers);
}

/** Some programs make attachments of files that stand in a text by way of uuencode. */
function enclosedFiles(site: Site): TextWriter {
  return {
    write: (text) => {
      if (/^begin [0-7]{3,4} \S/m.test(text)) site.blind('content', 'a file stands in its text, in uuencode');
    },
    end: () => undefined,
  };
}

async function readPage(site: Site, source: Source): Promise<void> {
  const writers = [readHtml(site.text(), site.text())];
  // Declared as plain text its source is what is shown.
  if (site.declared.type === 'text/plain') writers.push(site.text());
  await decodeText(source, charsetParameter(site), writers);
}

async function readAnyXml(site: Site, source: Source, head: Buffer): Promise<void> {
  const shown = site.text();
  const beside = site.text();
  const writer = flatOffice(head.toString('latin1'), shown, beside) ?? readXml(shown, beside);
  await decodeText(source, charsetParameter(site), [writer]);
}

/** Office documents that are one XML file. */
function flatOffice(head: string, shown: TextWriter, beside: TextWriter): TextWriter | null {
  const nobody = () => undefined;
  if (head.includes('urn:oasis:names:tc:opendocument')) return readOfficeText('odf', shown, beside, nobody);
  const word = head.includes('schemas.microsoft.com/office/word') || head.includes('schemas.openxmlformats.org');
  return word || head.includes('schemas.microsoft.com/office/2006')
    ? readOfficeText('ooxml', shown, beside, nobody)
    : null;
}

function charsetParameter(site: Site): string {
  return site.declared.parameters['charset'] ?? '';
}

async function readGzip(site: Site, source: Source): Promise<void> {
  const fileName = (site.declared.fileName ?? '').replace(/\.tgz$/i, '.tar').replace(/\.gz$/i, '');
  await site.member(1, { ...unknownFile, fileName }, gunzipped(source.stream(), site));
}

async function readCms(site: Site, octets: Buffer): Promise<void> {
  const enclosed = enclosedIn(octets);
  if (enclosed.kind === 'unknown') site.blind('content', 'its signature cannot be read');
  if (enclosed.kind !== 'content' || enclosed.octets === null) return;
  const content = enclosed.compressed ? zlibbed(enclosed.octets, site) : once(enclosed.octets);
  await site.member(1, { type: 'message/rfc822', parameters: {}, fileName: null }, content);
}

async function readPdf(site: Site, octets: Buffer): Promise<void> {
  const writer = site.text();
  let number = 0;
  await pdfText(octets, {
    text: (text) => writer.write(text),
    file: async (fileName, file) => {
      number += 1;
      const refused = site.budget.unpack(file.length);
      if (refused !== null) site.blind('limits', refused);
      await site.member(number, { ...unknownFile, fileName }, refused === null ? once(file) : null, file.length);
    },
    blind: (doubt, reason) => {
      if (doubt === 'password') site.locked(reason);
      else site.blind(doubt, reason);
    },
  });
  writer.end();
}
