/**
 * Is there nothing in a message for anybody but the holders of its keys? `sealedAsWhole` believes what the octets show (Looked.sealed), in the forms in which
 * mail programs send it, and with nothing readable beside it:
 *
 *   S/MIME            the message is one part of CMS
 *   PGP/MIME          multipart/encrypted of two parts, the second one encrypted (RFC 3156 section 4)
 *   rights-protected  the field Content-Class says so; one part is sealed, the others are the text that tells old programs what it is ([MS-OXORMMS])
 *
 * An attachment that is encrypted does not make a message so, nor does a media type: who relied on it would send the rest in the clear.
 */
import { type Field, valuesOf } from '../mail/header.ts';
import { leaves, type Structure } from '../mail/structure.ts';
import type { Looked } from './detection.ts';

export function sealedAsWhole(structure: Structure, looked: readonly Looked[]): boolean {
  const { root, fields } = structure;
  const parts = leaves(structure);
  const sealed = parts.filter(({ path }) => looked.some((each) => each.path === path && each.sealed === true));
  const [only] = sealed;
  if (only === undefined || sealed.length > 1) return false;
  if (root === only) return /^application\/(x-)?pkcs7-mime$/.test(root.type);
  const isDirect = root.children.includes(only);
  if (root.type === 'multipart/encrypted')
    return isDirect && parts.length === 2 && parts[1] === only && parts[0]?.type === 'application/pgp-encrypted';
  const others = parts.filter((part) => part !== only);
  return (
    isRightsProtected(fields) && isDirect && others.every(({ type, fileName }) => isText(type) && fileName === null)
  );
}

/** Set by Outlook and Exchange for the message they protected; not for one that carries such a message. */
function isRightsProtected(fields: readonly Field[]): boolean {
  const [content, ...more] = valuesOf(fields, 'content-class').map((each) => each.toLowerCase());
  return content === 'rpmsg.message' && more.length === 0;
}

const isText = (type: string): boolean => type === 'text/plain' || type === 'text/html';
