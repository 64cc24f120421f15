/** S/MIME that openssl made, in every form it has, and forged in every way that a reader could fall for (threats T-18 and T-19). */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as der from '../../../src/protect/der.ts';
import { type Issued, type IssueRequest, issueCertificate, issueRevocationList } from '../../../src/protect/issue.ts';
import { parseValue } from '../../../src/protect/open/ber.ts';
import { asStored, open, openPool, ownKey } from './stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-cms-'));
const root = issueCertificate({ subject: 'Root', ca: true });
const pool = openPool([root.certPem], 1);
afterAll(async () => {
  await pool.close();
  rmSync(folder, { recursive: true, force: true });
});

function hasOpenssl(): boolean {
  try {
    return execFileSync('openssl', ['version'], { stdio: 'pipe' }).length > 0;
  } catch {
    return false;
  }
}
const missing = !hasOpenssl() && process.env['CI'] === undefined;

let files = 0;
const file = (content: string | Buffer): string => {
  files += 1;
  const path = join(folder, String(files));
  writeFileSync(path, content);
  return path;
};
const cms = (input: string | Buffer, ...args: string[]): Buffer =>
  execFileSync('openssl', ['cms', ...args], { input, maxBuffer: 1e9, stdio: ['pipe', 'pipe', 'pipe'] });

const author = 'paul@partner.example';
const issued = (more: Partial<IssueRequest> = {}) =>
  issueCertificate({ subject: 'Paul', issuer: root, san: { email: [author] }, ...more });
const paul = issued();
const signerFile = (more: Partial<IssueRequest> = {}): string => {
  const { certPem, keyPem } = issued(more);
  return file(certPem + keyPem);
};

const entity = 'Content-Type: text/plain\r\n\r\nHello, here are the numbers.\r\n';
const from = (headed: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`From: Paul <${author}>\r\nTo: anna@corp.example\r\n`), asStored(Buffer.from(headed))]);
/** A CMS structure as a whole message; smime-type says what it likes. */
const inMime = (octets: Uint8Array, kind = 'signed-data'): Buffer =>
  from(
    `MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=${kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n` +
      `${Buffer.from(octets).toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`,
  );
const detached = (octets: Uint8Array, text = entity): Buffer =>
  from(
    'MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=b\r\n\r\n' +
      `--b\r\n${text}\r\n--b\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n` +
      `${Buffer.from(octets).toString('base64')}\r\n--b--\r\n`,
  );
const sign = (...args: string[]): Buffer => cms(entity, '-sign', '-binary', '-outform', 'DER', ...args);

async function signature(message: Buffer): Promise<string> {
  const { signature: said, text } = await open(message, pool);
  return `${said.status}${text === null ? '' : ' opened'}: ${said.why}`;
}

/** The DER of a signature of openssl, with these RevocationInfoChoices put in. RFC 5652 section 5.1. */
function carrying(signed: Buffer, ...infos: Buffer[]): Buffer {
  const [type, content] = parseValue(signed).children;
  const fields = (content?.children[0]?.children ?? []).map(({ raw }) => raw);
  const before = fields.slice(0, -1);
  const data = der.sequence(...before, der.tagged(1, ...infos), ...fields.slice(-1));
  return der.sequence(type?.raw ?? Buffer.alloc(0), der.tagged(0, data));
}

const otherInfo = (format: string, info: Buffer): Buffer => der.tagged(1, der.oid(format), info);

/** What `openssl ocsp` says of a certificate in the name of `by`. */
function ocspResponse(status: 'V' | 'R', about: Issued, by: Issued): Buffer {
  const ended = status === 'R' ? '250101000000Z,keyCompromise' : '';
  const index = file(
    `${status}\t400101000000Z\t${ended}\t${new X509Certificate(about.certPem).serialNumber}\tunknown\t/CN=x\n`,
  );
  const [ca, key, leaf] = [file(by.certPem), file(by.keyPem), file(about.certPem)];
  const answer = file('');
  const question = ['-issuer', ca, '-cert', leaf, '-respout', answer, '-ndays', '1', '-noverify'];
  execFileSync('openssl', ['ocsp', '-index', index, '-CA', ca, '-rsigner', ca, '-rkey', key, ...question], {
    stdio: 'pipe',
  });
  return readFileSync(answer);
}

