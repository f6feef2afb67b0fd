import { validate, type Valid } from "./body-schema.ts";
import { type Handler, param, sendJson } from "./exchange.ts";
import { readJsonBody } from "./json-body.ts";
import { rowTimes, systemMetadata } from "./object-record.ts";
import { rowsByFoldedName } from "./ordered-rows.ts";
import type { BucketRow, ObjectRow, Rows } from "./rows.ts";
import { batchSizeFor, scanLevel } from "./skip-scan.ts";
import { mayObject } from "./visible-object.ts";

const LIST = {
  type: "object",
  required: ["prefix"],
  properties: {
    prefix: { type: "string" },
    limit: { type: "integer", minimum: 1 },
    offset: { type: "integer", minimum: 0 },
    search: { type: "string" },
    sortBy: {
      type: "object",
      properties: {
        column: { type: "string", enum: ["name", "updated_at", "created_at", "last_accessed_at"] },
        order: { type: "string", enum: ["asc", "desc"] },
      },
    },
  },
} as const;

type ListRequest = Valid<typeof LIST>;

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1500;

/** The first generation of listings: one level, case-insensitive, by offset. */
export const listV1: Handler = async (exchange, service) => {
  const request = validate(LIST, await readJsonBody(exchange.request), "body");
  const bucket = service.rows.bucket(param(exchange, "bucket"));
  if (bucket === undefined) {
    sendJson(exchange.response, 200, []);
    return;
  }
  const isVisible = (row: ObjectRow): boolean => mayObject(service, exchange.caller, "select", bucket.name, row);
  const folder = request.prefix === "" || request.prefix.endsWith("/") ? request.prefix : `${request.prefix}/`;
  const level: Level = {
    rows: service.rows,
    bucket,
    isVisible,
    prefix: folder + (request.search ?? ""),
    depth: folder.split("/").length - 1,
    descending: request.sortBy?.order === "desc",
  };
  const limit = Math.min(request.limit ?? DEFAULT_LIMIT, MAX_LIMIT);
  const offset = request.offset ?? 0;
  sendJson(exchange.response, 200, pageOf(level, request.sortBy?.column ?? "name", offset, limit));
};

interface Level {
  readonly rows: Rows;
  readonly bucket: BucketRow;
  readonly isVisible: (row: ObjectRow) => boolean;
  readonly prefix: string;
  /** Slashes in front of the names of this level. */
  readonly depth: number;
  readonly descending: boolean;
}

function pageOf(
  level: Level,
  column: NonNullable<NonNullable<ListRequest["sortBy"]>["column"]>,
  offset: number,
  limit: number,
): readonly unknown[] {
  if (column !== "name") return byTime(level, column).slice(offset, offset + limit);
  const page: unknown[] = [];
  let skipped = 0;
  const rows = rowsByFoldedName(level.rows, level.bucket, level.isVisible);
  const { prefix, descending } = level;
  for (const entry of scanLevel(rows, { prefix, descending, seek: undefined, batchSize: batchSizeFor(limit) })) {
    if (skipped < offset) {
      skipped += 1;
      continue;
    }
    page.push(entry.kind === "file" ? fileOf(level, entry.row) : folderOf(nameAt(level, entry.first.key)));
    if (page.length === limit) break;
  }
  return page;
}

/** Folders by name, then files by time. Nothing is folded here but the prefix. */
function byTime(level: Level, column: string): readonly unknown[] {
  const files: ObjectRow[] = [];
  const folders = new Set<string>();
  for (const row of rowsByFoldedName(level.rows, level.bucket, level.isVisible).ascending(
    level.prefix,
    level.prefix.toLowerCase(),
  )) {
    const isFile = row.key.split("/").length === level.depth + 1;
    if (isFile) files.push(row);
    else folders.add(nameAt(level, row.key));
  }
  const timeOf = (row: ObjectRow): number =>
    column === "updated_at" ? row.attributes.updatedAtUs : row.attributes.createdAtUs;
  const names = [...folders].sort();
  files.sort((a, b) => timeOf(a) - timeOf(b));
  if (level.descending) {
    names.reverse();
    files.reverse();
  }
  return [...names.map(folderOf), ...files.map((row) => fileOf(level, row))];
}

function nameAt(level: Level, key: string): string {
  return key.split("/")[level.depth] ?? "";
}

function fileOf(level: Level, row: ObjectRow): unknown {
  return {
    name: nameAt(level, row.key),
    id: row.attributes.id,
    ...rowTimes(row),
    metadata: systemMetadata(row),
  };
}

function folderOf(name: string): unknown {
  return { name, id: null, updated_at: null, created_at: null, last_accessed_at: null, metadata: null };
}
