/**
 * `npm run bench -- tls-matrix`: everything the tests know of that a server, a domain's DNS or its policy host can do wrong, against what is asked of
 * it, as one table: what became of the message, how many octets of it were seen in the clear, and why. Real sockets, on loopback.
 *
 * The cases are those of the tests (test/deliver/*-cases.ts); nothing is decided here. Ends with 1 when a row is other than its case says, or
 * when anything of a message was seen in the clear where it must not be.
 */
import type { TlsLevel } from '../../src/config/config.ts';
import { fetchPolicy } from '../../src/deliver/sts-fetch.ts';
import { createEgress } from '../../src/net/egress.ts';
import type { DnsAnswer } from '../../src/net/resolver.ts';
import type { Outcome } from '../../src/plan/delivery.ts';
import { startPolicyHost } from '../../src/sandbox/policy-host.ts';
import { cases, root as connectionRoot, demands, good } from '../deliver/connection-cases.ts';
import { rows as domainRows, domains, servers } from '../deliver/domain-cases.ts';
import { type End, endOf } from '../deliver/ends.ts';
import { name, root, startDomain } from '../deliver/one-domain.ts';
import { goodSite, policyCases, privateAddresses } from '../deliver/policy-cases.ts';
import { remoteCases } from '../deliver/remote-cases.ts';
import { type ScriptedServer, startServer } from '../deliver/scripted-server.ts';
import { message, transmitterTo } from '../deliver/transmit.ts';
import { inject, injections } from '../ingress/injections.ts';

type Row = {
  readonly threat: 'T-3' | 'T-8' | 'T-9' | 'T-10' | 'T-11';
  readonly what: string;
  readonly asked: string;
  readonly happened: string;
  /** Octets of DATA in the clear; null where no message is involved. */
  readonly clear: number | null;
  readonly why: string;
  /** What is not as it must be, or null. */
  readonly wrong: string | null;
};

const words: Record<End, string> = {
  plain: 'delivered in plain text',
  secret: 'delivered',
  unmet: 'not sent: next method',
  lifted: 'not sent: waits for the domain',
  refused: 'refused: the sender is told',
  deferred: 'tried again later',
};

function happenedOf(outcome: Outcome): string {
  const end = endOf(outcome) ?? 'deferred';
  const remote = outcome.kind === 'delivered' ? outcome.remote : null;
  return end === 'secret' && remote !== null ? `delivered, ${remote.tls}, ${remote.level}` : words[end];
}

function whyOf(outcome: Outcome): string {
  if (outcome.kind === 'deferred' || outcome.kind === 'failed') return `${outcome.status} ${outcome.reason}`;
  if (outcome.kind === 'waiting') return '';
  const { tls = null, verifiedBy = null } = outcome.remote ?? {};
  return verifiedBy ?? (tls === null ? 'nothing demands more' : 'encryption was enough');
}

/** What reached the server in the clear, and what of it should not have. */
function inTheClear(server: ScriptedServer, allowed: boolean): Pick<Row, 'clear' | 'wrong'> {
  const clear = server.connections.reduce((sum, connection) => sum + connection.clear, 0);
  const plain = server.connections.map((connection) => connection.plain).join('');
  const leaked = clear > 0 || /MAIL FROM|RCPT TO|DATA|Subject/.test(plain);
  return { clear, wrong: leaked && !allowed ? 'something was seen in the clear' : null };
}

function rowOf(about: Pick<Row, 'threat' | 'what' | 'asked'>, outcome: Outcome, end: End, server: ScriptedServer): Row {
  const seen = inTheClear(server, end === 'plain');
  const other = endOf(outcome) === end ? null : `should have been ${end}`;
  return { ...about, ...seen, happened: happenedOf(outcome), why: whyOf(outcome), wrong: seen.wrong ?? other };
}

const noOutcome = (): never => {
  throw new Error('a message without an outcome');
};

/** T-3, towards us: commands in the clear behind a client's STARTTLS. */
const injectionRuns = injections.map((text) => async (): Promise<Row> => {
  const shown = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  const about = {
    threat: 'T-3',
    what: `to us: STARTTLS and ${JSON.stringify(shown)}`,
    asked: '-',
    clear: null,
  } as const;
  const heard = await inject(text);
  if (heard === 'closed') {
    return { ...about, happened: 'hung up, nothing answered', why: 'it is no TLS handshake', wrong: null };
  }
  const why = `under TLS, RCPT is answered with ${heard.rcpt}`;
  const wrong = heard.rcpt.startsWith('503') && heard.vrfy.startsWith('502') ? null : 'something of it was heard';
  return { ...about, happened: 'nothing of it was heard', why, wrong };
});

/** T-3 and T-8: servers whose TLS is not what it should be. */
const connectionRuns = Object.entries(cases).flatMap(([what, { script, expected }]) =>
  Object.entries(demands).map(([asked, demand]) => async (): Promise<Row> => {
    await using server = await startServer(script);
    await using transmitter = transmitterTo(server.port, {
      trust: [connectionRoot.certPem],
      timeouts: { connect: 2_000, command: 500, data: 2_000 },
      ...demand.published?.(script, server.port),
    });
    const [outcome = noOutcome()] = await transmitter.send(message({ tls: demand.asked }));
    const threat = /injected|STARTTLS in/.test(what) ? 'T-3' : 'T-8';
    return rowOf({ threat, what, asked }, outcome, demand.end(expected), server);
  }),
);

