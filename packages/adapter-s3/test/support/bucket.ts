import { randomUUID } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { Engine } from "./engine.ts";

/** Buckets of one run, made and removed by the AWS SDK, so that what is tested does not test itself. */
export interface Buckets {
  readonly client: S3Client;
  create(options?: { readonly versioned?: boolean; readonly readable?: boolean }): Promise<string>;
  /** Removes all that were made, with everything in them. */
  readonly destroy: () => Promise<void>;
}

export function testBuckets({ endpoint, region, accessKeyId, secretAccessKey }: Engine): Buckets {
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  const made = new Set<string>();

  /** Everything in the bucket, a page at a time; without their ids where the service keeps no versions. */
  async function entriesOf(
    bucket: string,
  ): Promise<readonly { Key?: string | undefined; VersionId?: string | undefined }[]> {
    try {
      const { Versions = [], DeleteMarkers = [] } = await client.send(
        new ListObjectVersionsCommand({ Bucket: bucket }),
      );
      return [...Versions, ...DeleteMarkers];
    } catch (error) {
      if ((error as Error).name !== "NotImplemented") throw error;
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
      return Contents.map(({ Key }) => ({ Key }));
    }
  }

  async function empty(bucket: string): Promise<void> {
    for (let entries = await entriesOf(bucket); entries.length > 0; entries = await entriesOf(bucket)) {
      // One by one: a key that XML cannot hold would make a request for many of them fail.
      for (const { Key, VersionId } of entries) {
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId }));
      }
    }
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    for (const { Key, UploadId } of Uploads) {
      await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
    }
  }

  return {
    client,
    async create({ versioned = false, readable = false } = {}) {
      const bucket = `bucketferry-test-${randomUUID()}`;
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      made.add(bucket);
      if (versioned) {
        await client.send(
          new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: "Enabled" } }),
        );
      }
      if (readable) await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: readPolicy(bucket) }));
      return bucket;
    },
    async destroy() {
      for (const bucket of made) {
        await client.send(new DeleteBucketPolicyCommand({ Bucket: bucket })).catch(() => undefined);
        await empty(bucket);
        await client.send(new DeleteBucketCommand({ Bucket: bucket }));
      }
      made.clear();
      client.destroy();
    },
  };
}

/** Everybody may look and read; nobody but the owner may write. */
function readPolicy(bucket: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { AWS: ["*"] },
        Action: ["s3:GetObject", "s3:ListBucket"],
        Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
      },
    ],
  });
}
