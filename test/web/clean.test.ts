/** What stays of HTML and what goes, and that no HTML holds the portal up. What a browser makes of the rest is test/browser/hostile.test.ts. */
import { afterAll, describe, expect, test } from 'vitest';
import { createCleaner, hasRemotePicture } from '../../src/web/clean.ts';
import { picture } from './samples.ts';

const cleaner = createCleaner();
afterAll(() => cleaner.close());

const pictures = new Map([['dot@corp', `data:image/png;base64,${picture}`]]);
const clean = async (html: string): Promise<string> => (await cleaner.clean({ html, pictures }))?.html ?? 'nothing';

test.each([
  ['<p>Hello <b>you</b></p>', '<p>Hello <b>you</b></p>'],
  [
    '<table border="1"><tr><td colspan="2" align="right">1</td></tr></table>',
    '<table border="1"><tr><td colspan="2" align="right">1</td></tr></table>',
  ],
  [
    '<p style="color:#333;font-family:Arial, \'Segoe UI\'">x</p>',
    '<p style="color:#333;font-family:arial, \'segoe ui\'">x</p>',
  ],
  [
    '<p style="white-space:pre-wrap;text-align:center !important">x</p>',
    '<p style="white-space:pre-wrap;text-align:center">x</p>',
  ],
  ['<img src="cid:dot@corp" alt="dot">', `<img alt="dot" src="data:image/png;base64,${picture}" />`],
  ['<img src="CID:dot%40corp">', `<img src="data:image/png;base64,${picture}" />`],
  ['<o:p>office</o:p>', 'office'],
])('%j stays', async (html, expected) => {
  expect(await clean(html)).toBe(expected);
});

test.each([
  ['https://x.example/a.png', 'https://x.example/a.png'],
  ['//x.example/a.png?b=1&c', 'https://x.example/a.png?b=1&amp;c'],
  ['HTTPS://X.example', 'https://x.example/'],
  ['http://x.example/a.png', null],
  ['https://127.0.0.1/a', null],
  ['https://[::1]/a', null],
  ['https://2130706433/a', null],
  ['https://0x7f.1/a', null],
  ['https://router/a', null],
  ['https://printer.local/a', null],
  ['https://user:pass@x.example/a', null],
  ['ftp://x.example/a', null],
  ['/d/1/html', null],
  ['a.png', null],
  [`https://x.example/${'a'.repeat(3_000)}`, null],
])('a picture at %j, when the reader asked for pictures from elsewhere', async (src, shown) => {
  const cleaned = await cleaner.clean({
    html: `<img alt="a" srcset="https://y.example/b 2x" referrerpolicy="unsafe-url" src="${src}">`,
    pictures,
    remote: true,
  });
  const left = /^(?:https?:)?\/\//i.test(src) ? 1 : 0;
  expect(cleaned).toEqual(
    shown === null
      ? { html: '<span>a</span>', remote: left }
      : { html: `<img alt="a" referrerpolicy="no-referrer" src="${shown}" />`, remote: 0 },
  );
});

test('a link opens outside, says where it leads, and tells nobody where it was', async () => {
  expect(await clean('<a href="https://x.example/a" onclick="go()" id="a" target="_top">x</a>')).toBe(
    '<a target="_blank" href="https://x.example/a" rel="noopener noreferrer nofollow" title="https://x.example/a">x</a>',
  );
});

test.each([
  ['script', 'a<script>alert(1)</script>b', 'ab'],
  ['style sheet', 'a<style>p{}</style>b', 'ab'],
  ['title', '<title>t</title>b', 'b'],
  ['handler', '<p onmouseover="x()">a</p>', '<p>a</p>'],
  ['javascript link', '<a href="java\nscript:alert(1)">a</a>', '<a>a</a>'],
  ['form', '<form action="https://x.example"><input name="p"><button>b</button></form>', 'b'],
  ['frame', '<iframe src="https://x.example">a</iframe>b', 'b'],
  ['base', '<base href="https://x.example/"><a href="x">a</a>', '<a>a</a>'],
  ['refresh', '<meta http-equiv="refresh" content="0;url=https://x.example">a', 'a'],
  ['svg', '<svg onload="alert(1)"><text>t</text></svg>b', 'b'],
  ['math', '<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>b', 'b'],
  ['svg picture', '<img src="data:image/svg+xml;base64,PHN2Zz4=" alt="a">', '<span>a</span>'],
  ['unknown cid', '<img src="cid:other" alt="a">', '<span>a</span>'],
  ['file', '<img src="file:///etc/passwd" alt="a">', '<span>a</span>'],
  ['url() in a style', '<p style="background-color:url(https://x.example)">a</p>', '<p>a</p>'],
  ['background property', '<p style="background:url(https://x.example)">a</p>', '<p>a</p>'],
  ['position', '<p style="position:fixed;top:0;left:0;width:10px">a</p>', '<p style="width:10px">a</p>'],
  ['negative margin', '<p style="margin:-99px;padding:1px">a</p>', '<p style="padding:1px">a</p>'],
  ['escaped property', '<p style="posit\\69on:fixed;co\\6cor:red">a</p>', '<p>a</p>'],
  ['expression', '<p style="width:expression(alert(1))">a</p>', '<p>a</p>'],
  ['variable', '<p style="--x:url(https://x.example);color:var(--x)">a</p>', '<p>a</p>'],
  ['comment', 'a<!--[if gte mso 9]><script>x</script><![endif]-->b', 'ab'],
  ['class, id, name', '<p class="c" id="i" name="n">a</p>', '<p>a</p>'],
  [
    'background attribute',
    '<table background="https://x.example/a.gif"><tr><td>a</td></tr></table>',
    '<table><tr><td>a</td></tr></table>',
  ],
  ['video', '<video src="https://x.example/a" poster="https://x.example/b">a</video>', 'a'],
  ['srcset', '<img src="cid:other" srcset="https://x.example/a 2x" alt="a">', '<span>a</span>'],
])('%s goes', async (_, html, expected) => {
  expect(await clean(html)).toBe(expected);
});

