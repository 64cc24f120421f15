/** A Web Key Directory of one address on port 443, and a name server that knows no name, for own-keys.test.ts, which runs it in a network of its own. Argument: a folder with its files. */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wkdHash } from '../../src/mail/wkd.ts';
import { createLooks } from '../../src/web/branding.ts';
import { createKeyDirectory } from '../../src/web/published.ts';
import { createWebServer } from '../../src/web/server.ts';

const [folder = '.'] = process.argv.slice(2);
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const published = new Map([[`corp.example/${wkdHash('anna')}`, [read('anna.asc')]]]);
const server = createWebServer({
  routes: createKeyDirectory({
    tenants: [{ domains: ['corp.example'] }],
    store: {
      published: async (domain, hash) => published.get(`${domain}/${hash}`) ?? [],
      revocationList: async () => null,
      authorityCertificate: async () => null,
    },
  }),
  looks: createLooks([], 'https://localhost'),
  listen: { host: '127.0.0.1', port: 443 },
  tls: { key: read('key.pem'), cert: read('cert.pem') },
  emit: () => {},
  healthy: async () => null,
});
await server.listen();
// A name server for which nothing exists: gpg goes on to the direct method only once it knows that the advanced one's host does not.
const names = createSocket('udp4');
names.on('message', (question, { port, address }) => {
  const answer = Buffer.from(question);
  answer.writeUInt16BE(0x8183, 2);
  names.send(answer, port, address);
});
await new Promise<void>((resolve) => names.bind(53, '127.0.0.1', resolve));
process.stdout.write('listening\n');
