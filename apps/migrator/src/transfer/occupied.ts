import { isStorageError } from "@bucketferry/storage-core";
import { at, SideFailure } from "./side-failure.ts";
import type { FoundObject, TransferContext } from "./transfer.ts";

/**
 * Whether something is at the target that the plan did not know of. It is asked before anything is sent, to save the sending,
 * and where the target has no condition for the write also right before that: the moment in between is the one in which
 * another writer could be overwritten, and `settle` sees it where that writer serves the source as well.
 */
export async function isOccupied({ object, mode }: FoundObject, { route, signal }: TransferContext): Promise<boolean> {
  if (mode.mode !== "create" && mode.mode !== "replace") return false;
  try {
    const { etag } = await at("target", route.target.head(object.targetKey, { signal }));
    return mode.mode === "create" || etag !== object.targetEtag;
  } catch (error) {
    if (error instanceof SideFailure && isStorageError(error.failure, "NotFound")) return false;
    throw error;
  }
}
