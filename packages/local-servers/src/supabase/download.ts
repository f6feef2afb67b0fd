import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { sliceBody } from "../store/index.ts";
import { failures, transientFailures } from "./api-error.ts";
import { parseRange, parseUnclampedRange } from "./byte-range.ts";
import { toIso } from "./clock.ts";
import { type Exchange, type Handler, header, isBefore, param, sendJson, type Service } from "./exchange.ts";
import { SUPER_USER } from "./policies.ts";
import type { ObjectRow } from "./rows.ts";
import { verifyDownloadToken } from "./signed-token.ts";
import { visibleObject } from "./visible-object.ts";

/** What finds the object of a request, and says until when its URL works. */
type Find = (exchange: Exchange, service: Service) => Found;

interface Found {
  readonly row: ObjectRow;
  /** Seconds since 1970, of a signed URL. */
  readonly expiresAt?: number | undefined;
}

/** Without a good token only public buckets exist; their objects anyone may read who knows the key. */
const byCaller: Find = (exchange, service) => {
  const bucket = service.rows.bucket(param(exchange, "bucket"));
  if (bucket === undefined || !(exchange.caller.authenticated || bucket.attributes.public)) {
    throw failures.noSuchBucket();
  }
  const reader = bucket.attributes.public ? SUPER_USER : exchange.caller;
  return { row: visibleObject(service, reader, bucket.name, param(exchange, "*")) };
};

const byPublicUrl: Find = (exchange, service) => {
  const bucket = service.rows.bucket(param(exchange, "bucket"));
  if (bucket?.attributes.public !== true) throw failures.noSuchBucket();
  return { row: visibleObject(service, SUPER_USER, bucket.name, param(exchange, "*")) };
};

const bySignature: Find = (exchange, service) => {
  const bucket = param(exchange, "bucket");
  const key = param(exchange, "*");
  const { expiresAt } = verifyDownloadToken(exchange, service, `${bucket}/${key}`);
  return { row: visibleObject(service, SUPER_USER, bucket, key), expiresAt };
};

export const getObject = getBy(byCaller);
export const getPublicObject = getBy(byPublicUrl);
export const getSignedObject = getBy(bySignature);
export const headObject = headBy(byCaller);
export const headPublicObject = headBy(byPublicUrl);
export const headSignedObject = headBy(bySignature);
export const getObjectInfo = infoBy(byCaller);
export const getPublicObjectInfo = infoBy(byPublicUrl);

function getBy(find: Find): Handler {
  return async (exchange, service) => {
    const found = find(exchange, service);
    const { row } = found;
    if (service.settings.release === "1.80" && !isAsDemanded(exchange, row)) throw failures.preconditionFailed();
    const headers = objectHeaders(exchange, found);
    const ifNoneMatch = header(exchange.request, "if-none-match");
    // Compared as one whole string: lists, weak tags and the star match nothing.
    if (ifNoneMatch !== undefined && ifNoneMatch !== row.attributes.etag && headers["cache-control"] !== undefined) {
      headers["cache-control"] += ", stale-while-revalidate=30";
    }
    if (isUnchanged(exchange, row)) {
      sendNotModified(exchange.response, headers, service.settings.backend);
      return;
    }
    const range = rangeOf(exchange, row, service);
    const size = row.body.size;
    const { start, end } = range ?? { start: 0, end: size };
    headers["content-length"] = String(end - start);
    if (range !== undefined) headers["content-range"] = `bytes ${start}-${end - 1}/${size}`;
    await sendBytes(exchange.response, service, row, { start, end, status: range === undefined ? 200 : 206, headers });
  };
}

function headBy(find: Find): Handler {
  return (exchange, service) => {
    const found = find(exchange, service);
    const headers = objectHeaders(exchange, found);
    const ifNoneMatch = header(exchange.request, "if-none-match");
    if (ifNoneMatch !== undefined && ifNoneMatch !== found.row.attributes.etag && headers["cache-control"]) {
      headers["cache-control"] += ", must-revalidate";
    }
    headers["content-length"] = String(found.row.body.size);
    exchange.response.writeHead(200, headers);
    exchange.response.end();
  };
}

function infoBy(find: Find): Handler {
  return (exchange, service) => {
    const { row } = find(exchange, service);
    const { id, version, contentType, cacheControl, etag, userMetadata, updatedAtUs, createdAtUs, fileTimeUs } =
      row.attributes;
    exchange.response.setHeader("etag", etag);
    exchange.response.setHeader("last-modified", httpDate(fileTimeUs));
    exchange.response.setHeader("cache-control", cacheControl);
    sendJson(exchange.response, 200, {
      id,
      name: row.key,
      version,
      bucket_id: param(exchange, "bucket"),
      size: row.body.size,
      content_type: contentType,
      cache_control: cacheControl,
      etag,
      metadata: userMetadata,
      ...(service.settings.release === "1.11" ? {} : { last_modified: toIso(updatedAtUs) }),
      created_at: toIso(createdAtUs),
    });
  };
}

