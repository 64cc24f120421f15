/**
 * People who read in the portal at the same time, as far as the network goes: each with a TLS connection kept open, a cookie jar, a network address of
 * their own (they come from all over the world, and limits count by address), and a moment's thought between two pages.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Waiting } from './portal-seed.ts';

export type Portal = { readonly port: number; readonly ca: string };
export type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer };

/** Takes how long something took, in milliseconds. */
export type Clock = (name: string, milliseconds: number) => void;

export class Reader {
  readonly address: string;
  readonly waiting: readonly Waiting[];
  readonly #portal: Portal;
  readonly #clock: Clock;
  readonly #agent: Agent;
  readonly #localAddress: string;
  readonly #cookies = new Map<string, string>();

  constructor(portal: Portal, clock: Clock, index: number, waiting: readonly Waiting[]) {
    this.#portal = portal;
    this.#clock = clock;
    this.waiting = waiting;
    this.address = waiting[0]?.recipient ?? '';
    this.#localAddress = `127.1.${index >> 8}.${(index & 255) + 1}`;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, ca: portal.ca, servername: 'localhost' });
  }

  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Any of what waits. */
  any(): Waiting {
    const one = this.waiting[Math.floor(Math.random() * this.waiting.length)];
    if (one === undefined) throw new Error('nothing waits');
    return one;
  }

  /** The whole way in: link, front door, code by mail (`mailed` gives its digits), message. */
  async arrive(mailed: (address: string) => Promise<string>): Promise<void> {
    const message = this.any();
    const door = await this.followLink(message);
    await this.press('ask', door, `/d/${message.deliveryId}/new-code`, {});
    const form = await this.get('code', `/d/${message.deliveryId}/code`);
    const code = await mailed(this.address);
    await this.press('prove', form, `/d/${message.deliveryId}/code`, { code });
    await this.get('message', `/d/${message.deliveryId}`);
  }

  /** As a notification is opened: two requests. */
  async followLink(message: Waiting): Promise<Answer> {
    const { status, headers } = await this.#send('link', 'GET', `/m/${message.token}`);
    if (status !== 303) throw new Error(`the link was answered with ${status}`);
    return this.get('door', headers.location ?? '');
  }

  async get(name: string, path: string): Promise<Answer> {
    const answer = await this.#send(name, 'GET', path);
    if (answer.status !== 200) throw new Error(`${name} was answered with ${answer.status}`);
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Presses a button of `page` and resolves with where that leads. */
  async press(name: string, page: Answer, action: string, fields: Record<string, string>): Promise<string> {
    const form = formIn(page);
    const { status, headers } = await this.post(name, action, new URLSearchParams({ form, ...fields }).toString());
    if (status !== 303) throw new Error(`${name} was answered with ${status}`);
    return headers.location ?? '';
  }

  post(name: string, path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#send(name, 'POST', path, body, {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(Buffer.byteLength(body)),
      'sec-fetch-site': 'same-origin',
      ...headers,
    });
  }

  async #send(
    name: string,
    method: string,
    path: string,
    body: string | Buffer = '',
    sending: Record<string, string> = {},
  ): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const started = performance.now();
    const sent = request(
      {
        agent: this.#agent,
        host: '127.0.0.1',
        port: this.#portal.port,
        localAddress: this.#localAddress,
        path,
        method,
        headers: { cookie: this.cookie, 'x-bench': name, 'accept-language': 'en', ...sending },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          this.#clock(name, performance.now() - started);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
    const answer = await promise;
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, cookie = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(cookie, value);
    }
    return answer;
  }
}

/** What the forms of a page carry. */
export function formIn({ body }: Answer): string {
  return /name="form" value="([^"]+)"/.exec(body.toString())?.[1] ?? '';
}

/** What a person does next, and how often among all that people do. */
export type Habit = { readonly often: number; readonly turn: (reader: Reader) => Promise<unknown> };

/** Each reader turns pages until `seconds` are over, with `think` milliseconds between two on average. */
export async function readAll(
  readers: readonly Reader[],
  habits: readonly Habit[],
  { seconds, think }: { readonly seconds: number; readonly think: number },
): Promise<void> {
  const until = performance.now() + seconds * 1000;
  const all = habits.flatMap(({ often, turn }) => Array<Habit['turn']>(often).fill(turn));
  await Promise.all(
    readers.map(async (reader) => {
      for (;;) {
        await sleep(-Math.log(1 - Math.random()) * think);
        if (performance.now() > until) return;
        await all[Math.floor(Math.random() * all.length)]?.(reader);
      }
    }),
  );
}
