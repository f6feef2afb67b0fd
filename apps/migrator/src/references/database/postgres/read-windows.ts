import { sql, type RawBuilder } from "kysely";
import { merged } from "../merged.ts";
import type { AppDatabase } from "../app-database.ts";
import type { ReadOptions, RowChunk } from "../dialect.ts";
import type { DatabaseLimits } from "../limits.ts";
import type { Row, Table, TextColumn } from "../table.ts";
import { holdsOneOf, lowered } from "./holds-any.ts";
import { reading, type Setting } from "./in-transaction.ts";
import { tableId } from "./table-id.ts";

/** Rows that are in memory at once. */
const CHUNK_ROWS = 500;
/** Longer texts travel alone, so that a chunk stays small whatever is in it. */
const INLINE_BYTES = 64 * 1024;
/** A window is read by one statement: long enough that its fixed cost is nothing, short enough that no snapshot lasts. */
const FIRST_WINDOW_BLOCKS = 512;
const WINDOW_BLOCKS = { least: 16, most: 16_384 } as const;
/** Connections of an app's database are scarce. */
export const MOST_READERS = 4;
const WINDOW_MS = { short: 150, long: 600 } as const;
/** A window is read in the order of its blocks, so that the next statement knows where this one ended. */
const IN_ORDER: readonly Setting[] = [
  ["enable_seqscan", "off"],
  ["max_parallel_workers_per_gather", "0"],
];

interface Window {
  readonly from: number;
  /** The address of the last row that was read of it. */
  readonly after?: string | undefined;
  /** Undefined: to the end of the table, wherever that is by now. */
  readonly to: number | undefined;
}

/**
 * Reads a table in the order of its blocks, window by window (a TID range scan): as fast as one sequential scan, also where
 * the key is a random UUID, and without a snapshot that lasts as long as the scan. Nothing is held between two statements: no
 * lock that an `ALTER TABLE` of the app would wait for while rows are written here, no connection of a small pool. A row that
 * is updated meanwhile moves and could be passed over; whoever must not miss it reads the newer row versions afterwards (`since`).
 */
export async function* readWindows(
  db: AppDatabase,
  table: Table,
  options: ReadOptions & { readonly limits: DatabaseLimits },
): AsyncGenerator<RowChunk> {
  if (options.needles.length === 0) return;
  const { limits } = options;
  const { blocks, workers } = await sizeOf(db, table, limits);
  let next = 0;
  let span = FIRST_WINDOW_BLOCKS;

  function nextWindow(): Window | undefined {
    if (next > 0 && next >= blocks) return undefined;
    const from = next;
    next += span;
    return { from, to: next >= blocks ? undefined : next };
  }
  async function* reader(): AsyncGenerator<RowChunk> {
    for (let window = nextWindow(); window !== undefined; window = nextWindow()) {
      let spentMs = 0;
      for (let rest: Window | undefined = window; rest !== undefined;) {
        options.signal.throwIfAborted();
        const startMs = performance.now();
        const query = windowQuery(table, rest, options);
        const { rows } = await reading(db, limits, (connection) => query.execute(connection), IN_ORDER);
        spentMs += performance.now() - startMs;
        if (rows.length > 0) {
          yield await chunkOf(db, table, rows, limits, Math.min(1, window.from / Math.max(1, blocks)));
        }
        rest = rows.length < CHUNK_ROWS ? undefined : behind(window, rows);
      }
      options.signal.throwIfAborted();
      if (spentMs < WINDOW_MS.short) span = Math.min(WINDOW_BLOCKS.most, span * 2);
      if (spentMs > WINDOW_MS.long) span = Math.max(WINDOW_BLOCKS.least, Math.floor(span / 2));
      yield { rows: [], tooLong: [], done: Math.min(1, (window.to ?? blocks) / Math.max(1, blocks)) };
    }
  }
  const readers = options.parallel ? Math.min(MOST_READERS, workers + 1) : 1;
  yield* merged(Array.from({ length: readers }, reader));
}

function behind(window: Window, rows: readonly Selected[]): Window {
  const after = rows.at(-1)?.["at"];
  if (typeof after !== "string") throw new Error("a row without its address");
  return { ...window, after };
}

/** `at`: where the row is; `k0`… the key, `c0`… the texts, `b0`… the length of a text that is too long to come along. */
type Selected = Record<string, string | null>;

/**
 * Within, the rows of the window, each of its texts in lower case once: `offset 0` keeps the planner from writing the expression
 * out at every place that uses it, and a subquery costs a sixth less than the same in a lateral join. Around it, what only rows
 * that may hold a reference are worth: a text in which nothing was found stays on the server.
 */
