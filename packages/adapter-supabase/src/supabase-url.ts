import type { ParsedUrl, UrlKind, UrlOptions } from "@bucketferry/storage-core";
import { keysIn } from "./url-keys.ts";
import { STORAGE_PATH, type SupabaseEndpoint } from "./supabase-endpoint.ts";
import type { SupabasePaths } from "./supabase-paths.ts";
import { tokenClaims, tokenExpiry } from "./token-claims.ts";

export function publicUrl(
  { origin, basePath }: SupabaseEndpoint,
  paths: SupabasePaths,
  key: string,
  { download }: UrlOptions,
): string {
  const url = origin + basePath + paths.publicObject(key);
  return download === undefined ? url : `${url}?download=${encodeURIComponent(download)}`;
}

/** What stands before the bucket in each kind of URL, below the base of the storage API. Longer forms come first. */
const FORMS: readonly { readonly path: string; readonly kind: UrlKind }[] = [
  { path: "/render/image/public/", kind: "render" },
  { path: "/render/image/sign/", kind: "private-render" },
  { path: "/render/image/authenticated/", kind: "private-render" },
  { path: "/object/upload/sign/", kind: "upload" },
  { path: "/object/public/", kind: "public" },
  { path: "/object/sign/", kind: "signed" },
  { path: "/object/authenticated/", kind: "authenticated" },
  { path: "/object/", kind: "bare" },
  { path: "/s3/", kind: "s3" },
];

const MAY_HOLD_TOKEN: ReadonlySet<UrlKind> = new Set<UrlKind>(["signed", "upload", "private-render"]);

/** https://supabase.com/docs/guides/storage/uploads/resumable-uploads; the id is the bucket, the key and the object's version. */
const RESUMABLE = /^\/upload\/resumable\/(?:sign\/)?([\w-]+=*)$/;

/** Scheme, host, and the rest. No client sends a control character as it stands. */
// oxlint-disable-next-line no-control-regex
const WEB_URL = /^(?:(https?):)?\/\/([^\s/?#\\@]+)(\/[^\u0000-\u001f\u007f]*)$/i;

/** Understands every form that the service has issued. Grammar only: `new URL` would resolve dots and drop what it dislikes. */
export function urlParser(endpoint: SupabaseEndpoint): (text: string) => ParsedUrl | undefined {
  const hosts = new Set(endpoint.hosts);
  // Where a project's URL leads to its storage, whatever `url` of the options is.
  const bases = [...new Set([endpoint.basePath, STORAGE_PATH])];

  return (text) => {
    const [, scheme, authority, rest] = WEB_URL.exec(text) ?? [];
    if (authority === undefined || rest === undefined || text !== text.trim()) return undefined;
    if (!hosts.has(hostOf(authority, scheme?.toLowerCase()))) return undefined;
    const base = bases.find((one) => rest.startsWith(`${one}/`));
    if (base === undefined) return undefined;
    const below = rest.slice(base.length);
    const upload = RESUMABLE.exec(below)?.[1];
    if (upload !== undefined) return parsedUpload(upload, endpoint.bucket);
    const form = FORMS.find(({ path }) => below.startsWith(path));
    return form && parsedObject(below.slice(form.path.length), form.kind, endpoint.bucket);
  };
}

/** An upload by the resumable protocol: its id says where it leads to. */
function parsedUpload(id: string, bucket: string): ParsedUrl | undefined {
  const path = Buffer.from(id, "base64url").toString("utf8");
  const key = keyOf(path.slice(0, Math.max(0, path.lastIndexOf("/"))), bucket);
  if (key === undefined || key.includes("\ufffd")) return undefined;
  return { bucket, key, kind: "upload", candidates: [key], query: "", fragment: "" };
}

function hostOf(authority: string, scheme: string | undefined): string {
  const host = authority.toLowerCase();
  if (scheme !== "http" && host.endsWith(":443")) return host.slice(0, -4);
  if (scheme !== "https" && host.endsWith(":80")) return host.slice(0, -3);
  return host;
}

/** `rest`: bucket, slash, key, query and fragment. */
function parsedObject(rest: string, kind: UrlKind, bucket: string): ParsedUrl | undefined {
  const slash = rest.indexOf("/");
  if (slash === -1 || decoded(rest.slice(0, slash)) !== bucket) return undefined;
  const keyAndMore = rest.slice(slash + 1);
  const [beforeFragment, fragment] = cut(keyAndMore, "#");
  const [path, query] = cut(beforeFragment, "?");
  // Browsers read a backslash as a slash, so such a text leads elsewhere than it says.
  if (decoded(path) === undefined || path.includes("\\")) return undefined;

  const claims = MAY_HOLD_TOKEN.has(kind) ? claimsOf(query) : undefined;
  const expiresAt = claims && tokenExpiry(claims);
  const signedKey = keyOf(claims?.["url"], bucket);
  const read = keysIn(keyAndMore);
  // What was signed is certain, unless path and token contradict each other: then the URL never worked as it stands.
  const candidates = signedKey === undefined ? read : startingWith(signedKey, read);
  const [key] = candidates;
  if (key === undefined) return undefined;
  return { bucket, key, kind, candidates, query, fragment, ...(expiresAt === undefined ? {} : { expiresAt }) };
}

function startingWith(signed: string, read: readonly string[]): readonly string[] {
  return signed === read[0] ? [signed] : [signed, ...read.filter((key) => key !== signed)];
}

function claimsOf(query: string): Readonly<Record<string, unknown>> | undefined {
  const token = /(?:^|[?&])token=([^&]+)/.exec(query)?.[1];
  return token === undefined ? undefined : tokenClaims(decoded(token) ?? token);
}

function keyOf(signedPath: unknown, bucket: string): string | undefined {
  if (typeof signedPath !== "string" || !signedPath.startsWith(`${bucket}/`)) return undefined;
  const key = signedPath.slice(bucket.length + 1);
  return key === "" ? undefined : key;
}

function cut(text: string, mark: string): [before: string, after: string] {
  const at = text.indexOf(mark);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + mark.length)];
}

function decoded(text: string): string | undefined {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
