import { createHash } from "node:crypto";
import { isStorageError, type ObjectInfo } from "@bucketferry/storage-core";
import { Problem } from "../problem/problem.ts";
import type { Service } from "../service.ts";
import { checkedContent } from "../uploads/checked-content.ts";
import { typeOfUpload } from "../uploads/upload-purpose.ts";
import type { UploadRow } from "./upload-store.ts";

/** As much as is read to see what a file really is. */
const HEAD_BYTES = 4100;

/**
 * Looks at what storage holds under a key, which alone counts: size, type, first bytes, and the checksum where one was
 * announced, as storage reports it or by reading the object.
 *
 * @throws Problem Conflict while nothing is there, ContentMismatch
 */
export async function checkContent(
  service: Service,
  upload: UploadRow,
  key: string,
  signal: AbortSignal,
): Promise<ObjectInfo> {
  const { storage } = service;
  const info = await checkSize(service, upload, key, signal);
  const pin = storage.capabilities.conditionalGet.ifMatch ? { ifMatch: info.etag } : {};
  const type = typeOfUpload(upload);
  if (type !== undefined) {
    const length = Math.min(HEAD_BYTES, info.size);
    const opened = await storage.get(key, { ...pin, range: { offset: 0, length }, signal });
    for await (const _ of checkedContent(opened, { maxBytes: HEAD_BYTES, type }));
  }
  if (upload.sha256 !== null && (await sha256Of(info)) !== upload.sha256) {
    throw new Problem("ContentMismatch", "The content does not have the SHA-256 that was announced.");
  }
  return info;

  async function sha256Of({ checksums }: ObjectInfo): Promise<string> {
    if (checksums?.sha256 !== undefined && checksums.type !== "composite") {
      return Buffer.from(checksums.sha256, "base64").toString("hex");
    }
    const hash = createHash("sha256");
    for await (const chunk of await storage.get(key, { ...pin, signal })) hash.update(chunk);
    return hash.digest("hex");
  }
}

/** @throws Problem Conflict while nothing is there, ContentMismatch */
export async function checkSize(
  { storage }: Service,
  upload: UploadRow,
  key: string,
  signal: AbortSignal,
): Promise<ObjectInfo> {
  const info = await storage.head(key, { signal }).catch(nothingYet);
  if (info.size === upload.size_bytes) return info;
  throw new Problem("ContentMismatch", `${upload.size_bytes} bytes were announced, ${info.size} have come.`);
}

/** @throws Problem Conflict for an object that is not there, else the error itself */
export function nothingYet(error: unknown): never {
  if (isStorageError(error, "NotFound"))
    throw new Problem("Conflict", "Nothing has been uploaded yet.", { cause: error });
  throw error;
}
