import type { ObjectInfo, PutResult } from "../contract/provider.ts";
import type { StoredVersion } from "./memory-bucket.ts";

export function infoOf(object: StoredVersion, versions: boolean): ObjectInfo {
  const { key, bytes, etag, lastModified, version, metadata, checksums, headers } = object;
  const info = { ...headers, key, size: bytes.byteLength, etag, lastModified, metadata, checksums };
  return versions ? { ...info, version } : info;
}

export function putResult({ key, bytes, etag, version, checksums }: StoredVersion, versions: boolean): PutResult {
  const result = { key, size: bytes.byteLength, etag, checksums };
  return versions ? { ...result, version } : result;
}
