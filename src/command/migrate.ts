/** `postern migrate`: brings the database to this version's schema. `serve` does the same at its start; this is for doing it beforehand. */
import type { Config } from '../config/config.ts';
import { printJson } from './output.ts';
import { openStorage } from './storage.ts';

export async function migrate(config: Config, json: boolean): Promise<number> {
  const { close } = await openStorage(config);
  await close();
  if (json) printJson({ schema: 'current' });
  else process.stdout.write('The database has the current schema.\n');
  return 0;
}
