/**
 * `postern keys own ...`: the tenant's own keys and certificates, and its certificate authority.
 *
 *   list                  what there is, what it does and until when
 *   import FILE           a PKCS #12 file or an OpenPGP private key; its passphrase comes from POSTERN_PASSPHRASE
 *   generate ADDRESS      an OpenPGP key
 *   ca                    the authority that issues certificates
 *   issue ADDRESS         a certificate from it
 *   renew ID, revoke ID   --reason compromised, left, replaced or unused
 *   show ID               the public key or certificate, to hand to others
 *
 * There is no way to get a private key out again: it stays sealed in the database, for the gateway alone. A key that people need elsewhere, too, is made
 * elsewhere and imported.
 */
import { readFile } from 'node:fs/promises';
import type { Config, Tenant } from '../config/config.ts';
import { passphrase } from '../config/load.ts';
import {
  createAuthority,
  generatePgp,
  importFile,
  issue,
  type Made,
  type MakerPorts,
  publishedAt,
  renew,
  revoke,
} from '../keys/own-maker.ts';
import { canonicalAddress } from '../mail/address.ts';
import { ownKeysKey, type RevocationReason } from '../protect/own/jobs.ts';
import { createOwnKeyWork } from '../protect/own/thread.ts';
import type { OwnKeyRow, RevocationList } from '../store/own-key-port.ts';
import { printable, printFailure, printJson, table, time } from './output.ts';
import { openStorage } from './storage.ts';
import { chooseTenant } from './tenant.ts';
import { UsageError } from './usage.ts';

export type OwnKeyOptions = {
  readonly json: boolean;
  readonly tenant: string | undefined;
  /** Of the person, or of the authority. */
  readonly name: string | undefined;
  readonly reason: string | undefined;
  readonly wholeTenant: boolean;
};

type Asked = { readonly config: Config; readonly options: OwnKeyOptions; readonly ports: MakerPorts };

const verbs = 'list, import, generate, ca, issue, renew, revoke and show';

/** `words` after "own". */
export async function ownKeys(config: Config, words: readonly string[], options: OwnKeyOptions): Promise<number> {
  const [verb = 'list', argument, ...more] = words;
  if (verb === 'export') {
    throw new UsageError('Private keys are not given out again. postern keys own show ID prints the public part.');
  }
  if (more.length > 0) throw new UsageError('postern keys own takes one FILE, ADDRESS or ID.');
  const command = commands[verb];
  if (command === undefined) throw new UsageError(`postern keys own knows ${verbs}, not "${printable(verb)}".`);
  if (command.needs !== null && argument === undefined)
    throw new UsageError(`postern keys own ${verb} needs ${command.needs}.`);
  if (command.needs === null && argument !== undefined)
    throw new UsageError(`"${printable(argument)}" is one word too many.`);
  const { store, close } = await openStorage(config);
  try {
    const ports: MakerPorts = {
      store: store.ownKeys,
      work: createOwnKeyWork(ownKeysKey(config.masterKey)),
      publishedAt: publishedAt(config.web),
      emit: () => {},
      now: Date.now,
    };
    return await command.run({ config, options, ports }, argument ?? '');
  } finally {
    await close();
  }
}

type Command = {
  readonly needs: string | null;
  readonly run: (asked: Asked, argument: string) => Promise<number>;
};

const anId = 'an ID from postern keys own list';

