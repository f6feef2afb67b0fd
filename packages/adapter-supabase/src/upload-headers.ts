import type { PutOptions } from "@bucketferry/storage-core";

/** What the service stores for an upload without these headers; sent in so many words all the same. */
export const DEFAULT_CONTENT_TYPE = "application/octet-stream";
export const DEFAULT_CACHE_CONTROL = "no-cache";

/** What an upload stores beside the bytes; every field is always sent, or the service would keep or guess one. */
export interface UploadHeaders {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly metadata: PutOptions["metadata"];
}
