import type { ListEntry, ListPage, ListPageOptions } from "../contract/provider.ts";
import { StorageError } from "../errors/storage-error.ts";
import { fromBase64Url, toBase64Url } from "../hash/base64.ts";
import { compareKeys } from "../listing/compare-keys.ts";
import type { MemoryBucket, Place, StoredVersion } from "./memory-bucket.ts";

/** Where a page ended, and of which listing it was: what a cursor holds. */
interface Bookmark {
  readonly after: string;
  /** `after` is a group of keys, all of which are done. */
  readonly group: boolean;
  readonly prefix: string;
  readonly delimiter: string;
}

/** One page. Every entry is a binary search, so groups are jumped over and nothing is sorted. */
export function listObjects(bucket: MemoryBucket, options: ListPageOptions & { readonly limit: number }): ListPage {
  const { prefix = "", delimiter = "", startAfter, cursor, limit } = options;
  const entries: ListEntry[] = [];
  let last = cursor === undefined ? undefined : readCursor(cursor, prefix, delimiter);
  let place: Place = last === undefined ? firstPlace(prefix, startAfter) : placeBehind(last);
  for (;;) {
    const object = bucket.first(place);
    if (object === undefined || !object.key.startsWith(prefix)) return { entries };
    if (entries.length === limit) return { entries, cursor: last && writeCursor(last) };
    const group = groupOf(object.key, prefix, delimiter);
    entries.push(group === undefined ? entryOf(object) : { type: "prefix", prefix: group });
    last = { after: group ?? object.key, group: group !== undefined, prefix, delimiter };
    place = placeBehind(last);
  }
}

function firstPlace(prefix: string, startAfter: string | undefined): Place {
  return startAfter === undefined || compareKeys(startAfter, prefix) < 0 ? { from: prefix } : { after: startAfter };
}

function placeBehind({ after, group }: Bookmark): Place {
  return group ? { behindPrefix: after } : { after };
}

function groupOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === "") return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

function entryOf({ key, bytes, etag, lastModified, headers }: StoredVersion): ListEntry {
  const { contentType, cacheControl } = headers;
  return { type: "object", key, size: bytes.byteLength, etag, lastModified, contentType, cacheControl };
}

function writeCursor(bookmark: Bookmark): string {
  return toBase64Url(new TextEncoder().encode(JSON.stringify(bookmark)));
}

function readCursor(cursor: string, prefix: string, delimiter: string): Bookmark {
  const bookmark = parsedCursor(cursor);
  if (bookmark === undefined) {
    throw new StorageError("InvalidArgument", "cursor is not one of this provider. Pass what listPage gave, unchanged");
  }
  if (bookmark.prefix !== prefix || bookmark.delimiter !== delimiter) {
    throw new StorageError(
      "InvalidArgument",
      "cursor is of a listing with another prefix or delimiter. Pass the same ones",
    );
  }
  return bookmark;
}

function parsedCursor(cursor: string): Bookmark | undefined {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(fromBase64Url(cursor)));
    return isBookmark(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isBookmark(value: unknown): value is Bookmark {
  if (typeof value !== "object" || value === null) return false;
  const { after, group, prefix, delimiter } = value as Partial<Record<keyof Bookmark, unknown>>;
  return (
    typeof after === "string" &&
    typeof group === "boolean" &&
    typeof prefix === "string" &&
    typeof delimiter === "string"
  );
}
