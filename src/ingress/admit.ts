/**
 * The decision about one message, made when its header block is complete: refuse it with a reply, or admit it for a tenant with the
 * header block it is stored with. Pure.
 *
 * In this order: the tenant (proof.ts), the hop limit, our own trace (mail/trace.ts). The stored header is the client's, octet for octet, but
 * for two things: every field that may hold a tenant's secret is taken out, whoever's it is, and every verdict of ours, which nobody else
 * may write; and our Received and trace fields come before it.
 *
 * The trace of a message that comes in is another one than that of a message that goes out: what a tenant's people write to a mailing list comes back
 * to them, and is no loop.
 */
import type { Tenant } from '../config/config.ts';
import { authorsOf, editHeader, type Field, fieldsNamed, type HeaderEdit, parseHeader } from '../mail/header.ts';
import { countHops, isLoop, type Reception, receivedField, traceField } from '../mail/trace.ts';
import { verdictField } from '../protect/open/verdict.ts';
import { findTenant, hasForwardingMarks } from './proof.ts';

/** What an SMTP reply says: `code`, enhanced `status` (RFC 3463) and one line of text. */
export type Reply = { readonly code: number; readonly status: string; readonly text: string };

export type Admission =
  | {
      readonly kind: 'admitted';
      readonly tenant: Tenant;
      /** Written by the tenant's people, or for them. */
      readonly messageKind: 'submitted' | 'inbound';
      /** The header block to store, including its blank line. */
      readonly header: Buffer;
      /** The Message-ID field's value with its angle brackets, or empty. */
      readonly messageId: string;
    }
  | { readonly kind: 'refused'; readonly tenant: string | null; readonly reply: Reply };

export type Gate = {
  readonly tenants: readonly Tenant[];
  /** Lower-case names of the header fields in which any tenant's secret may come. */
  readonly secretNames: ReadonlySet<string>;
  readonly traceKey: Uint8Array;
  /** A message that has passed more hosts than this is going round. */
  readonly hops: number;
};

export type Envelope = { readonly mailFrom: string; readonly recipients: readonly string[] };

export function gateFor(tenants: readonly Tenant[], traceKey: Uint8Array, hops: number): Gate {
  const names = tenants.flatMap(({ proof }) =>
    proof.secretHeader === null ? [] : [proof.secretHeader.name.toLowerCase()],
  );
  return { tenants, secretNames: new Set(names), traceKey, hops };
}

/** Decides about a message by its complete header block (normalised line ends, blank line included where there is one). */
export function admit(block: Buffer, reception: Reception, { mailFrom, recipients }: Envelope, gate: Gate): Admission {
  const fields = parseHeader(block);
  const authors = authorsOf(fields);
  const secrets = secretFields(fields, gate.secretNames);
  const found = findTenant(
    {
      clientIp: reception.clientIp,
      mailFrom,
      recipients,
      headerFrom: authors.mailboxes.map(({ address }) => address),
      fromAmbiguous: authors.ambiguous,
      secretHeaders: valuesByName(secrets),
      forwardingMarks: hasForwardingMarks(fields),
    },
    gate.tenants,
  );
  if (found.kind === 'refused') return refused(null, 550, found.status, found.reason);

  const { tenant } = found;
  const way = found.kind === 'inbound' ? `${tenant.id} inbound` : tenant.id;
  if (countHops(fields) > gate.hops || isLoop(fields, gate.traceKey, way)) {
    return refused(
      tenant.id,
      554,
      '5.4.6',
      'Mail loop: this message has passed here before, or through too many servers',
    );
  }
  const { id, hostname } = reception;
  // A tenant may have chosen the name of the one for the other.
  const verdicts = fieldsNamed(fields, verdictField).filter((field) => !secrets.includes(field));
  const trace = receivedField(reception) + traceField(gate.traceKey, id, hostname, way);
  const edits: HeaderEdit[] = [
    { kind: 'prepend', text: trace },
    ...[...secrets, ...verdicts].map((field): HeaderEdit => ({ kind: 'remove', field })),
  ];
  const messageKind = found.kind === 'inbound' ? 'inbound' : 'submitted';
  return { kind: 'admitted', tenant, messageKind, header: editHeader(block, edits), messageId: messageIdOf(fields) };
}

function refused(tenant: string | null, code: number, status: string, text: string): Admission {
  return { kind: 'refused', tenant, reply: { code, status, text } };
}

function secretFields(fields: readonly Field[], names: ReadonlySet<string>): Field[] {
  return names.size === 0 ? [] : fields.filter((field) => names.has(field.name.toLowerCase()));
}

function valuesByName(fields: readonly Field[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const { name, raw } of fields) {
    const key = name.toLowerCase();
    const known = values.get(key);
    if (known === undefined) values.set(key, [raw]);
    else known.push(raw);
  }
  return values;
}

function messageIdOf(fields: readonly Field[]): string {
  const raw = fields.find((field) => field.name.toLowerCase() === 'message-id')?.raw ?? '';
  // RFC 5322 section 2.1.1: longer cannot be an honest one
  return raw.slice(0, 998).replace(/\s+/g, '');
}
