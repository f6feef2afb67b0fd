import { existsSync } from "node:fs";
import SqliteDatabase from "better-sqlite3";
import { Kysely, sql, SqliteDialect } from "kysely";
import { DatabaseError, type DatabaseFinding } from "../contract.ts";
import type { AppDatabase, ControlTables, Dialect } from "./dialect.ts";
import type { Catalogue, KeyColumn, SkippedTable, Table } from "./table.ts";
import type { ColumnFilter } from "./column-filter.ts";

/** How long a statement waits for another process's lock. */
const BUSY_TIMEOUT_MS = 10_000;

interface TableListRow {
  readonly name: string;
  readonly type: string;
  /** 1 for WITHOUT ROWID. */
  readonly wr: number;
}

/** https://www.sqlite.org/pragma.html#pragma_table_xinfo */
interface ColumnRow {
  readonly name: string;
  readonly type: string;
  /** Position in the primary key, from 1; 0: not part of it. */
  readonly pk: number;
  /** 1: hidden column of a virtual table, 2 and 3: generated. */
  readonly hidden: number;
}

const WHY_NOT: Readonly<Record<string, string>> = {
  view: "a view: its rows are rewritten in the tables below it",
  virtual: "a virtual table: its content is made by its module",
  shadow: "belongs to a virtual table",
};

/** @throws DatabaseError */
export function openSqlite(path: string): Dialect {
  if (!existsSync(path)) {
    throw new DatabaseError("unreachable", `there is no file ${path}`, { hint: "Correct database.url." });
  }
  const connection = translating(() => new SqliteDatabase(path, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS }));
  // The first read tells a database from any other file.
  translating(() => connection.pragma("schema_version"));
  const db: AppDatabase = new Kysely<ControlTables>({ dialect: new SqliteDialect({ database: connection }) });

  async function tablesOf(filter: ColumnFilter): Promise<Catalogue> {
    const listed = (connection.pragma("main.table_list") as (TableListRow & { readonly schema: string })[]).filter(
      ({ schema, name }) => schema === "main" && !name.startsWith("sqlite_") && !name.startsWith("bucketferry_"),
    );
    const tables: Table[] = [];
    const skipped: SkippedTable[] = [];
    for (const listing of listed.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (listing.type !== "table") {
        skipped.push({ label: listing.name, reason: WHY_NOT[listing.type] ?? `a ${listing.type}` });
        continue;
      }
      const table = describeTable(listing, filter, skipped);
      if (table !== undefined) tables.push(table);
    }
    return { tables, skipped };
  }

  function describeTable({ name, wr }: TableListRow, filter: ColumnFilter, skipped: SkippedTable[]): Table | undefined {
    const all = connection.prepare("select * from pragma_table_xinfo(?)").all(name) as ColumnRow[];
    const columns = all.filter((column) => {
      const reason =
        column.hidden > 1 ? "a generated column" : filter.reasonToSkip({ schema: undefined, name }, column.name);
      if (reason !== undefined) skipped.push({ label: name, column: column.name, reason });
      // Any column of SQLite may hold text, whatever its declared type; those of numbers do not, by their affinity.
      return reason === undefined && column.hidden === 0 && !["INTEGER", "REAL"].includes(affinity(column.type));
    });
    if (columns.length === 0) return undefined;
    const key = all.filter((column) => column.pk > 0).toSorted((a, b) => a.pk - b.pk);
    const [first] = key;
    // The one key that is the row's address and stays: https://www.sqlite.org/lang_createtable.html#rowid
    const isRowId = key.length === 1 && first?.type.toUpperCase() === "INTEGER";
    const usable = key.length > 0 && (wr === 1 || isRowId || !mayBeNull(name, key));
    return {
      schema: undefined,
      name,
      label: name,
      columns: columns.map((column) => ({
        name: column.name,
        kind: /json/i.test(column.type) ? "json" : "text",
        castTo: undefined,
      })),
      key: usable ? key.map(toKeyColumn) : [{ name: "rowid", castTo: "INTEGER" }],
      keyIsAddress: !usable,
      estimatedRows: (connection.prepare(`select count(*) as n from ${quoted(name)}`).get() as { n: number }).n,
    };
  }

  /** In SQLite a primary key that is not the rowid may be NULL, and NULL equals nothing. */
  function mayBeNull(table: string, key: readonly ColumnRow[]): boolean {
    const isNull = key.map((column) => `${quoted(column.name)} is null`).join(" or ");
    return connection.prepare(`select 1 from ${quoted(table)} where ${isNull} limit 1`).get() !== undefined;
  }

  return {
    db,
    movesOnWrite: false,
    async engine() {
      return `SQLite ${(connection.prepare("select sqlite_version() as version").get() as { version: string }).version}`;
    },
    catalogue: tablesOf,
    async findings(): Promise<DatabaseFinding[]> {
      const triggers = connection
        .prepare("select name, tbl_name from sqlite_schema where type = 'trigger' order by name")
        .all() as {
        readonly name: string;
        readonly tbl_name: string;
      }[];
      return [
        { id: "reachable", level: "ok", message: `The database ${path} can be read.` },
        ...(connection.readonly || !isWritable(connection)
          ? [
              {
                id: "permission",
                level: "error",
                message: "The database cannot be written to.",
                fix: "Let this process write the file and its folder.",
              } as const,
            ]
          : []),
        ...triggers.map((trigger): DatabaseFinding => ({
          id: "trigger",
          level: "warning",
          message: `The trigger ${trigger.name} on ${trigger.tbl_name} will run for every row that is rewritten.`,
        })),
      ];
    },
    async prepareJournal() {
      await db.schema
        .createTable("bucketferry_url_journal")
        .ifNotExists()
        .addColumn("id", "integer", (column) => column.primaryKey())
        .addColumn("table_schema", "text")
        .addColumn("table_name", "text", (column) => column.notNull())
        .addColumn("column_name", "text", (column) => column.notNull())
        .addColumn("row_key", "text", (column) => column.notNull())
        .addColumn("before_text", "text", (column) => column.notNull())
        .addColumn("after_text", "text", (column) => column.notNull())
        .addColumn("edits", "text", (column) => column.notNull())
        .addColumn("written_at", "text", (column) => column.notNull())
        .addColumn("restored_at", "text")
        .execute();
    },
    async hasJournal() {
      return (
        connection.prepare("select 1 from sqlite_schema where name = 'bucketferry_url_journal'").get() !== undefined
      );
    },
    // A blob in a column of text is no text; comparing it as one could match what is not equal.
    textOf: ({ name }) => sql<string>`case typeof(${sql.id(name)}) when 'text' then ${sql.id(name)} end`,
    valueOf: (text) => sql`${text}`,
    keyText: ({ name }) => sql<string>`cast(${sql.id(name)} as text)`,
    keyValue: (text, { castTo }) => (castTo === "BLOB" ? sql`${text}` : sql`cast(${text} as ${sql.raw(castTo)})`),
    contains: (text, needle) => sql<boolean>`${text} like ${`%${needle}%`}`,
    async beginWriting() {},
    isAboutTheCell: (error) => codeOf(error).startsWith("SQLITE_CONSTRAINT") || codeOf(error) === "SQLITE_MISMATCH",
    translate,
    async close() {
      await db.destroy();
    },
  };
}

