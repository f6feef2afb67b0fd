import {
  StorageError,
  type GetOptions,
  type GetResult,
  type ObjectInfo,
  type StorageProvider,
} from "@bucketferry/storage-core";
import { at, SideFailure } from "./side-failure.ts";

/** The version of a source that all parts of one transfer must be of. */
export type PinnedVersion = Pick<ObjectInfo, "key" | "etag" | "size">;

/**
 * Opens one stretch of an object, of exactly the version that was opened first (S2). The source is asked to serve no other
 * where it knows that condition, and whatever was asked, the answer is held against it: ETag, size of the whole, and which
 * bytes it says it carries. That as many arrive is the provider's to count (S10).
 * @throws SideFailure PreconditionFailed when the source has another version now
 */
export async function openPinned(
  source: StorageProvider,
  pinned: PinnedVersion,
  options: GetOptions & { readonly range: GetResult["range"] },
): Promise<GetResult> {
  const { key, etag } = pinned;
  // A weak ETag never matches: RFC 9110 §13.1.1 compares strongly.
  const canPin = source.capabilities.conditionalGet.ifMatch && !etag.startsWith("W/");
  const opened = await at("source", source.get(key, { ...options, ...(canPin ? { ifMatch: etag } : {}) }));
  const problem = problemOf(opened, pinned, options.range);
  if (problem === undefined) return opened;
  await opened.cancel();
  throw new SideFailure("source", problem);
}

function problemOf(
  opened: GetResult,
  { key, etag, size }: PinnedVersion,
  range: GetResult["range"],
): StorageError | undefined {
  if (opened.info.etag !== etag || opened.info.size !== size) {
    return new StorageError(
      "PreconditionFailed",
      "The source has another version than the one whose parts are being read.",
      {
        key,
      },
    );
  }
  if (opened.range.offset !== range.offset || opened.range.length !== range.length) {
    return new StorageError(
      "IncompleteBody",
      `The source was asked for ${range.length} bytes from ${range.offset}, and sent ${opened.range.length} from ${opened.range.offset}.`,
      { key },
    );
  }
  return undefined;
}
