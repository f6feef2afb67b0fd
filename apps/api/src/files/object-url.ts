import { encodeKeyPath } from "@bucketferry/storage-core/provider";
import type { Service } from "../service.ts";

/** The URL of an object that is saved in rows and given to clients. It does not expire; whoever may not see the object is refused there. */
export function objectUrl({ config, storage, publicUrl }: Service, key: string): string {
  if (config.storedUrls === "public") return storage.publicUrl(key);
  return `${publicUrl()}/files/${encodeKeyPath(key)}`;
}
