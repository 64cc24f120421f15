/**
 * What the header block of one part says about its body: type, transfer encoding, file name, and how it is to be split.
 * Where two careful programs could read a block differently, and one of them would miss content, it says so in `problems`.
 */
import { decodeValue, type Field, fieldsNamed, parseHeader } from './header.ts';
import { type Parameterised, parseParameters } from './parameters.ts';

export type PartHeader = {
  readonly fields: readonly Field[];
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly encoding: string;
  readonly disposition: 'inline' | 'attachment' | null;
  readonly fileName: string | null;
  readonly contentId: string | null;
  /** The boundary of a multipart as latin1 octets, null when it has none. */
  readonly boundary: string | null;
  /** Ends of sentences that begin with the part's name. */
  readonly problems: readonly string[];
  /** One of the problems is that there was more than is read. */
  readonly exceeded: boolean;
};

const identityEncodings = new Set(['7bit', '8bit', 'binary']);

/** Reads a part's header block. `defaultType` is what the part is without a Content-Type (RFC 2046 section 5.1.5). */
export function readPartHeader(block: Buffer, defaultType: string): PartHeader {
  const fields = parseHeader(block);
  const problems: string[] = [];
  if (block[0] === 0x20 || block[0] === 0x09)
    problems.push('begins with a folded line, which some programs take for a field');
  const contentType = single(fields, 'Content-Type', problems);
  const disposition = single(fields, 'Content-Disposition', problems);
  const encodings = single(fields, 'Content-Transfer-Encoding', problems);
  const type = contentType === null ? defaultType : typeOf(contentType.value, problems);
  const encoding = encodings?.value || '7bit';
  const split = type.startsWith('multipart/');
  if ((split || type === 'message/rfc822' || type === 'message/global') && !identityEncodings.has(encoding)) {
    problems.push(`is a ${split ? 'multipart' : 'message'} with a transfer encoding, which not every program undoes`);
  }
  if (split && contentType?.conflicts.includes('boundary')) problems.push('has two different boundaries');
  const exceeded = Boolean(contentType?.overflow || disposition?.overflow);
  if (exceeded) problems.push('has more parameters than are read');
  return {
    fields,
    type,
    parameters: contentType?.parameters ?? {},
    encoding,
    disposition: dispositionOf(disposition),
    fileName: fileNameOf(contentType, disposition, problems),
    contentId: contentIdOf(fields),
    boundary: split ? boundaryOf(contentType) : null,
    problems,
    exceeded,
  };
}

/** The one value of a field; of several the first, with a problem when they differ. */
function single(fields: readonly Field[], name: string, problems: string[]): Parameterised | null {
  const [first, ...others] = fieldsNamed(fields, name);
  if (first === undefined) return null;
  const meaning = first.raw.trim();
  if (others.some((other) => other.raw.trim() !== meaning)) problems.push(`has two different ${name} fields`);
  return parseParameters(first.raw);
}

function typeOf(value: string, problems: string[]): string {
  const type = /^[^\s/;,]+\/[^\s/;,]+/.exec(value)?.[0];
  if (type === value) return type;
  if (/multipart|message/.test(value)) problems.push('has an unreadable Content-Type');
  return type ?? 'text/plain';
}

function dispositionOf(disposition: Parameterised | null): 'inline' | 'attachment' | null {
  if (disposition === null || disposition.value === '') return null;
  // RFC 2183 section 2.8: what is not known is an attachment.
  return disposition.value === 'inline' ? 'inline' : 'attachment';
}

function fileNameOf(type: Parameterised | null, disposition: Parameterised | null, problems: string[]): string | null {
  const fromType = type?.parameters['name'];
  const fromDisposition = disposition?.parameters['filename'];
  const twice = type?.conflicts.includes('name') || disposition?.conflicts.includes('filename');
  const differ = fromType && fromDisposition && extensionOf(fromType) !== extensionOf(fromDisposition);
  // Thunderbird names a signature once with `.asc` and once without.
  if ((twice || differ) && type?.value !== 'application/pgp-signature') problems.push('has two different file names');
  return fromDisposition || fromType || null;
}

/** Programs choose by the extension what a file is; the rest of two names often differs by encoding or length alone. */
function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot === -1 ? '' : name.slice(dot).trim().toLowerCase();
}

function contentIdOf(fields: readonly Field[]): string | null {
  const [field] = fieldsNamed(fields, 'Content-ID');
  const id = field === undefined ? '' : decodeValue(field.raw).replaceAll(/^<|>$/g, '');
  return id === '' ? null : id;
}

function boundaryOf(type: Parameterised | null): string | null {
  const octets = type?.octets.get('boundary') ?? type?.parameters['boundary'];
  return octets?.trimEnd() || null;
}
