import { sql, type RawBuilder } from "kysely";
import type { AppDatabase } from "../app-database.ts";
import type { RowWriter } from "../dialect.ts";
import type { CellRestore, CellRewrite, RowRestore, RowRewrite } from "../journal-entry.ts";
import type { RowChange, Table, TextColumn, WrittenRow } from "../table.ts";
import { tableId } from "./table-id.ts";
import { textArray } from "./text-array.ts";

/**
 * What a transaction on Postgres writes. A whole batch is one statement: rows, their journal, and the entries of rows that move,
 * all of what the update has returned, so that each text crosses the wire once and none comes back.
 */
export function rowWriter(db: AppDatabase): RowWriter {
  return {
    rewrite: (table, changes) => byColumns(changes, (part) => rewriteRows(db, table, part)),
    restore: (table, changes) => byColumns(changes, (part) => restoreRows(db, table, part)),
    async markRestored(ids) {
      if (ids.length === 0) return;
      await sql`update bucketferry_url_journal set restored_at = ${new Date().toISOString()}::text
        where id operator(pg_catalog.=) any(${textArray(ids.map(String))}::text[]::bigint[])`.execute(db);
    },
  };
}

/** A column that is not changed is not named either: `UPDATE OF column` triggers would run for it. */
async function byColumns<C extends RowChange>(
  changes: readonly C[],
  write: (part: readonly C[]) => Promise<readonly (WrittenRow | undefined)[]>,
): Promise<readonly (WrittenRow | undefined)[]> {
  const written: (WrittenRow | undefined)[] = changes.map(() => undefined);
  const groups = Map.groupBy(changes.keys(), (at) =>
    (changes[at]?.cells ?? []).map(({ column }) => column.name).join("\n"),
  );
  for (const places of groups.values()) {
    const rows = await write(places.flatMap((at) => changes[at] ?? []));
    for (const [index, place] of places.entries()) written[place] = rows[index];
  }
  return written;
}

async function rewriteRows(
  db: AppDatabase,
  table: Table,
  changes: readonly RowRewrite[],
): Promise<readonly (WrittenRow | undefined)[]> {
  const { schema, name } = table.writeTo;
  const columns = columnsOf(changes);
  const cells = (of: (cell: CellRewrite) => string) => eachColumn(changes, of);
  const given = [
    ...keysOf(table, changes),
    ...named(
      "o",
      cells(({ from }) => from),
    ),
    ...named(
      "n",
      cells(({ to }) => to),
    ),
    ...named(
      "e",
      cells(({ references }) => JSON.stringify(references)),
    ),
  ];
  const entries = columns.map(
    (column, index) =>
      sql`(${sql.lit(column.name)}, ${own("u", "o", index)}, ${own("u", "now", index)}, ${own("u", "e", index)})`,
  );
  return swapped(db, table, changes, {
    from: sql`${unnested(given)}`,
    old: (index) => own("v", "o", index),
    next: (index) => own("v", "n", index),
    returned: columns.flatMap((_column, index) => [sql`${own("v", "o", index)}`, sql`${own("v", "e", index)}`]),
    recorded: sql`recorded as (
      insert into bucketferry_url_journal
        (table_schema, table_name, column_name, row_key, before_text, after_text, edits, written_at)
      select ${schema ?? null}::text, ${name}::text, c.name, ${rowKeyOf(table)}, c.before, c.after, c.edits,
        ${new Date().toISOString()}::text
      from u cross join lateral (values ${sql.join(entries)}) as c(name, before, after, edits))`,
  });
}

