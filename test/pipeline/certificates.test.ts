/** Certificates on disk that change while servers of ours show them. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Identity } from '../../src/config/config.ts';
import type { Event } from '../../src/event/event.ts';
import { type Certificates, keepCertificates } from '../../src/pipeline/certificates.ts';
import { type Issued, issueCertificate } from '../../src/protect/issue.ts';
import { createLooks } from '../../src/web/branding.ts';
import { createWebServer } from '../../src/web/server.ts';

let folder = '';
let events: Event[] = [];
let used: Identity[] = [];
let end = (): void => {};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-certificates-'));
  events = [];
  used = [];
});
afterEach(() => {
  end();
  end = () => {};
  rmSync(folder, { recursive: true, force: true });
});

const issue = (notAfter?: number): Issued =>
  issueCertificate({
    subject: 'gw.postern.example',
    san: { dns: ['localhost'] },
    ...(notAfter === undefined ? {} : { notAfter }),
  });

/** As tools do it: a new file under the old name. */
function put(name: 'key.pem' | 'cert.pem', text: string): void {
  writeFileSync(join(folder, 'new'), text);
  renameSync(join(folder, 'new'), join(folder, name));
}

function putBoth({ keyPem, certPem }: Issued): void {
  put('key.pem', keyPem);
  put('cert.pem', certPem);
}

function keep(first: Issued, use: (identity: Identity) => void = (identity) => used.push(identity)): Certificates {
  const files = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') };
  const identity = { key: first.keyPem, cert: first.certPem, files };
  return keepCertificates([{ setting: 'smtp.tls', identity, use }], (event) => events.push(event));
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 300) throw new Error('it did not happen');
    await sleep(20);
  }
}

describe('on a reload', () => {
  test('what is there is used and named', () => {
    const [first, second] = [issue(), issue()];
    putBoth(first);
    const certificates = keep(first);
    putBoth(second);
    certificates.reload();
    expect(used).toEqual([{ key: second.keyPem, cert: second.certPem }]);
    expect(events).toEqual([{ kind: 'certificate.loaded', setting: 'smtp.tls', until: expect.stringMatching(/^20/) }]);
  });

  const day = 86_400_000;
  const broken: readonly [string, () => void, string, RegExp][] = [
    [
      'another key',
      () => put('key.pem', issue().keyPem),
      'cert.pem',
      /cert\.pem: the certificate is not of this key\. /,
    ],
    [
      'half a key',
      () => put('key.pem', '-----BEGIN PRIVATE KEY-----\nMIG'),
      'key.pem',
      /key\.pem: not a private key in PEM/,
    ],
    ['no certificate', () => put('cert.pem', ''), 'cert.pem', /cert\.pem: not a certificate in PEM/],
    ['no file', () => rmSync(join(folder, 'cert.pem')), 'cert.pem', /cert\.pem cannot be read\. /],
    ['a file without end', () => put('cert.pem', 'x'.repeat(2_000_000)), 'cert.pem', /cert\.pem cannot be read\. /],
    [
      'one that has expired',
      () => putBoth(issue(Date.now() - day)),
      'cert.pem',
      /the certificate expired on .* Renew it\. /,
    ],
  ];
  test.each(broken)('%s is not used', (_what, change, file, error) => {
    const first = issue();
    putBoth(first);
    const certificates = keep(first);
    change();
    certificates.reload();
    expect(used).toEqual([]);
    expect(events).toEqual([
      {
        kind: 'certificate.broken',
        setting: 'smtp.tls',
        file: join(folder, file),
        error: expect.stringMatching(error),
      },
    ]);
    expect(events[0]).toMatchObject({ error: expect.stringMatching(/ The certificate read before stays in use\.$/) });
    putBoth(first);
    certificates.reload();
    expect(used).toHaveLength(1);
  });

  test('one that the server does not take is named, too', () => {
    const first = issue();
    putBoth(first);
    keep(first, () => {
      throw new Error('ee key too small');
    }).reload();
    expect(events).toMatchObject([{ kind: 'certificate.broken', error: expect.stringContaining('ee key too small') }]);
  });
});

describe('while watched', () => {
  test('a renewal is seen, whichever file comes first, and nothing is said of what stays', async () => {
    const [first, second, third] = [issue(), issue(), issue()];
    putBoth(first);
    end = keep(first).watch(10);
    await sleep(100);
    expect(events).toEqual([]);
    putBoth(second);
    await until(() => used.length === 1);
    put('cert.pem', third.certPem);
    await until(() => events.some(({ kind }) => kind === 'certificate.broken'));
    put('key.pem', third.keyPem);
    await until(() => used.length === 2);
    expect(used[1]?.cert).toBe(third.certPem);
  });

  test('what changed before the watch began is seen', () => {
    const [first, second] = [issue(), issue()];
    putBoth(second);
    end = keep(first).watch(10_000);
    expect(used).toEqual([{ key: second.keyPem, cert: second.certPem }]);
  });
});

test('the portal shows a new certificate to new connections, while an open one goes on', async () => {
  const [first, second] = [issue(), issue()];
  const server = createWebServer({
    routes: new Hono(),
    looks: createLooks([], 'https://localhost'),
    listen: { host: '127.0.0.1', port: 0 },
    tls: { key: first.keyPem, cert: first.certPem },
    emit: (event) => events.push(event),
    healthy: async () => {},
  });
  const port = Number(new URL(await server.listen()).port);
  const open = async (): Promise<{ cert: string | undefined; ask: () => Promise<string> }> => {
    const ca = [first.certPem, second.certPem];
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca });
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    return {
      cert: socket.getPeerX509Certificate()?.toString(),
      ask: () =>
        new Promise((resolve, reject) => {
          socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1'))).once('error', reject);
          socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
        }),
    };
  };
  const before = await open();
  server.renew({ key: second.keyPem, cert: second.certPem });
  const after = await open();
  expect([before.cert, after.cert]).toEqual([first.certPem, second.certPem]);
  expect(await before.ask()).toMatch(/^HTTP\/1\.1 200 /);
  expect(await after.ask()).toMatch(/^HTTP\/1\.1 200 /);
  await server.close();
});
