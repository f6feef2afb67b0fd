import type { CopyConfig } from "@bucketferry/config";

/** What happens to headers and metadata on the way. */
export type CarryPolicy = Pick<CopyConfig, "metadata" | "contentType">;
