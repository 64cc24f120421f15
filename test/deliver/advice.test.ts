/** What is said of a domain, for each thing that a probe can show. */
import { describe, expect, test } from 'vitest';
import type { TlsLevel } from '../../src/config/config.ts';
import { adviceFor } from '../../src/deliver/advice.ts';
import type { DomainProbe, Probed } from '../../src/deliver/probe.ts';

const now = Date.UTC(2026, 10, 21);
const day = 86_400_000;
const sts = (mode: 'enforce' | 'testing', ...mx: string[]) => ({ id: 'a', policy: { mode, mx, maxAge: 86_400 } });

const keyRecord = '_25._tcp.mx.b.example. IN TLSA 3 1 1 ab12';

function probed(host: Partial<Probed> = {}, domain: Partial<DomainProbe> = {}): DomainProbe {
  const about = { host: 'mx.b.example', preference: 10, ip: '192.0.2.1', level: 'verify', defects: [] } as const;
  const one: Probed = { ...about, dane: false, certificateUntil: now + 60 * day, keyRecord, remote: null, ...host };
  return { sts: null, signed: false, hosts: [one], ...domain };
}
const say = (probe: DomainProbe, before: TlsLevel | null = null) => adviceFor('b.example', probe, before, now);

test('a domain without fault is told what could be better, and nothing else', () => {
  const { summary, mend, improve } = say(probed());
  expect(summary).toContain('to servers that prove their names');
  expect(mend).toEqual([]);
  expect(improve).toEqual([expect.stringContaining('Publish an MTA-STS policy')]);
  expect(say(probed({ level: 'dane', dane: true }, { signed: true })).improve).toEqual([]);
  expect(say(probed({}, { signed: true, sts: sts('testing', 'mx.b.example') })).improve).toEqual([
    expect.stringContaining('mode: enforce'),
    expect.stringContaining(`TLSA records would let senders prove its servers without authorities: ${keyRecord}`),
  ]);
});

describe('what must be mended comes with how', () => {
  test.each([
    ['mx.b.example does not offer STARTTLS.', 'Switch STARTTLS on'],
    ['mx.b.example offers STARTTLS and then refuses it: 454 4.7.0', 'log says why'],
    ['mx.b.example offers only TLS versions older than 1.2.', 'Allow TLS 1.2'],
    ['The certificate of mx.b.example expired on 2026-11-01.', 'Renew it, and let it be renewed by itself'],
    ['The certificate of mx.b.example is self-signed.', 'public authority'],
    ['The certificate of mx.b.example was issued by "X" and leads to no trusted root.', 'whole chain'],
    ['The certificate of mx.b.example is made out to other.example.', 'very name'],
    ['The certificate of mx.b.example rests on a key of 1024 bits, which is too short.', '2,048'],
    ['The certificate of mx.b.example rests on a signature with SHA1, which can be forged.', 'SHA-256'],
    ['something nobody thought of', 'something nobody thought of'],
  ])('%s', (defect, words) => {
    const { mend } = say(probed({ level: 'encrypt', defects: [defect] }));
    expect(mend).toEqual([expect.stringContaining(words)]);
    expect(mend[0]).toContain(defect);
  });

  test('a certificate that ends soon', () => {
    expect(say(probed({ certificateUntil: now + 3 * day })).mend).toEqual([expect.stringContaining('ends in 3 days')]);
  });

  test.each([
    [0.5, 'within a day'],
    [1, 'in one day'],
  ])('%s days are said as people say them', (days, words) => {
    expect(say(probed({ certificateUntil: now + days * day })).mend[0]).toContain(`ends ${words}.`);
  });

  test('records that cannot be looked up', () => {
    const defect = 'The TLSA records of mx.b.example cannot be looked up: the name server 127.0.0.1 said SERVFAIL.';
    expect(say(probed({ level: null, dane: null, defects: [defect] })).mend).toEqual([
      expect.stringContaining('Mend the DNS'),
    ]);
  });
});

