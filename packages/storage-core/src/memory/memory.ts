import type { Capabilities } from "../contract/capabilities.ts";
import type { StorageProvider } from "../contract/provider.ts";
import { providerFrom } from "../kit/provider-from.ts";
import { memoryCapabilities } from "./memory-capabilities.ts";
import { memoryDriver } from "./memory-driver.ts";
import { MemoryStore, type MemoryCall } from "./memory-store.ts";

const MIB = 1024 ** 2;

export interface MemoryOptions {
  readonly bucket?: string;
  /** The service behind it; providers that share one see the same objects. Left out: a store of its own. */
  readonly store?: MemoryStore;
  /** Whether the bucket is there from the start. `false`: only `ensureBucket` makes it. */
  readonly bucketExists?: boolean;
  /** Whether strangers may fetch a `publicUrl` (through `memoryFetch`). */
  readonly publicRead?: boolean;
  /** Whether old versions are kept. Without them memory holds only what `list` shows. */
  readonly versions?: boolean;
  /** Smallest part of a multipart upload but the last, in bytes. */
  readonly minPartBytes?: number;
  /** Abilities to take away, for tests of code that has to do without. */
  readonly capabilities?: Partial<Capabilities>;
  /** Called before every request that a service would see. It may wait, or throw what the service should answer with. */
  readonly onCall?: (call: MemoryCall) => void | Promise<void>;
}

/**
 * A provider in memory: the reference implementation of the contract, for tests and for trying things out.
 *
 * ```ts
 * const provider = memory();
 * await provider.put("a.txt", "hello");
 * ```
 */
export function memory({
  bucket = "memory",
  store = new MemoryStore(),
  bucketExists = true,
  publicRead,
  versions = true,
  minPartBytes = 5 * MIB,
  capabilities,
  onCall,
}: MemoryOptions = {}): StorageProvider {
  if (bucketExists) store.makeBucket(bucket);
  const made = store.buckets.get(bucket);
  if (made !== undefined && publicRead !== undefined) made.publicRead = publicRead;
  return providerFrom(
    memoryDriver({
      bucket,
      store,
      onCall,
      capabilities: { ...memoryCapabilities({ minPartBytes, versions }), ...capabilities },
    }),
  );
}