test('pictures from elsewhere are left out and counted', async () => {
  const html =
    '<img src="https://x.example/1.gif"><img src="//x.example/2.gif" alt="two"><img src=" HTTP://x.example/3">';
  expect(await cleaner.clean({ html, pictures })).toEqual({
    html: '<span></span><span>two</span><span></span>',
    remote: 3,
  });
});

describe('a picture from elsewhere is noticed before anything is cleaned', () => {
  test.each([
    ['<img src="https://x.example/1.gif">', true],
    ["<p><IMG alt=x SRC = ' //x.example/2.gif'>", true],
    ['<img\nsrc=http://x.example/3>', true],
    ['<img src="cid:dot@corp">', false],
    ['<img alt="a"> src="https://x.example/"', false],
    ['<imgs src="https://x.example/">', false],
    ['<a href="https://x.example/">a</a>', false],
  ])('%s: %s', (html, remote) => {
    expect(hasRemotePicture(html)).toBe(remote);
  });

  // What looks at a piece again and again takes seconds here, in which nobody else is served.
  test.each([
    ['tags that never end', '<img '.repeat(300_000)],
    ['sources of nothing', '<img src '.repeat(160_000)],
    ['space', `<img src=${' '.repeat(1_990)}`.repeat(750)],
    ['one tag', `<img ${'src= '.repeat(300_000)}`],
    ['quotes', `<img src=${'" '.repeat(900)}`.repeat(800)],
  ])('in no time, whatever the HTML: %s', { timeout: 500 }, (_, html) => {
    expect(hasRemotePicture(html)).toBe(false);
  });
});

describe('no HTML holds it up', () => {
  const megabyte = 1_000_000;
  test.each([
    ['nested divs', '<div>'.repeat(megabyte / 5)],
    ['unclosed tags', '<a <b <i '.repeat(megabyte / 9)],
    ['links', 'https://x.example/ '.repeat(megabyte / 19)],
    ['one attribute', `<p title="${'x'.repeat(megabyte)}">a</p>`],
    ['attributes', `<p ${'a=b '.repeat(megabyte / 4)}>a</p>`],
    ['styles', `<p style="${'color:red;'.repeat(megabyte / 10)}">a</p>`],
    ['a style value', `<p style="color:${'rgb(1,'.repeat(megabyte / 6)}">a</p>`],
    ['entities', '&amp;lt;&#x3c;'.repeat(megabyte / 14)],
    ['comments', '<!--'.repeat(megabyte / 4)],
    ['tables', '<table><tr><td>'.repeat(megabyte / 15)],
    ['noscripts', '<noscript>'.repeat(megabyte / 10)],
    ['textareas', '<textarea>'.repeat(megabyte / 10)],
    ['svg', '<svg><foreignObject>'.repeat(megabyte / 20)],
    ['a data URL', `<img src="data:image/png;base64,${'A'.repeat(megabyte)}">`],
  ])('%s: an answer, and the next job is served', async (_, html) => {
    const cleaned = await cleaner.clean({ html, pictures });
    if (cleaned !== null) expect(cleaned.html).not.toMatch(/<script|<svg|<textarea/);
    expect(await clean('<p>next</p>')).toBe('<p>next</p>');
  });

  test('a job past its deadline is given up, those behind it are served, and closing ends the rest', async () => {
    const hasty = createCleaner({ deadline: 1 });
    const answers = await Promise.all(
      Array.from({ length: 3 }, () => hasty.clean({ html: '<p>x</p>'.repeat(100_000), pictures })),
    );
    expect(answers).toEqual([null, null, null]);
    await hasty.close();
    const closing = createCleaner();
    const waiting = [closing.clean({ html: 'a', pictures }), closing.clean({ html: 'b', pictures })];
    await closing.close();
    expect(await Promise.all(waiting)).toEqual([null, null]);
  });

  test('too many at once: the surplus is told so at once', async () => {
    const busy = createCleaner();
    const answers = await Promise.all(Array.from({ length: 40 }, () => busy.clean({ html: '<p>x</p>', pictures })));
    expect(answers.filter((answer) => answer === null)).toHaveLength(19);
    await busy.close();
  });
});