const commands: Readonly<Record<string, Command>> = {
  list: { needs: null, run: list },
  import: { needs: 'a FILE', run: importFrom },
  generate: { needs: 'an ADDRESS', run: (asked, address) => make(asked, address, generatePgp) },
  ca: {
    needs: null,
    run: async (asked) => {
      const made = await createAuthority(tenantOf(asked), asked.options.name ?? '', asked.ports);
      const status = say(asked, made, 'made');
      if (made.ok && !asked.options.json) {
        process.stdout.write(
          'Hand its certificate to whoever is to trust it: postern keys own show ID > authority.pem\nIt can issue only for mail addresses of this tenant.\n',
        );
      }
      return status;
    },
  },
  issue: { needs: 'an ADDRESS', run: (asked, address) => make(asked, address, issue) },
  renew: { needs: anId, run: (asked, id) => change(asked, id, 'renewed', renew) },
  revoke: {
    needs: anId,
    run: (asked, id) => {
      const reason = reasonOf(asked.options.reason);
      return change(asked, id, 'revoked', (tenant, row, ports) => revoke(tenant, row, reason, ports));
    },
  },
  show: { needs: anId, run: show },
};

function tenantOf({ config, options }: Asked): Tenant {
  return chooseTenant(config, options.tenant);
}

async function make(
  asked: Asked,
  argument: string,
  how: (
    tenant: Tenant,
    wanted: { readonly address: string; readonly name: string; readonly wholeTenant: boolean },
    ports: MakerPorts,
  ) => Promise<Made>,
): Promise<number> {
  const address = canonicalAddress(argument);
  if (address === null) throw new UsageError(`"${printable(argument)}" is no mail address.`);
  const { name = '', wholeTenant } = asked.options;
  if (/[\u0000-\u001f\u007f<>]/.test(name) || name.length > 64)
    throw new UsageError('A name has at most 64 characters and no angle brackets.');
  return say(asked, await how(tenantOf(asked), { address, name, wholeTenant }, asked.ports), 'made');
}

async function importFrom(asked: Asked, file: string): Promise<number> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch {
    printFailure(`${printable(file)} cannot be read. Check the path and who may read the file.`, asked.options.json);
    return 1;
  }
  if (bytes.length > maximumFile) {
    printFailure(`${printable(file)} is larger than ${maximumFile} octets, which no key is.`, asked.options.json);
    return 1;
  }
  const made = await importFile(tenantOf(asked), bytes, passphrase(), asked.options.wholeTenant, asked.ports);
  const status = say(asked, made, 'imported');
  const why = made.ok ? made.problems.join(' ') : made.why;
  if (/passphrase/.test(why) && !asked.options.json) {
    process.stderr.write('Put the passphrase into the environment variable POSTERN_PASSPHRASE.\n');
  }
  return status;
}

const maximumFile = 1_048_576;

async function change(
  asked: Asked,
  id: string,
  done: string,
  how: (tenant: Tenant, row: OwnKeyRow, ports: MakerPorts) => Promise<Made>,
): Promise<number> {
  const row = await asked.ports.store.find(id);
  const tenant = asked.config.tenants.find((each) => each.id === row?.tenant);
  if (row === null || tenant === undefined) return unknown(asked, id);
  return say(asked, await how(tenant, row, asked.ports), done);
}

function unknown({ options }: Asked, id: string): number {
  printFailure(`No key has the ID ${printable(id)}. postern keys own list shows them.`, options.json);
  return 1;
}

async function show(asked: Asked, id: string): Promise<number> {
  const row = await asked.ports.store.find(id);
  if (row === null) return unknown(asked, id);
  if (asked.options.json) printJson({ ...keyLine(row), material: row.material });
  else process.stdout.write(row.material);
  return 0;
}

function say({ options: { json } }: Asked, made: Made, done: string): number {
  if (!made.ok) {
    printFailure(printable(made.why), json);
    return 1;
  }
  if (json) printJson({ [done]: made.rows.map(keyLine), problems: made.problems });
  else {
    for (const problem of made.problems) process.stderr.write(`${printable(problem)}\n`);
    for (const row of made.rows) {
      const until = done === 'revoked' ? '' : `, until ${time(row.notAfter)}`;
      process.stdout.write(`${done}: ${kinds[row.kind]} for ${whom(row)}${until}, ${row.fingerprint} (${row.id})\n`);
    }
  }
  return 0;
}

