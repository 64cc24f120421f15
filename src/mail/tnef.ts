/**
 * winmail.dat: the whole of a message as Outlook keeps it, packed into one attachment (TNEF). `readTnef` unpacks it.
 *
 * A stream is a row of attributes. Some are old and simple (subject, body, an attachment's data); two hold tables of MAPI properties, which say the
 * same again and more: the HTML or RTF body, long names, what forms and voting buttons hold. What stands twice is given once, the table's
 * value winning. Format: MS-OXTNEF; the tables are read in mapi.ts, RTF unpacked in compressed-rtf.ts.
 *
 * Damaged input gives what could be read and says in `problems` what could not. Time and memory are linear in the octets, times the depth.
 *
 * Limits: eight messages inside one another, 2,000 attachments; recipients are not read; checksums are not looked at, as readers of mail do not.
 */
import { unpackRtf } from './compressed-rtf.ts';
import { Cursor, charsetOf, isText, type Property, propertyText, readProperties, string8, valueType } from './mapi.ts';

export type TnefAttachment = {
  /** The long file name, else the short one, else the name shown; "" when there is none. */
  readonly name: string;
  /** Of an OLE object, its storage. */
  readonly octets: Uint8Array;
  /** The message, when the attachment is one; `octets` is empty then. */
  readonly message: Tnef | null;
};

export type Tnef = {
  readonly subject: string;
  /** Plain text of the body. */
  readonly text: string;
  readonly html: string;
  /** The body as RTF, unpacked, one character per octet (latin1). */
  readonly rtf: string;
  /** The text of all other properties, a line each. */
  readonly properties: string;
  readonly attachments: readonly TnefAttachment[];
  /** Clauses that say what could not be read; empty when all could. */
  readonly problems: readonly string[];
};

const signature = 0x223e9f78;
const deepest = 8;
const mostAttachments = 2_000;
/** Tables of properties a message or an attachment has; well-made ones have one. */
const mostTables = 16;

/** Attributes by the low half of their id. MS-OXTNEF section 2.1.3. */
const attribute = {
  subject: 0x8004,
  body: 0x800c,
  attachmentData: 0x800f,
  attachmentTitle: 0x8010,
  attachmentFile: 0x9001,
  attachmentBegins: 0x9002,
  messageProperties: 0x9003,
  attachmentProperties: 0x9005,
  codePage: 0x9007,
} as const;

/** Properties by id. MS-OXPROPS. */
const property = {
  subject: 0x0037,
  body: 0x1000,
  rtf: 0x1009,
  html: 0x1013,
  displayName: 0x3001,
  data: 0x3701,
  shortName: 0x3704,
  longName: 0x3707,
  internetCodePage: 0x3fde,
} as const;

/** Reads a TNEF stream. Never throws. */
export function readTnef(octets: Uint8Array): Tnef {
  return readStream(octets, 1);
}

type Draft = {
  codePage: string;
  subject: Uint8Array | null;
  body: Uint8Array | null;
  properties: Property[];
  tables: number;
  attachments: DraftAttachment[];
  problems: string[];
};
type DraftAttachment = { title: Uint8Array | null; data: Uint8Array | null; properties: Property[]; tables: number };

function readStream(octets: Uint8Array, depth: number): Tnef {
  const cursor = new Cursor(octets);
  const draft: Draft = {
    codePage: '',
    subject: null,
    body: null,
    properties: [],
    tables: 0,
    attachments: [],
    problems: [],
  };
  if (cursor.u32() === signature) {
    // A key that nobody needs.
    cursor.u16();
    if (cursor.short) draft.problems.push('the winmail.dat is cut off');
    else readAttributes(cursor, draft);
  } else draft.problems.push('the winmail.dat has no signature');
  return finished(draft, depth);
}

function readAttributes(cursor: Cursor, draft: Draft): void {
  while (cursor.left > 0) {
    const level = cursor.u8();
    if (level !== 1 && level !== 2) {
      if (level !== 0 || !cursor.onlyZeros()) draft.problems.push('the winmail.dat goes on after its end');
      return;
    }
    const id = cursor.u32() & 0xffff;
    const length = cursor.u32();
    const value = cursor.take(length);
    cursor.u16();
    takeAttribute(id, value, draft);
    if (cursor.short) {
      draft.problems.push('the winmail.dat is cut off');
      return;
    }
  }
}

