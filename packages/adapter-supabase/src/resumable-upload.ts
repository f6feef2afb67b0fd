import { setTimeout as delay } from "node:timers/promises";
import type { PutOptions } from "@bucketferry/storage-core";
import { StorageError } from "@bucketferry/storage-core/provider";
import { AnswerError, ConnectionError } from "./answer-error.ts";
import type { BodyPiece } from "./body-pieces.ts";
import { readRecord } from "./supabase-read.ts";
import type { SupabaseContext } from "./supabase-context.ts";
import { classify, saysNoSuchBucket } from "./supabase-errors.ts";
import type { Answer } from "./transport.ts";
import type { UploadHeaders } from "./upload-headers.ts";
import { uploadIdParts } from "./upload-id.ts";
import { metadataJson } from "./user-metadata.ts";

export interface ResumableUpload {
  readonly key: string;
  readonly pieces: Iterable<BodyPiece> | AsyncIterable<BodyPiece>;
  /** Undefined: told to the service with the last piece. */
  readonly lengthBytes: number | undefined;
  /** `cacheControl` as the protocol spells it: a number of seconds, or `no-cache`. */
  readonly headers: UploadHeaders;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: PutOptions["onProgress"];
}

export interface ResumableResult {
  readonly size: number;
  /** The version that the object got, where the upload's address names it. */
  readonly version: string | undefined;
}

/** https://tus.io/protocols/resumable-upload, version 1.0.0, with creation, deferred length and termination. */
const PROTOCOL = { "tus-resumable": "1.0.0" };
/** On every request: a PATCH without it is refused over an existing object. */
const OVERWRITE = { "x-upsert": "true" };

/** In a row, without one byte arriving between them. */
const MOST_FAILURES = 5;
/** The same while the service may be making an object of all bytes: some minutes with its own waits for the lock. */
const MOST_WAITS = 60;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A termination is a courtesy: the service forgets unfinished uploads by itself within a day. */
const TERMINATION_TIMEOUT_MS = 10_000;

/**
 * Sends the pieces one after another; the object appears, whole, with the last one. A piece that is cut off goes on
 * where the service says that it stopped. What fails for good is terminated, so nothing of it stays.
 */
export async function resumableUpload(context: SupabaseContext, upload: ResumableUpload): Promise<ResumableResult> {
  const { key, pieces, lengthBytes, signal, onProgress } = upload;
  let session: Session | undefined;
  let offset = 0;
  try {
    for await (const piece of pieces) {
      session ??= await createSession(context, upload);
      // The service completes an empty upload when it is created.
      if (piece.bytes.byteLength > 0) {
        await sendPiece(context, session, piece, offset, upload);
        offset += piece.bytes.byteLength;
        onProgress?.({ sentBytes: offset, totalBytes: lengthBytes });
      }
    }
  } catch (error) {
    if (session !== undefined) {
      const ended = context.background(terminate(context, session));
      // Who aborts wants to be gone; everybody else gets the error when nothing is left.
      if (signal?.aborted !== true) await ended;
    }
    throw error;
  }
  if (session === undefined) throw new StorageError("IncompleteBody", `there were no bytes of ${key} to send`);
  return { size: offset, version: session.version };
}

interface Session {
  readonly key: string;
  /** Of this upload, on the host that we know: the address that the service gives may name another one. */
  readonly path: string;
  readonly version: string | undefined;
}

