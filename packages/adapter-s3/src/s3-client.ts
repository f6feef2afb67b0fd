import { hash } from "node:crypto";
import { StorageError } from "@bucketferry/storage-core";
import type { S3Config } from "./s3-config.ts";
import type { CredentialSource } from "./s3-credentials.ts";
import { S3AnswerError, S3ConnectionError, type WriteCondition } from "./s3-failures.ts";
import type { AnswerHeaders, Lane, LaneAnswer, LaneRequest } from "./s3-lane.ts";
import { EMPTY_SHA256, UNSIGNED_PAYLOAD } from "./sigv4.ts";
import { canonicalQuery, encodeKeyPath } from "./uri-encoding.ts";

export type RequestHeaders = Readonly<Record<string, string | undefined>>;

/** A request in S3's own terms. */
export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Absent: the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** Lower-case names; those that are undefined are not sent. */
  readonly headers?: RequestHeaders | undefined;
  /** Bytes are signed with their hash, so the service verifies them. A stream must come with a `content-length`. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** Hex; for bodies whose hash is known beforehand. */
  readonly payloadSha256?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Memory that the body of the answer may be written into. */
  readonly into?: Uint8Array | undefined;
  /** The service may work long before it answers: copies, completions, batches of deletes. */
  readonly slow?: boolean;
  /** What a 412 would mean. */
  readonly demanded?: WriteCondition | undefined;
}

/** One bucket of one service: addresses, signs, sends, and turns refusals into errors. */
export interface S3Client {
  /** The answer with a body that has to be read or discarded. @throws S3AnswerError for anything but a 2xx */
  open(request: S3Request): Promise<LaneAnswer>;
  /** The answer with its body as text. */
  text(request: S3Request): Promise<{ readonly headers: AnswerHeaders; readonly text: string }>;
  /** The head of an answer whose body does not matter. */
  head(request: S3Request): Promise<AnswerHeaders>;
  /** How far the service's clock was ahead of ours when last looked at, in milliseconds. */
  readonly clock: { now(): number; readonly offsetMs: number };
  close(): Promise<void>;
}

/** Error documents are small; whatever is longer is none. */
const ERROR_BODY_BYTES = 64 * 1024;
/** S3 refuses signatures that are more than 15 minutes off. Anything that large is no network delay. */
const SKEW_MS = 5 * 60_000;
/** Copies and completions may take minutes. */
const SLOW_FACTOR = 10;
const SKEWED: ReadonlySet<string> = new Set(["RequestTimeTooSkewed", "RequestExpired", ""]);
const EXPIRED: ReadonlySet<string> = new Set(["ExpiredToken", "InvalidToken", "TokenRefreshRequired"]);

