/** A portal as it runs: real server over HTTPS, real database, real spool, and messages published in it. Mails with codes are kept here. */
import { randomBytes, randomUUIDv7 } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainBranding } from '../../src/config/branding.ts';
import type { Writing } from '../../src/config/config.ts';
import { noWriting, usualForSenders } from '../../src/config/portal.ts';
import type { Event } from '../../src/event/event.ts';
import { createRecipientKeys } from '../../src/keys/given.ts';
import { addressKey } from '../../src/mail/address.ts';
import { parseHeader, valuesOf } from '../../src/mail/header.ts';
import { hashToken, type PortalCard, sealCard } from '../../src/pipeline/portal.ts';
import { noActions, type Proof, usualPriority } from '../../src/policy/verdict.ts';
import { issueCertificate } from '../../src/protect/issue.ts';
import { databaseMedium } from '../../src/spool/database.ts';
import { createItemSpool, type ItemSpool, itemKey } from '../../src/spool/items.ts';
import { createSealedSpool } from '../../src/spool/sealed.ts';
import type { Spool } from '../../src/spool/spool.ts';
import { openStore } from '../../src/store/open.ts';
import type { Passphrase, Publication } from '../../src/store/portal-port.ts';
import type { NewDelivery, NewMessage, Store } from '../../src/store/store.ts';
import { createPortal } from '../../src/web/portal.ts';
import type { PortalPorts } from '../../src/web/ports.ts';
import type { SignIn } from '../../src/web/proof/oidc.ts';
import { createWebServer } from '../../src/web/server.ts';
import { freePort } from '../bench/ports.ts';
import type { Place } from '../engines.ts';

export type Mail = Parameters<PortalPorts['submit']>[0];
export type Published = {
  readonly token: string;
  readonly deliveryId: string;
  readonly messageId: string;
  readonly tenant: string;
  readonly recipient: string;
};

export type Site = AsyncDisposable & {
  readonly origin: string;
  /** PEM of the certificate authority to trust. */
  readonly ca: string;
  readonly store: Store;
  readonly mails: Mail[];
  readonly events: Event[];
  readonly clock: { now: number };
  readonly key: Buffer;
  readonly items: ItemSpool;
  publish(bytes: Buffer | string, options?: Partial<PublishOptions>): Promise<Published>;
  /** The code in the newest mail. */
  lastCode(): string;
};

type PublishOptions = {
  tenant: string;
  recipient: string;
  mailFrom: string;
  subject: string | null;
  keepFor: number;
  demand: Proof;
  passphrase: Passphrase;
  /** Others for whom the same message waits. */
  also: readonly string[];
  /** What a rule says about answers. */
  reply: boolean | null;
};

export type SiteOptions = {
  /** From test/engines.ts; SQLite unless given. */
  readonly place: Place;
  readonly ports: (ports: PortalPorts) => PortalPorts;
  readonly port: number;
};

/** As the settings are when nothing is set, and new messages allowed besides. */
export const writable: Writing = {
  replies: 'tenant',
  newMessages: 'known',
  ownCopies: 'receipt',
  maxAttachments: 26_214_400,
  keepDrafts: 7 * 86_400_000,
  perHour: 20,
};

export const nobodyElse: SignIn = {
  providers: [],
  begin: async () => null,
  finish: async () => ({ kind: 'failed', reason: 'none' }),
};

