import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { DatabaseError, type DatabaseErrorCode, type DatabaseFinding } from "../contract.ts";
import type { AppDatabase, ControlTables, Dialect } from "./dialect.ts";
import type { ColumnFilter } from "./column-filter.ts";
import type { Catalogue, ColumnKind, SkippedTable, Table } from "./table.ts";

/** A rewrite waits no longer for one row than an app would notice. */
const LOCK_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10 * 60_000;
const CONNECT_TIMEOUT_MS = 15_000;

/** pg_class.relkind: https://www.postgresql.org/docs/current/catalog-pg-class.html */
const WHY_NOT: Readonly<Record<string, string>> = {
  v: "a view: its rows are rewritten in the tables below it",
  m: "a materialised view: refresh it after the rewrite",
  f: "a foreign table: its rows belong to another server",
};

/** Base types by name, and how their text is read. Others that can hold text are said to be left out. */
const KINDS: Readonly<Record<string, ColumnKind>> = {
  text: "text",
  varchar: "text",
  bpchar: "text",
  citext: "text",
  json: "json",
  jsonb: "json",
};
const LEFT_OUT: Readonly<Record<string, string>> = {
  xml: "xml cannot be rewritten by this version",
  hstore: "hstore cannot be rewritten by this version",
};

interface CatalogueRow {
  readonly schema: string;
  readonly table: string;
  readonly relkind: string;
  readonly rows: string;
  readonly column: string;
  /** As in a cast, with its length: `character varying(80)`. */
  readonly type: string;
  /** Name of the base type below all domains. */
  readonly base: string;
  readonly is_array: boolean;
  readonly generated: boolean;
  /** Position in the primary key, from 1; null: not part of it. */
  readonly key_position: number | null;
}

const CATALOGUE = sql<CatalogueRow>`
  with recursive base(oid, root) as (
    select oid, oid from pg_type where typtype <> 'd'
    union all
    select t.oid, b.root from pg_type t join base b on t.typbasetype = b.oid where t.typtype = 'd'
  )
  select n.nspname as schema, c.relname as table, c.relkind::text, c.reltuples::bigint::text as rows,
    a.attname as column, format_type(a.atttypid, a.atttypmod) as type,
    coalesce(el.typname, bt.typname) as base, el.oid is not null as is_array,
    a.attgenerated <> '' as generated,
    array_position(i.indkey::int2[], a.attnum) + 1 as key_position
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join base on base.oid = a.atttypid
  join pg_type bt on bt.oid = base.root
  left join pg_type el on el.oid = bt.typelem and bt.typcategory = 'A'
  left join pg_index i on i.indrelid = c.oid and i.indisprimary
  where c.relkind in ('r', 'v', 'm', 'f') and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
    and c.relname not like 'bucketferry\_%' and c.relpersistence <> 't'
  order by n.nspname, c.relname, a.attnum`;

