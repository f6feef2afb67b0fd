import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ApiError, failures } from "./api-error.ts";
import { checkWrite, commitObject } from "./commit-object.ts";
import { digesting } from "./content.ts";
import { type Exchange, type Handler, header, param, type Service } from "./exchange.ts";
import { keyedLock } from "./keyed-lock.ts";
import { checkTypeIsAllowed } from "./mime-types.ts";
import { checkBucketName, checkKey, checkKeyForBackend } from "./names.ts";
import { type Caller, SUPER_USER } from "./policies.ts";
import type { Route } from "./routes.ts";
import type { BucketRow } from "./rows.ts";
import { checkUploadToken } from "./signed-token.ts";
import {
  checkHeaders,
  CONTENT_TYPE,
  formatTusMetadata,
  parseTusMetadata,
  refusals,
  TUS_VERSION,
  TusError,
} from "./tus-protocol.ts";
import {
  contentOf,
  decodeUploadId,
  encodeUploadId,
  offsetOf,
  type TusRecords,
  tusRecords,
  type UploadId,
  type UploadRecord,
} from "./tus-records.ts";
import { parseUserMetadata } from "./user-metadata.ts";

const EXTENSIONS = "creation,creation-with-upload,creation-defer-length,termination,expiration";
const METHODS = "POST, HEAD, PATCH, OPTIONS, DELETE";
const ALLOWED_HEADERS =
  "Authorization, Content-Type, Location, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Concat, " +
  "Upload-Defer-Length, Upload-Length, Upload-Metadata, Upload-Offset, X-HTTP-Method-Override, X-Requested-With, " +
  "X-Forwarded-Host, X-Forwarded-Proto, Forwarded, X-Upsert, Upload-Expires, ApiKey, x-signature";
const EXPOSED_HEADERS =
  "Authorization, Content-Type, Location, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Defer-Length, " +
  "Upload-Length, Upload-Metadata, Upload-Offset, Upload-Expires, Tus-Complete";

/** How long an unfinished upload stays, where the backend forgets it at all. */
const EXPIRY_MS = 60 * 60 * 1000;

/** The routes of TUS 1.0.0 (https://tus.io/protocols/resumable-upload), for callers with a token and for holders of a signed URL. */
export function tusRoutes(service: Service): readonly Route[] {
  const records = tusRecords(service.rows.store);
  const lock = keyedLock();
  const locked: Locked = (id, task) => lock.run(id.version, task);
  const tools: Tools = { service, records, locked };
  const base = "/upload/resumable";
  const forPrefix = (prefix: string, access: Route["access"], signed: boolean): readonly Route[] => {
    const route = (method: string, pattern: string, act: Act): Route => ({
      method,
      pattern: prefix + pattern,
      access,
      handler: protocolHandler(tools, signed, act),
    });
    return [
      route("POST", "", create),
      route("POST", "/", create),
      route("PATCH", "/:id", patch),
      route("HEAD", "/:id", head),
      route("DELETE", "/:id", terminate),
    ];
  };
  const describe = (pattern: string): Route => ({ method: "OPTIONS", pattern, access: "none", handler: options });
  return [
    describe(base),
    describe(`${base}/*`),
    ...forPrefix(`${base}/sign`, "none", true),
    ...forPrefix(base, "bare", false),
  ];
}

interface Tools {
  readonly service: Service;
  readonly records: TusRecords;
  readonly locked: Locked;
}

type Locked = <Result>(id: UploadId, task: () => Promise<Result>) => Promise<Result>;

interface Request extends Exchange {
  /** Whether the `x-signature` header is the permission. */
  readonly signed: boolean;
}

type Act = (request: Request, tools: Tools) => Promise<void>;

