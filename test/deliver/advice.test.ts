/** What is said of a domain, for each thing that a probe can show. */
import { describe, expect, test } from 'vitest';
import { adviceFor } from '../../src/deliver/advice.ts';
import type { DomainProbe, Probed } from '../../src/deliver/probe.ts';

const now = Date.UTC(2026, 10, 21);
const day = 86_400_000;
const sts = (mode: 'enforce' | 'testing', ...mx: string[]) => ({ id: 'a', policy: { mode, mx, maxAge: 86_400 } });

function probed(host: Partial<Probed> = {}, domain: Partial<DomainProbe> = {}): DomainProbe {
  const about = { host: 'mx.b.example', preference: 10, ip: '192.0.2.1', level: 'verify', defects: [] } as const;
  const one: Probed = { ...about, dane: false, certificateUntil: now + 60 * day, remote: null, ...host };
  return { sts: null, signed: false, hosts: [one], ...domain };
}
const say = (probe: DomainProbe) => adviceFor('b.example', probe, now);

test('a domain without fault is told what could be better, and nothing else', () => {
  const { summary, mend, improve } = say(probed());
  expect(summary).toContain('to servers that prove their names');
  expect(mend).toEqual([]);
  expect(improve).toEqual([expect.stringContaining('Publish an MTA-STS policy')]);
  expect(say(probed({ level: 'dane' }, { signed: true })).improve).toEqual([]);
  expect(say(probed({}, { signed: true, sts: sts('testing', 'mx.b.example') })).improve).toEqual([
    expect.stringContaining('mode: enforce'),
    expect.stringContaining('TLSA records'),
  ]);
});

describe('what must be mended comes with how', () => {
  test.each([
    ['mx.b.example does not offer STARTTLS.', 'Switch STARTTLS on'],
    ['mx.b.example offers STARTTLS and then refuses it: 454 4.7.0', 'log says why'],
    ['mx.b.example offers only TLS versions older than 1.2.', 'Allow TLS 1.2'],
    ['The certificate of mx.b.example expired on 2026-11-01.', 'Renew the certificate'],
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

  test('broken promises come first', () => {
    const defect = 'The certificate of mx.b.example is self-signed.';
    const { mend } = say(probed({ level: 'encrypt', defects: [defect] }, { sts: sts('enforce', 'mx.b.example') }));
    expect(mend[0]).toContain('senders who honour it wait');
    const stray = 'mx.b.example is not among the mail servers that the MTA-STS policy of b.example names.';
    expect(say(probed({ defects: [stray] }, { sts: sts('enforce', 'old.b.example') })).mend[0]).toContain(
      'Add "mx: mx.b.example"',
    );
    const tlsa = 'The certificate of mx.b.example matches none of the TLSA records its domain published.';
    expect(say(probed({ defects: [tlsa] }, { signed: true })).mend[0]).toContain('3 1 1');
  });
});

test.each([
  ['may', 'may travel in plain text'],
  ['encrypt', 'proves nothing'],
  ['secure', 'the domain vouches'],
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
