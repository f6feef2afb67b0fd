import type { StorageError } from "@bucketferry/storage-core";

/** Statuses with which a service says that it has too much to do: 544 is Supabase's for a database that does not answer in time. */
const OVERLOADED: ReadonlySet<number> = new Set([429, 503, 504, 544]);

/** Whether a failure says that fewer requests at once would do better. A connection that broke says nothing of the kind. */
export function isOverload({ code, status }: Pick<StorageError, "code" | "status">): boolean {
  return code === "RateLimited" || code === "Timeout" || (status !== undefined && OVERLOADED.has(status));
}
