/**
 * `postern portal list|recall|extend [ID]`: what waits in the portal or was opened there, and what an admin can do about it in the place of its sender. ID
 * is a message, one of its deliveries or its Message-ID. The sender gets the account of a recall by mail, as if they had done it themselves.
 */
import type { Config } from '../config/config.ts';
import { usualForSenders } from '../config/portal.ts';
import { extend, recall } from '../pipeline/recall.ts';
import type { SentMessage, Withdrawn } from '../store/sender-port.ts';
import type { Store } from '../store/store.ts';
import { printable, printFailure, printJson, table, time } from './output.ts';
import { openStorage } from './storage.ts';
import { UsageError } from './usage.ts';

const listed = 1_000;

export async function portal(
  config: Config,
  words: readonly string[],
  { json, conversation }: { readonly json: boolean; readonly conversation: boolean },
): Promise<number> {
  const [verb = 'list', id, ...more] = words;
  if (more.length > 0) throw new UsageError('postern portal takes one ID at most.');
  if (!['list', 'recall', 'extend'].includes(verb))
    throw new UsageError(`postern portal knows list, recall and extend, not "${verb}".`);
  if (conversation && verb !== 'recall') throw new UsageError('--conversation goes with postern portal recall.');
  if ((verb === 'list') !== (id === undefined))
    throw new UsageError(verb === 'list' ? 'postern portal list takes no ID.' : `postern portal ${verb} needs an ID.`);
  const { store, close } = await openStorage(config);
  try {
    if (id === undefined) return list(await store.senders.inPortal(listed), json);
    const sent = await find(store, id);
    if (sent === null) {
      printFailure(
        `No message of ${printable(id)} waits in the portal or was there (postern portal list shows ids).`,
        json,
      );
      return 1;
    }
    const ports = { store: store.senders, emit: () => {}, now: Date.now };
    if (verb === 'extend') {
      const settings = config.tenants.find((tenant) => tenant.id === sent.tenant)?.senders ?? usualForSenders;
      return extended(await extend(sent, 'postern portal extend', settings, ports), json);
    }
    const what = conversation ? 'conversation' : 'message';
    return recalled(await recall(sent, { what, by: 'postern portal recall' }, ports), json);
  } finally {
    await close();
  }
}

async function find(store: Store, id: string): Promise<SentMessage | null> {
  const [found] = await store.findMessages(id);
  return found === undefined ? null : store.senders.sent(found.message.id);
}

function list(messages: readonly SentMessage[], json: boolean): number {
  const rows = messages.flatMap(({ id, sender, deliveries }) =>
    deliveries.flatMap(({ id: delivery, recipient, state, portal: item }) =>
      item === null
        ? []
        : [{ message: id, delivery, from: sender, recipient, state, since: item.publishedAt, until: item.expiresAt }],
    ),
  );
  if (json) {
    const iso = (at: number): string => new Date(at).toISOString();
    printJson({ deliveries: rows.map((row) => ({ ...row, since: iso(row.since), until: iso(row.until) })) });
  } else if (rows.length === 0) process.stdout.write('Nothing is in the portal.\n');
  else {
    const lines = rows.map((row) => [
      row.message,
      row.from,
      row.recipient,
      row.state,
      time(row.since),
      time(row.until),
    ]);
    process.stdout.write(`${table(['MESSAGE', 'FROM', 'TO', 'STATE', 'SINCE (UTC)', 'UNTIL (UTC)'], lines)}\n`);
  }
  return 0;
}

function recalled(rows: readonly Withdrawn[], json: boolean): number {
  if (json) printJson({ action: 'recall', deliveries: rows });
  else for (const row of rows) process.stdout.write(`${printable(row.recipient)}: ${account(row)}\n`);
  return rows.some((row) => row.gone) ? 0 : 1;
}

/** What taking back came to, truthfully. */
function account({ was, gone }: Withdrawn): string {
  if (gone && was === 'opened') return 'can be read no more in the portal; it had been opened before';
  if (gone && was === 'waiting') return 'taken back before anybody opened it';
  if (gone && was === 'delivered')
    return 'was delivered by mail; its large files were taken back before anybody opened them';
  if (gone) return 'stopped before it left';
  if (was === 'delivered') return 'was delivered by mail, which cannot be taken back';
  if (was === 'sending') return 'is being handed over at this moment; try again in a minute';
  return `nothing to take back (${was})`;
}

function extended(rows: readonly { readonly recipient: string; readonly expiresAt: number }[], json: boolean): number {
  if (json)
    printJson({
      action: 'extend',
      deliveries: rows.map(({ recipient, expiresAt }) => ({ recipient, until: new Date(expiresAt).toISOString() })),
    });
  else if (rows.length === 0)
    process.stderr.write(
      'Nothing of it waits any more, or it waits as long as the settings allow (portal.senders.longest).\n',
    );
  else
    for (const { recipient, expiresAt } of rows)
      process.stdout.write(`${printable(recipient)}: until ${time(expiresAt)} UTC\n`);
  return rows.length === 0 ? 1 : 0;
}
