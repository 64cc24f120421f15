/** What is told when a look at a domain's servers finds something else than the one before. */
import { describe, expect, test } from 'vitest';
import type { DomainProbe, Probed } from '../../src/deliver/probe.ts';
import { changesIn, checkOf } from '../../src/pipeline/domain-changes.ts';
import type { DomainCheck } from '../../src/store/store.ts';

const day = 86_400_000;
const now = Date.UTC(2026, 10, 21);
const until = now + 60 * day;

const good: Probed = {
  host: 'mx.b.example',
  preference: 10,
  ip: '192.0.2.1',
  level: 'verify',
  defects: [],
  dane: false,
  certificateUntil: until,
  keyRecord: null,
  remote: null,
};
const sts = (mode: 'enforce' | 'testing') => ({ id: mode, policy: { mode, mx: ['mx.b.example'], maxAge: 86_400 } });

function probed(host: Partial<Probed> = {}, domain: Partial<DomainProbe> = {}): DomainProbe {
  return { sts: null, signed: false, hosts: [{ ...good, ...host }], ...domain };
}

/** "what host: was -> is" of each change from the first probe to the second, a day later. */
function told(first: DomainProbe | string, second: DomainProbe | string, before: DomainCheck | null = null): string[] {
  const check = checkOf(first, before);
  const events = changesIn('b.example', { check, at: now - day }, checkOf(second, check), now);
  return events.map(({ what, host, was, is }) => `${what} ${host ?? '-'}: ${was ?? '-'} -> ${is ?? '-'}`);
}

describe('from one look to the next', () => {
  const unreached = { level: null, dane: null, certificateUntil: null, defects: ['refused the connection.'] } as const;
  const twice = { ...good, host: 'mx2.b.example' };
  test.each<[string, DomainProbe | string, DomainProbe | string, readonly string[]]>([
    ['nothing', probed(), probed(), []],
    ['a level lost', probed(), probed({ level: 'encrypt' }), ['level mx.b.example: verify -> encrypt']],
    ['STARTTLS lost', probed(), probed({ level: 'may' }), ['level mx.b.example: verify -> may']],
    ['a level gained', probed({ level: 'may' }), probed(), ['level mx.b.example: may -> verify']],
    ['a server not reached', probed(), probed(unreached), []],
    ['a policy appears', probed(), probed({ level: 'secure' }, { sts: sts('enforce') }), ['mta-sts -: - -> enforce']],
    [
      'a policy is enforced',
      probed({ level: 'secure' }, { sts: sts('testing') }),
      probed({ level: 'secure' }, { sts: sts('enforce') }),
      ['mta-sts -: testing -> enforce'],
    ],
    ['a policy vanishes', probed({ level: 'secure' }, { sts: sts('enforce') }), probed(), ['mta-sts -: enforce -> -']],
    ['TLSA records appear', probed(), probed({ level: 'dane', dane: true }), ['dane -: - -> TLSA']],
    [
      'TLSA records vanish, and the certificate is nobody’s',
      probed({ level: 'dane', dane: true }),
      probed({ level: 'encrypt' }),
      ['level mx.b.example: dane -> encrypt', 'dane -: TLSA -> -'],
    ],
    ['TLSA records that cannot be looked up', probed({ level: 'dane', dane: true }), probed({ ...unreached }), []],
    [
      'another provider',
      probed(),
      probed({ host: 'mx.provider.example', level: 'encrypt' }),
      ['servers -: mx.b.example (verify) -> mx.provider.example (encrypt)'],
    ],
    [
      'one server more',
      probed(),
      probed({}, { hosts: [twice, good] }),
      ['servers -: mx.b.example (verify) -> mx2.b.example (verify), mx.b.example (verify)'],
    ],
    [
      'the same servers in another order',
      probed({}, { hosts: [good, twice] }),
      probed({}, { hosts: [twice, good] }),
      [],
    ],
    [
      'a certificate that has come near its end',
      probed({ certificateUntil: now + 13.5 * day }),
      probed({ certificateUntil: now + 13.5 * day }),
      ['certificate mx.b.example: - -> 2026-12-04'],
    ],
    [
      'one that was near its end already',
      probed({ certificateUntil: now + 12 * day }),
      probed({ certificateUntil: now + 12 * day }),
      [],
    ],
    [
      'a new one that is near its end too',
      probed({ certificateUntil: now + 12 * day }),
      probed({ certificateUntil: now + 13 * day }),
      ['certificate mx.b.example: - -> 2026-12-04'],
    ],
    ['one that has ended', probed({ certificateUntil: now - 1 }), probed({ certificateUntil: now - 1 }), []],
    ['no servers this time', probed(), 'The MX records cannot be looked up.', []],
  ])('%s', (_name, first, second, expected) => {
    expect(told(first, second)).toEqual(expected);
  });

  test('what happened while a server could not be asked is told once it answers', () => {
    const known = checkOf(probed(), null);
    expect(told(probed(unreached), probed({ level: 'may' }), known)).toEqual(['level mx.b.example: verify -> may']);
    expect(told('The MX records cannot be looked up.', probed({ level: 'may' }), known)).toEqual([
      'level mx.b.example: verify -> may',
    ]);
    expect(checkOf(probed(unreached), known).hosts).toMatchObject([
      { level: 'verify', certificateUntil: until, defect: 'refused the connection.' },
    ]);
  });

  test('the first look tells of nothing but certificates', () => {
    const first = (probe: DomainProbe) =>
      changesIn('b.example', { check: null, at: 0 }, checkOf(probe, null), now).map(({ what }) => what);
    expect(first(probed({ level: 'may' }, { sts: sts('enforce') }))).toEqual([]);
    expect(first(probed({ certificateUntil: now + day }))).toEqual(['certificate']);
    // A domain that could not be looked at the first time has its first look now.
    expect(told('The MX records cannot be looked up.', probed({ level: 'may' }))).toEqual([]);
  });
});
