/** `openssl ocsp` as a responder on loopback, for an authority's certificates: real answers, signed as the test says. */
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Issued } from '../../src/protect/issue.ts';
import { freePort } from '../bench/ports.ts';

export type Responder = AsyncDisposable & { readonly port: number };

/** `revoked`: serial numbers, hexadecimal. `signer`: who answers, the authority itself unless given. */
export async function startResponder(
  authority: Issued,
  known: readonly Issued[],
  revoked: readonly Issued[],
  { signer = authority, options = [] }: { readonly signer?: Issued; readonly options?: readonly string[] } = {},
): Promise<Responder> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-ocsp-'));
  const file = (name: string) => join(folder, name);
  const serial = ({ certPem }: Issued) => new X509Certificate(certPem).serialNumber;
  const lines = [
    ...known.map((each) => `V\t400101000000Z\t\t${serial(each)}\tunknown\t/CN=x\n`),
    ...revoked.map((each) => `R\t400101000000Z\t250101000000Z,keyCompromise\t${serial(each)}\tunknown\t/CN=x\n`),
  ];
  writeFileSync(file('index'), lines.join(''));
  writeFileSync(file('ca.pem'), authority.certPem);
  writeFileSync(file('signer.pem'), signer.certPem);
  writeFileSync(file('signer.key'), signer.keyPem);
  const port = await freePort();
  const files = [
    '-index',
    file('index'),
    '-CA',
    file('ca.pem'),
    '-rsigner',
    file('signer.pem'),
    '-rkey',
    file('signer.key'),
  ];
  const child = spawn('openssl', ['ocsp', '-port', String(port), ...files, '-nmin', '60', '-ignore_err', ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let said = '';
    const heard = (chunk: Buffer): void => {
      said += chunk.toString();
      if (/ACCEPT|waiting for/i.test(said)) resolve();
    };
    child.stdout.on('data', heard);
    child.stderr.on('data', heard);
    child.on('exit', () => reject(new Error(`openssl ocsp ended: ${said}`)));
  });
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}
