/** Large files on their way through the portal: one saved by its reader, one sent with an answer as upload.js sends it; and the memory each takes. */
import { request } from 'node:https';
import { formIn, type Portal, Reader } from './portal-readers.ts';
import type { Waiting } from './portal-seed.ts';
import type { Server } from './portal-server.ts';

type Carrying = {
  readonly portal: Portal;
  readonly server: Server;
  /** A message whose second part is the file. */
  readonly large: Waiting;
  readonly mailed: (address: string) => Promise<string>;
  /** Of the file that is sent. */
  readonly octets: number;
  /** Octets of memory that a file may take. */
  readonly limit: number;
};

/** What was measured, in lines. Sets the exit status when a file took more memory than the limit. */
export async function carryLarge({ portal, server, large, mailed, octets, limit }: Carrying): Promise<string[]> {
  const opening: number[] = [];
  const reader = new Reader(portal, (name, time) => void (name === 'message' && opening.push(time)), 999, [large]);
  const said: string[] = [];
  const measure = async (what: string, work: () => Promise<number>): Promise<void> => {
    const memory = server.memory();
    const started = performance.now();
    const size = await work();
    const seconds = (performance.now() - started) / 1000;
    const added = memory();
    const rest = `${seconds.toFixed(1)} s, ${Math.max(0, added / 1e6).toFixed(0)} MB of memory more than before`;
    said.push(`a file of ${(size / 1e6).toFixed(0)} MB ${what}: ${rest}`);
    if (added > limit) process.exitCode = 1;
  };
  await measure('opened with its message', async () => {
    await reader.arrive(mailed);
    return octets;
  });
  await measure('saved', () => save(portal, `/d/${large.deliveryId}/attachment/2`, reader.cookie));
  await measure('sent with an answer', () => send(reader, large, octets));
  reader.close();
  return said;
}

/** Reads and forgets. Resolves with the octets. */
async function save(portal: Portal, path: string, cookie: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const sent = request(
    { host: '127.0.0.1', port: portal.port, ca: portal.ca, servername: 'localhost', path, headers: { cookie } },
    (response) => {
      if (response.statusCode !== 200) reject(new Error(`answered with ${response.statusCode}`));
      let size = 0;
      response.on('data', (chunk: Buffer) => (size += chunk.length));
      response.on('end', () => resolve(size));
      response.on('error', reject);
    },
  );
  sent.on('error', reject).end();
  return promise;
}

/** Announces a file and sends it in chunks of the size that the server names. */
async function send(reader: Reader, { deliveryId }: Waiting, octets: number): Promise<number> {
  const message = await reader.get('message', `/d/${deliveryId}`);
  const draft = await reader.press('answer', message, `/d/${deliveryId}/answer`, { kind: 'reply' });
  const form = formIn(await reader.get('draft', draft));
  const about = { form, name: 'scan.dcm', type: 'application/dicom', size: String(octets), mark: 'm' };
  const announced = await reader.post('announce', `${draft}/upload`, new URLSearchParams(about).toString());
  if (announced.status !== 201) throw new Error(`the file was answered with ${announced.status}`);
  const { id, chunk } = JSON.parse(announced.body.toString()) as { id: string; chunk: number };
  const full = Buffer.alloc(chunk, 7);
  for (let start = 0; start < octets; start += chunk) {
    const headers = { 'x-form': form, 'upload-offset': String(start), 'content-type': 'application/octet-stream' };
    const piece = full.subarray(0, Math.min(chunk, octets - start));
    const { status } = await reader.post('chunk', `${draft}/upload/${id}`, piece, headers);
    if (status !== 200) throw new Error(`a chunk was answered with ${status}`);
  }
  return octets;
}
