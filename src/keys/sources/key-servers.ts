/**
 * Key servers that the admin lists. A VKS (keys.openpgp.org's interface, /vks/v1/by-email) hands out a key for an address only after its owner showed that
 * the mail there arrives; to an HKP server (draft-gallagher-openpgp-hkp) anybody may upload any key under any name.
 */
import type { Source } from './source.ts';
import { type AskWeb, getKeys } from './web.ts';

/** `origin`: "https://keys.openpgp.org", perhaps with a port. */
export function vksSource(origin: string, ask: AskWeb): Source {
  return keyServer('vks', origin, (address) => `/vks/v1/by-email/${encodeURIComponent(address)}`, ask);
}

export function hkpSource(origin: string, ask: AskWeb): Source {
  const path = (address: string) => `/pks/lookup?op=get&options=mr&exact=on&search=${encodeURIComponent(address)}`;
  return keyServer('hkp', origin, path, ask);
}

function keyServer(source: 'vks' | 'hkp', origin: string, path: (address: string) => string, ask: AskWeb): Source {
  const { hostname, port } = new URL(origin);
  const id = `${source} ${origin}`;
  const at = { host: hostname, port: port === '' ? 443 : Number(port) };
  return {
    source,
    id,
    asks: () => true,
    title: () => `The key server ${at.port === 443 ? hostname : `${hostname}:${at.port}`}`,
    server: () => id,
    find: ({ address }, milliseconds) => getKeys({ ...at, path: path(address) }, milliseconds, ask),
  };
}
