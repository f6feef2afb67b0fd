import type SqliteDatabase from "better-sqlite3";
import type { ColumnFilter } from "../column-filter.ts";
import { JSON_TEXT, TEXT } from "../shape/shape.ts";
import type { Catalogue, KeyColumn, SkippedTable, Table, TextColumn } from "../table.ts";
import { quoted } from "./quoted.ts";

/** https://www.sqlite.org/pragma.html#pragma_table_list */
interface TableListRow {
  readonly schema: string;
  readonly name: string;
  readonly type: string;
  /** 1 for WITHOUT ROWID. */
  readonly wr: number;
  /** 1 for STRICT. */
  readonly strict: number;
}

/** https://www.sqlite.org/pragma.html#pragma_table_xinfo */
interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  /** Position in the primary key, from 1; 0: not part of it. */
  readonly pk: number;
  /** 1: hidden column of a virtual table, 2 and 3: generated. */
  readonly hidden: number;
}

const WHY_NOT: Readonly<Record<string, string>> = {
  view: "a view: its rows are rewritten in the tables below it",
  virtual: "a virtual table: its content is made by its module; rebuild it after the rewrite",
  shadow: "belongs to a virtual table",
};
/** Names for the address of a row; a table may have columns of some of these names. */
const ROW_ADDRESSES = ["rowid", "_rowid_", "oid"];

export function readCatalogue(connection: SqliteDatabase.Database, filter: ColumnFilter): Catalogue {
  const listed = (connection.pragma("main.table_list") as TableListRow[]).filter(
    ({ schema, name }) => schema === "main" && !name.startsWith("sqlite_") && !name.startsWith("bucketferry_"),
  );
  const tables: Table[] = [];
  const skipped: SkippedTable[] = [];
  for (const listing of listed.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (listing.type === "table") {
      const table = describeTable(connection, listing, filter, skipped);
      if (table !== undefined) tables.push(table);
    } else {
      skipped.push({ label: listing.name, reason: WHY_NOT[listing.type] ?? `a ${listing.type}` });
    }
  }
  return { tables, skipped };
}

function describeTable(
  connection: SqliteDatabase.Database,
  { name, wr, strict }: TableListRow,
  filter: ColumnFilter,
  skipped: SkippedTable[],
): Table | undefined {
  const all = connection.prepare("select * from pragma_table_xinfo(?)").all(name) as ColumnRow[];
  const key = all.filter((column) => column.pk > 0).toSorted((a, b) => a.pk - b.pk);
  const [first] = key;
  // The one key that is the row's address and stays: https://www.sqlite.org/lang_createtable.html#rowid
  const isRowId = wr === 0 && key.length === 1 && first?.type.toUpperCase() === "INTEGER";
  const table = { schema: undefined, name };
  const columns = all.filter((column) => {
    if (column.hidden === 1 || !mayHoldText(column, { strict: strict === 1, isRowId: isRowId && column.pk > 0 })) {
      return false;
    }
    const reason =
      column.hidden > 1
        ? "a generated column: the database makes it of the others"
        : filter.reasonToSkip(table, column.name);
    if (reason !== undefined) skipped.push({ label: name, column: column.name, reason });
    else skipped.push(blobsOf(connection, name, column.name));
    return reason === undefined;
  });
  if (columns.length === 0) return undefined;
  // In SQLite a primary key that is not the rowid may be NULL, and NULL equals nothing.
  const usable = key.length > 0 && (wr === 1 || isRowId || key.every((column) => column.notnull === 1));
  const names = new Set(all.map((column) => column.name.toLowerCase()));
  const address = ROW_ADDRESSES.find((one) => !names.has(one));
  if (!usable && address === undefined) {
    skipped.push({ label: name, reason: "no key, and columns hide the row's address (rowid)" });
    return undefined;
  }
  return {
    ...table,
    label: name,
    writeTo: table,
    columns: columns.map((column): TextColumn => ({
      name: column.name,
      shape: /json/i.test(column.type) ? JSON_TEXT : TEXT,
      castTo: undefined,
      keysOf: filter.keysOf(table, column.name),
    })),
    key: usable ? key.map(toKeyColumn) : [{ name: address ?? "rowid", castTo: "" }],
    keyIsAddress: !usable,
    keyMayChange: usable && key.some((column) => columns.includes(column)),
    estimatedRows: (connection.prepare(`select count(*) as n from ${quoted(name)}`).get() as { n: number }).n,
  };
}

/** Any column may hold any text, whatever its declared type, but in STRICT tables and as the row's own address. */
function mayHoldText(
  { type }: ColumnRow,
  { strict, isRowId }: { readonly strict: boolean; readonly isRowId: boolean },
): boolean {
  return !isRowId && (!strict || /^(?:TEXT|ANY)$/i.test(type));
}

/** Blobs are said only where one holds a text that was looked for. */
function blobsOf(connection: SqliteDatabase.Database, table: string, column: string): SkippedTable {
  return {
    label: table,
    column,
    reason: "not rewritable: bytes (BLOB): whoever wrote them knows what they mean",
    count: async (signs) => {
      if (signs.length === 0) return 0;
      const has = `instr(${quoted(column)}, cast(? as blob)) > 0`;
      const held = signs.map(({ texts }) => `(${texts.map(() => has).join(" and ")})`).join(" or ");
      const { n } = connection
        .prepare(`select count(*) as n from ${quoted(table)} where typeof(${quoted(column)}) = 'blob' and (${held})`)
        .get(...signs.flatMap(({ texts }) => texts)) as { n: number };
      return n;
    },
  };
}

function toKeyColumn({ name }: ColumnRow): KeyColumn {
  return { name, castTo: "" };
}
