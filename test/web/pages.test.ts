/** What holds for every page of the portal, read as it is sent. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGallery, pages } from '../browser/gallery.ts';

const gallery = createGallery();
let origin: string;
beforeAll(async () => {
  origin = await gallery.listen();
});
afterAll(() => gallery.close());

const read = async (name: string): Promise<string> => (await fetch(`${origin}/clinic/${name}`)).text();

test('a page has one thing to do first, or none', async () => {
  const found: Record<string, number> = {};
  for (const name of Object.keys(pages)) {
    // What is folded away is not there until somebody asks for it.
    const shown = (await read(name)).replaceAll(/<details>.*?<\/details>/gs, '');
    const first = shown.match(/ class="(?:button )?main"/g)?.length ?? 0;
    if (first > 1) found[name] = first;
  }
  expect(found).toEqual({});
  // It is the invitation while that waits for an answer, and the reply afterwards.
  expect(await read('message-invitation')).toMatch(/class="main" name="coming" value="accepted"/);
  expect(await read('message-invitation-answered')).toMatch(/class="main" name="kind" value="reply"/);
});

test('the date of a message reads as a date', async () => {
  const page = await read('message');
  expect(page).toContain('<time datetime="2026-11-20T15:04:00.000Z">20. November 2026 um ');
  expect(page).not.toContain('+0100');
});
