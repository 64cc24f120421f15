/**
 * Attachments that can be looked at without saving them, and how each is kept harmless. What a file is counts by its own first octets, never by its name
 * alone.
 *
 *   pictures   PNG, JPEG, GIF and WebP, as an img of a page of ours: browsers decode them and run nothing. SVG is a file.
 *   text       escaped, on a page of ours
 *   PDF        as it is, in a tab of its own, for the browser's viewer. Viewers run what a PDF has of scripts apart from any page, and need a response
 *              without `sandbox` (Chrome's does not start in one); so its policy lets nothing else load, and nosniff keeps it a PDF.
 *
 * Limits: pictures are not decoded here; text beyond `maxPreview` is in the download only. Phones without a viewer save a PDF instead.
 */
import type { Part } from '../mail/structure.ts';

export type Preview = 'picture' | 'text' | 'pdf';

/** Octets of text on a preview page. */
export const maxPreview = 200_000;

/** The policy of a PDF. Styles are those of the page that viewers put around it. */
export const pdfPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const textTypes = /^(?:text\/(?!html|calendar|rtf|enriched)[a-z0-9.+-]+|application\/(?:json|xml|x-yaml|yaml))$/;

/** How it might be shown, by what it is said to be; whether it is that is seen when it is asked for. */
export function previewOf({ type, fileName, children }: Part): Preview | null {
  if (children.length > 0) return null;
  const ending = /\.([a-z0-9]{2,4})$/i.exec(fileName ?? '')?.[1]?.toLowerCase() ?? '';
  const unsaid = type === 'application/octet-stream';
  if (/^image\/(?:png|jpe?g|gif|webp)$/.test(type) || (unsaid && /^(?:png|jpe?g|gif|webp)$/.test(ending)))
    return 'picture';
  if (type === 'application/pdf' || (unsaid && ending === 'pdf')) return 'pdf';
  if (textTypes.test(type) || (unsaid && /^(?:txt|csv|log|md|json|xml)$/.test(ending))) return 'text';
  return null;
}

/** What a file that begins with these octets is, when browsers show it as nothing else; null for anything that is none of it. */
export function shownAs(
  head: Uint8Array,
): 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp' | 'application/pdf' | null {
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 16)).toString('latin1');
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (start.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (/^GIF8[79]a/.test(start)) return 'image/gif';
  if (/^RIFF[\s\S]{4}WEBP/.test(start)) return 'image/webp';
  return start.startsWith('%PDF-') ? 'application/pdf' : null;
}
