import { sql, type RawBuilder } from "kysely";
import { merged } from "../merged.ts";
import type { AppDatabase } from "../app-database.ts";
import type { ReadOptions, RowChunk } from "../dialect.ts";
import type { DatabaseLimits } from "../limits.ts";
import type { Row, Table, TextColumn } from "../table.ts";
import { holdsOneOf } from "./holds-any.ts";
import { reading, type Setting } from "./in-transaction.ts";
import { tableId } from "./table-id.ts";

/** Rows that are in memory at once. */
const CHUNK_ROWS = 800;
/** A window is made for so many rows that hold something, so that one with some more of them fits as well. */
const WANTED_ROWS = 500;
/** Longer texts travel alone, so that a chunk stays small whatever is in it. */
const INLINE_BYTES = 64 * 1024;
/** Long texts that are in memory at once, if they are several. */
const LONG_BYTES = 16 * 2 ** 20;
/** A window is read by one statement: long enough that its fixed cost is nothing, short enough that no snapshot lasts. */
const FIRST_WINDOW_BLOCKS = 512;
const MOST_WINDOW_BLOCKS = 16_384;
/** Connections of an app's database are scarce. */
export const MOST_READERS = 4;
const WINDOW_MS = { short: 150, long: 600 } as const;
/** By the addresses of its rows: the planner would read a small table as a whole, for each of its windows. */
const BY_ADDRESS: readonly Setting[] = [
  ["enable_seqscan", "off"],
  ["max_parallel_workers_per_gather", "0"],
  // The cost that is switched off above would call for a compilation, which takes longer than most windows.
  ["jit", "off"],
];

/** Blocks of a table. */
interface Window {
  readonly from: number;
  /** Undefined: to the end of the table, wherever that is by now. */
  readonly to: number | undefined;
}

/**
 * Reads a table window by window of its blocks (TID range scans): as fast as one sequential scan, also where the key is a random
 * UUID, and without a snapshot that lasts as long as the scan. Nothing is held between two statements: no lock that an
 * `ALTER TABLE` of the app would wait for while rows are written here, no connection of a small pool. A window gives all of its
 * rows or, when they are too many, none and is read again in smaller ones: so it does not matter in which order, or by which plan, the
 * server finds them. A row that is updated meanwhile moves and could be passed over; whoever must not miss it reads the newer row
 * versions afterwards (`since`).
 */
export async function* readWindows(
  db: AppDatabase,
  table: Table,
  options: ReadOptions & { readonly limits: DatabaseLimits },
): AsyncGenerator<RowChunk> {
  if (options.signs.length === 0) return;
  const { limits } = options;
  const { blocks, workers } = await sizeOf(db, table, limits);
  let next = 0;
  let span = FIRST_WINDOW_BLOCKS;

  /** At the end of a part it ends with it. */
  function windowFrom(from: number, end: number | undefined): Window {
    const to = from + span;
    return { from, to: to >= (end ?? blocks) ? end : to };
  }
  function nextPart(): Window | undefined {
    if (next > 0 && next >= blocks) return undefined;
    const part = windowFrom(next, undefined);
    next = part.to ?? Math.max(blocks, 1);
    return part;
  }
  async function* reader(): AsyncGenerator<RowChunk> {
    for (let part = nextPart(); part !== undefined; part = nextPart()) {
      for (let window: Window | undefined = part; window !== undefined;) {
        options.signal.throwIfAborted();
        const startMs = performance.now();
        const query = windowQuery(table, window, options);
        const { rows } = await reading(db, limits, (connection) => query.execute(connection), BY_ADDRESS);
        if (!isBlock(window) && rows.length > CHUNK_ROWS) {
          const smaller = Math.max(1, Math.floor(Math.min(span, blocksOf(window, blocks)) / 4));
          window = { from: window.from, to: window.from + smaller };
          span = smaller;
          continue;
        }
        span = nextSpan(span, blocksOf(window, blocks), rows.length, performance.now() - startMs);
        const done = Math.min(1, (window.to ?? blocks) / Math.max(1, blocks));
        yield* chunksOf(db, table, rows, limits, done);
        window = window.to === part.to ? undefined : windowFrom(window.to ?? blocks, part.to);
      }
    }
  }
  const readers = options.parallel ? Math.min(MOST_READERS, workers + 1) : 1;
  yield* merged(Array.from({ length: readers }, reader));
}

/** The smallest window. It holds no more rows than a block can: 291 of 8 KiB (`MaxHeapTuplesPerPage` in access/htup_details.h). */
function isBlock({ from, to }: Window): boolean {
  return to === from + 1;
}

