import {
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { Probe } from "./check.ts";

const PART_BYTES = 5 * 1024 * 1024;

/**
 * Stores a stream of unknown length in parts; a short one in one part. The SDK gives every part a CRC32, which Amazon S3 takes only
 * of an upload that names it (https://github.com/apache/opendal/pull/4533).
 */
export async function uploadStream(
  t: Probe,
  s3: S3Client,
  Key: string,
  source: AsyncIterable<Uint8Array>,
  options: Partial<CreateMultipartUploadCommandInput> = {},
) {
  const target = { Bucket: t.bucket, Key };
  const { ChecksumAlgorithm = "CRC32" } = options;
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...target, ...options, ChecksumAlgorithm }));
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const Parts: CompletedPart[] = [];
  for (let start = 0, PartNumber = 1; start < body.length || PartNumber === 1; start += PART_BYTES, PartNumber += 1) {
    const Body = body.subarray(start, start + PART_BYTES);
    const part = await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body, ChecksumAlgorithm }));
    const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 } = part;
    Parts.push({ PartNumber, ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 });
  }
  return s3.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }));
}
