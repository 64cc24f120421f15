/**
 * What policies want, end to end over loopback with every real part: content that is found, threads that stay protected, header fields, notices,
 * and policies that change while mail flows.
 */
import { randomUUIDv7 } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import { openKept } from '../../src/pipeline/kept.ts';
import { wordDocument, zip } from '../../src/sandbox/files.ts';
import { addressOf } from '../../src/sandbox/world.ts';
import { type Attachment, write } from '../../src/sandbox/write.ts';
import { eachEngine, sqlite } from '../engines.ts';
import { type FlowStage, openFlow, until } from './stage.ts';

const anna = 'anna@corp.example';
const policy = `version: 1
rules:
  - name: Social Security numbers leave protected
    when: { detects: { ssn: 1 } }
    then: { protect: message }
  - name: Locked archives wait
    when: { unscannable: [password] }
    then: { protect: hold, reviewers: [rita@corp.example] }
  - name: Asked for
    when: { subject: { keyword: ["[secure]"] } }
    then: { protect: message, stripKeyword: true, expires: 2d, reply: false }
  - name: Answers stay protected
    when: { thread: true }
    then: { protect: message }
  - name: A slip of the pen
    when: { subject: { contains: ["[secrue]"] } }
    then: { notifySender: "Did you mean [secure]?" }
  - name: Marked
    when: { subject: { keyword: ["[mark]"] } }
    then: { addHeader: { X-Class: internal }, removeHeader: [X-Draft] }
  - name: Marked on the way
    when: { subject: { keyword: ["[mark]"] } }
    then: { protect: transport }
  - name: First
    when: { subject: { keyword: ["[first]"] } }
    then: { priority: 0 }
  - name: A word of ours
    when: { body: { contains: ["Nebelhorn"] } }
    then: { protect: transport }
default: { protect: none }
`;

type Mail = {
  readonly subject: string;
  readonly to: readonly string[];
  readonly text?: string;
  readonly fields?: readonly string[];
  readonly attachments?: readonly Attachment[];
};

/** Sends as a mail program does; returns the Message-ID. */
async function mail(
  stage: FlowStage,
  { subject, to, text = 'Hello', fields = [], attachments = [] }: Mail,
): Promise<string> {
  const id = `<${randomUUIDv7()}@corp.example>`;
  const attached = attachments.length === 0 ? {} : { attachments };
  const bytes = write({ subject, to, text, fields, ...attached }, id, Date.now());
  await using client = await stage.connect();
  const { reply } = await client.send({ from: anna, to: to.map(addressOf) }, bytes);
  expect(reply.code).toBe(250);
  return id;
}

const docx = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
const document = (text: string): Attachment => ({ name: 'letter.docx', type: docx, content: wordDocument(text) });

/** The flag of each header in the archive that says it needs a password. */
function locked(archive: Buffer): Buffer {
  const out = Buffer.from(archive);
  for (const [signature, offset] of [
    ['PK\x03\x04', 6],
    ['PK\x01\x02', 8],
  ] as const) {
    for (let at = out.indexOf(signature); at >= 0; at = out.indexOf(signature, at + 4)) {
      out.writeUInt16LE(out.readUInt16LE(at + offset) | 1, at + offset);
    }
  }
  return out;
}

/** Quoted-printable undone as far as words of ASCII go. */
const plain = (bytes: Buffer): string => bytes.toString().replaceAll('=\r\n', '').replaceAll('\r\n', ' ');
const toGina = ({ recipients }: { readonly recipients: readonly string[] }): boolean =>
  recipients.includes(addressOf('Gina'));

