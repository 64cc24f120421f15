/**
 * What the memory of domains learns, from whom, and what follows for the next message: the awkward domains, each by real deliveries to servers on
 * loopback; and several processes that share one memory.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Config, TlsLevel } from '../../src/config/config.ts';
import type { Event } from '../../src/event/event.ts';
import type { TlsaRecord } from '../../src/net/resolver.ts';
import { attempt } from '../../src/pipeline/attempt.ts';
import { createDomainMemory, type DomainMemory } from '../../src/pipeline/domains.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { type Script, startServer } from '../deliver/scripted-server.ts';
import { transmitterTo, type Zone } from '../deliver/transmit.ts';
import { eachEngine, sqlite } from '../engines.ts';
import { claimAll, decide, message } from '../store/rows.ts';

const octets = Buffer.from('From: anna@corp.example\r\nSubject: Hello\r\n\r\nBody\r\n');
const root = issueCertificate({ subject: 'Test Root', ca: true });
const names = ['one.example', 'two.example', 'new.example'];
const trusted = issueCertificate({ subject: 'one.example', issuer: root, san: { dns: names } });
const selfSigned = issueCertificate({ subject: 'one.example', san: { dns: names } });
const identity = ({ certPem, keyPem }: typeof trusted) => ({ cert: certPem, key: keyPem });
const good: Script = { tls: identity(trusted) };
const untrusted: Script = { tls: identity(selfSigned) };
const plain: Script = {};
const down: Script = { greeting: '421 4.3.2 Not now' };

function tlsa(certPem: string): TlsaRecord {
  const key = new X509Certificate(certPem).publicKey.export({ type: 'spki', format: 'der' });
  return { usage: 3, selector: 1, matching: 1, data: createHash('sha256').update(key).digest() };
}

/** The domain at one time: its servers by name, in the order of preference ("=" in front: the same as the one before). */
type Time = {
  readonly servers: Readonly<Record<string, Script>>;
  readonly equal?: boolean;
  readonly tlsa?: readonly TlsaRecord[];
  readonly signed?: boolean;
  /** The only server that its MTA-STS policy names. */
  readonly promised?: string;
  /** What the step asks for; `may` when left out. */
  readonly asked?: TlsLevel;
  /** bob@b.example when left out; the first one's fate is told. */
  readonly to?: readonly string[];
};

/** What became of one message at each time: "delivered LEVEL by SERVER", else the outcome; and the floor after it. */
async function live(times: readonly Time[]): Promise<{ ends: string[]; floor: TlsLevel | null; events: Event[] }> {
  await using place = await sqlite.create();
  const { store } = await openStore(place);
  const events: Event[] = [];
  const memory = createDomainMemory({ store, emit: (event) => events.push(event), now: Date.now });
  const ends: string[] = [];
  for (const time of times) ends.push(await deliverAt(time, store, memory));
  const floor = memory.floor('b.example');
  await memory.load();
  expect(memory.floor('b.example')).toBe(floor);
  await store.close();
  return { ends, floor, events };
}

async function deliverAt(time: Time, store: Store, memory: DomainMemory): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const addresses: Record<string, string[]> = {};
  let port = 0;
  for (const [index, [name, script]] of Object.entries(time.servers).entries()) {
    const ip = `127.22.0.${index + 1}`;
    const server = stack.use(await startServer(script, ip, port));
    port = server.port;
    addresses[name] = [ip];
  }
  const hosts = Object.keys(time.servers);
  const zone: Zone = {
    mx: { 'b.example': hosts.map((exchange, at) => ({ preference: time.equal === true ? 1 : at, exchange })) },
    a: addresses,
    signed: time.signed ?? false,
    tlsa: Object.fromEntries(hosts.map((name) => [`_${port}._tcp.${name}`, time.tlsa ?? []])),
  };
  const floor = (domain: string) => memory.floor(domain);
  const { promised } = time;
  const policy = { mode: 'enforce', mx: [promised ?? ''], maxAge: 86_400 } as const;
  const sts = async () => (promised === undefined ? null : { id: 'a', policy });
  const transmitter = stack.use(transmitterTo(port, { trust: [root.certPem], zone, floor, sts }));
  await decide(store, time.to ?? ['bob@b.example'], { steps: [{ method: 'tls', tls: time.asked ?? 'may', keys: [] }] });
  const unused = (): never => {
    throw new Error('not part of this test');
  };
  const retry = { first: 1, max: 1, giveUpAfter: 1e9, warnAfter: 1e9 };
  const config = { delivery: { retry } as Config['delivery'], tenants: [] } as Partial<Config> as Config;
  // Ids of one millisecond come in any order; the first recipient by name is the one that is told of.
  const claimed = (await claimAll(store)).toSorted((a, b) => (a.recipient < b.recipient ? -1 : 1));
  const { seen, conclude } = await attempt(claimed, {
    config,
    spool: {
      read: async function* () {
        yield octets;
      },
    },
    store,
    transmitter,
    protect: { protect: unused },
    signerFor: unused,
    freshKeys: unused,
    opening: {
      spool: { read: unused, create: unused, remove: unused },
      store,
      pool: { open: unused },
      decryptionKeys: unused,
      checkSigner: unused,
      harvest: null,
      now: Date.now,
    },
    own: async () => message(),
    now: Date.now,
    random: () => 0,
  });
  if (seen !== null) await memory.note(seen.domain, seen);
  const [settled] = (await conclude()).settlements;
  if (settled?.state === 'delivered') return `${settled.remote?.level} by ${settled.remote?.mx}`;
  return `${settled?.state}: ${settled?.reason}`;
}

