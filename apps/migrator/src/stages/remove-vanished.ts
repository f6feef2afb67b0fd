import type { Route } from "@bucketferry/config";
import { changeOf, type Ledger, type ObjectRecord } from "@bucketferry/ledger";
import { isStorageError } from "@bucketferry/storage-core";
import { actionFor } from "../decide/failure.ts";
import { isUnverifiedCopy, VANISHED } from "../decide/plan-change.ts";
import { LocatedFailure } from "../located-failure.ts";
import { pool } from "../transfer/pool.ts";
import { at, SideFailure } from "../transfer/side-failure.ts";
import type { StageContext } from "./stage-context.ts";

/**
 * Removes our copies of objects that were deleted at the source before their copies were verified (S3): a deleted object must
 * not live on because it was copied in its last minute. A copy that was verified before stays (L11).
 *
 * A listing is not believed: the source is asked for each object, and has to say that it is not there. Only the copy that is
 * on record is removed; something else under its key is somebody else's. Returns how many were removed.
 */
export async function removeVanished(
  { routes, ledger, drain, abort }: StageContext,
  concurrency: number,
): Promise<number> {
  let removed = 0;
  const writer = ledger.writer();
  for (const route of routes) {
    const vanished = ledger.objects.walk({ route: route.name, states: ["vanished"], signal: abort });
    await pool(
      vanished,
      async (object) => {
        if (!isUnverifiedCopy(object)) return;
        const outcome = await removeCopy(route, object, abort);
        if (outcome === "kept") return;
        if (outcome === "removed") removed++;
        const reason = outcome === "removed" ? VANISHED.copyRemoved : VANISHED.notListed;
        await writer.add(changeOf(object, { state: "vanished", reason, targetEtag: null, targetSize: null }));
      },
      { concurrency: () => concurrency, drain: AbortSignal.any([drain, abort]) },
    );
  }
  await writer.end();
  return removed;
}

/** How many copies a plan has found to be removed. */
export async function unverifiedCopies(ledger: Ledger): Promise<number> {
  const counts = await ledger.objects.countByReason(["vanished"]);
  return counts
    .filter(({ reason }) => reason === VANISHED.deletedUnverified)
    .reduce((sum, { objects }) => sum + objects, 0);
}

/** `kept`: the source has it again, or could not be asked; what follows finds out. `not-ours`: there is nothing to remove. */
async function removeCopy(
  route: Route,
  { key, targetKey, targetEtag }: ObjectRecord,
  signal: AbortSignal,
): Promise<"removed" | "kept" | "not-ours"> {
  try {
    if (!(await isGone(at("source", route.source.head(key, { signal }))))) return "kept";
    const { target } = route;
    const ifMatch = targetEtag ?? "";
    if (target.capabilities.conditionalDelete) {
      await at("target", target.delete(targetKey, { ifMatch, signal }));
      return "removed";
    }
    const { etag } = await at("target", target.head(targetKey, { signal }));
    if (etag !== targetEtag) return "not-ours";
    await at("target", target.delete(targetKey, { signal }));
    return "removed";
  } catch (error) {
    if (!(error instanceof SideFailure)) throw error;
    const { side, failure } = error;
    if (side === "target" && isStorageError(failure, "NotFound", "PreconditionFailed")) return "not-ours";
    const action = actionFor(side, failure);
    if (action === "stop" || action === "pause") throw new LocatedFailure(route, side, failure);
    return "kept";
  }
}

async function isGone(head: Promise<unknown>): Promise<boolean> {
  try {
    await head;
    return false;
  } catch (error) {
    if (error instanceof SideFailure && isStorageError(error.failure, "NotFound")) return true;
    throw error;
  }
}
