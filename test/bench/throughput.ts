/**
 * `npm run bench`: how fast Postern takes and passes on mail, beside Postfix as a plain relay, on this machine, in one run. For each round and
 * each side in turn: smtp-source sends over persistent connections, the clock for "accepted" stops when every message was answered 250, the
 * clock for "end to end" when smtp-sink has counted them all. Both sides keep their queue in the same temporary folder and pay the same fsync.
 *
 *   npm run bench -- throughput [--messages 3000] [--rounds 5] [--connections 20] [--bytes 10240]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { issueCertificate } from '../../src/protect/issue.ts';
import { writeConfig } from '../../src/sandbox/config.ts';
import { startDnsServer } from '../../src/sandbox/dns-server.ts';
import { type Sink, sendLoad, startSink } from './load.ts';
import { freePort } from './ports.ts';
import { startPostern } from './postern.ts';
import { postfixMissing, startPostfix } from './postfix.ts';

type Side = { readonly name: string; readonly port: number; readonly rounds: Round[] };
/** Messages per second. */
type Round = { readonly accepted: number; readonly endToEnd: number };

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '3000' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '20' },
    bytes: { type: 'string', default: '10240' },
  },
});
const messages = Number(values.messages);
const connections = Number(values.connections);
const bytes = Number(values.bytes);

const missing = postfixMissing();
if (missing === null) await bench();
else {
  process.stderr.write(`The bench compares with Postfix and uses its test programs: ${missing}.\n`);
  process.exitCode = 1;
}

async function bench(): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const sink = await startSink();
  stack.defer(() => sink.stop());
  const postfix = await startPostfix(folder, sink.port);
  stack.defer(() => postfix.stop());
  const sides: Side[] = [
    { name: 'Postern', port: await startPosternSide(stack, folder, sink.port), rounds: [] },
    { name: 'Postfix', port: postfix.port, rounds: [] },
  ];
  process.stdout.write(
    `${messages} messages of ${bytes} octets over ${connections} connections, messages per second:\n`,
  );
  // A round to warm up, which does not count.
  for (const side of sides) await measure(side, sink, Math.min(messages, 1000));
  for (let round = 1; round <= Number(values.rounds); round++) {
    // Whoever went first goes last the next time.
    for (const side of round % 2 === 1 ? sides : sides.toReversed()) {
      const result = await measure(side, sink, messages);
      side.rounds.push(result);
      process.stdout.write(
        `  round ${round}  ${side.name}  accepted ${whole(result.accepted)}/s  end to end ${whole(result.endToEnd)}/s\n`,
      );
    }
  }
  report(sides);
}

async function startPosternSide(stack: AsyncDisposableStack, folder: string, sinkPort: number): Promise<number> {
  const dns = stack.use(
    await startDnsServer([
      { name: 'dest.example', type: 'MX', preference: 10, exchange: 'mx.dest.example' },
      { name: 'mx.dest.example', type: 'A', data: '127.0.0.1' },
    ]),
  );
  const smtpPort = await freePort();
  const files = writeConfig({
    folder: join(folder, 'postern'),
    smtpPort,
    webPort: await freePort(),
    deliveryPort: sinkPort,
    dns: dns.address,
    authority: issueCertificate({ subject: 'bench CA', ca: true }),
    policy: 'version: 1\nrules: []\ndefault: { protect: none }\n',
    retry: { first: '1s', max: '5s', giveUpAfter: '1h', warnAfter: '30m' },
  });
  const postern = await startPostern(files.config, join(folder, 'postern.log'));
  stack.defer(async () => void (await postern.stop()));
  return smtpPort;
}

async function measure(side: Side, sink: Sink, count: number): Promise<Round> {
  const before = sink.count();
  const started = performance.now();
  const accepting = await sendLoad({
    port: side.port,
    messages: count,
    connections,
    bytes,
    from: 'anna@corp.example',
    to: 'bob@dest.example',
  });
  await sink.reached(before + count);
  return { accepted: count / accepting, endToEnd: (count * 1000) / (performance.now() - started) };
}

function report(sides: readonly Side[]): void {
  const medians = sides.map(({ name, rounds }) => ({
    name,
    accepted: median(rounds.map(({ accepted }) => accepted)),
    endToEnd: median(rounds.map(({ endToEnd }) => endToEnd)),
  }));
  for (const { name, accepted, endToEnd } of medians)
    process.stdout.write(`median   ${name}  accepted ${whole(accepted)}/s  end to end ${whole(endToEnd)}/s\n`);
  const [postern, postfix] = medians;
  if (postern === undefined || postfix === undefined) return;
  const ratio = (a: number, b: number): string => (a / b).toFixed(2);
  process.stdout.write(
    `ratio    Postern/Postfix  accepted ${ratio(postern.accepted, postfix.accepted)}  end to end ${ratio(postern.endToEnd, postfix.endToEnd)}\n`,
  );
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

function whole(number: number): string {
  return String(Math.round(number)).padStart(5);
}
