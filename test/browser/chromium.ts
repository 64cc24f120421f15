/** The Chromium of the test machine: unpacked by its package and driven by Playwright. */
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';

/** What the package proposes for servers without a screen, but for what would switch off the very protections under test. */
const weakening = new Set([
  '--disable-web-security',
  '--allow-running-insecure-content',
  '--disable-site-isolation-trials',
  '--single-process',
  '--disable-features=AudioServiceOutOfProcess,IsolateOrigins,site-per-process',
]);

/** It also proposes to draw by a graphics processor that is imitated; nobody looks, and without one less is drawn. */
const drawing = new Set([
  '--ignore-gpu-blocklist',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
]);

export async function launch(): Promise<Browser> {
  const args = [
    ...chromium.args.filter((arg) => !weakening.has(arg) && !drawing.has(arg)),
    '--disable-gpu',
    '--disable-software-rasterizer',
  ];
  // Without a UTF-8 locale Chromium gives up on file names beyond ASCII.
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  return playwright.launch({ executablePath: await chromium.executablePath(), args, env, headless: true });
}