/** Both texts are in the journal already: they stay on the server. */
async function restoreRows(
  db: AppDatabase,
  table: Table,
  changes: readonly RowRestore[],
): Promise<readonly (WrittenRow | undefined)[]> {
  const columns = columnsOf(changes);
  const given = [
    ...keysOf(table, changes),
    ...named(
      "i",
      eachColumn(changes, ({ entry }: CellRestore) => String(entry.id)),
    ),
  ];
  const journal = columns.map(
    (_column, index) =>
      sql`join bucketferry_url_journal as ${sql.id(`j${index}`)} on ${own(`j${index}`, "id")} operator(pg_catalog.=) ${own("v", "i", index)}::bigint`,
  );
  return swapped(db, table, changes, {
    from: sql`${unnested(given)} ${sql.join(journal, sql` `)}`,
    old: (index) => own(`j${index}`, "after_text"),
    next: (index) => own(`j${index}`, "before_text"),
    returned: columns.map((_column, index) => own("v", "i", index)),
    recorded: sql`recorded as (
      update bucketferry_url_journal as j set restored_at = ${new Date().toISOString()}::text
      from u cross join lateral (values ${sql.join(columns.map((_column, index) => sql`(${own("u", "i", index)}::bigint)`))}) as c(id)
      where j.id operator(pg_catalog.=) c.id)`,
  });
}

interface Swap {
  readonly from: RawBuilder<unknown>;
  /** The text that a cell must hold, and the one that it gets. */
  readonly old: (index: number) => RawBuilder<unknown>;
  readonly next: (index: number) => RawBuilder<unknown>;
  /** What `recorded` needs beside key and text. */
  readonly returned: readonly RawBuilder<unknown>[];
  /** A statement that writes what the journal has to say of the rows in `u`. */
  readonly recorded: RawBuilder<unknown>;
}

/** What is not as it was asked for: a row that moved, a text that the database normalised or a trigger changed. */
interface Surprise {
  readonly at: number;
  readonly key: readonly string[];
  readonly texts: readonly (string | null)[];
}

/**
 * `at`: the place of the change, from 1; `k0`… the key before the write, `key0`… after it; `now0`… the text that is there after it.
 * All parts of a statement see the tables as they were before it, so an entry that is made here is not moved by `moved`.
 */
async function swapped(
  db: AppDatabase,
  table: Table,
  changes: readonly RowChange[],
  { from, old, next, returned, recorded }: Swap,
): Promise<readonly (WrittenRow | undefined)[]> {
  const columns = columnsOf(changes);
  const now = ({ name }: TextColumn): RawBuilder<unknown> => sql`t.${sql.id(name)}::text collate "C"`;
  const set = columns.map(
    ({ name, castTo }, index) => sql`${sql.id(name)} = ${next(index)}::${sql.raw(castTo ?? "text")}`,
  );
  const where = [
    ...table.key.map(({ name, castTo }, index) => sql`t.${sql.id(name)} = ${own("v", "k", index)}::${sql.raw(castTo)}`),
    ...columns.map((column, index) => sql`${now(column)} operator(pg_catalog.=) ${old(index)}`),
  ];
  const keys = table.key.map((_column, index) => sql`u.${sql.id(`key${index}`)}`);
  const isSurprise = [
    ...(table.keyMayChange
      ? table.key.map((_column, index) => sql`${keys[index]} operator(pg_catalog.<>) ${own("u", "k", index)}`)
      : []),
    ...columns.map((_column, index) => sql`${own("u", "differs", index)}`),
  ];
  const texts = columns.map(
    (_column, index) => sql`case when ${own("u", "differs", index)} then ${own("u", "now", index)} end`,
  );
  const { rows } = await sql<{ places: string | null; surprises: Surprise[] | null }>`
    with u as (
      update ${tableId(table.writeTo)} as t set ${sql.join(set)} from ${from}
      where ${sql.join(where, sql` and `)}
      returning ${sql.join([
        sql`v.at`,
        ...table.key.map((_column, index) => own("v", "k", index)),
        ...table.key.map(({ name }, index) => sql`t.${sql.id(name)}::text as ${sql.id(`key${index}`)}`),
        ...columns.map((column, index) => sql`${now(column)} as ${sql.id(`now${index}`)}`),
        ...columns.map(
          (column, index) => sql`${now(column)} operator(pg_catalog.<>) ${next(index)} as ${sql.id(`differs${index}`)}`,
        ),
        ...returned,
      ])}),
    ${table.keyMayChange ? sql`${movedEntries(table)},` : sql``}
    ${recorded}
    select pg_catalog.string_agg(u.at::text, ',') as places,
      pg_catalog.json_agg(pg_catalog.json_build_object('at', u.at, 'key', pg_catalog.json_build_array(${sql.join(keys)}), 'texts', pg_catalog.json_build_array(${sql.join(texts)})))
        filter (where ${sql.join(isSurprise, sql` or `)}) as surprises
    from u`.execute(db);
  return writtenRows(changes, rows[0]?.places ?? null, rows[0]?.surprises ?? []);
}

