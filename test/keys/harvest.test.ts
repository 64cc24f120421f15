/** Keys out of mail that passes: what a signature or an Autocrypt field brings, and what forged ones do not. */
import { describe, expect, test } from 'vitest';
import { createHarvest, type Mail } from '../../src/keys/harvest.ts';
import { parseHeader } from '../../src/mail/header.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { anna, publicKey, type Searching, searching } from './internet.ts';

const key = await publicKey(anna);
const root = issueCertificate({ subject: 'mail authority', ca: true });
const certificate = issueCertificate({ subject: 'Anna', issuer: root, san: { email: [anna] }, keyType: 'rsa2048' });
const signature: NonNullable<Mail['signature']> = {
  status: 'valid',
  signer: anna,
  certificates: [certificate.certPem, root.certPem],
  gcm: true,
};

function mail(
  more: Partial<Mail> & { readonly from?: string; readonly keydata?: Buffer; readonly addr?: string } = {},
): Mail {
  const { from = anna, keydata, addr = anna, ...rest } = more;
  const autocrypt = keydata === undefined ? '' : `Autocrypt: addr=${addr}; keydata=${keydata.toString('base64')}\r\n`;
  const fields = parseHeader(Buffer.from(`From: ${from}\r\n${autocrypt}\r\n`));
  return { fields, messageId: '<1@partner.example>', signature: null, ...rest };
}

async function harvest(mails: readonly Mail[], search: Searching): Promise<void> {
  const check = async () => ({ path: { ok: true, root: 'mail authority' } });
  const take = createHarvest({ store: search.store, check, emit: (event) => search.events.push(event), now: Date.now });
  for (const each of mails) await take(each);
}

describe('is taken', () => {
  test('the certificate of a verified signature, with its issuer and what its owner can read', async () => {
    await using search = await searching([]);
    await harvest([mail({ signature })], search);
    expect(await search.store.keysFor(anna)).toMatchObject([
      {
        kind: 'x509',
        source: 'signed-mail',
        where: '<1@partner.example>',
        state: 'trusted',
        trust: 'vouched',
        features: { gcm: true },
        issuers: expect.stringContaining('BEGIN CERTIFICATE'),
      },
    ]);
    expect(search.events).toMatchObject([{ kind: 'key.found', source: 'signed-mail' }]);
  });

  test('the key of an Autocrypt field, as found', async () => {
    await using search = await searching([]);
    await harvest([mail({ keydata: key.binary })], search);
    expect(await search.store.keysFor(anna)).toMatchObject([
      { kind: 'pgp', fingerprint: key.fingerprint, source: 'autocrypt', state: 'trusted', trust: 'found' },
    ]);
  });

  test('once, however often it comes', async () => {
    await using search = await searching([]);
    await harvest(
      Array.from({ length: 20 }, () => mail({ keydata: key.binary, signature })),
      search,
    );
    expect(search.events).toHaveLength(2);
    expect(await search.store.keysFor(anna)).toHaveLength(2);
  });
});

describe('is not taken', () => {
  const forged = Buffer.alloc(400, 0x99);
  const other = 'bert@partner.example';
  test.each<[string, Mail]>([
    ['a signature that is not valid', mail({ signature: { ...signature, status: 'untrusted' } })],
    ['a signature of somebody else', mail({ signature: { ...signature, signer: other } })],
    ['a certificate for somebody else', mail({ from: other, signature: { ...signature, signer: other } })],
    ['a signature on mail of two authors', mail({ from: `${anna}, ${other}`, signature })],
    ['an Autocrypt field about somebody else', mail({ addr: other, keydata: key.binary })],
    ['an Autocrypt field with somebody else’s key', mail({ from: other, addr: other, keydata: key.binary })],
    ['noise', mail({ keydata: forged })],
  ])('%s', async (_, each) => {
    await using search = await searching([]);
    await harvest([each], search);
    expect(await search.store.keysFor(anna)).toEqual([]);
    expect(await search.store.keysFor(other)).toEqual([]);
    expect(search.events).toEqual([]);
  });

  test('another Autocrypt key than the one that is vouched for: nobody is bothered', async () => {
    await using search = await searching([]);
    await harvest([mail({ keydata: key.binary })], search);
    const [row] = await search.store.keysFor(anna);
    await search.store.updateKey(row?.id ?? '', { trust: 'vouched' }, []);
    const other = await publicKey(anna);
    await harvest([mail({ keydata: other.binary })], search);
    expect((await search.store.keysFor(anna)).map(({ fingerprint }) => fingerprint)).toEqual([key.fingerprint]);
    expect(search.events).toHaveLength(1);
  });
});
