import { createHash, hash } from "node:crypto";
import { StorageError, type PutOptions, type PutResult } from "@bucketferry/storage-core";
import type { BodySource } from "@bucketferry/storage-core/provider";
import { cutParts } from "./cut-parts.ts";
import { partMemory } from "./part-memory.ts";
import { partPlan, type PartPlan } from "./part-plan.ts";
import type { S3Context } from "./s3-context.ts";
import { headObject } from "./s3-get.ts";
import {
  checksumHeaders,
  checksumsOf,
  md5OfETag,
  etagOf,
  storedHeaders,
  versionOf,
  writeCondition,
  writeConditionHeaders,
} from "./s3-headers.ts";
import type { AnswerHeaders } from "./s3-lane.ts";
import { putInParts } from "./s3-put-parts.ts";

/**
 * Up to one part is held in memory and put at once, signed with its hash. More goes in parts, each signed with its own; so
 * the service verifies every byte before the object is there. Only where it cannot hold a condition, or a checksum of the
 * whole, against an object in parts, a longer body is streamed in one request.
 */
export async function putObject(
  context: S3Context,
  key: string,
  body: BodySource,
  options: PutOptions,
): Promise<PutResult> {
  const { maxPutBytes } = context.config.limits;
  const { length } = body;
  const plan = planOf(context, length, options);
  const needsOneRequest = cannotBeInParts(context, options);

  if (body.kind === "bytes") {
    const most = needsOneRequest ? maxPutBytes : Math.min(maxPutBytes, plan.sizeOf(1));
    if (body.length <= most) return putBytes(context, key, body.bytes, options);
    return putInParts(context, key, slices(body.bytes, plan), plan, length, options);
  }
  if (needsOneRequest && length !== undefined && length > plan.sizeOf(1) && length <= maxPutBytes) {
    return putStream(context, key, body.open(), length, options);
  }
  const memory = partMemory();
  const parts = cutParts(body.open(), plan.sizeOf, length, memory);
  const first = await parts.next();
  if (first.done === true) return putBytes(context, key, new Uint8Array(), options);
  if (first.value.isLast && first.value.bytes.byteLength <= maxPutBytes) {
    return putBytes(context, key, first.value.bytes, options);
  }
  const all = follow(first.value.bytes, parts);
  return putInParts(context, key, all, plan, length, options, (sent) => memory.giveBack(sent));
}

function planOf(
  { config, capabilities }: S3Context,
  length: number | undefined,
  { partSizeBytes = config.partSizeBytes, concurrency = config.concurrency }: PutOptions,
): PartPlan {
  const { multipart } = capabilities;
  if (multipart === false) throw new StorageError("Unsupported", "the service has no uploads in parts");
  return partPlan(length, { partSizeBytes, concurrency }, { ...multipart, equalParts: config.profile.equalParts });
}

function cannotBeInParts({ capabilities }: S3Context, options: PutOptions): boolean {
  const condition = writeCondition(options);
  return options.checksum !== undefined || (condition !== undefined && !capabilities.conditionalMultipart[condition]);
}

function* slices(bytes: Uint8Array, plan: PartPlan): Generator<Uint8Array> {
  let offset = 0;
  for (let partNumber = 1; offset < bytes.byteLength; partNumber += 1) {
    const end = offset + plan.sizeOf(partNumber);
    yield bytes.subarray(offset, end);
    offset = end;
  }
}

async function* follow(
  first: Uint8Array,
  rest: AsyncGenerator<{ readonly bytes: Uint8Array }>,
): AsyncGenerator<Uint8Array> {
  yield first;
  for await (const { bytes } of rest) yield bytes;
}

async function putBytes(context: S3Context, key: string, bytes: Uint8Array, options: PutOptions): Promise<PutResult> {
  const { client } = context;
  const { headers, payloadSha256 } = integrity(context, bytes, options);
  const answer = await client.head({
    method: "PUT",
    key,
    headers: { ...putHeaders(context, options), ...headers },
    body: bytes,
    payloadSha256,
    demanded: writeCondition(options),
    signal: options.signal,
  });
  return putResult(context, key, bytes.byteLength, answer, options);
}

/**
 * The checksum that the caller gave, or else our own: the signed hash of the body, kept with the object where the service
 * does that, since then every later HEAD tells the SHA-256 for nothing.
 */
function integrity({ config: { profile } }: S3Context, bytes: Uint8Array, { checksum }: PutOptions) {
  if (checksum !== undefined) return checksumHeaders(checksum, profile);
  const payloadSha256 = hash("sha256", bytes);
  if (profile.checksumHeaders.includes("sha256")) {
    const headers = { "x-amz-checksum-sha256": Buffer.from(payloadSha256, "hex").toString("base64") };
    return { headers, payloadSha256 };
  }
  return { headers: profile.contentMd5 ? { "content-md5": hash("md5", bytes, "base64") } : {}, payloadSha256 };
}

async function putStream(
  context: S3Context,
  key: string,
  stream: AsyncIterable<Uint8Array>,
  length: number,
  options: PutOptions,
): Promise<PutResult> {
  const { client, config } = context;
  const { headers, payloadSha256 } = checksumHeaders(options.checksum, config.profile);
  const md5 = createHash("md5");
  const answer = await client.head({
    method: "PUT",
    key,
    headers: { ...putHeaders(context, options), ...headers, "content-length": String(length) },
    body: passing(stream, (chunk) => md5.update(chunk)),
    payloadSha256,
    demanded: writeCondition(options),
    signal: options.signal,
  });
  // Nobody knew the hash when the request began, so this is the first moment to compare.
  const stored = md5OfETag(answer, config.profile);
  if (stored !== undefined && stored !== md5.digest("hex")) {
    throw new StorageError("ChecksumMismatch", "the stored bytes are not the bytes that were sent", { applied: true });
  }
  return putResult(context, key, length, answer, options);
}

async function* passing(
  stream: AsyncIterable<Uint8Array>,
  see: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    see(chunk);
    yield chunk;
  }
}

function putHeaders({ config, capabilities }: S3Context, options: PutOptions) {
  return {
    ...storedHeaders(options, capabilities.defaultContentType),
    ...writeConditionHeaders(options, config.profile),
  };
}

async function putResult(
  context: S3Context,
  key: string,
  size: number,
  answer: AnswerHeaders,
  options: PutOptions,
): Promise<PutResult> {
  const { signal } = options;
  const version = versionOf(answer);
  if (
    version !== undefined &&
    writeCondition(options) !== undefined &&
    !context.config.profile.conditionsWithVersions
  ) {
    throw new StorageError(
      "InvalidConfig",
      "the bucket keeps versions, and not every release of this service heeds conditions there",
      {
        applied: true,
        hint: "Set versioned: true, so that conditions are refused before anything is written. The version before is still there",
      },
    );
  }
  const etag = etagOf(answer["etag"]) || (await headObject(context, key, { version, signal })).etag;
  return { key, size, etag, version, checksums: checksumsOf(answer, context.config.profile) };
}
