import { isStorageError, type GetResult, type ObjectInfo, type StorageProvider } from "@bucketferry/storage-core";
import { bodyStream } from "./body-stream.ts";
import { Problem } from "../problem/problem.ts";
import { hasConditions, judgeConditions, rangeApplies } from "./conditions.ts";
import { objectHeaders, type PresentationOptions } from "./object-headers.ts";
import { requestedRange, type RequestedRange } from "./range.ts";

const SMALL_BYTES = 64 * 1024;

export interface ServeOptions extends PresentationOptions {
  readonly storage: StorageProvider;
  readonly key: string;
  /** GET or HEAD, with its conditions and its range. */
  readonly request: Request;
  readonly onBytes: (bytes: number) => void;
  /** Storage has failed behind the status. */
  readonly breakOff: (reason: unknown) => void;
}

/**
 * Answers GET and HEAD of one object through this service. Without conditions it is one call to storage; with them the
 * object is looked at first, and what is then opened is pinned to the version that was judged.
 *
 * @throws Problem InvalidRange, PreconditionFailed · StorageError NotFound …
 */
export async function serveObject(options: ServeOptions): Promise<Response> {
  const { storage, key, request } = options;
  const { headers, signal } = request;
  const asked = requestedRange(headers.get("range") ?? undefined);
  if (request.method === "HEAD" || hasConditions(headers) || asked.kind === "refused") {
    const info = await storage.head(key, { signal });
    const verdict = judgeConditions(headers, info);
    if (verdict === "failed") throw new Problem("PreconditionFailed");
    if (verdict === "not-modified") return notModified(info, options);
    if (request.method === "HEAD") return headAnswer(info, options);
    const applies = rangeApplies(headers.get("if-range"), info);
    try {
      return await open(options, applies ? asked : { kind: "whole" }, info);
    } catch (error) {
      // Replaced between the look and the read: the conditions are the client's, and are judged anew.
      if (isStorageError(error, "PreconditionFailed")) return serveObject(options);
      throw error;
    }
  }
  return open(options, asked, undefined);
}

async function open(options: ServeOptions, asked: RequestedRange, judged: ObjectInfo | undefined): Promise<Response> {
  const { storage, key, request, onBytes, breakOff } = options;
  if (asked.kind === "refused") {
    throw notSatisfiable(asked.why, judged?.size);
  }
  const pin = judged !== undefined && storage.capabilities.conditionalGet.ifMatch ? { ifMatch: judged.etag } : {};
  const range = asked.kind === "range" ? { range: asked.range } : {};
  let opened: GetResult;
  try {
    opened = await storage.get(key, { ...pin, ...range, signal: request.signal });
  } catch (error) {
    if (!isStorageError(error, "InvalidRange")) throw error;
    const { size } = judged ?? (await storage.head(key, { signal: request.signal }));
    throw notSatisfiable(`The object has ${size} bytes.`, size);
  }
  const { info, range: served } = opened;
  const isPartial = asked.kind === "range";
  const headers = {
    ...objectHeaders(info, options),
    "content-length": String(served.length),
    ...(isPartial && { "content-range": `bytes ${served.offset}-${served.offset + served.length - 1}/${info.size}` }),
  };
  onBytes(served.length);
  // A small object is one read and one write. It is also whole before its status is sent.
  const body =
    served.length <= SMALL_BYTES ? ((await opened.bytes()) as Uint8Array<ArrayBuffer>) : bodyStream(opened, breakOff);
  return new Response(body, { status: isPartial ? 206 : 200, headers });
}

function headAnswer(info: ObjectInfo, options: ServeOptions): Response {
  return new Response(null, { headers: { ...objectHeaders(info, options), "content-length": String(info.size) } });
}

/** RFC 9110 §15.4.5: the headers that a cache updates its copy with. */
function notModified(info: ObjectInfo, options: ServeOptions): Response {
  const {
    etag = "",
    "last-modified": lastModified = "",
    "cache-control": cacheControl = "",
  } = objectHeaders(info, options);
  return new Response(null, {
    status: 304,
    headers: { etag, "last-modified": lastModified, "cache-control": cacheControl },
  });
}

function notSatisfiable(detail: string, size: number | undefined): Problem {
  return new Problem("InvalidRange", detail, {
    headers: size === undefined ? {} : { "content-range": `bytes */${size}` },
  });
}
