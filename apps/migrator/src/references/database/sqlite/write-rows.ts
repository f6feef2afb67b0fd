import type SqliteDatabase from "better-sqlite3";
import { killPoint } from "../../kill-point.ts";
import type { RowWriter } from "../dialect.ts";
import { rowKeyText } from "../journal.ts";
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
  const follow = (table: Table, changes: readonly RowChange[], rows: readonly (WrittenRow | undefined)[]): void => {
    if (!table.keyMayChange) return;
    const rekey = statement(`update bucketferry_url_journal set row_key = ?
      where table_name = ? and row_key = ? and restored_at is null`);
    for (const [index, change] of changes.entries()) {
      const row = rows[index];
      if (row === undefined) continue;
      const [from, to] = [rowKeyText(table, change.key), rowKeyText(table, row.key)];
      if (from !== to) rekey.run(to, table.name, from);
    }
  };
  const markRestored = (ids: readonly number[]): void => {
    const mark = statement("update bucketferry_url_journal set restored_at = ? where id = ?");
    const now = new Date().toISOString();
    for (const id of ids) mark.run(now, id);
  };
  return {
    async rewrite(table, changes) {
      const rows = changes.map((change) => swapRow(table, change, statement));
      killPoint("rewrite:after-update");
      follow(table, changes, rows);
      const insert = statement(`insert into bucketferry_url_journal
        (table_name, column_name, row_key, before_text, after_text, edits, written_at) values (?, ?, ?, ?, ?, ?, ?)`);
      const now = new Date().toISOString();
      for (const [index, { cells }] of changes.entries()) {
        const row = rows[index];
        if (row === undefined) continue;
        const rowKey = rowKeyText(table, row.key);
        for (const [place, { column, from, to, references }] of cells.entries()) {
          const after = row.texts[place] ?? to;
          insert.run(table.name, column.name, rowKey, from, after, JSON.stringify(references), now);
        }
      }
      return rows;
    },
    async restore(table, changes) {
      const rows = changes.map((change) => swapRow(table, change, statement));
      killPoint("rollback:after-update");
      follow(table, changes, rows);
      markRestored(
        changes.flatMap(({ cells }, index) => (rows[index] === undefined ? [] : cells.map(({ entry }) => entry.id))),
      );
      return rows;
    },
    markRestored: async (ids) => markRestored(ids),
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
