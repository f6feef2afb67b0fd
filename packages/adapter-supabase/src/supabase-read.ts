import type { ByteRange, GetOptions, HeadOptions, ObjectInfo } from "@bucketferry/storage-core";
import { servedRange, StorageError, type DriverGetResult } from "@bucketferry/storage-core/provider";
import { AnswerError } from "./answer-error.ts";
import { objectInfo } from "./object-info.ts";
import { recordOfInfo, unquoted, type ObjectRecord } from "./object-record.ts";
import type { SupabaseContext } from "./supabase-context.ts";
import { classify, saysDamaged, saysNoSuchKey } from "./supabase-errors.ts";
import { bodyBytes, bodyChunks, type Answer } from "./transport.ts";

export async function head(context: SupabaseContext, key: string, { signal }: HeadOptions): Promise<ObjectInfo> {
  return objectInfo(key, await readRecord(context, key, signal));
}

/** One `info` request, with names and values of the user metadata as they are stored. */
export async function readRecord(
  { transport, paths, presence }: SupabaseContext,
  key: string,
  signal: AbortSignal | undefined,
): Promise<ObjectRecord> {
  let described: Awaited<ReturnType<typeof transport.json>>;
  try {
    described = await transport.json({ method: "GET", path: paths.info(key), signal });
  } catch (error) {
    if (saysDamaged(error)) throw damagedDescription(error);
    return presence.explain(error, signal);
  }
  const record = recordOfInfo(described.json, described.headers["last-modified"]);
  if (record === undefined) throw damagedDescription();
  if (record.name !== key) throw pathWasChanged(record.name);
  presence.seen();
  return record;
}

function damagedDescription(cause?: AnswerError): StorageError {
  return new StorageError("IncompleteBody", "the description of the object arrived damaged", {
    status: cause?.status,
    requestId: cause?.requestId,
    cause,
  });
}

/** Some gateways fold two slashes into one. Whatever is behind that, it is not the object that was asked for. */
export function pathWasChanged(name: string, applied?: boolean): StorageError {
  return new StorageError("InvalidConfig", `the request arrived at the service as ${JSON.stringify(name)}`, {
    applied,
    hint: "A gateway before the service rewrites paths; let it pass them on unchanged.",
  });
}

/** How often an object that changes between its description and its bytes is opened again. */
const ATTEMPTS = 3;

/**
 * Bytes and description are two requests, since the bytes come without user metadata, and HTML with a false content
 * type. Both belong to one version when their ETags agree, or when the description was the same before and after.
 */
export async function get(context: SupabaseContext, key: string, options: GetOptions): Promise<DriverGetResult> {
  const { range, ifNoneMatch, signal } = options;
  let before: ObjectRecord | undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    // The first time at once; the description goes first, or it could wait for a connection that its own bytes hold.
    const [described, opened] =
      attempt === 1
        ? await Promise.allSettled([readRecord(context, key, signal), open(context, key, options)])
        : await inTurn(
            () => open(context, key, { ...options, range: exactRange(range, before) }),
            () => readRecord(context, key, signal),
          );
    if (described.status === "rejected") {
      if (opened.status === "fulfilled") opened.value.body.destroy();
      throw described.reason;
    }
    const record = described.value;
    if (opened.status === "rejected") {
      const again = whyNoBytes(opened.reason, record, range, before);
      if (again !== "again") throw again;
    } else if (before === undefined && promisesTooMuch(opened.value, record, range)) {
      opened.value.body.destroy();
    } else if (isSameVersion(record, opened.value, before)) {
      return openedObject(key, record, opened.value, range, ifNoneMatch);
    } else {
      opened.value.body.destroy();
    }
    before = record;
  }
  throw new StorageError("Conflict", "the object was overwritten again and again while it was opened");
}

/**
 * The range as first and last byte of an object of this size. Over files, servers from before
 * https://github.com/supabase/storage/pull/1087 fail on the last bytes of an object, and promise more than it has where a range
 * ends behind it.
 */
function exactRange(range: ByteRange | undefined, before: ObjectRecord | undefined): ByteRange | undefined {
  return before?.size === undefined ? range : ((range && servedRange(range, before.size)) ?? range);
}

function promisesTooMuch({ status, headers }: Answer, { size }: ObjectRecord, range: ByteRange | undefined): boolean {
  if (range === undefined || size === undefined || servedRange(range, size) === undefined) return false;
  const promised = status === 206 ? contentRange(headers["content-range"]) : undefined;
  return promised !== undefined && promised.total === size && promised.offset + promised.length > size;
}

async function inTurn<First, Second>(
  first: () => Promise<First>,
  second: () => Promise<Second>,
): Promise<[PromiseSettledResult<Second>, PromiseSettledResult<First>]> {
  const [one] = await Promise.allSettled([first()]);
  const [two] = await Promise.allSettled([second()]);
  return [two, one];
}

function open({ transport, paths }: SupabaseContext, key: string, options: GetOptions): Promise<Answer> {
  const { range, ifNoneMatch, signal } = options;
  const headers: Record<string, string> = {};
  if (range !== undefined) headers["range"] = rangeHeader(range);
  // Only one quoted ETag is understood; weak ones never occur.
  if (ifNoneMatch !== undefined) headers["if-none-match"] = `"${ifNoneMatch}"`;
  return transport.send({ method: "GET", path: paths.authenticated(key), headers, signal });
}