/** Says failures as the protocol's library does. */
function protocolHandler(tools: Tools, signed: boolean, act: Act): Handler {
  return async (exchange) => {
    const { request, response } = exchange;
    setCommonHeaders(exchange);
    try {
      checkHeaders(request.method ?? "", request.headers);
      await act({ ...exchange, signed }, tools);
    } catch (error) {
      if (error instanceof TusError) sendText(response, error.status, error.message);
      else if (error instanceof ApiError) sendText(response, error.statusCode, error.message);
      else throw error;
    }
  };
}

const options: Handler = (exchange, service) => {
  setCommonHeaders(exchange);
  exchange.response.writeHead(204, {
    allow: METHODS,
    "access-control-allow-methods": METHODS,
    "access-control-allow-headers": ALLOWED_HEADERS,
    "access-control-max-age": "86400",
    "tus-version": TUS_VERSION,
    "tus-extension": EXTENSIONS,
    "tus-max-size": String(service.settings.globalFileSizeLimit),
  });
  exchange.response.end();
};

const create: Act = async (exchange, { service, records, locked }) => {
  const { request } = exchange;
  const length = header(request, "upload-length");
  if ((length === undefined) === (header(request, "upload-defer-length") === undefined)) throw refusals.lengthMissing();
  const encoded = header(request, "upload-metadata");
  const metadata = encoded === undefined ? undefined : parseTusMetadata(encoded);
  if (metadata === undefined) throw refusals.metadataMissing();

  const bucketName = metadata["bucketName"] ?? "";
  checkBucketName(bucketName);
  const key = checkKey(metadata["objectName"] ?? "", service.settings);
  const id: UploadId = { bucket: bucketName, key, version: randomUUID() };
  const bucket = existingBucket(service, id);
  if (Number(length ?? 0) > maxBytes(bucket, service)) throw refusals.maxSizeExceeded();
  const permission = permissionFor(exchange, service, id);
  if (metadata["contentType"]) checkTypeIsAllowed(metadata["contentType"], bucket.attributes.allowedMimeTypes);
  checkKeyForBackend(id.bucket, id.key, service.settings.backend);
  // https://github.com/supabase/storage/issues/1300
  if (length !== undefined && Number(length) === 0 && service.settings.backend === "s3") throw refusals.emptyUpload();

  await locked(id, async () => {
    const record = records.begin(bucket, id.key, {
      version: id.version,
      length: length === undefined ? undefined : Number(length),
      metadata: { ...metadata, cacheControl: storedCacheControl(metadata["cacheControl"]) },
      expiresAtMs: service.settings.backend === "s3" ? service.clock.nowMs() + EXPIRY_MS : undefined,
      finished: false,
    });
    const headers: Record<string, string> = {
      location: locationOf(exchange, id, service.settings),
      ...expiryHeader(record),
    };
    if (header(request, "content-type") === CONTENT_TYPE) {
      const end = await receive(exchange, { service, records, bucket, record });
      if (end === "cut") return;
    }
    const current = records.find(id) ?? record;
    if (header(request, "content-type") === CONTENT_TYPE) headers["upload-offset"] = String(offsetOf(current));
    if (await finishWhenComplete({ service, records, bucket, record: current, permission })) {
      headers["tus-complete"] = "1";
    }
    exchange.response.writeHead(201, headers);
    exchange.response.end();
  });
};

const patch: Act = async (exchange, { service, records, locked }) => {
  const { request } = exchange;
  const id = uploadIdOf(exchange, service.settings);
  const offset = header(request, "upload-offset");
  if (offset === undefined) throw refusals.offsetMissing();
  if (header(request, "content-type") === undefined) throw refusals.contentTypeMissing();
  await locked(id, async () => {
    const permission = permissionFor(exchange, service, id);
    const bucket = existingBucket(service, id);
    let record = unexpired(records.find(id), service);
    if (offsetOf(record) !== Number(offset)) throw refusals.offsetConflict();
    const length = header(request, "upload-length");
    if (length !== undefined) {
      record = declareLength(record, Number(length), bucket, service);
    }
    if ((await receive(exchange, { service, records, bucket, record })) === "cut") return;
    const current = records.find(id) ?? record;
    const newOffset = offsetOf(current);
    const isFinished = await finishWhenComplete({ service, records, bucket, record: current, permission });
    exchange.response.writeHead(204, {
      "upload-offset": String(newOffset),
      ...(isFinished ? { "tus-complete": "1" } : expiryHeader(current)),
    });
    exchange.response.end();
  });
};

