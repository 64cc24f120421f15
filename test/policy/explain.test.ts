import { expect, test } from 'vitest';
import { explainText } from '../../src/policy/explain.ts';
import { facts } from './facts-of.ts';

/** The page people read; its data is the contract of `explain --json`. */

test('a page with every recipient, the methods in order and the reasons', () => {
  const about = facts({ subject: '[secure] Hi', forwarded: true, unscannable: 'too many parts' });
  const page = explainText({
    facts: about,
    policy: { file: 'policies/default.yaml', version: 'abcdef0123456789' },
    deliveries: [
      {
        recipient: 'bob@other.example',
        level: 'message',
        rules: ['Asked'],
        because: ['Rule "Asked" matched.', 'Level message wins.'],
        methods: ['smime', 'portal'],
        otherwise: 'bounce',
        tls: 'verify',
        subject: 'Hi',
      },
      {
        recipient: 'eve@other.example',
        level: 'hold',
        rules: [],
        because: [],
        methods: [],
        otherwise: null,
        tls: null,
        subject: '[secure] Hi',
      },
    ],
  });
  expect(page).toBe(`From      anna@corp.example
Subject   [secure] Hi
Size      10000 octets
Seen      forwarded, cannot be looked through: too many parts
Policy    policies/default.yaml (version abcdef012345)

bob@other.example
  Level     message
  Methods   smime, then portal (TLS verify); otherwise bounce
  Subject   Hi
  - Rule "Asked" matched.
  - Level message wins.

eve@other.example
  Level     hold
  Methods   waits for a person
`);
});

test('a hostile subject cannot draw on the terminal or add lines', () => {
  const about = facts({ subject: 'a\u001b[2Jb\nLevel none\u2028c', envelope: { from: '', recipients: [] } });
  const page = explainText({ facts: about, policy: { file: 'p', version: 'v' }, deliveries: [] });
  expect(page.split('\n')[0]).toBe('From      <> (null sender)');
  expect(page.split('\n')[1]).toBe('Subject   a\ufffd[2Jb\ufffdLevel none\ufffdc');
});
