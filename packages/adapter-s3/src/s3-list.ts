import {
  compareKeys,
  StorageError,
  type ListEntry,
  type ListPage,
  type ListPageOptions,
} from "@bucketferry/storage-core";
import type { S3Context } from "./s3-context.ts";
import { unwrapCursor, wrapCursor } from "./s3-cursor.ts";
import { etagOf } from "./s3-headers.ts";
import { parseListing, type ListingXml } from "./s3-list-xml.ts";
import type { XmlElement } from "./s3-xml.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export async function listPage(
  { client, config }: S3Context,
  options: ListPageOptions & { readonly limit: number },
): Promise<ListPage> {
  const { prefix, delimiter, startAfter, cursor, limit, signal } = options;
  const { token, lastKey = "" } = cursor === undefined ? {} : unwrapCursor(cursor, options);
  const { text } = await client.text({
    method: "GET",
    query: {
      "list-type": "2",
      // Keys may hold what XML cannot.
      "encoding-type": "url",
      "max-keys": String(limit),
      prefix,
      delimiter,
      "start-after": token === undefined ? startAfter : undefined,
      "continuation-token": token,
    },
    signal,
  });
  const page = parseListing(text);
  const listed = behind(entriesOf(page), lastKey);
  const entries = listed.filter((entry) => belongs(entry, prefix, startAfter));
  if (page.textOf("IsTruncated") !== "true") return { entries };
  const next = page.textOf("NextContinuationToken");
  if (!next || next === token) {
    // To go on would repeat pages for ever, to stop would lose keys in silence.
    throw new StorageError("Unavailable", "the service says that the listing goes on, but not where");
  }
  if (!config.profile.cutsTokens) return { entries, cursor: wrapCursor({ token: next, lastKey: "" }, options) };
  const last = listed.at(-1);
  if (last === undefined) {
    throw new StorageError("Unsupported", "the listing comes no further than one page of keys that begin alike", {
      hint: "Read the bucket by @bucketferry/adapter-supabase, or by a newer version of the service",
    });
  }
  return { entries, cursor: wrapCursor({ token: next, lastKey: nameOf(last) }, options) };
}

/** What comes behind a key that the page before ended with, if it is there again. */
function behind(entries: readonly ListEntry[], lastKey: string): readonly ListEntry[] {
  if (lastKey === "") return entries;
  return entries.slice(entries.findIndex((entry) => nameOf(entry) === lastKey) + 1);
}

function entriesOf(page: ListingXml): readonly ListEntry[] {
  const isEncoded = page.textOf("EncodingType") === "url";
  const objects = page.all("Contents").map((object) => objectEntry(object, isEncoded));
  const prefixes = page
    .all("CommonPrefixes")
    .map((group): ListEntry => ({ type: "prefix", prefix: decodeListed(group.textOf("Prefix") ?? "", isEncoded) }));
  // Two lists on the wire, one order for the reader.
  return prefixes.length === 0
    ? objects
    : [...objects, ...prefixes].sort((one, other) => compareKeys(nameOf(one), nameOf(other)));
}

/**
 * Classes whose objects have to be restored before they can be read; `GLACIER_IR` is read at once. A listing says `GLACIER`
 * of a restored object too. https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
 */
const ARCHIVES: ReadonlySet<string> = new Set(["GLACIER", "DEEP_ARCHIVE"]);

function objectEntry(object: Pick<XmlElement, "textOf">, isEncoded: boolean): ListEntry {
  const key = decodeListed(object.textOf("Key") ?? "", isEncoded);
  const size = Number(object.textOf("Size") ?? Number.NaN);
  const lastModified = new Date(object.textOf("LastModified") ?? Number.NaN);
  const storageClass = object.textOf("StorageClass") ?? "";
  if (key === "" || !Number.isSafeInteger(size)) {
    throw new StorageError("Unavailable", "the listing holds an entry without key or size");
  }
  return {
    type: "object",
    key,
    size,
    etag: etagOf(object.textOf("ETag")) || undefined,
    lastModified: Number.isNaN(lastModified.getTime()) ? undefined : lastModified,
    archived: ARCHIVES.has(storageClass) ? storageClass : undefined,
  };
}

/** `encoding-type=url` is that of forms: a space is a `+` with some services and `%20` with others, a plus is always `%2B`. */
export function decodeListed(text: string, isEncoded: boolean): string {
  if (!isEncoded || !/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (error) {
    throw new StorageError("Unavailable", "the listing holds a key that is not UTF-8", { cause: error });
  }
}

/**
 * Older servers of Supabase compare a prefix in both cases of its letters, take `_` and `%` for wildcards, and know no
 * `start-after` but with a delimiter; their cursors go on from the keys that are passed over here.
 */
function belongs(entry: ListEntry, prefix = "", startAfter = ""): boolean {
  if (!nameOf(entry).startsWith(prefix)) return false;
  // A group may begin before the key and go on behind it.
  return startAfter === "" || entry.type === "prefix" || compareKeys(entry.key, startAfter) > 0;
}

function nameOf(entry: ListEntry): string {
  return entry.type === "object" ? entry.key : entry.prefix;
}
