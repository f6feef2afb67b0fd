import type { Capabilities } from "@bucketferry/storage-core";
import type { S3Client } from "./s3-client.ts";
import type { S3Config } from "./s3-config.ts";

/** What every operation works with. */
export interface S3Context {
  readonly config: S3Config;
  readonly client: S3Client;
  readonly capabilities: Capabilities;
  /** Until when the bucket counts as shown to exist, on the clock of `performance.now()`. */
  readonly bucketProof: { untilMs: number };
  /** Another bucket of the same service under the same credentials: where the source of a copy can be. */
  neighbour(bucket: string): S3Context;
}