describe('from one message to the next', () => {
  test('a level is learned, and a step that asks for less does not lower it', async () => {
    const { ends, floor, events } = await live([
      { servers: { 'one.example': good }, asked: 'verify' },
      { servers: { 'one.example': good }, asked: 'may' },
      { servers: { 'one.example': untrusted }, asked: 'may' },
      { servers: { 'one.example': untrusted }, asked: 'encrypt' },
      { servers: { 'one.example': good }, asked: 'may' },
    ]);
    expect(ends).toEqual([
      'verify by one.example',
      'verify by one.example',
      expect.stringMatching(/^deferred: .* is self-signed\. It is demanded by what b\.example has shown before\.$/),
      expect.stringMatching(/^deferred: /),
      'verify by one.example',
    ]);
    expect(floor).toBe('verify');
    expect(events).toMatchObject([{ kind: 'domain.downgraded', known: 'verify', seen: 'encrypt' }]);
  });

  test('a recipient who is refused hides nothing of what took the message for another', async () => {
    const nobody = {
      ...good,
      answer: (_: string, line: string) => (/TO:<ann@/.test(line) ? '550 5.1.1 No' : undefined),
    };
    const to = ['ann@b.example', 'bob@b.example'];
    const { ends, floor } = await live([{ servers: { 'one.example': nobody }, to }]);
    expect(ends).toEqual([expect.stringMatching(/^failed: .*550/)]);
    expect(floor).toBe('verify');
  });

  test('asked for by us or by the domain: it fell behind all the same', async () => {
    const { ends, events } = await live([
      { servers: { 'one.example': good } },
      { servers: { 'one.example': plain }, asked: 'verify' },
    ]);
    // There is no other method in this plan.
    expect(ends[1]).toMatch(/^failed: one\.example does not offer STARTTLS/);
    expect(events).toMatchObject([{ kind: 'domain.downgraded', known: 'verify', seen: null }]);
  });

  test('what is asked and was never shown is no downgrade', async () => {
    const { events } = await live([
      { servers: { 'one.example': untrusted }, asked: 'encrypt' },
      { servers: { 'one.example': untrusted }, asked: 'verify' },
      { servers: { 'one.example': good }, asked: 'secure' },
    ]);
    expect(events).toEqual([]);
  });

  test('a backup that is better than the preferred server makes no promise for it', async () => {
    const { ends, floor, events } = await live([
      { servers: { 'one.example': down, 'two.example': good } },
      { servers: { 'one.example': plain, 'two.example': good } },
    ]);
    expect(ends).toEqual(['verify by two.example', 'may by one.example']);
    expect(floor).toBe('may');
    expect(events).toEqual([]);
  });

  test('what the preferred server has shown binds its backups, too', async () => {
    const { ends, events } = await live([
      { servers: { 'one.example': good, 'two.example': plain } },
      { servers: { 'one.example': down, 'two.example': plain } },
    ]);
    expect(ends[1]).toMatch(/^deferred: one\.example does not take mail now/);
    expect(events).toEqual([]);
  });

  test('of several preferred servers the best carries the mail; without it mail waits, and says for whom', async () => {
    const { ends, floor, events } = await live([
      { servers: { 'one.example': good, 'two.example': down }, equal: true },
      { servers: { 'one.example': good, 'two.example': plain }, equal: true },
      { servers: { 'one.example': good, 'two.example': plain }, equal: true },
      { servers: { 'one.example': down, 'two.example': plain }, equal: true },
    ]);
    expect(ends.slice(0, 3)).toEqual(Array(3).fill('verify by one.example'));
    expect(ends[3]).toMatch(
      /^deferred: one\.example does not take mail now.* two\.example does not offer STARTTLS\. It is demanded by what/,
    );
    expect(floor).toBe('verify');
    expect(events).toMatchObject([{ kind: 'domain.downgraded' }]);
  });

  test('DANE that was withdrawn, properly: a good certificate serves on, a self-signed one waits for the admin', async () => {
    const records = (certPem: string) => ({ signed: true, tlsa: [tlsa(certPem)] });
    const kept = await live([
      { servers: { 'one.example': good }, ...records(trusted.certPem) },
      { servers: { 'one.example': good }, signed: true },
    ]);
    expect(kept.ends).toEqual(['dane by one.example', 'secure by one.example']);
    const lost = await live([
      { servers: { 'one.example': untrusted }, ...records(selfSigned.certPem) },
      { servers: { 'one.example': untrusted }, signed: true },
    ]);
    expect(lost.ends[1]).toMatch(/^deferred: .* is self-signed\. It is demanded by what b\.example has shown before/);
    expect(lost.events).toMatchObject([{ kind: 'domain.downgraded', known: 'dane', seen: 'encrypt' }]);
  });

  test('a policy that names none of the servers: nobody was asked, and it is told of', async () => {
    const { ends, floor, events } = await live([{ servers: { 'one.example': good }, promised: 'two.example' }]);
    expect(ends[0]).toMatch(/^deferred: one\.example is not among the mail servers that the MTA-STS policy/);
    expect(floor).toBeNull();
    expect(events).toMatchObject([{ kind: 'domain.downgraded', known: null, seen: null }]);
  });

  test('a policy that expired or was withdrawn: the good certificate it stood on is still asked for', async () => {
    const { ends, floor } = await live([
      { servers: { 'one.example': good }, promised: 'one.example' },
      { servers: { 'one.example': good } },
      { servers: { 'one.example': untrusted } },
    ]);
    expect(ends.slice(0, 2)).toEqual(['secure by one.example', 'verify by one.example']);
    expect(ends[2]).toMatch(/^deferred: .* is self-signed/);
    expect(floor).toBe('secure');
  });

  test('another provider: as good, mail goes on; worse, it waits and is told of', async () => {
    const better = await live([{ servers: { 'one.example': good } }, { servers: { 'new.example': good } }]);
    expect(better.ends[1]).toBe('verify by new.example');
    const worse = await live([{ servers: { 'one.example': good } }, { servers: { 'new.example': untrusted } }]);
    expect(worse.ends[1]).toMatch(/^deferred: The certificate of new\.example is self-signed/);
    expect(worse.events).toMatchObject([{ kind: 'domain.downgraded', domain: 'b.example' }]);
  });
});

