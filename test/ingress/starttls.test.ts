import { describe, expect, test } from 'vitest';
import { issueCertificate } from '../../src/protect/issue.ts';
import { Client, plainMessage, startGateway } from './gateway.ts';
import { inject, injections } from './injections.ts';

const { certPem, keyPem } = issueCertificate({ subject: 'gw.postern.example', san: { dns: ['gw.postern.example'] } });
const files = { key: '', cert: '' };
const smtp = { tls: { key: keyPem, cert: certPem, files, minVersion: 'TLSv1.2' as const } };

describe('STARTTLS', () => {
  test('protects the message, and the Received field says so', async () => {
    await using gateway = await startGateway({ smtp });
    const client = await Client.open(gateway.port);
    await client.reply();
    expect(await client.ask('EHLO client.example')).toMatch(/^250-STARTTLS$/m);
    expect(await client.ask('STARTTLS')).toMatch(/^220 /);
    await client.startTls(certPem);
    const features = await client.ask('EHLO client.example');
    expect(features).not.toMatch(/STARTTLS|AUTH|CHUNKING/);
    expect(features).toMatch(/^250[- ]SIZE 1000000$/m);
    expect(await client.ask('STARTTLS')).toMatch(/^503 5\.5\.1 /);
    expect(await client.send(plainMessage)).toMatch(/^250 2\.0\.0 /);
    expect(gateway.accepted[0]?.bytes.toString()).toMatch(
      /with ESMTPS id [\w-]+\r\n\t\(using TLSv1\.3 with cipher TLS_\w+\)/,
    );
    client.close();
  });

  test('forgets everything said before it', async () => {
    await using gateway = await startGateway({ smtp });
    const client = await Client.greeted(gateway.port);
    await client.ask('MAIL FROM:<a@corp.example>');
    await client.ask('STARTTLS');
    await client.startTls(certPem);
    expect(await client.ask('RCPT TO:<b@dest.example>')).toMatch(/^503 5\.5\.1 /);
    client.close();
  });

  test.each(injections)('answers nothing that came in the clear behind it: %j', async (injected) => {
    const heard = await inject(injected);
    if (heard === 'closed') return;
    expect(heard.rcpt).toMatch(/^503 /);
    expect(heard.vrfy).toMatch(/^502 /);
  });

  test('refuses TLS 1.1', async () => {
    await using gateway = await startGateway({ smtp });
    const client = await Client.greeted(gateway.port);
    await client.ask('STARTTLS');
    await expect(client.startTls(certPem, { maxVersion: 'TLSv1.1' })).rejects.toThrow();
    client.close();
  });

  test('refuses parameters', async () => {
    await using gateway = await startGateway({ smtp });
    const client = await Client.greeted(gateway.port);
    expect(await client.ask('STARTTLS now')).toMatch(/^501 5\.5\.4 /);
    client.close();
  });
});
