import type { BigIntStats } from "node:fs";
import type { ObjectInfo } from "@bucketferry/storage-core/provider";
import { fileIdentity } from "./fs-identity.ts";
import type { Sidecar } from "./fs-sidecar.ts";

const DEFAULT_CONTENT_TYPE = "application/octet-stream";

/** What the file says of an object, and what its sidecar adds. */
export function objectInfo(key: string, stats: BigIntStats, sidecar: Sidecar | undefined): ObjectInfo {
  const { sha256, metadata = {}, ...headers } = sidecar ?? {};
  return {
    key,
    size: Number(stats.size),
    etag: fileIdentity(stats),
    lastModified: stats.mtime,
    contentType: DEFAULT_CONTENT_TYPE,
    ...headers,
    metadata,
    checksums: sha256 === undefined ? undefined : { sha256, type: "full" },
  };
}
