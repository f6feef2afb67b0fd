import type { EnsureBucketOptions, EnsureBucketReport } from "@bucketferry/storage-core";
import { StorageError } from "@bucketferry/storage-core/provider";
import { isRecord } from "./object-record.ts";
import type { SupabaseContext } from "./supabase-context.ts";
import { saysNoSuchBucket, storageErrorOf } from "./supabase-errors.ts";
import type { Answer } from "./transport.ts";

export interface BucketRecord {
  readonly isPublic: boolean;
  /** In bytes; undefined: only the project's own limit. */
  readonly fileSizeLimit: number | undefined;
  /** Undefined: all. */
  readonly allowedMimeTypes: readonly string[] | undefined;
  /** Whether an overwrite or a deletion leaves what was there as an earlier version; only newer servers can. */
  readonly keepsVersions: boolean;
}

/** @throws BucketNotFound, also when policies hide the bucket */
export async function readBucket(
  { transport, paths }: SupabaseContext,
  signal: AbortSignal | undefined,
): Promise<{ readonly bucket: BucketRecord; readonly headers: Answer["headers"] }> {
  const { json, headers } = await transport.json({ method: "GET", path: paths.bucketInfo, signal });
  if (!isRecord(json) || typeof json["public"] !== "boolean") {
    throw new StorageError("Unavailable", "the service's answer does not describe a bucket");
  }
  const limit = json["file_size_limit"];
  const types = json["allowed_mime_types"];
  return {
    bucket: {
      isPublic: json["public"],
      fileSizeLimit: typeof limit === "number" ? limit : undefined,
      allowedMimeTypes: Array.isArray(types) ? types.filter((type) => typeof type === "string") : undefined,
      // `SUSPENDED` keeps those that there are: https://github.com/supabase/supabase-js/pull/2644
      keepsVersions: json["versioning_status"] === "ENABLED" || json["versioning_status"] === "SUSPENDED",
    },
    headers,
  };
}

/** Private, with the project's limits. */
export async function ensureBucket(
  context: SupabaseContext,
  { dryRun = false, signal }: EnsureBucketOptions,
): Promise<EnsureBucketReport> {
  const { transport, paths, endpoint, presence } = context;
  const { bucket } = endpoint;
  try {
    await readBucket(context, signal);
    return { existed: true, steps: [] };
  } catch (error) {
    if (!saysNoSuchBucket(error)) throw error;
  }
  const step = `create the private bucket "${bucket}"`;
  if (dryRun) return { existed: false, steps: [step] };
  try {
    await transport.json({
      method: "POST",
      path: paths.buckets,
      payload: { id: bucket, name: bucket, public: false },
      signal,
    });
  } catch (error) {
    // Somebody else was faster, or policies hid it before.
    if (storageErrorOf(error)?.code === "AlreadyExists") return { existed: true, steps: [] };
    throw error;
  }
  presence.written();
  return { existed: false, steps: [step] };
}
