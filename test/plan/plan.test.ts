import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tlsLevels } from '../../src/config/config.ts';
import { type Capability, type Plan, planFor, usefulKeys } from '../../src/plan/plan.ts';
import { levels, methods, noActions, otherwises, type Verdict } from '../../src/policy/verdict.ts';

const everything: Capability = { pgpKeys: ['pgp-1'], certificates: ['cert-1', 'cert-2'], portal: true, notes: [] };
const nothing: Capability = { pgpKeys: [], certificates: [], portal: false, notes: [] };
const portalOnly: Capability = { ...nothing, portal: true };

function verdict(changes: Partial<Verdict>): Verdict {
  return {
    ...noActions,
    recipient: 'b@dest.example',
    level: 'none',
    released: 'none',
    rules: [],
    because: [],
    otherwise: null,
    tls: null,
    keyTrust: null,
    methods: null,
    notifySender: [],
    reviewers: [],
    priority: null,
    subject: '',
    subjectChanged: false,
    ...changes,
  };
}

/** A plan in one line: its steps with their TLS levels, and its end. */
function line(plan: Plan): string {
  if (plan.kind !== 'deliver') return plan.kind;
  const steps = plan.steps.map(
    ({ method, tls, keys }) => `${method}:${tls}${keys.length > 0 ? `[${keys.join()}]` : ''}`,
  );
  return `${steps.join(' ')} | ${plan.otherwise}`.trim();
}

