import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import { createAccept } from '../../src/pipeline/accept.ts';
import { type Spool, SpoolFull, type SpoolWriter } from '../../src/spool/spool.ts';
import { StoreBusy, StoreDown } from '../../src/store/store.ts';
import { message } from '../store/rows.ts';

type Fault = { commit?: Error; insert?: Error };

/** An accept over a spool and a store that fail as told, with a record of what became of the blob. */
function acceptWith(fault: Fault) {
  const blob = { aborted: false };
  const events: Event[] = [];
  const { id: _, spool, size: __, ...rest } = message();
  const writer: SpoolWriter = {
    write: async () => {},
    commit: async () => {
      if (fault.commit !== undefined) throw fault.commit;
      return spool;
    },
    abort: async () => {
      blob.aborted = true;
    },
  };
  const accept = createAccept({
    spool: { create: async () => writer } as Pick<Spool, 'create'> as Spool,
    store: {
      insertMessages: async () => {
        if (fault.insert !== undefined) throw fault.insert;
      },
    },
    emit: (event) => events.push(event),
    wake: () => {},
  });
  return {
    accept,
    blob,
    events,
    commit: () => accept.commit(writer, { client: '127.0.0.1', message: { id: 'm', ...rest } }),
  };
}

describe('accept', () => {
  test.each([
    ['no room for the blob', { commit: new SpoolFull('full') }, 452, true],
    ['the disk is broken', { commit: new Error('EIO') }, 451, true],
    ['the database is busy', { insert: new StoreBusy('busy') }, 451, false],
    ['the database is away, and may have committed', { insert: new StoreDown('down') }, 451, false],
    ['a bug of ours', { insert: new Error('bug') }, 451, false],
  ] as const)('%s: 4xx, and the blob stays only where its row may be', async (_, fault, code, aborted) => {
    const { blob, commit, events } = acceptWith(fault);
    expect(await commit()).toMatchObject({ kind: 'refused', code });
    expect(blob.aborted).toBe(aborted);
    expect(events.map(({ kind }) => kind)).toEqual(['service.failed']);
  });

  test('all is well: accepted, with its event', async () => {
    const { blob, commit, events } = acceptWith({});
    expect(await commit()).toEqual({ kind: 'accepted' });
    expect(blob.aborted).toBe(false);
    expect(events).toMatchObject([{ kind: 'message.accepted', message: 'm' }]);
  });
});
