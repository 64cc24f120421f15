/**
 * Blobs as rows: the medium that spool/database.ts writes to. Every insert is committed when it resolves. Deleting a blob's key is its
 * deletion; these rows only go to make room.
 */
import type { ChunkStore } from '../spool/database.ts';
import { SpoolFull } from '../spool/spool.ts';
import { insertRows } from './insert.ts';
import { StoreDown } from './store.ts';
import type { Database } from './transaction.ts';

/** Blobs that one step of a walk returns. */
const listSize = 500;

export function createChunkStore(database: Database): ChunkStore {
  return {
    async insert(blobId, firstFrame, frames) {
      const rows = frames.map((sealed, index) => ({ blob_id: blobId, frame: firstFrame + index, sealed }));
      try {
        await database.write((trx) => insertRows(trx, 'chunks', rows));
      } catch (error) {
        if (error instanceof StoreDown && database.traits.trouble(error.cause) === 'full')
          throw new SpoolFull('the database has no room', { cause: error });
        throw error;
      }
    },
    async read(blobId, fromFrame, toFrame) {
      const rows = await database.read((db) =>
        db
          .selectFrom('chunks')
          .select('sealed')
          .where('blob_id', '=', blobId)
          .where('frame', '>=', fromFrame)
          .where('frame', '<', toFrame)
          .orderBy('frame')
          .execute(),
      );
      return rows.map((row) => row.sealed);
    },
    async remove(blobIds) {
      if (blobIds.length === 0) return;
      await database.write((trx) => trx.deleteFrom('chunks').where('blob_id', 'in', blobIds).execute());
    },
    async list(after) {
      const rows = await database.read((db) =>
        db
          .selectFrom('chunks')
          .select('blob_id')
          .where('frame', '=', 0)
          .where('blob_id', '>', after)
          .orderBy('blob_id')
          .limit(listSize)
          .execute(),
      );
      return rows.map((row) => row.blob_id);
    },
  };
}
