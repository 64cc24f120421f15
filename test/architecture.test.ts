/**
 * The order of the house, written once and enforced: who may import whom, which library lives where, one home per standard.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** A folder imports only itself and folders before it. */
const order = [
  'mail',
  'config',
  'policy',
  'plan',
  'protect',
  'scan',
  'event',
  'net',
  'spool',
  'store',
  'keys',
  'ingress',
  'deliver',
  'pipeline',
  'web',
  'sandbox',
  'command',
  'main.ts',
];

/** Where a library may be imported: a folder ("store/") or one file. The sandbox plays the other side of the protocols. */
const homes: Record<string, readonly string[]> = {
  '@azure/msal-node': ['web/proof/accounts.ts'],
  '@hono/node-server': ['web/'],
  '@simplewebauthn/server': ['web/proof/passkey.ts'],
  asn1js: ['protect/'],
  'dns-packet': ['net/dns-message.ts'],
  'google-auth-library': ['web/proof/accounts.ts'],
  hono: ['web/'],
  fflate: ['web/zip.ts'],
  htmlparser2: ['scan/extract/'],
  'ipaddr.js': ['net/', 'ingress/', 'config/'],
  'ical.js': ['mail/ical.ts', 'mail/ical-zone.ts', 'mail/itip.ts'],
  kysely: ['store/'],
  ldapts: ['keys/sources/ldap.ts'],
  libmime: ['mail/'],
  'node:sqlite': ['store/'],
  nodemailer: ['deliver/'],
  openpgp: ['protect/openpgp.ts', 'protect/openpgp/', 'protect/open/'],
  otpauth: ['web/proof/authenticator.ts'],
  pg: ['store/'],
  pino: ['event/log.ts'],
  pkijs: ['protect/'],
  qrcode: ['web/proof/authenticator.ts'],
  re2js: ['policy/'],
  'sanitize-html': ['web/'],
  'smtp-server': ['ingress/', 'sandbox/'],
  tldts: ['net/', 'ingress/'],
  unpdf: ['scan/extract/pdf.ts'],
  yaml: ['config/', 'policy/'],
  zod: ['config/', 'policy/'],
};

/** Folders that decide: values in, values out. */
const pure = ['mail', 'policy', 'plan'];
const pureBuiltins = new Set(['node:crypto', 'node:url', 'node:buffer']);

type Source = {
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly string[];
};

const root = new URL('../src/', import.meta.url);
const sources: Source[] = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(new URL(path, root), 'utf8');
    const imports = [
      ...text.matchAll(
        /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*'([^']+)'|import\(\s*'([^']+)'|(?:^|\n)import\s*'([^']+)'/g,
      ),
    ];
    return {
      path,
      folder: path.split('/')[0] ?? path,
      text,
      imports: imports.map((match) => match[1] ?? match[2] ?? match[3] ?? ''),
    };
  });

const claims = sources.flatMap((source) =>
  [...source.text.matchAll(/Standards:([\s\S]*?)\.\s/g)].flatMap((claim) =>
    [...(claim[1] ?? '').matchAll(/RFC (\d+)/g)].map((match) => ({
      standard: `RFC ${match[1] ?? ''}`,
      path: source.path,
    })),
  ),
);

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}

describe('the house', () => {
  test('was seen: every folder of the order has files, and their imports were read', () => {
    const folders = new Set(sources.map((source) => source.folder));
    expect([...folders].toSorted()).toEqual(order.toSorted());
    expect(sources.length).toBeGreaterThan(50);
    expect(sources.flatMap((source) => source.imports).length).toBeGreaterThan(200);
    expect(sources.find((source) => source.path === 'main.ts')?.imports.length).toBeGreaterThan(3);
  });

  test('a folder imports only itself and folders above it', () => {
    const wrong = sources.flatMap((source) =>
      source.imports
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => new URL(specifier, new URL(source.path, root)).pathname.slice(root.pathname.length))
        .filter(
          (target) =>
            order.indexOf(target.split('/')[0] ?? '') > order.indexOf(source.folder) || target.startsWith('..'),
        )
        .map((target) => `${source.path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('relative imports name their file with .ts', () => {
    const wrong = sources.flatMap((source) =>
      source.imports
        .filter((specifier) => specifier.startsWith('.') && !specifier.endsWith('.ts'))
        .map((specifier) => `${source.path}: ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test('every library is used only at home, and has one', () => {
    const wrong = sources.flatMap((source) =>
      source.imports
        .filter((specifier) => !specifier.startsWith('.'))
        .filter((specifier) => !specifier.startsWith('node:') || packageOf(specifier) in homes)
        .filter((specifier) => !(homes[packageOf(specifier)] ?? []).some((home) => source.path.startsWith(home)))
        .map((specifier) => `${source.path} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test('mail, policy and plan do no I/O', () => {
    const wrong = sources
      .filter((source) => pure.includes(source.folder))
      .flatMap((source) =>
        source.imports
          .filter((specifier) => specifier.startsWith('node:') && !pureBuiltins.has(specifier))
          .map((specifier) => `${source.path} imports ${specifier}`),
      );
    expect(wrong).toEqual([]);
  });

  test('the environment is read in one place', () => {
    const readers = sources.filter((source) => source.text.includes('process.env')).map((source) => source.path);
    expect(readers).toEqual(['config/load.ts']);
  });

  test('one standard, one home', () => {
    expect(claims.length).toBeGreaterThan(10);
    const homesOf = Map.groupBy(claims, (claim) => claim.standard);
    const twice = [...homesOf].filter(([, of]) => new Set(of.map((claim) => claim.path)).size > 1);
    expect(twice.map(([standard, of]) => `${standard}: ${of.map((claim) => claim.path).join(', ')}`)).toEqual([]);
  });

  test('the table of standards in the README is true', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const listed = [...readme.matchAll(/^\| (RFC \d+) \| .+ \| `src\/(.+)` \|$/gm)].map((row) => `${row[1]} ${row[2]}`);
    expect(listed.toSorted()).toEqual(claims.map(({ standard, path }) => `${standard} ${path}`).toSorted());
  });
});
