import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { StorageError } from "@bucketferry/storage-core/provider";
import { Pool, type Dispatcher } from "undici";
import { AnswerError, ConnectionError, errorBody } from "./answer-error.ts";
import type { ResolvedSupabaseOptions } from "./supabase-options.ts";

interface Call {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Relative to the base of the storage API, percent-encoded as it shall go over the wire. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array | string | AsyncIterable<Uint8Array> | undefined;
  /** The service works on the object as a whole before it answers, which takes it longer the larger the object is. */
  readonly slow?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  /** Lower-case names; of a header that came twice, the first. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Has to be read or destroyed. */
  readonly body: Dispatcher.ResponseData["body"];
}

/** JSON as the service answers it: parsed, of unknown shape. */
interface JsonAnswer {
  readonly json: unknown;
  readonly headers: Answer["headers"];
}

/**
 * HTTP to one storage API. Paths go over the wire byte for byte as given; redirects are not followed, so that the key
 * is sent to no other host; nothing is sent twice but a GET that a cache has answered.
 */
export interface Transport {
  /** @throws AnswerError unless the status is 2xx; ConnectionError; the signal's reason; what the body's own stream threw */
  send(call: Call): Promise<Answer>;
  json(call: Call & { readonly payload?: unknown }): Promise<JsonAnswer>;
  /** For answers whose body nobody wants. */
  done(call: Call): Promise<Answer["headers"]>;
  close(): Promise<void>;
}

/** More than any error of the service; a gateway's page is not worth reading further. */
const LONGEST_ERROR_BYTES = 64 * 1024;
/** So many times as long may the answer to a slow request take to begin. */
const SLOW_FACTOR = 10;
/** A page of 1,000 entries takes about half a megabyte. */
const LONGEST_JSON_BYTES = 64 * 1024 * 1024;

export function transportFor(
  endpoint: { readonly origin: string; readonly basePath: string },
  options: ResolvedSupabaseOptions,
): Transport {
  const pool = new Pool(endpoint.origin, {
    connections: options.connections,
    pipelining: 1,
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.bodyTimeoutMs,
    connect: { timeout: options.connectTimeoutMs },
  });
  const common = {
    // A gateway looks at the one, the service at the other.
    apikey: options.key,
    authorization: `Bearer ${options.key}`,
    "accept-encoding": "identity",
    "user-agent": "bucketferry",
  };

  const request = async (call: Call): Promise<Answer> => {
    const { method, path, headers, body = null, slow, signal } = call;
    const answer = await connected(
      withAbort(signal, () =>
        pool.request({
          method,
          path: endpoint.basePath + path,
          headers: headers === undefined ? common : { ...common, ...headers },
          // undici takes any async iterable of bytes; its types name Node's own streams only.
          body: body as Uint8Array | string | Readable | null,
          ...(slow === true ? { headersTimeout: options.headersTimeoutMs * SLOW_FACTOR } : {}),
          signal: signal ?? null,
        }),
      ),
      "request",
      call,
    );
    // A body that is given up emits an error, which would end the process; who reads it gets the error from the reading.
    answer.body.on("error", () => undefined);
    return { status: answer.statusCode, headers: firstOfEach(answer.headers), body: answer.body };
  };

  const send = async (call: Call): Promise<Answer> => {
    let answer = await request(call);
    if (call.method === "GET" && isFromCache(answer.headers)) {
      await discard(answer);
      answer = await request({ ...call, path: pastCaches(call.path) });
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw await answerError(answer, call);
  };

  const json = async (call: Call & { readonly payload?: unknown }): Promise<JsonAnswer> => {
    const { payload, headers } = call;
    const answer = await send(
      payload === undefined
        ? call
        : {
            ...call,
            headers: { ...headers, "content-type": "application/json" },
            body: JSON.stringify(payload),
          },
    );
    const text = await readText(answer, LONGEST_JSON_BYTES, call);
    const value = parsed(text);
    // A gateway may turn any failure into a 200; an error of the service is known by these two fields.
    if (value === undefined || (isRecord(value) && "statusCode" in value && "message" in value)) {
      throw new AnswerError(answer.status, errorBody(text, answer.headers["content-type"]), contextOf(answer));
    }
    return { json: value, headers: answer.headers };
  };

  return {
    send,
    json,
    async done(call) {
      const answer = await send(call);
      await discard(answer);
      return answer.headers;
    },
    // Bodies that nobody reads would keep a graceful close waiting for ever.
    close: () => pool.destroy(),
  };
}

/** Reads the rest of a short body, so that its connection can be used again; cuts a long one off. */
export async function discard(answer: Answer): Promise<void> {
  try {
    await answer.body.dump({ limit: LONGEST_ERROR_BYTES });
  } catch {
    // What is thrown away may as well have failed.
  }
}

/** `body`'s bytes in order; a connection that fails meanwhile is a ConnectionError. */
export async function* bodyChunks(body: Answer["body"]): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of body) yield chunk as Uint8Array;
  } catch (error) {
    throw new ConnectionError(error, "body", false);
  }
}

