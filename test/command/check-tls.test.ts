import { expect, test } from 'vitest';
import { tellProof } from '../../src/command/check-tls.ts';
import type { TlsLevel } from '../../src/config/config.ts';

/** What is said of a level that a rule or a tenant demands. */
test.each<[TlsLevel, boolean, 'warnings' | 'fine' | null, RegExp]>([
  ['encrypt', false, null, /^$/],
  ['verify', false, null, /^$/],
  ['secure', false, 'fine', /^tenant corp: .* MTA-STS policy, or a pin of the tenant; elsewhere/],
  ['secure', true, 'fine', /MTA-STS policy, signed DNS, or a pin/],
  ['dane', false, 'warnings', /nobody can meet while dns\.trustAd is false/],
  ['dane', true, 'fine', /TLSA records in signed DNS/],
])('%s, trustAd %s', (level, trustAd, place, words) => {
  const findings = { warnings: [], fine: [] };
  tellProof('tenant corp: minimumTls is it', level, { dns: { servers: [], trustAd } }, findings);
  const other = place === 'fine' ? 'warnings' : 'fine';
  expect(findings[other]).toEqual([]);
  expect(place === null ? '' : findings[place].join('\n')).toMatch(words);
});
