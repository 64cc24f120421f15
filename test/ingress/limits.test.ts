import { describe, expect, test } from 'vitest';
import { defaultLimits, Place, Places } from '../../src/ingress/limits.ts';

const limits = {
  ...defaultLimits,
  connections: 4,
  connectionsPerClient: 2,
  waitBudget: 300_000,
  stressBudget: 10_000,
  minDataRate: 500,
};

describe('time', () => {
  test('a command in time renews the budget, octets of one do not', () => {
    const place = new Place('192.0.2.1', limits, 0);
    expect(place.isOverdue(300_000, false)).toBe(false);
    expect(place.isOverdue(300_001, false)).toBe(true);
    place.awaitCommand(299_000);
    expect(place.isOverdue(590_000, false)).toBe(false);
  });

  test('one octet a second is found out, the minimal rate is not', () => {
    const run = (octetsPerSecond: number) => {
      const place = new Place('192.0.2.1', limits, 0);
      place.awaitData(0);
      for (let now = 1_000; now <= 3_600_000; now += 1_000) {
        if (place.isOverdue(now, false)) return now;
        place.received(octetsPerSecond, now);
        place.awaitMore(now);
      }
      return null;
    };
    expect(run(1)).toBeLessThan(310_000);
    expect(run(250)).toBeLessThan(610_000);
    expect(run(500)).toBeNull();
  });

  test('a fast start is no credit for a stop', () => {
    const place = new Place('192.0.2.1', limits, 0);
    place.awaitData(0);
    place.received(100_000_000, 1_000);
    place.awaitMore(1_000);
    expect(place.isOverdue(301_001, false)).toBe(true);
  });

  test('our own work does not count', () => {
    const place = new Place('192.0.2.1', limits, 0);
    place.atWork();
    expect(place.isOverdue(1e9, true)).toBe(false);
  });

  test('a handshake gets less, and everybody under stress', () => {
    const place = new Place('192.0.2.1', limits, 0);
    expect(place.isOverdue(10_001, true)).toBe(true);
    place.awaitHandshake(0);
    expect(place.isOverdue(30_001, false)).toBe(true);
  });
});

describe('room', () => {
  function crowd() {
    const places = new Places(limits);
    const closed: string[] = [];
    const enter = (name: string, clientIp: string, now: number) =>
      places.enter(clientIp, now, (reason) => closed.push(`${name} ${reason}`));
    return { places, closed, enter };
  }

  test('the longest idle gives way to a new connection', () => {
    const { closed, enter, places } = crowd();
    enter('a', '192.0.2.1', 1);
    enter('b', '192.0.2.2', 2)?.awaitCommand(9);
    enter('c', '192.0.2.3', 3);
    enter('d', '192.0.2.4', 4);
    enter('e', '192.0.2.5', 10);
    enter('f', '192.0.2.6', 11);
    expect(closed).toEqual(['a crowded', 'c crowded']);
    expect(places.size).toBe(4);
  });

  test('one that brought a message stays longer than one that did not', () => {
    const { closed, enter } = crowd();
    const honest = enter('honest', '192.0.2.1', 1);
    if (honest !== null) honest.accepted = 1;
    for (const [index, name] of ['b', 'c', 'd', 'e'].entries()) enter(name, `192.0.2.${index + 10}`, index + 2);
    expect(closed).toEqual(['b crowded']);
  });

  test('each client has its own room', () => {
    const { closed, enter } = crowd();
    enter('other', '192.0.2.9', 0);
    for (const name of ['a', 'b', 'c']) enter(name, '192.0.2.1', 1);
    expect(closed).toEqual(['a crowded']);
  });

  test('nobody is interrupted in the middle of a message', () => {
    const { closed, enter, places } = crowd();
    const busy = ['a', 'b', 'c', 'd'].map((name, index) => enter(name, `192.0.2.${index}`, 1));
    for (const place of busy) place?.awaitData(2);
    expect(enter('e', '192.0.2.9', 3)).toBeNull();
    expect(closed).toEqual([]);
    if (busy[0]) places.leave(busy[0]);
    expect(enter('e', '192.0.2.9', 3)).not.toBeNull();
  });

  test('leaving twice gives one place back', () => {
    const { enter, places } = crowd();
    const place = enter('a', '192.0.2.1', 1);
    enter('b', '192.0.2.1', 1);
    if (place) places.leave(place);
    if (place) places.leave(place);
    expect(places.size).toBe(1);
  });

  test('sweeping closes who took too long', () => {
    const { closed, enter, places } = crowd();
    enter('a', '192.0.2.1', 0);
    enter('b', '192.0.2.2', 200_000);
    places.sweep(300_001);
    expect(closed).toEqual(['a slow']);
    expect(places.size).toBe(1);
  });
});
