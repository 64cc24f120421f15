/**
 * What a sender says about TLS, end to end: REQUIRETLS from MAIL to the next server or into a report, and a waiver by TLS-Required: No. With what
 * reached the servers octet for octet.
 */
import { expect, test } from 'vitest';
import { issueCertificate } from '../../src/protect/issue.ts';
import { type Script, startServer } from '../deliver/scripted-server.ts';
import { sqlite } from '../engines.ts';
import { type FlowStage, letter, openFlow, until } from './stage.ts';

const address = '127.21.0.2';
const host = 'mx.strict.example';
const policy = 'version: 1\nrules: []\ndefault: { protect: none }\n';

async function open(more = '', rules = policy): Promise<FlowStage> {
  const stage = await openFlow(sqlite, rules, {
    edit: (yaml) => yaml.replace('    policy: ./policy.yaml\n', (line) => `${line}${more}`),
  });
  stage.addRecords([
    { name: 'strict.example', type: 'MX', preference: 10, exchange: host },
    { name: host, type: 'A', data: address },
  ]);
  return stage;
}

function serve(stage: FlowStage, offers: readonly string[]) {
  const { keyPem, certPem } = issueCertificate({
    subject: host,
    issuer: stage.world.authority,
    san: { dns: [host] },
  });
  const script: Script = { offers, tls: { key: keyPem, cert: certPem } };
  return startServer(script, address, stage.sinks.port);
}

/** Sends with what MAIL says besides, and returns the Message-ID. */
async function send(stage: FlowStage, id: string, parameter: string, more = ''): Promise<string> {
  await using client = await stage.connect();
  const text = letter('Hello', 'sue@strict.example', id).toString('latin1');
  for (const [line, code] of [
    [`MAIL FROM:<anna@corp.example>${parameter}`, 250],
    ['RCPT TO:<sue@strict.example>', 250],
    ['DATA', 354],
    [`${more}${text}.`, 250],
  ] as const)
    expect(await client.command(line)).toMatchObject({ code });
  return id;
}

const pinned = `    pins: [{ domain: strict.example, hosts: [${host}] }]\n`;

test('REQUIRETLS is handed on to a server that promises it', async () => {
  await using stage = await open(pinned);
  await using server = await serve(stage, ['REQUIRETLS']);
  const id = await send(stage, '<promised@corp.example>', ' REQUIRETLS');
  const [delivery] = (await stage.trace(id)).deliveries;
  expect(delivery).toMatchObject({ state: 'delivered', remote: { level: 'secure' } });
  expect(delivery?.because.join(' ')).toMatch(/REQUIRETLS/);
  expect(server.commands()).toContain('MAIL FROM:<anna@corp.example> REQUIRETLS');
});

test.each([
  ['a server that does not promise it', pinned, '5.7.30'],
  ['a server whose name nothing vouches for', '', '5.7.10'],
] as const)('REQUIRETLS comes back from %s, in a report that is held to TLS', async (_what, more, status) => {
  await using stage = await open(more);
  await using server = await serve(stage, []);
  const id = await send(stage, '<unpromised@corp.example>', ' REQUIRETLS');
  expect((await stage.trace(id)).deliveries).toMatchObject([{ state: 'failed', status }]);
  expect(server.commands().filter((line) => line.startsWith('MAIL'))).toEqual([]);
  await until(async () => stage.sinks.mailbox('anna@corp.example').length > 0);
  const [report] = stage.sinks.mailbox('anna@corp.example');
  expect(report?.bytes.toString()).toContain(`Status: ${status}`);
  expect(report?.bytes.toString()).not.toContain('The body of this message.');
  const reports = await stage.gateway.store.findMessages(
    /Message-ID: (<.*>)/i.exec(report?.bytes.toString() ?? '')?.[1] ?? '',
  );
  expect(reports[0]?.message.smtp.requireTls).toBe(true);
  expect(reports[0]?.deliveries[0]?.steps).toMatchObject([{ method: 'none', tls: 'secure' }]);
});

test.each([
  ['honoured', '    honourTlsRequiredNo: true\n', 'delivered'],
  ['not honoured', '', 'waits'],
] as const)('TLS-Required: No, %s', async (_what, more, end) => {
  await using stage = await open(more);
  {
    await using good = await serve(stage, []);
    await stage.trace(await send(stage, '<first@corp.example>', ''));
    expect(good.messages()).toHaveLength(1);
  }
  await using fallen = await startServer({}, address, stage.sinks.port);
  const id = await send(stage, '<second@corp.example>', '', 'TLS-Required: No\r\n');
  await until(async () => ((await stage.gateway.store.findMessages(id))[0]?.deliveries[0]?.attempts ?? 0) >= 1);
  expect(fallen.messages()).toHaveLength(end === 'delivered' ? 1 : 0);
});

test.each([
  ['goes by a road as safe as the message wants, without the promise', pinned, 'MAIL FROM:<anna@corp.example>'],
  ['does not go by any other', '', null],
] as const)('REQUIRETLS and the portal: the link %s', async (_, more, command) => {
  await using stage = await open(more, policy.replace('protect: none', 'protect: portal'));
  await using server = await serve(stage, []);
  await send(stage, '<waits@corp.example>', ' REQUIRETLS');
  if (command === null) {
    const report = await stage.sinks.wait(({ recipients }) => recipients.includes('anna@corp.example'));
    expect(report.bytes.toString('latin1')).toContain('Nothing vouches for mx.strict.example');
    expect(server.messages()).toEqual([]);
  } else {
    await until(async () => server.messages().length === 1);
    expect(server.commands().find((line) => line.startsWith('MAIL'))).toContain(command);
    expect(server.commands().join(' ')).not.toContain('REQUIRETLS');
    expect(server.connections.map(({ plain }) => plain).join('')).not.toContain('MAIL');
  }
});
