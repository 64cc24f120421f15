/**
 * The octets that leave, for one delivery and one of its steps: as sent, or a protected copy.
 *
 * As sent means the stored octets, with at most the header fields changed that policy asked to change: the Subject without its keyword, fields
 * added and taken out (promise 3 of the design). A protected copy is made for one recipient while it is being sent: the header is changed the same
 * way and split (protect/entity.ts), the content goes through a worker of the pool, which signs and encrypts it as plan/form.ts says, and nothing is
 * whole in memory. A rule can have signed also what is not encrypted.
 */
import type { Config, Protection } from '../config/config.ts';
import { materialsOf } from '../keys/keyring.ts';
import { addressKey } from '../mail/address.ts';
import { blindOf } from '../mail/blind.ts';
import { bodyHash, signatureOver } from '../mail/dkim.ts';
import {
  authorsOf,
  editHeader,
  encodeField,
  fieldsNamed,
  type HeaderEdit,
  parseHeader,
  valuesOf,
} from '../mail/header.ts';
import type { HeaderForm } from '../mail/header-protection.ts';
import { parseParameters } from '../mail/parameters.ts';
import type { Outcome } from '../plan/delivery.ts';
import { formOf } from '../plan/form.ts';
import type { Step } from '../plan/plan.ts';
import { type Split, splitForProtection } from '../protect/entity.ts';
import type { ProtectPool } from '../protect/pool.ts';
import { CannotProtect, type ProtectJob, type SigningKey } from '../protect/protected.ts';
import type { Spool } from '../spool/spool.ts';
import type { KeyRow } from '../store/key-port.ts';
import type { ClaimedDelivery, MessageRow, Store } from '../store/store.ts';
import { type Change, type Changes, changesOf, type Wanted } from './changes.ts';
import { openSubject } from './decide.ts';
import { dkimSigner } from './dkim.ts';
import { readHeader } from './stored-header.ts';

export type OctetPorts = {
  readonly config: Pick<Config, 'masterKey' | 'tenants'>;
  readonly spool: Pick<Spool, 'read'>;
  readonly store: Pick<Store, 'keysFor' | 'findMessages'>;
  readonly protect: Pick<ProtectPool, 'protect'>;
  /** Rows of the keyring, their certificates checked again where that is due (keys/check.ts): a plan may have waited for days. */
  readonly freshKeys: (rows: readonly KeyRow[]) => Promise<readonly KeyRow[]>;
  readonly now: () => number;
  /** The key that a sender of the tenant's signs with (keys/own.ts), or null. */
  readonly signerFor: (tenant: string, sender: string, method: 'smime' | 'pgp') => Promise<SigningKey | null>;
};

export type Prepared =
  | {
      readonly kind: 'ready';
      readonly size: number | null;
      readonly eightBit: boolean;
      readonly body: () => AsyncIterable<Uint8Array>;
      /** Set when making the octets failed for good while they were being sent. */
      readonly failure: () => Outcome | null;
    }
  | { readonly kind: 'impossible'; readonly outcome: Outcome };

/** `linked`: what the copy says of large files, which it then leaves out; null for the whole message. */
export async function prepare(
  delivery: ClaimedDelivery,
  step: Step,
  linked: Wanted['linked'],
  ports: OctetPorts,
): Promise<Prepared> {
  return step.method === 'none' || step.method === 'tls'
    ? asSent(delivery, step, linked, ports)
    : protectedCopy(delivery, step, linked, ports);
}

