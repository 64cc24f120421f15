/* oxlint-disable unicorn/no-thenable -- `then` is the language's word, and no rule is ever awaited. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluate } from '../../src/policy/evaluate.ts';
import type { Facts } from '../../src/policy/facts.ts';
import { type Policy, parsePolicy } from '../../src/policy/schema.ts';
import { levels, type Verdict } from '../../src/policy/verdict.ts';
import {
  type ArbitraryRule,
  arbitraryFacts,
  arbitraryLevel,
  arbitraryPolicyText,
  arbitraryRecipient,
  arbitraryRule,
  policyText,
} from './arbitrary.ts';

/** What holds whatever the policy and the message are. */

function parsed(text: string): Policy {
  const result = parsePolicy(text, 'p.yaml', () => {
    throw new Error('no other files');
  });
  if (!result.ok) throw new Error(result.problems.map((problem) => `${problem.path}: ${problem.message}`).join('\n'));
  return result.policy;
}

const rules = fc.array(arbitraryRule, { maxLength: 6 });
const rank = (verdict: Verdict): number => levels.indexOf(verdict.level);

/** Whether the rules of this text wanted anything at all, so that a property cannot hold for want of cases. */
let matched = 0;
function judge(text: string, about: Facts, recipient: string): Verdict {
  const verdict = evaluate(parsed(text), about, recipient);
  matched += verdict.rules.length;
  return verdict;
}

describe('whatever the policy and the message', () => {
  test('the strictest level wins, whatever the order of the rules', () => {
    const shuffled = rules.chain((of) =>
      fc.tuple(fc.constant(of), fc.shuffledSubarray(of, { minLength: of.length, maxLength: of.length })),
    );
    fc.assert(
      fc.property(
        shuffled,
        arbitraryLevel,
        arbitraryFacts,
        arbitraryRecipient,
        ([one, other], byDefault, about, to) => {
          const [a, b] = [one, other].map((each) => judge(policyText(each, byDefault), about, to));
          // `methods` alone go by the order: the first list wins.
          const comparable = (verdict: Verdict | undefined) => ({
            ...verdict,
            rules: [],
            because: [],
            methods: null,
            headers: { add: new Set(verdict?.headers.add), remove: new Set(verdict?.headers.remove) },
            notifySender: new Set(verdict?.notifySender.filter((notice) => !/^r\d/.test(notice))),
            reviewers: new Set(verdict?.reviewers),
          });
          expect(comparable(b)).toEqual(comparable(a));
        },
      ),
    );
    expect(matched).toBeGreaterThan(20);
  });

  test('without overrides the level is the strictest of the default and of what the matching rules want', () => {
    fc.assert(
      fc.property(rules, arbitraryLevel, arbitraryFacts, arbitraryRecipient, (drawn, byDefault, about, to) => {
        const plain: ArbitraryRule[] = drawn.map(({ when, then }) => ({
          when,
          then: { ...then, override: undefined },
        }));
        const verdict = judge(policyText(plain, byDefault), about, to);
        const wanted = verdict.rules.map((name) =>
          name.startsWith('Built in:') ? 'hold' : (plain[Number(name.slice(1))]?.then['protect'] ?? 'none'),
        );
        const ranks = [byDefault, ...wanted].map((level) => levels.findIndex((each) => each === level));
        expect(rank(verdict)).toBe(Math.max(...ranks));
      }),
    );
  });

  test('one more rule never lowers the verdict, unless it says override', () => {
    fc.assert(
      fc.property(
        rules,
        arbitraryRule,
        arbitraryLevel,
        arbitraryFacts,
        arbitraryRecipient,
        (of, more, level, about, to) => {
          // A rule that answers for what cannot be looked through speaks in place of the built-in rule, so it may lower what that one holds.
          fc.pre(about.doubts.length === 0 || !JSON.stringify(more.when).includes('unscannable'));
          const added = { when: more.when, then: { ...more.then, override: undefined } };
          const before = judge(policyText(of, level), about, to);
          const after = judge(policyText([...of, added], level), about, to);
          expect(rank(after)).toBeGreaterThanOrEqual(rank(before));
        },
      ),
    );
  });

  test('the reasons name exactly the rules that matched, and the level that won', () => {
    fc.assert(
      fc.property(arbitraryPolicyText, arbitraryFacts, arbitraryRecipient, (text, about, to) => {
        const policy = parsed(text);
        const verdict = evaluate(policy, about, to);
        const told = (how: string) =>
          verdict.because.flatMap((reason) => new RegExp(`^Rule "([^"]*)" ${how}: .+\\.$`).exec(reason)?.[1] ?? []);
        expect(told('matched')).toEqual(verdict.rules);
        const others = policy.rules.map((rule) => rule.name).filter((name) => !verdict.rules.includes(name));
        expect(told('did not match')).toEqual(others);
        expect(verdict.because.at(-1)).toMatch(new RegExp(`^Level ${verdict.level} (?:wins|stays|is the default)`));
      }),
    );
  });

  test('facts that were kept and read again are judged the same, for every recipient, in any order', () => {
    fc.assert(
      fc.property(arbitraryPolicyText, arbitraryFacts, (text, about) => {
        const kept: Facts = JSON.parse(JSON.stringify(about));
        const people = about.envelope.recipients;
        const verdicts = people.map((to) => evaluate(parsed(text), about, to));
        // The same facts and policy for all, so that whatever is shared between recipients is shared here.
        const policy = parsed(text);
        const again = people.toReversed().map((to) => evaluate(policy, kept, to));
        expect(again.toReversed()).toEqual(verdicts);
        // And the same value is not spoiled by being judged before.
        expect(people.map((to) => evaluate(policy, kept, to))).toEqual(verdicts);
      }),
    );
  });

  test('what nobody knows protects: to know more never raises the level where all rules raise', () => {
    const asked = fc.array(fc.constantFrom({ detects: 'any' }, { body: { contains: ['diagnosis'] } }), {
      maxLength: 2,
    });
    fc.assert(
      fc.property(asked, arbitraryLevel, arbitraryFacts, arbitraryRecipient, (whens, protect, about, to) => {
        const of = whens.map((when) => ({ when, then: { protect } }));
        const ignorant = judge(policyText(of, 'none'), { ...about, findings: null, probes: {} }, to);
        expect(rank(ignorant)).toBeGreaterThanOrEqual(rank(judge(policyText(of, 'none'), about, to)));
        const opposite = whens.map((when) => ({ when, then: { protect: 'none', override: true } }));
        const strict = judge(policyText(opposite, 'transport'), { ...about, findings: null, probes: {} }, to);
        expect(rank(strict)).toBeGreaterThanOrEqual(rank(judge(policyText(opposite, 'transport'), about, to)));
      }),
    );
  });
});