describe('a plan is the level cut by what is possible', () => {
  test.each<[string, Partial<Verdict>, Capability, string]>([
    ['none leaves as sent', { level: 'none' }, everything, 'none:may | bounce'],
    [
      'transport tries all',
      { level: 'transport' },
      everything,
      'tls:verify smime:may[cert-1,cert-2] pgp:may[pgp-1] portal:may | bounce',
    ],
    ['transport without keys', { level: 'transport' }, portalOnly, 'tls:verify portal:may | bounce'],
    ['transport with nothing else', { level: 'transport' }, nothing, 'tls:verify | bounce'],
    ['message', { level: 'message' }, everything, 'smime:may[cert-1,cert-2] pgp:may[pgp-1] portal:may | bounce'],
    ['message without keys', { level: 'message' }, portalOnly, 'portal:may | bounce'],
    ['message with nothing at all', { level: 'message' }, nothing, '| bounce'],
    ['portal', { level: 'portal' }, everything, 'portal:may | bounce'],
    ['portal without a portal', { level: 'portal' }, nothing, '| bounce'],
    ['hold', { level: 'hold', otherwise: 'drop' }, everything, 'hold'],
    ['refuse', { level: 'refuse' }, everything, 'refuse'],

    ['TLS or nothing', { level: 'transport', otherwise: 'bounce' }, everything, 'tls:verify | bounce'],
    ['TLS exclusive', { level: 'transport', otherwise: 'drop' }, everything, 'tls:verify | drop'],
    ['TLS or portal', { level: 'transport', otherwise: 'portal' }, everything, 'tls:verify portal:may | portal'],
    ['TLS or a portal that is not there', { level: 'transport', otherwise: 'portal' }, nothing, 'tls:verify | bounce'],
    [
      'encrypted or nothing',
      { level: 'message', otherwise: 'bounce' },
      everything,
      'smime:may[cert-1,cert-2] pgp:may[pgp-1] | bounce',
    ],
    ['encrypted or nothing, no keys', { level: 'message', otherwise: 'bounce' }, portalOnly, '| bounce'],
    ['encrypted or dropped, no keys', { level: 'message', otherwise: 'drop' }, portalOnly, '| drop'],
    ['portal or dropped', { level: 'portal', otherwise: 'drop' }, everything, 'portal:may | drop'],

    [
      'methods reorder',
      { level: 'message', methods: ['portal', 'pgp'] },
      everything,
      'portal:may pgp:may[pgp-1] | bounce',
    ],
    ['methods never weaken', { level: 'message', methods: ['tls', 'pgp'] }, everything, 'pgp:may[pgp-1] | bounce'],
    ['methods that leave nothing', { level: 'message', methods: ['tls'] }, everything, '| bounce'],
    [
      'a method named twice is tried once',
      { level: 'message', methods: ['pgp', 'pgp'] },
      everything,
      'pgp:may[pgp-1] | bounce',
    ],
    [
      'otherwise cuts after the first kind',
      { level: 'transport', methods: ['pgp', 'tls', 'smime'], otherwise: 'drop' },
      everything,
      'pgp:may[pgp-1] smime:may[cert-1,cert-2] | drop',
    ],

    [
      'a rule asks for more TLS than the tenant',
      { level: 'transport', tls: 'secure', otherwise: 'bounce' },
      everything,
      'tls:secure | bounce',
    ],
    [
      'a rule never asks for less',
      { level: 'transport', tls: 'may', otherwise: 'bounce' },
      everything,
      'tls:verify | bounce',
    ],
    [
      'message and TLS',
      { level: 'message', tls: 'secure', methods: ['pgp'] },
      everything,
      'pgp:secure[pgp-1] | bounce',
    ],
    ['a demand for TLS outlives level none', { level: 'none', tls: 'verify' }, everything, 'none:verify | bounce'],
  ])('%s', (_name, changes, capability, expected) => {
    expect(line(planFor(verdict(changes), capability, 'verify', 'vouched'))).toBe(expected);
  });

  test.each<[string, Partial<Verdict>, string]>([
    ['none stays none', { level: 'none' }, 'none:may | bounce'],
    ['by verified TLS if that can be had', { level: 'transport' }, 'tls:verify none:may | bounce'],
    ['at message as it is', { level: 'message' }, 'none:may | bounce'],
    ['over the TLS that a rule demands', { level: 'message', tls: 'verify' }, 'none:verify | bounce'],
    ['TLS or nothing', { level: 'transport', otherwise: 'bounce' }, 'tls:verify | bounce'],
    ['the portal where only that is allowed', { level: 'portal' }, 'portal:may | bounce'],
    ['the portal where a rule names it', { level: 'message', methods: ['portal'] }, 'portal:may | bounce'],
  ])('already encrypted: %s', (_name, changes, expected) => {
    expect(line(planFor(verdict(changes), everything, 'verify', 'vouched', true))).toBe(expected);
  });

  const trusts = ['found', 'vouched', 'confirmed', 'pinned'] as const;
  test.each(trusts.flatMap((has) => trusts.map((wants) => [has, wants] as const)))(
    'a key that is %s, where %s is demanded by the tenant or by a rule',
    (has, wants) => {
      const capability: Capability = { ...everything, certificates: [], trust: { 'pgp-1': has } };
      const enough = trusts.indexOf(has) >= trusts.indexOf(wants);
      const expected = enough ? 'pgp:may[pgp-1] portal:may | bounce' : 'portal:may | bounce';
      expect(line(planFor(verdict({ level: 'message' }), capability, 'verify', wants))).toBe(expected);
      const byRule = planFor(verdict({ level: 'message', keyTrust: wants }), capability, 'verify', 'pinned');
      expect(line(byRule)).toBe(expected);
      if (!enough)
        expect(byRule.because).toContain(
          `pgp is left out: the OpenPGP key for this recipient is ${has}, and ${wants} is demanded (postern keys trust pgp-1)`,
        );
    },
  );

  test('the reasons say what was left out and why', () => {
    const capability = { ...portalOnly, notes: ['the OpenPGP key 0xABCD expired on 2026-01-01'] };
    const { because } = planFor(verdict({ level: 'message' }), capability, 'verify', 'vouched');
    expect(because).toEqual([
      'smime is left out: no usable certificate for this recipient',
      'pgp is left out: no usable OpenPGP key for this recipient',
      'the OpenPGP key 0xABCD expired on 2026-01-01',
      'to try: portal; then bounce',
    ]);
  });
});

