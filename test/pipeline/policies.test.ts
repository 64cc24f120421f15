import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { plainBranding } from '../../src/config/branding.ts';
import type { Tenant } from '../../src/config/config.ts';
import { noWriting, usualForSenders } from '../../src/config/portal.ts';
import type { Event } from '../../src/event/event.ts';
import { loadPolicies, PolicyBroken, readPolicy } from '../../src/pipeline/policies.ts';

let folder = '';
let events: Event[] = [];
let end = (): void => {};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-policies-'));
  events = [];
});
afterEach(() => {
  end();
  end = () => {};
  rmSync(folder, { recursive: true, force: true });
});

const put = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};
const policyOf = (level: string, more = ''): string => `version: 1\n${more}rules: []\ndefault: { protect: ${level} }\n`;
const tenant = (policy: string, groups: string | null = null): Tenant => ({
  id: 'corp',
  domains: ['corp.example'],
  platform: 'generic',
  branding: plainBranding('corp.example'),
  portal: noWriting,
  senders: usualForSenders,
  proof: { networks: ['127.0.0.0/8'], secretHeader: null },
  policy,
  groups,
  inbound: null,
  minimumTls: 'verify',
  pins: [],
  honourTlsRequiredNo: false,
  keys: { minimumTrust: 'vouched' },
  opening: null,
  dkim: null,
  ownKeys: { generate: 'off', algorithm: 'p256', validFor: 1, renewBefore: 0, listFor: 1 },
  protection: { hideSubject: ['pgp'], legacyDisplay: false, sign: true, form: 'clear' },
});
const load = (policy: string, groups: string | null = null) =>
  loadPolicies([tenant(policy, groups)], (event) => events.push(event));
const level = (policies: ReturnType<typeof load>) => policies.of('corp')?.policy.default.protect;
const told = () => events.map(({ kind }) => kind);

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 3_000) throw new Error('it did not happen');
    await sleep(20);
  }
}

test('a policy is read by a path from the working folder, and what it names from its own', () => {
  put('base.yaml', policyOf('portal'));
  const file = put('policy.yaml', 'version: 1\nextends: base.yaml\n');
  expect(readPolicy(relative(process.cwd(), file))).toMatchObject({
    ok: true,
    policy: { default: { protect: 'portal' } },
  });
});

describe('at the start', () => {
  test('what does not parse stops it, with place and remedy', () => {
    const policy = put('policy.yaml', policyOf('nothing'));
    expect(() => load(policy)).toThrow(PolicyBroken);
    expect(() => load(policy)).toThrow(/policy\.yaml:3:\d+: default\.protect: .*Write none/);
  });

  test.each([
    ['a missing policy', () => join(folder, 'none.yaml'), null, /none\.yaml:1:1: the policy file cannot be read/],
    ['a folder for a policy', () => folder, null, /the policy file cannot be read/],
    ['a device that never ends', () => '/dev/zero', null, /the policy file cannot be read/],
    ['broken groups', () => put('p.yaml', policyOf('none')), 'groups: 5\n', /groups\.yaml:1:\d+: groups: expected/],
  ])('%s', (_name, policy, groups, message) => {
    expect(() => load(policy(), groups === null ? null : put('groups.yaml', groups))).toThrow(message);
  });
});