function blocksOf({ from, to }: Window, blocks: number): number {
  return Math.max(1, (to ?? blocks) - from);
}

/** By what a window held, and by how long it took. */
function nextSpan(span: number, blocks: number, rows: number, spentMs: number): number {
  if (spentMs > WINDOW_MS.long) return Math.max(1, Math.floor(span / 2));
  const fitting = Math.max(1, Math.floor((blocks * WANTED_ROWS) / Math.max(1, rows)));
  return Math.min(MOST_WINDOW_BLOCKS, fitting, spentMs < WINDOW_MS.short ? span * 2 : span);
}

/** `k0`… the key, `c0`… the texts, `b0`… the length of a text that is too long to come along. */
type Selected = Record<string, string | null>;

/**
 * Within, the rows of the window, each of their texts put together once: `textcat` reads what is compressed or stored apart, and
 * `offset 0` keeps the planner from doing that at every place that uses it. Around it, what only rows that may hold a reference
 * are worth: a text in which nothing was found stays on the server.
 */
function windowQuery(table: Table, window: Window, { signs, before, since }: ReadOptions): RawBuilder<Selected> {
  const { from, to } = window;
  const own = (name: string): RawBuilder<unknown> => sql`t.${sql.id(name)}`;
  const held = (name: string, index: number): RawBuilder<string> => sql<string>`w.${sql.id(`${name}${index}`)}`;
  const inWindow = [
    sql`t.ctid >= ${`(${from},0)`}::tid`,
    ...(to === undefined ? [] : [sql`t.ctid < ${`(${to},0)`}::tid`]),
    // The age of a transaction id is right whatever has wrapped around.
    ...(before === undefined ? [] : [sql`pg_catalog.age(t.xmin) > pg_catalog.age(${before}::text::xid)`]),
    ...(since === undefined ? [] : [sql`pg_catalog.age(t.xmin) <= pg_catalog.age(${since}::text::xid)`]),
  ];
  const values = [
    ...table.key.map(({ name }, index) => sql`${own(name)} as ${sql.id(`k${index}`)}`),
    ...table.columns.map(
      ({ name }, index) => sql`pg_catalog.textcat(${own(name)}::text, '') as ${sql.id(`v${index}`)}`,
    ),
  ];
  const holds = table.columns.map((_column, index) => holdsOneOf(held("v", index), signs));
  const selected = [
    ...table.key.map((_column, index) => sql`${held("k", index)}::text as ${sql.id(`k${index}`)}`),
    ...table.columns.flatMap((_column, index) => {
      const text = held("v", index);
      const bytes = sql`pg_catalog.octet_length(${text})`;
      const wanted = holds.length === 1 ? sql`true` : (holds[index] ?? sql`true`);
      return [
        sql`case when ${bytes} <= ${sql.lit(INLINE_BYTES)} and ${wanted} then ${text} end as ${sql.id(`c${index}`)}`,
        sql`case when ${bytes} > ${sql.lit(INLINE_BYTES)} and ${wanted} then ${bytes} end as ${sql.id(`b${index}`)}`,
      ];
    }),
  ];
  return sql<Selected>`
    select ${sql.join(selected)} from (
      select ${sql.join(values)} from only ${tableId(table)} as t where ${sql.join(inWindow, sql` and `)} offset 0) as w
    where ${sql.join(holds, sql` or `)} ${isBlock(window) ? sql`` : sql`limit ${sql.lit(CHUNK_ROWS + 1)}`}`;
}

/** One chunk, or several where long texts are among them. */
async function* chunksOf(
  db: AppDatabase,
  table: Table,
  selected: readonly Selected[],
  limits: DatabaseLimits,
  done: number,
): AsyncGenerator<RowChunk> {
  let rows: Row[] = [];
  let longBytes = 0;
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
        if (longBytes > 0 && longBytes + Number(bytes) > LONG_BYTES && rows.length > 0) {
          yield { rows, tooLong: [], done };
          [rows, longBytes] = [[], 0];
        }
        longBytes += Number(bytes);
        text = await readText(db, table, key, column, limits);
      }
      if (typeof text === "string") cells.push({ column, text });
    }
    rows.push({ key, cells });
  }
  yield { rows, tooLong, done };
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
    select (pg_catalog.pg_relation_size(pg_catalog.format('%I.%I', ${schema}::text, ${name}::text)::regclass)
        / pg_catalog.current_setting('block_size')::bigint)::text as blocks,
      pg_catalog.current_setting('max_parallel_workers_per_gather')::int as workers`;
  const { rows } = await reading(db, limits, (connection) => query.execute(connection));
  return { blocks: Number(rows[0]?.blocks ?? 0), workers: rows[0]?.workers ?? 0 };
}
