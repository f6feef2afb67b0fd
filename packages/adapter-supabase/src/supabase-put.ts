import type { PutOptions, PutResult } from "@bucketferry/storage-core";
import { StorageError, type BodySource } from "@bucketferry/storage-core/provider";
import { piecesOfBytes, piecesOfStream, type BodyPiece } from "./body-pieces.ts";
import { isRecord, type ObjectRecord } from "./object-record.ts";
import { resumableUpload, type ResumableResult } from "./resumable-upload.ts";
import type { SupabaseContext } from "./supabase-context.ts";
import { failureOfOverwrite, saysNoSuchKey, storageErrorOf } from "./supabase-errors.ts";
import { pathWasChanged, readRecord } from "./supabase-read.ts";
import { DEFAULT_CACHE_CONTROL, DEFAULT_CONTENT_TYPE, type UploadHeaders } from "./upload-headers.ts";
import { uploadRoute, type UploadRoute } from "./upload-route.ts";
import { metadataHeader } from "./user-metadata.ts";

/**
 * Uploads, then asks for the ETag, which no upload answers with: two requests for a small object.
 */
export async function put(
  context: SupabaseContext,
  key: string,
  body: BodySource,
  options: PutOptions,
): Promise<PutResult> {
  demandPlaceholderIsEmpty(key, body);
  const headers: UploadHeaders = {
    contentType: options.contentType ?? DEFAULT_CONTENT_TYPE,
    cacheControl: options.cacheControl ?? DEFAULT_CACHE_CONTROL,
    metadata: options.metadata,
  };
  const upload: Upload = { context, key, headers, signal: options.signal, onProgress: options.onProgress };
  const stored = await (body.length === undefined
    ? sendUnmeasured(upload, body)
    : sendMeasured(upload, body, body.length));
  context.presence.written();
  return { key, size: stored.size, ...(await identityOf(upload, stored)) };
}

interface Upload {
  readonly context: SupabaseContext;
  readonly key: string;
  readonly headers: UploadHeaders;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: PutOptions["onProgress"];
}

/** What is known of an upload once the service has it. */
interface Stored {
  readonly size: number;
  /** Where the service said which version it made of the upload. */
  readonly version?: string | undefined;
  /** Whether the length was announced, and so checked by the service. */
  readonly announced: boolean;
}

async function sendMeasured(upload: Upload, body: BodySource, size: number): Promise<Stored> {
  const route = possibleRoute(upload, size);
  if (route.kind === "resumable") {
    const { version } = await sendResumable(upload, piecesOf(upload, body), size, route.cacheControl);
    return { size, version, announced: true };
  }
  await sendWhole(upload, body.kind === "bytes" ? body.bytes : body.open(), size);
  return { size, announced: true };
}

/** A body that ends within the first piece is sent like any small one; else its end is found while it is sent. */
async function sendUnmeasured(upload: Upload, body: BodySource): Promise<Stored> {
  const pieces = piecesOf(upload, body);
  try {
    const step = await pieces.next();
    const first = step.done === true ? EMPTY_PIECE : step.value;
    const lengthBytes = first.last ? first.bytes.byteLength : undefined;
    const route = possibleRoute(upload, lengthBytes);
    if (route.kind === "resumable") {
      const all = startingWith(first, pieces);
      return { ...(await sendResumable(upload, all, lengthBytes, route.cacheControl)), announced: true };
    }
    if (lengthBytes !== undefined) {
      await sendWhole(upload, first.bytes, lengthBytes);
      return { size: lengthBytes, announced: true };
    }
    const counted = countedBytes(startingWith(first, pieces));
    await sendWhole(upload, counted, undefined);
    return { size: counted.count, announced: false };
  } finally {
    await pieces.return();
  }
}

const EMPTY_PIECE: BodyPiece = { bytes: new Uint8Array(), last: true };

async function* piecesOf({ context }: Upload, body: BodySource): AsyncGenerator<BodyPiece, void, undefined> {
  const { resumableChunkBytes } = context.options;
  if (body.kind === "bytes") yield* piecesOfBytes(body.bytes, resumableChunkBytes);
  else yield* piecesOfStream(body.open(), resumableChunkBytes);
}