function windowQuery(
  table: Table,
  { from, after, to }: Window,
  { needles, before, since }: ReadOptions,
): RawBuilder<Selected> {
  const own = (name: string): RawBuilder<unknown> => sql`t.${sql.id(name)}`;
  const held = (name: string, index: number): RawBuilder<string> => sql<string>`w.${sql.id(`${name}${index}`)}`;
  const inWindow = [
    after === undefined ? sql`t.ctid >= ${`(${from},0)`}::tid` : sql`t.ctid > ${after}::tid`,
    ...(to === undefined ? [] : [sql`t.ctid < ${`(${to},0)`}::tid`]),
    // The age of a transaction id is right whatever has wrapped around.
    ...(before === undefined ? [] : [sql`age(t.xmin) > age(${before}::text::xid)`]),
    ...(since === undefined ? [] : [sql`age(t.xmin) <= age(${since}::text::xid)`]),
  ];
  const values = [
    sql`t.ctid as at`,
    ...table.key.map(({ name }, index) => sql`${own(name)} as ${sql.id(`k${index}`)}`),
    ...table.columns.flatMap(({ name }, index) => [
      sql`${own(name)} as ${sql.id(`v${index}`)}`,
      sql`${lowered(sql<string>`${own(name)}::text`)} as ${sql.id(`l${index}`)}`,
    ]),
  ];
  const holds = table.columns.map(({ shape }, index) => holdsOneOf(held("l", index), needles, shape));
  const selected = [
    sql`w.at::text as at`,
    ...table.key.map((_column, index) => sql`${held("k", index)}::text as ${sql.id(`k${index}`)}`),
    ...table.columns.flatMap((_column, index) => {
      const text = sql`${held("v", index)}::text`;
      const wanted = holds.length === 1 ? sql`true` : (holds[index] ?? sql`true`);
      return [
        sql`case when ${wanted} and octet_length(${text}) <= ${sql.lit(INLINE_BYTES)} then ${text} end as ${sql.id(`c${index}`)}`,
        sql`case when octet_length(${text}) > ${sql.lit(INLINE_BYTES)} and ${wanted} then octet_length(${text}) end as ${sql.id(`b${index}`)}`,
      ];
    }),
  ];
  return sql<Selected>`
    select ${sql.join(selected)} from (
      select ${sql.join(values)} from only ${tableId(table)} as t where ${sql.join(inWindow, sql` and `)} offset 0) as w
    where ${sql.join(holds, sql` or `)} limit ${sql.lit(CHUNK_ROWS)}`;
}

async function chunkOf(
  db: AppDatabase,
  table: Table,
  selected: readonly Selected[],
  limits: DatabaseLimits,
  done: number,
): Promise<RowChunk> {
  const rows: Row[] = [];
  const tooLong: RowChunk["tooLong"][number][] = [];
  // Millions of rows come by: names are made once.
  const keyNames = table.key.map((_column, index) => `k${index}`);
  const columns = table.columns.map((column, index) => ({ column, text: `c${index}`, bytes: `b${index}` }));
  for (const row of selected) {
    const key = keyNames.map((name) => String(row[name]));
    const cells: Row["cells"][number][] = [];
    for (const { column, text: textName, bytes: bytesName } of columns) {
      const bytes = row[bytesName];
      let text = row[textName];
      if (bytes !== null && bytes !== undefined) {
        if (Number(bytes) > limits.maxValueBytes) {
          tooLong.push({ key, column, bytes: Number(bytes) });
          continue;
        }
        text = await readText(db, table, key, column, limits);
      }
      if (typeof text === "string") cells.push({ column, text });
    }
    rows.push({ key, cells });
  }
  return { rows, tooLong, done };
}

/** The text of a cell as it will be compared. */
function textOf({ name }: TextColumn): RawBuilder<string> {
  return sql<string>`${sql.id(name)}::text`;
}

/** Undefined: there is no such row. */
export async function readText(
  db: AppDatabase,
  table: Table,
  key: readonly string[],
  column: TextColumn,
  limits: DatabaseLimits,
): Promise<string | null | undefined> {
  const where = table.key.map(
    ({ name, castTo }, index) => sql`${sql.id(name)} = ${key[index] ?? ""}::text::${sql.raw(castTo)}`,
  );
  const query = sql<{ text: string | null }>`
    select ${textOf(column)} as text from ${tableId(table.writeTo)} where ${sql.join(where, sql` and `)}`;
  const { rows } = await reading(db, limits, (connection) => query.execute(connection));
  return rows[0]?.text;
}

/** How large a table is, and how many helpers the server would give one query of its own. */
async function sizeOf(
  db: AppDatabase,
  { schema, name }: Table,
  limits: DatabaseLimits,
): Promise<{ readonly blocks: number; readonly workers: number }> {
  const query = sql<{ blocks: string; workers: number }>`
    select (pg_relation_size(format('%I.%I', ${schema}::text, ${name}::text)::regclass)
        / current_setting('block_size')::bigint)::text as blocks,
      current_setting('max_parallel_workers_per_gather')::int as workers`;
  const { rows } = await reading(db, limits, (connection) => query.execute(connection));
  return { blocks: Number(rows[0]?.blocks ?? 0), workers: rows[0]?.workers ?? 0 };
}
