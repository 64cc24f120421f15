/** The tenant's own keys, wired for the gateway: who signs and what opens (`openCustody`), and what the web publishes of them (`publishKeys`). */
import type { Config } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import { createOwnKeys, type OwnKeys } from '../keys/own.ts';
import { createGenerator, startTending } from '../keys/own-automatic.ts';
import { type MakerPorts, publishedAt } from '../keys/own-maker.ts';
import { ownKeysKey } from '../protect/own/jobs.ts';
import { createOwnKeyWork } from '../protect/own/thread.ts';
import type { Store } from '../store/store.ts';
import type { Portal } from '../web/portal.ts';
import { createKeyDirectory, createRevocationPages } from '../web/published.ts';
import { createWebServer, type WebServer } from '../web/server.ts';

type Custody = {
  readonly keys: OwnKeys;
  /** Ends the renewals. */
  readonly close: () => Promise<void>;
};

/** Renews by itself what ends soon, until it is closed. */
export function openCustody(config: Config, store: Pick<Store, 'ownKeys'>, emit: (event: Event) => void): Custody {
  const { tenants } = config;
  const maker: MakerPorts = {
    store: store.ownKeys,
    work: createOwnKeyWork(ownKeysKey(config.masterKey)),
    publishedAt: publishedAt(config.web),
    emit,
    now: Date.now,
  };
  const keys = createOwnKeys({ store: store.ownKeys, generate: createGenerator(tenants, maker), now: Date.now });
  return { keys, close: startTending(tenants, maker) };
}

type Publishing = {
  /** What is published, and before all that the portal has: it answers every path there is. */
  readonly routes: Portal['routes'];
  /** Serves the lists without TLS; not listening yet, and null when the settings name none. */
  readonly lists: WebServer | null;
};

/** The Web Key Directory and the revocation lists, beside the portal. */
export function publishKeys(
  { routes, looks }: Portal,
  { tenants, web }: Config,
  store: Pick<Store, 'ownKeys'>,
  emit: (event: Event) => void,
): Publishing {
  const published = { store: store.ownKeys, tenants };
  const all = createKeyDirectory(published);
  all.route('/', createRevocationPages(published));
  all.route('/', routes);
  if (web === null || web.http === null) return { routes: all, lists: null };
  const lists = createWebServer({
    routes: createRevocationPages(published),
    looks,
    listen: web.http.listen,
    tls: null,
    emit,
    healthy: () => store.ownKeys.find(''),
  });
  return { routes: all, lists };
}
