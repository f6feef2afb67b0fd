import { compareUtf8 } from "../store/index.ts";
import { failures } from "./api-error.ts";
import { validate } from "./body-schema.ts";
import { type Handler, param, sendJson } from "./exchange.ts";
import { readJsonBody } from "./json-body.ts";
import { decodeCursor, encodeCursor } from "./list-cursor.ts";
import { rowTimes, systemMetadata } from "./object-record.ts";
import { rowsByName } from "./ordered-rows.ts";
import type { BucketRow, ObjectRow } from "./rows.ts";
import { batchSizeFor, commonPath, scanLevel } from "./skip-scan.ts";
import { mayObject } from "./visible-object.ts";

const LIST = {
  type: "object",
  properties: {
    prefix: { type: "string" },
    limit: { type: "integer", minimum: 1 },
    cursor: { type: "string" },
    with_delimiter: { type: "boolean" },
    sortBy: {
      type: "object",
      properties: {
        column: { type: "string", enum: ["name", "updated_at", "created_at"] },
        order: { type: "string", enum: ["asc", "desc"] },
      },
    },
  },
} as const;

const MAX_LIMIT = 1000;

/** The second generation of listings: flat by default and then complete, bytewise, by cursor. */
export const listV2: Handler = async (exchange, service) => {
  const request = validate(LIST, (await readJsonBody(exchange.request)) ?? {}, "body");
  const limit = Math.min(request.limit ?? MAX_LIMIT, MAX_LIMIT);
  const cursor = request.cursor ? decodeCursor(request.cursor) : undefined;
  const order = cursor === undefined ? request.sortBy?.order : cursor.order;
  const column = cursor === undefined ? request.sortBy?.column : cursor.column;
  const bucket = service.rows.bucket(param(exchange, "bucket"));
  const query: Query = {
    prefix: request.prefix ?? "",
    descending: order === "desc",
    column: column === "updated_at" || column === "created_at" ? column : "name",
    after: cursor && { key: cursor.lastKey, timeUs: timeOfCursor(cursor.after) },
    // One more than the page shows whether there is another page.
    limit: limit + 1,
  };
  const entries: readonly Entry[] =
    bucket === undefined
      ? []
      : selectEntries(query, request.with_delimiter === true, bucket, (row) =>
          mayObject(service, exchange.caller, "select", bucket.name, row),
        );
  const page = entries.slice(0, limit);
  const last = page.at(-1);
  const hasNext = entries.length > limit;
  sendJson(exchange.response, 200, {
    hasNext,
    ...(hasNext && last !== undefined
      ? {
          nextCursor: encodeCursor({ lastKey: last.name, order, column, after: cursorTime(last, query.column) }),
          nextCursorKey: last.name,
        }
      : {}),
    folders: page.filter((entry) => entry.kind === "folder").map(({ record }) => record),
    objects: page.filter((entry) => entry.kind === "object").map(({ record }) => record),
  });
};

interface Query {
  readonly prefix: string;
  readonly descending: boolean;
  readonly column: Column;
  readonly after: { readonly key: string; readonly timeUs: number | undefined } | undefined;
  readonly limit: number;
}

type Column = "name" | "updated_at" | "created_at";

interface Entry {
  readonly kind: "object" | "folder";
  /** What the cursor remembers: a folder goes without its slash. */
  readonly name: string;
  readonly row: ObjectRow | undefined;
  readonly record: unknown;
}

function selectEntries(
  query: Query,
  withDelimiter: boolean,
  bucket: BucketRow,
  isVisible: (row: ObjectRow) => boolean,
): readonly Entry[] {
  if (!withDelimiter) {
    const rows = query.column === "name" ? flatByName(query, bucket, isVisible) : flatByTime(query, bucket, isVisible);
    return rows.map((row) => objectEntry(row, undefined));
  }
  return query.column === "name" ? levelByName(query, bucket, isVisible) : levelByTime(query, bucket, isVisible);
}

function flatByName(query: Query, bucket: BucketRow, isVisible: (row: ObjectRow) => boolean): readonly ObjectRow[] {
  const { prefix, limit, after } = query;
  const rows = query.descending
    ? rowsByName(bucket, isVisible).descending(prefix, after?.key)
    : bucket.objects({ prefix, after: after?.key ?? "" });
  const page: ObjectRow[] = [];
  for (const row of rows) {
    if (!isVisible(row)) continue;
    page.push(row);
    if (page.length === limit) break;
  }
  return page;
}

/** The order has microseconds and the cursor has not: rows of one millisecond are lost or come twice at the end of a page. */
function flatByTime(query: Query, bucket: BucketRow, isVisible: (row: ObjectRow) => boolean): readonly ObjectRow[] {
  const { after, limit } = query;
  const direction = query.descending ? -1 : 1;
  const timeOf = timeReader(query.column);
  const isAfter = (row: ObjectRow): boolean => {
    if (after === undefined) return true;
    // A cursor that says no time is a position among names.
    const byTime = after.timeUs === undefined ? 0 : wholeMs(timeOf(row)) - after.timeUs;
    return direction * (byTime || compareUtf8(row.key, after.key)) > 0;
  };
  return [...rowsByName(bucket, isVisible).ascending(query.prefix, query.prefix)]
    .filter(isAfter)
    .sort((a, b) => direction * (timeOf(a) - timeOf(b) || compareUtf8(a.key, b.key)))
    .slice(0, limit);
}

