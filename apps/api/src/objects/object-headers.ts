import type { ObjectInfo } from "@bucketferry/storage-core";
import { entityTag } from "./conditions.ts";

/** Types that a browser may show in place. Anything else, HTML and SVG first, could run a script under our name. */
const SHOWN_IN_PLACE = /^(audio|video)\/|^image\/(?!svg)|^application\/pdf$|^text\/plain\b/;

export interface PresentationOptions {
  /** A file name under which it is to be saved; undefined: shown in place where that is safe. */
  readonly download?: string | undefined;
  /** Used where the object says nothing. */
  readonly cacheControl: string;
}

/** What an answer says about an object: RFC 9110 §8 and §12, never a stored header that could split the answer. */
export function objectHeaders(
  info: ObjectInfo,
  { download, cacheControl }: PresentationOptions,
): Record<string, string> {
  const contentType = mediaType(info.contentType) ?? "application/octet-stream";
  const contentEncoding = fieldValue(info.contentEncoding);
  const contentLanguage = fieldValue(info.contentLanguage);
  const isShown = download === undefined && SHOWN_IN_PLACE.test(contentType);
  return {
    "content-type": contentType,
    "content-disposition": contentDisposition(isShown ? "inline" : "attachment", download ?? fileNameOf(info.key)),
    "cache-control": fieldValue(info.cacheControl) ?? cacheControl,
    etag: entityTag(info.etag),
    "last-modified": info.lastModified.toUTCString(),
    "accept-ranges": "bytes",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox",
    ...(contentEncoding === undefined ? {} : { "content-encoding": contentEncoding }),
    ...(contentLanguage === undefined ? {} : { "content-language": contentLanguage }),
  };
}

/** Others than this service store objects too: what no header can carry (RFC 9110 §5.5) counts as not said. */
function fieldValue(stored: string | undefined): string | undefined {
  return stored !== undefined && /^[\t\x20-\x7E]+$/.test(stored) ? stored : undefined;
}

/** One type. Of several with commas a browser takes the last (https://fetch.spec.whatwg.org/#content-type-header), and we would judge the first. */
function mediaType(stored: string | undefined): string | undefined {
  const value = fieldValue(stored);
  return value?.includes(",") === true ? undefined : value;
}

/** RFC 6266 §4.3, with both names: one in ASCII, one as RFC 8187 encodes any text. */
export function contentDisposition(kind: "inline" | "attachment", fileName: string): string {
  const plain = fileName.replaceAll(/[^\x20-\x7E]|["\\%]/g, "_");
  const encoded = encodeURIComponent(fileName.toWellFormed()).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

function fileNameOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}
