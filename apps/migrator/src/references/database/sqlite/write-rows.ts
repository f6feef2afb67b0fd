import type SqliteDatabase from "better-sqlite3";
import type { RowWriter } from "../dialect.ts";
import type { RowChange, Table, WrittenRow } from "../table.ts";
import { quoted } from "./quoted.ts";
import { values, whereKey } from "./read-pages.ts";

/** What a transaction on SQLite writes: statements are calls in this process, so there is one for each row. */
export function rowWriter(connection: SqliteDatabase.Database): RowWriter {
  const prepared = new Map<string, SqliteDatabase.Statement>();
  const statement = (text: string): SqliteDatabase.Statement => {
    const known = prepared.get(text) ?? connection.prepare(text);
    prepared.set(text, known);
    return known;
  };
  return {
    swap: async (table, changes) => changes.map((change) => swapRow(table, change, statement)),
    async journal(entries) {
      const insert = statement(`insert into bucketferry_url_journal
        (table_name, column_name, row_key, before_text, after_text, edits, written_at) values (?, ?, ?, ?, ?, ?, ?)`);
      const now = new Date().toISOString();
      for (const { table, column, rowKey, before, after, references } of entries) {
        insert.run(table.name, column, rowKey, before, after, JSON.stringify(references), now);
      }
    },
    async markRestored(ids) {
      const mark = statement("update bucketferry_url_journal set restored_at = ? where id = ?");
      const now = new Date().toISOString();
      for (const id of ids) mark.run(now, id);
    },
    async rekey(table, moved) {
      const follow = statement(`update bucketferry_url_journal set row_key = ?
        where table_name = ? and row_key = ? and restored_at is null`);
      for (const { from, to } of moved) follow.run(to, table.name, from);
    },
  };
}

function swapRow(
  table: Table,
  { key, cells }: RowChange,
  statement: (text: string) => SqliteDatabase.Statement,
): WrittenRow | undefined {
  const set = cells.map(({ column }) => `${quoted(column.name)} = ?`).join(", ");
  // By its bytes, whatever the column's collation holds for equal.
  const same = cells
    .map(({ column }) => `typeof(${quoted(column.name)}) = 'text' and ${quoted(column.name)} = ? collate binary`)
    .join(" and ");
  const { changes } = statement(`update ${quoted(table.name)} set ${set} where ${whereKey(table)} and ${same}`).run(
    ...cells.map(({ to }) => to),
    ...values(key),
    ...cells.map(({ from }) => from),
  );
  if (changes !== 1) return undefined;
  if (!table.keyMayChange) {
    // RETURNING tells values from before AFTER triggers have run: the row is read, as it will be compared.
    return { key, texts: textsAt(table, key, cells, statement) ?? cells.map(({ to }) => to) };
  }
  const moved = table.key.map(({ name }, index) => {
    const change = cells.find(({ column }) => column.name === name);
    return change === undefined ? (key[index] ?? "") : `'${change.to.replaceAll("'", "''")}'`;
  });
  return { key: moved, texts: textsAt(table, moved, cells, statement) ?? cells.map(({ to }) => to) };
}

function textsAt(
  table: Table,
  key: readonly string[],
  cells: RowChange["cells"],
  statement: (text: string) => SqliteDatabase.Statement,
): string[] | undefined {
  const columns = cells.map(({ column }, index) => `${quoted(column.name)} as c${index}`).join(", ");
  const row = statement(`select ${columns} from ${quoted(table.name)} where ${whereKey(table)}`).get(...values(key)) as
    | Record<string, unknown>
    | undefined;
  return (
    row &&
    cells.map(({ to }, index) => {
      const text = row[`c${index}`];
      return typeof text === "string" ? text : to;
    })
  );
}
