/**
 * A stored message made ready for a reader: what stands at its top, which parts are its body, which are attachments, and their octets.
 *
 * The structure comes from mail/structure.ts, the same parser policy decides by, so nothing can be shown that was not judged. Octets
 * come from the spool by range; a message is never whole in memory. Bcc is not read at all, and the download of the whole message leaves it out.
 *
 * Limits: an attached message (message/rfc822) is offered as a file, not opened; text beyond `maxText` is in the download only.
 */
import { parseMailboxes } from '../mail/address.ts';
import { isAgreedField } from '../mail/agreed.ts';
import { editHeader, encodeField, fieldsNamed, type HeaderEdit, parseHeader, valuesOf } from '../mail/header.ts';
import { type Part, type Structure, StructureParser } from '../mail/structure.ts';
import { decodeCharset, decodeTransfer } from '../mail/text.ts';
import type { ItemSpool } from '../spool/items.ts';
import type { PortalRow } from '../store/portal-port.ts';
import { cardOf, type PortalPorts } from './ports.ts';

/** Octets of decoded text shown on a page. */
const maxText = 1_000_000;
/** Octets of pictures put into one HTML view. */
const maxPictures = 5_000_000;
/** Parts looked into for an invitation. */
const maxCalendars = 3;
/** Structures kept in memory, so that the page, its frame and its downloads parse a large message once. */
const maxCached = 50;

/** What a reader sees, before any content is decoded. */
export type MessageView = {
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  /** The Date field as written; empty when there is none. */
  readonly date: string;
  readonly subject: string;
  /** The parts that make up the message as plain text, in order. */
  readonly plain: readonly Part[];
  /** The parts of its formatted view, in order; empty when the sender formatted nothing. */
  readonly rich: readonly Part[];
  readonly attachments: readonly Part[];
  /** Parts in which an invitation may be; they are attachments, too. */
  readonly calendars: readonly Part[];
  /** Pictures the formatted view refers to. */
  readonly pictures: readonly Part[];
  /** Whether the structure could not be read as a whole. */
  readonly incomplete: boolean;
};

export type Messages = {
  structure(row: PortalRow): Promise<Structure>;
  /** The octets of a part without transfer encoding. */
  octets(row: PortalRow, part: Part): AsyncIterable<Uint8Array>;
  /** The text of the parts, and whether something was left off. */
  text(row: PortalRow, parts: readonly Part[], limit?: number): Promise<{ text: string; cut: boolean }>;
  /** data: URLs of the pictures by Content-ID, while they fit. */
  pictures(row: PortalRow, parts: readonly Part[]): Promise<Map<string, string>>;
  /** The whole message as it would have been delivered: no Bcc, the Subject policy chose. */
  whole(row: PortalRow): AsyncIterable<Uint8Array>;
};

export function openMessages(ports: Pick<PortalPorts, 'items' | 'key'>): Messages {
  const { items } = ports;
  const cache = new Map<string, Promise<Structure>>();

  const structure = (row: PortalRow): Promise<Structure> => {
    const { id } = row.message.spool;
    const parsed = cache.get(id) ?? parse(items, row);
    cache.delete(id);
    cache.set(id, parsed);
    parsed.catch(() => cache.delete(id));
    for (const oldest of cache.keys()) {
      if (cache.size <= maxCached) break;
      cache.delete(oldest);
    }
    return parsed;
  };

  const octets = (row: PortalRow, part: Part): AsyncIterable<Uint8Array> =>
    part.body.end > part.body.start ? decodeTransfer(items.read(itemOf(row), part.body), part.encoding) : nothing();

  const text = async (
    row: PortalRow,
    parts: readonly Part[],
    limit = maxText,
  ): Promise<{ text: string; cut: boolean }> => {
    const texts: string[] = [];
    let room = limit;
    for (const part of parts) {
      if (room === 0) return { text: texts.join('\n'), cut: true };
      const bytes = await readUpTo(octets(row, part), room + 1);
      texts.push(decodeCharset(bytes.subarray(0, room), part.parameters['charset'] ?? 'us-ascii'));
      if (bytes.length > room) return { text: texts.join('\n'), cut: true };
      room -= bytes.length;
    }
    return { text: texts.join('\n'), cut: false };
  };

  const pictures = async (row: PortalRow, parts: readonly Part[]): Promise<Map<string, string>> => {
    const urls = new Map<string, string>();
    let room = maxPictures;
    for (const part of parts) {
      if (part.contentId === null || !safePicture.has(part.type)) continue;
      const bytes = await readUpTo(octets(row, part), room + 1);
      if (bytes.length > room) continue;
      room -= bytes.length;
      urls.set(bareId(part.contentId), `data:${part.type};base64,${bytes.toString('base64')}`);
    }
    return urls;
  };

  async function* whole(row: PortalRow): AsyncGenerator<Uint8Array> {
    const { headerSize, size } = row.message;
    const block = await readUpTo(items.read(itemOf(row), { start: 0, end: headerSize }), headerSize);
    const fields = parseHeader(block);
    const hidden = fields.filter(({ name }) => /^(?:resent-)?bcc$/i.test(name) || isAgreedField(name));
    const subject = subjectOf(row, ports);
    const edits: HeaderEdit[] = hidden.map((field) => ({ kind: 'remove', field }));
    if (subject !== null) {
      for (const field of fieldsNamed(fields, 'subject')) {
        edits.push({ kind: 'replace', field, text: encodeField('Subject', subject) });
      }
    }
    yield editHeader(block, edits);
    if (size > headerSize) yield* items.read(itemOf(row), { start: headerSize, end: size });
  }

  return { structure, octets, text, pictures, whole };
}

