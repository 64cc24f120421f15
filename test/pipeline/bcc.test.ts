/**
 * Bcc stays secret: over random sets of recipients (BCC_SETS of them), no octet of a copy tells of another Bcc recipient. Looked for are addresses,
 * OpenPGP key ids and fingerprints, issuer and serial number and key identifier of certificates, and how many can open it.
 */
import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { readKey } from 'openpgp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { groupDeliveries } from '../../src/pipeline/attempt.ts';
import { prepare } from '../../src/pipeline/octets.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { generateKey } from '../../src/protect/openpgp.ts';
import { createProtectPool } from '../../src/protect/pool.ts';
import type { KeyRow } from '../../src/store/key-port.ts';
import type { ClaimedDelivery } from '../../src/store/store.ts';
import { keyRow } from '../keys/key-row.ts';
import { delivery, message } from '../store/rows.ts';

/** Ten thousand take a minute or two; the suite takes a tenth of that. */
const sets = Number(process.env['BCC_SETS'] ?? 1_000);

type Person = {
  readonly address: string;
  readonly method: 'smime' | 'pgp';
  readonly row: KeyRow;
  /** Octets that name this person in a protected copy. */
  readonly traces: readonly Buffer[];
};

let people: readonly Person[] = [];
const pool = createProtectPool({ ownKeys: Buffer.alloc(32, 1), size: 2 });

beforeAll(async () => {
  const smime = (['rsa2048', 'rsa3072', 'p256', 'p384', 'rsa2048', 'p256'] as const).map((keyType, index) => {
    const address = `smime${index}@partner${index % 3}.example`;
    const { certPem } = issueCertificate({ subject: address, san: { email: [address] }, keyType });
    const certificate = new X509Certificate(certPem);
    const traces = [
      Buffer.from(certificate.serialNumber, 'hex'),
      Buffer.from(certificate.fingerprint.replaceAll(':', ''), 'hex'),
      Buffer.from(address),
    ];
    const row = keyRow(address, { kind: 'x509', address, material: certPem, fingerprint: certificate.fingerprint256 });
    return { address, method: 'smime' as const, row, traces };
  });
  const pgp = await Promise.all(
    Array.from({ length: 4 }, async (_, index) => {
      const address = `pgp${index}@partner${index % 3}.example`;
      const { publicKey, fingerprint } = await generateKey({ email: address });
      const row = keyRow(address, { kind: 'pgp', address, material: publicKey, fingerprint });
      const ids = await keyIdsOf(publicKey);
      return { address, method: 'pgp' as const, row, traces: [...ids, Buffer.from(address)] };
    }),
  );
  people = [...smime, ...pgp];
});

afterAll(() => pool.close());

/** The fingerprint's octets and the key ids (their last eight) of a version 4 key and its parts, as gpg would print them. */
async function keyIdsOf(armored: string): Promise<Buffer[]> {
  const key = await readKey({ armoredKey: armored });
  return key
    .getKeys()
    .flatMap((part) => [Buffer.from(part.getKeyID().toHex(), 'hex'), Buffer.from(part.getFingerprint(), 'hex')]);
}

const recipientSet = fc.record({
  to: fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 3 }),
  others: fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 5 }),
  /** A sloppy program leaves the field in, and a server writes recipients into its own. */
  bccField: fc.boolean(),
  hideSubject: fc.boolean(),
});

test(`${sets} sets of recipients: no copy tells of another Bcc recipient`, { timeout: 300_000 }, async () => {
  let copies = 0;
  await fc.assert(
    fc.asyncProperty(recipientSet, async ({ to, others, bccField, hideSubject }) => {
      const visible = to.map(personAt);
      const blind = others.map(personAt).filter((person) => !visible.includes(person));
      const octets = letter(visible, bccField ? blind : []);
      const recipients = [...visible, ...blind].map(({ address }) => address);
      const rows = [...visible, ...blind].map((person) => claimed(person, octets, hideSubject, recipients));
      expect(groupDeliveries(rows).every((group) => group.length === 1)).toBe(true);
      for (const person of [...visible, ...blind]) {
        const copy = await copyFor(person, octets, hideSubject, recipients);
        copies += 1;
        const seen = Buffer.concat([copy, decodedBody(copy)]);
        const unknown = blind.filter((other) => other !== person);
        for (const other of unknown) {
          for (const trace of other.traces) if (seen.includes(trace)) throw new Error(`a trace of ${other.address}`);
        }
        // The search can find what it looks for: the reader's own key is named, once.
        const own = person.traces.slice(0, -1).reduce((count, trace) => count + occurrences(seen, trace), 0);
        expect(own).toBe(1);
      }
    }),
    { numRuns: sets },
  );
  expect(copies).toBeGreaterThan(2 * sets);
});