function objectHeaders(exchange: Exchange, { row, expiresAt }: Found): Record<string, string> {
  const { contentType, cacheControl, contentEncoding, etag, xRobotsTag, fileTimeUs } = row.attributes;
  const download = exchange.path.query.get("download");
  return {
    "accept-ranges": "bytes",
    // A page that somebody uploaded must not run as one in the project's origin.
    "content-type": contentType.includes("text/html") ? "text/plain" : contentType,
    etag,
    "x-robots-tag": xRobotsTag ?? "none",
    "last-modified": httpDate(fileTimeUs),
    ...(expiresAt === undefined
      ? { "cache-control": cacheControl }
      : { expires: new Date(expiresAt * 1000).toUTCString() }),
    ...(contentEncoding === undefined ? {} : { "content-encoding": contentEncoding }),
    ...(download === null ? {} : { "content-disposition": dispositionOf(download) }),
  };
}

function dispositionOf(fileName: string): string {
  if (fileName === "") return "attachment;";
  const encoded = encodeURIComponent(fileName);
  return `attachment; filename=${encoded}; filename*=UTF-8''${encoded}`;
}

function httpDate(us: number): string {
  return new Date(us / 1000).toUTCString();
}

/** `If-Match` makes `If-Unmodified-Since` void: RFC 9110, section 13.2.2. */
function isAsDemanded(exchange: Exchange, row: ObjectRow): boolean {
  const ifMatch = header(exchange.request, "if-match");
  if (ifMatch !== undefined) return ifMatch === "*" || ifMatch === row.attributes.etag;
  const since = Date.parse(header(exchange.request, "if-unmodified-since") ?? "");
  return Number.isNaN(since) || Math.floor(row.attributes.fileTimeUs / 1e6) * 1000 <= since;
}

function isUnchanged(exchange: Exchange, row: ObjectRow): boolean {
  if (header(exchange.request, "if-none-match") === row.attributes.etag) return true;
  // The file's time has a fraction of a second that the Last-Modified header has lost, so sending that one back is not enough.
  const since = Date.parse(header(exchange.request, "if-modified-since") ?? "");
  return row.attributes.fileTimeUs / 1000 <= since;
}

function sendNotModified(response: ServerResponse, headers: Record<string, string>, backend: "file" | "s3"): void {
  response.writeHead(304, backend === "file" ? { ...headers, "content-length": "0" } : {});
  response.end();
}

function rangeOf(
  exchange: Exchange,
  row: ObjectRow,
  service: Service,
): { readonly start: number; readonly end: number } | undefined {
  const value = header(exchange.request, "range");
  if (value === undefined) return undefined;
  const { backend, release } = service.settings;
  if (backend === "file" && isBefore(release, "1.70")) {
    const unclamped = parseUnclampedRange(value, row.body.size);
    if (unclamped === "unreadable") throw transientFailures.InternalError();
    return unclamped;
  }
  const range = parseRange(value, row.body.size);
  if (typeof range === "object") return range;
  if (backend === "file") throw failures.invalidRange();
  if (range === "unsatisfiable") throw transientFailures.InternalError();
  return undefined;
}

interface Answer {
  readonly start: number;
  readonly end: number;
  readonly status: number;
  readonly headers: Record<string, string>;
}

/** Opens the file in the tick in which the row was read, so a reader keeps its version whatever happens to the key. */
async function sendBytes(response: ServerResponse, service: Service, row: ObjectRow, answer: Answer): Promise<void> {
  const reader = service.rows.store.read(sliceBody(row.body, answer.start, answer.end));
  const chunks = reader[Symbol.asyncIterator]();
  try {
    let first: IteratorResult<Uint8Array, unknown>;
    try {
      first = await chunks.next();
    } catch {
      sendBytesGone(response, service.settings);
      return;
    }
    response.writeHead(answer.status, answer.headers);
    const rest = Math.min(answer.end, row.body.size) - answer.start - (first.done === true ? 0 : first.value.length);
    if (rest <= 0) {
      response.end(first.done === true ? undefined : first.value);
      return;
    }
    await pipeline(resume(first, chunks), response);
  } finally {
    await chunks.return?.();
    reader.close();
  }
}

async function* resume(
  first: IteratorResult<Uint8Array, unknown>,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
}

/** There is a row, but what it stands for is not on the disk any more. */
function sendBytesGone(response: ServerResponse, { backend, release }: Service["settings"]): void {
  if (backend === "file") throw transientFailures.InternalError();
  response.setHeader("cache-control", "no-store");
  sendJson(response, 400, {
    error: "Not found",
    message: "The resource was not found",
    statusCode: "404",
    ...(isBefore(release, "1.70") ? {} : { code: "NoSuchKey" }),
  });
}