function writtenRows(
  changes: readonly RowChange[],
  places: string | null,
  surprises: readonly Surprise[],
): readonly (WrittenRow | undefined)[] {
  const written: (WrittenRow | undefined)[] = changes.map(() => undefined);
  if (places === null) return written;
  for (const place of places.split(",")) {
    const index = Number(place) - 1;
    const change = changes[index];
    if (change !== undefined) written[index] = { key: change.key, texts: change.cells.map(({ to }) => to) };
  }
  for (const { at, key, texts } of surprises) {
    const cells = changes[at - 1]?.cells ?? [];
    written[at - 1] = { key, texts: cells.map(({ to }, index) => texts[index] ?? to) };
  }
  return written;
}

/** Open journal entries of rows that have another key now. */
function movedEntries(table: Table): RawBuilder<unknown> {
  const { schema, name } = table.writeTo;
  return sql`moved as (
    update bucketferry_url_journal as j set row_key = ${rowKeyOf(table)} from u
    where j.table_schema operator(pg_catalog.=) ${schema ?? null}::text and j.table_name operator(pg_catalog.=) ${name}::text
      and j.restored_at is null and j.row_key operator(pg_catalog.=) ${rowKeyOf(table, "k")}
      and ${rowKeyOf(table, "k")} operator(pg_catalog.<>) ${rowKeyOf(table)})`;
}

/** `rowKeyText`, as the server makes it: `to_json` writes a text exactly as `JSON.stringify` does. */
function rowKeyOf(table: Table, from: "k" | "key" = "key"): RawBuilder<string> {
  const members = table.key.flatMap(({ name }, index) => [
    sql.lit(`${index === 0 ? "{" : ","}${JSON.stringify(name)}:`),
    sql`pg_catalog.to_json(u.${sql.id(`${from}${index}`)}::text)`,
  ]);
  return sql<string>`pg_catalog.concat(${sql.join(members)}, '}')`;
}

interface Given {
  readonly name: string;
  readonly texts: readonly string[];
}

function named(prefix: string, columns: readonly (readonly string[])[]): Given[] {
  return columns.map((texts, index) => ({ name: `${prefix}${index}`, texts }));
}

function keysOf(table: Table, changes: readonly RowChange[]): Given[] {
  return named(
    "k",
    table.key.map((_column, index) => changes.map(({ key }) => key[index] ?? "")),
  );
}

function eachColumn<C>(
  changes: readonly { readonly cells: readonly C[] }[],
  of: (cell: C) => string,
): readonly (readonly string[])[] {
  return (changes[0]?.cells ?? []).map((_cell, index) =>
    changes.map(({ cells }) => {
      const cell = cells[index];
      return cell === undefined ? "" : of(cell);
    }),
  );
}

function columnsOf(changes: readonly RowChange[]): TextColumn[] {
  return changes[0]?.cells.map(({ column }) => column) ?? [];
}

function unnested(given: readonly Given[]): RawBuilder<unknown> {
  const arrays = given.map(({ texts }) => sql`pg_catalog.unnest(${textArray(texts)}::text[])`);
  return sql`rows from (${sql.join(arrays)}) with ordinality
    as v(${sql.join([...given.map(({ name }) => sql.id(name)), sql.id("at")])})`;
}

function own(table: string, name: string, index?: number): RawBuilder<unknown> {
  return sql`${sql.id(table)}.${sql.id(`${name}${index ?? ""}`)}`;
}
