import { StorageError } from "@bucketferry/storage-core/provider";
import { isRecord } from "./object-record.ts";
import { saysNoSuchBucket, saysNoSuchKey } from "./supabase-errors.ts";
import type { SupabaseEndpoint } from "./supabase-endpoint.ts";
import type { SupabasePaths } from "./supabase-paths.ts";
import type { Transport } from "./transport.ts";

/** How long a bucket that was seen is taken to be there. */
const SEEN_FOR_MS = 10_000;

/**
 * Tells a missing object from a missing bucket and from a key that may see neither.
 *
 * The service answers all three alike: reads say "no such object", listings and removals are empty. So before
 * anything is called missing, the bucket must have been seen a short while ago, or is looked at now.
 */
export interface BucketPresence {
  /** Something in the bucket was read, so it is there, and this key may see into it. */
  seen(): void;
  /** Something was written; that shows the bucket, but only a service key may also read what it wrote. */
  written(): void;
  /** @throws BucketNotFound, or PermissionDenied when this key sees neither the bucket nor anything in it */
  demand(signal: AbortSignal | undefined): Promise<void>;
  /** What a read's "no such object" amounts to: passes on `error`, or throws what `demand` finds. */
  explain(error: unknown, signal: AbortSignal | undefined): Promise<never>;
}

export function bucketPresence(
  endpoint: SupabaseEndpoint,
  paths: SupabasePaths,
  transport: Transport,
  now: () => number = () => performance.now(),
): BucketPresence {
  let seenAt = Number.NEGATIVE_INFINITY;
  const seen = (): void => {
    seenAt = now();
  };

  const demand = async (signal: AbortSignal | undefined): Promise<void> => {
    if (now() - seenAt < SEEN_FOR_MS) return;
    try {
      await transport.done({ method: "GET", path: paths.bucketInfo, signal });
    } catch (error) {
      if (!saysNoSuchBucket(error)) throw error;
      if (endpoint.role === "service") throw error;
      // Policies on buckets and on objects are apart: who may not see the bucket may well see objects.
      if (!(await seesAnObject(signal))) {
        throw new StorageError(
          "PermissionDenied",
          "this key sees neither the bucket nor any object in it, so nothing can be said to be missing",
          {
            hint: "Use the service role key, or add SELECT policies on storage.buckets and storage.objects.",
            cause: error,
          },
        );
      }
    }
    seen();
  };

  const seesAnObject = async (signal: AbortSignal | undefined): Promise<boolean> => {
    const { json } = await transport.json({ method: "POST", path: paths.list, payload: { limit: 1 }, signal });
    return isRecord(json) && Array.isArray(json["objects"]) && json["objects"].length > 0;
  };

  return {
    seen,
    written() {
      if (endpoint.role === "service") seen();
    },
    demand,
    async explain(error, signal) {
      if (saysNoSuchKey(error)) await demand(signal);
      throw error;
    },
  };
}
