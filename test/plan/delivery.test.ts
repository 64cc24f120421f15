import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Next, noMethod, type Outcome, type Settled, settle } from '../../src/plan/delivery.ts';
import type { Step } from '../../src/plan/plan.ts';
import { otherwises } from '../../src/policy/verdict.ts';

const minute = 60_000;
const retry = { first: 5 * minute, max: 67 * minute, giveUpAfter: 7_200 * minute, warnAfter: 240 * minute };
const tls: Step = { method: 'tls', tls: 'verify', keys: [] };
const pgp: Step = { method: 'pgp', tls: 'may', keys: ['k'] };
const portal: Step = { method: 'portal', tls: 'may', keys: [] };
const none: Step = { method: 'none', tls: 'may', keys: [] };

const fresh: Settled = {
  steps: [tls, pgp, portal],
  step: 0,
  attempts: 0,
  createdAt: 0,
  otherwise: 'bounce',
  warned: false,
};
const delivered: Outcome = { kind: 'delivered', status: '2.0.0', remote: null };
const waiting: Outcome = { kind: 'waiting', status: '2.0.0' };
const greylisted: Outcome = { kind: 'deferred', status: '4.2.0', reason: 'try later', remote: null };
const noTlsNow: Outcome = { kind: 'deferred', status: '4.7.5', reason: '454 TLS not available', remote: null };
const noTls: Outcome = { kind: 'failed', scope: 'method', status: '5.7.4', reason: 'no STARTTLS', remote: null };
const unknown: Outcome = { kind: 'failed', scope: 'recipient', status: '5.1.1', reason: 'no such user', remote: null };

describe('what a delivery becomes', () => {
  const late = retry.giveUpAfter;
  test.each<[string, Partial<Settled>, Outcome, number, Partial<Next>]>([
    ['delivered', {}, delivered, 7, { state: 'delivered', step: 0, attempts: 1, status: '2.0.0', notify: null }],
    ['waiting', { step: 2, attempts: 2 }, waiting, 7, { state: 'waiting', step: 2, attempts: 3, notify: null }],
    [
      'deferred',
      {},
      greylisted,
      7,
      { state: 'deferred', nextAt: 7 + retry.first, status: '4.2.0', reason: 'try later', notify: null },
    ],
    ['deferred and late', {}, greylisted, retry.warnAfter, { state: 'deferred', warned: true, notify: 'delay' }],
    [
      'deferred and told already',
      { warned: true },
      greylisted,
      retry.warnAfter,
      { state: 'deferred', warned: true, notify: null },
    ],
    ['out of time', {}, greylisted, late, { state: 'failed', status: '4.4.7', notify: 'failure', fellBackTo: null }],
    [
      'out of time for want of TLS',
      {},
      noTlsNow,
      late,
      { state: 'queued', step: 1, nextAt: late, fellBackTo: 'pgp', notify: null },
    ],
    [
      'out of time for want of TLS, last step',
      { step: 2 },
      noTlsNow,
      late,
      { state: 'failed', status: '4.4.7', notify: 'failure' },
    ],
    [
      'out of time for want of TLS, last step, drop',
      { step: 2, otherwise: 'drop' },
      noTlsNow,
      late,
      { state: 'dropped', notify: null },
    ],
    [
      'next method',
      {},
      noTls,
      7,
      { state: 'queued', step: 1, nextAt: 7, status: '5.7.4', reason: 'no STARTTLS', fellBackTo: 'pgp', notify: null },
    ],
    [
      'no method left, bounce',
      { step: 2 },
      noTls,
      7,
      { state: 'failed', status: '5.7.4', notify: 'failure', fellBackTo: null },
    ],
    [
      'no method left, portal was it',
      { step: 2, otherwise: 'portal' },
      noTls,
      7,
      { state: 'failed', notify: 'failure' },
    ],
    [
      'no method left, drop',
      { step: 2, otherwise: 'drop' },
      noTls,
      7,
      { state: 'dropped', status: '5.7.4', notify: null },
    ],
    ['no method at all, bounce', { steps: [] }, noMethod, 7, { state: 'failed', status: '5.7.4', notify: 'failure' }],
    ['no method at all, drop', { steps: [], otherwise: 'drop' }, noMethod, 7, { state: 'dropped', notify: null }],
    [
      'recipient refused',
      {},
      unknown,
      7,
      { state: 'failed', step: 0, status: '5.1.1', reason: 'no such user', notify: 'failure' },
    ],
    ['recipient refused under drop', { otherwise: 'drop' }, unknown, 7, { state: 'failed', notify: 'failure' }],
    ['as sent, and TLS was asked for', { steps: [none] }, noTls, 7, { state: 'failed', notify: 'failure' }],
  ])('%s', (_name, changes, outcome, now, expected) => {
    expect(settle({ ...fresh, ...changes }, outcome, now, retry, 0)).toMatchObject(expected);
  });
});

describe('for every course of outcomes', () => {
  const anyOutcome = fc.constantFrom(delivered, waiting, greylisted, noTlsNow, noTls, unknown);
  const anySteps = fc.subarray([tls, pgp, portal], { minLength: 1 });
  const course = fc.array(fc.record({ outcome: anyOutcome, random: fc.double({ min: 0, max: 0.999, noNaN: true }) }), {
    minLength: 1,
    maxLength: 200,
  });

  test('each step is used in order, the sender is told of a delay at most once, and a failure is always told', () => {
    fc.assert(
      fc.property(anySteps, fc.constantFrom(...otherwises), course, (steps, otherwise, outcomes) => {
        let delivery: Settled = { ...fresh, steps, otherwise };
        let now = 0;
        let delays = 0;
        for (const { outcome, random } of outcomes) {
          const next = settle(delivery, outcome, now, retry, random);
          if (next.notify === 'delay') delays += 1;
          expect(next.attempts).toBe(delivery.attempts + 1);
          expect(next.status).toMatch(/^[245]\.\d+\.\d+$/);
          expect(next.notify === 'failure').toBe(next.state === 'failed');
          if (next.state !== 'queued' && next.state !== 'deferred') break;
          expect(next.step - delivery.step).toBe(next.state === 'queued' ? 1 : 0);
          expect(next.step).toBeLessThan(steps.length);
          expect(next.nextAt).toBeGreaterThanOrEqual(now);
          now = next.nextAt;
          delivery = { ...delivery, step: next.step, attempts: next.attempts, warned: next.warned };
        }
        expect(delays).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('a server that never answers is given up at the deadline', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (randoms) => {
        let delivery = fresh;
        let now = 0;
        for (let tries = 1; tries < 1_000; tries++) {
          const next = settle(delivery, greylisted, now, retry, randoms.next().value ?? 0);
          if (next.state === 'failed') {
            expect(now).toBe(retry.giveUpAfter);
            return;
          }
          now = next.nextAt;
          delivery = { ...delivery, attempts: next.attempts, warned: next.warned };
        }
        expect.unreachable('never given up');
      }),
    );
  });
});
