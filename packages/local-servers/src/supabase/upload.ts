import type { IncomingMessage } from "node:http";
import { failures } from "./api-error.ts";
import { checkWrite, commitObject } from "./commit-object.ts";
import { receiveContent } from "./content.ts";
import { type Exchange, type Handler, header, param, type Service, type Settings, sendJson } from "./exchange.ts";
import { readFormFile } from "./form-data.ts";
import { checkContentTypeHeader, checkTypeIsAllowed } from "./mime-types.ts";
import { checkKey, checkKeyForBackend, isEmptyFolderPlaceholder } from "./names.ts";
import { type Caller, SUPER_USER } from "./policies.ts";
import { checkRobotsTag } from "./robots-tag.ts";
import type { BucketRow, JsonObject, ObjectRow } from "./rows.ts";
import { verifyUploadToken } from "./signed-token.ts";
import { parseMetadataHeader, parseUserMetadata } from "./user-metadata.ts";

export const createObject: Handler = async (exchange, service) => {
  const upsert = header(exchange.request, "x-upsert") === "true";
  await respondToUpload(exchange, service, { caller: exchange.caller, ownerId: exchange.caller.sub ?? null, upsert });
};

export const replaceObject: Handler = async (exchange, service) => {
  await respondToUpload(exchange, service, {
    caller: exchange.caller,
    ownerId: exchange.caller.sub ?? null,
    upsert: true,
  });
};

/** The token decides whether something may be overwritten, whatever the request says. */
export const uploadToSignedUrl: Handler = async (exchange, service) => {
  const token = verifyUploadToken(exchange, service, `${param(exchange, "bucket")}/${param(exchange, "*")}`);
  const row = await receiveObject(exchange, service, { ...token, caller: SUPER_USER });
  sendJson(exchange.response, 200, { Key: `${param(exchange, "bucket")}/${row.key}` });
};

interface Permission {
  readonly caller: Caller;
  readonly ownerId: string | null;
  readonly upsert: boolean;
}

async function respondToUpload(exchange: Exchange, service: Service, permission: Permission): Promise<void> {
  const row = await receiveObject(exchange, service, permission);
  sendJson(exchange.response, 200, { Key: `${param(exchange, "bucket")}/${row.key}`, Id: row.attributes.id });
}

async function receiveObject(exchange: Exchange, service: Service, permission: Permission): Promise<ObjectRow> {
  const { request } = exchange;
  const bucketName = param(exchange, "bucket");
  const asked = param(exchange, "*");
  const bucket = service.rows.bucket(bucketName);
  if (bucket === undefined) throw failures.noSuchBucket();
  const maxBytes = maxObjectBytes(bucket, asked, service);

  const incoming = await describeIncoming(request, service.settings);
  if (!isEmptyFolderPlaceholder(asked)) checkTypeIsAllowed(incoming.contentType, bucket.attributes.allowedMimeTypes);
  // A body of unknown length is never measured: the limit holds for announced lengths and for forms.
  if ((incoming.declaredBytes ?? 0) > maxBytes) throw failures.objectTooLarge();
  const robotsTag = header(request, "x-robots-tag");
  if (robotsTag !== undefined) checkRobotsTag(robotsTag);
  const key = checkKey(asked, service.settings);
  checkWrite(service, permission.caller, { bucket: bucketName, key, upsert: permission.upsert });
  checkKeyForBackend(bucketName, key, service.settings.backend);

  const content = incoming.isMeasured ? withinLimit(incoming.content, maxBytes) : incoming.content;
  using received = await receiveContent(service.rows.store, content, service.settings);
  if (service.settings.createIsAtomic) {
    checkWrite(service, permission.caller, { bucket: bucketName, key, upsert: permission.upsert });
  }
  return commitObject(service, {
    bucket: bucketName,
    key,
    body: received.body,
    digest: received.digest,
    contentType: incoming.contentType,
    cacheControl: incoming.cacheControl,
    contentEncoding: incoming.contentEncoding,
    xRobotsTag: robotsTag ?? null,
    userMetadata: incoming.userMetadata,
    ownerId: permission.ownerId,
  });
}

/** Bytes a key may have: the smaller of the two limits, and none for the stand-in of an empty folder. */
function maxObjectBytes(bucket: BucketRow, key: string, service: Service): number {
  if (isEmptyFolderPlaceholder(key)) return 0;
  return Math.min(bucket.attributes.fileSizeLimit ?? Infinity, service.settings.globalFileSizeLimit);
}

interface Incoming {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly contentEncoding: string | undefined;
  readonly userMetadata: JsonObject;
  readonly content: AsyncIterable<Uint8Array>;
  readonly declaredBytes: number | undefined;
  /** Whether the content is counted while it comes in. */
  readonly isMeasured: boolean;
}

async function describeIncoming(request: IncomingMessage, settings: Settings): Promise<Incoming> {
  const kept = (encoding: string | undefined): string | undefined =>
    settings.release === "1.80" && encoding ? encoding : undefined;
  const type = header(request, "content-type");
  if (type !== undefined) checkContentTypeHeader(type);
  const content = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  if (type?.toLowerCase().startsWith("multipart/form-data") === true) return describeForm(type, content, kept);
  const declared = header(request, "content-length");
  return {
    contentType: type ?? "application/octet-stream",
    cacheControl: header(request, "cache-control") ?? "no-cache",
    contentEncoding: kept(header(request, "content-encoding")),
    userMetadata: parseMetadataHeader(header(request, "x-metadata")),
    content,
    declaredBytes: declared === undefined ? undefined : Number(declared),
    isMeasured: false,
  };
}

async function describeForm(
  type: string,
  source: AsyncIterable<Uint8Array>,
  kept: (encoding: string | undefined) => string | undefined,
): Promise<Incoming> {
  const file = await readFormFile(type, source);
  if (file === undefined) throw failures.invalidRequest("No content provided");
  const cacheControl = file.fields.get("cacheControl");
  return {
    contentType: file.fields.get("contentType") || file.type,
    cacheControl: cacheControl ? `max-age=${cacheControl}` : "no-cache",
    contentEncoding: kept(file.fields.get("contentEncoding")),
    userMetadata: parseUserMetadata(file.fields.get("metadata") ?? file.fields.get("userMetadata")),
    content: file.content,
    declaredBytes: undefined,
    isMeasured: true,
  };
}

async function* withinLimit(content: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw failures.objectTooLarge();
    yield chunk;
  }
}
