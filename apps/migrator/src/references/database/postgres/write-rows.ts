import { sql, type RawBuilder } from "kysely";
import type { AppDatabase, RowWriter } from "../dialect.ts";
import type { NewJournalEntry } from "../journal.ts";
import type { RowChange, Table, WrittenRow } from "../table.ts";
import { tableId } from "./table-id.ts";

/** What a transaction on Postgres writes, a whole batch with one statement each. */
export function rowWriter(db: AppDatabase): RowWriter {
  return {
    async swap(table, changes) {
      const written: (WrittenRow | undefined)[] = changes.map(() => undefined);
      // A column that is not changed is not named either: `UPDATE OF column` triggers would run for it.
      const groups = Map.groupBy(changes.keys(), (at) => columnsOf(changes[at]).join("\n"));
      for (const places of groups.values()) {
        const rows = await swapGroup(
          db,
          table,
          places.flatMap((at) => changes[at] ?? []),
        );
        for (const [index, row] of rows) written[places[index] ?? -1] = row;
      }
      return written;
    },
    async journal(entries) {
      if (entries.length === 0) return;
      const texts = (of: (entry: NewJournalEntry) => string | null): RawBuilder<unknown> =>
        sql`${entries.map(of)}::text[]`;
      await sql`
        insert into bucketferry_url_journal
          (table_schema, table_name, column_name, row_key, before_text, after_text, edits, written_at)
        select *, ${new Date().toISOString()}::text from unnest(
          ${texts(({ table }) => table.schema ?? null)}, ${texts(({ table }) => table.name)},
          ${texts(({ column }) => column)}, ${texts(({ rowKey }) => rowKey)},
          ${texts(({ before }) => before)}, ${texts(({ after }) => after)},
          ${texts(({ references }) => JSON.stringify(references))})`.execute(db);
    },
    async markRestored(ids) {
      if (ids.length === 0) return;
      await sql`update bucketferry_url_journal set restored_at = ${new Date().toISOString()}::text
        where id = any(${ids.map(String)}::bigint[])`.execute(db);
    },
    async rekey({ writeTo: { schema, name } }, moved) {
      if (moved.length === 0) return;
      await sql`update bucketferry_url_journal as j set row_key = m.new_key
        from unnest(${moved.map(({ from }) => from)}::text[], ${moved.map(({ to }) => to)}::text[]) as m(old_key, new_key)
        where j.table_schema = ${schema}::text and j.table_name = ${name}::text and j.row_key = m.old_key
          and j.restored_at is null`.execute(db);
    },
  };
}

function columnsOf(change: RowChange | undefined): string[] {
  return change?.cells.map(({ column }) => column.name) ?? [];
}

/** `at`: the place of the change, from 1; `k0`… the key after the write; `t0`… a text that is not what was written. */
type Returned = Record<string, string | null> & { readonly at: string };

/** One statement for rows that change the same columns. Gives the place of each row that was written. */
async function swapGroup(
  db: AppDatabase,
  table: Table,
  changes: readonly RowChange[],
): Promise<readonly (readonly [number, WrittenRow])[]> {
  const columns = changes[0]?.cells.map((cell) => cell.column) ?? [];
  const inputs = [
    ...table.key.map((_column, index) => changes.map(({ key }) => key[index] ?? "")),
    ...columns.flatMap((_column, index) => [
      changes.map(({ cells }) => cells[index]?.from ?? ""),
      changes.map(({ cells }) => cells[index]?.to ?? ""),
    ]),
  ];
  const names = [
    ...table.key.map((_column, index) => `k${index}`),
    ...columns.flatMap((_column, index) => [`o${index}`, `n${index}`]),
    "at",
  ];
  const now = (name: string): RawBuilder<unknown> => sql`t.${sql.id(name)}::text collate "C"`;
  const given = (name: string): RawBuilder<unknown> => sql`v.${sql.id(name)}`;
  const set = columns.map(
    ({ name, castTo }, index) => sql`${sql.id(name)} = ${given(`n${index}`)}::${sql.raw(castTo ?? "text")}`,
  );
  const where = [
    ...table.key.map(({ name, castTo }, index) => sql`t.${sql.id(name)} = ${given(`k${index}`)}::${sql.raw(castTo)}`),
    ...columns.map(({ name }, index) => sql`${now(name)} = ${given(`o${index}`)}`),
  ];
  const returned = [
    sql`v.at::text as at`,
    ...table.key.map(({ name }, index) => sql`t.${sql.id(name)}::text as ${sql.id(`k${index}`)}`),
    ...columns.map(
      ({ name }, index) =>
        sql`case when ${now(name)} <> ${given(`n${index}`)} then t.${sql.id(name)}::text end as ${sql.id(`t${index}`)}`,
    ),
  ];
  const { rows } = await sql<Returned>`
    update ${tableId(table.writeTo)} as t set ${sql.join(set)}
    from unnest(${sql.join(inputs.map((values) => sql`${values}::text[]`))}) with ordinality
      as v(${sql.join(names.map((name) => sql.id(name)))})
    where ${sql.join(where, sql` and `)}
    returning ${sql.join(returned)}`.execute(db);
  return rows.map((row) => {
    const index = Number(row.at) - 1;
    const cells = changes[index]?.cells ?? [];
    return [
      index,
      {
        key: table.key.map((_column, place) => String(row[`k${place}`])),
        texts: cells.map((cell, place) => row[`t${place}`] ?? cell.to),
      },
    ] as const;
  });
}
