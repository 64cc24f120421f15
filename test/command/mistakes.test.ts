import { expect, test } from 'vitest';
import { mistakeOf } from '../../src/command/mistakes.ts';
import type { Config } from '../../src/config/config.ts';
import { StoreDown } from '../../src/store/store.ts';

const config = { file: '/etc/postern/config.yaml', data: '/var/lib/postern/data', database: 'sqlite' } as Config;
const remote = { ...config, database: 'postgres://gw:sesame@db.example:5433/mail' };

function fault(properties: object): Error {
  return Object.assign(new Error('it failed'), properties);
}

test.each([
  ['a port below 1024', fault({ code: 'EACCES', syscall: 'listen' }), /CAP_NET_BIND_SERVICE/],
  ['a port in use', fault({ code: 'EADDRINUSE', syscall: 'listen' }), /smtp\.listen/],
  ['a data folder of somebody else', fault({ code: 'EACCES', path: '/var/lib/postern/data/spool' }), /data: /],
  ['its parent', fault({ code: 'EACCES', path: '/var/lib/postern' }), /data: /],
] as const)('%s: a line with the remedy', (_, error, line) => {
  expect(mistakeOf(error, config)).toMatch(line);
});

test('a database that does not answer: where, and never the password', () => {
  const line = mistakeOf(new StoreDown('database trouble: ECONNREFUSED'), remote) ?? '';
  expect(line).toContain('db.example:5433/mail');
  expect(line).not.toContain('sesame');
});

test.each([
  ['a file of ours that is missing', fault({ code: 'ENOENT', path: '/opt/postern/src/web/style.css' })],
  ['an error without a code', new Error('bug')],
  ['no error at all', 'text'],
])('%s keeps its stack', (_, error) => {
  expect(mistakeOf(error, config)).toBeNull();
});
