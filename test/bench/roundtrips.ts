/**
 * `npm run bench -- roundtrips`: how many round trips a message costs on a road of 50 ms in each direction, Postern's transmitter beside Postfix (root,
 * Debian's postfix), to the same kind of server: a small one that offers what mail servers offer.
 *
 * Warm: many messages follow each other on one connection; the time between two of them at the server counts. Cold: a connection for each message;
 * from its beginning until the sender has the 250. TCP's own handshake with the road takes no time, so one round trip is missing from every cold
 * number, on both sides. Postfix gets what makes it fast: one connection that is reused, a session cache.
 *
 *   npm run bench -- roundtrips [--messages 20] [--delay 50]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { issueCertificate } from '../../src/protect/issue.ts';
import { type Script, startServer } from '../deliver/scripted-server.ts';
import { message, transmitterTo } from '../deliver/transmit.ts';
import { type Road, startRoad } from './delay.ts';
import { sendLoad } from './load.ts';
import { freePort } from './ports.ts';
import { postfixMissing, startPostfix } from './postfix.ts';

const { values } = parseArgs({
  options: { messages: { type: 'string', default: '20' }, delay: { type: 'string', default: '50' } },
});
const warmMessages = Number(values.messages);
const coldMessages = 6;
const delay = Number(values.delay);
const root = issueCertificate({ subject: 'bench CA', ca: true });
const own = issueCertificate({ subject: 'mx.example', issuer: root, san: { dns: ['mx.example'] } });

type Way = {
  readonly name: string;
  readonly tls: 'none' | 'full' | 'resumed';
  readonly warm: boolean;
};
const ways: readonly Way[] = [
  { name: 'warm, plain text', tls: 'none', warm: true },
  { name: 'warm, TLS 1.3', tls: 'full', warm: true },
  { name: 'cold, plain text', tls: 'none', warm: false },
  { name: 'cold, TLS 1.3', tls: 'full', warm: false },
  { name: 'cold, TLS 1.3 resumed', tls: 'resumed', warm: false },
];

/** A server behind the road, and when each of its messages was complete, by the connection it came on. */
type Place = AsyncDisposable & {
  readonly road: Road;
  readonly complete: { readonly connection: number; readonly at: number }[];
  /** TLS sessions that were taken up again. */
  reused(): number;
  /** Ends every connection; new ones are taken. */
  restart(): Promise<void>;
};

async function startPlace(way: Way): Promise<Place> {
  await using stack = new AsyncDisposableStack();
  const complete: { connection: number; at: number }[] = [];
  let before = 0;
  let reused = 0;
  const script: Script = {
    ...(way.tls === 'none' ? {} : { tls: { cert: own.certPem, key: own.keyPem } }),
    secured: (socket) => {
      if (socket.isSessionReused()) reused += 1;
    },
    message: (_content, recorded) => {
      complete.push({ connection: before + server.connections.indexOf(recorded), at: performance.now() });
      return '250 2.0.0 Queued';
    },
  };
  const port = await freePort();
  let server = await startServer(script, '127.0.0.1', port);
  stack.defer(() => server[Symbol.asyncDispose]());
  const road = stack.use(await startRoad(port, delay));
  const running = stack.move();
  return {
    road,
    complete,
    reused: () => reused,
    restart: async () => {
      before += server.connections.length;
      await server[Symbol.asyncDispose]();
      server = await startServer(script, '127.0.0.1', port);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Round trips for each message; no number when it did not go as the way says. */
function roundTrips(way: Way, place: Place): number {
  if ((way.tls === 'resumed') !== place.reused() > 0) return Number.NaN;
  const { road, complete } = place;
  const roundTrip = 2 * road.taken();
  if (way.warm) {
    const [first] = complete;
    const connections = new Set(complete.map(({ connection }) => connection)).size;
    if (first === undefined || connections > 1) return Number.NaN;
    return ((complete.at(-1)?.at ?? 0) - first.at) / (complete.length - 1) / roundTrip;
  }
  // The first one of a resumed session is not resumed.
  const counted = complete.slice(way.tls === 'resumed' ? 1 : 0);
  const each = counted.map(({ connection, at }) => (at + road.taken() - (road.accepted[connection] ?? 0)) / roundTrip);
  return each.reduce((sum, one) => sum + one, 0) / each.length;
}

async function posternSide(way: Way): Promise<number> {
  await using place = await startPlace(way);
  const options = { trust: [root.certPem], timeouts: { connect: 30_000, command: 30_000, data: 30_000 } };
  const tls = way.tls === 'none' ? 'may' : 'verify';
  if (way.warm || way.tls === 'resumed') {
    await using transmitter = transmitterTo(place.road.port, options);
    for (let sent = 0; sent < (way.warm ? warmMessages : coldMessages); sent++) {
      await transmitter.send(message({ tls }));
      if (!way.warm) await place.restart();
      if (!way.warm) await pause(8 * delay);
    }
  } else {
    for (let sent = 0; sent < coldMessages; sent++) {
      await using transmitter = transmitterTo(place.road.port, options);
      await transmitter.send(message({ tls }));
    }
  }
  return roundTrips(way, place);
}

async function postfixSide(way: Way): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const place = stack.use(await startPlace(way));
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const postfix = await startPostfix(folder, place.road.port, [
    'smtp_destination_concurrency_limit = 1',
    'initial_destination_concurrency = 1',
    `smtp_connection_cache_on_demand = ${way.warm ? 'yes' : 'no'}`,
    ...(way.warm ? ['smtp_connection_cache_destinations = 127.0.0.1'] : []),
    ...(way.tls === 'none' ? [] : ['smtp_tls_security_level = encrypt']),
    ...(way.warm && way.tls !== 'none' ? ['smtp_tls_connection_reuse = yes'] : []),
    ...(way.tls === 'resumed' ? ['smtp_tls_session_cache_database = btree:$data_directory/smtp_scache'] : []),
  ]);
  stack.defer(() => postfix.stop());
  const messages = way.warm ? warmMessages : coldMessages;
  await sendLoad({
    port: postfix.port,
    messages,
    connections: 1,
    bytes: 200,
    from: 'alice@corp.example',
    to: 'bob@mx.example',
  });
  for (let tries = 0; place.complete.length < messages && tries < 600; tries++) await pause(100);
  return roundTrips(way, place);
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const missing = postfixMissing();
if (missing !== null) process.stderr.write(`Without Postfix to compare with: ${missing}.\n`);
process.stdout.write(
  `Round trips of ${2 * delay} ms for each message:\n\n${'what'.padEnd(24)}Postern  Postfix  ratio\n`,
);
for (const way of ways) {
  const postern = await posternSide(way);
  const postfix = missing === null ? await postfixSide(way) : Number.NaN;
  const cells = [postern, postfix, postern / postfix].map((number) => number.toFixed(2).padStart(7));
  process.stdout.write(`${way.name.padEnd(24)}${cells.join('  ')}\n`);
  // A hundredth for the machine.
  if (way.warm && !(postern <= 2.05)) process.exitCode = 1;
}
