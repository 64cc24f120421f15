/** Certificates checked over real HTTP on loopback: revocation lists, `openssl ocsp`, issuers that did not come along (T-19, T-37). */
import { X509Certificate } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { KeySettings } from '../../src/config/config.ts';
import type { Event } from '../../src/event/event.ts';
import { createCertificateCheck } from '../../src/keys/check.ts';
import { capabilityOf } from '../../src/keys/keyring.ts';
import { createSignerCheck } from '../../src/keys/signers.ts';
import { createEgress } from '../../src/net/egress.ts';
import { askHttps, type HttpsPorts } from '../../src/net/https.ts';
import { namedBy } from '../../src/protect/crl.ts';
import { type Issued, type IssueRequest, issueCertificate, issueRevocationList } from '../../src/protect/issue.ts';
import { ocspRequest } from '../../src/protect/ocsp.ts';
import { noSignature, type SignatureVerdict } from '../../src/protect/open/opened.ts';
import type { KeyChange, KeyRow } from '../../src/store/key-port.ts';
import { byOpenssl, hasOpenssl } from '../protect/by-openssl.ts';
import { keyRow } from './key-row.ts';
import { startResponder } from './ocsp-responder.ts';

const address = 'anna@partner.example';
const day = 86_400_000;
const begin = Date.now() + 60_000;
const root = issueCertificate({ subject: 'Partner Root', ca: true });
const name = 'ca.partner.example';
const loopback: HttpsPorts['resolver'] = {
  a: async () => ({ kind: 'found', records: ['127.0.0.1'], authenticated: false, name }),
  aaaa: async () => ({ kind: 'none', exists: true, authenticated: false, name }),
};

type Options = {
  readonly settings?: Partial<KeySettings['revocation']>;
  readonly allowPrivate?: boolean;
  readonly roots?: readonly Issued[];
};

/** A check of certificates that sees this machine under every name, with a clock that a test can move. */
function checking({ settings = {}, allowPrivate = true, roots = [root] }: Options = {}) {
  const events: Event[] = [];
  const written: { id: string; change: KeyChange }[] = [];
  const asked: string[] = [];
  let at = begin;
  const ports = { resolver: loopback, egress: createEgress({ allowPrivate }), roots: [] };
  const check = createCertificateCheck({
    roots: roots.map(({ certPem }) => new X509Certificate(certPem)),
    ask: (request) => {
      asked.push(`${request.method} ${request.host}:${request.port}${request.path}`);
      return askHttps(request, ports);
    },
    settings: { ocsp: true, crl: true, unreachable: 'accept', deadline: 2_000, ...settings },
    store: {
      updateKey: async (id, change) => {
        written.push({ id, change });
        return true;
      },
    },
    emit: (event) => void events.push(event),
    now: () => at,
  });
  return { check, events, written, asked, later: (milliseconds: number) => void (at += milliseconds) };
}

type Site = AsyncDisposable & { readonly url: (path: string) => string };

