/** T-20: what people give as their own key, and what becomes of it: accepted, waiting, refused; nothing for anybody else's address, and nothing private. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import { createRecipientKeys, type Given } from '../../src/keys/given.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { generateKey } from '../../src/protect/openpgp.ts';
import type { KeyRow } from '../../src/store/key-port.ts';
import { publicKey } from './internet.ts';
import { day, keyRow, now } from './key-row.ts';

const robin = 'robin@clinic.example';

/** The keyring of one address and all others, in memory. */
function keyring(first: readonly KeyRow[] = []) {
  const rows = new Map(first.map((row) => [row.id, row]));
  const events: Event[] = [];
  const keys = createRecipientKeys({
    store: {
      keysFor: async (address) => [...rows.values()].filter((row) => row.address === address),
      insertKeys: async (added) => void added.map((row) => rows.set(row.id, row)),
      updateKey: async (id, change) => {
        const row = rows.get(id);
        if (row !== undefined) rows.set(id, { ...row, ...change });
        return row !== undefined;
      },
    },
    emit: (event) => events.push(event),
    now: () => now,
  });
  const give = (octets: Buffer | string): Promise<Given> => keys.give(robin, Buffer.from(octets), 'corp, by code');
  return { keys, give, events, all: () => [...rows.values()] };
}

const der = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----.*-----/g, ''), 'base64');

const theirs = await generateKey({ email: 'Robin@Clinic.example' }, { createdAt: now - 10 * day });
const second = await generateKey({ email: robin }, { createdAt: now - 9 * day });
const eves = await generateKey({ email: 'eve@clinic.example' }, { createdAt: now - 10 * day });
const expired = await generateKey({ email: robin }, { createdAt: now - 10 * day, expiresAfter: 86_400 });
const validity = { notBefore: now - 10 * day };
const issue = (more: Partial<Parameters<typeof issueCertificate>[0]> = {}) =>
  issueCertificate({ subject: 'Robin', san: { email: [robin] }, ...validity, ...more });
const certificate = issue();
const ca = issue({ subject: 'CA', ca: true, san: {} });

describe('the first key', () => {
  test.each([
    ['an armored key', theirs.publicKey, 'pgp'],
    ['a binary key', Buffer.from(theirs.binary), 'pgp'],
    ['a key in a mail that was pasted whole', `Hello,\r\nhere it is:\r\n${theirs.publicKey}Bye`, 'pgp'],
    ['a certificate that nobody issued', certificate.certPem, 'x509'],
    ['a certificate in DER', der(certificate.certPem), 'x509'],
  ])('%s is taken as their word', async (_, file, kind) => {
    const { give, keys, events, all } = keyring();
    expect(await give(file)).toBe('accepted');
    expect(all()).toMatchObject([{ kind, address: robin, state: 'trusted', source: 'portal', trust: 'confirmed' }]);
    expect(all()[0]?.where).toBe('corp, by code');
    expect(events).toMatchObject([{ kind: 'key.found', address: robin, source: 'portal', trust: 'confirmed' }]);
    expect(await keys.known('ROBIN@clinic.example')).toMatchObject([{ kind, standing: 'used', own: true }]);
    expect(await give(file)).toBe('known');
    expect(all()).toHaveLength(1);
  });

  test('of a keyring the newest is taken, and nobody else’s', async () => {
    const { give, all } = keyring();
    expect(await give(theirs.publicKey + eves.publicKey + second.publicKey + certificate.certPem)).toBe('accepted');
    expect(all().map(({ address, fingerprint }) => `${address} ${fingerprint.slice(0, 8)}`)).toEqual([
      `${robin} ${second.fingerprint.slice(0, 8)}`,
      expect.stringContaining(robin),
    ]);
  });
});

describe('another key', () => {
  test.each(['import', 'wkd', 'portal'] as const)('than the one from %s waits for a person', async (source) => {
    const trust = source === 'wkd' ? 'vouched' : 'confirmed';
    const { give, events, all, keys } = keyring([keyRow('a', { address: robin, source, trust })]);
    expect(await give(theirs.publicKey)).toBe('waiting');
    expect(all()).toMatchObject([{ state: 'trusted' }, { state: 'pending', replaces: 'a' }]);
    expect(events).toMatchObject([{ kind: 'key.changed', replaces: 'a', source: 'portal' }]);
    expect((await keys.known(robin)).map(({ standing }) => standing)).toEqual(['used', 'waiting']);
  });

  test('than one that anybody could have published is taken', async () => {
    const { give } = keyring([keyRow('a', { address: robin, source: 'hkp', trust: 'found' })]);
    expect(await give(theirs.publicKey)).toBe('accepted');
  });

  test('is refused once five wait', async () => {
    const waiting = [1, 2, 3, 4, 5].map((id) =>
      keyRow(String(id), { address: robin, state: 'pending', source: 'portal' }),
    );
    const { give, all } = keyring([keyRow('a', { address: robin }), ...waiting]);
    expect(await give(theirs.publicKey)).toBe('many');
    expect(all()).toHaveLength(6);
  });
});