eachEngine((engine) => {
  test('content decides: a number in a Word document, a word in the body, and neither', async () => {
    await using stage = await openFlow(engine, policy);
    const found = await mail(stage, { subject: 'File', to: ['Simon'], attachments: [document('SSN: 536-90-4399')] });
    const worded = await mail(stage, { subject: 'Word', to: ['Gina'], text: 'The nebelhorn.' });
    const clean = await mail(stage, { subject: 'Clean', to: ['Gina'], attachments: [document('Nothing to see.')] });
    const [delivery] = (await stage.trace(found)).deliveries;
    expect(delivery).toMatchObject({ level: 'message', method: 'smime', state: 'delivered' });
    expect(delivery?.rules).toEqual(['Social Security numbers leave protected']);
    expect((await stage.trace(worded)).deliveries).toMatchObject([{ level: 'transport', method: 'tls' }]);
    expect((await stage.trace(clean)).deliveries).toMatchObject([{ level: 'none', state: 'delivered', rules: [] }]);
    expect(JSON.stringify(delivery)).not.toContain('536-90');
    expect(stage.log.join('')).not.toMatch(/536-90|letter\.docx|ebelhorn/);
  });

  test('a thread stays protected: the answer to what left protected, and the answer to that', async () => {
    await using stage = await openFlow(engine, policy);
    const first = await mail(stage, { subject: '[secure] Contract', to: ['Simon'] });
    await stage.trace(first);
    const second = await mail(stage, { subject: 'Re: Contract', to: ['Simon'], fields: [`In-Reply-To: ${first}`] });
    expect((await stage.trace(second)).deliveries).toMatchObject([
      { level: 'message', rules: ['Answers stay protected'] },
    ]);
    const third = await mail(stage, { subject: 'More', to: ['Simon'], fields: [`References: <x@y>\r\n ${second}`] });
    expect((await stage.trace(third)).deliveries).toMatchObject([{ level: 'message' }]);
    const other = await mail(stage, { subject: 'Contract', to: ['Simon'], fields: ['References: <other@b.example>'] });
    expect((await stage.trace(other)).deliveries).toMatchObject([{ level: 'none' }]);
  });

  test('what cannot be opened waits: the reviewer is told how to let it go, once, and it leaves when they do', async () => {
    await using stage = await openFlow(engine, policy);
    const archive = locked(zip({ 'secret-name.txt': Buffer.from('secret '.repeat(50)) }));
    const attachments = [{ name: 'a.zip', type: 'application/zip', content: archive }];
    const id = await mail(stage, { subject: 'Canary', to: ['Gina', 'Simon'], attachments });
    const held = await stage.trace(id);
    expect(held.deliveries).toMatchObject([
      { level: 'hold', state: 'held' },
      { level: 'hold', state: 'held' },
    ]);
    const notice = await stage.sinks.wait(({ recipients }) => recipients.includes('rita@corp.example'));
    expect(notice.from).toBe('');
    expect(plain(notice.bytes)).toContain(`postern queue release ${held.id}`);
    expect(plain(notice.bytes)).toContain('It waits for 2 of 2 recipients.');
    expect(plain(notice.bytes)).not.toMatch(/Canary|a\.zip|secret/);
    expect(stage.sinks.received.some(toGina)).toBe(false);
    await stage.gateway.store.queueAction(held.id, 'release', Date.now());
    expect((await stage.sinks.wait(toGina)).tls).toBe('TLSv1.3');
    expect(stage.sinks.mailbox('rita@corp.example')).toHaveLength(1);
  });
});

test('the sender is told what a rule has to say, once for all recipients; automatic mail is not answered', async () => {
  await using stage = await openFlow(sqlite, policy);
  const id = await mail(stage, { subject: '[secrue] Canary', to: ['Gina', 'Nora'] });
  const notice = await stage.sinks.wait(({ recipients }) => recipients.includes(anna));
  expect(notice.from).toBe('');
  expect(plain(notice.bytes)).toContain('Did you mean [secure]?');
  expect(plain(notice.bytes)).toContain(`To ${addressOf('Gina')}, ${addressOf('Nora')}`);
  expect(plain(notice.bytes)).toContain(`In-Reply-To: ${id}`);
  const auto = await mail(stage, { subject: '[secrue] x', to: ['Gina'], fields: ['Auto-Submitted: auto-generated'] });
  expect((await stage.trace(auto)).deliveries).toMatchObject([{ state: 'delivered', rules: ['A slip of the pen'] }]);
  await stage.trace(id);
  expect(stage.sinks.mailbox(anna)).toHaveLength(1);
});

test('header fields come and go by whatever method the message leaves', async () => {
  await using stage = await openFlow(sqlite, policy);
  const fields = ['X-Draft: 7', 'X-Kept: yes'];
  const id = await mail(stage, { subject: '[mark] Hello', to: ['Gina', 'Petra', 'Simon'], fields });
  const methods = (await stage.trace(id)).deliveries.map(({ recipient, method }) => [recipient, method]);
  const expected = { Gina: 'tls', Petra: 'pgp', Simon: 'smime' };
  expect(Object.fromEntries(methods)).toEqual(
    Object.fromEntries(Object.entries(expected).map(([person, method]) => [addressOf(person), method])),
  );
  for (const person of Object.keys(expected)) {
    const [received] = stage.sinks.mailbox(addressOf(person));
    const header = received?.bytes.toString('latin1').split('\r\n\r\n')[0] ?? '';
    expect(header).toMatch(/^X-Class: internal\r\n/);
    expect(header).toMatch(/^X-Kept: yes\r$/m);
    expect(header).not.toContain('X-Draft');
  }
});

test('a rule says how long a message waits in the portal', async () => {
  await using stage = await openFlow(sqlite, policy);
  const waiting: Event[] = [];
  stage.gateway.events((event) => event.kind === 'delivery.waiting' && waiting.push(event));
  const before = Date.now();
  await stage.trace(await mail(stage, { subject: '[secure] Hello', to: ['Paula'] }));
  const [event] = waiting;
  const days = event?.kind === 'delivery.waiting' ? (event.expiresAt - before) / 86_400_000 : 0;
  expect(days).toBeGreaterThanOrEqual(2);
  expect(days).toBeLessThan(2.01);
});

