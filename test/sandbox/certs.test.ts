import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inspectCertificate } from '../../src/protect/x509.ts';

const present = spawnSync('openssl', ['version']).status === 0;

describe.skipIf(!present && !process.env.CI)('certs/README.md', () => {
  test('its commands, as they stand there, make certificates that hold for their purposes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-certs-'));
    try {
      const readme = readFileSync(new URL('../../certs/README.md', import.meta.url), 'utf8');
      const commands = [...readme.matchAll(/```sh\n(.*?)```/gs)].map((match) => match[1] ?? '');
      expect(commands.length).toBe(3);
      // The verify commands among them fail the script when a certificate does not hold.
      execFileSync('sh', ['-euc', commands.join('\n')], { cwd: folder, stdio: 'pipe' });
      const simon = inspectCertificate(readFileSync(join(folder, 'simon.pem'), 'utf8'), Date.now());
      expect(simon).toMatchObject({ ok: true, certificate: { usableForEncryption: { ok: true } } });
      expect(simon.ok ? simon.certificate.addresses : []).toEqual(['simon@smime.example']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
