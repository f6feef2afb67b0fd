import type { Persistence, StorageErrorCode } from "@bucketferry/storage-core";

/**
 * What a failed step means for its object and for the run.
 *
 * - `again`: the same object once more, later.
 * - `give-up`: the object is recorded as failed, the run goes on.
 * - `vanished`: the source says that it does not have it.
 * - `compare`: something is at the target that was not expected; look at it.
 * - `pause`: nobody's fault but the credentials'; everything waits until they work again.
 * - `stop`: nothing that follows can succeed.
 * - `interrupted`: we were asked to end.
 */
export type FailureAction = "again" | "give-up" | "vanished" | "compare" | "pause" | "stop" | "interrupted";

export type Side = "source" | "target";

const BOTH: Partial<Readonly<Record<StorageErrorCode, FailureAction>>> = {
  RateLimited: "again",
  Unavailable: "again",
  Timeout: "again",
  Conflict: "again",
  ChecksumMismatch: "again",
  IncompleteBody: "again",
  Unauthenticated: "pause",
  BucketNotFound: "stop",
  InvalidConfig: "stop",
  QuotaExceeded: "stop",
  Aborted: "interrupted",
};

const BY_SIDE: Readonly<Record<Side, Partial<Readonly<Record<StorageErrorCode, FailureAction>>>>> = {
  // A read that was pinned to one version finds another one: begin again with that.
  source: { NotFound: "vanished", PreconditionFailed: "again" },
  target: { AlreadyExists: "compare", PreconditionFailed: "compare" },
};

/** Whatever is not in the tables is permanent for its object, and says nothing about the others. */
export function actionFor(
  side: Side,
  failure: { readonly code: StorageErrorCode; readonly persistence: Persistence },
): FailureAction {
  const action = BY_SIDE[side][failure.code] ?? BOTH[failure.code];
  if (action !== undefined) return action;
  return failure.persistence === "permanent" ? "give-up" : "again";
}