describe('for every verdict and capability', () => {
  const anyVerdict = fc
    .record({
      level: fc.constantFrom(...levels),
      otherwise: fc.option(fc.constantFrom(...otherwises)),
      tls: fc.option(fc.constantFrom(...tlsLevels)),
      methods: fc.option(fc.array(fc.constantFrom(...methods), { maxLength: 5 })),
    })
    .map(verdict);
  const anyCapability = fc.record({
    pgpKeys: fc.subarray(['p1', 'p2']),
    certificates: fc.subarray(['c1', 'c2']),
    portal: fc.boolean(),
    notes: fc.constant([]),
  });
  const anyMinimum = fc.constantFrom(...tlsLevels);

  test('nothing leaves weaker than the level', () => {
    fc.assert(
      fc.property(anyVerdict, anyCapability, anyMinimum, (given, capability, minimum) => {
        const plan = planFor(given, capability, minimum, 'vouched');
        const tried = plan.kind === 'deliver' ? plan.steps.map(({ method }) => method) : [];
        expect(new Set(tried).size).toBe(tried.length);
        if (given.level !== 'none') expect(tried).not.toContain('none');
        if (given.level !== 'none' && given.level !== 'transport') expect(tried).not.toContain('tls');
        // a rule's `otherwise: portal` may add the portal, and nothing else may add anything
        const named = given.methods ?? tried;
        for (const method of tried) {
          if (method !== 'none' && method !== 'portal' && given.level !== 'none') expect(named).toContain(method);
        }
        expect(plan.because.length).toBeGreaterThan(0);
      }),
    );
  });

  test('every step can be done, at no less than the TLS asked for', () => {
    fc.assert(
      fc.property(anyVerdict, anyCapability, anyMinimum, (given, capability, minimum) => {
        const plan = planFor(given, capability, minimum, 'vouched');
        if (plan.kind !== 'deliver') return;
        for (const { method, tls, keys } of plan.steps) {
          if (method === 'smime') expect(keys).toEqual(capability.certificates);
          if (method === 'pgp') expect(keys).toEqual(capability.pgpKeys);
          if (method === 'smime' || method === 'pgp') expect(keys.length).toBeGreaterThan(0);
          if (method === 'portal') expect(capability.portal).toBe(true);
          if (method === 'tls') {
            expect(tlsLevels.indexOf(tls)).toBe(
              Math.max(tlsLevels.indexOf(minimum), tlsLevels.indexOf(given.tls ?? 'may')),
            );
          }
        }
        if (plan.otherwise === 'portal') expect(plan.steps.at(-1)?.method).toBe('portal');
      }),
    );
  });
});

describe('the kinds of key that could make a difference', () => {
  test.each<[string, Partial<Verdict>, readonly string[]]>([
    ['none', { level: 'none' }, []],
    ['transport', { level: 'transport' }, ['x509', 'pgp']],
    ['message', { level: 'message' }, ['x509', 'pgp']],
    ['portal', { level: 'portal' }, []],
    ['refuse', { level: 'refuse' }, []],
    ['TLS or nothing', { level: 'transport', otherwise: 'bounce' }, []],
    ['a rule that limits the methods', { level: 'message', methods: ['pgp', 'portal'] }, ['pgp']],
    ['hold, released as a message', { level: 'hold', released: 'message' }, ['x509', 'pgp']],
    ['hold, released as it was: on the way at least', { level: 'hold', released: 'none' }, ['x509', 'pgp']],
    ['hold, released to the portal', { level: 'hold', released: 'portal' }, []],
  ])('%s', (_, changes, kinds) => expect(usefulKeys(verdict(changes))).toEqual(kinds));

  test('every plan with a key to encrypt to has one of them', () => {
    const anyVerdict = fc.record({
      level: fc.constantFrom(...levels),
      methods: fc.option(fc.uniqueArray(fc.constantFrom(...methods))),
      otherwise: fc.option(fc.constantFrom(...otherwises)),
    });
    fc.assert(
      fc.property(anyVerdict, (changes) => {
        const plan = planFor(verdict(changes), everything, 'verify', 'found');
        const used = plan.kind === 'deliver' ? plan.steps.map(({ method }) => method) : [];
        const kinds = usefulKeys(verdict(changes));
        if (used.includes('smime')) expect(kinds).toContain('x509');
        if (used.includes('pgp')) expect(kinds).toContain('pgp');
      }),
    );
  });
});
