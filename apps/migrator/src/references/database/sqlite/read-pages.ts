import type SqliteDatabase from "better-sqlite3";
import { setImmediate } from "node:timers/promises";
import type { ReadOptions, RowChunk } from "../dialect.ts";
import { prefilter } from "../prefilter.ts";
import type { Row, Table, TextColumn } from "../table.ts";
import { valueOfLiteral, type KeyLiteral } from "./key-literal.ts";
import { quoted } from "./quoted.ts";

/** Rows that are in memory at once. */
const PAGE_ROWS = 500;
/** Rows that are looked at by one statement: it cannot be interrupted, and nothing else in this process runs meanwhile. */
const WINDOW_ROWS = 20_000;
/** Longer texts are read alone, so that a page stays small whatever is in it. */
const INLINE_BYTES = 64 * 1024;
/** Long texts that are in memory at once, if they are several. */
const LONG_BYTES = 16 * 2 ** 20;

/**
 * Reads a table in the order of its key, window by window. A window begins behind the key of the last one, so a row that is
 * added or removed meanwhile moves no other.
 */
export async function* readPages(
  connection: SqliteDatabase.Database,
  table: Table,
  { signs, signal, maxValueBytes }: Pick<ReadOptions, "signs" | "signal"> & { readonly maxValueBytes: number },
): AsyncGenerator<RowChunk> {
  if (signs.length === 0) return;
  const from = quoted(table.name);
  const names = table.key.map(({ name }) => quoted(name));
  const keys = names.map((name, index) => `quote(${name}) as k${index}`).join(", ");
  const order = names.join(", ");
  const tuple = names.length === 1 ? (names[0] ?? "") : `(${order})`;
  const marks = names.length === 1 ? "?" : `(${names.map(() => "?").join(", ")})`;
  const boundaryAfter = (isFirst: boolean): SqliteDatabase.Statement =>
    connection.prepare(
      `select ${keys} from ${from} ${isFirst ? "" : `where ${tuple} > ${marks}`} order by ${order} limit 1 offset ${WINDOW_ROWS - 1}`,
    );
  const select = table.columns.flatMap(({ name }, index) => [
    `case when typeof(${quoted(name)}) = 'text' and octet_length(${quoted(name)}) <= ${INLINE_BYTES} then ${quoted(name)} end as c${index}`,
    `case when typeof(${quoted(name)}) = 'text' and octet_length(${quoted(name)}) > ${INLINE_BYTES} then octet_length(${quoted(name)}) end as b${index}`,
  ]);
  const groups = prefilter(signs);
  const parameters = groups.flatMap(({ gate, signs: own }) => [...(gate === undefined ? [] : [gate]), ...own.flat()]);
  const searches = table.columns.map(({ name }) => {
    const conditions = groups.map(({ gate, anyCase, signs: own }) => {
      // Unlike LIKE it sees what stands behind a NUL.
      const has = `instr(${anyCase ? `lower(${quoted(name)})` : quoted(name)}, ?) > 0`;
      const any = own.map((texts) => `(${["true", ...texts.map(() => has)].join(" and ")})`).join(" or ");
      return gate === undefined ? `(${any})` : `(${has} and (${any}))`;
    });
    return { condition: `(typeof(${quoted(name)}) = 'text' and (${conditions.join(" or ")}))`, parameters };
  });
  const filter = searches.map(({ condition }) => condition).join(" or ");
  const filterParameters = searches.flatMap(({ parameters }) => parameters);
  const page = (after: boolean, until: boolean): SqliteDatabase.Statement =>
    connection.prepare(
      `select ${keys}, ${select.join(", ")} from ${from}
      where ${[...(after ? [`${tuple} > ${marks}`] : []), ...(until ? [`${tuple} <= ${marks}`] : []), `(${filter})`].join(" and ")}
      order by ${order} limit ${PAGE_ROWS}`,
    );

  let after: readonly KeyLiteral[] | undefined;
  let seen = 0;
  for (let isLast = false; !isLast;) {
    const boundary = keyOf(boundaryAfter(after === undefined).get(...values(after)), table);
    isLast = boundary === undefined;
    for (let isFull = true; isFull;) {
      signal.throwIfAborted();
      const found = page(after !== undefined, boundary !== undefined).all(
        ...values(after),
        ...values(boundary),
        ...filterParameters,
      ) as Selected[];
      isFull = found.length === PAGE_ROWS;
      after = (isFull ? keyOf(found.at(-1), table) : boundary) ?? after;
      if (!isFull) seen += WINDOW_ROWS;
      const done = isLast && !isFull ? 1 : Math.min(1, seen / Math.max(1, table.estimatedRows ?? seen));
      yield* chunksOf(connection, table, found, { maxValueBytes, done });
      // Signals and timers have their turn.
      await setImmediate();
    }
  }
}

type Selected = Record<string, string | number | null>;

/** One chunk, or several where long texts are among them. */
function* chunksOf(
  connection: SqliteDatabase.Database,
  table: Table,
  found: readonly Selected[],
  { maxValueBytes, done }: { readonly maxValueBytes: number; readonly done: number },
): Generator<RowChunk> {
  let rows: Row[] = [];
  let longBytes = 0;
  const tooLong: RowChunk["tooLong"][number][] = [];
  for (const row of found) {
    const key = keyOf(row, table) ?? [];
    const cells: Row["cells"][number][] = [];
    for (const [index, column] of table.columns.entries()) {
      const bytes = row[`b${index}`];
      let text: unknown = row[`c${index}`];
      if (typeof bytes === "number") {
        if (bytes > maxValueBytes) {
          tooLong.push({ key, column, bytes });
          continue;
        }
        if (longBytes > 0 && longBytes + bytes > LONG_BYTES && rows.length > 0) {
          yield { rows, tooLong: [], done };
          [rows, longBytes] = [[], 0];
        }
        longBytes += bytes;
        text = readText(connection, table, key, column);
      }
      if (typeof text === "string") cells.push({ column, text });
    }
    rows.push({ key, cells });
  }
  yield { rows, tooLong, done };
}

/** The text of a cell; null for what is no text, undefined when there is no such row. */
export function readText(
  connection: SqliteDatabase.Database,
  table: Table,
  key: readonly KeyLiteral[],
  { name }: TextColumn,
): string | null | undefined {
  const row = connection
    .prepare(
      `select case typeof(${quoted(name)}) when 'text' then ${quoted(name)} end as text from ${quoted(table.name)} where ${whereKey(table)}`,
    )
    .get(...values(key)) as { readonly text: string | null } | undefined;
  return row?.text;
}

export function whereKey(table: Table): string {
  return table.key.map(({ name }) => `${quoted(name)} = ? collate binary`).join(" and ");
}

export function values(key: readonly KeyLiteral[] | undefined): ReturnType<typeof valueOfLiteral>[] {
  return key?.map(valueOfLiteral) ?? [];
}

function keyOf(row: unknown, table: Table): readonly KeyLiteral[] | undefined {
  if (row === undefined) return undefined;
  return table.key.map((_column, index) => String((row as Selected)[`k${index}`]));
}