export async function startSite(options: Partial<SiteOptions> = {}): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'portal-'));
  const { store, chunks } = await openStore({ database: options.place?.database ?? 'sqlite', folder });
  const keys = { master: randomBytes(32), portal: randomBytes(32) };
  const medium = databaseMedium(chunks);
  const spool = createSealedSpool(keys.master, medium);
  const authority = issueCertificate({ subject: 'Test authority', ca: true });
  const identity = issueCertificate({
    subject: 'localhost',
    issuer: authority,
    san: { dns: ['localhost'], ip: ['127.0.0.1'] },
  });
  const mails: Mail[] = [];
  const events: Event[] = [];
  const clock = { now: Date.now() };
  // Passkeys and redirects are about an origin that is known before the server listens.
  const port = options.port ?? (await freePort());
  const plain: PortalPorts = {
    store: store.portal,
    senders: store.senders,
    greetings: store.greetings,
    answers: store.answers,
    keys: createRecipientKeys({ store, emit: (event) => events.push(event), now: () => clock.now }),
    keepFor: 30 * 86_400_000,
    wake: () => {},
    items: createItemSpool(keys.portal, medium),
    tenants: [
      {
        id: 'corp',
        domains: ['corp.example'],
        branding: plainBranding('corp.example'),
        portal: writable,
        senders: usualForSenders,
      },
      {
        id: 'other',
        domains: ['other.example'],
        branding: plainBranding('other.example'),
        portal: noWriting,
        senders: usualForSenders,
      },
    ],
    portalUrl: `https://localhost:${port}`,
    key: keys.portal,
    submit: async (message) => void mails.push(message),
    signIn: nobodyElse,
    emit: (event) => events.push(event),
    now: () => clock.now,
  };
  const ports = options.ports?.(plain) ?? plain;
  const portal = createPortal(ports);
  const server = createWebServer({
    routes: portal.routes,
    looks: portal.looks,
    listen: { host: '127.0.0.1', port },
    tls: { key: identity.keyPem, cert: identity.certPem },
    emit: ports.emit,
    healthy: () => ports.store.byToken('', 0),
  });
  const origin = (await server.listen()).replace('127.0.0.1', 'localhost');
  return {
    origin,
    ca: authority.certPem,
    store,
    mails,
    events,
    clock,
    key: keys.portal,
    items: plain.items,
    publish: (bytes, given = {}) => publish({ store, spool, keys }, clock.now, Buffer.from(bytes), given),
    lastCode: () => /^ {4}(\d{6})\r$/m.exec(mails.at(-1)?.bytes.toString() ?? '')?.[1] ?? '',
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await portal.close();
      await store.close();
      await spool.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type Behind = { readonly store: Store; readonly spool: Spool; readonly keys: { master: Buffer; portal: Buffer } };

/** Takes a message the way of the pipeline: received, decided, attempted, and now waiting in the portal. */
async function publish(
  { store, spool, keys }: Behind,
  now: number,
  bytes: Buffer,
  given: Partial<PublishOptions>,
): Promise<Published> {
  const { tenant = 'corp', recipient = 'robin@clinic.example', mailFrom = `anna@${tenant}.example` } = given;
  const writer = await spool.create();
  await writer.write(bytes);
  const ref = await writer.commit();
  const headerEnd = bytes.indexOf('\r\n\r\n');
  const headerSize = headerEnd === -1 ? bytes.length : headerEnd + 4;
  const fields = parseHeader(bytes.subarray(0, headerSize));
  const messageId = randomUUIDv7();
  const deliveryId = randomUUIDv7();
  const ownId = valuesOf(fields, 'message-id')[0] ?? '';
  const message: NewMessage = {
    id: messageId,
    tenant,
    kind: 'submitted',
    mailFrom,
    recipients: [recipient],
    messageId: ownId,
    size: bytes.length,
    headerSize,
    receivedAt: now,
    spool: ref,
    smtp: { eightBit: true, utf8: false, ret: null, envid: null, dsn: {} },
  };
  const delivery: NewDelivery = {
    id: deliveryId,
    messageId,
    recipient,
    destination: recipient.slice(recipient.lastIndexOf('@') + 1),
    level: 'portal',
    rules: [],
    because: [],
    steps: [{ method: 'portal', tls: 'verify', keys: [] }],
    otherwise: 'bounce',
    subject: null,
    actions: { ...noActions, reply: given.reply ?? null },
    priority: usualPriority,
    state: 'queued',
    status: '',
  };
  const others = (given.also ?? []).map((other) => ({ ...delivery, id: randomUUIDv7(), recipient: other }));
  const deliveries = [delivery, ...others];
  await store.insertMessages([message], []);
  await store.claimMessages(100, Date.now() + 60_000);
  await store.decided([{ messageId, sealedFacts: '', policyVersion: '1', deliveries, events: [] }]);
  await store.claimDeliveries(100, Date.now() + 60_000, () => 100);
  const token = randomBytes(32).toString('base64url');
  const card: PortalCard = {
    subject: given.subject ?? valuesOf(fields, 'subject')[0] ?? '',
    subjectChanged: given.subject != null,
    from: { name: '', address: mailFrom },
    messageId: ownId,
    references: [],
  };
  const portal: Publication = {
    tenant,
    address: addressKey(recipient),
    tokenHash: hashToken(token),
    publishedAt: now,
    expiresAt: now + (given.keepFor ?? 30 * 86_400_000),
    itemKey: itemKey(keys, { delivery: deliveryId, spool: ref }),
    link: '',
    remindAt: null,
    card: sealCard(keys.portal, deliveryId, card),
    thread: ownId,
    demand: given.demand ?? 'code',
    passphrase: given.passphrase ?? null,
  };
  const ended = { step: 0, attempts: 1, nextAt: 0, status: '2.0.0', reason: '', remote: null, warned: false };
  const publications = deliveries.map(({ id, recipient: whose }) => ({
    id,
    state: 'waiting' as const,
    ...ended,
    portal: id === deliveryId ? portal : { ...portal, address: addressKey(whose), tokenHash: id },
  }));
  await store.settle(publications, [], []);
  return { token, deliveryId, messageId, tenant, recipient };
}

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
};

