/** VKS and HKP: what is asked, and how far what they give is trusted. The servers are real ones, over TLS. */
import { expect, test } from 'vitest';
import { hkpSource, vksSource } from '../../../src/keys/sources/key-servers.ts';
import { anna, publicKey, searching, site, startInternet } from '../internet.ts';

const host = 'keys.example';
const zone = [{ name: host, type: 'A' as const, data: '127.0.0.1' }];
const headers = { 'content-type': 'application/pgp-keys' };
const key = await publicKey(anna);
const vksPath = '/vks/v1/by-email/anna%40partner.example';

test('a VKS is asked by the address, and what it gives is vouched for', async () => {
  await using internet = await startInternet(zone, [site(host, vksPath, key.armored, { headers })]);
  const origin = `https://${host}:${internet.hosts.port}`;
  await using search = await searching([vksSource(origin, internet.ask)]);
  const { rows, notes } = await search.look(anna);
  expect(internet.hosts.requests).toEqual([`GET ${host}${vksPath}`]);
  expect(rows).toMatchObject([{ fingerprint: key.fingerprint, state: 'trusted', trust: 'vouched', source: 'vks' }]);
  expect(notes[0]).toMatch(/^The key server keys\.example:\d+ gave the OpenPGP key .* only after its owner showed/);
});

test('an HKP server is asked by the address, and what it gives is only found', async () => {
  await using internet = await startInternet(zone, [site(host, '/pks/lookup', key.armored, { headers })]);
  await using search = await searching([hkpSource(`https://${host}:${internet.hosts.port}`, internet.ask)]);
  const { rows, notes } = await search.look(anna);
  expect(internet.hosts.requests).toEqual([
    `GET ${host}/pks/lookup?op=get&options=mr&exact=on&search=anna%40partner.example`,
  ]);
  expect(rows).toMatchObject([{ state: 'trusted', trust: 'found', source: 'hkp' }]);
  expect(notes[0]).toContain('anybody may put a key there');
});

test('two keys under one name, where anybody may upload: neither', async () => {
  const forged = await publicKey(anna);
  const both = [key, forged].map(({ armored }) => armored).join('\n');
  await using internet = await startInternet(zone, [site(host, '/pks/lookup', both, { headers })]);
  await using search = await searching([hkpSource(`https://${host}:${internet.hosts.port}`, internet.ask)]);
  const { rows, notes } = await search.look(anna);
  expect(rows).toEqual([]);
  expect(notes[0]).toContain('2 different keys, and nobody says which is right');
});

test('a verified key without the address among its user ids is none', async () => {
  const other = await publicKey('bert@partner.example');
  await using internet = await startInternet(zone, [site(host, vksPath, other.armored, { headers })]);
  await using search = await searching([vksSource(`https://${host}:${internet.hosts.port}`, internet.ask)]);
  const { rows, notes } = await search.look(anna);
  expect(rows).toEqual([]);
  expect(notes[0]).toContain('which has no signed user id with this address');
});

test('nothing in an address gets out of its place in the request', async () => {
  await using internet = await startInternet(zone, [site(host, '/another', '')]);
  const origin = `https://${host}:${internet.hosts.port}`;
  await using search = await searching([vksSource(origin, internet.ask), hkpSource(origin, internet.ask)]);
  await search.look('"a/../b?op=x&y#z"@partner.example');
  expect(internet.hosts.requests.toSorted()).toEqual([
    `GET ${host}/pks/lookup?op=get&options=mr&exact=on&search=%22a%2F..%2Fb%3Fop%3Dx%26y%23z%22%40partner.example`,
    `GET ${host}/vks/v1/by-email/%22a%2F..%2Fb%3Fop%3Dx%26y%23z%22%40partner.example`,
  ]);
});