async function list({ config, options, ports }: Asked): Promise<number> {
  const rows = await ports.store.list(options.tenant === undefined ? null : chooseTenant(config, options.tenant).id);
  const lists = new Map<string, RevocationList | null>();
  for (const { id, kind } of rows) if (kind === 'ca') lists.set(id, await ports.store.revocationList(id));
  if (options.json) {
    const until = (id: string) => lists.get(id)?.nextUpdate;
    printJson({ keys: rows.map((row) => ({ ...keyLine(row), ...listed(until(row.id)) })) });
    return 0;
  }
  if (rows.length === 0) {
    process.stdout.write(
      'There are no keys of your own. postern keys own generate ADDRESS makes an OpenPGP key, postern keys own ca an authority for certificates, and\npostern keys own import FILE takes what you have.\n',
    );
    return 0;
  }
  const several = config.tenants.length > 1;
  const cells = rows.map((row) => [
    row.id,
    ...(several ? [row.tenant] : []),
    whom(row),
    kinds[row.kind],
    does(row, lists.get(row.id)?.nextUpdate),
    time(row.notAfter),
    row.fingerprint.slice(0, 40),
  ]);
  const head = ['ID', ...(several ? ['TENANT'] : []), 'FOR', 'KIND', 'WHAT IT DOES', 'UNTIL (UTC)', 'FINGERPRINT'];
  process.stdout.write(`${table(head, cells)}\n`);
  return 0;
}

const kinds = { pgp: 'OpenPGP key', x509: 'certificate', ca: 'authority' } as const;
const uses = { both: 'signs and opens', sign: 'signs', decrypt: 'opens' } as const;

const whom = ({ address, kind }: OwnKeyRow): string =>
  kind === 'ca' ? 'certificates' : address === '' ? 'the whole tenant' : printable(address);

function does(row: OwnKeyRow, listUntil: number | undefined): string {
  if (row.state === 'revoked') {
    const why = row.reason === null || row.reason === 'unspecified' ? '' : `, ${reasonWords[row.reason]}`;
    return `revoked on ${time(row.revokedAt).slice(0, 10)}${why}`;
  }
  if (row.kind === 'ca') {
    const list =
      listUntil === undefined ? 'no revocation list yet' : `revocation list until ${time(listUntil).slice(0, 10)}`;
    return `${row.state === 'active' ? 'issues' : 'issues no more'}, ${list}`;
  }
  if (row.notAfter !== null && row.notAfter <= Date.now()) return 'has expired, opens old mail';
  return row.state === 'active' ? uses[row.use] : 'opens old mail';
}

/** What --reason takes, and what each is called in a list of revoked certificates. */
const reasons: Readonly<Record<string, RevocationReason>> = {
  compromised: 'keyCompromise',
  left: 'affiliationChanged',
  replaced: 'superseded',
  unused: 'cessation',
};
const reasonWords: Readonly<Record<RevocationReason, string>> = {
  unspecified: '',
  keyCompromise: 'compromised',
  affiliationChanged: 'the person left',
  superseded: 'replaced',
  cessation: 'no longer used',
};

function reasonOf(word: string | undefined): RevocationReason {
  const reason = word === undefined ? 'unspecified' : reasons[word];
  if (reason === undefined) throw new UsageError(`--reason is one of ${Object.keys(reasons).join(', ')}.`);
  return reason;
}

const listed = (until: number | undefined) =>
  until === undefined ? {} : { revocationListUntil: new Date(until).toISOString() };

/** Everything but the sealed private key. */
function keyLine(row: OwnKeyRow) {
  const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
  const { id, tenant, kind, address, use, origin, fingerprint, state, serial, issuerId, reason } = row;
  return {
    id,
    tenant,
    kind,
    address,
    use,
    origin,
    fingerprint,
    state,
    serial,
    issuer: issuerId,
    createdAt: iso(row.createdAt),
    notBefore: iso(row.notBefore),
    notAfter: iso(row.notAfter),
    revokedAt: iso(row.revokedAt),
    reason,
  };
}