/** What a browser needs of a site. */
export type Visited = Pick<Site, 'origin' | 'ca' | 'lastCode'>;

/** A browser without scripts, as far as the protocol goes: keeps cookies, sends what a same-origin form sends, follows nothing by itself. */
export class Client {
  readonly site: Visited;
  readonly cookies = new Map<string, string>();
  /** Its own, as the site sees it: any of 127.0.0.0/8. */
  readonly address: string;

  constructor(site: Visited, address = '127.0.0.1') {
    this.site = site;
    this.address = address;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', path, headers);
  }

  post(path: string, fields: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Answer> {
    const form = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' };
    return this.send('POST', path, { ...form, ...headers }, new URLSearchParams(fields).toString());
  }

  /** Sends a form with a file, as a browser does (RFC 7578). */
  upload(
    path: string,
    fields: Record<string, string>,
    file: string | Buffer,
    headers: Record<string, string> = {},
    fileName = '../../key.asc',
  ): Promise<Answer> {
    const part = (name: string, value: string | Buffer, more = ''): Buffer[] => [
      Buffer.from(`--xyz\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`),
      Buffer.from(value),
      Buffer.from('\r\n'),
    ];
    const typed = Object.entries(fields).flatMap(([name, value]) => part(name, value));
    const about = `; filename="${fileName}"\r\nContent-Type: text/html`;
    const body = Buffer.concat([...typed, ...part('file', file, about), Buffer.from('--xyz--\r\n')]);
    const form = { 'content-type': 'multipart/form-data; boundary=xyz', 'sec-fetch-site': 'same-origin' };
    return this.send('POST', path, { ...form, ...headers }, body);
  }

  async send(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body: string | Buffer = '',
  ): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await exchange(this, method, path, { ...(cookie === '' ? {} : { cookie }), ...headers }, body);
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  /** Brings the link, as a click does: resolves with the message's own path. */
  async arrive({ token }: Pick<Published, 'token'>): Promise<string> {
    const answer = await this.get(`/m/${token}`);
    if (answer.status !== 303) throw new Error(`the link was answered with ${answer.status}`);
    return answer.headers.location ?? '';
  }

  /** Presses a button of the page at `path`. */
  async press(path: string, action: string, fields: Record<string, string> = {}): Promise<Answer> {
    return this.post(action, { form: await this.formToken(path), ...fields });
  }

  /** Asks for a code, types it, and returns the message's path. */
  async open(message: Pick<Published, 'token'>): Promise<string> {
    const path = await this.arrive(message);
    await this.press(path, `${path}/new-code`);
    const answer = await this.press(`${path}/code`, `${path}/code`, { code: this.site.lastCode() });
    if (answer.status !== 303) throw new Error(`the code was answered with ${answer.status}`);
    return answer.headers.location ?? '';
  }

  async formToken(path: string): Promise<string> {
    return /name="form" value="([^"]+)"/.exec((await this.get(path)).text)?.[1] ?? '';
  }
}

function exchange(
  { site, address }: Pick<Client, 'site' | 'address'>,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string | Buffer,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const url = new URL(site.origin);
  const length = method === 'GET' || method === 'HEAD' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const sent = request({
    host: '127.0.0.1',
    localAddress: address,
    servername: url.hostname,
    port: url.port,
    path,
    method,
    ca: site.ca,
    headers: { host: url.host, ...length, ...headers },
  });
  sent.on('error', reject);
  sent.on('response', (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => {
      const octets = Buffer.concat(chunks);
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: octets, text: octets.toString() });
    });
  });
  sent.end(body);
  return promise;
}
