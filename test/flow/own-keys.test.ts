/**
 * A sender without a key gets one at the first copy that is signed; what arrives is opened and its signature verified by gpg and openssl, with nothing but
 * what the gateway publishes: the key from its Web Key Directory, the revocation list from the URL in the certificate.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { createAuthority, publishedAt } from '../../src/keys/own-maker.ts';
import { wkdHash } from '../../src/mail/wkd.ts';
import { ownKeysKey } from '../../src/protect/own/jobs.ts';
import { createOwnKeyWork } from '../../src/protect/own/thread.ts';
import { freePort } from '../bench/ports.ts';
import { eachEngine } from '../engines.ts';
import { type FlowStage, openFlow } from './stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-own-flow-'));
/** Of each test its own: an agent that still runs knows the keys of the one before. */
let home = folder;

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(tool: string, ...args: string[]): string {
  const environment = { ...process.env, GNUPGHOME: home };
  const { stdout, stderr } = spawnSync(tool, args, { cwd: folder, env: environment, encoding: 'latin1' });
  return `${stdout ?? ''}${stderr ?? ''}`;
}

const present = ['gpg', 'openssl'].every((tool) => spawnSync('which', [tool]).status === 0);

const write = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content);
  return name;
};

const policy = 'version: 1\nrules: []\ndefault: { protect: message }\n';

/** The answer of the gateway's web server to a program that asks for `host`. */
function get({ gateway, world }: FlowStage, host: string, path: string): Promise<Buffer> {
  const { port } = new URL(gateway.portal ?? '');
  const options = {
    host: '127.0.0.1',
    port,
    path,
    headers: { host },
    ca: world.authority.certPem,
    servername: 'localhost',
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve(Buffer.concat(chunks)));
    });
    sent.on('error', reject);
    sent.end();
  });
}

eachEngine((engine) => {
  test.skipIf(!present && process.env['CI'] === undefined)('signed by whom it is from, as others see it', async () => {
    const port = await freePort();
    await using stage = await openFlow(engine, policy, {
      edit: (yaml) =>
        `${yaml.replace('  portalUrl:', `  http: { listen: "127.0.0.1:${port}" }\n  portalUrl:`)}    ownKeys: { generate: both, algorithm: p256 }\n`,
    });
    const { gateway, config, world, sinks, log } = stage;
    const [tenant] = config.tenants;
    if (tenant === undefined) throw new Error('there is no tenant');
    const store = gateway.store.ownKeys;
    const work = createOwnKeyWork(ownKeysKey(config.masterKey));
    const made = await createAuthority(tenant, '', {
      store,
      work,
      publishedAt: publishedAt(config.web),
      emit: () => {},
      now: Date.now,
    });
    const authority = made.ok ? made.rows[0] : undefined;
    if (authority === undefined) throw new Error('no authority');

    const id = await stage.send('Signed', ['petra@openpgp.example', 'simon@smime.example']);
    const { deliveries } = await stage.trace(id);
    expect(deliveries.map(({ method, state }) => `${method} ${state}`).toSorted()).toEqual([
      'pgp delivered',
      'smime delivered',
    ]);

    home = mkdtempSync(join(folder, 'gnupg-'));
    onTestFinished(() => void run('gpgconf', '--kill', 'all'));
    const gpg = (...args: string[]): string => run('gpg', '--batch', '--trust-model', 'always', ...args);
    const petra = world.people.find(({ name }) => name === 'Petra');
    gpg('--import', write('petra.asc', petra?.pgp?.privateKey ?? ''));
    gpg(
      '--import',
      write('anna.key', await get(stage, 'corp.example', `/.well-known/openpgpkey/hu/${wkdHash('anna')}?l=anna`)),
    );
    const [toPetra] = sinks.mailbox('petra@openpgp.example');
    const armor = /-----BEGIN PGP MESSAGE-----[\s\S]+-----END PGP MESSAGE-----/.exec(
      toPetra?.bytes.toString('latin1') ?? '',
    );
    const opened = gpg('-d', write('petra.msg', armor?.[0] ?? ''));
    expect(opened).toContain('The body of this message.');
    expect(opened).toContain('Good signature from "<anna@corp.example>"');

    const simon = world.people.find(({ name }) => name === 'Simon');
    write('simon.pem', `${simon?.smime?.certPem}${simon?.smime?.keyPem}`);
    write('simon.eml', sinks.mailbox('simon@smime.example')[0]?.bytes ?? '');
    run('openssl', 'cms', '-decrypt', '-in', 'simon.eml', '-recip', 'simon.pem', '-out', 'inner.eml');
    write('ca.pem', authority.material);
    const verified = run(
      'openssl',
      'cms',
      '-verify',
      '-in',
      'inner.eml',
      '-CAfile',
      'ca.pem',
      '-purpose',
      'smimesign',
      '-signer',
      'anna.pem',
    );
    expect(verified).toContain('The body of this message.');
    expect(verified).toMatch(/successful/);
    const certificate = run(
      'openssl',
      'x509',
      '-in',
      'anna.pem',
      '-noout',
      '-ext',
      'subjectAltName,crlDistributionPoints',
    );
    expect(certificate).toContain('email:anna@corp.example');
    const url = /URI:(\S+)/.exec(certificate)?.[1] ?? '';
    expect(url).toBe(`http://localhost:${port}/crl/${authority.id}.crl`);
    const list = await fetch(url);
    write('list.der', Buffer.from(await list.arrayBuffer()));
    run('openssl', 'crl', '-inform', 'DER', '-in', 'list.der', '-out', 'list.pem');
    const checked = run('openssl', 'verify', '-crl_check', '-CAfile', 'ca.pem', '-CRLfile', 'list.pem', 'anna.pem');
    expect(checked).toBe('anna.pem: OK\n');

    const events = log.map((line) => JSON.parse(line)).filter(({ kind }) => String(kind).startsWith('ownKey.'));
    expect(events.map(({ kind, address }) => `${kind} ${address}`).toSorted()).toEqual([
      'ownKey.generated anna@corp.example',
      'ownKey.issued anna@corp.example',
    ]);
    for (const { sealed } of await store.list('corp')) expect(log.join('')).not.toContain(sealed.slice(0, 40));
    expect(log.join('')).not.toContain('BEGIN');
  });
});
