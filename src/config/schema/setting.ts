/**
 * How a setting is written down: its kind, and with `setting` what the example configuration shows of it: the text of the comment, a value where there
 * is no default, and `live` for an optional setting that most installations want and that is therefore not commented out.
 */
import type * as z from 'zod';
import * as kinds from '../kinds.ts';

export type SettingMeta = {
  readonly description: string;
  readonly example?: unknown;
  readonly live?: boolean;
};

export function setting<S extends z.ZodType>(
  schema: S,
  description: string,
  more: Omit<SettingMeta, 'description'> = {},
): S {
  return schema.meta({ description, ...more });
}

export const key = kinds.file('a private key in PEM');
const cert = kinds.file('a certificate chain in PEM');
/** A private key and the certificates that go with it. */
export const identity = {
  key: setting(key, 'Private key, PEM.', { example: './tls/key.pem' }),
  cert: setting(cert, 'Certificate and its chain up to the root, PEM, own certificate first.', {
    example: './tls/cert.pem',
  }),
};