function rangeHeader(range: ByteRange): string {
  if ("suffix" in range) return `bytes=-${range.suffix}`;
  return range.length === undefined
    ? `bytes=${range.offset}-`
    : `bytes=${range.offset}-${range.offset + range.length - 1}`;
}

/**
 * Of an object that was described but not opened: the error to throw, or that it has to be opened again, since somebody
 * may have overwritten it meanwhile. Over files the old bytes are gone at once, and who was about to open them gets 500.
 */
function whyNoBytes(
  error: unknown,
  record: ObjectRecord,
  range: ByteRange | undefined,
  before: ObjectRecord | undefined,
): unknown {
  if (!(error instanceof AnswerError)) return error;
  const noSuchKey = saysNoSuchKey(error);
  const invalid = classify(error)?.code === "InvalidRange";
  // Of the storage behind the service: its code for a range that no byte is in tells nothing more than any other.
  const backend = error.answer.code === "S3Error";
  if (!noSuchKey && !invalid && !backend && error.status !== 500) return error;
  // Over S3 the service answers 500 to a range that no byte is in, over files 416 or 400: the size decides.
  if (!noSuchKey && range !== undefined && record.size !== undefined) {
    if (servedRange(range, record.size) === undefined) return invalidRange(record.size, error.status, error);
  }
  if (backend && error.status !== 500) return error;
  if (before === undefined || before.version !== record.version) return "again";
  if (!noSuchKey) return error;
  return new StorageError("IncompleteBody", "the service has a record of the object, but no bytes", {
    persistence: "permanent",
    hint: "The file behind the record is gone. Upload the object again, or remove it.",
    cause: error,
  });
}

function invalidRange(size: number, status: number, cause?: AnswerError): StorageError {
  return new StorageError("InvalidRange", `the object has ${size} bytes, none of them in the range`, {
    status,
    requestId: cause?.requestId,
    cause,
  });
}

function isSameVersion(record: ObjectRecord, { headers }: Answer, before: ObjectRecord | undefined): boolean {
  const etag = strong(unquoted(headers["etag"]));
  if (etag !== undefined && etag === strong(record.etag)) return true;
  // Some records have an ETag that is not that of their bytes. What was opened between two equal versions is that one.
  return before !== undefined && isUnchanged(before, record);
}

/** Records of the service's first years have neither version nor ETag: then time and size have to do. */
function isUnchanged(before: ObjectRecord, now: ObjectRecord): boolean {
  if (before.version !== undefined || now.version !== undefined) return before.version === now.version;
  return before.lastModified.getTime() === now.lastModified.getTime() && before.size === now.size;
}

/** A proxy may mark an ETag as weak; it still names the same version. */
function strong(etag: string | undefined): string | undefined {
  return etag?.replace(/^W\//, "");
}

function openedObject(
  key: string,
  record: ObjectRecord,
  answer: Answer,
  range: ByteRange | undefined,
  ifNoneMatch: string | undefined,
): DriverGetResult {
  const { status, headers, body } = answer;
  const etag = unquoted(headers["etag"]);
  try {
    // A cache on the way may answer in full what the service would have answered by 304.
    if (ifNoneMatch !== undefined && strong(etag) === strong(ifNoneMatch)) {
      throw new StorageError("NotModified", "the object has not changed", { status: 304 });
    }
    const served = status === 206 ? contentRange(headers["content-range"]) : undefined;
    const encoding = headers["content-encoding"] ?? "identity";
    const size = record.size ?? served?.total ?? lengthOf(headers);
    const info = objectInfo(key, {
      ...record,
      size,
      etag: record.etag ?? etag,
      contentType: record.contentType ?? headers["content-type"],
      // Asked for no encoding, the service names the one that the object was stored with.
      contentEncoding: record.contentEncoding ?? (encoding === "identity" ? undefined : encoding),
    });
    const expected = servedRange(range, info.size);
    if (expected === undefined) throw invalidRange(info.size, status);
    if (served !== undefined) {
      const { offset, length, total } = served;
      if (offset !== expected.offset || length !== expected.length || total !== info.size) {
        throw otherBytes(`${length} bytes from ${offset} of ${total}`);
      }
    } else if (expected.length !== info.size) {
      throw otherBytes("the whole object");
    }
    if (encoding !== "identity" && lengthOf(headers) !== expected.length) {
      throw new StorageError("IncompleteBody", `something before the service recodes answers (${encoding})`, {
        persistence: "permanent",
        hint: "Let the proxy or CDN pass objects on unchanged, or use the project's own URL.",
      });
    }
    return {
      info,
      range: expected,
      body: {
        bytes: () => bodyBytes(body),
        [Symbol.asyncIterator]: () => bodyChunks(body),
        async cancel() {
          body.destroy();
        },
      },
    };
  } catch (error) {
    body.destroy();
    throw error;
  }
}

function otherBytes(what: string): StorageError {
  return new StorageError("IncompleteBody", `the service served other bytes than were asked for: ${what}`);
}

function lengthOf(headers: Answer["headers"]): number | undefined {
  const length = headers["content-length"];
  return length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
}

/** `bytes 2-5/10`: RFC 9110 §14.4. */
function contentRange(
  header: string | undefined,
): { readonly offset: number; readonly length: number; readonly total: number } | undefined {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || total === undefined) return undefined;
  return { offset: Number(first), length: Number(last) - Number(first) + 1, total: Number(total) };
}