describe.skipIf(missing)('what comes along about revocation', () => {
  const serial = new X509Certificate(paul.certPem).serialNumber;
  const at = Date.now() - 60_000;
  const list = (by = root, revoked = [serial], nextUpdate = at + 86_400_000): Buffer =>
    issueRevocationList(by, {
      number: 1,
      thisUpdate: at,
      nextUpdate,
      revoked: revoked.map((each) => ({ serial: each, at, reason: 1 })),
    });
  const rogue = issueCertificate({ subject: 'Root', ca: true });
  const crowd = Array.from({ length: 20_000 }, (_, number) => (0x10000000 + number).toString(16));
  const ocsp = '1.3.6.1.5.5.7.16.2';
  const large = otherInfo(ocsp, der.octetString(Buffer.alloc(70_000)));
  const responses: Record<'good' | 'revoked', Buffer> = { good: Buffer.alloc(0), revoked: Buffer.alloc(0) };
  let [beside, around]: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)];
  beforeAll(() => {
    const signer = file(paul.certPem + paul.keyPem);
    beside = sign('-signer', signer);
    around = sign('-nodetach', '-signer', signer);
    responses.good = otherInfo(ocsp, ocspResponse('V', paul, root));
    responses.revoked = otherInfo(ocsp, ocspResponse('R', paul, root));
  });
  test.each<[string, () => Buffer[], string[]]>([
    ['nothing', () => [], []],
    ['a list that has it', () => [list()], ['revoked']],
    ['a list that has it not', () => [list(root, [])], ['good']],
    ['a long list', () => [list(root, crowd)], ['good']],
    ['a list that is over', () => [list(root, [serial], at - 3_600_000)], []],
    ['a list by a rogue', () => [list(rogue)], []],
    ['an answer that it is good', () => [responses.good], ['good']],
    ['an answer that it is revoked', () => [responses.revoked], ['revoked']],
    ['an answer in the name of a rogue', () => [otherInfo(ocsp, ocspResponse('V', paul, rogue))], []],
    ['an answer about somebody else', () => [otherInfo(ocsp, ocspResponse('R', issued(), root))], []],
    [
      'an answer that calls itself something else',
      () => [otherInfo('1.2.3', parseValue(responses.revoked).children[1]?.raw ?? der.nothing())],
      [],
    ],
    ['noise', () => [der.sequence(der.octetString(Buffer.alloc(99))), otherInfo(ocsp, der.nothing())], []],
    ['good and revoked', () => [list(root, []), responses.revoked], ['revoked']],
    ['too many before it', () => [...Array.from({ length: 4 }, () => list(rogue)), list()], []],
    ['those too large before it', () => [...Array.from({ length: 4 }, () => large), responses.revoked], ['revoked']],
  ])('%s', async (_name, infos, expected) => {
    const came = infos();
    for (const message of [detached(carrying(beside, ...came)), inMime(carrying(around, ...came))]) {
      const { signature: said } = await open(message, pool);
      expect(said).toMatchObject({ status: 'valid', why: `Signed by ${author}.` });
      expect(said.revocation.map(({ word }) => word.kind)).toEqual(expected);
    }
  });

  test('more than anybody sends is not read', async () => {
    const many = Array.from({ length: 101 }, () => der.sequence());
    const { layers } = await open(inMime(carrying(around, ...many)), pool);
    expect(layers).toMatchObject([{ kind: 'closed', refusal: { code: 'too-large' } }]);
    expect((await open(detached(carrying(beside, ...many)), pool)).signature.status).toBe('invalid');
  });
});

