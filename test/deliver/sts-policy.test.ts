/** MTA-STS records and policies as text: what is read, and everything that must not be. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { namesHost, readPolicy, readRecord } from '../../src/deliver/sts-policy.ts';

describe('the record', () => {
  test.each([
    ['plain', ['v=STSv1; id=20261121T120000;'], '20261121T120000'],
    ['without the last semicolon', ['v=STSv1; id=a1'], 'a1'],
    ['among others', ['v=spf1 -all', 'v=STSv1;id=a1;'], 'a1'],
    ['with fields to come', ['v=STSv1; ext=1; id=a1; more=b'], 'a1'],
    ['none', ['v=spf1 -all'], null],
    ['two', ['v=STSv1; id=a1;', 'v=STSv1; id=a2;'], null],
    ['another version', ['v=STSv11; id=a1;'], null],
    ['not at the start', [' v=STSv1; id=a1;'], null],
    ['without an id', ['v=STSv1;'], null],
    ['an id that is too long', [`v=STSv1; id=${'a'.repeat(33)};`], null],
    ['an id with a dash', ['v=STSv1; id=a-1;'], null],
  ])('%s', (_, texts, id) => expect(readRecord(texts)).toBe(id));
});

const good = 'version: STSv1\r\nmode: enforce\r\nmx: mx.example.com\r\nmx: *.Backup.example.com\r\nmax_age: 604800\r\n';

describe('the policy', () => {
  test('of the RFC', () => {
    expect(readPolicy(good)).toEqual({
      ok: true,
      policy: { mode: 'enforce', mx: ['mx.example.com', '*.backup.example.com'], maxAge: 604_800 },
    });
  });

  test.each([
    ['line feeds alone', good.replaceAll('\r', '')],
    ['no line end at the end', good.trimEnd()],
    ['fields to come', `${good}pct: 100\r\n`],
    ['another order', good.split('\r\n').toReversed().join('\r\n')],
    ['a field twice: the first counts', `${good}mode: none\r\n`],
  ])('is read with %s', (_, text) => {
    expect(readPolicy(text)).toMatchObject({ ok: true, policy: { mode: 'enforce', maxAge: 604_800 } });
  });

  test('lasts a year at most', () => {
    expect(readPolicy(good.replace('604800', '9999999999'))).toMatchObject({ policy: { maxAge: 31_557_600 } });
  });

  test.each([
    ['empty', ''],
    ['a web page', '<!doctype html><title>404</title>'],
    ['no version', good.replace('version: STSv1\r\n', '')],
    ['another version', good.replace('STSv1', 'STSv2')],
    ['no mode', good.replace('mode: enforce\r\n', '')],
    ['another mode', good.replace('enforce', 'strict')],
    ['no mail server', good.replaceAll(/mx: .*\r\n/g, '')],
    ['no age', good.replace('max_age: 604800\r\n', '')],
    ['a negative age', good.replace('604800', '-1')],
    ['an age with a unit', good.replace('604800', '7d')],
    ['a wildcard inside', good.replace('*.Backup', 'mx.*.Backup')],
    ['a wildcard alone', good.replace('*.Backup.example.com', '*')],
    ['a host with a space', good.replace('mx.example.com', 'mx example.com')],
  ])('is refused: %s', (_, text) => expect(readPolicy(text).ok).toBe(false));

  test('mode none needs no mail server', () => {
    expect(readPolicy('version: STSv1\nmode: none\nmax_age: 1')).toMatchObject({ ok: true, policy: { mx: [] } });
  });

  test('never throws, whatever it is', () => {
    fc.assert(fc.property(fc.string(), (text) => void readPolicy(`version: STSv1\nmode: enforce\n${text}`)));
  });
});

describe('the mail servers it names', () => {
  const policy = { mode: 'enforce', mx: ['mx.example.com', '*.pool.example.com'], maxAge: 1 } as const;
  test.each([
    ['mx.example.com', true],
    ['MX.example.com', true],
    ['a.pool.example.com', true],
    ['a.b.pool.example.com', false],
    ['pool.example.com', false],
    ['xpool.example.com', false],
    ['mx.example.com.evil.example', false],
    ['example.com', false],
    ['localhost', false],
  ])('%s: %s', (host, named) => expect(namesHost(policy, host)).toBe(named));
});
