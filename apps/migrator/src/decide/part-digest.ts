import type { Capabilities } from "@bucketferry/storage-core";

/** What one part of a large object is known by: it is sent along, and recorded for the next attempt. */
export type PartDigest = "sha256" | "md5";

/**
 * MD5, unless the target verifies only SHA-256. S3 services compute the MD5 of every part anyhow, since it is the part's ETag, while
 * a SHA-256 would be computed, on both sides, for nothing but this comparison.
 */
export function partDigestFor({ checksums: { onPut } }: Pick<Capabilities, "checksums">): PartDigest {
  return onPut.includes("sha256") && !onPut.includes("md5") ? "sha256" : "md5";
}