export function s3Client(config: S3Config, credentials: CredentialSource, lane: Lane): S3Client {
  const { address, headersTimeoutMs } = config;
  let offsetMs = 0;
  const clock = {
    now: () => config.now() + offsetMs,
    get offsetMs() {
      return offsetMs;
    },
  };

  function laneRequest(request: S3Request): LaneRequest {
    const { method, key, query, body, signal } = request;
    const headers: Record<string, string> = { host: address.host, "user-agent": "bucketferry" };
    for (const name in request.headers) {
      const value = request.headers[name];
      if (value !== undefined) headers[name] = value;
    }
    const length = body === undefined ? lengthOfNone(method) : body instanceof Uint8Array ? body.byteLength : undefined;
    // Sent, and signed, also for an empty body: without it a proxy may frame the body its own way.
    if (length !== undefined) headers["content-length"] = String(length);
    return {
      method,
      path: key === undefined ? address.path || "/" : `${address.path}/${encodeKeyPath(key)}`,
      query: query === undefined ? "" : canonicalQuery(query),
      headers,
      body,
      payloadSha256: request.payloadSha256 ?? payloadHash(body),
      signal,
      into: request.into,
      headersTimeoutMs: request.slow === true ? headersTimeoutMs * SLOW_FACTOR : headersTimeoutMs,
    };
  }

  async function open(request: S3Request): Promise<LaneAnswer> {
    const prepared = laneRequest(request);
    for (let attempt = 1; ; attempt += 1) {
      const held = credentials.current();
      const used = held instanceof Promise ? await held : held;
      request.signal?.throwIfAborted();
      const answer = await send(prepared, used);
      if (answer.status < 300) return answer;
      const refusal = await refused(answer, request);
      const canRepeat = attempt === 1 && isRepeatable(request.body);
      if (!(correctClock(refusal) || correctCredentials(refusal, used)) || !canRepeat) throw refusal;
    }
  }

  async function send(prepared: LaneRequest, used: Parameters<Lane["send"]>[1]): Promise<LaneAnswer> {
    try {
      return await lane.send(prepared, used, clock.now());
    } catch (error) {
      if (error instanceof StorageError || prepared.signal?.aborted === true || !isTransportError(error)) throw error;
      const changes = prepared.method !== "GET" && prepared.method !== "HEAD";
      throw new S3ConnectionError(error, changes ? "unknown" : undefined);
    }
  }

  /** The `Date` of the refusal says how far off we are; the next signature, and all later ones, are right. */
  function correctClock({ status, code, headers }: S3AnswerError): boolean {
    if ((status !== 403 && status !== 400) || !SKEWED.has(code)) return false;
    const theirs = Date.parse(headers["date"] ?? "");
    if (Number.isNaN(theirs) || Math.abs(theirs - clock.now()) < SKEW_MS) return false;
    offsetMs = theirs - config.now();
    return true;
  }

  function correctCredentials({ code }: S3AnswerError, used: Parameters<Lane["send"]>[1]): boolean {
    return EXPIRED.has(code) && credentials.expire(used);
  }

  return {
    open,
    async text(request) {
      const answer = await open(request);
      await demandNoObject(answer, request);
      return { headers: answer.headers, text: Buffer.from(await read(answer, request)).toString("utf8") };
    },
    async head(request) {
      const answer = await open(request);
      await answer.body.discard();
      return answer.headers;
    },
    clock,
    close: () => lane.close(),
  };
}

/**
 * A service that passes over a query which it does not know answers with the object itself, of whatever size. Only objects
 * have a time of their last change; nothing that is asked for as text has one.
 */
async function demandNoObject({ headers, body }: LaneAnswer, { method, key }: S3Request): Promise<void> {
  if (method !== "GET" || key === undefined || headers["last-modified"] === undefined) return;
  await body.discard();
  throw new StorageError("Unsupported", "the service does not know this request: it answered with the object", {
    hint: "Set profile to the kind of service that this is; what it does not know cannot be asked of it",
  });
}

/** An answer that is cut off in the middle of its body is as lost as one that never came. */
async function read(answer: LaneAnswer, { method, signal }: S3Request): Promise<Uint8Array> {
  try {
    return await answer.body.bytes();
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new S3ConnectionError(error, method === "GET" ? undefined : "unknown");
  }
}

async function refused(answer: LaneAnswer, request: S3Request): Promise<S3AnswerError> {
  const body = request.method === "HEAD" ? "" : await errorText(answer);
  await answer.body.discard();
  const reads = request.method === "GET" || request.method === "HEAD";
  return new S3AnswerError(answer.status, answer.headers, body, {
    demanded: request.demanded,
    reads,
    readsObject: reads && request.key !== undefined,
  });
}

/** The status is known already, and worth more than the rest of a body that is too long or does not come. */
async function errorText({ body }: LaneAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      length += chunk.byteLength;
      if (length > ERROR_BODY_BYTES) break;
    }
  } catch {
    return "";
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Google Cloud Storage, and proxies before others, answer a PUT or POST without a length with 411, also if it has no body (RFC 9110 §8.6). */
function lengthOfNone(method: S3Request["method"]): 0 | undefined {
  return method === "PUT" || method === "POST" ? 0 : undefined;
}

function payloadHash(body: S3Request["body"]): string {
  if (body === undefined) return EMPTY_SHA256;
  return body instanceof Uint8Array ? hash("sha256", body) : UNSIGNED_PAYLOAD;
}

function isRepeatable(body: S3Request["body"]): boolean {
  return body === undefined || body instanceof Uint8Array;
}

/** Node's errors and those of our connections have codes, or are the SDK's time-out; anything else came from the body that was sent. */
function isTransportError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    "code" in error || error instanceof AggregateError || error.name === "TimeoutError" || error.name === "SocketError"
  );
}
