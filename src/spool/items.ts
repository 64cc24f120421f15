/**
 * Blobs of the spool as the portal may open them. The portal has a key of its own and never the master key: whoever publishes a message wraps its data key
 * once more, for the portal and for this one delivery, and what the portal writes is wrapped for the spool when the work role takes it. The octets
 * stay as they are.
 */
import { unwrapKey, wrapKey } from '../protect/seal.ts';
import { createSealedSpool, type Medium, readSealed } from './sealed.ts';
import type { SpoolRef, SpoolWriter } from './spool.ts';

/** A blob, its data key wrapped by `itemKey`, as the message of one delivery. */
export type Item = { readonly delivery: string; readonly spool: SpoolRef };

export type ItemSpool = {
  /** Octets [start, end), all of them by default. Rejects when the key is for another delivery, or the blob is damaged or gone. */
  read(item: Item, range?: { readonly start: number; readonly end: number }): AsyncIterable<Uint8Array>;
  /** The octets of a blob of the portal's own. */
  readOwn(spool: SpoolRef): AsyncIterable<Uint8Array>;
  /** Begins a blob of the portal's own; its data key is wrapped for the portal until `forSpool`. */
  create(): Promise<SpoolWriter>;
  /** Deletes a blob of the portal's own. */
  remove(id: string): Promise<void>;
};

/** `portalKey`: 32 octets. */
export function createItemSpool(portalKey: Buffer, medium: Medium): ItemSpool {
  const own = createSealedSpool(portalKey, medium);
  return {
    read: ({ delivery, spool }, range) =>
      readSealed(
        medium,
        unwrapKey(portalKey, spool.wrappedKey, itemContext(delivery)),
        spool,
        range ?? { start: 0, end: spool.size },
      ),
    readOwn: (spool) => own.read(spool),
    create: () => own.create(),
    remove: (id) => own.remove(id),
  };
}

/** The key of a stored blob, wrapped for the portal and this delivery. */
export function itemKey(keys: { readonly master: Buffer; readonly portal: Buffer }, { delivery, spool }: Item): string {
  return wrapKey(keys.portal, unwrapKey(keys.master, spool.wrappedKey, spool.id), itemContext(delivery));
}

/** A blob that the portal wrote, its key wrapped as the spool's own are. */
export function forSpool(keys: { readonly master: Buffer; readonly portal: Buffer }, spool: SpoolRef): SpoolRef {
  return { ...spool, wrappedKey: wrapKey(keys.master, unwrapKey(keys.portal, spool.wrappedKey, spool.id), spool.id) };
}

function itemContext(delivery: string): string {
  return `item ${delivery}`;
}
