/** What an admin can ask about a policy before it is in force: check, explain, policy. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parsePolicy } from '../../src/policy/schema.ts';
import { type KeptMail, keepMail } from './kept.ts';
import { run } from './run.ts';

const policy = `version: 1
rules:
  - name: Cards are protected
    when: { detects: card }
    then: { protect: message }
default: { protect: none }
`;

const card = [
  'From: Anna <anna@corp.example>',
  'To: bob@other.example',
  'Subject: Your booking',
  '',
  'The card is 4111 1111 1111 1111.',
  '',
].join('\n');

let mail: KeptMail;
let folder: string;
const write = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};
const postern = (command: string, ...words: string[]) => run([command, '--config', mail.config.file, ...words]);

beforeAll(async () => {
  mail = await keepMail(0);
  folder = dirname(mail.config.file);
});
afterAll(() => mail[Symbol.asyncDispose]());
beforeEach(() => {
  write('policy.yaml', policy);
  write(
    'policy.cases.yaml',
    'cases: [{ name: Plain, from: a@corp.example, to: [b@other.example], expect: { level: none } }]\n',
  );
});

describe('check', () => {
  test('a case about a whole message is decided by what is in it', async () => {
    mkdirSync(join(folder, 'messages'), { recursive: true });
    write('messages/card.eml', card);
    const cases = (message: string, level: string): string =>
      `cases: [{ name: Card, message: ${message}, from: anna@corp.example, to: [bob@other.example], expect: { level: ${level} } }]\n`;
    write('policy.cases.yaml', cases('messages/card.eml', 'message'));
    const right = await postern('check');
    write('policy.cases.yaml', cases('messages/card.eml', 'none'));
    const wrong = await postern('check');
    write('policy.cases.yaml', cases('messages/none.eml', 'message'));
    const missing = await postern('check');
    expect(right).toMatchObject({ status: 0, stdout: expect.stringContaining('all 1 expectations of its cases hold') });
    expect(wrong.status).toBe(1);
    expect(wrong.stdout).toMatch(/error {4}.*policy\.cases\.yaml:1:\d+: .*level is message, expected none/);
    expect(missing.stdout).toMatch(/error {4}.*policy\.cases\.yaml:1:\d+: .*cannot be read/);
  });

  test('a broken policy fails, and a gateway that runs keeps the older one', async () => {
    write('policy.yaml', policy.replace('detects: card', 'detects: crad'));
    const { status, stdout } = await postern('check');
    expect(status).toBe(1);
    expect(stdout).toMatch(/error {4}.*policy\.yaml:4:\d+: .*crad/);
    expect(stdout).toMatch(/warning {2}.*keeps the policy it read before/);
  });

  test('groups that nobody knows and rules that are hardly meant are warned of', async () => {
    const board = '  - name: The board\n    when: { sender: { group: board } }\n    then: { protect: transport }\n';
    const idle = '  - name: Idle\n    when: { detects: ip }\n    then: { protect: none }\n';
    write('policy.yaml', policy.replace('default:', `${board}${idle}default:`));
    const { status, stdout } = await postern('check');
    expect(status).toBe(0);
    expect(stdout).toMatch(/warning {2}.*asks for the group "board", but tenant corp has no setting groups/);
    expect(stdout).toMatch(/warning {2}.*policy\.yaml:\d+:\d+: .*protect/);
  });
});

describe('explain', () => {
  const sent = ['--from', 'anna@corp.example', '--to', 'bob@other.example'];

  test('shows what was found in the message, masked, and what a draft would say', async () => {
    const file = write('card.eml', card);
    const draft = write('other.yaml', policy.replace('protect: message', 'protect: portal'));
    const [live, drafted, page] = await Promise.all([
      postern('explain', ...sent, file, '--json'),
      postern('explain', ...sent, file, '--json', '--policy', draft),
      postern('explain', ...sent, file),
    ]);
    const { facts, deliveries } = JSON.parse(live.stdout);
    expect(facts.findings).toMatchObject([{ kind: 'card', count: 1, part: '1' }]);
    expect(JSON.stringify(facts.findings)).not.toContain('4111 1111');
    expect(deliveries).toMatchObject([{ level: 'message', rules: ['Cards are protected'] }]);
    expect(JSON.parse(drafted.stdout)).toMatchObject({ policy: { file: draft }, deliveries: [{ level: 'portal' }] });
    expect(page.stdout).toContain('Cards are protected');
  });

  test('what the gateway would refuse is not explained', async () => {
    const file = write('nul.eml', `${card}\0`);
    const ran = await postern('explain', ...sent, file);
    expect(ran).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/nul\.eml holds a NUL/) });
  });
});

describe('policy', () => {
  test('prints what is judged, with everything it inherits, as a policy that says the same', async () => {
    write('base.yaml', policy);
    write(
      'policy.yaml',
      'version: 1\nextends: base.yaml\nrules:\n  - { name: Own, when: { always: true }, then: { tls: verify } }\n',
    );
    const [text, json] = await Promise.all([postern('policy'), postern('policy', '--json')]);
    const printed = parsePolicy(text.stdout, 'printed.yaml', () => '');
    expect(printed).toMatchObject({
      ok: true,
      policy: {
        rules: [{ name: 'Cards are protected' }, { name: 'Own', tls: 'verify' }],
        default: { protect: 'none' },
      },
    });
    expect(text.stdout).toContain('from ');
    expect(JSON.parse(json.stdout)).toMatchObject({ tenant: 'corp', files: ['base.yaml'], effective: text.stdout });
  });

  test('a broken one is named with its place', async () => {
    write('policy.yaml', 'version: 1\nextends: nowhere.yaml\nrules: []\n');
    expect(await postern('policy')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/policy\.yaml:2:\d+/),
    });
    expect((await postern('policy', 'x')).status).toBe(2);
  });
});
