/** Replay as a property: the live policy changes nothing, and what a draft changes it changes back the other way round. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planWith } from '../../src/pipeline/decide.ts';
import { type Kept, openKept, sealKept } from '../../src/pipeline/kept.ts';
import { type Replayed, startReplay } from '../../src/pipeline/replay.ts';
import type { Capability } from '../../src/plan/plan.ts';
import type { Facts } from '../../src/policy/facts.ts';
import { type Policy, parsePolicy } from '../../src/policy/schema.ts';
import { facts as factsOf } from '../policy/facts-of.ts';

const flags = ['forwarded', 'autoSubmitted', 'calendar', 'signed', 'encrypted', 'tnef', 'unscannable'] as const;
const recipients = ['bob@other.example', 'desk@lab.example', 'x@berlin.lab.example', 'anna@corp.example'];

const simple = fc.oneof(
  fc.constantFrom('[secure]', '+portal+', 'offer').map((keyword) => ({ subject: { keyword } })),
  fc.constantFrom('other.example', '*.lab.example', 'lab.example').map((domain) => ({ recipient: { domain } })),
  fc.constantFrom(...flags).chain((flag) => fc.boolean().map((is) => ({ [flag]: is }))),
  fc.nat(50_000).map((over) => ({ size: { over } })),
);
const when = fc.oneof(
  simple,
  fc.array(simple, { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
  simple.map((not) => ({ not })),
);
const then = fc.oneof(
  fc.record({ protect: fc.constantFrom('none', 'transport', 'message', 'portal', 'hold', 'refuse') }),
  fc.record({ protect: fc.constantFrom('none', 'transport'), override: fc.boolean() }),
  fc.record({
    protect: fc.constantFrom('transport', 'message', 'portal'),
    otherwise: fc.constantFrom('portal', 'bounce', 'drop'),
  }),
  fc.record({
    protect: fc.constant('transport'),
    methods: fc.subarray(['tls', 'smime', 'pgp', 'portal'], { minLength: 1 }),
  }),
  fc.record({ tls: fc.constantFrom('encrypt', 'verify', 'secure') }),
);
const anyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    rules: fc.array(fc.record({ when, then }), { maxLength: 6 }),
    protect: fc.constantFrom('none', 'transport', 'message'),
  })
  .map(({ rules, protect }) =>
    policyOf({ rules: rules.map((rule, index) => ({ name: `rule ${index + 1}`, ...rule })), default: { protect } }),
  );

const anyFacts: fc.Arbitrary<Facts> = fc
  .record({
    subject: fc.constantFrom('Hello', '[secure] Hello', 'an offer +PORTAL+', ''),
    size: fc.nat(60_000),
    on: fc.subarray([...flags.filter((flag) => flag !== 'unscannable')]),
    unscannable: fc.constantFrom(null, 'too many parts'),
    recipients: fc.subarray(recipients, { minLength: 1 }),
  })
  .map(({ on, recipients: to, ...rest }) =>
    factsOf({
      ...rest,
      ...Object.fromEntries(on.map((flag) => [flag, true])),
      envelope: { from: 'anna@corp.example', recipients: to },
    }),
  );

const anyCapability: fc.Arbitrary<Capability> = fc.record({
  pgpKeys: fc.constantFrom([], ['key-1']),
  certificates: fc.constantFrom([], ['certificate-1']),
  portal: fc.boolean(),
  notes: fc.constant([]),
});

const anyKept: fc.Arbitrary<Kept> = anyFacts.chain((facts) =>
  fc.record({
    facts: fc.constant(facts),
    capabilities: fc
      .tuple(...facts.envelope.recipients.map(() => anyCapability))
      .map((of) => Object.fromEntries(facts.envelope.recipients.map((to, index) => [to, of[index] as Capability]))),
    minimumTls: fc.constantFrom('verify', 'encrypt'),
    portal: fc.boolean(),
  }),
);

function policyOf(parts: { readonly rules: unknown[]; readonly default: unknown }): Policy {
  const parsed = parsePolicy(JSON.stringify({ version: 1, ...parts }), 'random.yaml', () => '');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.policy;
}

/** What the store would give back of messages that `live` decided. */
function recorded(live: Policy, all: readonly Kept[]) {
  return all.map((kept, index) => ({
    message: {
      id: `message-${index}`,
      policyVersion: live.version,
      deliveries: Object.entries(kept.capabilities).map(([recipient, capability]) => {
        const { verdict } = planWith({ ...kept, policy: live, recipient, capability });
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
          unknown: none,
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
        const turned = {
          ...back,
          moves: back.moves.map(({ from, to, ...rest }) => ({ from: to, to: from, ...rest })),
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
    rules: result.rules.toSorted(by(({ rule, matches }) => `${rule} ${matches}`)),
  };
}
