import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";

/** One thing that S3 does, in AWS's way. `run` throws when a service does it otherwise. */
export interface Check {
  readonly group: string;
  readonly title: string;
  run(t: Probe): Promise<void>;
}

/** A service under test, with two buckets of its own in it. */
export interface Probe {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly bucket: string;
  readonly secondBucket: string;
  /** A client that sends checksums only where it must, as most S3-compatible services want it. */
  readonly s3: S3Client;
  /** A client of the SDK's defaults, with what is different. It ends with the run. */
  client(config?: Partial<S3ClientConfig>): S3Client;
  /** A key of the check's own. */
  key(name: string): string;
  /** A new, empty bucket that is emptied and deleted at the end. */
  freshBucket(): Promise<string>;
}

export function check(group: string, title: string, run: Check["run"]): Check {
  return { group, title, run };
}
