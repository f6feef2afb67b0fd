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

/** The deleted object must not live on in our copy (S3); only a copy that nothing stood in the place of is removed. */
async function removeOurs(
  { object, mode }: FoundObject,
  put: PutResult,
  { route: { target }, signal }: TransferContext,
): Promise<void> {
  if (mode.mode !== "create") return;
  const condition = target.capabilities.conditionalDelete ? { ifMatch: put.etag } : {};
  await at("target", target.delete(object.targetKey, { ...condition, signal })).catch((error: unknown) => {
    // Somebody has put another object there since: it is theirs.
    if (error instanceof SideFailure && isStorageError(error.failure, "PreconditionFailed")) return;
    throw error;
  });
}
