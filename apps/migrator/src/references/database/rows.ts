import { sql, type RawBuilder } from "kysely";
import { tableId, type AppDatabase, type Dialect } from "./dialect.ts";
import type { Row, Table, TextColumn } from "./table.ts";

/**
 * One batch of the rows that may hold a reference, after a key, in the order of the key. Keyset paging: a batch is a
 * statement of its own, so nothing is held open between two, and a row that is added or removed moves no other.
 */
export async function readRows(
  dialect: Dialect,
  table: Table,
  {
    after,
    limit,
    needles,
  }: { readonly after: readonly string[] | undefined; readonly limit: number; readonly needles: readonly string[] },
): Promise<Row[]> {
  const texts = table.columns.map((column) => dialect.textOf(column));
  const maybe = texts.flatMap((text) => needles.map((needle) => dialect.contains(text, needle)));
  if (maybe.length === 0) return [];
  const conditions = [sql`(${sql.join(maybe, sql` or `)})`];
  if (after !== undefined) {
    const names = table.key.map((column) => sql.id(column.name));
    const values = table.key.map((column, index) => dialect.keyValue(after[index] ?? "", column));
    conditions.push(sql`(${sql.join(names)}) > (${sql.join(values)})`);
  }
  const selected = [
    ...table.key.map((column, index) => sql`${dialect.keyText(column)} as ${sql.id(`k${index}`)}`),
    ...texts.map((text, index) => sql`${text} as ${sql.id(`c${index}`)}`),
  ];
  const { rows } = await sql<Record<string, string | null>>`
    select ${sql.join(selected)} from ${sql.id(...tableId(table))}
    where ${sql.join(conditions, sql` and `)}
    order by ${sql.join(table.key.map((column) => sql.id(column.name)))}
    limit ${sql.lit(limit)}`.execute(dialect.db);
  return rows.map((row) => ({
    key: table.key.map((_column, index) => String(row[`k${index}`])),
    cells: table.columns.flatMap((column, index) => {
      const text = row[`c${index}`];
      return typeof text === "string" ? [{ column, text }] : [];
    }),
  }));
}

/**
 * Compare and swap: writes the new text only over exactly the old one. Gives the row's key after the write, or
 * undefined when the cell holds something else by now, or the row is gone.
 */
export async function swapCell(
  dialect: Dialect,
  db: AppDatabase,
  table: Table,
  {
    key,
    column,
    from,
    to,
  }: { readonly key: readonly string[]; readonly column: TextColumn; readonly from: string; readonly to: string },
): Promise<readonly string[] | undefined> {
  const target = sql.id(...tableId(table));
  const set = sql`update ${target} set ${sql.id(column.name)} = ${dialect.valueOf(to, column)}
    where ${whereKey(dialect, table, key)} and ${dialect.textOf(column)} = ${from}`;
  if (table.keyIsAddress && dialect.movesOnWrite) {
    const moved = sql.join(table.key.map((one, index) => sql`${dialect.keyText(one)} as ${sql.id(`k${index}`)}`));
    const { rows } = await sql<Record<string, string>>`${set} returning ${moved}`.execute(db);
    const [row] = rows;
    return row && table.key.map((_column, index) => String(row[`k${index}`]));
  }
  const { numAffectedRows } = await set.execute(db);
  return numAffectedRows === 1n ? key : undefined;
}

/** The text of one cell now; null for NULL, undefined when there is no such row. */
export async function readCell(
  dialect: Dialect,
  db: AppDatabase,
  table: Table,
  key: readonly string[],
  column: TextColumn,
): Promise<string | null | undefined> {
  const { rows } = await sql<{ text: string | null }>`
    select ${dialect.textOf(column)} as text from ${sql.id(...tableId(table))}
    where ${whereKey(dialect, table, key)}`.execute(db);
  return rows[0]?.text;
}

function whereKey(dialect: Dialect, table: Table, key: readonly string[]): RawBuilder<unknown> {
  return sql.join(
    table.key.map((column, index) => sql`${sql.id(column.name)} = ${dialect.keyValue(key[index] ?? "", column)}`),
    sql` and `,
  );
}
