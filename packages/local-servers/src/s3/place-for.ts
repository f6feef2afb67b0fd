import type { ServerContext } from "./call.ts";
import { S3Error } from "./s3-error.ts";
import type { S3Bucket } from "./shape.ts";

/**
 * The bucket, if an object of this key may come into being in it now. To be asked in the same tick as the write: while a
 * body came in, the bucket may have been deleted, and must not come back by it.
 */
export function placeFor(server: ServerContext, bucket: S3Bucket, key: string): S3Bucket {
  if (server.store.bucket(bucket.name) !== bucket) throw new S3Error("NoSuchBucket");
  if (!server.profile.objectBesideFolder && parentsOf(key).some((parent) => bucket.object(parent) !== undefined)) {
    throw new S3Error("XMinioParentIsObject");
  }
  return bucket;
}

/** `a` and `a/b` of `a/b/c`. */
function parentsOf(key: string): readonly string[] {
  const segments = key.split("/");
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join("/"));
}
