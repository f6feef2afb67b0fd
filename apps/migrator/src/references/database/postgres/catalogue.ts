import { sql } from "kysely";
import type { Sign } from "../../sign.ts";
import type { ColumnFilter } from "../column-filter.ts";
import type { AppDatabase } from "../app-database.ts";
import type { Catalogue, KeyColumn, SkippedTable, Table, TableName, TextColumn } from "../table.ts";
import { holdsAny } from "./holds-any.ts";
import { readTypes, type TypeKnowledge } from "./type-shapes.ts";

/** pg_class.relkind: https://www.postgresql.org/docs/current/catalog-pg-class.html */
const WHY_NOT: Readonly<Record<string, string>> = {
  v: "a view: its rows are rewritten in the tables below it",
  m: "a materialised view: refresh it after the rewrite",
  f: "a foreign table: its rows belong to another server",
};

interface ColumnRow {
  readonly table_oid: number;
  readonly schema: string;
  readonly table: string;
  readonly relkind: string;
  readonly rows: string;
  /** Of a partition: the whole table at the top, else null. */
  readonly root_schema: string | null;
  readonly root_table: string | null;
  readonly column: string;
  readonly type_oid: number;
  /** As in a cast, without its length. */
  readonly type: string;
  readonly generated: boolean;
}

interface KeyRow {
  readonly table_oid: number;
  readonly column: string;
  readonly type: string;
}

/** Partitions come as the tables that they are; the whole table above them holds no rows itself. */
const COLUMNS = sql<ColumnRow>`
  select c.oid::int8::float8 as table_oid, n.nspname as schema, c.relname as table, c.relkind::text,
    c.reltuples::bigint::text as rows, root.schema as root_schema, root.name as root_table,
    a.attname as column, a.atttypid::int8::float8 as type_oid, format_type(a.atttypid, -1) as type,
    a.attgenerated <> '' as generated
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join lateral (
    select rn.nspname as schema, rc.relname as name
    from pg_catalog.pg_class rc join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
    where c.relispartition and rc.oid = pg_partition_root(c.oid)) root on true
  where c.relkind in ('r', 'v', 'm', 'f') and not starts_with(n.nspname, 'pg_') and n.nspname <> 'information_schema'
    and not starts_with(c.relname, 'bucketferry_') and c.relpersistence <> 't'
  order by n.nspname, c.relname, a.attnum`;

/** Of each table its primary key, else a unique index that holds every row: not partial, not deferrable, of columns that are never null. */
const KEYS = sql<KeyRow>`
  select i.indrelid::int8::float8 as table_oid, a.attname as column, format_type(a.atttypid, -1) as type
  from (
    select distinct on (indrelid) indrelid, indkey, indnkeyatts
    from pg_catalog.pg_index x
    where indisunique and indimmediate and indisvalid and indpred is null and indexprs is null
      and not exists (
        select from unnest(x.indkey::int2[]) with ordinality as k(attnum, place)
        join pg_catalog.pg_attribute ka on ka.attrelid = x.indrelid and ka.attnum = k.attnum
        where k.place <= x.indnkeyatts and not ka.attnotnull)
    order by indrelid, indisprimary desc, indnkeyatts, indexrelid) i
  cross join lateral unnest(i.indkey::int2[]) with ordinality as k(attnum, place)
  join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
  where k.place <= i.indnkeyatts
  order by i.indrelid, k.place`;

const ROW_ADDRESS: readonly KeyColumn[] = [{ name: "ctid", castTo: "tid" }];

/** `later` gives a connection to what is counted when somebody asks. */
export async function readCatalogue(
  db: AppDatabase,
  filter: ColumnFilter,
  later: <T>(work: (connection: AppDatabase) => Promise<T>) => Promise<T>,
): Promise<Catalogue> {
  const types = await readTypes(db);
  const { rows: columns } = await COLUMNS.execute(db);
  const { rows: keys } = await KEYS.execute(db);
  const keyOf = Map.groupBy(keys, (row) => row.table_oid);
  const tables: Table[] = [];
  const skipped: SkippedTable[] = [];
  for (const own of Map.groupBy(columns, (row) => row.table_oid).values()) {
    const table = describeTable(own, keyOf.get(own[0]?.table_oid ?? 0) ?? [], { later, types, filter, skipped });
    if (table !== undefined) tables.push(table);
  }
  return { tables, skipped: onceEach(skipped) };
}

interface Describing {
  readonly later: Parameters<typeof readCatalogue>[2];
  readonly types: TypeKnowledge;
  readonly filter: ColumnFilter;
  readonly skipped: SkippedTable[];
}

function describeTable(
  all: readonly ColumnRow[],
  key: readonly KeyRow[],
  { later, types, filter, skipped }: Describing,
): Table | undefined {
  const [first] = all;
  if (first === undefined) return undefined;
  const own: TableName = { schema: first.schema, name: first.table };
  const whole: TableName = { schema: first.root_schema ?? first.schema, name: first.root_table ?? first.table };
  const label = `${whole.schema}.${whole.name}`;
  const wanted: TextColumn[] = [];
  for (const { column: name, type_oid, type, generated } of all) {
    const shape = types.shapeOf(type_oid);
    const whyNot = types.whyNot(type_oid);
    if (shape === undefined && whyNot === undefined) continue;
    const filtered = filter.reasonToSkip(whole, name);
    if (filtered !== undefined) {
      skipped.push({ label, column: name, reason: filtered });
    } else if (first.relkind !== "r") {
      skipped.push({ label, reason: WHY_NOT[first.relkind] ?? "no table" });
      return undefined;
    } else if (generated) {
      skipped.push({ label, column: name, reason: "a generated column: the database makes it of the others" });
    } else if (shape === undefined) {
      const count = (signs: readonly Sign[]): Promise<number> =>
        later((db) => holdsAny(db, own, { name, type }, signs));
      skipped.push({ label, column: name, reason: `not rewritable: ${whyNot}`, count });
    } else {
      wanted.push({ name, shape, castTo: type, keysOf: filter.keysOf(whole, name) });
    }
  }
  if (wanted.length === 0) return undefined;
  const keyIsAddress = key.length === 0;
  return {
    ...own,
    label,
    writeTo: keyIsAddress ? own : whole,
    columns: wanted,
    key: keyIsAddress ? ROW_ADDRESS : key.map(({ column, type }) => ({ name: column, castTo: type })),
    keyIsAddress,
    keyMayChange: keyIsAddress || key.some(({ column }) => wanted.some(({ name }) => name === column)),
    // -1: never counted by ANALYZE.
    estimatedRows: Number(first.rows) < 0 ? undefined : Number(first.rows),
  };
}

/** Each partition says what its whole table says; their counts stay apart. */
function onceEach(skipped: readonly SkippedTable[]): SkippedTable[] {
  const seen = new Map<string, SkippedTable>();
  for (const one of skipped) {
    const id = `${one.label}\n${one.column ?? ""}\n${one.reason}`;
    const before = seen.get(id);
    const { count } = one;
    const counted = before?.count;
    seen.set(
      id,
      counted === undefined || count === undefined
        ? (before ?? one)
        : { ...one, count: async (signs) => (await counted(signs)) + (await count(signs)) },
    );
  }
  return [...seen.values()];
}
