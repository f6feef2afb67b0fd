import type { ObjectInfo, StorageProvider } from "@bucketferry/storage-core";
import type { Digests } from "../decide/compare-copies.ts";
import type { Side } from "../decide/failure.ts";
import { digestBytes, runningDigests } from "./digests.ts";
import { at } from "./side-failure.ts";

export interface ReadDigestsOptions {
  readonly signal: AbortSignal;
  /** Whether the MD5 is wanted beside the SHA-256. */
  readonly md5?: boolean;
  /** Bytes as they arrive; what it waits for slows the reading down. */
  readonly onBytes?: (bytes: number) => void | Promise<void>;
}

export interface ReadObject {
  readonly info: ObjectInfo;
  readonly digests: Digests;
}

/** Bodies up to this size are taken as a whole, which costs less than their pieces. */
const WHOLE_BYTES = 256 * 1024;

/**
 * Reads an object to its end and keeps nothing of it but its hash.
 * @throws SideFailure
 */
export async function readDigests(
  side: Side,
  provider: StorageProvider,
  key: string,
  { signal, md5 = false, onBytes }: ReadDigestsOptions,
): Promise<ReadObject> {
  const opened = await at(side, provider.get(key, { signal }));
  if (opened.info.size <= WHOLE_BYTES) {
    const bytes = await at(side, opened.bytes());
    await onBytes?.(bytes.byteLength);
    return { info: opened.info, digests: digestBytes(bytes, md5) };
  }
  const running = runningDigests(md5);
  const drain = async (): Promise<void> => {
    for await (const chunk of opened) {
      running.update(chunk);
      const waiting = onBytes?.(chunk.byteLength);
      if (waiting !== undefined) await waiting;
    }
  };
  await at(side, drain());
  return { info: opened.info, digests: running.digests() };
}