eachEngine((engine) => {
  const seen = (tls: TlsLevel) => ({
    at: Date.now(),
    tls,
    proved: tls,
    mx: 'mx',
    failure: null,
    unmet: false,
    lifted: false,
  });
  const fell = { ...seen('may'), proved: null, failure: 'No STARTTLS.', unmet: true, lifted: true };

  test('what one process learns the others know with their next load, and so with what an admin makes it forget', async () => {
    await using place = await engine.create();
    const [one, two] = [(await openStore(place)).store, (await openStore(place)).store];
    const events: Event[] = [];
    const ports = { emit: (event: Event) => events.push(event), now: Date.now };
    const [first, second] = [
      createDomainMemory({ store: one, ...ports }),
      createDomainMemory({ store: two, ...ports }),
    ];
    await first.note('x.example', seen('verify'));
    expect([first.floor('x.example'), second.floor('x.example')]).toEqual(['verify', null]);
    // The first writes what it noted within a second, or when it loads.
    await first.load();
    await second.load();
    expect(second.floor('x.example')).toBe('verify');
    await Promise.all([first.note('x.example', fell), second.note('x.example', fell), first.note('x.example', fell)]);
    expect(events).toHaveLength(1);
    expect([first.floor('x.example'), second.floor('x.example')]).toEqual(['verify', 'verify']);
    await one.forgetDomain('x.example', Date.now());
    await Promise.all([first.load(), second.load()]);
    expect([first.floor('x.example'), second.floor('x.example')]).toEqual([null, null]);
    await Promise.all([one.close(), two.close()]);
  });

  test('what is learned while the database is read is not lost', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    let read = Promise.withResolvers<void>();
    const memory = createDomainMemory({
      store: {
        ...store,
        domainLevels: async (since) => {
          const levels = await store.domainLevels(since);
          await read.promise;
          return levels;
        },
      },
      emit: () => {},
      now: Date.now,
    });
    const loading = memory.load();
    await memory.note('x.example', seen('verify'));
    read.resolve();
    await loading;
    expect(memory.floor('x.example')).toBe('verify');
    read = Promise.withResolvers();
    await store.close();
  });
});
