import type { ParsedUrl, UrlKind, UrlOptions } from "@bucketferry/storage-core";
import { keysIn } from "./url-keys.ts";
import { STORAGE_PATH, type SupabaseEndpoint } from "./supabase-endpoint.ts";
import type { SupabasePaths } from "./supabase-paths.ts";
import { tokenClaims, tokenExpiry } from "./token-claims.ts";
import { uploadIdParts } from "./upload-id.ts";

export function publicUrl(
  { origin, basePath }: SupabaseEndpoint,
  paths: SupabasePaths,
  key: string,
  { download }: UrlOptions,
): string {
  const url = origin + basePath + paths.publicObject(key);
  return download === undefined ? url : `${url}?download=${encodeURIComponent(download)}`;
}

/** What stands before the bucket in each kind of URL, below the base of the storage API. What nearly all have comes first, a bare one last. */
const FORMS: readonly { readonly path: string; readonly kind: UrlKind }[] = [
  { path: "object/public/", kind: "public" },
  { path: "object/sign/", kind: "signed" },
  { path: "object/authenticated/", kind: "authenticated" },
  { path: "object/upload/sign/", kind: "upload" },
  { path: "render/image/public/", kind: "render" },
  { path: "render/image/sign/", kind: "private-render" },
  { path: "render/image/authenticated/", kind: "private-render" },
  { path: "s3/", kind: "s3" },
  { path: "object/", kind: "bare" },
];

const MAY_HOLD_TOKEN: ReadonlySet<UrlKind> = new Set<UrlKind>(["signed", "upload", "private-render"]);

/** https://supabase.com/docs/guides/storage/uploads/resumable-uploads; the id is the bucket, the key and the object's version. */
const UPLOADS = "upload/resumable/";
const UPLOAD_ID = /^(?:sign\/)?([\w-]+=*)$/;

/** Scheme and host, all in front of the path. */
const ORIGIN = /^(?:(https?):)?\/\/([^\s/?#\\@]+)$/i;
/** No client sends one as it stands. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Understands every form that the service has issued. Grammar only: `new URL` would resolve dots and drop what it dislikes.
 * A project has many buckets, and each text is shown to the parsers of all: the bucket is looked at before what costs more.
 */
export function urlParser(endpoint: SupabaseEndpoint): (text: string) => ParsedUrl | undefined {
  const { bucket } = endpoint;
  const hosts = new Set(endpoint.hosts);
  // Where a project's URL leads to its storage, whatever `url` of the options is.
  const bases = [...new Set([endpoint.basePath, STORAGE_PATH])].map((base) => `${base}/`);
  const isOfProject = (text: string, pathAt: number): boolean => {
    const [, scheme, authority] = ORIGIN.exec(text.slice(0, pathAt)) ?? [];
    if (authority === undefined || !hosts.has(hostOf(authority, scheme?.toLowerCase()))) return false;
    return !CONTROL.test(text) && text === text.trim();
  };

  return (text) => {
    const pathAt = text.indexOf("/", text.indexOf("//") + 2);
    const base = bases.find((one) => text.startsWith(one, pathAt));
    if (pathAt === -1 || base === undefined) return undefined;
    const formAt = pathAt + base.length;
    if (text.startsWith(UPLOADS, formAt)) {
      return isOfProject(text, pathAt) ? parsedUpload(text.slice(formAt + UPLOADS.length), bucket) : undefined;
    }
    const form = FORMS.find(({ path }) => text.startsWith(path, formAt));
    if (form === undefined) return undefined;
    const keyAndMore = behindBucket(text, formAt + form.path.length, bucket);
    if (keyAndMore === undefined || !isOfProject(text, pathAt)) return undefined;
    return parsedObject(keyAndMore, form.kind, bucket);
  };
}

/** An upload by the resumable protocol: its id says where it leads to. */
function parsedUpload(rest: string, bucket: string): ParsedUrl | undefined {
  const id = UPLOAD_ID.exec(rest)?.[1];
  if (id === undefined) return undefined;
  const key = keyOf(uploadIdParts(id)?.path, bucket);
  if (key === undefined || key.includes("\ufffd")) return undefined;
  return { bucket, key, kind: "upload", candidates: [key], query: "", fragment: "" };
}

function hostOf(authority: string, scheme: string | undefined): string {
  const host = authority.toLowerCase();
  if (scheme !== "http" && host.endsWith(":443")) return host.slice(0, -4);
  if (scheme !== "https" && host.endsWith(":80")) return host.slice(0, -3);
  return host;
}

/** What follows the bucket and its slash; undefined: another bucket stands there. */
function behindBucket(text: string, from: number, bucket: string): string | undefined {
  const slash = text.indexOf("/", from);
  return slash !== -1 && decoded(text.slice(from, slash)) === bucket ? text.slice(slash + 1) : undefined;
}

/** `keyAndMore`: key, query and fragment. */
function parsedObject(keyAndMore: string, kind: UrlKind, bucket: string): ParsedUrl | undefined {
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
