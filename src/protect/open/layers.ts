/**
 * Which protection is around an entity, by its MIME structure alone. Only what is the whole of the entity counts: something encrypted or signed that
 * lies among other parts is never taken out or put together with them (EFAIL), it stays where it is and the verdict says so. Pure.
 */
import type { Part, Structure } from '../../mail/structure.ts';
import { isTransferEncoding } from '../../mail/text.ts';

export type Shape =
  /** A CMS structure, encrypted or signed, or an OpenPGP message. `inline`: the text itself, without MIME around it. */
  | { readonly kind: 'around'; readonly method: 'smime' | 'pgp'; readonly content: Part; readonly inline: boolean }
  /** A signature beside what it covers, a part with its header. */
  | { readonly kind: 'beside'; readonly method: 'smime' | 'pgp'; readonly covered: Part; readonly signature: Part }
  /** It claims a signature that cannot be one: why, as a sentence. */
  | { readonly kind: 'broken'; readonly method: 'smime' | 'pgp'; readonly why: string }
  /** Something protected lies among other parts. */
  | { readonly kind: 'part' }
  | { readonly kind: 'plain' };

const cmsTypes = new Set(['application/pkcs7-mime', 'application/x-pkcs7-mime']);
const cmsSignatures = new Set(['application/pkcs7-signature', 'application/x-pkcs7-signature']);

export function shapeOf({ root, problems }: Structure): Shape {
  if (isCms(root)) return { kind: 'around', method: 'smime', content: root, inline: false };
  if (root.type === 'multipart/signed') return signed(root, problems);
  const encrypted = pgpEncrypted(root);
  if (encrypted !== null) return { kind: 'around', method: 'pgp', content: encrypted, inline: false };
  return hasProtectedPart(root) ? { kind: 'part' } : { kind: 'plain' };
}

/** RFC 8551 section 3.9: older programs know the file name alone. */
function isCms({ type, encoding, fileName }: Part): boolean {
  if (!isTransferEncoding(encoding)) return false;
  return cmsTypes.has(type) || (type === 'application/octet-stream' && /\.p7[mz]$/i.test(fileName ?? ''));
}

/** RFC 3156 section 4. Some Exchange servers turn multipart/encrypted into multipart/mixed and leave its parts. */
function pgpEncrypted({ type, children }: Part): Part | null {
  if (type !== 'multipart/encrypted' && type !== 'multipart/mixed') return null;
  const [version, content, ...others] = children;
  if (version?.type !== 'application/pgp-encrypted' || content === undefined || others.length > 0) return null;
  return content.type === 'application/octet-stream' && isTransferEncoding(content.encoding) ? content : null;
}

/** RFC 1847 section 2.1. */
function signed(root: Part, problems: readonly string[]): Shape {
  const [covered, signature, ...others] = root.children;
  const protocol = (root.parameters['protocol'] ?? '').toLowerCase();
  const method = protocol === 'application/pgp-signature' ? 'pgp' : 'smime';
  const broken = (why: string): Shape => ({ kind: 'broken', method, why });
  if (covered === undefined || signature === undefined)
    return broken('The message says that it is signed, but there is no signature.');
  if (others.length > 0) return broken('The message has parts beside the signed one.');
  const fits = method === 'pgp' ? signature.type === 'application/pgp-signature' : cmsSignatures.has(signature.type);
  if (!fits || !isTransferEncoding(signature.encoding))
    return broken('The message says that it is signed, but its second part is no signature.');
  // Its reader might see other parts than were verified.
  if (problems.length > 0) return broken('The message is signed, but programs may read its parts in different ways.');
  return { kind: 'beside', method, covered, signature };
}

function hasProtectedPart(root: Part): boolean {
  const open: Part[] = [root];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const found =
      cmsTypes.has(part.type) ||
      part.type === 'multipart/signed' ||
      part.type === 'multipart/encrypted' ||
      part.type === 'application/pgp-encrypted';
    if (found) return true;
    open.push(...part.children);
  }
  return false;
}

const messageBegins = '-----BEGIN PGP MESSAGE-----';
const messageEnds = '-----END PGP MESSAGE-----';

/**
 * OpenPGP without MIME: the text is one armored message and nothing else, by its first and last octets (undecoded). Text with armor of another
 * kind, or beside it, is something protected among other things.
 */
export function inlineShape({ root }: Structure, first: string, last: string): Shape {
  if (!/-----BEGIN PGP (?:SIGNED )?MESSAGE-----/.test(first)) return { kind: 'plain' };
  const alone = first.trimStart().startsWith(messageBegins) && last.trimEnd().endsWith(messageEnds);
  if (!alone || !isTransferEncoding(root.encoding)) return { kind: 'part' };
  return { kind: 'around', method: 'pgp', content: root, inline: true };
}
