/** The header field that says how a message travelled: only where it was asked for, only over TLS, and the announced size is the size sent. */
import { expect, test } from 'vitest';
import { parseHeader, valuesOf } from '../../src/mail/header.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { type Script, startServer } from './scripted-server.ts';
import { message, text, transmitterTo } from './transmit.ts';

const root = issueCertificate({ subject: 'Tést "Root" \\ of\r\nX-Evil: 1', ca: true });
const trusted = issueCertificate({ subject: 'mx.example', issuer: root, san: { dns: ['mx.example'] } });
const secure: Script = { tls: { cert: trusted.certPem, key: trusted.keyPem } };

/** What the server took, and the size it was told of. */
async function send(script: Script, evidenceHeader: boolean, trust = [root.certPem]) {
  await using server = await startServer(script);
  await using transmitter = transmitterTo(server.port, { trust, evidenceHeader });
  const results = [];
  for (const content of [text, `${text}.A line with a dot\r\n`]) {
    expect(await transmitter.send(message({ content }))).toMatchObject([{ kind: 'delivered' }]);
    const sent = server.messages().at(-1)?.replaceAll('\r\n..', '\r\n.') ?? '';
    const announced = server.commands().findLast((command) => command.startsWith('MAIL FROM'));
    results.push({ sent, size: Number(/SIZE=(\d+)/.exec(announced ?? '')?.[1]), content });
  }
  return results;
}

test('over TLS it stands before everything else, and the size counts it', async () => {
  for (const { sent, size, content } of await send(secure, true)) {
    expect(sent).toMatch(/^X-Postern-TLS: from /);
    expect(sent.endsWith(content)).toBe(true);
    expect(size).toBe(Buffer.byteLength(sent));
    const fields = parseHeader(Buffer.from(sent.slice(0, sent.indexOf('\r\n\r\n') + 4)));
    expect(fields.map(({ name }) => name)).toEqual(['X-Postern-TLS', 'From', 'Subject']);
    const [value] = valuesOf(fields, 'X-Postern-TLS');
    expect(value).toMatch(
      /^from gw\.postern\.example to mx\.example with TLSv1\.3 TLS_\w+; level=verify; proved-by="root /,
    );
    expect(value).toContain('T?st ');
    expect(value).not.toMatch(/[^ -~]|\\/);
    for (const line of sent.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
  }
});

test('where nothing was proved it says so', async () => {
  for (const { sent } of await send(secure, true, []))
    expect(sent.replaceAll('\r\n ', ' ')).toMatch(/^X-Postern-TLS: .*; level=encrypt\r\n/);
});

test('without the setting, and in plain text, the octets are as they came', async () => {
  for (const results of [await send(secure, false), await send({}, true)]) {
    for (const { sent, size, content } of results) {
      expect(sent).toBe(content);
      expect(size).toBe(Buffer.byteLength(content));
    }
  }
});
