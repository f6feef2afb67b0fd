import { isStorageError, type ObjectInfo, type StorageProvider } from "@bucketferry/storage-core";
import type { Digests } from "../decide/compare-copies.ts";
import { WHOLE_BODY_BYTES } from "../decide/copy-way.ts";
import type { Side } from "../decide/failure.ts";
import { digestBytes, runningDigests } from "./digests.ts";
import type { PartBuffers } from "./part-buffers.ts";
import { readInParts } from "./read-in-parts.ts";
import { at, SideFailure } from "./side-failure.ts";

export interface ReadDigestsOptions {
  readonly signal: AbortSignal;
  /** Whether the MD5 is wanted beside the SHA-256. */
  readonly md5?: boolean;
  /** The SHA-256 that the bytes should have, in hex; null: nothing is on record. */
  readonly expected?: string | null | undefined;
  /** Memory to read a large object in several ranges at once. Left out: it is one stream. */
  readonly inParts?: { readonly buffers: PartBuffers; readonly listedSize: number | undefined } | undefined;
  /** Bytes as they arrive; what it waits for slows the reading down. */
  readonly onBytes?: (bytes: number) => void | Promise<void>;
}

export interface ReadObject {
  readonly info: ObjectInfo;
  readonly digests: Digests;
}

/** Bodies up to this size are taken as a whole, which costs less than their pieces. */
const WHOLE_BYTES = 256 * 1024;

/** A body that is another one at each reading is not read for ever. */
const MOST_READINGS = 4;

/**
 * Reads an object to its end and keeps nothing of it but its hash. A body that is not the expected one is read again, until
 * it is, or until two readings agree: what the way alters now and then (S8) is no damage, and is not to be copied again.
 * @throws SideFailure
 */
export async function readDigests(
  side: Side,
  provider: StorageProvider,
  key: string,
  { expected, ...options }: ReadDigestsOptions,
): Promise<ReadObject> {
  const readings = new Set<string>();
  for (;;) {
    const read = await readOnce(side, provider, key, options);
    const { sha256 } = read.digests;
    if (expected === undefined || expected === null || sha256 === expected || readings.has(sha256)) return read;
    readings.add(sha256);
    if (readings.size === MOST_READINGS) return read;
  }
}

async function readOnce(
  side: Side,
  provider: StorageProvider,
  key: string,
  options: Omit<ReadDigestsOptions, "expected">,
): Promise<ReadObject> {
  const { inParts } = options;
  if (inParts !== undefined && (inParts.listedSize ?? 0) > WHOLE_BODY_BYTES && provider.capabilities.range.bounded) {
    const read = await readLarge(side, provider, key, { ...options, buffers: inParts.buffers });
    if (read !== undefined) return read;
  }
  return readStream(side, provider, key, options);
}

/** Undefined: it is not that large after all, or was replaced in the midst of it. One stream is one version, whatever happens. */
async function readLarge(
  side: Side,
  provider: StorageProvider,
  key: string,
  { signal, md5 = false, buffers, onBytes }: ReadDigestsOptions & { readonly buffers: PartBuffers },
): Promise<ReadObject | undefined> {
  const info = await at(side, provider.head(key, { signal }));
  if (info.size <= WHOLE_BODY_BYTES) return undefined;
  try {
    return { info, digests: await readInParts(side, provider, info, { signal, md5, buffers, onBytes }) };
  } catch (error) {
    if (error instanceof SideFailure && isStorageError(error.failure, "PreconditionFailed")) return undefined;
    throw error;
  }
}

async function readStream(
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
