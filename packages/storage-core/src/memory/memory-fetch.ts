import type { ByteRange } from "../contract/provider.ts";
import { servedRange } from "../kit/served-range.ts";
import { keyCandidates } from "../kit/url-keys.ts";
import { checksumsOf, headersOf } from "./content.ts";
import type { MemoryBucket, StoredVersion } from "./memory-bucket.ts";
import type { MemoryStore } from "./memory-store.ts";
import { splitObjectUrl, verifiedPermit, type Permit } from "./memory-urls.ts";

type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** What a request may do; the optional parts of a permit for requests that need none. */
type Allowed = Pick<
  Permit,
  "key" | "contentType" | "contentLength" | "maxSizeBytes" | "responseContentType" | "responseContentDisposition"
>;

/**
 * Fetches URLs of a store as a stranger would: by what the URL or the form itself allows, or, of a bucket with
 * `publicRead`, freely. It opens no socket; URLs of other hosts fail as an unknown host does.
 */
export function memoryFetch(store: MemoryStore): Fetch {
  return async (url, init = {}) => {
    const parts = splitObjectUrl(url);
    if (parts === undefined) throw new TypeError(`fetch failed: no store in memory serves ${url.split("?")[0] ?? ""}`);
    init.signal?.throwIfAborted();
    // The standard's own parser for bodies and headers; the URL is ours to take apart.
    const request = new Request("https://memory.invalid/", init);
    const bucketName = keyCandidates(parts.bucket, "")[0] ?? "";
    const bucket = store.buckets.get(bucketName);
    if (bucket === undefined) return refused(404, "no such bucket");

    const form = request.method === "POST" ? await readForm(request) : undefined;
    const parameters = form === undefined ? new Map(new URLSearchParams(parts.query)) : textFields(form);
    const key = form === undefined ? keyCandidates(parts.path, "")[0] : parameters.get("key");
    if (key === undefined) return refused(400, "the request names no key");

    const allowed = parameters.has("token")
      ? usable(await verifiedPermit(store, bucketName, key, parameters), request.method, store.now())
      : readable(bucket, key, request.method);
    if (allowed === undefined) return refused(403, "the request is not signed, or not for this, or too late");
    return serve(bucket, allowed, request, form);
  };
}

function usable(permit: Permit | undefined, method: string, now: Date): Allowed | undefined {
  if (permit?.method !== method || permit.expires * 1000 <= now.getTime()) return undefined;
  return permit;
}

function readable(bucket: MemoryBucket, key: string, method: string): Allowed | undefined {
  return bucket.publicRead && (method === "GET" || method === "HEAD") ? { key } : undefined;
}

async function serve(
  bucket: MemoryBucket,
  allowed: Allowed,
  request: Request,
  form: FormData | undefined,
): Promise<Response> {
  switch (request.method) {
    case "GET":
    case "HEAD":
      return answer(bucket.get(allowed.key), allowed, request);
    case "DELETE":
      bucket.delete(allowed.key, true);
      return new Response(null, { status: 204 });
    case "PUT":
      return store(bucket, allowed, request.headers.get("content-type"), await request.arrayBuffer());
    case "POST": {
      const file = form?.get("file");
      if (file === undefined || file === null) return refused(400, "the form has no field called file");
      const blob = typeof file === "string" ? new Blob([file]) : file;
      // A form says the type in a field of its own; what a browser says of the file is not bound to anything.
      return store(bucket, allowed, allowed.contentType ?? blob.type, await blob.arrayBuffer());
    }
    default:
      return refused(405, "no such method");
  }
}

async function store(
  bucket: MemoryBucket,
  allowed: Allowed,
  type: string | null,
  body: ArrayBuffer,
): Promise<Response> {
  const bytes = new Uint8Array(body);
  if (allowed.contentType !== undefined && allowed.contentType !== type)
    return refused(403, "another content type was signed");
  if (allowed.contentLength !== undefined && allowed.contentLength !== bytes.byteLength)
    return refused(403, "another length was signed");
  if (allowed.maxSizeBytes !== undefined && bytes.byteLength > allowed.maxSizeBytes)
    return refused(400, "the file is too large");
  const checksums = await checksumsOf(bytes);
  const headers = headersOf({ contentType: type || undefined });
  const { etag } = bucket.put(allowed.key, { bytes, checksums, headers, metadata: {} }, true);
  return new Response(null, { status: 200, headers: { etag: `"${etag}"` } });
}

function answer(object: StoredVersion | undefined, allowed: Allowed, request: Request): Response {
  if (object === undefined) return refused(404, "no such object");
  const size = object.bytes.byteLength;
  const asked = rangeOf(request.headers.get("range"));
  const range = servedRange(asked, size);
  if (range === undefined) return refused(416, "no such range", { "content-range": `bytes */${size}` });
  const { offset, length } = range;
  const headers = answerHeaders(object, allowed);
  headers.set("content-length", String(length));
  if (asked !== undefined) headers.set("content-range", `bytes ${offset}-${offset + length - 1}/${size}`);
  const body = request.method === "HEAD" ? null : Uint8Array.from(object.bytes.subarray(offset, offset + length));
  return new Response(body, { status: asked === undefined ? 200 : 206, headers });
}

function answerHeaders(object: StoredVersion, allowed: Allowed): Headers {
  const { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage } = object.headers;
  const headers = new Headers({
    etag: `"${object.etag}"`,
    "last-modified": object.lastModified.toUTCString(),
    "accept-ranges": "bytes",
  });
  for (const [name, value] of [
    ["content-type", allowed.responseContentType ?? contentType],
    ["content-disposition", allowed.responseContentDisposition ?? contentDisposition],
    ["cache-control", cacheControl],
    ["content-encoding", contentEncoding],
    ["content-language", contentLanguage],
  ] as const) {
    if (value !== undefined) headers.set(name, value);
  }
  return headers;
}

/** RFC 9110 §14.1.2: one range; anything else is ignored, as the RFC allows. */
function rangeOf(header: string | null): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || first + last === "") return undefined;
  if (first === "") return { suffix: Number(last) };
  const offset = Number(first);
  return last === "" ? { offset } : { offset, length: Number(last) - offset + 1 };
}

async function readForm(request: Request): Promise<FormData | undefined> {
  return request.formData().catch(() => undefined);
}

function textFields(form: FormData): ReadonlyMap<string, string> {
  return new Map([...form.entries()].filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function refused(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(message, { status, headers });
}
