import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { exampleConfig } from '../../src/config/document.ts';
import { settings } from '../../src/config/schema.ts';
import { parseYaml } from '../../src/config/yaml.ts';

/** The annotated example is what the schema says, and nothing in it is wrong. */

const committed = readFileSync(new URL('../../deploy/config.example.yaml', import.meta.url), 'utf8');

describe('deploy/config.example.yaml', () => {
  test('is what the generator writes; if not: node src/config/document.ts > deploy/config.example.yaml', () => {
    expect(committed).toBe(exampleConfig());
  });

  test('is what running the generator prints', () => {
    const script = fileURLToPath(new URL('../../src/config/document.ts', import.meta.url));
    expect(execFileSync(process.execPath, [script], { encoding: 'utf8' })).toBe(committed);
  });

  test('is right also with everything uncommented', () => {
    const everything = committed
      .replaceAll(/^( *)#(?=[A-Za-z]+:(?: |$))/gm, '$1')
      .replaceAll(/^( *)#( {2,}\S)/gm, '$1$2');
    const parsed = parseYaml(everything, 'example', settings);
    expect(parsed.ok ? [] : parsed.problems).toEqual([]);
    expect(everything).toMatch(/^ {4}first: 5m$/m);
    expect(everything).toMatch(/^ {6}host: corp-example/m);
  });

  test('shows the sections in the order of the contract', () => {
    const keys = [...committed.matchAll(/^#?([A-Za-z]+):/gm)].map((match) => match[1]);
    const order =
      'hostname data database roles masterKey smtp delivery dns egress keys web log retention reporting tenants';
    expect(keys).toEqual(order.split(' '));
  });

  test('says something about every setting', () => {
    const lines = committed.split('\n');
    for (const [index, line] of lines.entries()) {
      if (/^\s*(?:- )?#?\s*[A-Za-z]+:/.test(line)) expect(lines[index - 1], line).toMatch(/^[\s-]*#/);
    }
    expect(parseDocument(committed).errors).toEqual([]);
  });
});