function levelByName(query: Query, bucket: BucketRow, isVisible: (row: ObjectRow) => boolean): readonly Entry[] {
  const { prefix, descending, limit } = query;
  const rows = rowsByName(bucket, isVisible);
  const seek = query.after && seekBehind(query.after.key, descending, bucket, isVisible);
  const page: Entry[] = [];
  for (const entry of scanLevel(rows, { prefix, descending, seek, batchSize: batchSizeFor(limit) })) {
    page.push(entry.kind === "file" ? objectEntry(entry.row, prefix) : folderEntry(entry.path, prefix));
    if (page.length === limit) break;
  }
  return page;
}

/** Whether the last entry was a folder is guessed from what is there now. */
function seekBehind(
  key: string,
  descending: boolean,
  bucket: BucketRow,
  isVisible: (row: ObjectRow) => boolean,
): string {
  const isFolder = [...firstOf(bucket.objects({ prefix: `${key}/` }), isVisible)].length > 0;
  if (isFolder) return descending ? `${key}/` : `${key}0`;
  return descending ? key : `${key}/`;
}

function* firstOf(rows: Iterable<ObjectRow>, isWanted: (row: ObjectRow) => boolean): Generator<ObjectRow> {
  for (const row of rows) {
    if (!isWanted(row)) continue;
    yield row;
    return;
  }
}

/** Folders count as old as their oldest object. Compared to the millisecond, unlike the flat listing. */
function levelByTime(query: Query, bucket: BucketRow, isVisible: (row: ObjectRow) => boolean): readonly Entry[] {
  const { prefix, after, limit } = query;
  const direction = query.descending ? -1 : 1;
  const timeOf = timeReader(query.column);
  const dated = new Map<string, { readonly entry: Entry; timeMs: number }>();
  for (const row of rowsByName(bucket, isVisible).ascending(prefix, prefix)) {
    const path = commonPath(row.key, prefix.length);
    if (path === undefined) {
      dated.set(row.key, { entry: objectEntry(row, prefix), timeMs: wholeMs(timeOf(row)) });
      continue;
    }
    const known = dated.get(path);
    const createdMs = wholeMs(row.attributes.createdAtUs);
    if (known === undefined) dated.set(path, { entry: folderEntry(path, prefix), timeMs: createdMs });
    else known.timeMs = Math.min(known.timeMs, createdMs);
  }
  return [...dated.values()]
    .filter(({ entry, timeMs }) => {
      if (after === undefined) return true;
      // The cursor behind a folder has no time and then stands for 1970: everything is after it.
      return direction * (timeMs - (after.timeUs ?? 0) || compareUtf8(entry.name, after.key)) > 0;
    })
    .sort((a, b) => direction * (a.timeMs - b.timeMs || compareUtf8(a.entry.name, b.entry.name)))
    .slice(0, limit)
    .map(({ entry }) => entry);
}

function objectEntry(row: ObjectRow, levelPrefix: string | undefined): Entry {
  return {
    kind: "object",
    name: row.key,
    row,
    record: {
      ...(levelPrefix === undefined ? {} : { key: lastPart(row.key, levelPrefix) }),
      id: row.attributes.id,
      name: row.key,
      metadata: systemMetadata(row),
      ...rowTimes(row),
    },
  };
}

function folderEntry(path: string, prefix: string): Entry {
  const name = path.replace(/\/+$/, "");
  return {
    kind: "folder",
    name,
    row: undefined,
    record: {
      key: lastPart(name, prefix),
      name: `${name}/`,
      id: null,
      metadata: null,
      updated_at: null,
      created_at: null,
      last_accessed_at: null,
    },
  };
}

/** The part of a name at the level of the prefix. */
function lastPart(name: string, prefix: string): string {
  return name.split("/")[prefix.split("/").length - 1] ?? "";
}

function timeReader(column: Column): (row: ObjectRow) => number {
  return column === "updated_at" ? (row) => row.attributes.updatedAtUs : (row) => row.attributes.createdAtUs;
}

/** Microseconds without the part below a millisecond. */
function wholeMs(us: number): number {
  return us - (us % 1000);
}

function cursorTime(last: Entry, column: Column): string | undefined {
  if (column === "name" || last.row === undefined) return undefined;
  return rowTimes(last.row)[column];
}

function timeOfCursor(after: string | undefined): number | undefined {
  if (after === undefined) return undefined;
  const ms = Date.parse(after);
  if (Number.isNaN(ms)) throw failures.invalidParameter("Invalid Parameter continuation token");
  return ms * 1000;
}
