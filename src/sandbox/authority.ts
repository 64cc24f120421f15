/** The certificate authority of the sandbox's tenant: whoever signs S/MIME there gets a certificate from it. */
import type { Config } from '../config/config.ts';
import { createAuthority, publishedAt } from '../keys/own-maker.ts';
import { ownKeysKey } from '../protect/own/jobs.ts';
import { createOwnKeyWork } from '../protect/own/thread.ts';
import type { OwnKeyStore } from '../store/own-key-port.ts';

/** As `postern keys own ca` would make it. */
export async function makeAuthority(config: Config, store: OwnKeyStore): Promise<void> {
  const work = createOwnKeyWork(ownKeysKey(config.masterKey));
  const ports = { store, work, publishedAt: publishedAt(config.web), emit: () => {}, now: Date.now };
  for (const tenant of config.tenants) {
    const made = await createAuthority(tenant, '', ports);
    if (!made.ok) throw new Error(made.why);
  }
}