function possibleRoute(
  { context, headers }: Upload,
  lengthBytes: number | undefined,
): Exclude<UploadRoute, { kind: "impossible" }> {
  const { resumableAboveBytes } = context.options;
  const route = uploadRoute({ lengthBytes, resumableAboveBytes, ...headers });
  if (route.kind !== "impossible") return route;
  throw new StorageError("Unsupported", `the service cannot store ${route.reason}`, {
    hint: 'Use "max-age=<seconds>", "no-cache", or no cache control.',
  });
}

function sendResumable(
  { context, key, headers, signal, onProgress }: Upload,
  pieces: AsyncIterable<BodyPiece>,
  lengthBytes: number | undefined,
  cacheControl: string,
): Promise<ResumableResult> {
  return resumableUpload(context, {
    key,
    pieces,
    lengthBytes,
    headers: { ...headers, cacheControl },
    signal,
    onProgress,
  });
}

/** One POST. Cut short on its way, it stores nothing. */
async function sendWhole(
  { context, key, headers, signal }: Upload,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  lengthBytes: number | undefined,
): Promise<void> {
  const { transport, paths, endpoint } = context;
  const { contentType, cacheControl, metadata } = headers;
  const { json } = await transport
    .json({
      method: "POST",
      path: paths.object(key),
      headers: {
        "content-type": contentType,
        "cache-control": cacheControl,
        "x-metadata": metadataHeader(metadata),
        "x-upsert": "true",
        ...(lengthBytes === undefined ? {} : { "content-length": String(lengthBytes) }),
      },
      body,
      signal,
    })
    .catch((error: unknown) => {
      throw failureOfOverwrite(error);
    });
  const name = isRecord(json) ? json["Key"] : undefined;
  if (typeof name !== "string") {
    throw new StorageError("Unknown", "the service did not say what it stored", { applied: "unknown" });
  }
  if (!isSpellingOf(name, `${endpoint.bucket}/${key}`)) throw pathWasChanged(name, true);
}

/** Percent-encoded or not: no key that the service stores holds a percent sign. */
function isSpellingOf(name: string, path: string): boolean {
  if (name === path) return true;
  try {
    return decodeURIComponent(name) === path;
  } catch {
    return false;
  }
}

/**
 * ETag and version as a following `head` gives them. When somebody else has overwritten or deleted the object in
 * between, the ETag of what was stored cannot be known any more; it is left empty, which is equal to no other.
 */
async function identityOf(
  { context, key, signal }: Upload,
  stored: Stored,
): Promise<Pick<PutResult, "etag" | "version">> {
  const unknown = { etag: "", ...(stored.version === undefined ? {} : { version: stored.version }) };
  let record: ObjectRecord;
  try {
    record = await readRecord(context, key, signal);
  } catch (error) {
    if (saysNoSuchKey(error)) return unknown;
    throw storageErrorOf(error)?.with({ applied: true }) ?? error;
  }
  if (stored.version !== undefined && record.version !== stored.version) return unknown;
  if (record.size !== stored.size) {
    if (stored.announced) return unknown;
    throw new StorageError(
      "IncompleteBody",
      `the service stored ${record.size ?? "an unknown number of"} of ${stored.size} bytes, or somebody else wrote to the key`,
      { applied: true },
    );
  }
  return { etag: record.etag ?? "", ...(record.version === undefined ? {} : { version: record.version }) };
}

function demandPlaceholderIsEmpty(key: string, body: BodySource): void {
  if (body.length === 0 || !key.endsWith(".emptyFolderPlaceholder")) return;
  throw new StorageError("InvalidKey", "the service keeps this name for empty objects that stand for a folder", {
    hint: "Put no bytes under it (and say so by the length), or choose another name.",
  });
}

async function* startingWith(
  first: BodyPiece,
  rest: AsyncIterable<BodyPiece>,
): AsyncGenerator<BodyPiece, void, undefined> {
  yield first;
  if (!first.last) yield* rest;
}

/** The bytes of the pieces, counted. They are copies: the transport may hold one while it asks for the next. */
function countedBytes(pieces: AsyncIterable<BodyPiece>): AsyncIterable<Uint8Array> & { readonly count: number } {
  let count = 0;
  return {
    get count() {
      return count;
    },
    async *[Symbol.asyncIterator]() {
      for await (const { bytes } of pieces) {
        count += bytes.byteLength;
        if (bytes.byteLength > 0) yield bytes.slice();
      }
    },
  };
}
