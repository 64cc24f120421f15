/** A letter of our own, as text and as HTML. */
import { expect, test } from 'vitest';
import { letterHtml, letterText } from '../../src/mail/letter.ts';

test('the page of a section is a link in HTML and an address in text, and no name can break out of it', () => {
  const letter = {
    title: 'News',
    opening: [],
    sections: [{ heading: 'One', more: { label: '"><b>Its page:', link: 'https://secure.corp.example/m/a?b&"c' } }],
    closing: 'Bye.',
  };
  expect(letterText(letter)).toContain('Its page: https://secure.corp.example/m/a?b&"c\n');
  const html = letterHtml(letter, { language: 'en', name: 'Corp', accent: { light: '#1f4b99', dark: '#8fb3f5' } });
  expect(html).toContain('href="https://secure.corp.example/m/a?b&amp;&quot;c"');
  expect(html).not.toContain('<b>');
});
