import { describe, expect, test } from 'vitest';
import { encryptPgp } from '../../src/protect/openpgp/message.ts';
import { decryptPgp } from '../../src/protect/openpgp.ts';
import type { Protected } from '../../src/protect/protected.ts';
import { protectSmime } from '../../src/protect/smime.ts';
import { connectSmtp } from '../../src/sandbox/client.ts';
import { startMailboxes } from '../../src/sandbox/mailboxes.ts';
import { portalLink, readMail } from '../../src/sandbox/reading.ts';
import { startSinks } from '../../src/sandbox/sink.ts';
import { createWorld, type Person } from '../../src/sandbox/world.ts';

const world = await createWorld();
const person = (name: string): Person => {
  const found = world.people.find((each) => each.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const inner = Buffer.from(
  [
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'für dich',
    '--b',
    'Content-Type: text/plain; name=a.txt',
    'Content-Disposition: attachment; filename=a.txt',
    '',
    'attached',
    '--b--',
    '',
  ].join('\r\n'),
);

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function whole(outer: string, made: Protected): Promise<Buffer> {
  const chunks: Uint8Array[] = [Buffer.from(`${outer}${made.headerLines}\r\n`)];
  for await (const chunk of made.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('reading', () => {
  test.each(['OpenPGP', 'S/MIME'] as const)('opens %s with the key of the owner, and with no other', async (kind) => {
    const owner = person(kind === 'OpenPGP' ? 'Petra' : 'Simon');
    const made =
      kind === 'OpenPGP'
        ? await encryptPgp([owner.pgp?.publicKey ?? ''], null, once(inner), inner.length)
        : protectSmime(
            {
              recipients: [{ material: owner.smime?.certPem ?? '' }],
              signer: null,
              form: 'clear',
              entitySize: inner.length,
            },
            once(inner),
          );
    const bytes = await whole('From: a@corp.example\r\nSubject: =?utf-8?Q?f=C3=BCr?= dich\r\n', made);
    expect(await readMail(bytes, owner)).toMatchObject({
      subject: 'für dich',
      protection: kind,
      trouble: null,
      text: 'für dich',
      attachments: [{ name: 'a.txt', type: 'text/plain', octets: 8 }],
      opened: inner,
    });
    const nosy = await readMail(bytes, person('Paula'));
    expect(nosy.trouble).toMatch(/cannot open/);
    expect(nosy.text).toBe('');
  });

  test('another key does not open it', async () => {
    const made = await encryptPgp([person('Petra').pgp?.publicKey ?? ''], null, once(inner), inner.length);
    const stranger = (await createWorld()).people.find(({ pgp }) => pgp !== null)?.pgp?.privateKey ?? '';
    const armored = (await whole('', made)).toString('latin1');
    const message = armored.slice(armored.indexOf('-----BEGIN'), armored.indexOf('-----END') + 25);
    await expect(decryptPgp(stranger, message)).rejects.toThrow();
  });

  test.each([
    ['see https://localhost:8443/m#abc\r\nbye', 'https://localhost:8443/m#abc'],
    ['see https://localhost:8443.evil.example/m', null],
    ['nothing', null],
  ])('the portal link in %j', (text, link) => expect(portalLink(text, 'https://localhost:8443')).toBe(link));
});

describe('the mailboxes page', () => {
  test('shows what came, escaped, with links to follow, and the raw source', async () => {
    await using sinks = await startSinks(world.hosts);
    await using page = await startMailboxes(world.people, sinks, 0);
    const host = world.hosts.find(({ domains }) => domains.includes('portal.example'));
    const message = Buffer.from(
      'From: "<script>alert(1)</script>" <x@y.example>\r\nSubject: <img src=x onerror=alert(2)>\r\n' +
        'Content-Type: text/plain; charset=utf-8\r\n\r\n</pre><script>alert(3)</script> https://localhost:8443/x?a=1&b="onclick=alert(4)\r\n',
    );
    await using client = await connectSmtp({ host: host?.address ?? '', port: sinks.port });
    await client.send({ from: 'x@y.example', to: [person('Paula').address] }, message);
    const response = await fetch(page.url);
    const html = await response.text();
    expect(html).not.toMatch(/<script|<img|<[^>]*onclick=/);
    expect(html).toContain('&lt;img src=x onerror=alert(2)&gt;');
    expect(html).toContain('<a href="https://localhost:8443/x?a=1&amp;b=" rel="noreferrer noopener" target="_blank">');
    expect(html).toContain('came without TLS, not encrypted in itself');
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    const source = await fetch(`${page.url}/source/0`);
    expect(source.headers.get('content-type')).toMatch('text/plain');
    expect(Buffer.from(await source.arrayBuffer())).toEqual(message);
    expect((await fetch(`${page.url}/source/1`)).status).toBe(404);
  });
});