/** Hosts of one port on loopback, under whatever name. */
async function startSite(listener: RequestListener): Promise<Site> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const place = server.address();
  const port = typeof place === 'object' && place !== null ? place.port : 0;
  return {
    url: (path) => `http://ca.partner.example:${port}${path}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const answering =
  (octets: () => Buffer, status = 200): RequestListener =>
  (_request, response) => {
    const body = octets();
    response.writeHead(status, { 'content-length': body.length }).end(body);
  };

function anna(more: Partial<IssueRequest> = {}): Issued {
  return issueCertificate({ subject: 'Anna', issuer: root, san: { email: [address] }, ...more });
}

const rowOf = ({ certPem }: Issued, changes: Partial<KeyRow> = {}): KeyRow =>
  keyRow('a', { kind: 'x509', address, material: certPem, trust: 'vouched', source: 'ldap', notBefore: 0, ...changes });

const serialOf = ({ certPem }: Issued): string => new X509Certificate(certPem).serialNumber;
const listWith = (revoked: readonly Issued[], more: Partial<Parameters<typeof issueRevocationList>[1]> = {}): Buffer =>
  issueRevocationList(root, {
    number: 1,
    thisUpdate: begin - day,
    nextUpdate: begin + 7 * day,
    revoked: revoked.map((each) => ({ serial: serialOf(each), at: begin - 1_000, reason: 1 })),
    ...more,
  });

describe('a revocation list', () => {
  type Answer = (own: Issued) => RequestListener;
  const rogue = issueCertificate({ subject: 'Partner Root', ca: true });
  const revocation = { thisUpdate: begin - day, nextUpdate: begin + day, number: 1, revoked: [] };
  test.each<[string, Answer, string, RegExp | null]>([
    ['that is empty', () => answering(() => listWith([])), 'good', null],
    ['with another certificate', () => answering(() => listWith([anna()])), 'good', null],
    ['with this certificate', (own) => answering(() => listWith([own])), 'revoked', /^its key is compromised$/],
    [
      'that is too old',
      (own) => answering(() => listWith([own], { nextUpdate: begin - 3_600_000 })),
      'unknown',
      /is older than it may be/,
    ],
    [
      'by a rogue',
      () => answering(() => issueRevocationList(rogue, revocation)),
      'unknown',
      /is not signed by the issuer/,
    ],
    ['that is none', () => answering(() => Buffer.from('<html>Welcome</html>')), 'unknown', /is no revocation list$/],
    ['that is gone', () => answering(() => Buffer.alloc(0), 404), 'unknown', /answers 404$/],
    [
      'elsewhere',
      () => (_, response) => void response.writeHead(302, { location: 'http://127.0.0.1/', 'content-length': 0 }).end(),
      'unknown',
      /answers 302$/,
    ],
    ['without end', () => endless, 'unknown', /more than 16777216 octets$/],
    ['that never comes', () => () => {}, 'unknown', /did not answer in time$/],
  ])('%s', async (_name, answer, expected, why) => {
    let own: Issued | null = null;
    await using site = await startSite((request, response) => own !== null && answer(own)(request, response));
    own = anna({ crlUrl: site.url('/list') });
    const { check } = checking();
    const status = await check.statusOf(rowOf(own));
    expect(status).toMatchObject({ path: { ok: true, root: 'Partner Root' }, revocation: expected });
    if (why === null) expect(status.revocationWhy).toBeUndefined();
    else expect(status.revocationWhy).toMatch(why);
  });

  const endless: RequestListener = (_request, response) => {
    const chunk = Buffer.alloc(65_536, 0x30);
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  };

  test('is fetched once while it holds, whoever asks, and again after a day', async () => {
    let fetched = 0;
    await using site = await startSite((request, response) => {
      fetched += 1;
      answering(() => listWith([]))(request, response);
    });
    const own = anna({ crlUrl: site.url('/list') });
    const other = anna({ crlUrl: site.url('/list') });
    const { check, later } = checking();
    await Promise.all([check.statusOf(rowOf(own)), check.statusOf(rowOf(other)), check.statusOf(rowOf(own))]);
    await check.statusOf(rowOf(own));
    expect(fetched).toBe(1);
    later(day + 1);
    await check.statusOf(rowOf(own));
    expect(fetched).toBe(2);
  });

  test('at a private address is not asked for, nor at the port of another service', async () => {
    await using site = await startSite(answering(() => listWith([])));
    const { check } = checking({ allowPrivate: false });
    const status = await check.statusOf(rowOf(anna({ crlUrl: site.url('/list') })));
    expect(status).toMatchObject({
      revocation: 'unknown',
      revocationWhy: expect.stringContaining('only private addresses'),
    });
    const open = checking();
    const elsewhere = await open.check.statusOf(rowOf(anna({ crlUrl: 'http://ca.partner.example:25/list' })));
    expect(elsewhere.revocationWhy).toBe('ca.partner.example:25 is not asked on port 25');
    expect(open.asked).toEqual([]);
  });

  test('of the authority above counts, too', async () => {
    let list = listWith([]);
    await using site = await startSite(answering(() => list));
    const middle = issueCertificate({ subject: 'Middle', ca: true, issuer: root, crlUrl: site.url('/list') });
    const own = anna({ issuer: middle });
    expect(await checking().check.statusOf({ ...rowOf(own), issuers: middle.certPem })).toMatchObject({
      revocation: 'unknown',
      revocationWhy: 'it names nobody to ask',
    });
    list = listWith([middle]);
    expect(await checking().check.statusOf({ ...rowOf(own), issuers: middle.certPem })).toMatchObject({
      revocation: 'revoked',
    });
  });
});

describe('nobody answers', () => {
  const nowhere = anna({ crlUrl: 'http://127.0.0.1:1/list' });
  test.each(['accept', 'refuse'] as const)('%s', async (unreachable) => {
    const own = anna({ crlUrl: 'http://ca.partner.example:65000/list' });
    const { check, later, asked } = checking({ settings: { unreachable } });
    const [row] = await check.fresh([rowOf(own)]);
    if (row === undefined) throw new Error('no row');
    expect(row.status).toMatchObject({
      revocation: 'unknown',
      revocationWhy: expect.stringContaining('refused the connection'),
    });
    const { certificates, notes } = capabilityOf([row], address, begin, true);
    expect(certificates).toEqual(unreachable === 'accept' ? ['a'] : []);
    if (unreachable === 'refuse') expect(notes[0]).toMatch(/whether it is revoked is not known/);
    // Asked again within the hour, and not before.
    const before = asked.length;
    later(1_800_000);
    await check.fresh([row]);
    expect(asked).toHaveLength(before);
    later(1_800_001);
    await check.fresh([row]);
    expect(asked.length).toBeGreaterThan(before);
  });

  test('and nobody is to be asked', async () => {
    const off = checking({ settings: { ocsp: false, crl: false, unreachable: 'refuse' } });
    expect(await off.check.statusOf(rowOf(nowhere))).not.toHaveProperty('refused');
    const { check } = checking({ settings: { unreachable: 'refuse' } });
    const status = await check.statusOf(rowOf(anna()));
    expect(status).toMatchObject({ revocation: 'unknown', revocationWhy: 'it names nobody to ask' });
    expect(status).not.toHaveProperty('refused');
  });
});

describe('a row of the keyring', () => {
  test('that turns out to be revoked is told once and used no more, whoever trusted it', async () => {
    let own: Issued | null = null;
    await using site = await startSite(answering(() => listWith(own === null ? [] : [own])));
    own = anna({ crlUrl: site.url('/list') });
    const { check, events, written, asked } = checking();
    const rows = await check.fresh([rowOf(own, { trust: 'pinned' }), keyRow('b')]);
    expect(events).toMatchObject([{ kind: 'key.revoked', key: 'a', address, reason: 'its key is compromised' }]);
    expect(written).toMatchObject([{ id: 'a', change: { checkedAt: begin, status: { revocation: 'revoked' } } }]);
    expect(capabilityOf(rows, address, begin, false).certificates).toEqual([]);
    const before = asked.length;
    await check.fresh(rows, 'now');
    expect({ asked: asked.length, events: events.length }).toEqual({ asked: before, events: 1 });
  });

  test('is checked once for all who wait, and not again until that is due', async () => {
    const own = rowOf(anna());
    const { check, written, later } = checking();
    const [first] = await Promise.all([check.fresh([own]), check.fresh([own]), check.fresh([own])]);
    expect(written).toHaveLength(1);
    const row = first[0];
    if (row === undefined) throw new Error('no row');
    later(day - 1);
    expect(await check.fresh([row])).toEqual([row]);
    expect(written).toHaveLength(1);
    later(1);
    await check.fresh([row]);
    expect(written).toHaveLength(2);
  });

  test('that is rejected, expired or an OpenPGP key is nobody to ask about', async () => {
    const rows = [rowOf(anna(), { state: 'rejected' }), rowOf(anna(), { notAfter: begin }), keyRow('b')];
    const { check, written } = checking();
    expect(await check.fresh(rows, 'now')).toEqual(rows);
    expect(written).toEqual([]);
  });

  test('that was only found is vouched for once its root is trusted', async () => {
    const [row] = await checking().check.fresh([rowOf(anna(), { trust: 'found' })]);
    expect(row?.trust).toBe('vouched');
    const [other] = await checking({ roots: [] }).check.fresh([rowOf(anna(), { trust: 'found' })]);
    expect(other).toMatchObject({
      trust: 'found',
      status: { path: { ok: false, why: expect.stringMatching(/leads to no trusted root/) } },
    });
  });
});

describe('the signer of mail', () => {
  type Came = readonly { kind: 'good' | 'revoked'; age: number }[];
  const verdict = (own: Issued, came: Came = [], status: SignatureVerdict['status'] = 'valid'): SignatureVerdict => ({
    ...noSignature,
    status,
    signer: address,
    fingerprint: 'f',
    why: `Signed by ${address}.`,
    certificates: [own.certPem],
    revocation: came.map(({ kind, age }) => ({
      certificate: new X509Certificate(own.certPem).fingerprint256,
      word: { kind, why: 'it was replaced', since: begin - age, until: begin + 7 * day },
    })),
  });
  const noKeys = { keysFor: async () => [] };
  /** The answer to `listed` (null: nobody answers), what came along, and what is made of it; `asks`: whether somebody is asked. */
  const cases: readonly [string, boolean | null, Came, SignatureVerdict['status'], RegExp, boolean][] = [
    ['on no list', false, [], 'valid', /^Signed by anna@partner\.example\.$/, true],
    ['on the list', true, [], 'revoked', /is revoked: its key is compromised\.$/, true],
    ['of whom nobody says anything', null, [], 'valid', /^Signed by .* is revoked is not known: .* refused/, true],
    ['good, as came along', true, [{ kind: 'good', age: 60_000 }], 'valid', /^Signed by [^ ]*$/, false],
    [
      'revoked, as came along',
      false,
      [{ kind: 'revoked', age: 60_000 }],
      'revoked',
      /revoked: it was replaced\.$/,
      false,
    ],
    ['revoked long ago, as came along', false, [{ kind: 'revoked', age: 9 * day }], 'revoked', /replaced/, false],
    [
      'good as of two days ago, and on the list',
      true,
      [{ kind: 'good', age: 2 * day }],
      'revoked',
      /compromised/,
      true,
    ],
    [
      'good as of two days ago, and nobody answers',
      null,
      [{ kind: 'good', age: 2 * day }],
      'valid',
      /^Signed by [^ ]*$/,
      true,
    ],
  ];
  test.each(cases)('%s', async (_name, listed, came, status, why, asks) => {
    let own: Issued | null = null;
    await using site = await startSite((request, response) =>
      answering(() => listWith(listed === true && own !== null ? [own] : []))(request, response),
    );
    own = anna({ crlUrl: listed === null ? 'http://ca.partner.example:65000/list' : site.url('/list') });
    const { check, asked } = checking();
    const judged = await createSignerCheck(check, noKeys)(verdict(own, came));
    expect(judged).toMatchObject({ status, why: expect.stringMatching(why), signer: address });
    expect(asked.length > 0).toBe(asks);
  });

  test('of whom nobody says anything is not believed where the settings say so, and who is silent is asked once', async () => {
    const own = anna({ crlUrl: 'http://ca.partner.example:65000/list', keyUsage: ['digitalSignature'] });
    const { check, asked, later } = checking({ settings: { unreachable: 'refuse' } });
    const ask = createSignerCheck(check, noKeys);
    for (let mail = 0; mail < 3; mail++)
      expect(await ask(verdict(own))).toMatchObject({
        status: 'untrusted',
        why: expect.stringMatching(/is not known: /),
      });
    expect(asked).toHaveLength(1);
    later(600_001);
    await ask(verdict(own));
    expect(asked).toHaveLength(2);
  });

  test('who was found to be revoked is revoked, whatever "good" comes along; and is asked about once for many messages', async () => {
    let own: Issued | null = null;
    await using site = await startSite((request, response) =>
      answering(() => listWith(own === null ? [] : [own]))(request, response),
    );
    own = anna({ crlUrl: site.url('/list') });
    const { check, asked, later } = checking();
    const ask = createSignerCheck(check, noKeys);
    const good = verdict(own, [{ kind: 'good', age: -20 * 3_600_000 }]);
    const all = await Promise.all([1, 2, 3].map(() => ask({ ...good, revocation: [] })));
    expect(all.map(({ status }) => status)).toEqual(['revoked', 'revoked', 'revoked']);
    later(20 * 3_600_000);
    expect(await ask(good)).toMatchObject({ status: 'revoked', why: expect.stringMatching(/compromised/) });
    expect(asked).toHaveLength(1);
  });

  test('whose signature is worth nothing anyway, or who signs with OpenPGP, is nobody to ask about', async () => {
    const own = anna({ crlUrl: 'http://ca.partner.example:65000/list' });
    const { check, asked } = checking();
    for (const given of [verdict(own, [], 'mismatch'), { ...verdict(own), certificates: [] }])
      expect(await createSignerCheck(check, noKeys)(given)).toBe(given);
    expect(asked).toEqual([]);
  });

  test('who is in the keyring: what is known there counts, and what is found out is known there', async () => {
    const own = anna();
    const { check, asked } = checking();
    const known = { revocation: 'revoked', revocationWhy: 'its holder changed' } as const;
    const [before, after] = [rowOf(own, { fingerprint: 'f', status: known }), rowOf(own, { fingerprint: 'f' })];
    expect(await createSignerCheck(check, { keysFor: async () => [before] })(verdict(own))).toMatchObject({
      status: 'revoked',
      why: expect.stringContaining('its holder changed'),
    });
    expect(asked).toEqual([]);
    let listed: Issued | null = null;
    await using site = await startSite(answering(() => listWith(listed === null ? [] : [listed])));
    listed = anna({ crlUrl: site.url('/list') });
    const row = { ...after, material: listed.certPem };
    const learning = checking();
    await createSignerCheck(learning.check, { keysFor: async () => [row] })(verdict(listed));
    expect(learning.written).toMatchObject([{ id: 'a', change: { status: { revocation: 'revoked' } } }]);
    expect(learning.events).toMatchObject([{ kind: 'key.revoked', key: 'a' }]);
  });
});

describe('an issuer that did not come along', () => {
  const outer = issueCertificate({ subject: 'Outer', ca: true, issuer: root });
  const der = ({ certPem }: Issued): Buffer => new X509Certificate(certPem).raw;

  test('is fetched, and its issuer, too', async () => {
    await using site = await startSite((request, response) =>
      answering(() => (request.url === '/outer' ? der(outer) : der(inner)))(request, response),
    );
    const inner = issueCertificate({ subject: 'Inner', ca: true, issuer: outer, issuerUrl: site.url('/outer') });
    const own = anna({ issuer: inner, issuerUrl: site.url('/inner') });
    const { check, asked } = checking();
    expect(await check.statusOf(rowOf(own))).toMatchObject({ path: { ok: true, root: 'Partner Root' } });
    expect(asked).toHaveLength(2);
    await check.statusOf(rowOf(own));
    expect(asked).toHaveLength(2);
  });

  test.each<[string, () => Buffer]>([
    ['that is somebody else', () => der(issueCertificate({ subject: 'Inner', ca: true, issuer: root }))],
    ['that is nothing', () => Buffer.from('nothing')],
    ['that leads in a circle', () => der(outer)],
  ])('%s: no path, and no end of asking', async (_name, octets) => {
    await using site = await startSite(answering(octets));
    const inner = issueCertificate({ subject: 'Inner', ca: true, issuer: outer, issuerUrl: site.url('/x') });
    const own = anna({ issuer: inner, issuerUrl: site.url('/x') });
    const { check, asked } = checking();
    expect(await check.statusOf(rowOf(own))).toMatchObject({ path: { ok: false } });
    expect(asked.length).toBeLessThanOrEqual(3);
  });
});

describe.skipIf(!hasOpenssl && !process.env['CI'])('openssl ocsp', () => {
  const responder = byName('OCSP', ['extendedKeyUsage=OCSPSigning']);
  const forged = byOpenssl('OCSP', issueCertificate({ subject: 'Partner Root', ca: true }), [
    'extendedKeyUsage=OCSPSigning',
    // Its key is not named, so that only the signature tells.
    'authorityKeyIdentifier=none',
  ]);
  const anybody = byName('Boris', ['extendedKeyUsage=emailProtection']);

  function byName(name: string, extensions: readonly string[]): Issued {
    return byOpenssl(name, root, extensions);
  }

  /** A certificate whose responder is at this port, and a list at the next when given. */
  const asking = (port: number, crl = ''): Issued =>
    byName('Anna', [
      'extendedKeyUsage=emailProtection',
      `subjectAltName=email:${address}`,
      `authorityInfoAccess=OCSP;URI:http://ocsp.partner.example:${port}/`,
      ...(crl === '' ? [] : [`crlDistributionPoints=URI:${crl}`]),
    ]);

  type State = 'good' | 'revoked' | 'nobody';
  test.each<[string, State, { signer?: Issued; options?: readonly string[] }, string, RegExp | null]>([
    ['says good', 'good', {}, 'good', null],
    ['says revoked', 'revoked', {}, 'revoked', /^its key is compromised$/],
    ['does not know it', 'nobody', {}, 'unknown', /does not know this certificate$/],
    ['through one made out for this', 'good', { signer: responder }, 'good', null],
    ['revoked, through one made out for this', 'revoked', { signer: responder }, 'revoked', /compromised/],
    [
      'through somebody else of the same authority',
      'good',
      { signer: anybody },
      'unknown',
      /not signed by the issuer or in its name$/,
    ],
    [
      'through a forgery of the same name',
      'good',
      { signer: forged },
      'unknown',
      /not signed by the issuer or in its name$/,
    ],
    [
      'without the certificate of who signed',
      'good',
      { signer: responder, options: ['-resp_no_certs'] },
      'unknown',
      /not signed by the issuer or in its name$/,
    ],
    ['signed with SHA-1', 'good', { options: ['-rmd', 'sha1'] }, 'unknown', /not signed by the issuer or in its name$/],
    ['named by its key', 'good', { options: ['-resp_key_id'] }, 'good', null],
  ])('%s', async (_name, state, how, expected, why) => {
    // The responder's port must be known before the certificate, and the certificate before the responder.
    let port = 0;
    await using relay = await startSite((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      const relayed = async (): Promise<void> => {
        const headers = { 'content-type': 'application/ocsp-request' };
        const body = Buffer.concat(chunks);
        const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body });
        response.end(Buffer.from(await answer.arrayBuffer()));
      };
      request.on('end', () => void relayed());
    });
    const own = asking(Number(new URL(relay.url('/')).port));
    await using started = await startResponder(
      root,
      state === 'good' ? [own] : [],
      state === 'revoked' ? [own] : [],
      how,
    );
    port = started.port;
    const status = await checking().check.statusOf(rowOf(own));
    expect(status).toMatchObject({ path: { ok: true }, revocation: expected });
    if (why !== null) expect(status.revocationWhy).toMatch(why);
    else expect(status.revocationUntil).toBeLessThanOrEqual(begin + 3_600_000);
  });

  test('an answer for one certificate is none for another, and none for ever', async () => {
    const other = anna();
    await using started = await startResponder(root, [other], []);
    const stored: Buffer[] = [];
    await using replaying = await startSite((request, response) => {
      request.resume();
      answering(() => stored[0] ?? Buffer.alloc(0))(request, response);
    });
    const own = asking(Number(new URL(replaying.url('/')).port));
    await using second = await startResponder(root, [own], []);
    const answerFor = async (port: number, about: Issued): Promise<Buffer> => {
      const body = ocspRequest(namedBy(new X509Certificate(about.certPem), new X509Certificate(root.certPem)));
      const headers = { 'content-type': 'application/ocsp-request' };
      return Buffer.from(
        await (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body })).arrayBuffer(),
      );
    };
    stored[0] = await answerFor(started.port, other);
    expect((await checking().check.statusOf(rowOf(own))).revocationWhy).toMatch(/says nothing of this certificate$/);
    stored[0] = await answerFor(second.port, own);
    const { check, later } = checking();
    expect(await check.statusOf(rowOf(own))).toMatchObject({ revocation: 'good' });
    later(2 * 3_600_000);
    expect((await check.statusOf(rowOf(own))).revocationWhy).toMatch(/gave an answer that is too old$/);
  });

  test('where no responder answers, the list does', async () => {
    let own: Issued | null = null;
    await using site = await startSite(answering(() => listWith(own === null ? [] : [own])));
    own = asking(1_025, site.url('/list'));
    expect(await checking().check.statusOf(rowOf(own))).toMatchObject({ revocation: 'revoked' });
    expect(await checking({ settings: { crl: false } }).check.statusOf(rowOf(own))).toMatchObject({
      revocation: 'unknown',
    });
  });
});
