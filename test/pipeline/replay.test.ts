/** Replay as a property: the live policy changes nothing, and what a draft changes it changes back the other way round. */
/* oxlint-disable unicorn/no-thenable -- `then` is the language's word, and a rule is never awaited. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Kept, openKept, sealKept } from '../../src/pipeline/kept.ts';
import { planWith } from '../../src/pipeline/planning.ts';
import { type Replayed, startReplay } from '../../src/pipeline/replay.ts';
import type { Capability } from '../../src/plan/plan.ts';
import type { Facts } from '../../src/policy/facts.ts';
import { type Policy, parsePolicy } from '../../src/policy/schema.ts';
import { arbitraryFacts, arbitraryPolicyText } from '../policy/arbitrary.ts';
import { facts as factsOf } from '../policy/facts-of.ts';

const anyPolicy: fc.Arbitrary<Policy> = arbitraryPolicyText.map(parsed);

const anyCapability: fc.Arbitrary<Capability> = fc.record({
  pgpKeys: fc.constantFrom([], ['key-1']),
  certificates: fc.constantFrom([], ['certificate-1']),
  portal: fc.boolean(),
  notes: fc.constant([]),
});

const anyKept: fc.Arbitrary<Kept> = arbitraryFacts.chain((facts) =>
  fc.record({
    facts: fc.constant(facts),
    capabilities: fc
      .tuple(...facts.envelope.recipients.map(() => anyCapability))
      .map((of) => Object.fromEntries(facts.envelope.recipients.map((to, index) => [to, of[index] as Capability]))),
    minimumTls: fc.constantFrom('verify', 'encrypt'),
    portal: fc.boolean(),
  }),
);

function parsed(text: string): Policy {
  const result = parsePolicy(text, 'random.yaml', () => '');
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.policy;
}

function policyOf(parts: { readonly rules: unknown[]; readonly default: unknown }): Policy {
  return parsed(JSON.stringify({ version: 1, ...parts }));
}

/** What the store would give back of messages that `live` decided. */
function recorded(live: Policy, all: readonly Kept[]) {
  return all.map((kept, index) => ({
    message: {
      id: `message-${index}`,
      policyVersion: live.version,
      deliveries: Object.entries(kept.capabilities).map(([recipient, capability]) => {
        const { verdict } = planWith({ minimumTrust: 'vouched', ...kept, policy: live, recipient, capability });
        return { id: `delivery-${index}-${recipient}`, recipient, level: verdict.level, rules: verdict.rules };
      }),
    },
    kept,
  }));
}

type Record = Omit<ReturnType<typeof recorded>[number], 'kept'> & { readonly kept: Kept | null };

function replay(live: Policy, draft: Policy, all: readonly Record[]): Replayed {
  const running = startReplay(live, draft, 1_000);
  for (const { message, kept } of all) running.add(message, kept);
  return running.result();
}

describe('as a property', () => {
  test('replaying the live policy changes nothing, also after sealing', () => {
    const masterKey = randomBytes(32);
    fc.assert(
      fc.property(anyPolicy, fc.array(anyKept, { maxLength: 5 }), (live, all) => {
        const sealed = recorded(live, all).map(({ message, kept }) => {
          return { message, kept: openKept(masterKey, message.id, sealKept(masterKey, message.id, kept)) };
        });
        const result = replay(live, live, sealed);
        const deliveries = all.reduce((sum, { facts }) => sum + facts.envelope.recipients.length, 0);
        expect(result).toEqual({
          messages: all.length,
          deliveries,
          changed: 0,
          moves: [],
          others: [],
          rules: [],
          unknown: { ...none, moves: [] },
          unreadable: { messages: 0, examples: [] },
          drift: { of: deliveries, ...none },
        });
      }),
    );
  });

  test('a draft that became live changes everything back', () => {
    fc.assert(
      fc.property(anyPolicy, anyPolicy, fc.array(anyKept, { maxLength: 5 }), (live, draft, all) => {
        const there = replay(live, draft, recorded(live, all));
        const back = replay(draft, live, recorded(draft, all));
        const turnedMoves = ({ moves }: Pick<Replayed, 'moves'>) =>
          moves.map(({ from, to, ...rest }) => ({ from: to, to: from, ...rest }));
        const turned = {
          ...back,
          moves: turnedMoves(back),
          unknown: { ...back.unknown, moves: turnedMoves(back.unknown) },
          rules: back.rules.map(({ matches, ...rest }) => ({ ...rest, matches: opposite[matches] })),
        };
        expect(sorted(turned)).toEqual(sorted(there));
      }),
    );
  });

  test('every changed delivery is in one move or in others, and some rule or the default answers for it', () => {
    fc.assert(
      fc.property(anyPolicy, anyPolicy, fc.array(anyKept, { maxLength: 5 }), (live, draft, all) => {
        const { changed, moves, others, rules } = replay(live, draft, recorded(live, all));
        const ids = [...moves, ...others].map(({ examples }) => examples);
        expect(new Set(ids.flat()).size).toBe(changed);
        expect(rules.length > 0).toBe(changed > 0);
        for (const { from, to } of moves) expect(from).not.toBe(to);
      }),
    );
  });
});