describe('taking back', () => {
  test('ends a key they gave; the next one waits, and the same one stays out', async () => {
    const { give, keys, all, events } = keyring();
    await give(theirs.publicKey);
    const [row] = all();
    expect(await keys.takeBack('eve@clinic.example', row?.id ?? '')).toBe(false);
    expect(await keys.takeBack(robin, row?.id ?? '')).toBe(true);
    expect(await keys.takeBack(robin, row?.id ?? '')).toBe(false);
    expect(events.at(-1)).toMatchObject({ kind: 'key.rejected', key: row?.id });
    expect(all()).toMatchObject([{ state: 'rejected', where: 'corp, by code; taken back by the recipient' }]);
    expect(await give(theirs.publicKey)).toBe('rejected');
    expect(await give(second.publicKey)).toBe('waiting');
    expect((await keys.known(robin)).map(({ standing }) => standing)).toEqual(['rejected', 'waiting']);
  });

  test.each([
    ['an admin imported', { source: 'import' }],
    ['their domain publishes', { source: 'wkd', trust: 'vouched' }],
    ['an admin pinned', { source: 'portal', trust: 'pinned' }],
  ] as const)('leaves what %s', async (_, changes) => {
    const { keys, all } = keyring([keyRow('a', { address: robin, ...changes })]);
    expect(await keys.takeBack(robin, 'a')).toBe(false);
    expect(all()).toMatchObject([{ state: 'trusted' }]);
  });
});

describe('is refused, and nothing of it stays', () => {
  const version = (value: number): Buffer => Buffer.from([0x30, 0x82, 0x01, 0x00, 2, 1, value, 0x30]);
  const cases: readonly [name: string, file: Buffer | string, Given][] = [
    ['nothing', '', 'empty'],
    ['more than 64 KiB', Buffer.alloc(65_537, 0x20), 'large'],
    ['a picture', randomBytes(2_000).fill(0xff, 0, 2), 'unreadable'],
    ['a letter', 'Dear people, my key is 1234.', 'unreadable'],
    ['a private OpenPGP key', theirs.privateKey, 'private'],
    ['a private key behind the public one', theirs.publicKey + theirs.privateKey, 'private'],
    ['a private key that calls itself public', theirs.privateKey.replaceAll('PRIVATE', 'PUBLIC'), 'private'],
    ['a damaged private key', theirs.privateKey.replace(/\n\w{20}/, '\n!'), 'private'],
    ['a certificate with its private key', certificate.certPem + certificate.keyPem, 'private'],
    ['a private key alone', certificate.keyPem, 'private'],
    ['a private key in DER', der(certificate.keyPem), 'private'],
    ['a PKCS #12 file', version(3), 'private'],
    ['a PKCS #12 file of unusual lengths', Buffer.from([0x30, 0x80, 2, 0x81, 1, 3, 0x30, 0x80]), 'unreadable'],
    ['a key for somebody else', eves.publicKey, 'elsewhere'],
    ['a certificate for somebody else', issue({ san: { email: ['eve@clinic.example'] } }).certPem, 'elsewhere'],
    [
      'their name on another address',
      issue({ subject: robin, san: { email: ['eve@x.example'] } }).certPem,
      'elsewhere',
    ],
    ['an expired key', expired.publicKey, 'expired'],
    ['an expired certificate', issue({ notBefore: now - 9 * day, notAfter: now - day }).certPem, 'expired'],
    ['a certificate for servers', issue({ eku: ['serverAuth'] }).certPem, 'unusable'],
    ['an authority', ca.certPem, 'unusable'],
  ];
  test.each(cases)('%s', async (_, file, said) => {
    const { give, all, events } = keyring();
    expect(await give(file)).toBe(said);
    expect(all()).toEqual([]);
    expect(events).toEqual([]);
  });

  test('a key that its owner revoked, which is then used no more wherever it came from', async () => {
    const own = await publicKey(robin, { createdAt: now - 10 * day });
    const row = keyRow('a', { address: robin, fingerprint: own.fingerprint, source: 'wkd', trust: 'vouched' });
    const { give, all, events } = keyring([row]);
    expect(await give(Buffer.from(own.revoked))).toBe('revoked');
    expect(all()).toMatchObject([{ id: 'a', state: 'rejected', status: { revocation: 'revoked' } }]);
    expect(events).toMatchObject([{ kind: 'key.revoked', key: 'a' }]);
  });

  test('whatever the octets are, in little time', async () => {
    const seeds = [Buffer.from(theirs.publicKey), Buffer.from(theirs.binary), der(certificate.certPem)];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        async (seed, changes) => {
          const mutated = Buffer.from(seed);
          for (const [at, value] of changes) mutated[at % mutated.length] = value;
          const { give, all } = keyring();
          await give(mutated);
          for (const row of all()) expect(row).toMatchObject({ address: robin, source: 'portal' });
          expect(all().some(({ material }) => material.includes('PRIVATE'))).toBe(false);
        },
      ),
      { numRuns: 150 },
    );
  });
});
