/**
 * The mailboxes page: what lies in every mailbox of the pretend internet, as its owner sees it, on loopback HTTP. No script; everything
 * that came by mail is escaped; links that a mail contains can be followed.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { links, type Reading, readMail } from './reading.ts';
import type { Received, Sinks } from './sink.ts';
import type { Person } from './world.ts';

export type MailboxesPage = AsyncDisposable & { readonly url: string };

export async function startMailboxes(people: readonly Person[], sinks: Sinks, port: number): Promise<MailboxesPage> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    void answer(path, people, sinks, response).catch(() => send(response, 500, 'text/plain', 'This page failed.\n'));
  });
  await listen(server, port);
  const address = server.address();
  const bound = address === null || typeof address === 'string' ? port : address.port;
  return {
    url: `http://localhost:${bound}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close').catch(() => {});
    },
  };
}

async function answer(path: string, people: readonly Person[], sinks: Sinks, response: ServerResponse): Promise<void> {
  if (path === '/') return send(response, 200, 'text/html', await overview(people, sinks));
  const source = /^\/source\/(\d{1,9})$/.exec(path);
  const received = source === null ? undefined : sinks.received[Number(source[1])];
  if (received === undefined) return send(response, 404, 'text/plain', 'There is nothing here.\n');
  send(response, 200, 'text/plain', received.bytes.toString('latin1'));
}

async function overview(people: readonly Person[], sinks: Sinks): Promise<string> {
  const sections = await Promise.all(
    people.map(async (person) => {
      const mails = sinks.mailbox(person.address).toReversed();
      const shown = await Promise.all(mails.map((mail) => mailItem(mail, person, sinks)));
      return html`<section id="${person.name}"><h2>${person.name} <small>${person.address}</small></h2>
<p class="about">${person.about}</p>${raw(shown.join('') || '<p class="about">Nothing here yet.</p>')}</section>`;
    }),
  );
  const index = people.map((person) => {
    const count = sinks.mailbox(person.address).length;
    return html`<a href="#${person.name}">${person.name}${count === 0 ? '' : ` (${count})`}</a>`;
  });
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mailboxes of the pretend internet</title><style>${raw(style)}</style></head><body><main>
<h1>Mailboxes of the pretend internet</h1>
<p>Everything the gateway delivered, as each owner sees it. Reload to look again.</p>
<nav>${raw(index.join(' '))}</nav>${raw(sections.join('\n'))}</main></body></html>`;
}

async function mailItem(mail: Received, owner: Person, sinks: Sinks): Promise<string> {
  const reading = await readMail(mail.bytes, owner);
  const files = reading.attachments.map(
    (file) => html`<li>${file.name} <small>${file.type}, ${String(file.octets)} octets</small></li>`,
  );
  return html`<article><header><strong>${reading.subject || '(no subject)'}</strong>
<span>From ${reading.from || 'nobody'}</span><span>To ${reading.to}</span></header>
<p class="how">${howItCame(mail, reading)}</p>
${raw(reading.trouble === null ? '' : html`<p class="trouble">${reading.trouble}</p>`)}
<pre>${raw(linked(reading.text))}</pre>
${raw(files.length === 0 ? '' : `<ul>${files.join('')}</ul>`)}
${raw(reading.opened === null ? '' : html`<details><summary>What was inside the protection</summary><pre>${shortened(reading.opened)}</pre></details>`)}
<details><summary>What travelled</summary><pre>${shortened(mail.bytes)}</pre>
<p><a href="/source/${String(sinks.received.indexOf(mail))}">whole source</a></p></details></article>`;
}

function howItCame(mail: Received, reading: Reading): string {
  const way = mail.tls === null ? 'without TLS' : `over ${mail.tls}`;
  if (reading.protection === null) return `came ${way}, not encrypted in itself`;
  return `came ${way}, encrypted with ${reading.protection}${reading.opened === null ? '' : ', opened with the key of this mailbox'}`;
}

/** Source for looking at: the first 64 KB. */
function shortened(bytes: Buffer): string {
  const limit = 65_536;
  const text = bytes.subarray(0, limit).toString('utf8');
  return bytes.length > limit ? `${text}\n… ${bytes.length - limit} octets more` : text;
}

/** Escaped text in which web addresses can be followed. */
function linked(text: string): string {
  let rest = text;
  const out: string[] = [];
  for (const link of links(text)) {
    const at = rest.indexOf(link);
    out.push(escape(rest.slice(0, at)), html`<a href="${link}" rel="noreferrer noopener" target="_blank">${link}</a>`);
    rest = rest.slice(at + link.length);
  }
  return [...out, escape(rest)].join('');
}

class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Marks text that is HTML already. */
const raw = (text: string): Raw => new Raw(text);

/** A template in which everything is escaped that is not marked. */
function html(strings: TemplateStringsArray, ...values: readonly (string | Raw)[]): string {
  return strings.reduce((out, part, index) => {
    const value = values[index - 1] ?? '';
    return `${out}${value instanceof Raw ? value.text : escape(value)}${part}`;
  });
}

function escape(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => names[character] ?? '');
}

const style = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0}main{max-width:46rem;margin:0 auto;padding:1rem}h1{font-size:1.4rem}h2{font-size:1.15rem;margin:2rem 0 0}
small,.about,.how{color:GrayText;font-weight:normal}.about,.how{margin:.2rem 0}.trouble{color:#b00020}
nav{display:flex;flex-wrap:wrap;gap:.4rem .9rem}
article{border:1px solid #8885;border-radius:.5rem;padding:.8rem;margin:.8rem 0}
header span{display:block;color:GrayText;overflow-wrap:anywhere}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:.9rem/1.45 ui-monospace,monospace;margin:.6rem 0;max-height:30rem;overflow:auto}
summary{cursor:pointer}`;

function send(response: ServerResponse, status: number, type: string, body: string): void {
  const hash = createHash('sha256').update(style).digest('base64');
  response.writeHead(status, {
    'content-type': `${type}; charset=${type === 'text/html' ? 'utf-8' : 'iso-8859-1'}`,
    'content-security-policy': `default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'; base-uri 'none'`,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  });
  response.end(type === 'text/html' ? body : Buffer.from(body, 'latin1'));
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
}
