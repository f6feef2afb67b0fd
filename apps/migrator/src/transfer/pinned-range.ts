import {
  StorageError,
  type GetOptions,
  type GetResult,
  type ObjectInfo,
  type StorageProvider,
} from "@bucketferry/storage-core";
import type { Side } from "../decide/failure.ts";
import { at, SideFailure } from "./side-failure.ts";

/** The version of an object that all parts of one reading must be of. */
export type PinnedVersion = Pick<ObjectInfo, "key" | "etag" | "size">;

/**
 * Opens one stretch of an object, of exactly the version that was opened first (S2). The service is asked to serve no other
 * where it knows that condition, and whatever was asked, the answer is held against it: ETag, size of the whole, and which
 * bytes it says it carries. That as many arrive is the provider's to count (S10). Most often it is the source that is read.
 * @throws SideFailure PreconditionFailed when there is another version now
 */
export async function openPinned(
  provider: StorageProvider,
  pinned: PinnedVersion,
  options: GetOptions & { readonly range: GetResult["range"] },
  side: Side = "source",
): Promise<GetResult> {
  const { key, etag } = pinned;
  // A weak ETag never matches: RFC 9110 §13.1.1 compares strongly.
  const canPin = provider.capabilities.conditionalGet.ifMatch && !etag.startsWith("W/");
  const opened = await at(side, provider.get(key, { ...options, ...(canPin ? { ifMatch: etag } : {}) }));
  const problem = problemOf(opened, pinned, options.range, side);
  if (problem === undefined) return opened;
  await opened.cancel();
  throw new SideFailure(side, problem);
}

function problemOf(
  opened: GetResult,
  { key, etag, size }: PinnedVersion,
  range: GetResult["range"],
  side: Side,
): StorageError | undefined {
  if (opened.info.etag !== etag || opened.info.size !== size) {
    return new StorageError(
      "PreconditionFailed",
      `The ${side} has another version than the one whose parts are being read.`,
      {
        key,
      },
    );
  }
  if (opened.range.offset !== range.offset || opened.range.length !== range.length) {
    return new StorageError(
      "IncompleteBody",
      `The ${side} was asked for ${range.length} bytes from ${range.offset}, and sent ${opened.range.length} from ${opened.range.offset}.`,
      { key },
    );
  }
  return undefined;
}