const none = { deliveries: 0, examples: [] };
const opposite = { live: 'draft', draft: 'live', both: 'both' } as const;

/** In an order that does not depend on the direction. */
function sorted(result: Replayed) {
  const by =
    <T>(text: (each: T) => string) =>
    (a: T, b: T) =>
      text(a) < text(b) ? -1 : 1;
  return {
    ...result,
    moves: result.moves.toSorted(by(({ from, to }) => `${from} ${to}`)),
    unknown: { ...result.unknown, moves: result.unknown.moves.toSorted(by(({ from, to }) => `${from} ${to}`)) },
    rules: result.rules.toSorted(by(({ rule, matches }) => `${rule} ${matches}`)),
  };
}

const noKeys: Capability = { pgpKeys: [], certificates: [], portal: true, notes: [] };
const partners = { name: 'Partners', when: { recipient: { domain: 'lab.example' } }, then: { protect: 'transport' } };

function keptOf(changes: Partial<Facts>, capability: Capability = noKeys): Kept {
  const facts = factsOf(changes);
  const capabilities = Object.fromEntries(facts.envelope.recipients.map((to) => [to, capability]));
  return { facts, capabilities, minimumTls: 'verify', portal: capability.portal };
}

const toPartner = { envelope: { from: 'anna@corp.example', recipients: ['desk@lab.example'] } };

