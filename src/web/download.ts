/**
 * Attachments as downloads: always saved, never shown. The type is always application/octet-stream, the file name is made harmless, and the response is
 * sandboxed in case a browser shows it after all.
 *
 * Standards: RFC 6266, RFC 8187.
 */
/** The policy of every download. */
export const downloadPolicy = "sandbox; default-src 'none'; frame-ancestors 'none'";

/** The longest file name handed out, in UTF-8 octets, extension included: what file systems take, with room to spare. */
const maxOctets = 180;
/** Names Windows gives to devices, whatever the extension. */
const devices = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)$/i;

/**
 * A name that is safe to save under: no path, no control or direction-changing characters (which disguise an extension), nothing a shell or Windows
 * treats specially at its ends.
 */
export function safeFileName(name: string | null, fallback: string): string {
  const cleaned = (name ?? '')
    .slice(0, 2000)
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\uFFFD\u2028\u2029]/gu, '')
    .replace(/[\\/:*?"<>|%]/g, '_')
    .replace(/\p{Z}+/gu, ' ')
    .replace(/^[\s.~-]+/u, '')
    .trimEnd();
  const named = shorten(withoutTrailingDots(cleaned));
  const [stem = ''] = named.split('.', 1);
  if (named === '' || named === '_') return fallback;
  return devices.test(stem.trim()) ? `_${named}` : named;
}

function withoutTrailingDots(name: string): string {
  let end = name.length;
  while (end > 0 && (name[end - 1] === '.' || name[end - 1] === ' ')) end -= 1;
  return name.slice(0, end);
}

/** Cuts the stem so that the extension stays. */
function shorten(name: string): string {
  if (Buffer.byteLength(name) <= maxOctets) return name;
  const dot = name.lastIndexOf('.');
  const extension =
    dot > 0 && Buffer.byteLength(name) - Buffer.byteLength(name.slice(0, dot)) <= 20 ? name.slice(dot) : '';
  const room = maxOctets - Buffer.byteLength(extension);
  let stem = '';
  let used = 0;
  for (const character of name.slice(0, name.length - extension.length)) {
    used += Buffer.byteLength(character);
    if (used > room) break;
    stem += character;
  }
  return stem + extension;
}

/** `attachment`, or `inline` for what is shown, with the name twice: ASCII for old readers, UTF-8 for the rest. `name` comes from `safeFileName`. */
export function attachmentDisposition(name: string, type: 'attachment' | 'inline' = 'attachment'): string {
  // RFC 6266 section 4.3: the quoted form holds what is left of the name in ASCII; RFC 8187 section 3.2 for the other.
  const ascii = name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%]/g, '_');
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${type}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
