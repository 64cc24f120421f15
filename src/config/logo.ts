/**
 * A tenant's logo: octets of a file -> what it is and how large, or why it cannot be one.
 *
 * The file's own first octets say what it is, never its name. PNG, JPEG and WebP are pictures and nothing else. An SVG could hold scripts; one that
 * does, or that points at anything outside itself, is refused here, and pages show it only as a picture, under a policy that runs nothing.
 *
 * Limits: pictures are not decoded. A broken one is found by whoever looks at the page.
 */

export type Logo = {
  readonly type: 'image/png' | 'image/jpeg' | 'image/webp' | 'image/svg+xml';
  readonly octets: Buffer;
  /** Pixels, or units of the SVG. */
  readonly width: number;
  readonly height: number;
};

/** Octets. Every page carries it, and a page stays under 60 kB for people on slow phones. */
export const maxLogo = 24 * 1024;
/** Shown 36 pixels high; twice that serves sharp screens, and the rest is room. */
const maxSide = 2000;

export type LogoResult =
  | { readonly ok: true; readonly logo: Logo }
  | { readonly ok: false; readonly why: string; readonly remedy: string };

export function readLogo(octets: Buffer): LogoResult {
  if (octets.length > maxLogo) {
    const remedy = `Save it about 72 pixels high, as SVG, PNG or WebP, with at most ${maxLogo / 1024} kB: every page carries it.`;
    return { ok: false, why: `the logo has ${Math.ceil(octets.length / 1024)} kB`, remedy };
  }
  const found = png(octets) ?? jpeg(octets) ?? webp(octets) ?? svg(octets);
  if (found === null)
    return { ok: false, why: 'the file is not a picture we can show', remedy: 'Save it as SVG, PNG, JPEG or WebP.' };
  if ('why' in found) return { ok: false, ...found };
  const { width, height } = found;
  if (width < 1 || height < 1 || width > maxSide || height > maxSide) {
    const remedy = `Save it about 72 pixels high; no side may be longer than ${maxSide}.`;
    return { ok: false, why: `the logo is ${width} by ${height} pixels`, remedy };
  }
  return { ok: true, logo: { ...found, octets } };
}

type Found = Omit<Logo, 'octets'>;
type Refused = { readonly why: string; readonly remedy: string };

/** W3C PNG, section 5: a signature, then IHDR. */
function png(octets: Buffer): Found | null {
  const signed = octets.length > 24 && octets.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'));
  if (!signed || octets.toString('latin1', 12, 16) !== 'IHDR') return null;
  return { type: 'image/png', width: octets.readUInt32BE(16), height: octets.readUInt32BE(20) };
}

/** ITU-T T.81 annex B: segments up to the start of a frame, which has the size. */
function jpeg(octets: Buffer): Found | null {
  if (octets.length < 12 || octets.readUInt16BE(0) !== 0xffd8) return null;
  let at = 2;
  while (at + 9 <= octets.length && octets[at] === 0xff) {
    const marker = octets[at + 1] ?? 0;
    // SOF0 to SOF15, without the tables (DHT, JPG, DAC) among them.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return { type: 'image/jpeg', height: octets.readUInt16BE(at + 5), width: octets.readUInt16BE(at + 7) };
    at += 2 + octets.readUInt16BE(at + 2);
  }
  return null;
}

/** RFC 9649: a RIFF file whose first chunk is lossy, lossless or extended. */
function webp(octets: Buffer): Found | null {
  if (octets.length < 30 || octets.toString('latin1', 0, 4) !== 'RIFF' || octets.toString('latin1', 8, 12) !== 'WEBP')
    return null;
  const type = 'image/webp';
  const chunk = octets.toString('latin1', 12, 16);
  if (chunk === 'VP8X') return { type, width: octets.readUIntLE(24, 3) + 1, height: octets.readUIntLE(27, 3) + 1 };
  if (chunk === 'VP8 ')
    return { type, width: octets.readUInt16LE(26) & 0x3fff, height: octets.readUInt16LE(28) & 0x3fff };
  if (chunk !== 'VP8L') return null;
  const bits = octets.readUInt32LE(21);
  return { type, width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

/** What an SVG has that a picture does not need: scripts, handlers, other documents, addresses outside itself. */
const active =
  /<\s*(?:script|foreignObject|iframe|object|embed|audio|video)\b|\son[a-z]+\s*=|<!ENTITY|javascript:|@import|(?:href|src)\s*=\s*["']?\s*(?!["'#]|data:image\/(?:png|jpeg|webp)[;,])[^\s"'>]|url\(\s*["']?\s*(?!["'#)])/i;

function svg(octets: Buffer): Found | Refused | null {
  const text = octets.toString('utf8');
  const [root] = /<svg\b[^>]{0,4000}>/i.exec(text) ?? [];
  if (root === undefined || !/^\uFEFF?\s*</.test(text)) return null;
  if (active.test(text)) {
    return {
      why: 'the SVG has scripts, other documents or addresses outside itself',
      remedy: 'Export it as a plain SVG, with everything in it, or as PNG.',
    };
  }
  const box = /\bviewBox\s*=\s*["']\s*[-\d.]+[\s,]+[-\d.]+[\s,]+([\d.]+)[\s,]+([\d.]+)/i.exec(root);
  const [width, height] = [box?.[1] ?? sideOf(root, 'width'), box?.[2] ?? sideOf(root, 'height')].map(Number);
  if (!width || !height)
    return { why: 'the SVG does not say how large it is', remedy: 'Give its first element a viewBox.' };
  // Small units are as good as large ones; what counts is the shape.
  return { type: 'image/svg+xml', width: Math.max(1, Math.round(width)), height: Math.max(1, Math.round(height)) };
}

function sideOf(root: string, name: string): string | undefined {
  return new RegExp(`\\b${name}\\s*=\\s*["']\\s*([\\d.]+)(?:px)?\\s*["']`, 'i').exec(root)?.[1];
}
