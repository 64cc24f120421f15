/**
 * The thread in which hostile HTML becomes harmless HTML. Only what is listed here stays: tags, attributes, and CSS properties with plain values. Nothing that
 * remains can load anything, run anything, leave its frame or cover the page; but for pictures from elsewhere, when the reader asked for them: these stay as
 * https addresses that the reader's browser loads, never we. clean.ts gives it work and stops it when it takes too long.
 *
 * Limits: style sheets (`<style>`) are dropped; only inline styles of the listed properties stay.
 */
import { parentPort } from 'node:worker_threads';
import sanitizeHtml from 'sanitize-html';
import type { Cleaned, CleanJob } from './clean.ts';

const tags =
  'a abbr address article b bdi bdo big blockquote br caption center cite code col colgroup dd del div dl dt em figcaption figure font footer ' +
  'h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark ol p pre q s samp section small span strike strong sub sup table tbody td tfoot th ' +
  'thead time tr tt u ul var wbr';
const attributes: Record<string, string[]> = {
  '*': ['dir', 'lang', 'title', 'align', 'valign', 'style', 'bgcolor', 'width', 'height'],
  a: ['href', 'target', 'rel'],
  img: ['src', 'referrerpolicy', 'alt', 'border', 'hspace', 'vspace'],
  font: ['color', 'face', 'size'],
  ol: ['start', 'type', 'reversed'],
  ul: ['type'],
  li: ['value', 'type'],
  table: ['border', 'cellpadding', 'cellspacing', 'rules', 'frame', 'summary'],
  td: ['colspan', 'rowspan', 'nowrap', 'headers', 'abbr'],
  th: ['colspan', 'rowspan', 'nowrap', 'headers', 'abbr', 'scope'],
  col: ['span'],
  colgroup: ['span'],
  hr: ['size', 'color', 'noshade'],
  time: ['datetime'],
  blockquote: ['cite'],
};
/** Inside these, text is machinery or hidden, not words for a reader. */
const silent =
  'script style title template textarea option select noscript noembed noframes iframe object svg math xmp plaintext';

const propertyNames =
  /^(?:color|background-color|display|font|font-(?:family|size|style|weight|variant)|line-height|letter-spacing|text-(?:align|decoration|indent|transform)|vertical-align|white-space|word-break|overflow-wrap|direction|list-style-type|border|border-(?:collapse|spacing|color|style|width|radius|top|right|bottom|left)|padding|padding-(?:top|right|bottom|left)|margin|margin-(?:top|right|bottom|left)|width|max-width|min-width|height|max-height)$/;
