/**
 * How much resident memory a large file costs the portal: sent in chunks as upload.js does, with a form as browsers without scripts do, and on its way into the
 * answer. The kernel's own peak (VmHWM, reset before each) tells, so nothing is missed between samples.
 *
 *   node test/bench/answer-upload.ts [--bytes 1000000000] [--limit 100]
 *
 * Exit status 1 when any step adds more than `limit` megabytes.
 * Limits: Linux only. Writes twice the octets, and a third, below the temp folder.
 */
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { portalLink, readMail } from '../../src/sandbox/reading.ts';
import { setStage } from '../peers/stage.ts';

const { values } = parseArgs({
  options: { bytes: { type: 'string', default: '1000000000' }, limit: { type: 'string', default: '100' } },
});
const bytes = Number(values.bytes);
const megabyte = 1_000_000;
const policy = `version: 1
rules: [{ name: Asked, when: { subject: { keyword: ["[secure]"] } }, then: { protect: portal, stripKeyword: true } }]
default: { protect: none }
`;

await using stage = await setStage({ policy });
appendFileSync(stage.config, '    portal: { maxAttachments: 2GB }\n');
const postern = await stage.serve();
const paula = stage.person('Paula');
const cookies = new Map<string, string>();

{
  await using client = await stage.connect();
  const letter = 'From: anna@corp.example\r\nTo: paula@portal.example\r\nSubject: [secure] x\r\n\r\nHello\r\n';
  await client.send({ from: 'anna@corp.example', to: [paula.address] }, Buffer.from(letter));
}
const portalUrl = /portalUrl: "([^"]+)"/.exec(readFileSync(stage.config, 'utf8'))?.[1] ?? '';
const arrived = await ask('GET', new URL(portalLink(await mail(0), portalUrl) ?? '').pathname);
const message = arrived.location;
await form(message, `${message}/new-code`, {});
const code = /^\s*(\d{6})\s*$/m.exec(await mail(1))?.[1] ?? '';
await form(`${message}/code`, `${message}/code`, { code });
// Nobody takes the answers: they would only fill the memory of this process.
stage.sinks.setOutage({ code: 451, text: '4.3.0 Not now' });
const begun = await form(message, `${message}/answer`, { kind: 'reply' });
const draft = begun.location;
const token = tokenIn((await ask('GET', draft)).text);

await inChunks(1_000_000);
await sleep(1000);
await measured('in chunks', () => inChunks(bytes));
await measured('sending it', async () => {
  const { location } = await form(draft, draft, { text: 'Here it is', do: 'send' });
  if (location !== draft) throw new Error('it was not sent');
});
const second = (await form(message, `${message}/answer`, { kind: 'reply' })).location;
await measured('by form', () => byForm(second));
await postern.stop();

async function measured(what: string, work: () => Promise<void>): Promise<void> {
  const before = postern.residentBytes();
  // Since Linux 4.0: makes VmHWM what VmRSS is now.
  writeFileSync(`/proc/${postern.pid}/clear_refs`, '5');
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${postern.pid}/status`, 'utf8'));
  const added = Number(line?.[1] ?? 0) * 1024 - before;
  const tooMuch = added > Number(values.limit) * megabyte;
  if (tooMuch) process.exitCode = 1;
  const rate = Math.round(bytes / megabyte / seconds);
  process.stdout.write(
    `${what.padEnd(12)} ${Math.round(before / megabyte)} MB before, ${Math.round(added / megabyte)} MB added, ${seconds.toFixed(1)} s, ${rate} MB/s${tooMuch ? '  TOO MUCH' : ''}\n`,
  );
}

async function inChunks(size: number): Promise<void> {
  const about = new URLSearchParams({ form: token, name: `${size}.bin`, size: String(size) });
  const { id, chunk } = JSON.parse((await ask('POST', `${draft}/upload`, about.toString())).text);
  const octets = Buffer.alloc(chunk, 'abcdefg');
  for (let start = 0; start < size; start += chunk) {
    const body = octets.subarray(0, Math.min(chunk, size - start));
    const headers = { 'upload-offset': String(start), 'x-form': token, 'content-type': 'application/octet-stream' };
    const { status } = await ask('POST', `${draft}/upload/${id}`, body, headers);
    if (status !== 200) throw new Error(`a chunk was answered with ${status}`);
  }
}

async function byForm(path: string): Promise<void> {
  const head = `--b\r\nContent-Disposition: form-data; name="form"\r\n\r\n${token}\r\n--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`;
  const tail = '\r\n--b--\r\n';
  async function* whole(): AsyncGenerator<Buffer> {
    yield Buffer.from(head);
    const octets = Buffer.alloc(65_536, 'abcdefg');
    for (let left = bytes; left > 0; left -= octets.length) yield octets.subarray(0, Math.min(left, octets.length));
    yield Buffer.from(tail);
  }
  const size = head.length + bytes + tail.length;
  const headers = { 'content-type': 'multipart/form-data; boundary=b', 'content-length': String(size) };
  const { location } = await ask('POST', path, whole(), headers);
  if (location !== path) throw new Error('the form was refused');
}

async function form(page: string, action: string, fields: Record<string, string>) {
  const own = tokenIn((await ask('GET', page)).text);
  return ask('POST', action, new URLSearchParams({ form: own, ...fields }).toString());
}

function tokenIn(page: string): string {
  return /name="form" value="([^"]+)"/.exec(page)?.[1] ?? '';
}

async function mail(index: number): Promise<string> {
  const box = () => stage.sinks.mailbox(paula.address);
  await stage.sinks.wait(() => box().length > index);
  return (await readMail(box()[index]?.bytes ?? Buffer.alloc(0), paula)).text;
}

/** One request of Paula's browser. */
async function ask(
  method: string,
  path: string,
  body: string | Buffer | AsyncIterable<Buffer> = '',
  more: Record<string, string> = {},
): Promise<{ status: number; location: string; text: string }> {
  const { host, port } = new URL(portalUrl);
  const sent = request({
    host: '127.0.0.1',
    port,
    method,
    path,
    servername: 'localhost',
    ca: stage.world.authority.certPem,
    headers: {
      host,
      cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/x-www-form-urlencoded',
      ...(typeof body === 'string' || Buffer.isBuffer(body)
        ? { 'content-length': String(Buffer.byteLength(body)) }
        : {}),
      ...more,
    },
  });
  const answered = once(sent, 'response');
  if (typeof body === 'string' || Buffer.isBuffer(body)) sent.end(body);
  else {
    for await (const chunk of body) if (!sent.write(chunk)) await once(sent, 'drain');
    sent.end();
  }
  const [response] = await answered;
  for (const line of response.headers['set-cookie'] ?? []) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    cookies.set(name, value);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode ?? 0, location: response.headers.location ?? '', text };
}
