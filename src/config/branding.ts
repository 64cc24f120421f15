/** The branding of a tenant from its settings, and that of a tenant that set nothing. */
import { nearestReadable } from './colour.ts';
import type { Branding } from './config.ts';
import type { Logo } from './logo.ts';
import type { Settings } from './schema.ts';

/** What `branding:` says, with the defaults that depend on the tenant. `logo` was read from the file it names. */
export function brandingOf(
  settings: Settings['tenants'][number]['branding'],
  domains: readonly string[],
  logo: Logo | null,
): Branding {
  const {
    name = domains[0] ?? '',
    text = {},
    phrase = null,
    support = {},
    accent,
    language,
    timeZone,
    from,
  } = settings;
  const { phone = null, mail = null, url = null } = support;
  return { name, logo, accent, text, phrase, support: { phone, mail, url }, language, timeZone, from };
}

/** Every setting left out. */
export function plainBranding(name: string): Branding {
  return {
    name,
    logo: null,
    accent: { light: '#1f4b99', dark: nearestReadable('#1f4b99', 'dark') },
    text: {},
    phrase: null,
    support: { phone: null, mail: null, url: null },
    language: 'en',
    timeZone: 'UTC',
    from: 'secure-mail',
  };
}
