/** The role web, wired: the portal with what is published of the tenants' own keys, behind its web server. */
import type { Config } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import { createRecipientKeys } from '../keys/given.ts';
import type { ServerCertificate } from '../pipeline/certificates.ts';
import { portalKeyOf } from '../pipeline/portal.ts';
import { createPortalOutbox } from '../pipeline/portal-outbox.ts';
import { createPortal } from '../web/portal.ts';
import { createSignIn } from '../web/proof/accounts.ts';
import { createWebServer } from '../web/server.ts';
import { publishKeys } from './custody.ts';
import { createOutbound } from './outbound.ts';
import { checkPortalKey, type Storage } from './storage.ts';

type PortalPorts = Pick<Storage, 'store' | 'items'> & {
  readonly emit: (event: Event) => void;
  /** Takes what must be closed at the end, in reverse order. */
  readonly ending: (end: () => Promise<unknown>) => void;
  /** Takes the certificate that the server shows, to be kept up to date. */
  readonly shows: (certificate: ServerCertificate) => void;
  /** Something was written in the portal and is to go out. */
  readonly submitted: () => void;
};

/** The origin of the portal as bound: "https://127.0.0.1:8443". */
export async function startPortal(config: Config, ports: PortalPorts): Promise<string> {
  const { store, items, submitted, emit, ending, shows } = ports;
  const { web } = config;
  if (web === null) throw new Error('the role web needs the setting web');
  const { ask, resolver } = createOutbound(config, store);
  ending(async () => resolver.close());
  const portal = createPortal({
    store: store.portal,
    senders: store.senders,
    greetings: store.greetings,
    answers: store.answers,
    keys: createRecipientKeys({ store, emit, now: Date.now }),
    items,
    tenants: config.tenants,
    keepFor: web.keepFor,
    portalUrl: web.portalUrl,
    key: portalKeyOf(config),
    wake: submitted,
    submit: createPortalOutbox({ store: store.portal, items, now: Date.now, wake: submitted }),
    signIn: createSignIn({ signIn: web.signIn, portalUrl: web.portalUrl, ask }),
    emit,
  });
  ending(() => portal.close());
  const { routes, lists } = publishKeys(portal, config, store, emit);
  if (lists !== null) {
    ending(() => lists.close());
    await lists.listen();
  }
  const server = createWebServer({
    routes,
    looks: portal.looks,
    listen: web.listen,
    tls: web.tls,
    emit,
    // The key again: who publishes may have come later, with another one.
    healthy: () => checkPortalKey(config, store, false),
  });
  ending(() => server.close());
  if (web.tls !== null) shows({ setting: 'web.tls', identity: web.tls, use: (identity) => server.renew(identity) });
  return server.listen();
}
