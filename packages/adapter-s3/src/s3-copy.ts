import { StorageError, type CopyOptions, type ObjectInfo, type PutResult } from "@bucketferry/storage-core";
import type { S3Context } from "./s3-context.ts";
import { headObject } from "./s3-get.ts";
import { etagOf, storedHeaders, versionOf, writeCondition, writeConditionHeaders } from "./s3-headers.ts";
import { abortUpload, completeUpload, createUpload, successDocument, type PartReference } from "./s3-multipart.ts";
import { partPlan } from "./part-plan.ts";
import type { S3Request } from "./s3-client.ts";
import { encodeKeyPath } from "./uri-encoding.ts";

/**
 * A HEAD of the source comes first: it says how long the source is, hence which of the two ways to take, and pins its
 * version, so that the size in the result is that of the bytes that were copied.
 */
export async function copyObject(
  context: S3Context,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<PutResult> {
  const { config } = context;
  const { sourceIfMatch, signal } = options;
  const source = await headObject(sourceContext(context, options), from, { ifMatch: sourceIfMatch, signal });
  if (from === to && options.fromBucket === undefined && options.replace === undefined)
    return unchanged(source, options);
  if (source.size <= config.limits.maxCopyBytes) return copyWhole(context, source, to, options);
  return copyInParts(context, source, to, options);
}

/** The bucket that the source is in, under the same credentials. */
function sourceContext(context: S3Context, { fromBucket }: CopyOptions): S3Context {
  return fromBucket === undefined ? context : context.neighbour(fromBucket);
}

/** S3 refuses a copy onto itself that changes nothing. What was asked for is there already, and nothing is to be done. */
function unchanged(source: ObjectInfo, { ifMatch, ifNoneMatch }: CopyOptions): PutResult {
  if (ifNoneMatch !== undefined) throw new StorageError("AlreadyExists", "there is an object of this key already");
  if (ifMatch !== undefined && ifMatch !== source.etag) {
    throw new StorageError("PreconditionFailed", "the object is not the one that was demanded");
  }
  const { key, size, etag, version, checksums } = source;
  return { key, size, etag, version, checksums };
}

/** What a header would lose at its end (RFC 9110 §5.5), or what would name a version. Versions that decode nothing do not find such keys. */
const OTHERWISE_READ = / $|\?versionId=/g;

function sourceHeaders(
  { config, capabilities }: S3Context,
  { key, etag }: ObjectInfo,
  { fromBucket: bucket = config.bucket }: CopyOptions,
): Record<string, string | undefined> {
  const { profile } = config;
  return {
    "x-amz-copy-source": profile.decodesCopySource
      ? `/${encodeURIComponent(bucket)}/${encodeKeyPath(key)}`
      : `${bucket}/${key}`.replace(OTHERWISE_READ, encodeURIComponent),
    "x-amz-copy-source-if-match": capabilities.conditionalCopy.source ? `"${etag}"` : undefined,
  };
}

async function copyWhole(context: S3Context, source: ObjectInfo, to: string, options: CopyOptions): Promise<PutResult> {
  const { client, config, capabilities } = context;
  const { replace, signal } = options;
  const { headers, text } = await client.text({
    method: "PUT",
    key: to,
    headers: {
      ...(replace === undefined ? {} : storedHeaders(replace, capabilities.defaultContentType)),
      ...sourceHeaders(context, source, options),
      "x-amz-metadata-directive": replace === undefined ? "COPY" : "REPLACE",
      ...writeConditionHeaders(options, config.profile),
    },
    slow: true,
    demanded: writeCondition(options),
    signal,
  });
  const etag = etagOf(successDocument(text, "CopyObjectResult", headers).textOf("ETag"));
  return copied(context, source, to, etag, versionOf(headers), options);
}

/** Same ETag, same bytes, same size. Otherwise the copy may have another size than the source had at first: ask. */
async function copied(
  context: S3Context,
  source: ObjectInfo,
  to: string,
  etag: string,
  version: string | undefined,
  { signal }: CopyOptions,
): Promise<PutResult> {
  const isPinned = context.capabilities.conditionalCopy.source && etag !== "";
  if (isPinned || etag === source.etag) return { key: to, size: source.size, etag, version };
  const info = await headObject(context, to, { version, signal });
  return { key: to, size: info.size, etag: info.etag, version, checksums: info.checksums };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/CopyingObjectsMPUapi.html */
async function copyInParts(
  context: S3Context,
  source: ObjectInfo,
  to: string,
  options: CopyOptions,
): Promise<PutResult> {
  const { client, config, capabilities } = context;
  const { multipart } = capabilities;
  if (multipart === false || !config.profile.partCopy) {
    throw new StorageError("TooLarge", `the service copies ${config.limits.maxCopyBytes} bytes at most`);
  }
  const { signal } = options;
  const failing = new AbortController();
  const partSignal = signal === undefined ? failing.signal : AbortSignal.any([signal, failing.signal]);
  const plan = partPlan(
    source.size,
    { partSizeBytes: config.limits.copyPartBytes, concurrency: config.concurrency },
    { ...multipart, equalParts: true },
  );
  const count = Math.ceil(source.size / plan.sizeOf(1));
  const parts: PartReference[] = [];
  let nextPart = 1;

  // An upload in parts takes nothing over from the source, so headers and metadata are said again. Not to be
  // interrupted: an upload whose id is lost on the way cannot be taken back.
  await options.onUpload?.(undefined);
  const upload = await createUpload(context, to, options.replace ?? source);

  async function copyPart(partNumber: number): Promise<PartReference> {
    const start = (partNumber - 1) * plan.sizeOf(1);
    const end = Math.min(source.size, start + plan.sizeOf(1)) - 1;
    const request: S3Request = {
      method: "PUT",
      key: to,
      query: { partNumber: String(partNumber), uploadId: upload.uploadId },
      headers: { ...sourceHeaders(context, source, options), "x-amz-copy-source-range": `bytes=${start}-${end}` },
      slow: true,
      signal: partSignal,
    };
    const { headers, text } = await client.text(request);
    return { partNumber, etag: etagOf(successDocument(text, "CopyPartResult", headers).textOf("ETag")) };
  }

  async function copyParts(): Promise<void> {
    try {
      while (nextPart <= count) {
        const partNumber = nextPart;
        nextPart += 1;
        parts.push(await copyPart(partNumber));
      }
    } catch (error) {
      failing.abort(error);
      throw error;
    }
  }

  try {
    await options.onUpload?.(upload.uploadId);
    signal?.throwIfAborted();
    const workers = Array.from({ length: Math.min(config.concurrency, count) }, copyParts);
    const results = await Promise.allSettled(workers);
    if (results.some(({ status }) => status === "rejected")) throw failing.signal.reason;
    await demandUnchanged(context, source, options);
    const { etag, version } = await completeUpload(context, upload, parts, options);
    return await copied(context, source, to, etag, version, options);
  } catch (error) {
    await abortUpload(context, upload, {}).catch(() => undefined);
    throw error;
  }
}

/** Where a part cannot be pinned to the source's version, a look at the end shows whether all parts were of one. */
async function demandUnchanged(context: S3Context, source: ObjectInfo, options: CopyOptions): Promise<void> {
  if (context.capabilities.conditionalCopy.source) return;
  const now = await headObject(sourceContext(context, options), source.key, { signal: options.signal });
  if (now.etag === source.etag && now.lastModified.getTime() === source.lastModified.getTime()) return;
  throw new StorageError("PreconditionFailed", "the source changed while it was copied", { persistence: "temporary" });
}