function takeAttribute(id: number, value: Uint8Array, draft: Draft): void {
  const attachment = draft.attachments.at(-1);
  switch (id) {
    case attribute.codePage:
      draft.codePage = charsetOf(new Cursor(value).u32());
      break;
    case attribute.subject:
      draft.subject ??= value;
      break;
    case attribute.body:
      draft.body ??= value;
      break;
    case attribute.messageProperties:
      addProperties(draft, value, draft.problems);
      break;
    case attribute.attachmentBegins:
      if (draft.attachments.length < mostAttachments)
        draft.attachments.push({ title: null, data: null, properties: [], tables: 0 });
      else draft.problems.push(`the winmail.dat holds more than ${mostAttachments} attachments`);
      break;
    case attribute.attachmentTitle:
    case attribute.attachmentFile:
      if (attachment !== undefined) attachment.title ??= value;
      break;
    case attribute.attachmentData:
      if (attachment !== undefined) attachment.data ??= value;
      break;
    case attribute.attachmentProperties:
      if (attachment !== undefined) addProperties(attachment, value, draft.problems);
      break;
  }
}

function addProperties(to: { properties: Property[]; tables: number }, table: Uint8Array, problems: string[]): void {
  to.tables += 1;
  if (to.tables <= mostTables) to.properties = to.properties.concat(readProperties(table, problems));
  else problems.push(`the winmail.dat holds more than ${mostTables} tables of properties`);
}

function finished(draft: Draft, depth: number): Tnef {
  const { codePage, problems } = draft;
  const textOf = (id: number, fallback: Uint8Array | null): string => {
    const found = draft.properties.find((candidate) => candidate.id === id && isText(candidate));
    return found === undefined ? string8(fallback, codePage) : propertyText(found, codePage);
  };
  const attachments = draft.attachments.map((attachment) => finishedAttachment(attachment, codePage, depth, problems));
  const spoken = new Set<number>([property.subject, property.body, property.html]);
  const others = draft.properties.filter((candidate) => isText(candidate) && !spoken.has(candidate.id));
  return {
    subject: textOf(property.subject, draft.subject),
    text: textOf(property.body, draft.body),
    html: htmlOf(draft),
    rtf: rtfOf(draft),
    properties: others.map((candidate) => propertyText(candidate, codePage)).join('\n'),
    attachments,
    problems: [...new Set(problems)],
  };
}

function finishedAttachment(
  draft: DraftAttachment,
  codePage: string,
  depth: number,
  problems: string[],
): TnefAttachment {
  const named = [property.longName, property.shortName, property.displayName]
    .map((id) => draft.properties.find((candidate) => candidate.id === id && isText(candidate)))
    .find((candidate) => candidate !== undefined);
  const name = named === undefined ? string8(draft.title, codePage) : propertyText(named, codePage);
  const data = draft.properties.find(
    ({ id, type: of }) => id === property.data && (of === valueType.binary || of === valueType.object),
  );
  const value = data?.values[0];
  if (data === undefined || value === undefined)
    return { name, octets: draft.data ?? new Uint8Array(0), message: null };
  if (data.type === valueType.binary) return { name, octets: value, message: null };
  // An object begins with the id of its interface; IMessage is a stream like this one.
  const inner = value.subarray(16);
  if (new Cursor(inner).u32() !== signature) return { name, octets: inner, message: null };
  if (depth < deepest) {
    const message = readStream(inner, depth + 1);
    problems.push(...message.problems);
    return { name, octets: new Uint8Array(0), message };
  }
  problems.push('the winmail.dat holds messages too deep inside one another');
  return { name, octets: inner, message: null };
}

function htmlOf(draft: Draft): string {
  const html = draft.properties.find(({ id }) => id === property.html);
  if (html === undefined) return '';
  if (html.type === valueType.unicode) return propertyText(html, draft.codePage);
  const page = draft.properties.find(({ id }) => id === property.internetCodePage)?.values[0];
  const charset = page === undefined ? draft.codePage : charsetOf(new Cursor(page).u32());
  return html.values.map((value) => string8(value, charset)).join('\n');
}

function rtfOf(draft: Draft): string {
  const packed = draft.properties.find(({ id, type: of }) => id === property.rtf && of === valueType.binary)?.values[0];
  if (packed === undefined || packed.length === 0) return '';
  const rtf = unpackRtf(packed);
  if (rtf === null) draft.problems.push('the winmail.dat holds a damaged RTF body');
  return rtf?.toString('latin1') ?? '';
}