async function createSession(
  { transport, paths, endpoint }: SupabaseContext,
  { key, lengthBytes, headers, signal }: ResumableUpload,
): Promise<Session> {
  const creation = transport.done({
    method: "POST",
    path: paths.resumable,
    headers: {
      ...PROTOCOL,
      ...OVERWRITE,
      ...(lengthBytes === undefined ? { "upload-defer-length": "1" } : { "upload-length": String(lengthBytes) }),
      "upload-metadata": uploadMetadata({
        bucketName: endpoint.bucket,
        objectName: key,
        contentType: headers.contentType,
        cacheControl: headers.cacheControl,
        // Without this entry an object that is overwritten would keep the user metadata that it had.
        metadata: metadataJson(headers.metadata),
      }),
    },
    signal,
  });
  const answer = await creation.catch((error: unknown) => {
    throw lengthBytes === 0 && isBare404(error) ? noEmptyUpload(error) : error;
  });
  const id = /\/upload\/resumable\/([^/?#]+)$/.exec(answer["location"] ?? "")?.[1];
  if (id === undefined) throw new StorageError("Unavailable", "the service did not say where the upload goes");
  return { key, path: `${paths.resumable}/${id}`, version: versionOf(id, `${endpoint.bucket}/${key}`) };
}

/** The service's answer to an empty upload where it keeps its bytes in S3: https://github.com/supabase/storage/issues/1300 */
function isBare404(error: unknown): error is AnswerError {
  return error instanceof AnswerError && error.status === 404 && !saysNoSuchBucket(error);
}

function noEmptyUpload(cause: AnswerError): StorageError {
  return new StorageError("Unsupported", "the service takes no empty object of this content type", {
    hint: "It takes forms apart, and its resumable protocol refuses empty uploads. Use another content type.",
    status: cause.status,
    requestId: cause.requestId,
    cause,
  });
}

/** The version that the object will have, if the id is that of an upload to `path`. */
function versionOf(id: string, path: string): string | undefined {
  const parts = uploadIdParts(id);
  return parts?.path.endsWith(path) === true && UUID.test(parts.version) ? parts.version : undefined;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function uploadMetadata(entries: Readonly<Record<string, string>>): string {
  return Object.entries(entries)
    .map(([name, value]) => `${name} ${Buffer.from(value, "utf8").toString("base64")}`)
    .join(",");
}

async function sendPiece(
  context: SupabaseContext,
  session: Session,
  { bytes, last }: BodyPiece,
  start: number,
  { lengthBytes, signal }: ResumableUpload,
): Promise<void> {
  const end = start + bytes.byteLength;
  const announcement = lengthBytes === undefined && last ? end : undefined;
  let state: UploadState | undefined = { offset: start, lengthIsKnown: announcement === undefined };
  let furthest = start;
  // Once the answer to the last piece was not waited for to its end, the service may still be at work on it.
  let mayBeFinishing = false;
  for (let failures = 0, waits = 0; ;) {
    let isSending = false;
    try {
      state ??= await uploadState(context, session, signal);
      demandWithin(state.offset, start, end);
      if (state.offset > furthest) failures = 0;
      furthest = Math.max(furthest, state.offset);
      // A last piece that has arrived may still have failed to become an object.
      if (state.offset === end) break;
      isSending = true;
      const rest = { bytes: bytes.subarray(state.offset - start), last, announcement };
      const sent = await patch(context, session, rest, state, signal);
      demandWithin(sent.offset, start, end);
      if (sent.offset === end && (!last || sent.isComplete || session.version === undefined)) return;
      state = { offset: sent.offset, lengthIsKnown: true };
    } catch (error) {
      signal?.throwIfAborted();
      mayBeFinishing ||= last && isSending && leavesItAtWork(error);
      const isHeld = mayBeFinishing && saysThatItIsHeld(error);
      const pauseMs = isHeld
        ? pauseBeforeResuming(error, waits, MOST_WAITS)
        : pauseBeforeResuming(error, failures, MOST_FAILURES);
      if (pauseMs === undefined) {
        if (last && (await isCommitted(context, session, signal))) return;
        throw error;
      }
      if (isHeld) waits += 1;
      else failures += 1;
      state = undefined;
      await delay(pauseMs, undefined, signal === undefined ? {} : { signal });
    }
  }
  if (last && !(await isCommitted(context, session, signal))) {
    throw new StorageError(
      "Unavailable",
      "the service has all bytes of the upload, but did not make an object of them",
    );
  }
}

interface UploadState {
  readonly offset: number;
  readonly lengthIsKnown: boolean;
}

async function uploadState(
  { transport }: SupabaseContext,
  { path }: Session,
  signal: AbortSignal | undefined,
): Promise<UploadState> {
  const headers = await transport.done({ method: "HEAD", path, headers: { ...PROTOCOL, ...OVERWRITE }, signal });
  return { offset: offsetIn(headers), lengthIsKnown: headers["upload-length"] !== undefined };
}

interface SentPiece {
  /** Where the upload stands afterwards. */
  readonly offset: number;
  /** Whether the service says that it has made an object of the upload. */
  readonly isComplete: boolean;
}

interface Rest {
  readonly bytes: Uint8Array;
  readonly last: boolean;
  /** The length of the whole, which the service has not been told yet. */
  readonly announcement: number | undefined;
}

async function patch(
  { transport }: SupabaseContext,
  { path }: Session,
  { bytes, last, announcement }: Rest,
  { offset, lengthIsKnown }: UploadState,
  signal: AbortSignal | undefined,
): Promise<SentPiece> {
  const headers = await transport.done({
    method: "PATCH",
    path,
    headers: {
      ...PROTOCOL,
      ...OVERWRITE,
      "content-type": "application/offset+octet-stream",
      "upload-offset": String(offset),
      ...(lengthIsKnown || announcement === undefined ? {} : { "upload-length": String(announcement) }),
    },
    body: bytes,
    // It is answered when there is an object: https://github.com/tus/tus-node-server has its stores complete it first.
    slow: last,
    signal,
  });
  return { offset: offsetIn(headers), isComplete: headers["tus-complete"] === "1" };
}

function offsetIn(headers: Answer["headers"]): number {
  const offset = headers["upload-offset"];
  if (offset === undefined || !/^\d{1,15}$/.test(offset)) {
    throw new StorageError("Unavailable", "the service did not say how far the upload is");
  }
  return Number(offset);
}

function demandWithin(offset: number, start: number, end: number): void {
  if (offset >= start && offset <= end) return;
  throw new StorageError("Conflict", `the upload stands at byte ${offset}, expected ${start} to ${end}`);
}

/** The connection, or a gateway before the service, gave up waiting: 524 is Cloudflare's, after 100 seconds. */
function leavesItAtWork(error: unknown): boolean {
  if (error instanceof ConnectionError) return error.stage !== "connect";
  return error instanceof AnswerError && (error.status === 504 || error.status === 524);
}

/** Whoever asks waits some seconds for the lock, and is then told 423 or 503, with no words to a HEAD. */
function saysThatItIsHeld(error: unknown): boolean {
  if (!(error instanceof AnswerError)) return false;
  return error.status === 423 || error.status === 503 || (error.status === 400 && classify(error)?.code === "Conflict");
}

/** How long to wait before the service is asked where to go on; undefined when there is no point in it. */
function pauseBeforeResuming(error: unknown, failures: number, most: number): number | undefined {
  if (failures >= most) return undefined;
  if (error instanceof AnswerError) {
    const offsetConflict = error.status === 409 && /offset/i.test(error.answer.message ?? "");
    const code = classify(error)?.code;
    const temporary = code === "RateLimited" || code === "Timeout" || (code === "Unavailable" && error.status >= 500);
    if (!offsetConflict && !temporary && !saysThatItIsHeld(error)) return undefined;
    if (error.retryAfterMs !== undefined) return Math.min(error.retryAfterMs, 60_000);
  } else if (!(error instanceof ConnectionError) || classify(error)?.code === "InvalidConfig") {
    return undefined;
  }
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures) * (0.5 + Math.random() / 2);
}

/** When the answer to the last piece was lost: whether the object that is there now is the one of this upload. */
async function isCommitted(
  context: SupabaseContext,
  { key, version }: Session,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (version === undefined) return false;
  try {
    return (await readRecord(context, key, signal)).version === version;
  } catch {
    return false;
  }
}

async function terminate({ transport }: SupabaseContext, { path }: Session): Promise<void> {
  await transport.done({
    method: "DELETE",
    path,
    headers: { ...PROTOCOL, ...OVERWRITE },
    signal: AbortSignal.timeout(TERMINATION_TIMEOUT_MS),
  });
}
