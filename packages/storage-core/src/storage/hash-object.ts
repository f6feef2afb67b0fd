import type { GetOptions, ObjectInfo, StorageProvider } from "../contract/provider.ts";
import { toBase64 } from "../hash/base64.ts";
import { sha256, type IncrementalHash } from "../hash/sha256.ts";

export interface HashOptions extends GetOptions {
  /** Another implementation of SHA-256; left out: one in plain JavaScript, which runs everywhere and is slow. */
  readonly hasher?: (() => IncrementalHash) | undefined;
}

export interface ObjectHash {
  readonly info: ObjectInfo;
  /** SHA-256 of the bytes that were read, in base64, as `checksums.sha256` is. */
  readonly sha256: string;
  /** How many bytes were read. */
  readonly bytes: number;
}

/** Reads an object (or a range of it) to its end and hashes what came, whatever the service says of its checksum. */
export async function hashObject(
  provider: StorageProvider,
  key: string,
  { hasher = sha256, ...options }: HashOptions = {},
): Promise<ObjectHash> {
  const opened = await provider.get(key, options);
  const hash = hasher();
  for await (const chunk of opened) hash.update(chunk);
  return { info: opened.info, sha256: toBase64(hash.digest()), bytes: opened.range.length };
}