describe('what is said of a draft', () => {
  type Said = Partial<Replayed>;
  const move = (from: string, to: string) => [{ from, to, deliveries: 1, examples: ['delivery-0-desk@lab.example'] }];
  const same = (what: string) => [{ what, deliveries: 1, examples: ['delivery-0-desk@lab.example'] }];
  const by = (rule: string | null, matches: string) => [{ rule, matches, deliveries: 1 }];
  const table: [name: string, live: unknown[], draft: unknown[], kept: Kept, said: object][] = [
    [
      'a rule that now wants something else',
      [partners],
      [{ ...partners, then: { protect: 'portal' } }],
      keptOf(toPartner),
      { moves: move('transport', 'portal'), others: [], rules: by('Partners', 'both') },
    ],
    [
      'a rule that is new; another new one that decides nothing is not blamed',
      [],
      [partners, { name: 'All', when: { size: { over: 1 } }, then: { protect: 'message' } }],
      keptOf(toPartner, { ...noKeys, pgpKeys: ['key-1'] }),
      { moves: move('as sent', 'message'), rules: by('All', 'draft') },
    ],
    [
      'a rule that is gone',
      [partners],
      [],
      keptOf(toPartner),
      { moves: move('transport', 'as sent'), rules: by('Partners', 'live') },
    ],
    [
      'nothing is left to try',
      [partners],
      [{ ...partners, then: { protect: 'message', otherwise: 'bounce' } }],
      keptOf(toPartner),
      { moves: move('transport', 'bounce'), rules: by('Partners', 'both') },
    ],
    [
      'the same, and the message is dropped',
      [partners],
      [{ ...partners, then: { protect: 'message', otherwise: 'drop' } }],
      keptOf(toPartner),
      { moves: move('transport', 'drop') },
    ],
    [
      'another level that ends the same way',
      [{ ...partners, then: { protect: 'portal' } }],
      [{ ...partners, then: { protect: 'message' } }],
      keptOf(toPartner),
      { moves: [], others: same('level'), rules: by('Partners', 'both') },
    ],
    [
      'a stricter TLS level',
      [partners],
      [{ ...partners, then: { protect: 'transport', tls: 'secure' } }],
      keptOf(toPartner),
      { moves: [], others: same('tls'), rules: by('Partners', 'both') },
    ],
    [
      'a rule of another name that does the same',
      [partners],
      [{ ...partners, name: 'Labs' }],
      keptOf(toPartner),
      { changed: 0 },
    ],
  ];
  test.each(table)('%s', (_name, live, draft, kept, said: Said) => {
    const policies = [live, draft].map((rules) => policyOf({ rules, default: { protect: 'none' } }));
    const [before, after] = policies as [Policy, Policy];
    expect(replay(before, after, recorded(before, [kept]))).toMatchObject(said);
  });

  test('another default answers for what no rule does', () => {
    const live = policyOf({ rules: [], default: { protect: 'none' } });
    const draft = policyOf({ rules: [], default: { protect: 'transport' } });
    const said = replay(live, draft, recorded(live, [keptOf(toPartner)]));
    expect(said).toMatchObject({ moves: move('as sent', 'transport'), rules: by(null, 'both') });
  });

  describe('what nobody looked for then', () => {
    const merger = { name: 'Merger', when: { body: { contains: ['merger'] } }, then: { protect: 'message' } };
    const board = { name: 'Board', when: { recipient: { group: 'board' } }, then: { protect: 'portal' } };
    const leave = { name: 'Leave', when: merger.when, then: { protect: 'none', override: true } };
    const unknown = {
      changed: 0,
      moves: [],
      rules: [],
      unknown: { deliveries: 1, examples: ['delivery-0-desk@lab.example'] },
    };
    const [{ id: probe } = never()] = policyOf({ rules: [merger], default: { protect: 'none' } }).probes;
    const inGroup = { groups: { known: ['board'], of: { 'desk@lab.example': ['board'] } } };
    const kinds: [name: string, live: unknown[], draft: unknown[], facts: Partial<Facts>, said: object][] = [
      ['a text makes a delivery unknown', [], [merger], {}, unknown],
      ['a group that nobody knew, too', [], [board], {}, unknown],
      ['also in the live policy', [merger], [], {}, unknown],
      ['where only a yes makes the difference', [partners], [partners, leave], {}, unknown],
      ['a text that was counted is known', [], [merger], { probes: { [probe]: 0 } }, { changed: 0, unknown: none }],
      ['a text that was found is known', [], [merger], { probes: { [probe]: 1 } }, { changed: 1, unknown: none }],
      ['a group that was known is known', [], [board], inGroup, { changed: 1, unknown: none }],
      [
        'it does not matter when something stricter decides',
        [{ ...partners, then: { protect: 'hold' } }],
        [{ ...partners, then: { protect: 'refuse' } }, merger],
        {},
        { changed: 1, unknown: none },
      ],
      [
        'with no for an answer another rule of the draft decides',
        [],
        [partners, merger],
        {},
        { ...unknown, unknown: { ...unknown.unknown, moves: move('as sent', 'transport') } },
      ],
      [
        'with no for an answer nothing changes',
        [],
        [merger],
        {},
        { ...unknown, unknown: { ...unknown.unknown, moves: [] } },
      ],
      ['it does not matter when both ask the same', [merger], [merger], {}, { changed: 0, unknown: none }],
    ];
    test.each(kinds)('%s', (_name, live, draft, facts, said) => {
      const [before, after] = [live, draft].map((rules) => policyOf({ rules, default: { protect: 'none' } })) as [
        Policy,
        Policy,
      ];
      const kept = keptOf({ ...toPartner, ...facts }, { ...noKeys, pgpKeys: ['key-1'] });
      expect(replay(before, after, recorded(before, [kept]))).toMatchObject(said);
    });
  });

  test('rules in another order are no rule of their own', () => {
    const [a, b] = ['tls', 'portal'].map((method) => ({
      ...partners,
      name: method,
      then: { protect: 'transport', methods: [method] },
    }));
    const [live, draft] = [
      [a, b],
      [b, a],
    ].map((rules) => policyOf({ rules, default: { protect: 'none' } })) as [Policy, Policy];
    expect(replay(live, draft, recorded(live, [keptOf(toPartner)]))).toMatchObject({
      moves: move('transport', 'portal'),
      rules: by(null, 'both'),
    });
  });

  test('of many only the first are named', () => {
    const live = policyOf({ rules: [], default: { protect: 'none' } });
    const draft = policyOf({ rules: [], default: { protect: 'portal' } });
    const running = startReplay(live, draft, 2);
    for (const { message, kept } of recorded(
      live,
      Array.from({ length: 10 }, () => keptOf(toPartner)),
    ))
      running.add(message, kept);
    const [moved] = running.result().moves;
    expect(moved).toMatchObject({ deliveries: 10, examples: { length: 2 } });
  });

  test('a level that was recorded and is not what the same policy gives is a drift, not a change', () => {
    const live = policyOf({ rules: [partners], default: { protect: 'none' } });
    const [{ message, kept } = never()] = recorded(live, [keptOf(toPartner)]);
    const [delivery = never()] = message.deliveries;
    const wrong = { ...message, deliveries: [{ ...delivery, level: 'portal' as const }] };
    const older = { ...wrong, policyVersion: 'older' };
    const said = replay(live, live, [
      { message: wrong, kept },
      { message: older, kept },
    ]);
    expect(said).toMatchObject({ changed: 0, drift: { of: 1, deliveries: 1, examples: [delivery.id] } });
  });

  test('a record that cannot be opened is counted and named, and nothing else', () => {
    const live = policyOf({ rules: [], default: { protect: 'none' } });
    const said = replay(
      live,
      live,
      recorded(live, [keptOf({})]).map((each) => ({ ...each, kept: null })),
    );
    expect(said).toMatchObject({ messages: 0, deliveries: 0, unreadable: { messages: 1, examples: ['message-0'] } });
  });
});

function never(): never {
  throw new Error('nothing was recorded');
}