function personAt(index: number): Person {
  const person = people[index];
  if (person === undefined) throw new Error('no such person');
  return person;
}

function letter(visible: readonly Person[], named: readonly Person[]): Buffer {
  const list = (persons: readonly Person[]): string => persons.map(({ address }) => address).join(',\r\n ');
  const bcc =
    named.length === 0 ? '' : `Bcc: ${list(named)}\r\nResent-Bcc: ${list(named)}\r\n${named.map(inventions).join('')}`;
  const received = named
    .map(({ address }, index) => {
      const clause = index % 2 === 0 ? `for <${address}>` : `for\r\n ${address}`;
      return `Received: from a by b with ESMTP id 1\r\n ${clause}; Fri, 20 Nov 2026 12:00:00 +0000\r\n`;
    })
    .join('');
  return Buffer.from(
    `${received}From: anna@corp.example\r\nTo: ${list(visible)}\r\n${bcc}Subject: Results\r\nMessage-ID: <a@corp.example>\r\n\r\nThe body.\r\n`,
  );
}

/** What servers and programs have been seen to write. */
function inventions({ address }: Person, index: number): string {
  const fields = [
    `Delivered-To: ${address}`,
    `Apparently-To: ${address}`,
    `X-Gm-Original-To: ${address}`,
    `X-Postfix-Note: 1; rcpt=${address.toUpperCase()}, queued`,
    `X-Recipients: {"to":["${address}"]}`,
    `X-List:\r\n\tone@partner0.example ${address}.`,
  ];
  return `${fields[index % fields.length]}\r\n${fields[(index + 3) % fields.length]}\r\n`;
}

function claimed(person: Person, octets: Buffer, hideSubject: boolean, recipients: readonly string[]): ClaimedDelivery {
  const steps = [{ method: person.method, tls: 'may', keys: [person.row.id] }] as const;
  const headerSize = octets.indexOf('\r\n\r\n') + 4;
  const row = { ...message({ size: octets.length, headerSize, recipients }), state: 'decided', attempts: 1 } as const;
  const progress = { step: 0, attempts: 0, createdAt: 0, nextAt: 0, warned: false, crashes: 0, reason: '' };
  const made = delivery(row, { recipient: person.address, steps });
  const actions = { ...made.actions, hideSubject };
  return { ...made, ...progress, actions, remote: null, settledAt: null, state: 'sending', message: row };
}

async function copyFor(
  person: Person,
  octets: Buffer,
  hideSubject: boolean,
  recipients: readonly string[],
): Promise<Buffer> {
  const row = claimed(person, octets, hideSubject, recipients);
  const [step] = row.steps;
  if (step === undefined) throw new Error('no step');
  const prepared = await prepare(row, step, null, {
    config: { masterKey: Buffer.alloc(32, 7), tenants: [] },
    spool: {
      read: async function* (_ref, range = { start: 0, end: octets.length }) {
        yield octets.subarray(range.start, range.end);
      },
    },
    store: { keysFor: async () => people.map((each) => each.row), findMessages: async () => [] },
    protect: pool,
    freshKeys: async (rows) => rows,
    now: Date.now,
    signerFor: async () => null,
  });
  if (prepared.kind !== 'ready') throw new Error('not ready');
  const chunks: Uint8Array[] = [];
  for await (const chunk of prepared.body()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The octets inside the base64 of the copy, S/MIME or armor. */
function decodedBody(copy: Buffer): Buffer {
  const text = copy.toString('latin1');
  const armor = text.match(/-----BEGIN PGP MESSAGE-----[\s\S]*?\r\n\r\n([\s\S]*?)(?:=\S{4}\r\n)?-----END/)?.[1];
  return Buffer.from(armor ?? text.slice(text.indexOf('\r\n\r\n')), 'base64');
}

function occurrences(octets: Buffer, what: Buffer): number {
  let count = 0;
  for (let at = octets.indexOf(what); at !== -1; at = octets.indexOf(what, at + 1)) count += 1;
  return count;
}
