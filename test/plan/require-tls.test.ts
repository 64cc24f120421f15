import { expect, test } from 'vitest';
import { parseHeader } from '../../src/mail/header.ts';
import type { Step } from '../../src/plan/plan.ts';
import { asWished, wishOf } from '../../src/plan/require-tls.ts';

const fields = (...lines: readonly string[]) =>
  parseHeader(Buffer.from(`${['From: a@corp.example', ...lines].join('\r\n')}\r\n\r\n`));

test.each([
  [false, true, [], null],
  [false, true, ['TLS-Required: No'], 'waive'],
  [false, true, ['tls-required:  nO '], 'waive'],
  [false, true, ['TLS-Required:\r\n No'], 'waive'],
  [false, true, ['TLS-Required: Yes'], null],
  [false, true, ['TLS-Required: No, really'], null],
  [false, true, ['TLS-Required:'], null],
  [false, true, ['TLS-Required: No', 'TLS-Required: No'], null],
  [false, true, ['X-TLS-Required: No'], null],
  [false, false, ['TLS-Required: No'], null],
  [true, true, [], 'require'],
  [true, true, ['TLS-Required: No'], 'require'],
] as const)('REQUIRETLS %s, honoured %s, %j: %s', (requireTls, honoured, lines, wish) => {
  expect(wishOf(requireTls, fields(...lines), honoured)).toBe(wish);
});

const step = (method: Step['method'], tls: Step['tls'], waived?: true): Step => ({
  method,
  tls,
  keys: [],
  ...(waived === undefined ? {} : { waived }),
});

test.each([
  ['nothing', null, [step('none', 'may'), step('tls', 'verify')], [step('none', 'may'), step('tls', 'verify')]],
  [
    'REQUIRETLS: every step over the network is secure at least',
    'require',
    [step('none', 'may'), step('tls', 'verify'), step('tls', 'dane'), step('smime', 'may'), step('pgp', 'encrypt')],
    [
      step('none', 'secure'),
      step('tls', 'secure'),
      step('tls', 'dane'),
      step('smime', 'secure'),
      step('pgp', 'secure'),
    ],
  ],
  ['REQUIRETLS: the portal is not on the way', 'require', [step('portal', 'may')], [step('portal', 'may')]],
  ['a waiver: of what nobody here protects', 'waive', [step('none', 'may')], [step('none', 'may', true)]],
  ['a waiver: not of what a rule demands', 'waive', [step('none', 'encrypt')], [step('none', 'encrypt')]],
  [
    'a waiver: not of protection',
    'waive',
    [step('tls', 'verify'), step('smime', 'may'), step('portal', 'may')],
    [step('tls', 'verify'), step('smime', 'may'), step('portal', 'may')],
  ],
] as const)('%s', (_what, wish, before, after) => {
  const { steps, because } = asWished(before, wish);
  expect(steps).toEqual(after);
  expect(because.length > 0).toBe(wish === 'require' || JSON.stringify(before) !== JSON.stringify(after));
});