/** Words, numbers, colours and lists of them: no url(), no var(), no escapes, no negative lengths that would pull text over other text. */
const plainValue = /^(?:[a-z0-9#%.,'" ]|(?<=[a-z])-(?=[a-z])|rgba?\([0-9., %]{1,40}\))+$/;

function safeStyle(style: string): string {
  const kept: string[] = [];
  for (const declaration of style.slice(0, 4000).split(';')) {
    const colon = declaration.indexOf(':');
    const name = declaration.slice(0, colon).trim().toLowerCase();
    const value = declaration
      .slice(colon + 1)
      .replace(/!\s*important/i, '')
      .trim()
      .toLowerCase();
    if (colon > 0 && value.length <= 200 && propertyNames.test(name) && plainValue.test(value))
      kept.push(`${name}:${value}`);
  }
  return kept.join(';');
}

/** Beyond these, a document is no letter, and the parser's time would grow faster than its size. */
const maxDepth = 1_000;
const maxTags = 200_000;
class TooComplicated extends Error {}

/** Null when the document is too complicated. */
function cleanOrNull(job: CleanJob): Cleaned | null {
  try {
    return clean(job);
  } catch (error) {
    if (error instanceof TooComplicated) return null;
    throw error;
  }
}

function clean({ html, pictures, remote: wanted = false }: CleanJob): Cleaned {
  let remote = 0;
  let depth = 0;
  let count = 0;
  const styled = (attribs: sanitizeHtml.Attributes): sanitizeHtml.Attributes => {
    const { style, ...rest } = attribs;
    const safe = style === undefined ? '' : safeStyle(style);
    return safe === '' ? rest : { ...rest, style: safe };
  };
  const cleaned = sanitizeHtml(html, {
    allowedTags: tags.split(' '),
    allowedAttributes: attributes,
    allowedSchemes: ['http', 'https', 'mailto', 'tel'],
    allowedSchemesByTag: { img: wanted ? ['data', 'https'] : ['data'] },
    allowedSchemesAppliedToAttributes: ['href', 'src', 'cite'],
    allowProtocolRelative: false,
    nonTextTags: silent.split(' '),
    nestingLimit: 100,
    // Styles are judged by `safeStyle` alone; a second parser for them would only add reach to hostile input.
    parseStyleAttributes: false,
    enforceHtmlBoundary: false,
    onOpenTag: () => {
      depth += 1;
      count += 1;
      if (depth > maxDepth || count > maxTags) throw new TooComplicated();
    },
    onCloseTag: () => {
      depth -= 1;
    },
    transformTags: {
      '*': (tagName, attribs) => ({ tagName, attribs: styled(attribs) }),
      a: (_, { href, ...rest }) => ({
        tagName: 'a',
        attribs: { ...rest, ...outward(href?.trim() ?? '') },
      }),
      img: (_, { src = '', ...rest }) => {
        const picture = pictureFor(src.trim(), pictures);
        if (picture !== null) return { tagName: 'img', attribs: { ...rest, src: picture } };
        const elsewhere = wanted ? remotePicture(src.trim()) : null;
        if (elsewhere !== null)
          return { tagName: 'img', attribs: { ...rest, src: elsewhere, referrerpolicy: 'no-referrer' } };
        if (isRemote(src.trim())) remote += 1;
        return { tagName: 'span', attribs: {}, text: rest['alt'] ?? '' };
      },
    },
  });
  return { html: cleaned, remote };
}

/** A link opens elsewhere, tells nobody where it was, and shows where it leads. Within this document or site there is nowhere to lead. */
function outward(href: string): sanitizeHtml.Attributes {
  if (!/^(?:https?:\/\/|mailto:|tel:)/i.test(href)) return {};
  return { href, target: '_blank', rel: 'noopener noreferrer nofollow', title: href.slice(0, 500) };
}

/** A picture of this message by Content-ID, or one written into the HTML itself; anything else would be fetched from somewhere. */
function pictureFor(src: string, pictures: ReadonlyMap<string, string>): string | null {
  if (/^cid:/i.test(src)) {
    const id = src.slice(4).toLowerCase();
    return pictures.get(id) ?? pictures.get(decoded(id)) ?? null;
  }
  return /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/.test(src) ? src : null;
}

function isRemote(src: string): boolean {
  return /^(?:https?:)?\/\//i.test(src);
}

/** An https address of a host on the internet; nothing in the reader's own network, which such an address could make its browser ask. */
function remotePicture(src: string): string | null {
  const url = isRemote(src) && src.length <= 2_000 ? URL.parse(src, 'https://unknown.invalid') : null;
  if (url === null || url.protocol !== 'https:' || url.username !== '' || url.password !== '') return null;
  const named = /^(?:[a-z0-9_-]{1,63}\.){1,10}[a-z][a-z0-9-]{1,62}$/.test(url.hostname);
  return named && !/\.(?:local|localhost|internal|lan|home|corp|invalid|home\.arpa)$/.test(url.hostname)
    ? url.href
    : null;
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id).toLowerCase();
  } catch {
    return id; // Not percent-encoded after all.
  }
}

parentPort?.on('message', ({ job }: { job: CleanJob }) => {
  parentPort?.postMessage({ cleaned: cleanOrNull(job) }, []);
});
