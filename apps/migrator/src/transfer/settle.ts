import { isStorageError, type PutResult } from "@bucketferry/storage-core";
import { at, SideFailure } from "./side-failure.ts";
import type { FoundObject, TransferContext } from "./transfer.ts";

/**
 * A long read is a long time for the source to change or to go, so it is asked once more when our copy is there (S1, S3).
 * The copy of an object that is gone is removed.
 */
export async function settle(
  transfer: FoundObject,
  put: PutResult,
  context: TransferContext,
): Promise<"same" | "changed" | "vanished"> {
  const { object, info } = transfer;
  const { source } = context.route;
  const now = await at("source", source.head(object.key, { signal: context.signal })).catch(whenGone);
  if (now === "gone") {
    await removeOurs(transfer, put, context);
    return "vanished";
  }
  return now.etag === info.etag && now.size === info.size ? "same" : "changed";
}

function whenGone(error: unknown): "gone" {
  if (error instanceof SideFailure && isStorageError(error.failure, "NotFound")) return "gone";
  throw error;
}

/** Takes back a put: a deleted object must not live on in our copy (S3). What somebody else has put in its place since is theirs. */
export async function removeOurs(
  { object: { targetKey } }: FoundObject,
  put: PutResult,
  { route: { target }, signal }: TransferContext,
): Promise<void> {
  try {
    if (target.capabilities.conditionalDelete) {
      await at("target", target.delete(targetKey, { ifMatch: put.etag, signal }));
    } else if ((await at("target", target.head(targetKey, { signal }))).etag === put.etag) {
      await at("target", target.delete(targetKey, { signal }));
    }
  } catch (error) {
    if (error instanceof SideFailure && isStorageError(error.failure, "PreconditionFailed", "NotFound")) return;
    throw error;
  }
}
