import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/config/load.ts';
import { type Groups, parseGroups } from '../../src/policy/groups.ts';

/** Groups from a file: who is in which, for the facts of a message. */

function groups(text: string): Groups {
  const result = parseGroups(text, 'groups.yaml');
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.groups;
}

const some = groups(`may-opt-out: [Anna@Corp.example, board.corp.example]
Ärzte & Pflege: ["*.hospital.example", anna@corp.example]
empty: []
constructor: [eve@corp.example]
`);

test('everybody asked for is in the groups that name them', () => {
  const asked = ['anna@CORP.example', 'x@board.corp.example', 'y@a.hospital.example', 'z@hospital.example', ''];
  expect(some.factsFor(asked)).toEqual({
    known: ['may-opt-out', 'Ärzte & Pflege', 'empty', 'constructor'],
    of: {
      'anna@corp.example': ['may-opt-out', 'Ärzte & Pflege'],
      'x@board.corp.example': ['may-opt-out'],
      'y@a.hospital.example': ['Ärzte & Pflege'],
    },
  });
  expect(some.factsFor(['eve@corp.example']).of).toEqual({ 'eve@corp.example': ['constructor'] });
  expect(some.factsFor(['__proto__@corp.example', 'toString']).of).toEqual({});
});

describe('what is no file of groups', () => {
  test.each([
    ['', 'groups.yaml:1:1: expected groups by name'],
    ['a: x@y.example', '1:4: a: expected a list of members, found "x@y.example"'],
    ['a: [x]', '1:4: a: "x" cannot be compared with addresses. Write a@b.example, b.example or "*.b.example".'],
    ['a: [x@y.example, "@"]', '1:18: a[1]: "@" cannot be compared'],
    ['a: [b.example]\na: []', '2:1: this key is here twice'],
    [`${'n'.repeat(201)}: []`, 'not the name of a group. Write it'],
  ])('%s', (text, expected) => {
    const result = parseGroups(text, 'groups.yaml');
    expect(result.ok ? '' : result.problems.map(formatProblem).join('\n')).toContain(expected);
  });
});
