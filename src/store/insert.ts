/**
 * Many rows with one statement. Building SQL costs more than running it, so a statement's text is made once for each table and number of
 * rows and used again with other values.
 */
import { CompiledQuery, type Insertable, type Kysely } from 'kysely';
import type { Tables } from './schema.ts';

/** Rows in one statement: 50 rows of 25 columns stay far below the 32,766 parameters SQLite takes. */
const maxRows = 50;
const texts = new WeakMap<object, Map<string, string>>();

/** Inserts `rows`, which must all name the same columns in the same order, none undefined. */
export async function insertRows<Name extends keyof Tables>(
  db: Kysely<Tables>,
  table: Name,
  rows: readonly Insertable<Tables[Name]>[],
): Promise<void> {
  for (let from = 0; from < rows.length; from += maxRows) {
    const some = rows.slice(from, from + maxRows);
    const text = textOnce(db, `insert ${table} ${some.length}`, () => db.insertInto(table).values(some).compile().sql);
    const values = some.flatMap((row) => Object.values(row));
    await db.executeQuery(CompiledQuery.raw(text, values));
  }
}

/** The SQL text made by `build` for `key`, once for each engine. */
export function textOnce(db: Kysely<Tables>, key: string, build: () => string): string {
  const engine = db.getExecutor().adapter;
  let known = texts.get(engine);
  if (known === undefined) texts.set(engine, (known = new Map<string, string>()));
  let text = known.get(key);
  if (text === undefined) known.set(key, (text = build()));
  return text;
}