function isWritable(connection: SqliteDatabase.Database): boolean {
  try {
    connection.exec("begin immediate; rollback");
    return true;
  } catch (error) {
    // Somebody else is writing just now, so it can be written.
    return codeOf(error).startsWith("SQLITE_BUSY");
  }
}

/** https://www.sqlite.org/datatype3.html#determination_of_column_affinity */
function affinity(type: string): "INTEGER" | "TEXT" | "BLOB" | "REAL" | "NUMERIC" {
  const upper = type.toUpperCase();
  if (upper.includes("INT")) return "INTEGER";
  if (/CHAR|CLOB|TEXT|JSON/.test(upper)) return "TEXT";
  if (upper === "" || upper.includes("BLOB")) return "BLOB";
  return /REAL|FLOA|DOUB/.test(upper) ? "REAL" : "NUMERIC";
}

function toKeyColumn({ name, type }: ColumnRow): KeyColumn {
  return { name, castTo: affinity(type) };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}

function translating<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translate(error);
  }
}

/** https://www.sqlite.org/rescode.html */
function translate(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const code = codeOf(error);
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT")) {
    return new DatabaseError("unreadable", "the file is not a SQLite database, or is damaged", {
      hint: "Check database.url; `PRAGMA integrity_check` tells more.",
      cause: error,
    });
  }
  if (code.startsWith("SQLITE_CANTOPEN") || code.startsWith("SQLITE_READONLY") || code.startsWith("SQLITE_PERM")) {
    return new DatabaseError("denied", "the database file cannot be opened for writing", {
      hint: "Let this process read and write the file and its folder.",
      cause: error,
    });
  }
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return new DatabaseError("locked", `another process has held a lock for ${BUSY_TIMEOUT_MS / 1000} s`, {
      hint: "Let it finish, and run this again.",
      cause: error,
    });
  }
  if (code === "SQLITE_FULL") {
    return new DatabaseError("disk-full", "the disk is full", {
      hint: "Free some space, and run this again.",
      cause: error,
    });
  }
  return new DatabaseError("unexpected", `the database failed (${code || (error as Error).name})`, { cause: error });
}
