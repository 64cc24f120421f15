/** How the steps of migrations.ts write down a table. */
import type { CreateTableBuilder } from 'kysely';
import type { Traits } from './dialect.ts';

export type Table = CreateTableBuilder<string, string>;

/** Adds columns, all NOT NULL but those whose name ends in '?'. */
export function columns(table: Table, type: Traits['textType'] | 'bigint' | 'integer', names: string): Table {
  let builder = table;
  for (const name of names.split(' ')) {
    const optional = name.endsWith('?');
    builder = builder.addColumn(optional ? name.slice(0, -1) : name, type, (column) =>
      optional ? column : column.notNull(),
    );
  }
  return builder;
}