/** Waits for a PATCH that is under way, so the offset it tells is one that lasts. */
const head: Act = async (exchange, { service, records, locked }) => {
  const id = uploadIdOf(exchange, service.settings);
  if (exchange.signed) permissionFor(exchange, service, id);
  await locked(id, async () => {
    const found = records.find(id);
    // The files of a finished upload are those of the object: whatever replaces or removes it ends the upload as well.
    const isGone =
      found?.attributes.finished === true &&
      service.rows.object(id.bucket, id.key)?.attributes.version !== found.attributes.version;
    const record = unexpired(isGone ? undefined : found, service);
    const { length, metadata } = record.attributes;
    exchange.response.writeHead(200, {
      "cache-control": "no-store",
      "upload-offset": String(offsetOf(record)),
      ...(length === undefined ? { "upload-defer-length": "1" } : { "upload-length": String(length) }),
      "upload-metadata": formatTusMetadata(metadata),
    });
    exchange.response.end();
  });
};

const terminate: Act = async (exchange, { service, records, locked }) => {
  const id = uploadIdOf(exchange, service.settings);
  await locked(id, async () => {
    permissionFor(exchange, service, id);
    const bucket = existingBucket(service, id);
    const record = unexpired(records.find(id), service);
    if (record.attributes.finished) throw refusals.alreadyFinished();
    records.remove(bucket, record);
    exchange.response.writeHead(204);
    exchange.response.end();
  });
};

interface Permission {
  readonly ownerId: string | null;
  readonly upsert: boolean;
}

/** Tried again with every request, so an upload without `x-upsert` ends as soon as somebody else has made the key. */
function permissionFor(exchange: Request, service: Service, id: UploadId): Permission {
  const permission = exchange.signed ? signedPermission(exchange, service, id) : callerPermission(exchange);
  if (exchange.request.method !== "HEAD") {
    const { bucket, key } = id;
    checkWrite(service, permission.caller, { bucket, key, upsert: permission.upsert });
  }
  return permission;
}

function callerPermission({ caller, request }: Exchange): Permission & { readonly caller: Caller } {
  return { caller, ownerId: caller.sub ?? null, upsert: header(request, "x-upsert") === "true" };
}

function signedPermission(
  exchange: Exchange,
  service: Service,
  { bucket, key }: UploadId,
): Permission & { readonly caller: Caller } {
  const token = header(exchange.request, "x-signature");
  if (token === undefined) throw refusals.signatureMissing();
  return { caller: SUPER_USER, ...checkUploadToken(token, service, `${bucket}/${key}`) };
}

interface Reception {
  readonly service: Service;
  readonly records: TusRecords;
  readonly bucket: BucketRow;
  readonly record: UploadRecord;
}

/** Adds the body of a request to an upload. When the connection breaks, what has come so far counts. */
async function receive(exchange: Exchange, reception: Reception): Promise<"whole" | "cut"> {
  const { service, records, bucket, record } = reception;
  const { request } = exchange;
  const { length } = record.attributes;
  const room = (length ?? maxBytes(bucket, service)) - offsetOf(record);
  if (Number(header(request, "content-length") ?? 0) > room) throw refusals.sizeExceeded();
  let end: "whole" | "cut" = "whole";
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const chunk of untilCut(request, () => (end = "cut"))) {
      bytes += chunk.length;
      if (bytes > room) throw refusals.sizeExceeded();
      yield chunk;
    }
  };
  using received = await service.rows.store.receive(chunks());
  records.append(bucket, record, received.body);
  return end;
}

