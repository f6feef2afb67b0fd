import type { ObjectEntry, StorageProvider } from "@bucketferry/storage-core";
import { sortOnDisk } from "./sort-on-disk.ts";

/** All objects of a provider in key order. A service that lists in an order of its own is sorted on disk first. */
export function listSorted(provider: StorageProvider, signal: AbortSignal): AsyncIterable<ObjectEntry> {
  const entries = objectsOf(provider, signal);
  return provider.capabilities.list.ordered ? entries : sortOnDisk(entries, signal);
}

async function* objectsOf(provider: StorageProvider, signal: AbortSignal): AsyncGenerator<ObjectEntry> {
  for await (const entry of provider.list({ signal })) {
    if (entry.type === "object") yield entry;
  }
}