/** The stored octets, with the header changed where policy asked for it; signed, where a rule wants that and there is a key. */
async function asSent(
  delivery: ClaimedDelivery,
  step: Step,
  linked: Wanted['linked'],
  ports: OctetPorts,
): Promise<Prepared> {
  const { message, subject, actions } = delivery;
  const signed = formOf(step.method, actions, protectionOf(message, ports)).sign
    ? await signedCopy(delivery, linked, ports)
    : null;
  if (signed !== null) return signed;
  const common = { kind: 'ready', eightBit: true, failure: () => null } as const;
  const { changes, grown } = await changesOf(message, { subject: null, linked }, ports.spool);
  const headerStays = subject === null && actions.headers.add.length === 0 && actions.headers.remove.length === 0;
  const untouched = headerStays && changes.length === 0;
  if (untouched && message.kind === 'submitted')
    return { ...common, size: message.size, body: () => ports.spool.read(message.spool) };
  const header = edited(await readHeader(message, ports.spool), delivery, ports);
  const top = Buffer.concat([await signatureFor(message, header, untouched ? null : changes, ports), header]);
  return {
    ...common,
    size: message.size - message.headerSize + top.length + grown,
    body: () => headerThenBody(top, changes, message, ports.spool),
  };
}

/** The field DKIM-Signature, or nothing. `changes`: of the body; null when the message leaves as it is stored. */
async function signatureFor(
  message: MessageRow,
  header: Buffer,
  changes: readonly Change[] | null,
  { config, spool, now }: OctetPorts,
): Promise<Buffer> {
  const fields = parseHeader(header);
  const signer = dkimSigner(message, fields, changes !== null, config);
  if (signer === null) return Buffer.alloc(0);
  const hash = await bodyHash(headerThenBody(Buffer.alloc(0), changes ?? [], message, spool));
  return Buffer.from(signatureOver(fields, hash, signer, now()), 'latin1');
}

/** Null when there is no key to sign with, or the message is protected already by who sent it. */
async function signedCopy(
  delivery: ClaimedDelivery,
  linked: Wanted['linked'],
  ports: OctetPorts,
): Promise<Prepared | null> {
  const { message } = delivery;
  const header = edited(await readHeader(message, ports.spool), delivery, ports);
  const type = parseParameters(fieldsNamed(parseHeader(header), 'content-type')[0]?.raw ?? '').value;
  if (/^multipart\/(signed|encrypted)$|pkcs7-mime$/.test(type)) return null;
  for (const method of ['smime', 'pgp'] as const) {
    const signer = await signerOf(header, message, method, ports);
    if (signer === null) continue;
    const changed = await changesOf(message, { subject: null, linked }, ports.spool);
    const entity = entityOf(header, delivery, { hp: 'clear', method, hideSubject: false }, changed);
    const { form } = protectionOf(message, ports);
    return copy(message, entity, { method, recipients: [], signer, form }, true, ports);
  }
  return null;
}

async function protectedCopy(
  delivery: ClaimedDelivery,
  step: Step,
  linked: Wanted['linked'],
  ports: OctetPorts,
): Promise<Prepared> {
  const { message, recipient, actions } = delivery;
  const rows = await ports.freshKeys(await ports.store.keysFor(addressKey(recipient)));
  const recipients = materialsOf(rows, step.keys, ports.now());
  if (recipients.length < step.keys.length || recipients.length === 0) {
    return {
      kind: 'impossible',
      outcome: cannotProtect('The key planned for this recipient can no longer be used (postern keys list says why).'),
    };
  }
  const method = step.method === 'smime' ? 'smime' : 'pgp';
  const protection = protectionOf(message, ports);
  const { hideSubject, legacyDisplay, sign } = formOf(method, actions, protection);
  const header = edited(await readHeader(message, ports.spool), delivery, ports);
  const signer = sign ? await signerOf(header, message, method, ports) : null;
  const shown = legacyDisplay ? (valuesOf(parseHeader(header), 'subject')[0] ?? '') : '';
  const changed = await changesOf(message, { subject: shown === '' ? null : shown, linked }, ports.spool);
  const entity = entityOf(header, delivery, { hp: 'cipher', method, hideSubject }, changed);
  return copy(message, entity, { method, recipients, signer, form: protection.form }, false, ports);
}

/** A tenant that is no longer in the configuration had its reasons; its mail tells nothing outside. */
function protectionOf(message: MessageRow, { config }: OctetPorts): Protection {
  const tenant = config.tenants.find(({ id }) => id === message.tenant);
  return tenant?.protection ?? { hideSubject: ['smime', 'pgp'], legacyDisplay: false, sign: false, form: 'clear' };
}