/** A body that breaks off without an error. What had arrived by then is still in the stream's buffer. */
async function* untilCut(request: IncomingMessage, onCut: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  } catch {
    onCut();
    const rest = request.read() as Uint8Array | null;
    if (rest !== null) yield rest;
  }
}

/** The object appears with the last byte, and not before. */
async function finishWhenComplete(reception: Reception & { readonly permission: Permission }): Promise<boolean> {
  const { service, records, bucket, record, permission } = reception;
  const { length, metadata, version, finished } = record.attributes;
  const content = contentOf(record);
  if (finished || length === undefined || content.size !== length) return false;
  const stream = digesting(service.rows.store.read(content), service.settings, "always");
  for await (const _ of stream.chunks);
  commitObject(service, {
    bucket: bucket.name,
    key: record.key,
    body: content,
    digest: stream.digest(),
    contentType: metadata["contentType"] || "application/octet-stream",
    cacheControl: metadata["cacheControl"] ?? "no-cache",
    xRobotsTag: null,
    userMetadata: metadata["metadata"] ? parseUserMetadata(metadata["metadata"]) : undefined,
    ownerId: permission.ownerId,
    version,
  });
  records.finish(bucket, record);
  return true;
}

function declareLength(record: UploadRecord, length: number, bucket: BucketRow, service: Service): UploadRecord {
  if (record.attributes.length !== undefined || length < offsetOf(record)) throw refusals.lengthMissing();
  if (length > maxBytes(bucket, service)) throw refusals.maxSizeExceeded();
  const attributes = { ...record.attributes, length };
  bucket.setUploadAttributes(record.id, attributes);
  return bucket.upload(record.id) ?? { ...record, attributes };
}

function uploadIdOf(exchange: Exchange, { versionMark }: Service["settings"]): UploadId {
  const id = decodeUploadId(param(exchange, "id"), versionMark);
  if (id === undefined) throw refusals.invalidId();
  return id;
}

function unexpired(record: UploadRecord | undefined, service: Service): UploadRecord {
  if (record === undefined) throw refusals.notFound();
  const { expiresAtMs, finished } = record.attributes;
  if (!finished && expiresAtMs !== undefined && expiresAtMs < service.clock.nowMs()) throw refusals.expired();
  return record;
}

function existingBucket(service: Service, id: UploadId): BucketRow {
  const bucket = service.rows.bucket(id.bucket);
  if (bucket === undefined) throw failures.noSuchBucket();
  return bucket;
}

/** A limit of 0 counts as none here, unlike in uploads by one request. */
function maxBytes(bucket: BucketRow, service: Service): number {
  return Math.min(bucket.attributes.fileSizeLimit || Infinity, service.settings.globalFileSizeLimit);
}

/** Bare seconds are the only thing that is understood. */
function storedCacheControl(value: string | null | undefined): string {
  return value && /^-?\d+$/.test(value) ? `max-age=${value}` : "no-cache";
}

function expiryHeader(record: UploadRecord): Record<string, string> {
  const { expiresAtMs } = record.attributes;
  return expiresAtMs === undefined ? {} : { "upload-expires": new Date(expiresAtMs).toUTCString() };
}

/** Absolute, with the host under which the client reached the service. */
function locationOf(exchange: Request, id: UploadId, { versionMark }: Service["settings"]): string {
  const { request } = exchange;
  const protocol = header(request, "x-forwarded-proto") ?? "http";
  const host = header(request, "x-forwarded-host") ?? header(request, "host") ?? "";
  const sign = exchange.signed ? "/sign" : "";
  return `${protocol}://${host}/storage/v1/upload/resumable${sign}/${encodeUploadId(id, versionMark)}`;
}

function setCommonHeaders({ request, response }: Exchange): void {
  response.setHeader("tus-resumable", TUS_VERSION);
  response.setHeader("access-control-allow-origin", header(request, "origin") ?? "*");
  response.setHeader("access-control-expose-headers", EXPOSED_HEADERS);
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-length": String(Buffer.byteLength(text)) });
  response.end(text);
}
