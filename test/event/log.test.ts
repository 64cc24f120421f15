import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import { createLog } from '../../src/event/log.ts';

const delivered: Event = {
  kind: 'delivery.delivered',
  message: 'm1',
  delivery: 'd1',
  recipient: 'Anna@clinic.example',
  method: 'tls',
  status: '2.0.0',
  mx: 'mx.clinic.example',
  tls: 'TLSv1.3',
};
const deferred: Event = {
  kind: 'delivery.deferred',
  message: 'm1',
  delivery: 'd1',
  recipient: 'anna@clinic.example',
  method: 'tls',
  status: '4.2.1',
  reason: 'mx.clinic.example said: 450 4.2.1 <anna@clinic.example>: mailbox busy',
  attempts: 1,
  nextAt: 0,
};

function logged(
  options: { level?: 'debug' | 'info' | 'warn'; addresses?: 'full' | 'hashed' },
  events: readonly Event[],
): string[] {
  const lines: string[] = [];
  const log = createLog({
    level: options.level ?? 'info',
    addresses: options.addresses ?? 'full',
    key: Buffer.from('k'),
    destination: { write: (line) => lines.push(line) },
  });
  for (const event of events) log(event);
  return lines;
}

describe('the log', () => {
  test('is one JSON line per event with its level and fields', () => {
    const [line = '', ...more] = logged({}, [delivered]);
    expect(more).toEqual([]);
    expect(line.endsWith('\n')).toBe(true);
    expect(JSON.parse(line)).toMatchObject({
      level: 'info',
      kind: 'delivery.delivered',
      recipient: 'Anna@clinic.example',
      tls: 'TLSv1.3',
    });
  });

  test('leaves out what is below the level', () => {
    expect(logged({ level: 'warn' }, [delivered, deferred]).map((line) => JSON.parse(line).kind)).toEqual([
      'delivery.deferred',
    ]);
  });

  test('cries out over a broken policy, and shows no address out of it where addresses are hashed', () => {
    const broken: Event = {
      kind: 'policy.broken',
      tenant: 'corp',
      file: '/etc/postern/policy.yaml',
      line: 3,
      column: 5,
      error: '/etc/postern/policy.yaml:3:5: reviewers[0]: expected a mail address, found "rita@@corp.example".',
      problems: 1,
      version: 'v',
    };
    const [line = ''] = logged({ level: 'warn', addresses: 'hashed' }, [broken]);
    expect(JSON.parse(line)).toMatchObject({ level: 'error', file: broken.file, line: 3 });
    expect(line).not.toContain('rita');
  });

  test('goes on when it cannot be written', () => {
    const destination = Object.assign(new EventEmitter(), {
      write: () => void destination.emit('error', new Error('ENOSPC')),
    });
    const log = createLog({ level: 'info', addresses: 'full', key: Buffer.from('k'), destination });
    expect(() => log(delivered)).not.toThrow();
  });

  test('hashes addresses so that one person keeps one hash, also inside a remote reply', () => {
    const lines = logged({ addresses: 'hashed' }, [delivered, deferred]);
    expect(lines.join('').toLowerCase()).not.toContain('anna@');
    const [first, second] = lines.map((line) => JSON.parse(line));
    expect(first.recipient).toMatch(/^#[\w-]{16}$/);
    expect(second.recipient).toBe(first.recipient);
    expect(second.reason).toContain(`<${first.recipient}>`);
  });
});