/** @throws DatabaseError */
export async function openPostgres(url: string): Promise<Dialect> {
  const pool = new pg.Pool({
    connectionString: url,
    max: 2,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: "bucketferry",
    statement_timeout: STATEMENT_TIMEOUT_MS,
  });
  // An idle connection that the server closes is no news: the next query opens another.
  pool.on("error", () => {});
  const db: AppDatabase = new Kysely<ControlTables>({ dialect: new PostgresDialect({ pool }) });
  try {
    await sql`select 1`.execute(db);
  } catch (error) {
    await db.destroy();
    throw translate(error, url);
  }

  return {
    db,
    movesOnWrite: true,
    async engine() {
      const { rows } = await sql<{ server_version: string }>`show server_version`.execute(db);
      return `PostgreSQL ${rows[0]?.server_version ?? "of unknown version"}`;
    },
    async catalogue(filter) {
      const { rows } = await CATALOGUE.execute(db);
      return catalogueOf(rows, filter);
    },
    findings: (catalogue) => findings(db, catalogue),
    async prepareJournal() {
      await sql`create table if not exists bucketferry_url_journal (
        id bigint primary key, table_schema text, table_name text not null, column_name text not null,
        row_key text not null, before_text text not null, after_text text not null, edits text not null,
        written_at text not null, restored_at text)`.execute(db);
    },
    async hasJournal() {
      const { rows } = await sql<{ there: boolean }>`
        select to_regclass('bucketferry_url_journal') is not null as there`.execute(db);
      return rows[0]?.there === true;
    },
    textOf: ({ name }) => sql<string>`${sql.id(name)}::text`,
    valueOf: (text, { castTo }) => sql`${text}::text::${sql.raw(castTo ?? "text")}`,
    keyText: ({ name }) => sql<string>`${sql.id(name)}::text`,
    keyValue: (text, { castTo }) => sql`${text}::text::${sql.raw(castTo)}`,
    contains: (text, needle) => sql<boolean>`${text} ilike ${`%${needle}%`}`,
    async beginWriting(transaction) {
      await sql`set local lock_timeout = ${sql.lit(LOCK_TIMEOUT_MS)}`.execute(transaction);
      // Ids of the journal are given out one after another, so writers of it queue; a second migrator is refused elsewhere.
      await sql`lock table bucketferry_url_journal in share row exclusive mode`.execute(transaction);
    },
    // Classes 22 (data), 23 (constraints), P0 (raised by a trigger): https://www.postgresql.org/docs/current/errcodes-appendix.html
    isAboutTheCell: (error) => /^(?:22|23|P0|44)/.test(codeOf(error)),
    translate: (error) => translate(error, url),
    close: () => db.destroy(),
  };
}

function catalogueOf(rows: readonly CatalogueRow[], filter: ColumnFilter): Catalogue {
  const tables: Table[] = [];
  const skipped: SkippedTable[] = [];
  for (const [label, columns] of Map.groupBy(rows, ({ schema, table }) => `${schema}.${table}`)) {
    const [first] = columns;
    if (first === undefined) continue;
    const wanted = columns.filter((column) => isText(column) && !isFiltered(column, filter, label, skipped));
    if (wanted.length === 0) continue;
    const reason = WHY_NOT[first.relkind];
    if (reason !== undefined) {
      skipped.push({ label, reason });
      continue;
    }
    const usable = wanted.filter((column) => !isLeftOut(column, label, skipped));
    if (usable.length > 0) tables.push(toTable(first, label, columns, usable));
  }
  return { tables, skipped };
}

function toTable(
  first: CatalogueRow,
  label: string,
  all: readonly CatalogueRow[],
  usable: readonly CatalogueRow[],
): Table {
  const key = all
    .filter((column) => column.key_position !== null)
    .toSorted((a, b) => (a.key_position ?? 0) - (b.key_position ?? 0));
  return {
    schema: first.schema,
    name: first.table,
    label,
    columns: usable.map(({ column, base, type }) => ({ name: column, kind: KINDS[base] ?? "text", castTo: type })),
    key:
      key.length > 0
        ? key.map(({ column, type }) => ({ name: column, castTo: type }))
        : [{ name: "ctid", castTo: "tid" }],
    keyIsAddress: key.length === 0,
    // -1: never counted by ANALYZE.
    estimatedRows: Number(first.rows) < 0 ? undefined : Number(first.rows),
  };
}

function isText({ base }: CatalogueRow): boolean {
  return base in KINDS || base in LEFT_OUT;
}

function isFiltered(
  { schema, table, column }: CatalogueRow,
  filter: ColumnFilter,
  label: string,
  skipped: SkippedTable[],
): boolean {
  const reason = filter.reasonToSkip({ schema, name: table }, column);
  if (reason !== undefined) skipped.push({ label, column, reason });
  return reason !== undefined;
}

function isLeftOut(
  { column, base, is_array, generated }: CatalogueRow,
  label: string,
  skipped: SkippedTable[],
): boolean {
  const reason = generated
    ? "a generated column"
    : is_array
      ? "arrays cannot be rewritten by this version"
      : LEFT_OUT[base];
  if (reason !== undefined) skipped.push({ label, column, reason });
  return reason !== undefined;
}