test('what is urgent leaves first once the way is free', async () => {
  const edit = (yaml: string): string => yaml.replace('delivery:\n', 'delivery:\n  perDestination: 1\n');
  await using stage = await openFlow(sqlite, policy, { edit });
  stage.sinks.setOutage({ code: 451, text: '4.3.2 later' });
  const ids: string[] = [];
  for (let at = 0; at < 12; at++) ids.push(await mail(stage, { subject: `Slow ${at}`, to: ['Gina'] }));
  ids.push(await mail(stage, { subject: '[first] Fast', to: ['Gina'] }));
  const tried = async (id: string) =>
    ((await stage.gateway.store.findMessages(id))[0]?.deliveries[0]?.attempts ?? 0) > 0;
  for (const id of ids) await until(() => tried(id));
  stage.sinks.setOutage(null);
  // All are put off now; each is claimed by its priority when it is made ready again.
  await stage.gateway.store.queueAction(null, 'retry', Date.now());
  for (const id of ids) await stage.trace(id);
  const order = stage.sinks
    .mailbox(addressOf('Gina'))
    .map(({ bytes }) => /^Subject: (.*)$/m.exec(bytes.toString())?.[1]);
  expect(order).toHaveLength(13);
  expect(order.indexOf('[first] Fast')).toBeLessThan(4);
});

describe('a policy that changes while mail flows', () => {
  const simple = (level: string): string => `version: 1\nrules: []\ndefault: { protect: ${level} }\n`;

  test('counts once it parses; until then the old one does, and every delivery tells its version', async () => {
    await using stage = await openFlow(sqlite, simple('none'));
    const [tenant] = stage.config.tenants;
    const events: Event[] = [];
    stage.gateway.events((event) => event.kind.startsWith('policy.') && events.push(event));
    const versions = new Map<string, string>();
    const level = async (): Promise<string | undefined> => {
      const id = await mail(stage, { subject: 'Hello', to: ['Gina'] });
      const { id: ours, deliveries } = await stage.trace(id);
      const facts = await stage.gateway.store.messageFacts(ours);
      const at = deliveries[0]?.level ?? '';
      versions.set(at, facts?.policyVersion ?? '');
      expect(openKept(stage.config.masterKey, ours, facts?.sealedFacts ?? '')?.facts.subject).toBe('Hello');
      return at;
    };
    expect(await level()).toBe('none');
    writeFileSync(tenant?.policy ?? '', `${simple('transport')}oops: 1\n`);
    await until(async () => events.some(({ kind }) => kind === 'policy.broken'));
    expect(await level()).toBe('none');
    expect(events).toMatchObject([{ kind: 'policy.broken', tenant: 'corp', line: 4, column: 1 }]);
    writeFileSync(tenant?.policy ?? '', simple('transport'));
    await until(async () => events.some(({ kind }) => kind === 'policy.loaded'));
    expect(await level()).toBe('transport');
    expect(versions.get('transport')).not.toBe(versions.get('none'));
    expect(events).toMatchObject([{}, { kind: 'policy.loaded', version: versions.get('transport') }]);
  });

  test('no message is lost or decided twice while policies come and go', async () => {
    await using stage = await openFlow(sqlite, simple('none'));
    const file = stage.config.tenants[0]?.policy ?? '';
    const ids: string[] = [];
    const texts = [simple('transport'), 'rules: [', simple('none'), ''];
    for (let at = 0; at < 40; at++) {
      writeFileSync(file, texts[at % texts.length] ?? '');
      stage.gateway.reload();
      ids.push(await mail(stage, { subject: `Number ${at}`, to: ['Gina'] }));
    }
    for (const id of ids) expect((await stage.trace(id)).deliveries).toMatchObject([{ state: 'delivered' }]);
    expect(stage.sinks.mailbox(addressOf('Gina'))).toHaveLength(40);
  });
});

test('groups from a file decide, also after they change', async () => {
  const rule = `version: 1
rules:
  - { name: Lawyers, when: { sender: { group: legal } }, then: { protect: transport } }
default: { protect: none }
`;
  await using place = await sqlite.create();
  const file = join(place.folder, 'groups.yaml');
  writeFileSync(file, 'legal: [lars@corp.example]\n');
  const edit = (yaml: string): string => yaml.replace('policy: ./policy.yaml', `$&\n    groups: ${file}`);
  await using stage = await openFlow(sqlite, rule, { edit });
  const level = async (): Promise<string | undefined> => {
    const { deliveries } = await stage.trace(await mail(stage, { subject: 'Hello', to: ['Gina'] }));
    return deliveries[0]?.level;
  };
  expect(await level()).toBe('none');
  writeFileSync(file, 'legal: [anna@corp.example]\n');
  stage.gateway.reload();
  expect(await level()).toBe('transport');
});