/** The key of the one author, as readers will compare them; null when there is no such key, or who wrote the message is not certain. */
async function signerOf(
  header: Buffer,
  message: MessageRow,
  method: 'smime' | 'pgp',
  ports: OctetPorts,
): Promise<SigningKey | null> {
  const { mailboxes, ambiguous } = authorsOf(parseHeader(header));
  const [author] = mailboxes;
  return author === undefined || ambiguous ? null : ports.signerFor(message.tenant, author.address, method);
}

/** What is to be encrypted or signed, and the header fields outside of it. */
type Entity = Split & {
  readonly size: number;
  readonly changes: readonly Change[];
};

function entityOf(
  header: Buffer,
  { message, recipient }: ClaimedDelivery,
  form: Omit<HeaderForm, 'legacyDisplay'>,
  { inRoot, changes, grown }: Changes,
): Entity {
  const blind = blindOf(parseHeader(header), message.recipients, recipient);
  const split = splitForProtection(header, { ...form, legacyDisplay: inRoot }, blind);
  const size = split.inner.length + message.size - message.headerSize + grown + split.after.length;
  return { ...split, size, changes };
}

/** Made while it is sent; nothing of it is kept. */
function copy(
  message: MessageRow,
  { outer, inner, after, changes, size }: Entity,
  job: Omit<ProtectJob, 'entitySize'>,
  eightBit: boolean,
  ports: OctetPorts,
): Prepared {
  let failure: Outcome | null = null;
  const entity = async function* (): AsyncGenerator<Uint8Array> {
    yield* headerThenBody(inner, changes, message, ports.spool);
    if (after.length > 0) yield after;
  };
  const body = async function* (): AsyncGenerator<Uint8Array> {
    try {
      const made = await ports.protect.protect({ ...job, entitySize: size }, entity());
      yield Buffer.concat([outer, Buffer.from(`${made.headerLines}\r\n`, 'latin1')]);
      yield* made.body;
    } catch (error) {
      if (error instanceof CannotProtect) failure = cannotProtect(error.message);
      throw error;
    }
  };
  return { kind: 'ready', size: null, eightBit, body, failure: () => failure };
}

function cannotProtect(reason: string): Outcome {
  return { kind: 'failed', scope: 'method', status: '5.7.5', reason, remote: null };
}

async function* headerThenBody(
  header: Buffer,
  changes: readonly Change[],
  message: MessageRow,
  spool: Pick<Spool, 'read'>,
): AsyncGenerator<Uint8Array> {
  yield header;
  let at = message.headerSize;
  for (const { start, end, text } of changes) {
    if (start > at) yield* spool.read(message.spool, { start: at, end: start });
    yield text;
    at = end;
  }
  if (message.size > at) yield* spool.read(message.spool, { start: at, end: message.size });
}

/**
 * The header with what policy changes for this delivery: its own Subject in place of the sender's, fields taken out, and fields added at the top,
 * where every relay adds its own. A field that is named in both is replaced.
 */
function edited(header: Buffer, { message, subject, actions }: ClaimedDelivery, { config }: OctetPorts): Buffer {
  const fields = parseHeader(header);
  const edits: HeaderEdit[] = actions.headers.add.map(({ name, value }) => ({
    kind: 'prepend',
    text: encodeField(name, value),
  }));
  const unwanted = new Set(actions.headers.remove.map((name) => name.toLowerCase()));
  const opened = subject === null ? null : openSubject(config.masterKey, message.id, subject);
  for (const field of fields) {
    const name = field.name.toLowerCase();
    if (unwanted.has(name)) edits.push({ kind: 'remove', field });
    else if (opened !== null && name === 'subject')
      edits.push({ kind: 'replace', field, text: encodeField(field.name, opened) });
  }
  return edits.length === 0 ? header : editHeader(header, edits);
}
