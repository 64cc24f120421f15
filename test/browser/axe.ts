/** The page as axe judges it. */
import axeCore, { type RunOnly } from 'axe-core';
import type { Page } from 'playwright-core';

const all: RunOnly = {
  type: 'tag',
  values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
};
const colours: RunOnly = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };

/** What is wrong with the page, light or dark. The themes differ in colours and nothing else, so the second one is judged by the rules about colours. */
export async function wrongInEitherTheme(page: Page): Promise<string[]> {
  await page.evaluate(axeCore.source);
  await page.emulateMedia({ colorScheme: 'light' });
  const light = await wrong(page, all);
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await wrong(page, colours);
  return [...light.map((one) => `light: ${one}`), ...dark.map((one) => `dark: ${one}`)];
}

function wrong(page: Page, runOnly: RunOnly): Promise<string[]> {
  // What a sender wrote stands in a frame that runs no scripts, and so cannot be asked.
  const options = JSON.stringify({ resultTypes: ['violations'], runOnly, iframes: false, preload: false });
  return page.evaluate(
    `axe.run(document, ${options}).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' | ')))`,
  );
}