describe('on a reload', () => {
  test('the new policy is in force at once', () => {
    const policy = put('policy.yaml', policyOf('none'));
    const policies = load(policy);
    const { version } = policies.of('corp')?.policy ?? {};
    put('policy.yaml', policyOf('portal'));
    expect(level(policies)).toBe('none');
    policies.reload();
    expect(level(policies)).toBe('portal');
    expect(events).toEqual([{ kind: 'policy.loaded', tenant: 'corp', version: policies.of('corp')?.policy.version }]);
    expect(policies.of('corp')?.policy.version).not.toBe(version);
  });

  test('what is broken keeps the old one, and says where; mended, it counts', () => {
    const policy = put('policy.yaml', policyOf('portal'));
    const policies = load(policy);
    put('policy.yaml', `${policyOf('none')}surprise: true\n`);
    policies.reload();
    expect(level(policies)).toBe('portal');
    expect(events).toMatchObject([
      { kind: 'policy.broken', tenant: 'corp', file: policy, line: 4, column: 1, problems: 1 },
    ]);
    expect(events[0]).toMatchObject({ error: expect.stringMatching(/surprise.*stays in force/) });
    rmSync(policy);
    policies.reload();
    expect(level(policies)).toBe('portal');
    put('policy.yaml', policyOf('message'));
    policies.reload();
    expect(level(policies)).toBe('message');
    expect(told()).toEqual(['policy.broken', 'policy.broken', 'policy.loaded']);
  });

  test('policy and groups change together or not at all', () => {
    const policy = put('policy.yaml', policyOf('none'));
    const groups = put('groups.yaml', 'legal: [ann@corp.example]\n');
    const policies = load(policy, groups);
    put('policy.yaml', policyOf('portal'));
    put('groups.yaml', 'legal: [not an address]\n');
    policies.reload();
    expect(level(policies)).toBe('none');
    expect(policies.of('corp')?.groups?.factsFor(['ann@corp.example']).of).toEqual({ 'ann@corp.example': ['legal'] });
    put('groups.yaml', 'law: [ann@corp.example]\n');
    policies.reload();
    expect(level(policies)).toBe('portal');
    expect(policies.of('corp')?.groups?.factsFor(['ann@corp.example']).of).toEqual({ 'ann@corp.example': ['law'] });
  });
});

describe('while watched', () => {
  const every = 20;

  test('a file that is renamed into place, as editors do', async () => {
    const policies = load(put('policy.yaml', policyOf('none')));
    end = policies.watch(every);
    renameSync(put('policy.yaml.new', policyOf('portal')), join(folder, 'policy.yaml'));
    await until(() => level(policies) === 'portal');
    expect(told()).toEqual(['policy.loaded']);
  });

  test('a list beside it, and a folder that a link swaps, as Kubernetes does', async () => {
    const list = 'lists: { vip: { file: vip.txt } }\n';
    const fill = (name: string, vip: string): void => {
      mkdirSync(join(folder, name));
      put(`${name}/policy.yaml`, policyOf('none', list));
      put(`${name}/vip.txt`, vip);
    };
    fill('one', 'a@b.example\n');
    fill('two', 'c@d.example\n');
    symlinkSync('one', join(folder, 'data'));
    const policies = load(join(folder, 'data/policy.yaml'));
    const before = policies.of('corp')?.policy.version;
    end = policies.watch(every);
    symlinkSync('two', join(folder, 'next'));
    renameSync(join(folder, 'next'), join(folder, 'data'));
    await until(() => policies.of('corp')?.policy.version !== before);
    const swapped = policies.of('corp')?.policy.version;
    put('two/vip.txt', 'c@d.example\ne@f.example\n');
    await until(() => policies.of('corp')?.policy.version !== swapped);
    expect(new Set(told())).toEqual(new Set(['policy.loaded']));
  });

  test('a list that is missing keeps the old policy; once it is there, the new one counts', async () => {
    const policies = load(put('policy.yaml', policyOf('portal')));
    end = policies.watch(every);
    put('policy.yaml', policyOf('none', 'lists: { vip: { file: vip.txt } }\n'));
    await until(() => told().includes('policy.broken'));
    await sleep(10 * every);
    expect(told()).toEqual(['policy.broken']);
    expect(level(policies)).toBe('portal');
    put('vip.txt', 'a@b.example\n');
    await until(() => level(policies) === 'none');
  });

  test('a file that is still being written is left alone, though what is there of it parses', async () => {
    const policies = load(put('policy.yaml', policyOf('portal')));
    end = policies.watch(100);
    for (let lines = 0; lines < 25; lines++) {
      put('policy.yaml', `${policyOf('none')}${'# more\n'.repeat(lines)}`);
      await sleep(30);
      expect(level(policies)).toBe('portal');
    }
    await until(() => level(policies) === 'none');
  });
});
