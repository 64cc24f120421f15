import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { startGateway } from './gateway.ts';

const run = promisify(execFile);
const swaks = ['/usr/bin/swaks', '/usr/local/bin/swaks'].find(existsSync);
const smtpSource = ['/usr/sbin/smtp-source', '/usr/bin/smtp-source'].find(existsSync);

describe.skipIf(swaks === undefined && !process.env['CI'])('swaks', () => {
  test('hands over a message', async () => {
    await using gateway = await startGateway();
    const { stdout } = await run(swaks ?? 'swaks', [
      '--server',
      '127.0.0.1',
      '--port',
      String(gateway.port),
      '--from',
      'a@corp.example',
      '--to',
      'b@dest.example,c@dest.example',
      '--body',
      'first\\n.\\nlast',
    ]);
    expect(stdout).toContain('250 2.0.0 Ok: queued as');
    expect(gateway.accepted[0]?.message.recipients).toEqual(['b@dest.example', 'c@dest.example']);
    expect(gateway.accepted[0]?.bytes.toString()).toMatch(/first\r\n\.\r\nlast\r\n/);
  });

  test('is refused as anybody else', async () => {
    await using gateway = await startGateway();
    const args = [
      '--server',
      '127.0.0.1',
      '--port',
      String(gateway.port),
      '--from',
      'a@else.example',
      '--to',
      'b@dest.example',
    ];
    await expect(run(swaks ?? 'swaks', args)).rejects.toMatchObject({ stdout: expect.stringContaining('550 5.7.1 ') });
  });
});

describe.skipIf(smtpSource === undefined && !process.env['CI'])('smtp-source', () => {
  test('20 sessions, 1,000 messages, each accepted once and whole', async () => {
    await using gateway = await startGateway();
    await run(smtpSource ?? 'smtp-source', [
      '-s',
      '20',
      '-l',
      '10240',
      '-m',
      '1000',
      '-d',
      '-f',
      'a@corp.example',
      '-t',
      'b@dest.example',
      `127.0.0.1:${gateway.port}`,
    ]);
    expect(new Set(gateway.accepted.map(({ message }) => message.id)).size).toBe(1_000);
    expect(new Set(gateway.accepted.map(({ bytes }) => bytes.length)).size).toBeLessThan(10);
  });
});