async function findings(db: AppDatabase, { tables }: Catalogue): Promise<DatabaseFinding[]> {
  const found: DatabaseFinding[] = [{ id: "reachable", level: "ok", message: "The database can be read." }];
  const { rows: state } = await sql<{ replica: boolean }>`select pg_is_in_recovery() as replica`.execute(db);
  if (state[0]?.replica === true) {
    found.push({
      id: "replica",
      level: "error",
      message: "This is a read replica.",
      fix: "Put the primary's address into database.url.",
    });
  }
  const names = tables.map(({ schema, name }) => `${schema ?? "public"}.${name}`);
  const { rows } = await sql<{ label: string; can_update: boolean; triggers: string[] | null; row_security: boolean }>`
    select n.nspname || '.' || c.relname as label, has_table_privilege(c.oid, 'update') as can_update,
      c.relrowsecurity and not (select rolbypassrls or rolsuper from pg_roles where rolname = current_user)
        and not pg_has_role(c.relowner, 'member') as row_security,
      (select array_agg(t.tgname::text order by t.tgname) from pg_trigger t
        where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled <> 'D' and t.tgtype & 16 > 0) as triggers
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname || '.' || c.relname = any(${names}::text[])
    order by 1`.execute(db);
  for (const { label, can_update, triggers, row_security } of rows) {
    if (!can_update) {
      found.push({
        id: "permission",
        level: "error",
        message: `No permission to update ${label}.`,
        fix: `GRANT SELECT, UPDATE ON ${label} TO CURRENT_USER;`,
      });
    }
    if (row_security) {
      found.push({
        id: "row-security",
        level: "error",
        message: `Row-level security on ${label} may hide rows from this user.`,
        fix: "Connect as the tables' owner, or as a role with BYPASSRLS.",
      });
    }
    for (const trigger of triggers ?? []) {
      found.push({
        id: "trigger",
        level: "warning",
        message: `The trigger ${trigger} on ${label} will run for every row that is rewritten.`,
      });
    }
  }
  return found;
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}

const BY_CODE: Readonly<Record<string, readonly [DatabaseErrorCode, string, string?]>> = {
  ECONNREFUSED: [
    "unreachable",
    "nobody listens there",
    "Check host and port in database.url, and that the server runs.",
  ],
  ENOTFOUND: ["unreachable", "there is no such host", "Check the host in database.url."],
  ETIMEDOUT: ["unreachable", "the server does not answer", "Check host and port in database.url, and the firewall."],
  "3D000": ["unreachable", "there is no such database on the server", "Check the name in database.url."],
  "28P01": ["denied", "the password is wrong", "Check user and password in database.url."],
  "28000": ["denied", "the server does not let this user in", "Check the user in database.url, and pg_hba.conf."],
  "42501": ["denied", "permission denied", "`bucketferry doctor` names the grants that are missing."],
  "55P03": ["locked", "a row or table was locked for too long", "Run this again when the app is quieter."],
  "57014": ["locked", "a statement ran into its time limit", "Run this again when the app is quieter."],
  "25006": ["denied", "the server is read-only, perhaps a replica", "Put the primary's address into database.url."],
  "53100": ["disk-full", "the server's disk is full", "Free some space there, and run this again."],
};

/** Codes only: a message of Postgres may hold values of rows. */
function translate(error: unknown, url: string): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const where = URL.canParse(url) ? new URL(url).host : "the database";
  const code = codeOf(error);
  const [kind, message, hint] = BY_CODE[code] ?? [
    (error as Error).message === "timeout exceeded when trying to connect" ? "unreachable" : "unexpected",
    `the database failed (${code === "" ? (error as Error).name : code})`,
  ];
  return new DatabaseError(kind, `${where}: ${message}`, { ...(hint === undefined ? {} : { hint }), cause: error });
}
