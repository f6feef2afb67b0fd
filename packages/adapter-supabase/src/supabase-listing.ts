import type { ListPage, ListPageOptions } from "@bucketferry/storage-core";
import { StorageError } from "@bucketferry/storage-core/provider";
import { groupEntries } from "./group-entries.ts";
import { decodePosition, encodePosition, serviceCursor, type ListPosition } from "./list-position.ts";
import { isRecord, recordOfRow, type ObjectRecord } from "./object-record.ts";
import type { SupabaseContext } from "./supabase-context.ts";
import { saysNoFlatListing } from "./supabase-errors.ts";

/** The service cuts larger pages to this without a word. */
export const LIST_PAGE_SIZE = 1000;

/**
 * One page by one request of the flat listing, which is complete and in byte order. Sorting by time, grouping by the
 * service and the first version of the listing all lose keys.
 */
export async function listPage(
  context: SupabaseContext,
  { prefix = "", delimiter, startAfter, cursor, limit, signal }: ListPageOptions & { readonly limit: number },
): Promise<ListPage> {
  const { transport, paths, presence } = context;
  const from: ListPosition = cursor === undefined ? { after: startAfter ?? "" } : decodePosition(cursor);
  const { json } = await transport
    .json({
      method: "POST",
      path: paths.list,
      payload: {
        prefix,
        // Of keys that are grouped, many become one entry; of those behind a lost position, many come once more.
        limit: delimiter === undefined && !mayBeLost(from.after) ? limit : LIST_PAGE_SIZE,
        cursor: serviceCursor(from.after),
      },
      signal,
    })
    .catch((error: unknown) => {
      throw saysNoFlatListing(error) ? tooOld(error) : error;
    });
  const { records, hasNext } = flatPage(json, from.after);
  if (records.length > 0) presence.seen();
  // A missing bucket lists as empty.
  else await presence.demand(signal);
  const { entries, next } = groupEntries(records, { prefix, delimiter, limit, group: from.group, hasNext });
  return next === undefined ? { entries } : { entries, cursor: encodePosition(next) };
}

/**
 * Servers from before this listing knew how to sort may read a position up to its first colon only, as their S3 endpoint does
 * (`decodeContinuationToken` in supabase/storage, src/storage/protocols/s3/s3-handler.ts): then they tell keys once more.
 */
function mayBeLost(after: string): boolean {
  return after.includes(":");
}

/**
 * @throws Unavailable for an answer that is no page, or that does not go forward from `after`; Unsupported when the service has
 *   lost the position, and more keys lie between the one that it took and ours than a page holds
 */
function flatPage(
  json: unknown,
  after: string,
): { readonly records: readonly ObjectRecord[]; readonly hasNext: boolean } {
  if (!isRecord(json) || !Array.isArray(json["objects"])) throw badListing("is no page of a listing");
  const hasNext = json["hasNext"] === true;
  const records: ObjectRecord[] = [];
  let last = after;
  let lost = false;
  for (const row of json["objects"] as readonly unknown[]) {
    const record = recordOfRow(row);
    if (record === undefined) throw badListing("holds an object without a name");
    if (records.length === 0 && mayBeLost(after) && !sortsAfter(record.name, after)) {
      lost = true;
      continue;
    }
    if (!sortsAfter(record.name, last)) throw badListing("does not go on where the page before ended");
    last = record.name;
    records.push(record);
  }
  if (hasNext && records.length === 0 && lost) throw lostPosition();
  if (hasNext && records.length === 0) throw badListing("is empty, but says that there is more");
  return { records, hasNext };
}

function tooOld(cause: unknown): StorageError {
  return new StorageError("Unsupported", "the service has no flat listing (/object/list-v2), it is too old for this", {
    hint: 'Update the Storage service, or read the bucket by its S3 endpoint: adapter "s3", endpoint "<url>/storage/v1/s3".',
    cause,
  });
}

function lostPosition(): StorageError {
  return new StorageError(
    "Unsupported",
    "the service cannot go on behind so many keys with the same text before a colon",
    {
      hint: "Update the Storage service; its S3 endpoint has the same defect.",
    },
  );
}

function badListing(what: string): StorageError {
  return new StorageError("Unavailable", `the service's listing ${what}`);
}

/** By UTF-8 bytes. UTF-16 units sort alike but for characters beyond U+FFFF, so the bytes are looked at last. */
function sortsAfter(key: string, other: string): boolean {
  return key > other || Buffer.compare(Buffer.from(key), Buffer.from(other)) > 0;
}
