/** Signatures of ours as another program verifies them: the Python library dkimpy, with the records that `postern domains publish` prints. */
import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addressOf } from '../../src/sandbox/world.ts';
import { setStage } from './stage.ts';

const python = '/usr/bin/python3';
const present = spawnSync(python, ['-c', 'import dkim']).status === 0;
/** Takes a message on standard input and the record as an argument; says whether it verifies, and for which domain. */
const judge = `
import sys, dkim
record = sys.argv[1].encode()
asked = []
def dns(name, timeout=5):
    asked.append(name.decode())
    return record
print(dkim.verify(sys.stdin.buffer.read(), dnsfunc=dns), *asked)
`;

const policy = `version: 1
rules:
  - name: Portal
    when: { subject: { keyword: ["[portal]"] } }
    then: { protect: portal }
  - name: Only the keyword goes
    when: { subject: { keyword: ["[plain]"] } }
    then: { stripKeyword: true }
default: { protect: none }
`;

function mail(subject: string): Buffer {
  const header = [`From: Anna <${addressOf('Anna')}>`, `To: ${addressOf('Paula')}`, `Subject: ${subject}`];
  const body = ['Two  blanks, a tab\there, one at the end ', '.dot', '', 'f\u00fcr dich', '', '', ''];
  const id = `Message-ID: <${subject.replaceAll(/\W/g, '')}@corp.example>`;
  return Buffer.from([...header, id, 'Cc: a@x.example,', '\tb@x.example', '', ...body].join('\r\n'));
}

test.skipIf(!present && !process.env.CI).each(['rsa', 'ed25519'] as const)(
  'what is written or changed here verifies (%s); what leaves as it came is not touched',
  async (kind) => {
    await using stage = await setStage({ policy });
    const { privateKey } =
      kind === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
    writeFileSync(join(stage.folder, 'dkim.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    appendFileSync(stage.config, '    dkim: { selector: postern, key: ./dkim.pem }\n');
    const { records } = JSON.parse(
      await stage.postern('domains', 'publish', 'corp.example', 'mx.corp.example', '--json'),
    );
    const { value } = records.find(({ name }: { name: string }) => name === 'postern._domainkey.corp.example');
    const record = value.replaceAll('" "', '').replaceAll('"', '');
    await stage.serve();
    {
      await using client = await stage.connect();
      for (const subject of ['[portal] Your results', '[plain] Lunch', 'As it is'])
        await client.send({ from: addressOf('Anna'), to: [addressOf('Paula')] }, mail(subject));
    }
    const letters = () => stage.sinks.mailbox(addressOf('Paula')).map(({ bytes }) => bytes);
    await stage.sinks.wait(() => letters().length === 3);
    const verdicts = letters().map((bytes) =>
      execFileSync(python, ['-c', judge, record], { input: bytes }).toString().trim(),
    );
    const signed = 'True postern._domainkey.corp.example.';
    expect(verdicts.toSorted()).toEqual(['False', signed, signed]);
    const plain = letters().find((bytes) => bytes.includes('As it is'));
    expect(plain?.includes('DKIM-Signature')).toBe(false);
    // One octet of the text, or a second From, and it holds no more.
    const changed = letters().find((bytes) => bytes.includes('Lunch')) ?? Buffer.alloc(0);
    for (const [from, to] of [
      ['blanks', 'Blanks'],
      ['From: Anna', 'From: Eve <eve@evil.example>\r\nFrom: Anna'],
    ] as const) {
      const forged = Buffer.from(changed.toString('latin1').replace(from, to), 'latin1');
      expect(execFileSync(python, ['-c', judge, record], { input: forged }).toString()).toMatch(/^False/);
    }
  },
);
