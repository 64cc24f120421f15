/** The schema that the migrations make is the one that is written down, and making it is safe whoever does it at the same time. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import { eachEngine, type Place } from '../engines.ts';
import { message } from './rows.ts';

async function schemaOf(place: Place): Promise<string> {
  return place.database === 'sqlite' ? sqliteSchema(place.folder) : await postgresSchema(place.database);
}

/** SQLite keeps the statements as they were given: one line each. */
function sqliteSchema(folder: string): string {
  using database = new DatabaseSync(join(folder, 'postern.sqlite'), { readOnly: true });
  const rows = database
    .prepare('select sql from sqlite_schema where sql is not null order by tbl_name, type desc, name')
    .all();
  return rows.map((row) => `${String(row.sql).replace(/, "/g, ',\n  "')};\n`).join('\n');
}

/** PostgreSQL's catalogue, put back into statements. */
async function postgresSchema(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const tables = await client.query<{ text: string }>(`
      select format(E'create table %s (\n%s\n);\n', relation.relname, (
        select string_agg(line, E',\n' order by rank) from (
          select attribute.attnum as rank, format('  %s %s%s%s', attribute.attname, format_type(attribute.atttypid, attribute.atttypmod),
            case when coll.collname = 'default' or coll.collname is null then '' else ' collate "' || coll.collname || '"' end,
            case when attribute.attnotnull then ' not null' else '' end) as line
          from pg_attribute as attribute left join pg_collation as coll on coll.oid = attribute.attcollation
          where attribute.attrelid = relation.oid and attribute.attnum > 0 and not attribute.attisdropped
          union all
          select 1000 + ascii(contype::text), '  ' || replace(pg_get_constraintdef(oid), current_schema() || '.', '')
          from pg_constraint where conrelid = relation.oid and contype in ('p', 'f')
        ) as lines)) as text
      from pg_class as relation where relation.relkind = 'r' and relation.relnamespace = current_schema()::regnamespace
      order by relation.relname`);
    const indexes = await client.query<{ text: string }>(`
      select replace(indexdef, current_schema() || '.', '') || E';\n' as text from pg_indexes
      where schemaname = current_schema() and indexname not like '%_pkey' and indexname not like '%_key'
      order by tablename, indexname`);
    return [...tables.rows, ...indexes.rows].map((row) => row.text).join('\n');
  } finally {
    await client.end();
  }
}

eachEngine((engine) => {
  // Changed on purpose? `npx vitest run test/store/schema.test.ts -u` writes it down anew.
  test('is what the committed file says', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await store.close();
    const schema = await schemaOf(place);
    await expect(schema).toMatchFileSnapshot(`../../src/store/schema.${engine.name}.sql`);
  });

  test('is made once by processes that start together, and left alone by those that come later', async () => {
    await using place = await engine.create();
    const opened = await Promise.all(Array.from({ length: 6 }, () => openStore(place)));
    const row = message();
    await opened[0]?.store.insertMessages([row], []);
    const { store } = await openStore(place);
    expect(await store.findMessages(row.id)).toHaveLength(1);
    await Promise.all([...opened.map((each) => each.store.close()), store.close()]);
  });

  test('is not touched by a program that is older than it', async () => {
    await using place = await engine.create();
    const { store } = await openStore(place);
    await store.close();
    const newer = `insert into migrations (name, applied_at) values ('999 from the future', 0)`;
    if (place.database === 'sqlite') {
      using database = new DatabaseSync(join(place.folder, 'postern.sqlite'));
      database.exec(newer);
    } else {
      const client = new Client({ connectionString: place.database });
      await client.connect();
      await client.query(newer);
      await client.end();
    }
    await expect(openStore(place)).rejects.toThrow('newer than this program');
  });
});
