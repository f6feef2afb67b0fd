import {
  StorageError,
  type ByteRange,
  type GetOptions,
  type HeadOptions,
  type ObjectInfo,
} from "@bucketferry/storage-core";
import type { DriverBody, DriverGetResult } from "@bucketferry/storage-core/provider";
import type { S3Request } from "./s3-client.ts";
import type { S3Context } from "./s3-context.ts";
import { bodyError } from "./s3-errors.ts";
import { S3AnswerError } from "./s3-failures.ts";
import { demandReadConditions, objectInfo, readConditionHeaders } from "./s3-headers.ts";
import type { AnswerHeaders, LaneBody } from "./s3-lane.ts";
import type { S3Profile } from "./s3-profiles.ts";

interface Served {
  readonly offset: number;
  readonly length: number;
  /** Of the whole object. */
  readonly size: number;
}

export async function getObject(context: S3Context, key: string, options: GetOptions): Promise<DriverGetResult> {
  const { range } = options;
  const answer = await context.client.open({
    ...readRequest("GET", key, options),
    into: options.into,
    headers: { ...readHeaders(context, options), range: range === undefined ? undefined : rangeHeader(range) },
  });
  try {
    const { status, headers, body } = answer;
    const served = servedBytes(status, headers, range);
    const info = objectInfo(key, headers, served.size, context.config.profile);
    demandReadConditions(options, info);
    if (info.contentEncoding !== undefined) await demandStoredBytes(context, key, info, options);
    return {
      info,
      range: { offset: served.offset, length: served.length },
      body: driverBody(body),
    };
  } catch (error) {
    await answer.body.discard();
    throw error;
  }
}

function driverBody(body: LaneBody): DriverBody {
  return {
    [Symbol.asyncIterator]() {
      const chunks = body[Symbol.asyncIterator]();
      return {
        next: () => chunks.next().catch(ended),
        return: async () => {
          await body.discard();
          return { done: true, value: undefined };
        },
      };
    },
    bytes: () => body.bytes().catch(ended),
    cancel: () => body.discard(),
  };
}

function ended(error: unknown): never {
  throw bodyError(error);
}

export async function headObject(context: S3Context, key: string, options: HeadOptions): Promise<ObjectInfo> {
  const request: S3Request = { ...readRequest("HEAD", key, options), headers: readHeaders(context, options) };
  let headers: AnswerHeaders;
  try {
    headers = await context.client.head(request);
  } catch (error) {
    throw await explained(context, request, error);
  }
  const info = objectInfo(key, headers, headSize(headers, context.config.profile), context.config.profile);
  demandReadConditions(options, info);
  return info;
}

function readRequest(method: "GET" | "HEAD", key: string, { version, signal }: HeadOptions): S3Request {
  return { method, key, signal, ...(version === undefined ? {} : { query: { versionId: version } }) };
}

function readHeaders({ config }: S3Context, options: HeadOptions): S3Request["headers"] {
  return {
    ...readConditionHeaders(options),
    // What is stored is what is wanted, also from a gateway that would rather compress or unpack it.
    "accept-encoding": config.profile.acceptEncoding,
    "x-amz-checksum-mode": config.profile.checksumHeaders.length > 0 ? "ENABLED" : undefined,
  };
}

function headSize(headers: AnswerHeaders, profile: S3Profile): number {
  const length = headers["content-length"];
  if (length === undefined && profile.emptyHeadHasNoLength) return 0;
  return wholeNumber(length) ?? fail("the answer does not say how long the object is");
}

/** RFC 9110 §14.1.2. One range only: services differ in what they make of several. */
export function rangeHeader(range: ByteRange): string {
  if ("suffix" in range) return `bytes=-${range.suffix}`;
  const end = range.length === undefined ? undefined : range.offset + range.length - 1;
  return `bytes=${range.offset}-${end === undefined || !Number.isSafeInteger(end) ? "" : end}`;
}

