/** Settings of a key that signs for DKIM. */
import * as kinds from '../kinds.ts';
import { section } from '../yaml.ts';
import { key, setting } from './setting.ts';

/** `where`: under which domains the public half is, as its documentation says it. */
export function dkim(where: string, example: string) {
  return section({
    selector: setting(
      kinds
        .text('a selector', 'Write it like postern or 2026a.')
        .refine((name) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(name), {
          error: 'a selector\nUse letters, digits and hyphens.',
        }),
      `Name of the key: its public half is in DNS at SELECTOR._domainkey and ${where}. postern domains publish prints it.`,
      { example },
    ),
    key: setting(key, 'The private half, PEM, RSA or Ed25519.', { example: `./secrets/${example}.pem` }),
  });
}