describe('a promise that is not kept', () => {
  const selfSigned = 'The certificate of mx.b.example is self-signed.';
  const stray = 'mx.b.example is not among the mail servers that the MTA-STS policy of b.example names.';
  const mismatch = 'The certificate of mx.b.example matches none of the TLSA records its domain published.';
  const plain = 'mx.b.example does not offer STARTTLS.';
  const enforced = { sts: sts('enforce', 'mx.b.example') };
  test.each<[string, DomainProbe, readonly string[]]>([
    [
      'by the certificate',
      probed({ level: 'encrypt', defects: [selfSigned] }, enforced),
      [selfSigned, 'public authority', 'mail waits with senders who honour MTA-STS', '"mode: testing"'],
    ],
    [
      'by a server without TLS',
      probed({ level: 'may', defects: [plain] }, enforced),
      [plain, 'Switch STARTTLS on', 'mail waits with senders who honour MTA-STS'],
    ],
    [
      'by the MX records',
      probed({ defects: [stray] }, { sts: sts('enforce', 'old.b.example') }),
      [stray, 'add "mx: mx.b.example" to https://mta-sts.b.example/', 'a new id', 'take it out of the MX records'],
    ],
    [
      'by the key',
      probed({ level: 'encrypt', dane: true, defects: [mismatch] }, { signed: true }),
      [mismatch, `publish its record beside the old one: ${keyRecord}`, 'nothing arrives from senders who honour DANE'],
    ],
    [
      'by a server without TLS that has TLSA records',
      probed({ level: 'may', dane: true, keyRecord: null, defects: [plain] }, { signed: true }),
      [plain, 'Switch STARTTLS on', 'nothing arrives from senders who honour DANE'],
    ],
  ])('%s: mail waits, and there is one paragraph about it', (_, probe, words) => {
    const { summary, mend } = say(probe);
    expect(summary).toContain('Mail to b.example waits: no server of it keeps');
    expect(mend.length).toBe(1);
    for (const each of words) expect(mend[0]).toContain(each);
  });

  test('by one of two servers: the other takes the mail, and what is broken comes first', () => {
    const broken = { ...probed({ level: 'encrypt', defects: [selfSigned] }).hosts[0], host: 'mx2.b.example' } as Probed;
    const { hosts } = probed({ certificateUntil: now + day });
    const { summary, mend } = say({ sts: sts('enforce', '*.b.example'), signed: false, hosts: [...hosts, broken] });
    expect(summary).toContain('Only mx.b.example can take it.');
    expect(mend[0]).toContain(selfSigned);
  });

  test('DANE goes before MTA-STS: a server that keeps it needs no place in the policy', () => {
    const { summary } = say(probed({ level: 'dane', dane: true }, { sts: sts('enforce', 'old.b.example') }));
    expect(summary).toContain('signed DNS');
  });
});

test.each<[TlsLevel, TlsLevel, string]>([
  ['may', 'encrypt', 'waits: the domain has shown more before (encrypt)'],
  ['encrypt', 'dane', 'postern domains forget b.example'],
  ['verify', 'dane', 'prove their names'],
  ['encrypt', 'encrypt', 'proves nothing'],
])('%s, from a domain that has shown %s before', (level, before, words) => {
  expect(say(probed({ level }), before).summary).toContain(words);
});

test.each([
  ['may', 'may travel in plain text'],
  ['encrypt', 'proves nothing'],
  ['secure', 'vouched for'],
  ['dane', 'signed DNS'],
] as const)('the summary of %s', (level, words) => expect(say(probed({ level })).summary).toContain(words));

test('the weakest server speaks for the domain; one that could not be asked does not', () => {
  const { hosts } = probed();
  const [one] = hosts;
  if (one === undefined) throw new Error('a probe without hosts');
  const mixed = { sts: null, signed: false, hosts: [one, { ...one, level: 'may' as const }, { ...one, level: null }] };
  expect(say(mixed).summary).toContain('plain text');
  expect(say({ ...mixed, hosts: [{ ...one, level: null }] }).summary).toContain('could be asked');
});