/**
 * Which bytes an answer carries. They must be exactly those that were asked for, cut at the object's end: a gateway that
 * ignores the range, or serves another one, would else be read as the right bytes at the wrong place.
 */
export function servedBytes(status: number, headers: AnswerHeaders, range: ByteRange | undefined): Served {
  const length = wholeNumber(headers["content-length"]);
  if (status !== 206) {
    if (length === undefined) return fail("the answer does not say how long the object is");
    if (range !== undefined && length === 0) throw new StorageError("InvalidRange", "the object is empty");
    if (range !== undefined && !coversWhole(range, length)) return fail("the service ignored the range");
    return { offset: 0, length, size: length };
  }
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers["content-range"] ?? "") ?? [];
  const [offset, end, size] = [wholeNumber(first), wholeNumber(last), wholeNumber(total)];
  if (range === undefined || offset === undefined || end === undefined || size === undefined) {
    return fail("the service answered with a part that was not asked for");
  }
  const wanted =
    "suffix" in range
      ? { offset: Math.max(0, size - range.suffix), end: size - 1 }
      : { offset: range.offset, end: Math.min(size, range.offset + (range.length ?? size)) - 1 };
  const bytes = end - offset + 1;
  if (offset !== wanted.offset || end !== wanted.end || (length !== undefined && length !== bytes)) {
    return fail(`the service answered with bytes ${offset} to ${end}, not ${wanted.offset} to ${wanted.end}`);
  }
  return { offset, length: bytes, size };
}

function coversWhole(range: ByteRange, size: number): boolean {
  return "suffix" in range ? range.suffix >= size : range.offset === 0 && (range.length ?? size) >= size;
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}

function fail(message: string): never {
  throw new StorageError("IncompleteBody", message);
}

/**
 * An answer that names an encoding is either an object stored so, or one that a gateway has just compressed. A HEAD tells
 * which: there is nothing to compress, so its length is that of the stored bytes.
 */
async function demandStoredBytes(
  context: S3Context,
  key: string,
  info: ObjectInfo,
  options: GetOptions,
): Promise<void> {
  const { version = info.version, signal } = options;
  const headers = await context.client.head({
    ...readRequest("HEAD", key, { version, signal }),
    headers: { "accept-encoding": context.config.profile.acceptEncoding },
  });
  const stored = objectInfo(key, headers, headSize(headers, context.config.profile), context.config.profile);
  if (stored.etag === info.etag && stored.size === info.size && stored.contentEncoding === info.contentEncoding) {
    return;
  }
  throw new StorageError(
    "IncompleteBody",
    "the body was encoded on the way, or the object changed while it was opened",
    {
      hint: "Read past the proxy or CDN that compresses, or switch its compression off for this bucket",
    },
  );
}

/** How long an answer of the bucket counts as proof that the bucket is there. */
const PROOF_MS = 60_000;
const UNEXPLAINED: ReadonlySet<number> = new Set([400, 403, 404]);

/**
 * The answer to a HEAD has no body, hence no code: a missing object, a missing bucket, a wrong secret and a denied
 * permission look alike. A GET of one byte says which. For missing objects it is asked only when nothing has shown the
 * bucket to exist of late, so looking for many of them stays at one request each.
 */
async function explained({ client, bucketProof }: S3Context, request: S3Request, error: unknown): Promise<unknown> {
  if (!(error instanceof S3AnswerError) || error.code !== "" || !UNEXPLAINED.has(error.status)) return error;
  if (error.status === 404 && performance.now() < bucketProof.untilMs) return error;
  try {
    await client.head({ ...request, method: "GET", headers: { ...request.headers, range: "bytes=0-0" } });
    return error;
  } catch (explanation) {
    if (!(explanation instanceof S3AnswerError) || explanation.status !== error.status) return error;
    if (explanation.code === "NoSuchKey") bucketProof.untilMs = performance.now() + PROOF_MS;
    return explanation;
  }
}
