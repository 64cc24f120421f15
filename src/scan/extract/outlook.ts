/**
 * Messages saved by Outlook (.msg): each property is a stream, named by its number and type; attachments and recipients are storages.
 *
 * Standards: MS-OXMSG.
 * Limits: names of code pages are not looked up: 8-bit text is UTF-8 or windows-1252.
 */
import { unpackRtf } from '../../mail/compressed-rtf.ts';
import { decodeCharset } from '../../mail/text.ts';
import { readHtml } from './html.ts';
import { once, Source } from './octets.ts';
import type { Storage } from './ole.ts';
import type { TextWriter } from './pieces.ts';
import { readRtf } from './rtf-file.ts';
import type { Site } from './site.ts';

/** MS-OXPROPS. */
const property = {
  html: '1013',
  rtf: '1009',
  data: '3701',
  longName: '3707',
  shortName: '3704',
  mimeType: '370E',
} as const;

export function isOutlookMessage(root: Storage): boolean {
  return root.streams.some((stream) => stream.name === '__properties_version1.0');
}

/** Looks into a message and the messages attached to it. */
export async function readOutlookMessage(site: Site, message: Storage): Promise<void> {
  const writer = site.text();
  let number = 0;
  const open = [message];
  for (let storage = open.pop(); storage !== undefined; storage = open.pop()) {
    open.push(...storage.storages);
    const file = storage.name.startsWith('__attach') ? fileOf(storage) : null;
    await readProperties(site, storage, writer);
    if (file === null) continue;
    number += 1;
    if (!(await site.member(number, file.declared, once(file.octets), file.octets.length))) break;
  }
  writer.end();
}

type Property = { readonly id: string; readonly type: string; readonly read: () => Buffer };

function propertiesOf(storage: Storage): Property[] {
  return storage.streams.flatMap((stream) => {
    const [, id, type] = /^__substg1\.0_([0-9A-F]{4})([0-9A-F]{4})/i.exec(stream.name) ?? [];
    return id === undefined || type === undefined
      ? []
      : [{ id: id.toUpperCase(), type: type.toUpperCase(), read: stream.read }];
  });
}

/** Texts of a storage, each a line. */
async function readProperties(site: Site, storage: Storage, writer: TextWriter): Promise<void> {
  for (const { id, type, read } of propertiesOf(storage)) {
    if (id === property.html) {
      const html = readHtml(site.text(), site.text());
      html.write(textOf(type, read()));
      html.end();
    } else if (type === '001F' || type === '001E') {
      writer.write(`${textOf(type, read())}\n`);
    } else if (id === property.rtf && type === '0102') {
      await readPackedRtf(site, read());
    }
  }
}

async function readPackedRtf(site: Site, packed: Buffer): Promise<void> {
  const rtf = unpackRtf(packed);
  if (rtf === null) site.blind('content', 'the text of the message is damaged');
  else await readRtf(site, new Source(once(rtf)));
}

function textOf(type: string, octets: Buffer): string {
  return (type === '001F' ? octets.toString('utf16le') : decodeCharset(octets, '')).replaceAll('\0', '');
}

/** Null for an attachment that is a message or an object: it is a storage, and looked through as such. */
function fileOf(storage: Storage): { readonly declared: Site['declared']; readonly octets: Buffer } | null {
  const properties = propertiesOf(storage);
  const data = properties.find(({ id, type }) => id === property.data && type === '0102');
  if (data === undefined) return null;
  const text = (wanted: string) => {
    const found = properties.find(({ id, type }) => id === wanted && (type === '001F' || type === '001E'));
    return found === undefined ? '' : textOf(found.type, found.read());
  };
  const type = text(property.mimeType).toLowerCase() || 'application/octet-stream';
  const fileName = text(property.longName) || text(property.shortName) || null;
  return { declared: { type, parameters: {}, fileName }, octets: data.read() };
}
