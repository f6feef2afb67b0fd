import type { ParsedUrl, PresignedRequest, PresignOptions } from "../contract/provider.ts";
import { fromBase64Url, toBase64Url } from "../hash/base64.ts";
import { encodeKeyPath, keyCandidates } from "../kit/url-keys.ts";
import type { MemoryStore } from "./memory-store.ts";

/** A name that resolves nowhere (RFC 6761 §6.4): whoever fetches it with a real client finds out at once. */
export const MEMORY_HOST = "memory.invalid";

/** scheme, authority, path, query, fragment. By hand, since a URL parser would resolve keys like `a/../b`. */
const URL_PARTS = /^(https?):\/\/([^/?#]*)\/([^/?#]+)\/([^?#]+)(?:\?([^#]*))?(?:#(.*))?$/is;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: ":80", https: ":443" };

/** What a signed URL allows. Every field is covered by its token. */
export interface Permit {
  readonly method: PresignOptions["method"];
  readonly bucket: string;
  readonly key: string;
  /** Seconds since 1970. */
  readonly expires: number;
  readonly contentType?: string | undefined;
  readonly contentLength?: number | undefined;
  readonly maxSizeBytes?: number | undefined;
  readonly responseContentType?: string | undefined;
  readonly responseContentDisposition?: string | undefined;
}

export function objectUrl(bucket: string, key: string): string {
  return `https://${MEMORY_HOST}/${encodeURIComponent(bucket)}/${encodeKeyPath(key)}`;
}

/** Whether the text is a URL of this host; then with its parts as they stand. */
export function splitObjectUrl(url: string) {
  const [, scheme = "", authority = "", bucket = "", path = "", query = "", fragment = ""] = URL_PARTS.exec(url) ?? [];
  const port = DEFAULT_PORTS[scheme.toLowerCase()] ?? "";
  const host = authority.toLowerCase();
  if (host !== MEMORY_HOST && host !== MEMORY_HOST + port) return undefined;
  return { bucket, path, query, fragment };
}

export function parseObjectUrl(bucket: string, url: string): ParsedUrl | undefined {
  const parts = splitObjectUrl(url);
  if (parts === undefined || decodeURIComponent(parts.bucket) !== bucket) return undefined;
  const { path, query, fragment } = parts;
  const expires = expiryOf(query);
  const candidates = keyCandidates(path, expires === undefined ? query : "");
  const [key] = candidates;
  if (key === undefined) return undefined;
  const kind = expires === undefined ? "public" : "signed";
  return { bucket, key, kind, candidates, query, fragment, ...(expires && { expiresAt: new Date(expires * 1000) }) };
}

function expiryOf(query: string): number | undefined {
  const parameters = new URLSearchParams(query);
  const expires = Number(parameters.get("expires") ?? Number.NaN);
  return parameters.has("token") && Number.isSafeInteger(expires) ? expires : undefined;
}

/** A signed request. The query says what is allowed, the token that the store has said so. */
export async function signRequest(
  store: MemoryStore,
  bucket: string,
  options: PresignOptions,
): Promise<PresignedRequest> {
  const { method, key, contentType } = options;
  const expires = Math.floor(store.now().getTime() / 1000) + options.expiresInSeconds;
  const permit: Permit = { ...options, bucket, expires };
  const token = toBase64Url(await store.sign(permitText(permit)));
  const parameters = { ...permitParameters(permit), token };
  const expiresAt = new Date(expires * 1000);
  const headers: Record<string, string> =
    contentType === undefined || method !== "PUT" ? {} : { "content-type": contentType };
  if (method === "POST") {
    // A form says everything in its fields, as S3's does.
    return { method, url: objectUrl(bucket, key), headers, fields: { key, ...parameters }, expiresAt };
  }
  return { method, url: `${objectUrl(bucket, key)}?${new URLSearchParams(parameters).toString()}`, headers, expiresAt };
}

/** The permit that parameters of a request claim; undefined when the store never issued it. Expiry is not looked at. */
export async function verifiedPermit(
  store: MemoryStore,
  bucket: string,
  key: string,
  parameters: ReadonlyMap<string, string>,
): Promise<Permit | undefined> {
  const text = (name: string) => parameters.get(name);
  const number = (name: string) => (parameters.has(name) ? Number(parameters.get(name)) : undefined);
  const permit: Permit = {
    method: (text("method") ?? "") as Permit["method"],
    bucket,
    key,
    expires: number("expires") ?? 0,
    contentType: text("type"),
    contentLength: number("length"),
    maxSizeBytes: number("maxSize"),
    responseContentType: text("response-content-type"),
    responseContentDisposition: text("response-content-disposition"),
  };
  return equalBytes(await store.sign(permitText(permit)), tokenBytes(text("token") ?? "")) ? permit : undefined;
}

function permitParameters(permit: Permit): Record<string, string> {
  const parameters = {
    method: permit.method,
    expires: String(permit.expires),
    type: permit.contentType,
    length: permit.contentLength?.toString(),
    maxSize: permit.maxSizeBytes?.toString(),
    "response-content-type": permit.responseContentType,
    "response-content-disposition": permit.responseContentDisposition,
  };
  return Object.fromEntries(
    Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** JSON keeps the fields apart, so no two permits have one text. */
function permitText(permit: Permit): string {
  return JSON.stringify([permit.bucket, permit.key, permitParameters(permit)]);
}

function tokenBytes(token: string): Uint8Array {
  try {
    return fromBase64Url(token);
  } catch {
    return new Uint8Array();
  }
}

/** Takes the same time wherever the first difference is. */
function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.byteLength ^ other.byteLength;
  one.forEach((byte, index) => (difference |= byte ^ (other[index] ?? 0)));
  return difference === 0;
}
