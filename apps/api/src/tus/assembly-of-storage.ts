import type { StorageProvider } from "@bucketferry/storage-core";
import type { Assembly } from "./assembly.ts";
import { multipartAssembly } from "./multipart-assembly.ts";
import { segmentAssembly } from "./segment-assembly.ts";

/** In parts where storage has them; else in objects that are joined at the end. */
export function assemblyOf(storage: StorageProvider): Assembly {
  return storage.capabilities.multipart === false ? segmentAssembly(storage) : multipartAssembly(storage);
}