describe.skipIf(missing)('a signature of openssl', () => {
  const rsa = ['-keyopt', 'rsa_padding_mode:pss'];
  test.each<[string, Partial<IssueRequest>, string[]]>([
    ['RSA PKCS #1', { keyType: 'rsa2048' }, []],
    ['RSA-PSS', { keyType: 'rsa2048' }, rsa],
    ['RSA with SHA-512', { keyType: 'rsa2048' }, ['-md', 'sha512']],
    ['ECDSA P-256', {}, []],
    ['ECDSA P-384 with SHA-384', { keyType: 'p384' }, ['-md', 'sha384']],
    ['RSA without attributes', { keyType: 'rsa2048' }, ['-noattr']],
    ['a signer named by its key', {}, ['-keyid']],
    ['indefinite lengths', {}, ['-stream']],
  ])('with %s is valid, around the text and beside it', async (_name, more, args) => {
    const signer = signerFile(more);
    const around = sign('-nodetach', '-signer', signer, ...args);
    expect(await signature(inMime(around))).toBe(`valid opened: Signed by ${author}.`);
    // openssl -stream puts the text into the structure, too.
    const beside = sign('-signer', signer, ...args.filter((arg) => arg !== '-stream'));
    expect(await signature(detached(beside))).toBe(`valid: Signed by ${author}.`);
    expect(await signature(detached(beside, entity.replace('numbers', 'ducks')))).toMatch(
      /^invalid: The message was altered/,
    );
  });

  const plain = signerFile();
  const stranger = issueCertificate({ subject: 'Mallory CA', ca: true });
  test.each<[string, () => Buffer, RegExp]>([
    [
      'two signers',
      () => inMime(sign('-nodetach', '-signer', plain, '-signer', signerFile())),
      /^invalid: .*has 2 signatures/,
    ],
    ['no signer', () => inMime(certificatesOnly()), /^none: /],
    ['no signer, beside a text', () => detached(certificatesOnly()), /^invalid: .*holds no signature/],
    [
      'the certificate left out',
      () => inMime(sign('-nodetach', '-nocerts', '-signer', plain)),
      /^unknown-key opened: .*without the certificate/,
    ],
    [
      'content of its own beside the text',
      () => detached(sign('-nodetach', '-signer', plain)),
      /^invalid: .*content of its own/,
    ],
    ['no content around which it is', () => inMime(sign('-signer', plain)), /^none: /],
    [
      'content of another type',
      () => inMime(sign('-nodetach', '-signer', plain, '-econtent_type', 'pkcs7-encryptedData')),
      /^invalid: .*something else than mail/,
    ],
    [
      'SHA-1',
      () => inMime(sign('-nodetach', '-md', 'sha1', '-signer', signerFile({ keyType: 'rsa2048' }))),
      /^invalid: .*SHA-1/,
    ],
    [
      'an RSA key of 1024 bits',
      () => inMime(sign('-nodetach', '-signer', signerFile({ keyType: 'rsa1024' }))),
      /^invalid: .*1024 bits/,
    ],
    [
      'a root that came along',
      () => inMime(sign('-nodetach', '-signer', signerFile({ issuer: stranger }), '-certfile', file(stranger.certPem))),
      /^untrusted opened: .*no trusted root/,
    ],
    [
      'a self-signed certificate',
      () => inMime(sign('-nodetach', '-signer', selfSigned())),
      /^untrusted opened: .*self-signed/,
    ],
    [
      'an expired certificate',
      () => inMime(sign('-nodetach', '-signer', signerFile({ notBefore: 1e12, notAfter: 1.1e12 }))),
      /^untrusted opened: .*expired/,
    ],
    [
      'a certificate for servers',
      () => inMime(sign('-nodetach', '-signer', signerFile({ eku: ['serverAuth'] }))),
      /^untrusted opened: /,
    ],
    [
      'a certificate for encryption only',
      () => inMime(sign('-nodetach', '-signer', signerFile({ keyUsage: ['keyAgreement'] }))),
      /^untrusted opened: /,
    ],
    [
      'a certificate of somebody else',
      () => inMime(sign('-nodetach', '-signer', signerFile({ san: { email: ['eve@partner.example'] } }))),
      /^mismatch opened: .*eve@partner.example/,
    ],
    [
      'the author in its name only',
      () =>
        inMime(sign('-nodetach', '-signer', signerFile({ subject: author, san: { email: ['eve@partner.example'] } }))),
      /^mismatch opened: /,
    ],
    [
      'an address that ends alike',
      () => inMime(sign('-nodetach', '-signer', signerFile({ san: { email: ['notpaul@partner.example'] } }))),
      /^mismatch opened: /,
    ],
    [
      'ciphertext called signed',
      () => inMime(cms(entity, '-encrypt', '-aes256', '-outform', 'DER', file(paul.certPem))),
      /^none: /,
    ],
  ])('with %s', async (_name, make, expected) => {
    expect(await signature(make())).toMatch(expected);
  });

  test('in one part of several says nothing about the message', async () => {
    const inner = detached(sign('-signer', plain))
      .toString('latin1')
      .replace(/^From[^]*?MIME-Version: 1.0\r\n/, '');
    const text = `Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/html\r\n\r\nPay Mallory.\r\n--m\r\n${inner}\r\n--m--\r\n`;
    const { part, layers, content } = await open(from(text), pool);
    expect({ part, layers, content }).toEqual({ part: true, layers: [], content: null });
  });

  test('over what another signature covers, taken for a message, is none', async () => {
    // The attributes of a signature are a SET; signed without attributes, they would be a message of the signer's.
    const set = der.set(der.sequence(der.oid('1.2.840.113549.1.9.3'), der.set(der.oid('1.2.840.113549.1.7.1'))));
    const signed = cms(
      set,
      '-sign',
      '-binary',
      '-noattr',
      '-nodetach',
      '-outform',
      'DER',
      '-signer',
      signerFile({ keyType: 'rsa2048' }),
    );
    expect(await signature(inMime(signed))).toMatch(/^invalid: .*covers no mail/);
  });

  test('of another time than the message says is a mismatch', async () => {
    const message = Buffer.concat([
      Buffer.from('Date: Wed, 14 Oct 2020 14:21:06 -0400\r\n'),
      inMime(sign('-nodetach', '-signer', plain)),
    ]);
    expect(await signature(message)).toMatch(/^mismatch opened: .*another time/);
  });
});

