import type { BigIntStats } from "node:fs";

/**
 * Names one version of one file: renaming keeps it, writing another file in its place changes it.
 * It is the file's ETag, and the name of the sidecar that belongs to exactly this version.
 */
export function fileIdentity({ ino, mtimeNs, size }: BigIntStats): string {
  return `${ino.toString(36)}-${mtimeNs.toString(36)}-${size.toString(36)}`;
}