/** The whole body at once. */
export async function bodyBytes(body: Answer["body"]): Promise<Uint8Array> {
  return connected(body.bytes(), "body", { method: "GET" });
}

async function answerError(answer: Answer, call: Call): Promise<AnswerError> {
  let text = "";
  try {
    text = await readText(answer, LONGEST_ERROR_BYTES, call);
  } catch {
    call.signal?.throwIfAborted();
    // The status alone has to do.
  }
  return new AnswerError(answer.status, errorBody(text, answer.headers["content-type"]), contextOf(answer));
}

async function readText(answer: Answer, limitBytes: number, call: Call): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of answer.body) {
      const bytes = chunk as Uint8Array;
      length += bytes.byteLength;
      if (length > limitBytes) break;
      chunks.push(bytes);
    }
  } catch (error) {
    throw failure(error, "body", call);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function connected<Value>(
  promise: Promise<Value>,
  stage: ConnectionError["stage"],
  call: Pick<Call, "method" | "signal">,
): Promise<Value> {
  try {
    return await promise;
  } catch (error) {
    throw failure(error, stage, call);
  }
}

/** A ConnectionError, unless the caller aborted or the request's own body threw: those errors stay what they are. */
function failure(error: unknown, stage: ConnectionError["stage"], call: Pick<Call, "method" | "signal">): unknown {
  if (call.signal?.aborted === true) return call.signal.reason;
  if (error instanceof StorageError) return error;
  return new ConnectionError(error, stage, call.method !== "GET" && call.method !== "HEAD");
}

/** Rejects at the abort, also while the request still waits for a connection, where undici would wait with it. */
async function withAbort<Value>(signal: AbortSignal | undefined, start: () => Promise<Value>): Promise<Value> {
  if (signal === undefined) return start();
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([start(), aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener("abort", onAbort);
  }
}

/** `cf-cache-status` of answers that no server behind the cache has seen: https://developers.cloudflare.com/cache/concepts/cache-responses/ */
const CACHED: ReadonlySet<string> = new Set(["HIT", "STALE", "UPDATING"]);

/**
 * The CDN of hosted projects answers reads of private objects too, by key and token, and may serve what was there up to
 * a minute ago, a missing object included: https://supabase.com/docs/guides/storage/cdn/smart-cdn
 */
function isFromCache(headers: Answer["headers"]): boolean {
  return CACHED.has(headers["cf-cache-status"]?.toUpperCase() ?? "") || Number(headers["age"]) > 0;
}

/** The parameter that the service's clients use for the same: https://supabase.com/docs/reference/javascript/storage-from-getpublicurl */
function pastCaches(path: string): string {
  return `${path}${path.includes("?") ? "&" : "?"}cacheNonce=${randomUUID()}`;
}

function firstOfEach(headers: Dispatcher.ResponseData["headers"]): Answer["headers"] {
  const result: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers)) result[name] = typeof value === "string" ? value : value?.[0];
  return result;
}

function contextOf({ headers }: Answer): { requestId: string | undefined; retryAfterMs: number | undefined } {
  return {
    requestId: headers["sb-request-id"] ?? headers["x-request-id"] ?? headers["cf-ray"],
    retryAfterMs: retryAfterMs(headers["retry-after"], Date.now()),
  };
}

/** Seconds or a date: RFC 9110 §10.2.3. */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
