/**
 * How the portal looks and speaks to this reader: the tenant's brand, and the language the reader chose, or the browser asks for, or the tenant
 * speaks. `createLooks` gives pages their `Around`, and a table of the files that make the look: style sheets, scripts, logos.
 *
 * Files have a digest in their address and may be kept by the browser for a year; what a tenant changes gets another address. A logo comes
 * under a policy of its own that runs nothing, whoever opens it, and by its checked type (config/logo.ts).
 *
 * Limits: a gateway of several tenants shows its neutral face on pages that belong to no message, such as errors.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Context } from 'hono';
import { plainBranding } from '../config/branding.ts';
import { inkOn } from '../config/colour.ts';
import type { Branding, Tenant } from '../config/config.ts';
import { chooseLanguage, isLanguage, type Language } from '../mail/language.ts';
import type { Greeting } from '../store/greetings.ts';
import type { Around, Brand } from './pages/layout.ts';
import { crossSite, type Env, formOf, type Handler } from './request.ts';
import { wordsIn } from './words/words.ts';

export type Looks = {
  /** `tenant`: whose mail the page is about; null when that is not known. `here`: where GET shows this page, unless that is the request's own path. */
  around(c: Context<Env>, tenant: string | null, here?: string): Around;
  /** How the tenant speaks in a letter that goes to this reader now. */
  voice(c: Context<Env>, tenant: string): Branding;
  /** What this reader chose, null for nobody yet. Worth keeping for letters to an address that was proved. */
  chosen(c: Context<Env>): Language | null;
  readonly files: readonly { readonly path: string; readonly GET?: Handler; readonly POST?: Handler }[];
};

const cookieName = '__Host-language';
const year = 31_536_000;
const logoPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'";

type File = { readonly path: string; readonly url: string; readonly GET: Handler };

export function createLooks(tenants: readonly Pick<Tenant, 'id' | 'branding'>[], portalUrl: string): Looks {
  const style = file('/style.css', 'text/css; charset=utf-8', ours('style.css'));
  const icon = file('/icon.svg', 'image/svg+xml', ours('icon.svg'));
  const page = script('page.js');
  const passkey = script('passkey.js');
  const upload = script('upload.js');
  const known = new Map(tenants.map(({ id, branding }) => [id, brandFiles(id, branding)]));
  const only = tenants.length === 1 ? tenants[0]?.id : undefined;
  const assets = { style: style.url, script: page.url, passkey: passkey.url, upload: upload.url };
  return {
    around: (c, tenant, here = c.req.path) => {
      const found = known.get(tenant ?? only ?? '');
      const language = languageOf(c, found?.branding.language ?? 'en');
      c.header('Content-Language', language);
      return { language, words: wordsIn[language], brand: brandFor(found, language), here, assets };
    },
    voice: (c, tenant) => {
      const branding = known.get(tenant)?.branding ?? plainBranding(new URL(portalUrl).hostname);
      return { ...branding, language: languageOf(c, branding.language) };
    },
    chosen,
    files: [
      style,
      icon,
      page,
      passkey,
      upload,
      ...[...known.values()].flatMap(({ files }) => files),
      { path: '/language', GET: (c) => c.redirect('/', 303), POST: (c) => choose(c, portalUrl) },
    ],
  };
}

/** The page for somebody who chose a phrase of their own. */
export function greeted(around: Around, { phrase }: Greeting): Around {
  return phrase === null ? around : { ...around, brand: { ...around.brand, phrase } };
}

type Known = {
  readonly branding: Branding;
  readonly style: File;
  readonly logo: File | null;
  readonly files: readonly File[];
};

function brandFiles(id: string, branding: Branding): Known {
  const style = file(`/branding/${id}/style.css`, 'text/css; charset=utf-8', Buffer.from(brandStyle(branding)));
  const { logo: picture } = branding;
  const logo = picture === null ? null : file(`/branding/${id}/logo`, picture.type, picture.octets, logoPolicy);
  return { branding, style, logo, files: logo === null ? [style] : [style, logo] };
}

/** The tenant's colours for both themes, and the colours of text on them. */
function brandStyle({ accent }: Branding): string {
  const variables = (colour: string): string => `:root{--accent:${colour};--accent-ink:${inkOn(colour)}}`;
  return `${variables(accent.light)}\n@media (prefers-color-scheme:dark){${variables(accent.dark)}}\n`;
}

function brandFor(found: Known | undefined, language: Language): Brand {
  if (found === undefined) {
    const support = { phone: null, mail: null, url: null };
    return { name: null, logo: null, style: null, text: null, phrase: null, support, language: 'en', timeZone: 'UTC' };
  }
  const { branding, style, logo } = found;
  const { name, text: texts, phrase, support, timeZone } = branding;
  const own = texts[language];
  const text = own ?? texts.any ?? texts[branding.language];
  return {
    name,
    logo:
      logo === null || branding.logo === null
        ? null
        : { url: logo.url, width: branding.logo.width, height: branding.logo.height },
    style: style.url,
    text: text === undefined ? null : { text, language: own === undefined ? branding.language : language },
    phrase,
    support,
    language: branding.language,
    timeZone,
  };
}

function languageOf(c: Context<Env>, fallback: Language): Language {
  return chosen(c) ?? chooseLanguage(c.req.header('accept-language') ?? '', fallback);
}

/** The reader's own choice, kept in a cookie that names a language and nothing else. */
function chosen(c: Context<Env>): Language | null {
  const [, found = ''] =
    new RegExp(`(?:^|;\\s*)${cookieName}=([a-z]{2})(?:;|$)`).exec(c.req.header('cookie') ?? '') ?? [];
  return isLanguage(found) ? found : null;
}

async function choose(c: Context<Env>, portalUrl: string): Promise<Response> {
  // What comes from elsewhere changes nothing; it is shown the start page.
  const fields = crossSite(c, portalUrl) ? new URLSearchParams() : await formOf(c);
  if (fields instanceof Response) return fields;
  const language = fields.get('language') ?? '';
  if (isLanguage(language))
    c.header('Set-Cookie', `${cookieName}=${language}; Path=/; Max-Age=${year}; Secure; HttpOnly; SameSite=Lax`);
  return c.redirect(ownPath(fields.get('back') ?? ''), 303);
}

/** A path of this site, never an address elsewhere: "//host" and "/\host" lead away. */
function ownPath(back: string): string {
  return /^\/(?![/\\])[!-[\]-~]{0,1000}$/.test(back) ? back : '/';
}

function script(name: string): File {
  return file(`/assets/${name}`, 'text/javascript; charset=utf-8', ours(`assets/${name}`));
}

function ours(name: string): Buffer {
  return readFileSync(new URL(`./${name}`, import.meta.url));
}

function file(path: string, type: string, octets: Buffer, policy?: string): File {
  const digest = createHash('sha256').update(octets).digest('base64url').slice(0, 12);
  const content = new Uint8Array(octets);
  return {
    path,
    url: `${path}?v=${digest}`,
    GET: (c) =>
      c.body(content, 200, {
        'Content-Type': type,
        'Cache-Control': c.req.query('v') === digest ? `public, max-age=${year}, immutable` : 'no-cache',
        ...(policy === undefined ? {} : { 'Content-Security-Policy': policy }),
      }),
  };
}