function certificatesOnly(): Buffer {
  return execFileSync('openssl', ['crl2pkcs7', '-nocrl', '-outform', 'DER', '-certfile', file(paul.certPem)]);
}

function selfSigned(): string {
  const { certPem, keyPem } = issueCertificate({ subject: 'Paul', san: { email: [author] } });
  return file(certPem + keyPem);
}

describe.skipIf(missing)('an envelope of openssl', () => {
  const holders = [
    ['RSA', issued({ keyType: 'rsa2048' }), []],
    ['RSA OAEP', issued({ keyType: 'rsa2048' }), ['-keyopt', 'rsa_padding_mode:oaep']],
    [
      'RSA OAEP SHA-256',
      issued({ keyType: 'rsa2048' }),
      ['-keyopt', 'rsa_padding_mode:oaep', '-keyopt', 'rsa_oaep_md:sha256'],
    ],
    ['ECDH P-256', issued(), []],
    ['ECDH P-256 with SHA-256', issued(), ['-keyopt', 'ecdh_kdf_md:sha256']],
    ['ECDH P-384', issued({ keyType: 'p384' }), ['-keyopt', 'ecdh_kdf_md:sha384']],
  ] as const;
  const ciphers = ['-aes128', '-aes192', '-aes256', '-des3', '-aes-128-gcm', '-aes-256-gcm'];
  // With 3DES, openssl wraps the key of an agreement in 3DES, too, which is not read.
  const cells = holders
    .flatMap(([name, holder, args]) => ciphers.map((cipher) => ({ name, holder, args, cipher })))
    .filter(({ name, cipher }) => name.startsWith('RSA') || cipher !== '-des3');

  test.each(cells)('$name $cipher opens, in definite and indefinite lengths', async ({ holder, args, cipher }) => {
    const keys = [ownKey('k', 'smime', holder.certPem, holder.keyPem)];
    for (const stream of [[], ['-stream']]) {
      for (const named of [[], ['-keyid']]) {
        const recip = file(holder.certPem);
        const octets = cms(
          entity,
          '-encrypt',
          '-binary',
          cipher,
          ...stream,
          ...named,
          '-outform',
          'DER',
          '-recip',
          recip,
          ...args,
        );
        const { text, layers } = await open(inMime(octets, 'enveloped-data'), pool, { keys });
        expect(text).toBe(entity);
        expect(layers).toEqual([{ method: 'smime', kind: 'encrypted', key: 'k' }]);
      }
    }
  });

  const holder = issued({ keyType: 'rsa2048' });
  const keys = [ownKey('k', 'smime', holder.certPem, holder.keyPem)];
  const encrypt = (text: string, cipher = '-aes256'): Buffer =>
    cms(text, '-encrypt', '-binary', cipher, '-outform', 'DER', file(holder.certPem));
  const long = `Content-Type: text/html\r\n\r\n${'<p>The numbers are 4711 and 4712.</p>\r\n'.repeat(40)}`;

  test('of CBC, altered anywhere in its content, stays closed', async () => {
    const octets = encrypt(long);
    for (let at = octets.length - 1_400; at < octets.length; at += 97) {
      const altered = Buffer.from(octets);
      altered[at] = (altered[at] ?? 0) ^ 1;
      const { layers, content } = await open(inMime(altered), pool, { keys });
      expect(content, `octet ${at}`).toBeNull();
      expect(layers, `octet ${at}`).toMatchObject([{ kind: 'closed', refusal: { code: 'altered' } }]);
    }
  });

  test('of CBC, with blocks put in as EFAIL does, stays closed', async () => {
    const octets = encrypt(long);
    // A known block and its predecessor, again and again: every second block says what the attacker wants.
    const start = octets.length - 1_200 - ((octets.length - 1_200) % 16);
    const gadget = octets.subarray(start, start + 32);
    const lengthOf = (size: number): Buffer => der.header(0x80, size);
    const content = octets.indexOf(lengthOf(long.length + 16 - (long.length % 16)));
    expect(content).toBeGreaterThan(0);
    const body = octets.subarray(content + lengthOf(long.length).length);
    const forged = Buffer.concat([body.subarray(0, 64), gadget, gadget, gadget, body.subarray(64)]);
    const streamed = restructured(octets, content, forged);
    const { layers, content: opened } = await open(inMime(streamed), pool, { keys });
    expect(opened).toBeNull();
    expect(layers).toMatchObject([{ kind: 'closed', refusal: { code: 'altered' } }]);
  });

  test('of CBC with octets that are no text opens when a signature inside vouches for them', async () => {
    const binary = `Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n${'\xfe\x01'.repeat(20)}\r\n`;
    const plain = cms(
      Buffer.from(binary, 'latin1'),
      '-encrypt',
      '-binary',
      '-aes256',
      '-outform',
      'DER',
      file(holder.certPem),
    );
    expect((await open(inMime(plain), pool, { keys })).content).toBeNull();
    const signed = cms(
      Buffer.from(binary, 'latin1'),
      '-sign',
      '-binary',
      '-nodetach',
      '-outform',
      'DER',
      '-signer',
      signerFile(),
    );
    const raw = Buffer.concat([
      Buffer.from('Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: binary\r\n\r\n'),
      signed,
    ]);
    const vouched = cms(raw, '-encrypt', '-binary', '-aes256', '-outform', 'DER', file(holder.certPem));
    const { text, signature: said } = await open(inMime(vouched), pool, { keys });
    expect(text).toBe(binary);
    expect(said.status).toBe('valid');
  });

  test('of GCM, altered or cut anywhere, stays closed', async () => {
    const octets = encrypt(long, '-aes-256-gcm');
    for (let at = octets.length - 1_400; at < octets.length; at += 97) {
      const altered = Buffer.from(octets);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect((await open(inMime(altered), pool, { keys })).content, `octet ${at}`).toBeNull();
      expect((await open(inMime(octets.subarray(0, at)), pool, { keys })).content, `cut at ${at}`).toBeNull();
    }
  });

  test('of GCM that is called CBC stays closed', async () => {
    const octets = encrypt(long, '-aes-256-gcm');
    const gcm = der.oid('1.2.840.113549.1.9.16.1.23');
    const at = octets.indexOf(gcm);
    const enveloped = der.oid('1.2.840.113549.1.7.3');
    const renamed = Buffer.concat([octets.subarray(4, at), enveloped, octets.subarray(at + gcm.length)]);
    const { layers } = await open(inMime(Buffer.concat([Buffer.from([0x30, 0x80]), renamed, Buffer.alloc(2)])), pool, {
      keys,
    });
    expect(layers).toMatchObject([{ kind: 'closed' }]);
  });

  test('opens layer in layer, but not for ever', async () => {
    const base64 = (octets: Buffer): string =>
      `Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n${octets.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`;
    let text = entity;
    for (let depth = 1; depth <= 9; depth += 1) {
      text = base64(encrypt(text));
      const { layers, text: inside } = await open(from(text), pool, { keys });
      expect(layers.filter(({ kind }) => kind === 'encrypted').length).toBe(Math.min(depth, 8));
      expect(layers.some(({ kind }) => kind === 'closed')).toBe(depth > 8);
      expect(inside === entity).toBe(depth <= 8);
    }
  });

  test('to a name that many share is not tried without end', async () => {
    const many = Array.from({ length: 12 }, () => file(holder.certPem));
    const octets = cms(entity, '-encrypt', '-aes256', '-outform', 'DER', ...many);
    // openssl takes the same recipient several times; the first one opens.
    expect((await open(inMime(octets), pool, { keys })).text).toContain('numbers');
  });
});

