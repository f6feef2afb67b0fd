import type { UploadRecord } from "@bucketferry/ledger";
import { isStorageError, type ListedPart, type MultipartUpload, type StorageProvider } from "@bucketferry/storage-core";
import { canBeUnanswered } from "../decide/resume-upload.ts";
import { attribute } from "./side-failure.ts";

/** Ends an upload on record, or the one that the target may have begun without our learning its id. Returns how many it ended. */
export async function endUpload(target: StorageProvider, record: UploadRecord, signal: AbortSignal): Promise<number> {
  const { targetKey, uploadId } = record;
  if (uploadId !== null) return abort(target, { key: targetKey, uploadId }, signal);
  let ended = 0;
  for (const upload of await uploadsUnder(target, targetKey, signal)) {
    const parts = await partsAtTarget(target, upload, signal);
    if (parts === undefined || !canBeUnanswered(record, upload, parts)) continue;
    ended += await abort(target, upload, signal);
  }
  return ended;
}

/** Returns how many it ended: none where the target knows no such request, and nobody can do more about it. */
async function abort(target: StorageProvider, upload: MultipartUpload, signal: AbortSignal): Promise<number> {
  try {
    await target.multipart.abort(upload, { signal });
    return 1;
  } catch (error) {
    if (isStorageError(error, "Unsupported")) return 0;
    throw attribute("target", error);
  }
}

/** What the target holds of an upload; undefined when there is no such upload any more, or the target cannot tell. */
export async function partsAtTarget(
  target: StorageProvider,
  upload: MultipartUpload,
  signal: AbortSignal,
): Promise<readonly ListedPart[] | undefined> {
  try {
    return await target.multipart.listParts(upload, { signal });
  } catch (error) {
    if (isStorageError(error, "NotFound", "Unsupported")) return undefined;
    throw attribute("target", error);
  }
}

/** None where the target cannot list them: what nobody can find does not hold up the copy. */
async function uploadsUnder(target: StorageProvider, key: string, signal: AbortSignal) {
  const found: MultipartUpload[] = [];
  try {
    for await (const upload of target.multipart.list({ prefix: key, signal }))
      if (upload.key === key) found.push(upload);
  } catch (error) {
    if (!isStorageError(error, "Unsupported")) throw attribute("target", error);
  }
  return found;
}