/** The Subject a rule put in place of the sender's, null when it left it alone. */
export function subjectOf(row: PortalRow, ports: Pick<PortalPorts, 'key'>): string | null {
  const { subject, subjectChanged } = cardOf(row, ports);
  return subjectChanged ? subject : null;
}

function itemOf({ delivery, message }: PortalRow): Parameters<ItemSpool['read']>[0] {
  return { delivery: delivery.id, spool: message.spool };
}

async function parse(items: Pick<ItemSpool, 'read'>, row: PortalRow): Promise<Structure> {
  const parser = new StructureParser();
  for await (const chunk of items.read(itemOf(row))) parser.push(chunk);
  return parser.end();
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function readUpTo(source: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit);
}

/** Sorts the parts into body and attachments and reads the header a person sees. `subject` is the one policy chose, or null. */
export function viewOf(structure: Structure, subject: string | null): MessageView {
  const first = (name: string): string => valuesOf(structure.fields, name)[0] ?? '';
  const people = (name: string): string =>
    fieldsNamed(structure.fields, name)
      .flatMap((field) => parseMailboxes(field.raw).mailboxes)
      .slice(0, 200)
      .map(mailboxText)
      .join(', ');
  const { plain, rich } = bodyOf(structure.root);
  const formatted = rich.some(({ type }) => type === 'text/html');
  const body = new Set([...plain, ...rich]);
  const files = filesOf(structure.root).filter((part) => !body.has(part));
  const isPicture = (part: Part): boolean =>
    formatted && part.contentId !== null && part.disposition !== 'attachment' && safePicture.has(part.type);
  return {
    from: people('from'),
    to: people('to'),
    cc: people('cc'),
    date: first('date'),
    subject: subject ?? first('subject'),
    plain,
    rich: formatted ? rich : [],
    attachments: files.filter((part) => !isPicture(part)),
    calendars: files.filter(isCalendar).slice(0, maxCalendars),
    pictures: files.filter(isPicture),
    incomplete: structure.problems.length > 0,
  };
}

/** RFC 5545 section 8.1; and as Outlook and others send it as a file. */
function isCalendar({ type, fileName }: Part): boolean {
  return type === 'text/calendar' || type === 'application/ics' || /\.ics$/i.test(fileName ?? '');
}

function mailboxText({ name: written, address }: { readonly name: string; readonly address: string }): string {
  // Characters that turn the direction of text would write the address beside the name backwards.
  const name = written.replaceAll(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');
  if (name === '') return address;
  return /[",;<>@]/.test(name) ? `"${name.replaceAll('"', "'")}" <${address}>` : `${name} <${address}>`;
}

/** The part at an IMAP path of this message, unless it is a container. */
export function partAt(structure: Structure, path: string): Part | null {
  return filesOf(structure.root).find((part) => part.path === path) ?? null;
}

/** Picture types browsers decode without running anything; SVG is not one. */
const safePicture: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

function bareId(contentId: string): string {
  return contentId.trim().replace(/^</, '').replace(/>$/, '').toLowerCase();
}

/** What a person would call a file: every leaf, and an attached message as one. */
function filesOf(part: Part): Part[] {
  const files: Part[] = [];
  const open = [part];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.type.startsWith('multipart/') && next.children.length > 0) open.push(...next.children.toReversed());
    else files.push(next);
  }
  return files;
}

type Body = { readonly plain: readonly Part[]; readonly rich: readonly Part[] };

/** RFC 2046 section 5.1: alternatives say the same thing twice; a related or signed multipart's first part is the thing; else each in turn. */
function bodyOf(part: Part): Body {
  if (!part.type.startsWith('multipart/')) {
    const shown = part.disposition !== 'attachment' && part.fileName === null && part.children.length === 0;
    const plain = shown && part.type === 'text/plain' ? [part] : [];
    const rich = shown && (part.type === 'text/plain' || part.type === 'text/html') ? [part] : [];
    return { plain, rich };
  }
  const inside = part.children.map(bodyOf);
  if (part.type === 'multipart/related' || part.type === 'multipart/signed') {
    return inside[0] ?? { plain: [], rich: [] };
  }
  if (part.type === 'multipart/alternative') {
    const formatted = inside.findLast(({ rich }) => rich.some(({ type }) => type === 'text/html'));
    const plain = inside.find(({ plain }) => plain.length > 0)?.plain ?? [];
    return { plain, rich: formatted?.rich ?? plain };
  }
  return { plain: inside.flatMap(({ plain }) => plain), rich: inside.flatMap(({ rich }) => rich) };
}
