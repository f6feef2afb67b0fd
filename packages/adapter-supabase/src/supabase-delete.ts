import type { DeleteOptions, DeleteOutcome, OperationOptions } from "@bucketferry/storage-core";
import { StorageError } from "@bucketferry/storage-core/provider";
import { isRecord } from "./object-record.ts";
import type { SupabaseContext } from "./supabase-context.ts";
import { readRecord } from "./supabase-read.ts";
import { removalLimitIn, saysNoSuchKey, storageErrorOf } from "./supabase-errors.ts";

/**
 * Hosted projects refuse more keys in one request. A thousand of the longest keys stay below the 1 MiB that the service
 * takes as JSON.
 */
export const DELETE_BATCH = 1000;

/** By the route for one object: unlike the one for many, it says when a policy forbids the deletion. */
export async function deleteObject(context: SupabaseContext, key: string, { signal }: DeleteOptions): Promise<void> {
  const { transport, paths, presence, endpoint } = context;
  try {
    await transport.done({ method: "DELETE", path: paths.object(key), signal });
    presence.written();
  } catch (error) {
    if (!saysNoSuchKey(error)) throw error;
    await presence.demand(signal);
    if (endpoint.role === "limited" && (await isStillThere(context, key, signal))) throw forbidden(error);
  }
}

/** Older servers say "no such object" of one that a policy does not let this key delete. */
async function isStillThere(context: SupabaseContext, key: string, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await readRecord(context, key, signal);
    return true;
  } catch (error) {
    if (saysNoSuchKey(error)) return false;
    throw error;
  }
}

function forbidden(cause: unknown): StorageError {
  return new StorageError("PermissionDenied", "the policies of the project do not let this key delete the object", {
    hint: "Use the service role key, or add a DELETE policy on storage.objects.",
    cause,
  });
}

/** Hosted projects may have a limit of their own; its refusal names it, and nothing was removed by then. */
export async function deleteBatch(
  context: SupabaseContext,
  keys: readonly string[],
  options: OperationOptions,
): Promise<readonly DeleteOutcome[]> {
  try {
    return await removeAtOnce(context, keys, options);
  } catch (error) {
    const limit = removalLimitIn(error);
    if (limit === undefined || limit >= keys.length) throw error;
    const outcomes: DeleteOutcome[] = [];
    for (let at = 0; at < keys.length; at += limit) {
      outcomes.push(...(await removeAtOnce(context, keys.slice(at, at + limit), options)));
    }
    return outcomes;
  }
}

/** The answer names the rows that are gone; a key that was missing, hidden or forbidden is simply absent. */
async function removeAtOnce(
  context: SupabaseContext,
  keys: readonly string[],
  { signal }: OperationOptions,
): Promise<readonly DeleteOutcome[]> {
  const { transport, paths, presence, endpoint } = context;
  const { json } = await transport.json({ method: "DELETE", path: paths.remove, payload: { prefixes: keys }, signal });
  if (!Array.isArray(json)) throw new StorageError("Unavailable", "the service did not say what it deleted");
  const removed = new Set(json.map((row: unknown) => (isRecord(row) ? row["name"] : undefined)));
  if (removed.size > 0) presence.written();
  if (endpoint.role === "limited") return decideOneByOne(context, keys, removed, signal);
  // Who may do everything and did not delete a key did not find it; or there is no bucket to find it in.
  if (removed.size === 0) await presence.demand(signal);
  return keys.map((key) => ({ key }));
}

/** How many of the doubtful keys are asked for at once. */
const DOUBTS_AT_ONCE = 8;

async function decideOneByOne(
  context: SupabaseContext,
  keys: readonly string[],
  removed: ReadonlySet<unknown>,
  signal: AbortSignal | undefined,
): Promise<readonly DeleteOutcome[]> {
  const outcomes: DeleteOutcome[] = [];
  const queue = keys.values();
  const work = async (): Promise<void> => {
    for (const key of queue) outcomes.push(removed.has(key) ? { key } : await outcomeOf(context, key, signal));
  };
  await Promise.all(Array.from({ length: DOUBTS_AT_ONCE }, work));
  return outcomes;
}

async function outcomeOf(
  context: SupabaseContext,
  key: string,
  signal: AbortSignal | undefined,
): Promise<DeleteOutcome> {
  try {
    await deleteObject(context, key, { signal });
    return { key };
  } catch (error) {
    signal?.throwIfAborted();
    const failure = storageErrorOf(error);
    if (failure === undefined) throw error;
    return { key, error: failure };
  }
}
