/**
 * Whether a colour can be read, and the nearest one that can.
 *
 * Contrast is that of WCAG 2.2 (success criterion 1.4.3): 4.5 to 1 for text. The nearest passing colour keeps hue and strength, as far as the
 * screen's gamut lets it, and moves in lightness only, in the OKLab space (Ottosson 2020), where equal steps look equal.
 */

type Triple = readonly [number, number, number];

/** What text needs against what lies behind it. */
export const readable = 4.5;

/** The surfaces of our pages (web/style.css) on which the accent colour is text, the least favourable of each theme. */
export const surfaces = { light: '#eef0f4', dark: '#2a2f3a' } as const;
export type Theme = keyof typeof surfaces;

/** A colour for each theme, as #rrggbb. */
export type Accent = Readonly<Record<Theme, string>>;

/** "#RRGGBB" in lower case from that or "#RGB"; null for anything else. */
export function readColour(text: string): string | null {
  const [, short, long] = /^#(?:([0-9a-f]{3})|([0-9a-f]{6}))$/i.exec(text) ?? [];
  const digits = long ?? short?.replaceAll(/./g, '$&$&');
  return digits === undefined ? null : `#${digits.toLowerCase()}`;
}

/** 1 (none) to 21 (black on white). */
export function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

/** The colour of text on a ground of `accent`: white when that can be read, else nearly black. */
export function inkOn(accent: string): string {
  return contrast(accent, '#ffffff') >= readable ? '#ffffff' : '#14161a';
}

/** `colour`, or the one nearest to it that can be read on the surfaces of the theme. */
export function nearestReadable(colour: string, theme: Theme): string {
  const passes = (candidate: string): boolean => contrast(candidate, surfaces[theme]) >= readable;
  if (passes(colour)) return colour;
  const [lightness, a, b] = toOklab(linear(colour));
  // Darker in light, lighter in dark: the far end of the way always passes.
  const end = theme === 'light' ? 0 : 1;
  let failing = lightness;
  let passing = end;
  let best = theme === 'light' ? '#000000' : '#ffffff';
  for (let step = 0; step < 24; step += 1) {
    const middle = (failing + passing) / 2;
    const candidate = inGamut(middle, a, b);
    if (passes(candidate)) {
      passing = middle;
      best = candidate;
    } else failing = middle;
  }
  return best;
}

function luminance(colour: string): number {
  const [red, green, blue] = linear(colour);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** "#RRGGBB" as linear sRGB. */
function linear(colour: string): Triple {
  const channel = (at: number): number => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

function toOklab([red, green, blue]: Triple): Triple {
  const long = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const medium = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const short = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short,
    1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short,
    0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short,
  ];
}

function fromOklab(lightness: number, a: number, b: number): Triple {
  const long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
  ];
}

/** The colour of this lightness and hue, as strong as a screen can show it, up to the strength given. */
function inGamut(lightness: number, a: number, b: number): string {
  for (let strength = 1; strength > 0; strength -= 0.05) {
    const colour = fromOklab(lightness, a * strength, b * strength);
    if (colour.every((channel) => channel >= -0.0005 && channel <= 1.0005)) return toHex(colour);
  }
  return toHex(fromOklab(lightness, 0, 0));
}

function toHex(colour: Triple): string {
  const digits = colour.map((channel) => {
    const value = Math.min(1, Math.max(0, channel));
    const encoded = value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055;
    return Math.round(encoded * 255)
      .toString(16)
      .padStart(2, '0');
  });
  return `#${digits.join('')}`;
}
