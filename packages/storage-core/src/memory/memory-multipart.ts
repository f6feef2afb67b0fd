import type { Capabilities } from "../contract/capabilities.ts";
import type { DriverMultipart } from "../contract/driver.ts";
import type { MultipartUpload, UploadedPart } from "../contract/provider.ts";
import { StorageError } from "../errors/storage-error.ts";
import { compareKeys } from "../listing/compare-keys.ts";
import { putResult } from "./answers.ts";
import { demandWriteConditions } from "./conditions.ts";
import { checksumsOf, demandChecksum, headersOf, metadataOf, ownedBytes } from "./content.ts";
import type { MemoryBucket, StoredPart, StoredUpload } from "./memory-bucket.ts";
import type { Arrive } from "./memory-store.ts";

/** Uploads in parts. They live in the bucket, so another provider of the same store can go on with them. */
export function memoryMultipart(arrive: Arrive, capabilities: Capabilities): DriverMultipart {
  const minPartBytes = capabilities.multipart === false ? 0 : capabilities.multipart.minPartBytes;
  return {
    async create(key, options) {
      const bucket = await arrive("multipart.create", key);
      const uploadId = `u${bucket.nextId()}`;
      const described = { headers: headersOf(options), metadata: metadataOf(options.metadata) };
      bucket.uploads.set(uploadId, { key, uploadId, ...described, startedAt: bucket.now(), parts: new Map() });
      return { key, uploadId };
    },

    async uploadPart(upload, partNumber, body, options) {
      const bucket = await arrive("multipart.uploadPart", upload.key);
      openUpload(bucket, upload);
      const bytes = await ownedBytes(body);
      if (options.checksum !== undefined) demandChecksum(await checksumsOf(bytes), options.checksum);
      options.signal?.throwIfAborted();
      const part = { bytes, etag: bucket.nextId() };
      // Looked up again: the upload may have been aborted while the body was read.
      openUpload(bucket, upload).parts.set(partNumber, part);
      return uploadedPart(partNumber, part);
    },

    async listParts(upload) {
      const { parts } = openUpload(await arrive("multipart.listParts", upload.key), upload);
      return [...parts]
        .map(([partNumber, part]) => uploadedPart(partNumber, part))
        .sort((one, other) => one.partNumber - other.partNumber);
    },

    async complete(upload, parts, options) {
      const bucket = await arrive("multipart.complete", upload.key);
      const { headers, metadata, parts: stored } = openUpload(bucket, upload);
      const chosen = parts.map((part) => chosenPart(part, stored));
      const tooSmall = chosen.slice(0, -1).findIndex(({ bytes }) => bytes.byteLength < minPartBytes);
      if (tooSmall >= 0) {
        const { partNumber } = parts[tooSmall] ?? { partNumber: 0 };
        throw invalid(`part ${partNumber} is smaller than ${minPartBytes} bytes. Only the last part may be`);
      }
      const bytes = joined(chosen);
      const checksums = await checksumsOf(bytes);
      options.signal?.throwIfAborted();
      openUpload(bucket, upload);
      demandWriteConditions(bucket.get(upload.key), options);
      bucket.uploads.delete(upload.uploadId);
      return putResult(
        bucket.put(upload.key, { bytes, checksums, headers, metadata }, capabilities.versions),
        capabilities.versions,
      );
    },

    async abort(upload) {
      const bucket = await arrive("multipart.abort", upload.key);
      if (bucket.uploads.get(upload.uploadId)?.key === upload.key) bucket.uploads.delete(upload.uploadId);
    },

    async *list({ prefix = "" }) {
      const bucket = await arrive("multipart.list");
      const uploads = [...bucket.uploads.values()].filter(({ key }) => key.startsWith(prefix));
      uploads.sort((one, other) => compareKeys(one.key, other.key));
      for (const { key, uploadId, startedAt } of uploads) yield { key, uploadId, startedAt };
    },
  };
}

function openUpload(bucket: MemoryBucket, { key, uploadId }: MultipartUpload): StoredUpload {
  const upload = bucket.uploads.get(uploadId);
  if (upload?.key === key) return upload;
  throw new StorageError("NotFound", "there is no such upload; it was completed or aborted, or never begun", {
    status: 404,
  });
}

function chosenPart(
  { partNumber, etag }: Pick<UploadedPart, "partNumber" | "etag">,
  stored: ReadonlyMap<number, StoredPart>,
): StoredPart {
  const part = stored.get(partNumber);
  if (part === undefined) throw invalid(`part ${partNumber} was never uploaded`);
  if (part.etag !== etag) throw invalid(`part ${partNumber} has another ETag than named`);
  return part;
}

function joined(parts: readonly StoredPart[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { bytes }) => sum + bytes.byteLength, 0));
  let offset = 0;
  for (const { bytes } of parts) {
    whole.set(bytes, offset);
    offset += bytes.byteLength;
  }
  return whole;
}

function uploadedPart(partNumber: number, { bytes, etag }: StoredPart): UploadedPart {
  return { partNumber, etag, size: bytes.byteLength };
}

function invalid(message: string): StorageError {
  return new StorageError("InvalidArgument", message, { status: 400 });
}
