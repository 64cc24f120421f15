/**
 * Commands that somebody puts in the clear behind STARTTLS (T-3, client to us), and what the listener makes of them. starttls.test.ts asserts it, the
 * measurement tls-matrix prints it.
 */
import { issueCertificate } from '../../src/protect/issue.ts';
import { Client, startGateway } from './gateway.ts';

export const injections: readonly string[] = [
  'NOOP\r\n',
  'MAIL FROM:<a@corp.example>\r\n',
  'NOOP\r\nMAIL FROM:<a@corp.example>\r\nRCPT TO:<b@dest.example>\r\n',
  'EHLO injected.example\r\nMAIL FROM:<a@corp.example>\r\nRCPT TO:<b@dest.example>\r\nDATA\r\n',
  'NOOP\r\n'.repeat(300),
];

const { certPem, keyPem } = issueCertificate({ subject: 'gw.postern.example', san: { dns: ['gw.postern.example'] } });
const files = { key: '', cert: '' };
const smtp = { tls: { key: keyPem, cert: certPem, files, minVersion: 'TLSv1.2' as const } };

/**
 * Injects it. The server takes the octets for a handshake and hangs up, or drops them: then replies under TLS to RCPT and VRFY say that nothing
 * was heard. Resolves with `closed`, or with the replies.
 */
export async function inject(text: string): Promise<'closed' | { readonly rcpt: string; readonly vrfy: string }> {
  await using gateway = await startGateway({ smtp });
  const client = await Client.greeted(gateway.port);
  try {
    client.write(`STARTTLS\r\n${text}`);
    const ready = await client.reply();
    if (!ready.startsWith('220')) throw new Error(`STARTTLS was answered with ${ready}`);
    const secured = client.startTls(certPem).then(() => client.ask('NOOP'));
    const answer = await Promise.race([secured, client.reply()]).catch(() => 'closed');
    if (answer === 'closed') return answer;
    if (!answer.startsWith('250')) throw new Error(`NOOP was answered with ${answer}`);
    return { rcpt: await client.ask('RCPT TO:<b@dest.example>'), vrfy: await client.ask('VRFY last') };
  } finally {
    client.close();
  }
}
