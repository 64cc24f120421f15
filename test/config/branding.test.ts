/** What a tenant may say about its look, what it becomes, and what a mistake is told. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plainBranding } from '../../src/config/branding.ts';
import { contrast, readable, surfaces } from '../../src/config/colour.ts';
import type { Branding } from '../../src/config/config.ts';
import { formatProblem, loadConfig } from '../../src/config/load.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-branding-'));
  mkdirSync(join(folder, 'policies'));
  writeFileSync(join(folder, 'policies/default.yaml'), 'version: 1\nrules: []\ndefault: { protect: none }\n');
  writeFileSync(join(folder, 'logo.svg'), '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"/>');
  writeFileSync(
    join(folder, 'script.svg'),
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script/></svg>',
  );
  writeFileSync(join(folder, 'large.png'), Buffer.alloc(70_000));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(branding: string) {
  const text = `hostname: gw.postern.example
roles: [smtp, work]
masterKey: { env: POSTERN_KEY }
tenants:
  - id: corp
    domains: [corp.example]
    policy: policies/default.yaml
    proof: { networks: [192.0.2.0/24] }
${branding === '' ? '' : `    branding:\n${branding.replaceAll(/^/gm, '      ')}\n`}`;
  writeFileSync(join(folder, 'config.yaml'), text);
  const key = createHash('sha256').update('a test key').digest('base64');
  return loadConfig(join(folder, 'config.yaml'), { environment: { POSTERN_KEY: key } });
}

function loaded(branding: string): Branding | undefined {
  const result = load(branding);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.config.tenants[0]?.branding;
}

function complaints(branding: string): string[] {
  const result = load(branding);
  return result.ok
    ? []
    : result.problems.map((problem) => formatProblem(problem).replace(`${folder}/config.yaml:`, ''));
}

test('a tenant that says nothing has the plain look, under its first domain', () => {
  expect(loaded('')).toEqual(plainBranding('corp.example'));
});

test('everything said', () => {
  const branding = loaded(`name: Clinic am Fluss
logo: logo.svg
accent: "#00695C"
text: { en: For you alone., de: Nur für Sie. }
phrase: The heron stands by the river
support: { phone: +49 30 1234567, mail: Help@corp.example, url: "https://www.corp.example/help" }
language: de
timeZone: Europe/Berlin
from: post`);
  expect(branding).toMatchObject({
    name: 'Clinic am Fluss',
    logo: { type: 'image/svg+xml', width: 120, height: 40 },
    accent: { light: '#00695c' },
    text: { en: 'For you alone.', de: 'Nur für Sie.' },
    phrase: 'The heron stands by the river',
    support: { phone: '+49 30 1234567', url: 'https://www.corp.example/help' },
    language: 'de',
    timeZone: 'Europe/Berlin',
    from: 'post',
  });
  // The colour for dark pages was made from the one for light ones.
  expect(contrast(branding?.accent.dark ?? '', surfaces.dark)).toBeGreaterThanOrEqual(readable);
});

test('one text for all languages, and a colour for each theme', () => {
  expect(loaded('text: For you alone.\naccent: { light: "#333", dark: "#ccc" }')).toMatchObject({
    text: { any: 'For you alone.' },
    accent: { light: '#333333', dark: '#cccccc' },
  });
});

describe('a mistake is told with its place and what to write instead', () => {
  test.each([
    [
      'accent: "#ffcc00"',
      /^10:15: tenants\[0\]\.branding\.accent: expected a colour that can be read on light pages \(contrast 4\.5 to 1; this one has 1\.3\d?\), found "#ffcc00"\. The nearest that can is "#866a0c"\.$/,
    ],
    [
      'accent: { light: "#1f4b99", dark: "#1f4b99" }',
      /branding\.accent\.dark: expected a colour that can be read on dark pages .* The nearest that can is "#6596ea"\.$/,
    ],
    [
      'accent: blue',
      /accent: expected a colour, found "blue"\. Write # and six digits, such as "#1f4b99", in quotes\.$/,
    ],
    ['accent: #1f4b99', /accent: expected a colour, .*in quotes\.$/],
    ['accent: 0x1f4b99', /accent: expected a colour, or one for light and one for dark, found 2050969/],
    ['logo: nothing.svg', /logo: .*nothing\.svg does not exist\. Correct the path/],
    ['logo: script.svg', /logo: the SVG has scripts, .*\. Export it as a plain SVG/],
    ['logo: large.png', /logo: the logo has 69 kB\. Save it about 72 pixels high/],
    ['name: "x <evil@example.net>"', /name: expected a name, found .*without < > @/],
    ['language: it', /language: expected one of en, de, fr, es, nl, found "it"/],
    ['timeZone: Berlin', /timeZone: expected the name of a time zone, found "Berlin"\. Write it like Europe\/Berlin/],
    ['from: "a b"', /from: expected the part before the @, found "a b"/],
    ['from: me@corp.example', /from: expected the part before the @/],
    ['text: { it: Ciao }', /text\.it: unknown setting "it"\. .*Known here: en, de, fr, es, nl\./],
    ['text: { en: 5 }', /text\.en: expected a line of text, found 5/],
    ['support: { phone: call me }', /support\.phone: expected a telephone number, found "call me"/],
    ['support: { url: "javascript:alert(1)" }', /support\.url: expected the address of a web page/],
    ['support: { mail: help }', /support\.mail: expected a mail address, found "help"/],
    ['colour: red', /unknown setting "colour"/],
  ])('%s', (branding, complaint) => {
    const told = complaints(branding);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(complaint);
  });
});
