import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import type { Check, Probe } from "./check.ts";

export interface Service {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface ProbeRun {
  /** Runs one check; throws what it throws. */
  run(check: Check): Promise<void>;
  /** Deletes all buckets of the run. */
  end(): Promise<void>;
}

/** The SDK warns of what some checks do on purpose. */
const QUIET = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

export async function startProbe(service: Service): Promise<ProbeRun> {
  const clients: S3Client[] = [];
  const buckets: string[] = [];
  const name = `probe-${process.pid}-${Date.now().toString(36)}`;

  const client = (config: Partial<S3ClientConfig> = {}): S3Client => {
    const { endpoint, region, credentials } = service;
    const made = new S3Client({
      endpoint,
      region,
      credentials,
      forcePathStyle: true,
      maxAttempts: 1,
      logger: QUIET,
      ...config,
    });
    clients.push(made);
    return made;
  };
  const s3 = client({ requestChecksumCalculation: "WHEN_REQUIRED", responseChecksumValidation: "WHEN_REQUIRED" });

  const newBucket = async (): Promise<string> => {
    const Bucket = `${name}-${buckets.length}`;
    await s3.send(new CreateBucketCommand({ Bucket }));
    buckets.push(Bucket);
    return Bucket;
  };
  const bucket = await newBucket();
  const secondBucket = await newBucket();
  let checks = 0;

  return {
    async run(check) {
      checks += 1;
      const prefix = `${checks}/`;
      const probe: Probe = {
        ...service,
        bucket,
        secondBucket,
        s3,
        client,
        key: (key) => prefix + key,
        freshBucket: newBucket,
      };
      await check.run(probe);
    },
    async end() {
      for (const Bucket of buckets) await removeBucket(s3, Bucket);
      for (const each of clients) each.destroy();
    },
  };
}

async function removeBucket(s3: S3Client, Bucket: string): Promise<void> {
  for (;;) {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, EncodingType: "url" }));
    if (Contents.length === 0) break;
    const keys = Contents.map(({ Key = "" }) => decodeURIComponent(Key.replaceAll("+", " ")));
    // One by one: a key that XML cannot hold makes some services refuse a whole batch.
    await inGroups(keys, (Key) => s3.send(new DeleteObjectCommand({ Bucket, Key })));
  }
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
  for (const { Key, UploadId } of Uploads) await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  try {
    await s3.send(new DeleteBucketCommand({ Bucket }));
  } catch {
    // What is left are old versions, in a service that has them.
    const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    await inGroups([...Versions, ...DeleteMarkers], ({ Key, VersionId }) =>
      s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId })),
    );
    await s3.send(new DeleteBucketCommand({ Bucket }));
  }
}

async function inGroups<Item>(items: readonly Item[], run: (item: Item) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < items.length; start += 32) await Promise.all(items.slice(start, start + 32).map(run));
}