/** The envelope with other octets as its content, in indefinite lengths so that none has to be counted again. */
function restructured(octets: Buffer, contentAt: number, content: Buffer): Buffer {
  const whole = (at: number): { readonly start: number } => {
    const first = octets[at + 1] ?? 0;
    return { start: at + 2 + (first < 0x80 ? 0 : first & 0x7f) };
  };
  const type = whole(0).start;
  const explicit = type + 2 + (octets[type + 1] ?? 0);
  const enveloped = whole(explicit).start;
  const inside = whole(enveloped).start;
  // Version and recipients stay as they are; then comes EncryptedContentInfo.
  const version = inside + 3;
  const recipientsHead = whole(version).start;
  const size = octets[version + 1] ?? 0;
  const recipientsSize = size < 0x80 ? size : octets.readUIntBE(version + 2, size & 0x7f);
  const info = recipientsHead + recipientsSize;
  const infoStart = whole(info).start;
  const open_ = (tag: number): Buffer => Buffer.from([tag, 0x80]);
  return Buffer.concat([
    open_(0x30),
    octets.subarray(type, explicit),
    open_(0xa0),
    open_(0x30),
    octets.subarray(inside, info),
    open_(0x30),
    octets.subarray(infoStart, contentAt),
    der.header(0x80, content.length),
    content,
    Buffer.alloc(8),
  ]);
}
