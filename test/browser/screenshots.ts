/**
 * Takes pictures of the portal's pages, to be looked at: `node test/browser/screenshots.ts [NAME...]` writes coverage/screenshots/, which is
 * not kept, one for each page of the gallery, width and theme. Environment: LANGUAGES="de fr" for other languages than English, BRANDS="clinic".
 */
import { mkdir } from 'node:fs/promises';
import { launch } from './chromium.ts';
import { brands, createGallery, pages } from './gallery.ts';

const wanted = process.argv.slice(2);
const folder = new URL('../../coverage/screenshots/', import.meta.url).pathname;
const languages = (process.env['LANGUAGES'] ?? 'en').split(' ');
const shownBrands = process.env['BRANDS']?.split(' ') ?? brands;

await mkdir(folder, { recursive: true });
const gallery = createGallery();
const [origin, browser] = await Promise.all([gallery.listen(), launch()]);
try {
  for (const width of [360, 1280])
    for (const colorScheme of ['light', 'dark'] as const)
      for (const language of languages) {
        const context = await browser.newContext({
          viewport: { width, height: width === 360 ? 740 : 800 },
          colorScheme,
          locale: language,
        });
        const page = await context.newPage();
        for (const brand of shownBrands)
          for (const name of Object.keys(pages).filter((name) => wanted.length === 0 || wanted.includes(name))) {
            await page.goto(`${origin}/${brand}/${name}`);
            await page.screenshot({
              path: `${folder}${name}-${brand}-${language}-${width}-${colorScheme}.png`,
              fullPage: true,
            });
          }
        await context.close();
      }
} finally {
  await browser.close();
  await gallery.close();
}
console.log(`written to ${folder}`);