/** T-8 to T-10: domains by what they have published or shown before. */
const domainRuns = domainRows.map(([domainName = '', asked = '', serverName = '', end]) => async (): Promise<Row> => {
  const domain = domains[domainName] ?? {};
  await using internet = await startDomain(domain, servers[serverName] ?? {});
  const { server, transmitter } = internet;
  const to = { destination: name, to: [`bob@${name}`], tls: asked as TlsLevel, pin: domain.pin ?? null };
  const [outcome = noOutcome()] = await transmitter.send(message(to));
  const threat = /STS/.test(domainName) ? 'T-9' : /TLSA|signed|bogus|alias/.test(domainName) ? 'T-10' : 'T-8';
  return rowOf({ threat, what: `${domainName}; server: ${serverName}`, asked }, outcome, end as End, server);
});

const found = (ip: string): DnsAnswer<string> => ({ kind: 'found', records: [ip], authenticated: false, name });
const none: DnsAnswer<string> = { kind: 'none', exists: true, authenticated: false, name };

/** T-9: web hosts of policies. */
const policyRuns = [
  ...Object.entries(policyCases).map(([what, { site, roots, words }]) => {
    return { what: `policy host: ${what}`, site, roots, words, ip: '127.0.0.1', allowPrivate: true };
  }),
  ...privateAddresses.map((ip) => {
    const words = 'only private addresses';
    return { what: `policy host at ${ip}`, site: goodSite, roots: [root.certPem], words, ip, allowPrivate: false };
  }),
].map(({ what, site, roots, words, ip, allowPrivate }) => async (): Promise<Row> => {
  await using host = await startPolicyHost([site]);
  const six = ip.includes(':');
  const resolver = { a: async () => (six ? none : found(ip)), aaaa: async () => (six ? found(ip) : none) };
  const fetched = await fetchPolicy(name, host.port, { resolver, egress: createEgress({ allowPrivate }), roots });
  const why = fetched.kind === 'failed' ? fetched.reason : '';
  const wrong = why.includes(words) ? null : 'should have been no policy';
  const happened = fetched.kind === 'failed' ? 'no policy; one remembered holds' : 'a policy';
  return { threat: 'T-9', what, asked: 'a policy', happened, clear: null, why, wrong };
});

/** T-11: what servers answer to a transaction; here each under verified TLS, so that no answer may lead to plain text. */
const remoteRuns = Object.entries(remoteCases).map(([what, given]) => async (): Promise<Row> => {
  await using server = await startServer({ ...given.script(), tls: good });
  await using transmitter = transmitterTo(server.port, {
    trust: [connectionRoot.certPem],
    timeouts: { connect: 2_000, command: 1_000, data: 1_000 },
  });
  const sent = message({ ...given.message, tls: 'verify' });
  const outcomes = await transmitter.send(sent);
  const again = given.again === undefined ? [] : await transmitter.send(sent);
  const kinds = [...given.outcomes, ...(given.again ?? [])].map((outcome) => ('kind' in outcome ? outcome.kind : ''));
  const all = [...outcomes, ...again];
  const wrong = all.map(({ kind }) => kind).join() === kinds.join() ? null : `should have been ${kinds.join(', ')}`;
  const seen = inTheClear(server, false);
  const happened = again.length > 0 ? all.map(happenedOf).join(', then ') : counted(outcomes.map(happenedOf));
  const why = counted(outcomes.map(whyOf));
  return { threat: 'T-11', what, asked: 'verify', happened, ...seen, why, wrong: seen.wrong ?? wrong };
});

/** "2 x a, b": equal texts once. */
function counted(texts: readonly string[]): string {
  const counts = Map.groupBy(texts, (text) => text);
  return [...counts].map(([text, { length }]) => (length === 1 ? text : `${length} x ${text}`)).join('; ');
}

/** A few at a time: some wait for a deadline, and none should wait for the processor. */
async function runAll(runs: readonly (() => Promise<Row>)[]): Promise<Row[]> {
  const rows: Row[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < runs.length; index = next++) {
      const run = runs[index];
      if (run !== undefined) rows[index] = await run();
    }
  };
  await Promise.all(Array.from({ length: 6 }, worker));
  return rows;
}

const heads = ['threat', 'misbehaviour', 'asked', 'what happened', 'DATA in the clear', 'why'] as const;
const rows = await runAll([...injectionRuns, ...connectionRuns, ...domainRuns, ...policyRuns, ...remoteRuns]);
const order = ['T-3', 'T-8', 'T-9', 'T-10', 'T-11'];
const cells = rows
  .toSorted((a, b) => order.indexOf(a.threat) - order.indexOf(b.threat))
  .map(({ threat, what, asked, happened, clear, why, wrong }) => {
    const clearly = clear === null ? '-' : String(clear);
    return [threat, what, asked, happened, clearly, wrong === null ? why : `WRONG, ${wrong}: ${why}`];
  });
const widths = heads.map((_, column) => Math.max(...[[...heads], ...cells].map((row) => row[column]?.length ?? 0)));
const line = (row: readonly string[]): string =>
  row.map((cell, column) => cell.padEnd(column === row.length - 1 ? 0 : (widths[column] ?? 0))).join('  ');
process.stdout.write(`${[line(heads), ...cells.map(line)].join('\n')}\n\n`);
const wrong = rows.filter((row) => row.wrong !== null);
const clearRows = rows.filter(({ clear }) => (clear ?? 0) > 0);
process.stdout.write(
  `${rows.length} rows; ${clearRows.length} delivered in plain text, where nothing forbids it; ${wrong.length} other than they must be.\n`,
);
if (wrong.length > 0) process.exitCode = 1;
