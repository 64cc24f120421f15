/** Settings of a tenant's own keys and certificates, and of the place where revocation lists are fetched without TLS. */
import * as kinds from '../kinds.ts';
import { section } from '../yaml.ts';
import { setting } from './setting.ts';

export const ownKeys = section({
  generate: setting(
    kinds.choice(['off', 'smime', 'pgp', 'both']).prefault('off'),
    'Make a key for a sender of this tenant when the first copy of theirs is to be signed: off, smime (a certificate of the authority that\n' +
      'postern keys own ca made), pgp or both. Off: only keys made or imported with postern keys own are used.',
  ),
  algorithm: setting(
    kinds.choice(['rsa3072', 'p256']).prefault('rsa3072'),
    'Keys of certificates made here: rsa3072, which every mail program reads, or p256, smaller and quicker, which some older ones do not.',
  ),
  validFor: setting(
    kinds.duration().prefault('730d'),
    'How long a key or certificate made here is valid. It is renewed by itself.',
  ),
  renewBefore: setting(
    kinds.duration().prefault('30d'),
    'How long before its end that is done. A certificate gets a new key, and the old one still opens what came before; an OpenPGP key is prolonged.',
  ),
  listFor: setting(
    kinds.duration().prefault('7d'),
    'How long a list of revoked certificates may be relied on. A new one is signed when half of this is over, and at each revocation.',
  ),
});

export const plainHttp = section({
  listen: setting(kinds.listen().prefault('0.0.0.0:80'), 'Where programs connect.'),
  url: setting(
    kinds
      .text('an http origin', 'Write it like http://pki.corp.example, without a path.')
      .refine((url) => URL.parse(url)?.protocol === 'http:' && URL.parse(url)?.href === `${url}/`, {
        error: 'an http origin\nWrite it like http://pki.corp.example, without a path.',
      })
      .optional(),
    'How it is reached from outside; certificates made here name it for good. Without it, the host of portalUrl and the port above.',
    { example: 'http://pki.corp.example' },
  ),
});
