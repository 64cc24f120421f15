/**
 * A message as its owner's mail program shows it: opened with the owner's key when it is protected, then the text and the list of
 * attachments. The sandbox can do this because it plays everybody; the gateway never could.
 *
 * Limits: one layer of protection; the first text part; HTML is not shown.
 */
import { type Field, valuesOf } from '../mail/header.ts';
import { leaves, type Part, type Range, type Structure, StructureParser } from '../mail/structure.ts';
import { decodeCharset, decodeTransfer } from '../mail/text.ts';
import { decryptPgp } from '../protect/openpgp.ts';
import { decryptSmime } from '../protect/smime-open.ts';
import type { Person } from './world.ts';

export type Reading = {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly date: string;
  readonly protection: 'OpenPGP' | 'S/MIME' | null;
  /** Why it cannot be read, or null. */
  readonly trouble: string | null;
  readonly text: string;
  readonly attachments: readonly { readonly name: string; readonly type: string; readonly octets: number }[];
  /** The protected entity once opened: header lines and body as the sender's mail program wrote them. */
  readonly opened: Buffer | null;
};

export async function readMail(bytes: Buffer, owner: Person): Promise<Reading> {
  const outer = parse(bytes);
  const shown = headline(outer.fields);
  const protection = protectionOf(outer.root);
  if (protection === null)
    return { ...shown, protection, trouble: null, opened: null, ...(await content(bytes, outer)) };
  try {
    const opened = await open(bytes, outer, owner);
    const inner = parse(opened);
    return { ...shown, protection, trouble: null, opened, ...(await content(opened, inner)) };
  } catch (error) {
    const trouble = `This mailbox cannot open it: ${error instanceof Error ? error.message : 'unknown error'}`;
    return { ...shown, protection, trouble, opened: null, text: '', attachments: [] };
  }
}

function parse(bytes: Buffer): Structure {
  const parser = new StructureParser();
  parser.push(bytes);
  return parser.end();
}

function headline(fields: readonly Field[]) {
  const value = (name: string): string => valuesOf(fields, name).join(', ');
  return { from: value('From'), to: value('To'), subject: value('Subject'), date: value('Date') };
}

function protectionOf(root: Part): Reading['protection'] {
  if (root.type === 'multipart/encrypted' && root.parameters.protocol?.toLowerCase() === 'application/pgp-encrypted')
    return 'OpenPGP';
  const sealed = ['enveloped-data', 'authenveloped-data'].includes(root.parameters['smime-type']?.toLowerCase() ?? '');
  return sealed && /^application\/(x-)?pkcs7-mime$/.test(root.type) ? 'S/MIME' : null;
}

async function open(bytes: Buffer, outer: Structure, owner: Person): Promise<Buffer> {
  const [, octets] = outer.root.children;
  if (octets !== undefined) {
    if (owner.pgp === null) throw new Error('there is no OpenPGP key here');
    return decryptPgp(owner.pgp.privateKey, (await decoded(bytes, octets)).toString('latin1'));
  }
  if (owner.smime === null) throw new Error('there is no S/MIME certificate here');
  return decryptSmime(owner.smime, await decoded(bytes, outer.root));
}

async function content(bytes: Buffer, structure: Structure): Promise<Pick<Reading, 'text' | 'attachments'>> {
  const parts = leaves(structure);
  const body = parts.find((part) => part.type === 'text/plain' && part.disposition !== 'attachment');
  const attachments = await Promise.all(
    parts
      .filter((part) => part.disposition === 'attachment')
      .map(async (part) => ({
        name: part.fileName ?? 'without a name',
        type: part.type,
        octets: (await decoded(bytes, part)).length,
      })),
  );
  const text =
    body === undefined ? '' : decodeCharset(await decoded(bytes, body), body.parameters.charset ?? 'us-ascii');
  return { text, attachments };
}

/** The part's octets without their transfer encoding. */
async function decoded(bytes: Buffer, part: Part): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of decodeTransfer(one(bytes, part.body), part.encoding)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* one(bytes: Buffer, range: Range): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(range.start, range.end);
}

/** The link in a notification, or null: the first address under `origin` in the text. */
export function portalLink(text: string, origin: string): string | null {
  return links(text).find((link) => link.startsWith(`${origin}/`)) ?? null;
}

/** Web addresses in a text, as written. */
export function links(text: string): string[] {
  return text.match(/https?:\/\/[^\s<>"']+/g) ?? [];
}
